// SPDX-License-Identifier: GPL-2.0-only
/* test_options.c - the command line: what it gives, and that an error is one sentence */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/check.h"
#include "cmd/command.h"
#include "cmd/history.h"
#include "cmd/holders.h"
#include "cmd/rules.h"
#include "cmd/scan.h"
#include "cmd/top.h"
#include "cmd/trace.h"
#include "view_feed.h"

#define ARGS_MAX 40

/* One parse: the words, what came out of it. */
struct run {
	char *argv[ARGS_MAX + 1];
	int argc;
	struct command_line l;
	const struct options *o; /* l.options; the others are of its command only */
	const struct top_options *top;
	const struct trace_options *trace;
	const struct history_options *history;
	const struct check_options *check;
	const struct rules_options *rules;
	const struct scan_options *scan;
	const struct holders_options *holders;
	int ret;
	char *out; /* what was printed on the watched descriptor */
};

static void run_parse(void *arg)
{
	struct run *r = arg;

	r->ret = command_line_parse(r->argc, r->argv, &r->l);
	r->o = r->l.options;
	if (r->l.command == &command_top)
		r->top = r->l.options;
	if (r->l.command == &command_trace)
		r->trace = r->l.options;
	if (r->l.command == &command_history)
		r->history = r->l.options;
	if (r->l.command == &command_check)
		r->check = r->l.options;
	if (r->l.command == &command_rules)
		r->rules = r->l.options;
	if (r->l.command == &command_scan)
		r->scan = r->l.options;
	if (r->l.command == &command_holders)
		r->holders = r->l.options;
}

/* Splits @line at blanks; '_' stands for a blank, "''" for an empty word. */
static void run(struct run *r, const char *line, int fd)
{
	static char words[512];
	char *save = NULL;

	memset(r, 0, sizeof(*r));
	snprintf(words, sizeof(words), "daxtop %s", line);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		assert_true(r->argc < ARGS_MAX);
		r->argv[r->argc++] = strcmp(w, "''") ? w : "";
		for (char *c = w; *c; c++)
			if (*c == '_')
				*c = ' ';
	}
	r->out = capture_fd(fd, run_parse, r);
}

static void run_end(struct run *r)
{
	command_line_free(&r->l);
	free(r->out);
}

/* Parses without complaint. */
static void run_ok(struct run *r, const char *line)
{
	run(r, line, STDERR_FILENO);
	assert_string_equal(r->out, "");
	assert_int_equal(r->ret, 0);
	assert_false(r->l.done);
}

static void expect_error(const char *line, const char *sentence)
{
	struct run r;

	run(&r, line, STDERR_FILENO);
	assert_int_equal(r.ret, -EINVAL);
	assert_string_equal(r.out, sentence);
	run_end(&r);
}

static void test_defaults(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "");
	assert_non_null(r.top);
	assert_int_equal(r.o->ring_size, 8 << 20);
	assert_int_equal(r.o->history_budget, 64 << 20);
	assert_int_equal(r.o->window_ns, 50000000);
	assert_int_equal(r.o->max_folios, 16 << 20);
	assert_int_equal(r.o->count, 0);
	assert_int_equal(r.o->duration_ns, 0);
	assert_int_equal(r.o->delay_ns, 0);
	assert_int_equal(r.top->sort, SCREEN_SORT_PINS);
	assert_int_equal(r.o->filter.pid, 0);
	assert_int_equal(r.o->filter.events, 0);
	assert_null(r.o->filter.comm);
	assert_null(r.o->filter.device);
	assert_null(r.o->filter.file);
	assert_false(r.o->json || r.o->verbose || r.o->judge || r.top->batch || r.top->no_color);
	run_end(&r);
}

static void test_top(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r,
	       "top -s refcount -p 12 -c db -d pmem0 -f /mnt/a --delay 0.25 -b -n 3 -t 2.5 --no-color "
	       "--max-folios 0x10");
	assert_non_null(r.top);
	assert_int_equal(r.top->sort, SCREEN_SORT_REFCOUNT);
	assert_int_equal(r.o->filter.pid, 12);
	assert_string_equal(r.o->filter.comm, "db");
	assert_string_equal(r.o->filter.device, "pmem0");
	assert_string_equal(r.o->filter.file, "/mnt/a");
	assert_int_equal(r.o->delay_ns, 250000000);
	assert_true(r.top->batch);
	assert_int_equal(r.o->count, 3);
	assert_int_equal(r.o->duration_ns, 2500000000);
	assert_true(r.top->no_color);
	assert_int_equal(r.o->max_folios, 16);
	run_end(&r);

	/* without the word, options are top's */
	run_ok(&r, "--batch -n1 --sort=file");
	assert_non_null(r.top);
	assert_true(r.top->batch);
	assert_int_equal(r.o->count, 1);
	assert_int_equal(r.top->sort, SCREEN_SORT_FILE);
	run_end(&r);
}

static void test_trace(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "trace --pid=7 --comm a_b -e pin,unpin,free -e install-pfn -n 10 -t 1.5 --json "
		   "--stack --ring-size 64K --window 0");
	assert_non_null(r.trace);
	assert_int_equal(r.o->filter.pid, 7);
	assert_string_equal(r.o->filter.comm, "a b");
	assert_int_equal(r.o->filter.events,
			 1u << DX_PIN | 1u << DX_UNPIN | 1u << DX_FREE | 1u << DX_INSTALL_PFN);
	assert_int_equal(r.o->count, 10);
	assert_int_equal(r.o->duration_ns, 1500000000);
	assert_true(r.o->json);
	assert_true(r.trace->stack);
	assert_int_equal(r.o->ring_size, 65536);
	assert_int_equal(r.o->window_ns, 0);
	run_end(&r);

	/* every event has a name that is taken */
	run_ok(&r,
	       "trace -e fault,insert,remove,install,unmap,install-pfn,pin,get,unpin,free,"
	       "pgmap-add,pgmap-kill,pgmap-gone,pgmap-get,pgmap-release,page-init,break-busy,"
	       "break-done,dev-fault,file,module,violation,sample,pgmap-refs,task-gone,p2p-alloc,p2p-free,sigbus,poison");
	assert_int_equal(r.o->filter.events, (1u << DX_EVENT_TYPES) - 2);
	run_end(&r);
}

static void test_history(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "history 0x108282 --json /mnt/a:b:0x3000 -t 2 /dev/dax0.1:2M 77 "
		   "--history-budget 0");
	assert_non_null(r.history);
	assert_true(r.o->json);
	assert_int_equal(r.o->duration_ns, 2000000000);
	assert_int_equal(r.o->history_budget, 0);
	assert_int_equal(r.history->nr_folios, 4);
	assert_int_equal(r.history->folios[0].kind, FOLIO_PFN);
	assert_int_equal(r.history->folios[0].pfn, 0x108282);
	assert_string_equal(r.history->folios[0].text, "0x108282");
	assert_int_equal(r.history->folios[1].kind, FOLIO_FILE);
	assert_string_equal(r.history->folios[1].path, "/mnt/a:b");
	assert_int_equal(r.history->folios[1].offset, 0x3000);
	assert_int_equal(r.history->folios[2].kind, FOLIO_DEVDAX);
	assert_string_equal(r.history->folios[2].path, "/dev/dax0.1");
	assert_int_equal(r.history->folios[2].offset, 2 << 20);
	assert_int_equal(r.history->folios[3].pfn, 77);
	run_end(&r);

	/* behind "--" a FOLIO may look like an option */
	run_ok(&r, "history -- -x:1K");
	assert_int_equal(r.history->nr_folios, 1);
	assert_string_equal(r.history->folios[0].path, "-x");
	assert_int_equal(r.history->folios[0].offset, 1024);
	run_end(&r);
}

static void test_scan(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "scan");
	assert_non_null(r.scan);
	assert_null(r.o->filter.device);
	assert_int_equal(r.scan->pfn_first | r.scan->pfn_last, 0);
	assert_int_equal(r.scan->min_refs, 0);
	assert_int_equal(r.o->delay_ns, 0);
	assert_false(r.scan->pinned || r.scan->no_holders || r.o->json || r.o->verbose);
	run_end(&r);

	run_ok(&r,
	       "scan -d pmem0 --file=/mnt/a --range 0x1000-8192 --min-refs 3 --pinned --no-holders "
	       "--delay 0.5 -n 4 -t 3 -v --json");
	assert_string_equal(r.o->filter.device, "pmem0");
	assert_string_equal(r.o->filter.file, "/mnt/a");
	assert_int_equal(r.scan->pfn_first, 4096);
	assert_int_equal(r.scan->pfn_last, 8192);
	assert_int_equal(r.scan->min_refs, 3);
	assert_true(r.scan->pinned && r.scan->no_holders && r.o->json && r.o->verbose);
	assert_int_equal(r.o->delay_ns, 500000000);
	assert_int_equal(r.o->count, 4);
	assert_int_equal(r.o->duration_ns, 3000000000);
	run_end(&r);

	run_ok(&r, "scan --range=0x20");
	assert_int_equal(r.scan->pfn_first, 0x20);
	assert_int_equal(r.scan->pfn_last, 0x20);
	run_end(&r);
}

static void test_scan_bad(void **state)
{
	(void)state;
	expect_error("scan x", "daxtop scan: takes no argument, but got 'x'\n");
	expect_error("scan -n 3",
		     "daxtop scan: --count is for --delay: without it there is one look\n");
	expect_error("scan -t 3",
		     "daxtop scan: --duration is for --delay: without it there is one look\n");
	expect_error("scan --older-than 1 --delay 1",
		     "daxtop scan: --older-than asks for the holders of one look: leave out --delay\n");
	expect_error(
		"scan --older-than 1 --no-holders",
		"daxtop scan: --older-than asks for the holders of one look: leave out --no-holders\n");
	expect_error("scan --min-refs 0",
		     "daxtop scan: --min-refs wants a number from 1 to 2147483647, not '0'\n");
	expect_error("scan --min-refs 2147483648",
		     "daxtop scan: --min-refs wants a number from 1 to 2147483647, not '2147483648'\n");
	expect_error("scan --delay 0.001",
		     "daxtop scan: --delay wants seconds, at least 0.01, not '0.001'\n");
	expect_error("scan --delay 86401", "daxtop scan: --delay is a day at most\n");
	expect_error("scan --device ''", "daxtop scan: --device wants a name, not nothing\n");
	expect_error("scan --pinned=1",
		     "daxtop scan: the option '--pinned' takes no value (daxtop scan --help)\n");
	expect_error("scan --leak-time 3",
		     "daxtop scan: there is no option '--leak-time' (daxtop scan --help)\n");
}

static void test_scan_range_bad(void **state)
{
	static const char *const bad[] = { "0",
					   "5-4",
					   "0x5-",
					   "-5",
					   "5-6-7",
					   "5k",
					   "0x10000000000",
					   "1-0x10000000000",
					   "99999999999999999999999",
					   "5-99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[128], want[256];

		snprintf(line, sizeof(line), "scan --range=%s", bad[i]);
		snprintf(want, sizeof(want),
			 "daxtop scan: --range wants PFN or PFN-PFN, decimal or 0xHEX, the smaller one first, not '%s'\n",
			 bad[i]);
		expect_error(line, want);
	}
}

static void test_holders(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "holders /dev/pmem0 --json");
	assert_non_null(r.holders);
	assert_int_equal(r.holders->what.kind, TARGET_NAME);
	assert_string_equal(r.holders->what.text, "/dev/pmem0");
	assert_true(r.o->json);
	run_end(&r);

	run_ok(&r, "holders -v 812");
	assert_int_equal(r.holders->what.kind, TARGET_PID);
	assert_int_equal(r.holders->what.pid, 812);
	assert_true(r.o->verbose);
	run_end(&r);

	run_ok(&r, "holders -- -x");
	assert_string_equal(r.holders->what.text, "-x");
	run_end(&r);

	expect_error(
		"holders",
		"daxtop holders: name WHAT: a file, a mount point, a device, a pfn, a range of them, a process or PID:0xADDRESS\n");
	expect_error("holders a b", "daxtop holders: takes one WHAT, but got 'b' as well\n");
	expect_error("holders 0",
		     "daxtop holders: '0' is no process number (a file of that name is ./0)\n");
	expect_error("holders --delay 1 a",
		     "daxtop holders: there is no option '--delay' (daxtop holders --help)\n");
}

#define ALL_RULES (((1u << DX_RULES) - 1) & ~1u)

static void test_check(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "check");
	assert_non_null(r.check);
	assert_int_equal(r.check->rules, ALL_RULES);
	assert_false(r.check->rules_named || r.check->only_proven || r.o->strict || r.check->ktap ||
		     r.o->json || r.o->verbose);
	assert_int_equal(r.o->leak_ns, 10000000000);
	assert_int_equal(r.o->stall_ns, 10000000000);
	assert_int_equal(r.check->settle_ns, 1000000000);
	assert_int_equal(r.check->error_exitcode, 1);
	assert_true(r.o->judge);
	assert_false(r.check->some_exercised || r.check->exercised);
	assert_int_equal(r.o->ring_size, 8 << 20);
	assert_null(r.o->command_argv);
	assert_null(r.o->user);
	assert_null(r.o->output);
	run_end(&r);

	run_ok(&r,
	       "check --rule free-nonzero,pgmap-leak --rule stall-evict --ignore pgmap-leak --only-proven "
	       "--strict --leak-time 2.5 --stall-time 3 --settle 0 --user joe --error-exitcode 99 --ktap -v "
	       "--output=/tmp/r --ring-size 64K -- ./t");
	assert_true(r.check->rules_named);
	assert_int_equal(r.check->rules, 1u << DX_RULE_FREE_NONZERO | 1u << DX_RULE_STALL_EVICT);
	assert_true(r.check->only_proven && r.o->strict && r.check->ktap && r.o->verbose);
	assert_int_equal(r.check->error_exitcode, 99);
	assert_int_equal(r.o->leak_ns, 2500000000);
	assert_int_equal(r.o->stall_ns, 3000000000);
	assert_int_equal(r.check->settle_ns, 0);
	assert_string_equal(r.o->user, "joe");
	assert_string_equal(r.o->output, "/tmp/r");
	assert_int_equal(r.o->ring_size, 65536);
	assert_string_equal(r.o->command_argv[0], "./t");
	assert_null(r.o->command_argv[1]);
	run_end(&r);

	run_ok(&r, "check --ignore install-zero-ref -t 2 --json");
	assert_false(r.check->rules_named);
	assert_int_equal(r.check->rules, ALL_RULES & ~(1u << DX_RULE_INSTALL_ZERO_REF));
	assert_int_equal(r.o->duration_ns, 2000000000);
	run_end(&r);
}

/* Its value is behind a '=' or not there: the next word is another one. */
static void test_require_exercised(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "check --require-exercised ls");
	assert_true(r.check->some_exercised);
	assert_int_equal(r.check->exercised, 0);
	assert_string_equal(r.o->command_argv[0], "ls");
	run_end(&r);
	run_ok(&r,
	       "check --require-exercised=free-nonzero,pgmap-leak --require-exercised=stall-evict -- ls");
	assert_int_equal(r.check->exercised, 1u << DX_RULE_FREE_NONZERO | 1u << DX_RULE_PGMAP_LEAK |
						     1u << DX_RULE_STALL_EVICT);
	assert_int_equal(r.check->rules, ALL_RULES);
	assert_string_equal(r.o->command_argv[0], "ls");
	run_end(&r);
}

static void expect_command(const char *line, const char *want)
{
	char got[256] = "";
	struct run r;

	run_ok(&r, line);
	assert_non_null(r.check);
	assert_non_null(r.o->command_argv);
	for (char **word = r.o->command_argv; *word; word++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]", *word);
	assert_string_equal(got, want);
	run_end(&r);
}

/* What belongs to CMD is CMD's, whatever it looks like. */
static void test_check_command(void **state)
{
	(void)state;
	expect_command("check -- ls -l --json -x -- --help", "[ls][-l][--json][-x][--][--help]");
	expect_command("check ls -l --json", "[ls][-l][--json]");
	expect_command("check -v ls -h", "[ls][-h]");
	expect_command("check --rule stall-evict sh -c exit_3", "[sh][-c][exit 3]");
	expect_command("check --rule=stall-evict --settle 2 -- -x", "[-x]");
	expect_command("check -- trace", "[trace]");
	expect_command("check - a", "[-][a]");
	expect_command("check -- a '' b", "[a][][b]");
	expect_error("check --", "daxtop check: behind -- a command must follow\n");
	expect_error("check -- ''", "daxtop check: CMD is empty\n");
	expect_error("check --foo ls",
		     "daxtop check: there is no option '--foo' (daxtop check --help)\n");
	expect_error(
		"check --settle",
		"daxtop check: the option '--settle' needs a value: SECONDS (daxtop check --help)\n");
}

static void test_check_bad(void **state)
{
	(void)state;
	expect_error("check --rule nix",
		     "daxtop check: there is no rule 'nix'; daxtop rules lists them\n");
	expect_error("check --rule free-nonzero,",
		     "daxtop check: there is no rule ''; daxtop rules lists them\n");
	expect_error("check --ignore free\x1b",
		     "daxtop check: there is no rule 'free\\x1b'; daxtop rules lists them\n");
	expect_error("check --rule none",
		     "daxtop check: there is no rule 'none'; daxtop rules lists them\n");
	expect_error("check --rule stall-evict --ignore stall-evict",
		     "daxtop check: no rule is left to check: --ignore names all of them\n");
	expect_error("check --json --ktap",
		     "daxtop check: --json and --ktap are two formats: choose one\n");
	expect_error(
		"trace --tee a --from b",
		"daxtop trace: --tee writes what this kernel does, --from shows a file: choose one\n");
	expect_error("top --from b",
		     "daxtop top: --from shows the pictures that were drawn, as text: give --batch\n");
	expect_error("check -t 3 ls",
		     "daxtop check: --duration is for a check without CMD, which ends by itself\n");
	expect_error("check --user joe", "daxtop check: --user needs a CMD\n");
	expect_error("check --error-exitcode 0",
		     "daxtop check: --error-exitcode wants a number from 1 to 255, not '0'\n");
	expect_error("check --error-exitcode 256",
		     "daxtop check: --error-exitcode wants a number from 1 to 255, not '256'\n");
	expect_error(
		"check --error-exitcode",
		"daxtop check: the option '--error-exitcode' needs a value: N (daxtop check --help)\n");
	expect_error("check --require-exercised=nix",
		     "daxtop check: there is no rule 'nix'; daxtop rules lists them\n");
	expect_error("check --require-exercised=",
		     "daxtop check: there is no rule ''; daxtop rules lists them\n");
	expect_error(
		"check --require-exercised=stall-evict --ignore stall-evict",
		"daxtop check: --require-exercised names stall-evict, which --rule or --ignore leaves out\n");
	expect_error(
		"check --require-exercised=stall-evict --rule free-nonzero",
		"daxtop check: --require-exercised names stall-evict, which --rule or --ignore leaves out\n");
	expect_error("check --leak-time 0",
		     "daxtop check: --leak-time wants seconds, at least 0.001, not '0'\n");
	expect_error("check --settle -1",
		     "daxtop check: --settle wants seconds, at least 0, not '-1'\n");
	expect_error("check --output ''", "daxtop check: --output wants a name, not nothing\n");
	expect_error("check --stack",
		     "daxtop check: there is no option '--stack' (daxtop check --help)\n");
}

static void test_rules(void **state)
{
	struct run r;

	(void)state;
	run_ok(&r, "rules");
	assert_non_null(r.rules);
	assert_int_equal(r.rules->named, 0);
	run_end(&r);
	run_ok(&r, "rules --json free-nonzero stall-evict,pgmap-leak");
	assert_true(r.o->json);
	assert_int_equal(r.rules->named, 1u << DX_RULE_FREE_NONZERO | 1u << DX_RULE_STALL_EVICT |
						 1u << DX_RULE_PGMAP_LEAK);
	run_end(&r);
	expect_error("rules nix", "daxtop rules: there is no rule 'nix'; daxtop rules lists them\n");
	expect_error("rules --strict",
		     "daxtop rules: there is no option '--strict' (daxtop rules --help)\n");
}

static void test_no_color(void **state)
{
	struct run r;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	run_ok(&r, "");
	assert_true(r.top->no_color);
	run_end(&r);
	/* no-color.org: empty is as if it were not there */
	setenv("NO_COLOR", "", 1);
	run_ok(&r, "");
	assert_false(r.top->no_color);
	run_end(&r);
	unsetenv("NO_COLOR");
}

static void test_help(void **state)
{
	static const struct {
		const char *line, *has;
	} helps[] = {
		{ "--help", "Usage: daxtop [COMMAND] [OPTION...]\n" },
		{ "-h", "  history FOLIO   a folio's reference count, step by step\n" },
		{ "top --help", "Usage: daxtop top [OPTION...]\n" },
		{ "top -h", "  -s, --sort=KEY" },
		{ "trace --help", "  -e, --event=NAME[,NAME...]" },
		{ "history --help", "Usage: daxtop history [OPTION...] FOLIO...\n" },
		{ "probes --help", "Usage: daxtop probes [OPTION...]\n" },
		{ "check --help", "Usage: daxtop check [OPTION...] [-- CMD ARG...]\n" },
		{ "check -h -- ls", "  -t, --duration=SECONDS" },
		{ "scan --help", "Usage: daxtop scan [OPTION...]\n" },
		{ "scan -h", "      --min-refs=N" },
		{ "holders --help", "Usage: daxtop holders [OPTION...] WHAT\n" },
		{ "holders -h", "Exit status: 0 nobody, 1 somebody holds it" },
		{ "-h", "  scan            one look: what is in use now" },
		{ "-h", "  holders WHAT    who holds a file or a device" },
		{ "rules --help", "Usage: daxtop rules [OPTION...] [ID...]\n" },
		{ "-h", "  check [-- CMD]  which rules of reference counts are broken" },
		{ "help", "Usage: daxtop [COMMAND] [OPTION...]\n" },
		{ "help scan", "Usage: daxtop scan [OPTION...]\n" },
		{ "help holders", "Usage: daxtop holders [OPTION...] WHAT\n" },
		{ "--version", "daxtop " DAXTOP_VERSION "\n" },
		{ "trace -V", "daxtop " DAXTOP_VERSION "\n" },
	};
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		run(&r, helps[i].line, STDOUT_FILENO);
		assert_int_equal(r.ret, 0);
		assert_true(r.l.done);
		assert_non_null(strstr(r.out, helps[i].has));
		run_end(&r);
	}
}

static void test_unknown(void **state)
{
	(void)state;
	expect_error("tpo", "daxtop: there is no command 'tpo'; there are top, trace, scan, "
			    "holders, history, check, perf, rules and probes (daxtop --help)\n");
	expect_error("tr\x1b[31m",
		     "daxtop: there is no command 'tr\\x1b[31m'; there are top, trace, "
		     "scan, holders, history, check, perf, rules and probes (daxtop --help)\n");
	expect_error("help tpo", "daxtop: there is no command 'tpo'; there are top, trace, scan, "
				 "holders, history, check, perf, rules and probes (daxtop --help)\n");
	expect_error("help scan top", "daxtop: help takes one COMMAND, but got 'top' as well\n");
	expect_error("trace --foo",
		     "daxtop trace: there is no option '--foo' (daxtop trace --help)\n");
	expect_error("trace --f\xff=1",
		     "daxtop trace: there is no option '--f\\xff' (daxtop trace --help)\n");
	expect_error("trace -x", "daxtop trace: there is no option '-x' (daxtop trace --help)\n");
	expect_error("top -bx", "daxtop top: there is no option '-x' (daxtop top --help)\n");
	expect_error("-x", "daxtop top: there is no option '-x' (daxtop top --help)\n");
	expect_error("probes --stack",
		     "daxtop probes: there is no option '--stack' (daxtop probes --help)\n");
	expect_error("history --s 1",
		     "daxtop history: there is no option '--s' (daxtop history --help)\n");
	expect_error("trace --co a", "daxtop trace: the option '--co' could be several: write it out "
				     "(daxtop trace --help)\n");
	expect_error("trace --json=1",
		     "daxtop trace: the option '--json' takes no value (daxtop trace --help)\n");
	expect_error("trace --pid",
		     "daxtop trace: the option '--pid' needs a value: PID (daxtop trace --help)\n");
	expect_error("trace -n",
		     "daxtop trace: the option '-n' needs a value: N (daxtop trace --help)\n");
	expect_error("trace now", "daxtop trace: takes no argument, but got 'now'\n");
}

static void test_bad_values(void **state)
{
	(void)state;
	expect_error("trace -p 0", "daxtop trace: --pid wants a number from 1 to 4194304, not '0'\n");
	expect_error("trace -p 1K",
		     "daxtop trace: --pid wants a number from 1 to 4194304, not '1K'\n");
	expect_error("trace -p -5",
		     "daxtop trace: --pid wants a number from 1 to 4194304, not '-5'\n");
	expect_error("trace -p ''", "daxtop trace: --pid wants a number from 1 to 4194304, not ''\n");
	expect_error("trace -n 99999999999999999999",
		     "daxtop trace: --count wants a number from 1 to 4294967295, not "
		     "'99999999999999999999'\n");
	expect_error("trace -t 0",
		     "daxtop trace: --duration wants seconds, at least 0.001, not '0'\n");
	expect_error("trace -t 1s",
		     "daxtop trace: --duration wants seconds, at least 0.001, not '1s'\n");
	expect_error("trace -t .5",
		     "daxtop trace: --duration wants seconds, at least 0.001, not '.5'\n");
	expect_error("trace -t 1e3",
		     "daxtop trace: --duration wants seconds, at least 0.001, not '1e3'\n");
	expect_error("top --delay 0.005",
		     "daxtop top: --delay wants seconds, at least 0.01, not '0.005'\n");
	expect_error("top --delay 86401", "daxtop top: --delay is a day at most\n");
	expect_error("trace --ring-size 100K",
		     "daxtop trace: --ring-size must be a power of two from 4096 to 1073741824 "
		     "bytes\n");
	expect_error("trace --ring-size 2K",
		     "daxtop trace: --ring-size must be a power of two from 4096 to 1073741824 "
		     "bytes\n");
	expect_error("trace --ring-size 2G",
		     "daxtop trace: --ring-size must be a power of two from 4096 to 1073741824 "
		     "bytes\n");
	expect_error("trace --ring-size 0",
		     "daxtop trace: --ring-size must be a power of two from 4096 to 1073741824 "
		     "bytes\n");
	expect_error("trace --ring-size 8MB",
		     "daxtop trace: --ring-size wants a size in bytes, with K, M or G behind it if "
		     "wanted, not '8MB'\n");
	expect_error("top --window 10001",
		     "daxtop top: --window wants a number from 0 to 10000, not '10001'\n");
	/* as top(1) takes a delay */
	expect_error("top -d 0.5",
		     "daxtop top: --device (-d) wants a name such as pmem0 or dax0.0, not '0.5'\n");
	expect_error("scan -d /dev/1",
		     "daxtop scan: --device (-d) wants a name such as pmem0 or dax0.0, not '/dev/1'\n");
	expect_error("trace -d /dev/",
		     "daxtop trace: --device (-d) wants a name such as pmem0 or dax0.0, not '/dev/'\n");
	expect_error("trace -c ''", "daxtop trace: --comm wants a name, not nothing\n");
	expect_error("top -s colour",
		     "daxtop top: there is no sort key 'colour'; there are pins refcount mapcount "
		     "age last pfn size device file\n");
	expect_error("trace -e pin,,free",
		     "daxtop trace: there is no event ''; there are fault insert remove install "
		     "unmap install-pfn pin get unpin free pgmap-add pgmap-kill pgmap-gone "
		     "pgmap-get pgmap-release page-init break-busy break-done dev-fault file "
		     "module violation sample pgmap-refs task-gone p2p-alloc p2p-free sigbus poison\n");
}

static void test_bad_folio(void **state)
{
	(void)state;
	expect_error("history", "daxtop history: name at least one FOLIO: a pfn, FILE:OFFSET or "
				"/dev/daxX.Y:OFFSET\n");
	expect_error("history wal",
		     "daxtop history: 'wal' is no FOLIO: give a page frame number (0xHEX or "
		     "decimal), FILE:OFFSET or /dev/daxX.Y:OFFSET\n");
	expect_error("history 12K",
		     "daxtop history: '12K' is no FOLIO: give a page frame number (0xHEX or "
		     "decimal), FILE:OFFSET or /dev/daxX.Y:OFFSET\n");
	expect_error("history 0x0x1",
		     "daxtop history: '0x0x1' is no FOLIO: give a page frame number (0xHEX or "
		     "decimal), FILE:OFFSET or /dev/daxX.Y:OFFSET\n");
	expect_error("history 0xffff888012340000",
		     "daxtop history: '0xffff888012340000' is beyond the last possible page frame "
		     "number; an address must be divided by 4096\n");
	expect_error("history /mnt/a:b",
		     "daxtop history: the offset behind the last ':' of '/mnt/a:b' is no number: "
		     "give bytes, decimal or 0xHEX, with K, M or G if wanted\n");
	expect_error("history /mnt/a:",
		     "daxtop history: the offset behind the last ':' of '/mnt/a:' is no number: "
		     "give bytes, decimal or 0xHEX, with K, M or G if wanted\n");
	expect_error("history /mnt/a:0x8000000000000000",
		     "daxtop history: the offset behind the last ':' of "
		     "'/mnt/a:0x8000000000000000' is too large: give bytes, decimal or 0xHEX, "
		     "with K, M or G if wanted\n");
	expect_error("history :1", "daxtop history: ':1' names no file before the ':'\n");
	expect_error("history 5 /mnt/\x1b[m:x",
		     "daxtop history: the offset behind the last ':' of '/mnt/\\x1b[m:x' is no "
		     "number: give bytes, decimal or 0xHEX, with K, M or G if wanted\n");
}

/* ---- one spelling, one meaning ---- */

static bool option_is_end(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The words of the help may differ, what is given and where it goes may not; the unit stands in @arg. */
static void expect_same_meaning(const struct command *x, const struct argp_option *a,
				const struct command *y, const struct argp_option *b)
{
	bool shared = a->key < OPTION_KEY_OWN && b->key < OPTION_KEY_OWN;

	if (!a->name || !b->name || (strcmp(a->name, b->name) && a->key != b->key))
		return;
	/* keys of a command's own are numbered for themselves */
	if (x != y && strcmp(a->name, b->name) && !shared)
		return;
	if (strcmp(a->name, b->name) || a->key != b->key || !same_text(a->arg, b->arg) ||
	    a->flags != b->flags || (x != y && !shared))
		fail_msg("daxtop %s --%s %s (key %d) and daxtop %s --%s %s (key %d) are two meanings of one spelling",
			 x->name, a->name, a->arg ? a->arg : "", a->key, y->name, b->name,
			 b->arg ? b->arg : "", b->key);
}

static void test_one_meaning(void **state)
{
	const struct command *x, *y;
	unsigned int rows = 0;

	(void)state;
	for (size_t i = 0; (x = command_get(i)); i++)
		for (size_t j = i; (y = command_get(j)); j++)
			for (const struct argp_option *a = x->options; !option_is_end(a); a++)
				for (const struct argp_option *b = y->options; !option_is_end(b); b++)
					if (a != b) {
						expect_same_meaning(x, a, y, b);
						rows++;
					}
	assert_true(rows > 1000);
}

/* The value of an option that several commands have ends in the same member, whichever command takes it. */
static void test_one_value(void **state)
{
	static const struct {
		const char *words, *commands;
		size_t at, size;
		uint64_t value;
	} all[] = {
#define MEMBER(m) offsetof(struct options, m), sizeof(((struct options *)0)->m)
		{ "-p 12", "top trace", MEMBER(filter.pid), 12 },
		{ "-n 7", "top trace scan_--delay_1 history_1", MEMBER(count), 7 },
		{ "-t 1.5", "top trace scan_--delay_1 history_1 check perf", MEMBER(duration_ns),
		  1500000000 },
		{ "--delay 0.5", "top scan", MEMBER(delay_ns), 500000000 },
		{ "--json", "trace scan holders_1 history_1 check perf rules probes", MEMBER(json),
		  true },
		{ "-v", "scan holders_1 check perf", MEMBER(verbose), true },
		{ "--ring-size 64K", "top trace history_1 check", MEMBER(ring_size), 65536 },
		{ "--window 3", "top trace history_1 check", MEMBER(window_ns), 3000000 },
		{ "--history-budget 1M", "top history_1 check", MEMBER(history_budget), 1 << 20 },
		{ "--max-folios 5", "top history_1 check", MEMBER(max_folios), 5 },
#undef MEMBER
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char commands[128], *save = NULL;

		strcpy(commands, all[i].commands);
		for (char *c = strtok_r(commands, " ", &save); c; c = strtok_r(NULL, " ", &save)) {
			uint64_t value = 0;
			char line[256];
			struct run r;

			for (char *u = c; (u = strchr(u, '_'));)
				*u = ' ';
			snprintf(line, sizeof(line), "%s %s", c, all[i].words);
			run_ok(&r, line);
			memcpy(&value, (const char *)r.o + all[i].at, all[i].size);
			if (value != all[i].value)
				fail_msg("daxtop %s: %llu, not %llu", line,
					 (unsigned long long)value, (unsigned long long)all[i].value);
			run_end(&r);
		}
	}
}

static void expect_device(const char *line)
{
	struct run r;

	run_ok(&r, line);
	assert_string_equal(r.o->filter.device, "pmem0.3");
	run_end(&r);
}

static void test_device(void **state)
{
	(void)state;
	expect_device("top -d pmem0.3");
	expect_device("top -d /dev/pmem0.3");
	expect_device("trace --device=/dev/pmem0.3");
	expect_device("scan -d /dev/pmem0.3");
}

/* Not in the help, and the same as what they have become. */
static void test_old(void **state)
{
	const struct command *c;
	struct run r;

	(void)state;
	run_ok(&r, "scan --watch 0.5 -n 2");
	assert_int_equal(r.o->delay_ns, 500000000);
	run_end(&r);
	run_ok(&r, "scan -w0.25");
	assert_int_equal(r.o->delay_ns, 250000000);
	run_end(&r);
	run_ok(&r, "top -b --iterations=4");
	assert_int_equal(r.o->count, 4);
	run_end(&r);
	run_ok(&r, "--iter 4"); /* shortened, as before */
	assert_int_equal(r.o->count, 4);
	run_end(&r);
	expect_error("scan --watch 86401", "daxtop scan: --delay is a day at most\n");
	expect_error("scan -w",
		     "daxtop scan: the option '-w' needs a value: SECONDS (daxtop scan --help)\n");

	for (size_t i = 0; (c = command_get(i)); i++)
		for (const struct argp_option *o = c->options; !option_is_end(o); o++) {
			const struct argp_option *now = c->options;
			char line[32], name[32];

			if (!(o->flags & OPTION_HIDDEN))
				continue;
			snprintf(line, sizeof(line), "%s --help", c->name);
			snprintf(name, sizeof(name), "--%s", o->name);
			run(&r, line, STDOUT_FILENO);
			assert_null(strstr(r.out, name));
			run_end(&r);
			while (o->doc && !option_is_end(now) && !same_text(now->name, o->doc))
				now++;
			assert_false(option_is_end(now));
			if (o->doc)
				assert_true(same_text(now->arg, o->arg) &&
					    !(now->flags & OPTION_HIDDEN));
		}
}

static void expect_size(const char *text, int ret, uint64_t value)
{
	uint64_t n = 0;

	assert_int_equal(size_parse(text, &n), ret);
	assert_int_equal(n, value);
}

static void test_sizes(void **state)
{
	(void)state;
	expect_size("0", 0, 0);
	expect_size("010", 0, 10); /* no octal */
	expect_size("0x10", 0, 16);
	expect_size("0X1fK", 0, 31 << 10);
	expect_size("3k", 0, 3072);
	expect_size("2M", 0, 2 << 20);
	expect_size("4g", 0, 4ull << 30);
	expect_size("18446744073709551615", 0, UINT64_MAX);
	expect_size("18446744073709551616", -ERANGE, 0);
	expect_size("17179869184G", -ERANGE, 0);
	expect_size("17179869183G", 0, 17179869183ull << 30);
	expect_size("", -EINVAL, 0);
	expect_size("K", -EINVAL, 0);
	expect_size("0x", -EINVAL, 0);
	expect_size("0x0x1", -EINVAL, 0);
	expect_size("-1", -EINVAL, 0);
	expect_size("+1", -EINVAL, 0);
	expect_size(" 1", -EINVAL, 0);
	expect_size("1 ", -EINVAL, 0);
	expect_size("1KK", -EINVAL, 0);
	expect_size("1.5M", -EINVAL, 0);
}

static void expect_kind(const char *text, enum folio_spec_kind kind)
{
	struct folio_spec spec;
	char err[256];

	assert_int_equal(folio_spec_parse(&spec, text, err, sizeof(err)), 0);
	assert_int_equal(spec.kind, kind);
	folio_spec_free(&spec);
}

static void test_folio_kinds(void **state)
{
	(void)state;
	expect_kind("1", FOLIO_PFN);
	expect_kind("0xffffffffff", FOLIO_PFN);
	expect_kind("/dev/dax0.0:0", FOLIO_DEVDAX);
	expect_kind("/dev/dax12.34:1G", FOLIO_DEVDAX);
	expect_kind("/dev/dax0:0", FOLIO_FILE);
	expect_kind("/dev/dax0.:0", FOLIO_FILE);
	expect_kind("/dev/dax0.0x:0", FOLIO_FILE);
	expect_kind("dax0.0:0", FOLIO_FILE);
	expect_kind("12:34", FOLIO_FILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),       cmocka_unit_test(test_top),
		cmocka_unit_test(test_trace),	       cmocka_unit_test(test_history),
		cmocka_unit_test(test_check),	       cmocka_unit_test(test_require_exercised),
		cmocka_unit_test(test_check_command),  cmocka_unit_test(test_check_bad),
		cmocka_unit_test(test_rules),	       cmocka_unit_test(test_no_color),
		cmocka_unit_test(test_help),	       cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_bad_values),     cmocka_unit_test(test_bad_folio),
		cmocka_unit_test(test_sizes),	       cmocka_unit_test(test_folio_kinds),
		cmocka_unit_test(test_scan),	       cmocka_unit_test(test_scan_bad),
		cmocka_unit_test(test_scan_range_bad), cmocka_unit_test(test_holders),
		cmocka_unit_test(test_one_meaning),    cmocka_unit_test(test_one_value),
		cmocka_unit_test(test_device),	       cmocka_unit_test(test_old),
	};

	unsetenv("NO_COLOR");
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* options.c - the command line: a command, its options, its arguments */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "options.h"
#include "options_check.h"
#include "options_value.h"

enum {
	KEY_RING_SIZE = 256,
	KEY_HISTORY_BUDGET,
	KEY_WINDOW,
	KEY_MAX_FOLIOS,
	KEY_JSON,
	KEY_STACK,
	KEY_DELAY,
	KEY_NO_COLOR,
	KEY_RULE,
	KEY_IGNORE,
	KEY_ONLY_PROVEN,
	KEY_STRICT,
	KEY_LEAK_TIME,
	KEY_STALL_TIME,
	KEY_SETTLE,
	KEY_USER,
	KEY_PROPAGATE,
	KEY_ERROR_EXITCODE,
	KEY_REQUIRE_EXERCISED,
	KEY_KTAP,
	KEY_OUTPUT,
	KEY_RANGE,
	KEY_MIN_REFS,
	KEY_PINNED,
	KEY_NO_HOLDERS,
	KEY_TEE,
	KEY_FROM,
};

#define RING_DEFAULT (8ul << 20)
#define HISTORY_DEFAULT (64ul << 20)
#define MAX_FOLIOS_DEFAULT (16u << 20) /* of 64 bytes */
#define WINDOW_DEFAULT_MS 50
#define DELAY_DEFAULT_MS 1000
#define DELAY_MIN_MS 100
#define WATCH_MIN_MS 10
#define LEAK_DEFAULT_S 10
#define STALL_DEFAULT_S 10
#define SETTLE_DEFAULT_S 1

#define OPTIONS_HELP                                                                               \
	{ "help", 'h', NULL, 0, "Print this help", -1 },                                           \
	{ "version", 'V', NULL, 0, "Print the version", -1 }

#define OPTIONS_TRACING                                                                            \
	{ NULL, 0, NULL, 0, "Memory:", 5 },                                                        \
	{ "ring-size", KEY_RING_SIZE, "SIZE", 0,                                                   \
	  "Buffer between kernel and daxtop: bytes, K or M behind, a power of two (8M)", 5 },      \
	{ "window", KEY_WINDOW, "MS", 0,                                                           \
	  "How far out of order events of different CPUs may arrive (50)", 5 }

/* For tests and developers: the format is not kept from version to version. */
#define OPTIONS_STREAM                                                                             \
	{ "tee", KEY_TEE, "FILE", 0, "Write all that is learned to this new file, too", 6 },       \
	{ "from", KEY_FROM, "FILE", 0, "Show what --tee wrote instead of this kernel", 6 }

#define OPTIONS_ENGINE                                                                             \
	{ "history-budget", KEY_HISTORY_BUDGET, "SIZE", 0,                                         \
	  "Memory for the histories of all folios; the oldest steps go first (64M)", 5 },          \
	{ "max-folios", KEY_MAX_FOLIOS, "N", 0,                                                    \
	  "Keep at most N folios, count the others (16M, some 1 GiB; 0: no limit)", 5 }

#define OPTIONS_FILTER                                                                             \
	{ NULL, 0, NULL, 0, "Show only:", 2 },                                                     \
	{ "pid", 'p', "PID", 0, "what this process or thread did", 2 },                            \
	{ "comm", 'c', "NAME", 0, "what processes of this name did", 2 },                          \
	{ "device", 'd', "NAME", 0, "this device (pmem0, dax0.0)", 2 },                            \
	{ "file", 'f', "PATH", 0, "this file, or all below this directory", 2 }

static const struct argp_option top_options[] = {
	{ "sort", 's', "KEY", 0,
	  "pins, refcount, mapcount, age, last, pfn, size, device or file", 1 },
	{ "delay", KEY_DELAY, "SECONDS", 0, "Time between two pictures (1)", 1 },
	{ "batch", 'b', NULL, 0, "Text instead of a full screen, for pipes", 1 },
	{ "iterations", 'n', "N", 0, "With --batch: end after N pictures", 1 },
	{ "no-color", KEY_NO_COLOR, NULL, 0, "No colours (also: NO_COLOR in the environment)", 1 },
	OPTIONS_FILTER,
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_STREAM,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option trace_options[] = {
	{ "count", 'n', "N", 0, "End after N events", 1 },
	{ "duration", 't', "SECONDS", 0, "End after this time", 1 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	{ "stack", KEY_STACK, NULL, 0, "Who called, below the events that have a stack", 1 },
	OPTIONS_FILTER,
	{ "event", 'e', "NAME[,NAME...]", 0, "these events", 2 },
	OPTIONS_TRACING,
	OPTIONS_STREAM,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option history_options[] = {
	{ "count", 'n', "N", 0, "End after N events", 1 },
	{ "duration", 't', "SECONDS", 0, "End after this time", 1 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_STREAM,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option check_options[] = {
	{ "duration", 't', "SECONDS", 0, "Without CMD: end after this time", 1 },
	{ "user", KEY_USER, "NAME", 0, "Run CMD as this user (who called sudo, else as now)", 1 },
	{ "settle", KEY_SETTLE, "SECONDS", 0,
	  "Wait so long after CMD for its last processes, and for counts to come to rest (1)", 1 },
	{ "error-exitcode", KEY_ERROR_EXITCODE, "N", 0, "Exit status for findings, 1 to 255 (1)", 1 },
	/* of 0.1; what it asked for is what is done */
	{ "propagate", KEY_PROPAGATE, NULL, OPTION_HIDDEN, NULL, 1 },
	{ NULL, 0, NULL, 0, "Rules (daxtop rules lists them):", 2 },
	{ "rule", KEY_RULE, "ID[,ID...]", 0, "Only these", 2 },
	{ "ignore", KEY_IGNORE, "ID[,ID...]", 0, "Not these", 2 },
	{ "require-exercised", KEY_REQUIRE_EXERCISED, "ID[,ID...]", OPTION_ARG_OPTIONAL,
	  "These rules must have been checked once at least; without ID: any rule (else 124)", 2 },
	{ "only-proven", KEY_ONLY_PROVEN, NULL, 0, "Only findings that are proven", 2 },
	{ "strict", KEY_STRICT, NULL, 0,
	  "What an old kernel does by design (mappings without a reference) is a finding too", 2 },
	{ "leak-time", KEY_LEAK_TIME, "SECONDS", 0,
	  "References that nothing explains for so long are a leak (10)", 2 },
	{ "stall-time", KEY_STALL_TIME, "SECONDS", 0, "Waits longer than this are a stall (10)", 2 },
	{ NULL, 0, NULL, 0, "Output:", 3 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 3 },
	{ "ktap", KEY_KTAP, NULL, 0, "The kernel's test format, a test a rule", 3 },
	{ "output", KEY_OUTPUT, "FILE", 0, "The report goes there, not to standard output", 3 },
	{ "verbose", 'v', NULL, 0, "Say what is attached, and each finding at once", 3 },
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_STREAM,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option rules_options[] = {
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option probes_options[] = {
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option scan_options[] = {
	{ NULL, 0, NULL, 0, "Show only:", 2 },
	{ "device", 'd', "NAME", 0, "this device (pmem0, dax0.0)", 2 },
	{ "file", 'f', "PATH", 0, "this file", 2 },
	{ "range", KEY_RANGE, "PFN-PFN", 0, "folios in this range, decimal or 0xHEX", 2 },
	{ "min-refs", KEY_MIN_REFS, "N", 0, "folios with at least N references more than an idle one has", 2 },
	{ "pinned", KEY_PINNED, NULL, 0, "folios with a pin, or a reference that no mapping explains", 2 },
	{ "no-holders", KEY_NO_HOLDERS, NULL, 0, "Don't look for who holds the folios", 3 },
	{ "watch", 'w', "SECONDS", 0, "Look again and again, and show what changed", 3 },
	{ "count", 'n', "N", 0, "With --watch: end after N looks", 3 },
	{ "verbose", 'v', NULL, 0, "Everything: ranges, all holders, whole stacks", 3 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 3 },
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option holders_options[] = {
	{ "verbose", 'v', NULL, 0, "Everything: all holders, whole stacks", 1 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	OPTIONS_HELP,
	{ 0 },
};

static int parse_option(int key, char *arg, struct argp_state *state);

/* argp adds a note that long options' arguments are the short ones' too: nobody asks. */
static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

#define ARGP(options_, args_, doc_)                                                                \
	{ .options = options_, .parser = parse_option, .args_doc = args_, .doc = doc_,            \
	  .help_filter = help_filter }

static const struct command_info {
	const char *name; /* as in messages */
	enum command command;
	struct argp argp;
} commands[] = {
	{ "daxtop top", COMMAND_TOP,
	  ARGP(top_options, NULL,
	       "The live screen: DAX folios with their reference counts, who holds them and what "
	       "happened to them last. The key h shows the keys.") },
	{ "daxtop trace", COMMAND_TRACE, ARGP(trace_options, NULL, "One line an event.") },
	{ "daxtop history", COMMAND_HISTORY,
	  ARGP(history_options, "FOLIO...",
	       "Follows folios and prints, at the end (Ctrl-C, -n or -t), each one's reference "
	       "count step by step.\v"
	       "FOLIO is a page frame number (0xHEX or decimal), FILE:OFFSET or "
	       "/dev/daxX.Y:OFFSET; OFFSET is bytes, decimal or 0xHEX, with K, M or G if "
	       "wanted.") },
	{ "daxtop check", COMMAND_CHECK,
	  ARGP(check_options, "[-- CMD ARG...]",
	       "Checks the rules of DAX reference counts while CMD runs, or until Ctrl-C, and says "
	       "which were broken, where and by whom.\v"
	       "Exit status: that of CMD (128+N: signal N ended it; 0 without CMD) when no rule was "
	       "broken, 1 when one was, 124 not all was seen, so that nothing found says little, 125 wrong "
	       "usage or daxtop failed, 126 CMD can't be run, 127 there is no CMD.") },
	{ "daxtop rules", COMMAND_RULES,
	  ARGP(rules_options, "[ID...]",
	       "The rules that daxtop check checks; with ID, what that rule demands and where the "
	       "kernel relies on it.") },
	{ "daxtop scan", COMMAND_SCAN,
	  ARGP(scan_options, NULL,
	       "One look at what is there now, also at what is older than daxtop: the DAX folios that are in "
	       "use, who holds them, who waits for them. Attaches nothing and changes nothing.") },
	{ "daxtop holders", COMMAND_HOLDERS,
	  ARGP(holders_options, "WHAT",
	       "Who holds WHAT, who waits for it, and for a device whether it may be unbound.\v"
	       "WHAT is a file, a mount point, a device (/dev/pmem0, dax0.0, namespace0.0), a pfn or range "
	       "(0xA, 0xA-0xB) or a process number (digits; a file of that name is ./123).\n\n"
	       "Exit status: 0 nobody, 1 somebody holds it or waits for it, 2 wrong usage or it could not be "
	       "looked at.") },
	{ "daxtop probes", COMMAND_PROBES,
	  ARGP(probes_options, NULL,
	       "What this kernel offers: each event, the function chosen for it, what is missing "
	       "and what that costs. Exit status 0 when everything essential is there.") },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define COMMAND_WORD 7 /* behind "daxtop " */

/* What a parse in progress knows. */
struct parse {
	const struct command_info *info;
	struct options *o;
	uint32_t ignored; /* 1 << enum dx_rule */
};

static int parse_folio(struct parse *p, const char *arg)
{
	struct folio_spec *folios;
	char err[512];
	int ret;

	folios = reallocarray(p->o->folios, p->o->nr_folios + 1, sizeof(*folios));
	if (!folios) {
		complain(p->info->name, "memory is short");
		return ENOMEM;
	}
	p->o->folios = folios;
	ret = folio_spec_parse(&folios[p->o->nr_folios], arg, err, sizeof(err));
	if (ret) {
		complain(p->info->name, "%s", err);
		return -ret;
	}
	p->o->nr_folios++;
	return 0;
}

static int parse_what(struct parse *p, const char *arg)
{
	char err[1024], name[256];

	if (p->o->what.text) {
		complain(p->info->name, "takes one WHAT, but got '%s' as well", value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	if (target_parse(&p->o->what, arg, err, sizeof(err))) {
		complain(p->info->name, "%s", err);
		return EINVAL;
	}
	return 0;
}

/* ---- argp ---- */

static void print_help(const struct command_info *info)
{
	argp_help(&info->argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC,
		  (char *)info->name);
}

/* The first --rule takes the place of "all". */
static int parse_named_rules(struct parse *p, const char *arg)
{
	if (!p->o->rules_named)
		p->o->rules = 0;
	p->o->rules_named = true;
	return value_rules(p->info->name, arg, &p->o->rules);
}

static int parse_argument(struct parse *p, const char *arg)
{
	char name[256];

	if (p->info->command == COMMAND_HISTORY)
		return parse_folio(p, arg);
	if (p->info->command == COMMAND_RULES)
		return parse_named_rules(p, arg);
	if (p->info->command == COMMAND_HOLDERS)
		return parse_what(p, arg);
	complain(p->info->name, "takes no argument, but got '%s'", value_shown(name, sizeof(name), arg));
	return EINVAL;
}

static int parse_end_check(struct parse *p)
{
	struct options *o = p->o;

	if (!o->rules) {
		complain(p->info->name, "no rule is left to check: --ignore names all of them");
		return EINVAL;
	}
	if (o->json && o->ktap) {
		complain(p->info->name, "--json and --ktap are two formats: choose one");
		return EINVAL;
	}
	if (o->command_argv && o->duration_ns) {
		complain(p->info->name, "--duration is for a check without CMD, which ends by itself");
		return EINVAL;
	}
	if (!o->command_argv && o->user) {
		complain(p->info->name, "--user needs a CMD");
		return EINVAL;
	}
	if (o->exercised & ~o->rules) {
		complain(p->info->name, "--require-exercised names %s, which --rule or --ignore leaves out",
			 rule_get(__builtin_ctz(o->exercised & ~o->rules))->id);
		return EINVAL;
	}
	return 0;
}

static int parse_end(struct parse *p)
{
	if (p->o->tee && p->o->from) {
		complain(p->info->name, "--tee writes what this kernel does, --from shows a file: choose one");
		return EINVAL;
	}
	if (p->info->command == COMMAND_TOP && p->o->from && !p->o->batch) {
		complain(p->info->name, "--from shows the pictures that were drawn, as text: give --batch");
		return EINVAL;
	}
	if (p->info->command == COMMAND_CHECK)
		return parse_end_check(p);
	if (p->info->command == COMMAND_HISTORY && !p->o->nr_folios) {
		complain(p->info->name, "name at least one FOLIO: a pfn, FILE:OFFSET or /dev/daxX.Y:OFFSET");
		return EINVAL;
	}
	if (p->info->command == COMMAND_SCAN && p->o->count && !p->o->watch_ns) {
		complain(p->info->name, "--count is for --watch: without it there is one look");
		return EINVAL;
	}
	if (p->info->command == COMMAND_HOLDERS && !p->o->what.text) {
		complain(p->info->name, "name WHAT: a file, a mount point, a device, a pfn, a range of them or a process");
		return EINVAL;
	}
	return 0;
}

/* Returns a positive errno: argp hands it back as it is. ECANCELED: help was printed. */
static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->o;
	uint64_t n;
	int err;

	switch (key) {
	case 'h':
		print_help(p->info);
		return ECANCELED;
	case 'V':
		printf("daxtop " DAXTOP_VERSION "\n");
		return ECANCELED;
	case KEY_RING_SIZE:
		return value_ring_size(p->info->name, arg, &o->ring_size);
	case KEY_HISTORY_BUDGET:
		return value_size(p->info->name, "--history-budget", arg, &o->history_budget);
	case KEY_WINDOW:
		err = value_number(p->info->name, "--window", arg, 0, 10000, &n);
		o->window_ns = n * 1000000;
		return err;
	case KEY_MAX_FOLIOS:
		err = value_number(p->info->name, "--max-folios", arg, 0, UINT32_MAX, &n);
		o->max_folios = n;
		return err;
	case 'p':
		/* linux/threads.h: PID_MAX_LIMIT is 4 Mi */
		err = value_number(p->info->name, "--pid", arg, 1, 4 << 20, &n);
		o->filter.pid = n;
		return err;
	case 'c':
		return value_string(p->info->name, "--comm", arg, &o->filter.comm);
	case 'd':
		return value_string(p->info->name, "--device", arg, &o->filter.device);
	case 'f':
		return value_string(p->info->name, "--file", arg, &o->filter.file);
	case 'e':
		return value_events(p->info->name, arg, &o->filter.events);
	case 'n':
		return value_number(p->info->name, p->info->command == COMMAND_TOP ? "--iterations" : "--count",
				    arg, 1, UINT32_MAX, &o->count);
	case 't':
		return value_seconds(p->info->name, "--duration", arg, 1000000, &o->duration_ns);
	case KEY_TEE:
		return value_string(p->info->name, "--tee", arg, &o->tee);
	case KEY_FROM:
		return value_string(p->info->name, "--from", arg, &o->from);
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_STACK:
		o->stack = true;
		return 0;
	case 's':
		return value_sort(p->info->name, arg, &o->sort);
	case KEY_DELAY:
		err = value_seconds(p->info->name, "--delay", arg, DELAY_MIN_MS * 1000000ull, &n);
		if (!err && n > 3600ull * 1000000000) {
			complain(p->info->name, "--delay is an hour at most");
			err = EINVAL;
		}
		o->delay_ms = n / 1000000;
		return err;
	case 'b':
		o->batch = true;
		return 0;
	case KEY_NO_COLOR:
		o->no_color = true;
		return 0;
	case KEY_RULE:
		return parse_named_rules(p, arg);
	case KEY_IGNORE:
		return value_rules(p->info->name, arg, &p->ignored);
	case KEY_ONLY_PROVEN:
		o->only_proven = true;
		return 0;
	case KEY_STRICT:
		o->strict = true;
		return 0;
	case KEY_LEAK_TIME:
		return value_seconds(p->info->name, "--leak-time", arg, 1000000, &o->leak_ns);
	case KEY_STALL_TIME:
		return value_seconds(p->info->name, "--stall-time", arg, 1000000, &o->stall_ns);
	case KEY_SETTLE:
		return value_seconds(p->info->name, "--settle", arg, 0, &o->settle_ns);
	case KEY_USER:
		return value_string(p->info->name, "--user", arg, &o->user);
	case KEY_PROPAGATE:
		complain(p->info->name, "--propagate can be left out: CMD's exit status is passed on without it");
		return 0;
	case KEY_ERROR_EXITCODE:
		err = value_number(p->info->name, "--error-exitcode", arg, 1, 255, &n);
		o->error_exitcode = n;
		return err;
	case KEY_REQUIRE_EXERCISED:
		o->some_exercised = true;
		return arg ? value_rules(p->info->name, arg, &o->exercised) : 0;
	case KEY_KTAP:
		o->ktap = true;
		return 0;
	case KEY_OUTPUT:
		return value_string(p->info->name, "--output", arg, &o->output);
	case 'w':
		err = value_seconds(p->info->name, "--watch", arg, WATCH_MIN_MS * 1000000ull, &o->watch_ns);
		if (!err && o->watch_ns > 86400ull * 1000000000) {
			complain(p->info->name, "--watch is a day at most");
			err = EINVAL;
		}
		return err;
	case KEY_RANGE:
		return value_range(p->info->name, "--range", arg, &o->pfn_first, &o->pfn_last);
	case KEY_MIN_REFS:
		err = value_number(p->info->name, "--min-refs", arg, 1, INT32_MAX, &n);
		o->min_refs = n;
		return err;
	case KEY_PINNED:
		o->pinned = true;
		return 0;
	case KEY_NO_HOLDERS:
		o->no_holders = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(p, arg);
	case ARGP_KEY_END:
		o->rules &= ~p->ignored;
		return parse_end(p);
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- the command ---- */

static void print_overview(void)
{
	printf("Usage: daxtop [COMMAND] [OPTION...]\n"
	       "Shows the life of every DAX folio of the running kernel.\n"
	       "\n"
	       "  top             the live screen (the default)\n"
	       "  trace           one line an event\n"
	       "  scan            one look: what is in use now, who holds it, who waits for it\n"
	       "  holders WHAT    who holds a file or a device, and may it go?\n"
	       "  history FOLIO   a folio's reference count, step by step\n"
	       "  check [-- CMD]  which rules of reference counts are broken, while CMD runs\n"
	       "  rules [ID...]   the rules, explained\n"
	       "  probes          what this kernel offers\n"
	       "\n"
	       "  -h, --help      print this help; daxtop COMMAND --help: that of a command\n"
	       "  -V, --version   print the version\n");
}

static const struct command_info *command_find(const char *word)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name + COMMAND_WORD, word))
			return &commands[i];
	return NULL;
}

static void options_default(struct options *o)
{
	const char *no_color = getenv("NO_COLOR");

	memset(o, 0, sizeof(*o));
	o->ring_size = RING_DEFAULT;
	o->history_budget = HISTORY_DEFAULT;
	o->max_folios = MAX_FOLIOS_DEFAULT;
	o->window_ns = WINDOW_DEFAULT_MS * 1000000ull;
	o->delay_ms = DELAY_DEFAULT_MS;
	o->no_color = no_color && *no_color;
	o->rules = ((1u << DX_RULES) - 1) & ~(1u << DX_RULE_NONE);
	o->leak_ns = LEAK_DEFAULT_S * 1000000000ull;
	o->stall_ns = STALL_DEFAULT_S * 1000000000ull;
	o->settle_ns = SETTLE_DEFAULT_S * 1000000000ull;
	o->error_exitcode = 1;
}

/* What belongs to CMD is not looked at: its options are its own. */
static int split_command(struct parse *p, int *argc, char **argv)
{
	int n = options_own(p->info->argp.options, *argc, argv);

	if (n >= *argc)
		return 0;
	if (!strcmp(argv[n], "--") && n + 1 == *argc) {
		complain(p->info->name, "behind -- a command must follow");
		return -EINVAL;
	}
	p->o->command_argv = argv + n + !strcmp(argv[n], "--");
	if (!p->o->command_argv[0][0]) {
		complain(p->info->name, "CMD is empty");
		return -EINVAL;
	}
	*argc = n;
	return 0;
}

int options_parse(int argc, char **argv, struct options *o)
{
	struct parse p = { .info = &commands[0], .o = o };
	char sentence[512], name[256];
	int err;

	options_default(o);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		print_overview();
		o->done = true;
		return 0;
	}
	/* daxtop alone, or with options only, is daxtop top */
	if (argc > 1 && argv[1][0] != '-') {
		p.info = command_find(argv[1]);
		if (!p.info) {
			fprintf(stderr,
				"daxtop: there is no command '%s'; there are top, trace, scan, "
				"holders, history, check, rules and probes (daxtop --help)\n",
				value_shown(name, sizeof(name), argv[1]));
			return -EINVAL;
		}
		argc--;
		argv++;
	}
	o->command = p.info->command;
	if (p.info->command == COMMAND_CHECK && split_command(&p, &argc, argv))
		return -EINVAL;
	/*
	 * argp and getopt say what is wrong in words of their own, on two lines, with
	 * whatever bytes were typed. So the words are checked first and argp is silent.
	 */
	if (options_check(p.info->argp.options, argc, argv, sentence, sizeof(sentence))) {
		complain(p.info->name, "%s (%s --help)", sentence, p.info->name);
		return -EINVAL;
	}
	err = argp_parse(&p.info->argp, argc, argv, ARGP_SILENT, NULL, &p);
	if (err == ECANCELED) {
		o->done = true;
		return 0;
	}
	return -err;
}

void options_free(struct options *o)
{
	for (size_t i = 0; i < o->nr_folios; i++)
		folio_spec_free(&o->folios[i]);
	free(o->folios);
	o->folios = NULL;
	o->nr_folios = 0;
}

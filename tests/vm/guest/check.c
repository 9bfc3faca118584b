// SPDX-License-Identifier: GPL-2.0-only
/* check.c - runs daxtop check and the module that breaks rules; reads verdicts. */
#include <errno.h>
#include <fcntl.h>
#include <rule.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "runner.h"

bool kernel_has(const char *function)
{
	char line[512], end[128];
	bool has = false;
	FILE *f;

	snprintf(end, sizeof(end), " %s\n", function);
	f = fopen("/proc/kallsyms", "re");
	must(f);
	while (!has && fgets(line, sizeof(line), f))
		has = strstr(line, end);
	fclose(f);
	return has;
}

bool kernel_legacy(void)
{
	static int known = -1;

	if (known < 0)
		known = kernel_has("__put_devmap_managed_folio_refs");
	return known;
}

const char *kernel_regime(void)
{
	int major = 0, minor = 0;
	struct utsname u;

	must(!uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2);
	if (kernel_legacy())
		return "legacy";
	/* pfn_t went with 6.17 */
	return major == 6 && minor < 17 ? "transition" : "current";
}

bool kernel_loses(void)
{
	return kernel_has("bpf_task_storage_busy");
}

/* ---- its own findings, where others broke rules as well ---- */

static bool is_type(struct json_object *line, const char *type)
{
	return !strcmp(field_str(line, "type"), type);
}

/* Did it come in this turn? A suspicion's time is when it arose. */
static bool in_turn(struct json_object *finding, const struct turn *turn)
{
	int64_t at = field_int(finding, "first_time_ns");

	return at >= turn->from && at <= turn->to;
}

/*
 * What a test prints when it fails: its own findings and the verdict, which says what was lost. Others'
 * findings would fill the log before them.
 */
static void own_text(struct daxtop *d)
{
	FILE *f = open_memstream(&d->out_text, &d->out_len);

	must(f);
	for (size_t i = 0; i < d->nr_lines; i++)
		if (!is_type(d->lines[i], "rule"))
			fprintf(f, "%s\n", json_object_to_json_string(d->lines[i]));
	for (size_t i = 0; i < d->nr_lines; i++)
		if (is_type(d->lines[i], "rule"))
			fprintf(f, "%s\n", json_object_to_json_string(d->lines[i]));
	must(!fclose(f));
}

/* Leaves the findings of our turn, and no others. */
static void own_findings(struct daxtop *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nr_lines; i++)
		if (!is_type(d->lines[i], "finding") ||
		    in_turn(d->lines[i], &runner_memory->turns[turn_nr]))
			d->lines[n++] = d->lines[i];
	d->nr_lines = n;
	own_text(d);
}

/* ---- which rules the tests exercise ---- */

static char exercised[4096]; /* by this process: "ID ID ..." */

static void exercised_note(struct daxtop *d)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (is_type(d->lines[i], "finding"))
			snprintf(exercised + strlen(exercised), sizeof(exercised) - strlen(exercised),
				 "%s ", field_str(d->lines[i], "rule"));
}

bool check_exercised(const char *rule)
{
	return strstr(exercised, rule);
}

/* Debian's 6.12 is built without DEVICE_PRIVATE and without P2PDMA. */
static bool kernel_lacks(const char *rule)
{
	return kernel_legacy() && (!strcmp(rule, "private-init") || !strcmp(rule, "p2pdma-count"));
}

/*
 * Of every rule there is a test that says it is about it, and fails if it isn't; or this kernel has
 * not the rule.
 */
void test_every_rule(struct place *p)
{
	struct daxtop *d = daxtop_run(0, ARGS("rules", "--json")), *here;

	(void)p;
	daxtop_json(d);
	if (d->nr_lines != DX_RULES - 1)
		fail("daxtop knows %zu rules: %s", d->nr_lines, d->out_text);
	here = daxtop_run(0, ARGS("check", "--json", "--", "true"));
	daxtop_json(here);
	for (size_t i = 0; i < d->nr_lines; i++) {
		const char *rule = field_str(d->lines[i], "rule");

		if (!tests_exercise(rule) && !honest_exercises(rule) && !kernel_lacks(rule) &&
		    strcmp(field_str(check_rule(here, rule), "rule_state"), "not-checked"))
			fail("no test exercises %s", rule);
	}
}

/* ---- a check and its findings ---- */

/* How often the rule was broken, by the findings: those that are by design or over are not. */
static int64_t broken_of(struct daxtop *d, const char *rule)
{
	int64_t n = 0;

	for (size_t i = 0; i < d->nr_lines; i++)
		if (is_type(d->lines[i], "finding") && !strcmp(field_str(d->lines[i], "rule"), rule) &&
		    field_bool(d->lines[i], "counts") &&
		    strcmp(field_str(d->lines[i], "confidence"), "inconclusive"))
			n += field_int(d->lines[i], "count");
	return n;
}

/* The exit status of a check that found no more than these. */
static int findings_status(struct daxtop *d)
{
	int status = 0;

	for (size_t i = 0; i < d->nr_lines; i++) {
		if (!is_type(d->lines[i], "finding") || !field_bool(d->lines[i], "counts"))
			continue;
		if (strcmp(field_str(d->lines[i], "confidence"), "inconclusive"))
			return 1;
		status = 124;
	}
	return status;
}

/* Each finding is of somebody's turn, who looks at it; and nothing that was counted is missing. */
void check_shared_stop(struct daxtop *d)
{
	must(!kill(d->pid, SIGINT));
	daxtop_wait(d);
	daxtop_json(d);
	for (size_t i = 0; i < d->nr_lines; i++) {
		bool known = !is_type(d->lines[i], "finding");

		for (size_t k = 0; k < runner_memory->nr_turns && !known; k++)
			known = in_turn(d->lines[i], &runner_memory->turns[k]);
		if (!known)
			fail("a finding, and nobody did anything then: %s",
			     json_object_to_json_string(d->lines[i]));
		if (is_type(d->lines[i], "rule") && !field_int_or(d->lines[i], "by_design", 0) &&
		    field_int(d->lines[i], "broken") != broken_of(d, field_str(d->lines[i], "rule")))
			fail("the findings are fewer: %s", json_object_to_json_string(d->lines[i]));
	}
	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != findings_status(d))
		fail("daxtop check ended with status %#x, its findings make %d; it said: %s",
		     d->status, findings_status(d), d->err_text);
}

#define MAX_ARGS 24

struct daxtop *check_start(const char *const args[])
{
	const char *all[MAX_ARGS] = { "check",	      "--json", "--verbose", "--leak-time", "1",
				      "--stall-time", "1",	"--settle",  "0.2" };
	size_t n = 9;

	/* what is shared has its own arguments (runner.c) */
	if (share_fd >= 0)
		return shared_start("", 1);
	for (; *args; args++) {
		must(n < MAX_ARGS - 1);
		all[n++] = *args;
	}
	all[n] = NULL;
	return daxtop_start(all);
}

/* With all that it says, where it is nobody else's. */
static void check_fail(struct daxtop *d, const char *text)
{
	if (share_fd >= 0)
		fail("daxtop check does not say `%s`", text);
	must(!kill(d->pid, SIGINT));
	daxtop_wait(d);
	fail("daxtop check does not say `%s`, but: %s%s", text, d->err_text, d->out_text);
}

void check_await_text(struct daxtop *d, const char *text)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!daxtop_has_said(d, text)) {
		if (now_ms() > end)
			check_fail(d, text);
		poll_pause();
	}
	d->err_from = lseek(d->err, 0, SEEK_END);
}

void check_await(struct daxtop *d, const char *rule)
{
	char text[64];

	snprintf(text, sizeof(text), "daxtop: %s, ", rule);
	check_await_text(d, text);
}

void check_stop(struct daxtop *d, int exit_status)
{
	if (share_fd >= 0) {
		shared_stop(d);
		own_findings(d);
		exercised_note(d);
		if (findings_status(d) != exit_status)
			fail("the findings make exit status %d, expected %d: %s",
			     findings_status(d), exit_status, d->out_text);
		return;
	}
	must(!kill(d->pid, SIGINT));
	daxtop_wait(d);
	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != exit_status)
		fail("daxtop check ended with status %#x, expected exit %d; it said: %s%s",
		     d->status, exit_status, d->out_text, d->err_text);
	daxtop_json(d);
	exercised_note(d);
}

/* ---- its lines ---- */

struct json_object *check_rule(struct daxtop *d, const char *rule)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (is_type(d->lines[i], "rule") && !strcmp(field_str(d->lines[i], "rule"), rule))
			return d->lines[i];
	fail("no line of rule %s in %s", rule, d->out_text);
}

int64_t check_checked(struct daxtop *d, const char *rule)
{
	return field_int(check_rule(d, rule), "checked");
}

int64_t check_broken(struct daxtop *d, const char *rule)
{
	return share_fd < 0 ? field_int(check_rule(d, rule), "broken") : broken_of(d, rule);
}

struct json_object *check_verdict(struct daxtop *d)
{
	if (!d->nr_lines || !is_type(d->lines[d->nr_lines - 1], "verdict"))
		fail("the last line is no verdict: %s", d->out_text);
	return d->lines[d->nr_lines - 1];
}

struct json_object *check_finding(struct daxtop *d, const char *rule, size_t nth)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (is_type(d->lines[i], "finding") &&
		    !strcmp(field_str(d->lines[i], "rule"), rule) && !nth--)
			return d->lines[i];
	return NULL;
}

bool finding_has_frame(struct json_object *finding, const char *function)
{
	struct json_object *stack;

	if (!json_object_object_get_ex(finding, "kernel_stack", &stack))
		return false;
	for (size_t i = 0; i < json_object_array_length(stack); i++) {
		const char *name = field_str_or_null(json_object_array_get_idx(stack, i), "symbol");

		if (name && !strcmp(name, function))
			return true;
	}
	return false;
}

/* Every rule but @rule (NULL: every one) is unbroken, and so say the findings. */
static void expect_no_other(struct daxtop *d, const char *rule)
{
	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *line = d->lines[i];

		/* of a shared one, the findings alone are ours */
		if (!is_type(line, "finding") && !(is_type(line, "rule") && share_fd < 0))
			continue;
		if (rule && !strcmp(field_str(line, "rule"), rule))
			continue;
		if (is_type(line, "rule") ? field_int(line, "broken") : field_bool(line, "counts")) {
			struct json_object *finding = check_finding(d, field_str(line, "rule"), 0);

			/* the finding says most, and the whole may be cut */
			fail("another rule is broken, too: %s; %s; all: %s",
			     json_object_to_json_string(line),
			     finding ? json_object_to_json_string(finding) : "no finding",
			     d->out_text);
		}
	}
}

void expect_clean(struct daxtop *d)
{
	expect_no_other(d, NULL);
}

struct json_object *expect_only(struct daxtop *d, const char *rule, uint64_t pfn,
				const char *function)
{
	struct json_object *f = NULL;

	if (check_broken(d, rule) < 1)
		fail("%s is not broken: %s", rule, d->out_text);
	if (strcmp(field_str(check_rule(d, rule), "rule_state"), "broken"))
		fail("%s is not said to be broken: %s", rule, d->out_text);
	expect_no_other(d, rule);
	for (size_t i = 0; (f = check_finding(d, rule, i)); i++) {
		if (pfn && (!json_object_object_get_ex(f, "pfn", NULL) ||
			    (uint64_t)field_int(f, "pfn") != pfn))
			continue;
		if (!function || finding_has_frame(f, function))
			return f;
	}
	fail("no finding of %s with pfn %#llx and %s() in its stack: %s", rule,
	     (unsigned long long)pfn, function ? function : "any", d->out_text);
}

/* ---- the module ---- */

int inject_open(void)
{
	int fd;

	if (access("/dev/daxtop_inject", F_OK))
		run("insmod /usr/lib/daxtop_inject.ko");
	fd = open("/dev/daxtop_inject", O_RDWR | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

bool inject_try(int fd, struct inject *arg)
{
	if (!ioctl(fd, INJECT_DO, arg))
		return true;
	if (errno == EOPNOTSUPP)
		return false;
	fail("command %u of the module: %m (ret %lld, count %d, pfn %#llx)", arg->cmd,
	     (long long)arg->ret, arg->count, (unsigned long long)arg->pfn);
}

void inject_do(int fd, struct inject *arg)
{
	if (!inject_try(fd, arg))
		fail("this kernel can't do command %u of the module", arg->cmd);
}

void inject_undo(int fd)
{
	must(!ioctl(fd, INJECT_UNDO));
}

char *inject_window(int fd, bool pfn)
{
	char *reserved = mmap(NULL, 2 * SZ_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;

	must(reserved != MAP_FAILED);
	at = (char *)(((uintptr_t)reserved + SZ_2M - 1) & ~(SZ_2M - 1));
	at = mmap(at, SZ_2M, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		  pfn ? INJECT_WINDOW_PFN : INJECT_WINDOW);
	must(at != MAP_FAILED);
	return at;
}

uint64_t leak_start(struct area *a, struct place *p, int fd)
{
	struct inject arg = { .cmd = INJECT_FOLIO_GET };

	area_open(a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(a);
	touch_write(a->p);
	arg.addr = (uintptr_t)a->p;
	arg.pfn = pfn_of(a->p);
	inject_do(fd, &arg);
	area_unmap(a);
	return arg.pfn;
}

void leak_alone(struct daxtop *d, uint64_t pfn)
{
	check_await(d, "folio-leak");
	check_stop(d, 1);
	expect_only(d, "folio-leak", pfn, NULL);
	if (check_finding(d, "folio-leak", 1))
		fail("one leak expected: %s", d->out_text);
}

uint64_t pfn_of(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	must(fd >= 0);
	must(pread(fd, &entry, 8, (uintptr_t)addr / SZ_4K * 8) == 8);
	must(!close(fd));
	if (!(entry >> 63))
		fail("nothing is mapped at %p", addr);
	return entry & ((1ull << 55) - 1);
}

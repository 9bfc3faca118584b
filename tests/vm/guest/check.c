// SPDX-License-Identifier: GPL-2.0-only
/* check.c - runs daxtop check and the module that breaks rules; reads verdicts. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

bool kernel_legacy(void)
{
	static int known = -1;
	char line[512];
	FILE *f;

	if (known >= 0)
		return known;
	known = 0;
	f = fopen("/proc/kallsyms", "re");
	must(f);
	while (!known && fgets(line, sizeof(line), f))
		known = !!strstr(line, " __put_devmap_managed_folio_refs\n");
	fclose(f);
	return known;
}

/* ---- which rules were checked at all, in any test of this run ---- */

#define EXERCISED "/tmp/guest-test-exercised"

void exercised_note(struct daxtop *d)
{
	FILE *f = fopen(EXERCISED, "ae");

	must(f);
	for (size_t i = 0; i < d->nr_lines; i++)
		if (!strcmp(field_str(d->lines[i], "type"), "rule") &&
		    (field_int(d->lines[i], "checked") ||
		     !strcmp(field_str(d->lines[i], "state"), "not-checked")))
			fprintf(f, "%s\n", field_str(d->lines[i], "rule"));
	must(!fclose(f));
}

/* Debian's 6.12 is built without DEVICE_PRIVATE and without P2PDMA. */
static bool kernel_lacks(const char *rule)
{
	return kernel_legacy() && (!strcmp(rule, "private-init") || !strcmp(rule, "p2pdma-count"));
}

void test_every_rule(struct place *p)
{
	struct daxtop *d = daxtop_run(0, ARGS("rules", "--json"));

	(void)p;
	daxtop_json(d);
	if (d->nr_lines < 23)
		fail("daxtop knows %zu rules: %s", d->nr_lines, d->out_text);
	for (size_t i = 0; i < d->nr_lines; i++) {
		const char *rule = field_str(d->lines[i], "rule");

		if (!kernel_lacks(rule))
			run("grep -qx '%s' " EXERCISED " || { echo no test has exercised %s; false; }", rule, rule);
	}
}

#define MAX_ARGS 24

struct daxtop *check_start(const char *const args[])
{
	const char *all[MAX_ARGS] = { "check", "--json", "--verbose", "--leak-time", "1",
				      "--stall-time", "1", "--settle", "0.2" };
	size_t n = 9;

	for (; *args; args++) {
		must(n < MAX_ARGS - 1);
		all[n++] = *args;
	}
	all[n] = NULL;
	return daxtop_start(all);
}

void check_await(struct daxtop *d, const char *rule)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char text[64];

	snprintf(text, sizeof(text), "daxtop: %s, ", rule);
	while (!daxtop_has_said(d, text)) {
		if (now_ms() > end)
			fail("daxtop check tells of no %s", rule);
		poll_pause();
	}
}

void check_stop(struct daxtop *d, int exit_status)
{
	must(!kill(d->pid, SIGINT));
	daxtop_wait(d);
	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != exit_status)
		fail("daxtop check ended with status %#x, expected exit %d; it said: %s%s", d->status,
		     exit_status, d->out_text, d->err_text);
	daxtop_json(d);
	exercised_note(d);
}

/* ---- its lines ---- */

static bool is_type(struct json_object *line, const char *type)
{
	return !strcmp(field_str(line, "type"), type);
}

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
	return field_int(check_rule(d, rule), "broken");
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
		if (is_type(d->lines[i], "finding") && !strcmp(field_str(d->lines[i], "rule"), rule) &&
		    !nth--)
			return d->lines[i];
	return NULL;
}

bool finding_has_frame(struct json_object *finding, const char *function)
{
	struct json_object *stack;

	if (!json_object_object_get_ex(finding, "stack", &stack))
		return false;
	for (size_t i = 0; i < json_object_array_length(stack); i++) {
		const char *name = field_str_or_null(json_object_array_get_idx(stack, i), "name");

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

		if (!is_type(line, "rule") && !is_type(line, "finding"))
			continue;
		if (rule && !strcmp(field_str(line, "rule"), rule))
			continue;
		if (is_type(line, "rule") ? field_int(line, "broken") : field_bool(line, "counts")) {
			struct json_object *finding = check_finding(d, field_str(line, "rule"), 0);

			/* the finding says most, and the whole may be cut */
			fail("another rule is broken, too: %s; %s; all: %s",
			     json_object_to_json_string(line),
			     finding ? json_object_to_json_string(finding) : "no finding", d->out_text);
		}
	}
}

void expect_clean(struct daxtop *d)
{
	expect_no_other(d, NULL);
}

struct json_object *expect_only(struct daxtop *d, const char *rule, uint64_t pfn, const char *function)
{
	struct json_object *f = NULL;

	if (check_broken(d, rule) < 1)
		fail("%s is not broken: %s", rule, d->out_text);
	if (strcmp(field_str(check_rule(d, rule), "state"), "broken"))
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

// SPDX-License-Identifier: GPL-2.0-only
/* limits.c - daxtop where it may have little: it raises what it can, and says what it lacks. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daxtop.h"

static void limit(int which, rlim_t most)
{
	const struct rlimit r = { .rlim_cur = most, .rlim_max = most };

	must(!setrlimit(which, &r));
}

static void few_files(void)
{
	limit(RLIMIT_NOFILE, 77);
}

static void very_few_files(void)
{
	limit(RLIMIT_NOFILE, 20);
}

/* root without the right to raise a hard limit */
static void few_files_for_good(void)
{
	few_files();
	must(!prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0));
}

static void expect_no_complaint(struct daxtop *d)
{
	if (strstr(d->err_text, "not seen on this kernel: fault") ||
	    strstr(d->err_text, "descriptor") || strstr(d->err_text, "Too many open files"))
		fail("got `%s`, expected nothing about descriptors", d->err_text);
}

/* One sentence, with this word in it, and this exit status. */
static void expect_sentence(struct daxtop *d, const char *word, int status)
{
	const char *line = strstr(d->err_text, "\n");

	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != status)
		fail("got wait status %#x, expected exit %d; stderr: %s", d->status, status,
		     d->err_text);
	if (strncmp(d->err_text, "daxtop: ", 8) || !strstr(d->err_text, word) || !line || line[1])
		fail("got `%s`, expected one sentence about `%s`", d->err_text, word);
}

/* What is too little is raised; the program under `check` has what daxtop had. */
static void test_files(struct place *p)
{
	struct daxtop *d = daxtop_spawn_as(few_files, ARGS("trace", "-t", "1"));

	(void)p;
	daxtop_end(d, 0);
	expect_no_complaint(d);
	d = daxtop_spawn_as(very_few_files, ARGS("scan"));
	daxtop_end(d, 0);
	expect_no_complaint(d);
	d = daxtop_spawn_as(few_files, ARGS("check", "--", "sh", "-c",
					    "echo files: $(ulimit -Sn) $(ulimit -Hn)"));
	daxtop_end(d, 0);
	expect_no_complaint(d);
	if (!strstr(d->out_text, "files: 77 77\n"))
		fail("got `%s`, expected that the command has the limits that daxtop had",
		     d->out_text);
}

static void test_files_refused(struct place *p)
{
	static const char *const commands[][4] = {
		{ "trace", "-t", "1" },
		{ "check", "-t", "1" },
		{ "scan" },
	};

	(void)p;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct daxtop *d = daxtop_spawn_as(few_files_for_good, commands[i]);

		daxtop_wait(d);
		expect_sentence(d, "file descriptors", strcmp(commands[i][0], "check") ? 2 : 125);
	}
}

static rlim_t address_space; /* bytes */

static void little_memory(void)
{
	limit(RLIMIT_AS, address_space);
}

/* From too little to load anything up to enough, which is a success. */
static void test_memory(struct place *p)
{
	bool enough = false;
	size_t refused = 0;
	struct daxtop *d;

	(void)p;
	for (address_space = 12 << 20; address_space <= 192 << 20; address_space *= 2) {
		d = daxtop_spawn_as(little_memory, ARGS("trace", "-t", "1"));
		daxtop_wait(d);
		enough = WIFEXITED(d->status) && !WEXITSTATUS(d->status);
		if (enough) {
			expect_no_complaint(d);
			continue;
		}
		refused++;
		/* "no memory to start with", or the limit to raise; not ENOMEM's own text */
		expect_sentence(d, strstr(d->err_text, "no memory") ? "no memory" : "memory ran out",
				2);
		note("%llu MiB: %s", (unsigned long long)address_space >> 20, d->err_text);
	}
	if (!refused || !enough)
		fail("%zu limits were too low, and the last one was%s", refused,
		     enough ? " not" : ", too");
}

const struct test limits_tests[] = {
	TEST("limits/files", ON_NONE | ON_BOTH, test_files, .starts = 3),
	TEST("limits/files-refused", ON_NONE | ON_BOTH, test_files_refused),
	TEST("limits/memory", ON_NONE, test_memory, .starts = 4),
	TESTS_END,
};

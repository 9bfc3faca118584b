// SPDX-License-Identifier: GPL-2.0-only
/* command.c - CMD of daxtop check: as whom it runs, what it ends with, and what ends the waiting for it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static void as_sudo(void)
{
	must(!setenv("SUDO_UID", "1000", 1) && !setenv("SUDO_GID", "1001", 1));
}

static void expect_text(struct daxtop *d, const char *text)
{
	if (!strstr(d->out_text, text))
		fail("got `%s`, expected `%s` in it", d->out_text, text);
}

#define DIR "/tmp/gt-command"

/* The statuses of a rule's table and verdict are in tests/unit; these are of real processes. */
static void test_status(struct place *p)
{
	struct daxtop *d;

	(void)p;
	must(!mkdir(DIR, 0700) && !chown(DIR, 1000, 1001));
	afterwards("rm -rf " DIR);
	d = daxtop_spawn_as(as_sudo, ARGS("check", "--settle", "0", "sh", "-c",
					  "id >" DIR "/id; grep CapEff /proc/self/status >" DIR
					  "/caps; exit 7"));
	daxtop_end(d, 7);
	run("grep -q '^uid=1000[^ ]* gid=1001[^ ]* groups=1001[^ ,]*$' " DIR
	    "/id && grep -q '\t0000000000000000$' " DIR "/caps");
	expect_text(d, "sh, run as uid 1000 (no entry in passwd, so no group but 1001), exited with 7\n"
		       "exit status 7: CMD's own\nCLEAN");
	/* a signal for daxtop is for CMD first */
	d = daxtop_run(128 + SIGTERM, ARGS("check", "--settle", "0", "sh", "-c",
					   "kill -TERM $PPID; exec sleep 1000"));
	expect_text(d,
		    "sh, run as root, ended by SIGTERM\nexit status 143: CMD's own, ended by SIGTERM\nCLEAN");
}

/* Without any work for a rule the verdict says so, and is no success where that is required. */
static void test_nothing(struct place *p)
{
	struct daxtop *d;

	(void)p;
	d = daxtop_run(124, ARGS("check", "--settle", "0", "--require-exercised", "false"));
	expect_text(d,
		    "false, run as root, exited with 1\nexit status 124: the verdict is inconclusive\n"
		    "INCONCLUSIVE: nothing was exercised, which is required; 0 inconclusive findings;");
}

/* ---- what ends the waiting ---- */

static struct json_object *command_of(struct daxtop *d)
{
	struct json_object *command;

	daxtop_json(d);
	if (!json_object_object_get_ex(check_verdict(d), "command", &command))
		fail("no command: %s", d->out_text);
	return command;
}

/* The process @comm, in @state, is said to be left. Returns its pid. */
static pid_t expect_left(struct json_object *command, const char *comm, const char *state)
{
	struct json_object *left;

	must(json_object_object_get_ex(command, "left", &left));
	for (size_t i = 0; i < json_object_array_length(left); i++) {
		struct json_object *one = json_object_array_get_idx(left, i);

		if (!strcmp(field_str(one, "comm"), comm) &&
		    !strcmp(field_str(one, "task_state"), state))
			return field_int(one, "pid");
	}
	fail("no %s in state %s: %s", comm, state, json_object_to_json_string(command));
}

static pid_t child_state(pid_t pid, const char *state)
{
	const char *text;
	int child = 0;

	text = run("for c in $(cat /proc/%d/task/%d/children); do grep -q '^State:.%s' /proc/$c/status && echo $c; "
		   "done; :",
		   pid, pid, state);
	return sscanf(text, "%d", &child) == 1 ? child : 0;
}

/* A CI's TERM, and CMD can't even see it: the report comes, and CMD is as it was. */
static void test_term(struct place *p)
{
	struct daxtop *d =
		daxtop_start(ARGS("check", "--json", "--verbose", "sh", "-c", "kill -STOP $$"));
	struct json_object *command;
	int64_t start;
	pid_t pid;

	(void)p;
	while (!child_state(d->pid, "T"))
		poll_pause();
	start = now_ms();
	must(!kill(d->pid, SIGTERM));
	daxtop_end(d, 124);
	if (now_ms() - start < 5000)
		fail("it ended %lld ms after the signal, expected 5 s at least",
		     (long long)(now_ms() - start));
	command = command_of(d);
	if (strcmp(field_str(command, "not_waited_for"), "it went on for 5 s after SIGTERM"))
		fail("another reason: %s", json_object_to_json_string(command));
	if (strcmp(field_str(check_verdict(d), "why"), "CMD was not waited for to its end"))
		fail("another reason: %s", json_object_to_json_string(check_verdict(d)));
	pid = expect_left(command, "sh", "T");
	must(!kill(pid, SIGKILL));
}

/* rm, whose last close waits for a page in a pipe of ours: no signal reaches it. */
static void test_second(struct place *p)
{
	struct json_object *command;
	struct iovec iov = { .iov_len = SZ_4K };
	struct daxtop *d;
	struct area a;
	char buf[SZ_4K];
	int fds[2];
	pid_t pid;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	must(!pipe2(fds, O_CLOEXEC));
	iov.iov_base = a.p;
	must(vmsplice(fds[1], &iov, 1, 0) == SZ_4K);
	area_unmap(&a);
	must(!close(a.fd));
	a.fd = -1;
	d = daxtop_start(ARGS("check", "--json", "--verbose", "--leak-time", "1", "--stall-time",
			      "1", "--error-exitcode=99", "sh", "-c", "rm \"$0\"; :", a.path));
	check_await(d, "stall-evict");
	must(!kill(d->pid, SIGINT));
	/* it is CMD's, whose shell waits for rm and does not follow either */
	must(!kill(d->pid, SIGQUIT));
	daxtop_end(d, 99);
	command = command_of(d);
	pid = expect_left(command, "rm", "D");
	/* the page was held before daxtop was there: it says that, too */
	if (!check_finding(d, "stall-evict", 0))
		fail("no finding: %s", d->out_text);
	if (strcmp(field_str(check_verdict(d), "decided_by"), "findings"))
		fail("another reason: %s", json_object_to_json_string(check_verdict(d)));
	/* and it goes on */
	must(read(fds[0], buf, sizeof(buf)) == SZ_4K);
	while (!kill(pid, 0))
		poll_pause();
}

const struct test command_tests[] = {
	TEST("command/status", ON_NONE | ON_BOTH, test_status, .starts = 2),
	TEST("command/nothing", ON_NONE | ON_BOTH, test_nothing),
	TEST("command/term", ON_NONE | ON_BOTH, test_term),
	TEST("command/second", ON_EXT4, test_second),
	TESTS_END,
};

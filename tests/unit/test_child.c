// SPDX-License-Identifier: GPL-2.0-only
/* test_child.c - running another program: real ones */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check_status.h"
#include "child_fixture.h"
#include "base/clock.h"

static void expect_end(const char *script, const char *how, int status)
{
	struct child c;
	char text[64];

	start_sh(&c, script);
	wait_end(&c);
	child_signals_give_back();
	assert_string_equal(child_status_format(text, sizeof(text), c.status), how);
	assert_int_equal(child_exit_status(c.status), status);
}

static void test_status(void **state)
{
	char *yes[] = { "true", NULL }, *no[] = { "false", NULL };
	struct child c;
	char text[64];

	(void)state;
	start(&c, yes);
	wait_end(&c);
	child_signals_give_back();
	assert_string_equal(child_status_format(text, sizeof(text), c.status), "exited with 0");
	start(&c, no);
	wait_end(&c);
	child_signals_give_back();
	assert_string_equal(child_status_format(text, sizeof(text), c.status), "exited with 1");
	expect_end("exit 3", "exited with 3", 3);
	expect_end("kill -KILL $$", "ended by SIGKILL", 137);
	expect_end("ulimit -c 0; kill -SEGV $$", "ended by SIGSEGV", 139);
	/* a number without a name: 64 is SIGRTMAX */
	assert_string_equal(child_status_format(text, sizeof(text), 63), "ended by signal 63");
	assert_string_equal(child_status_format(text, sizeof(text), SIGABRT | 0x80),
			    "ended by SIGABRT (core dumped)");
}

static void expect_no_start(char *name, int status, const char *sentence)
{
	char *argv[] = { name, NULL }, err[512] = "";
	struct child c;

	assert_int_equal(child_find(name, &nobody_else, err, sizeof(err)), status);
	assert_string_equal(err, sentence);
	err[0] = '\0';
	assert_int_equal(child_start(&c, argv, &nobody_else, err, sizeof(err)), status);
	assert_string_equal(err, sentence);
	assert_int_equal(c.pid, 0);
	/* and nobody is left behind */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_no_start(void **state)
{
	(void)state;
	expect_no_start("no-such-command-here", CHECK_NOT_FOUND,
			"there is no command 'no-such-command-here' in PATH");
	expect_no_start("/no/such/file", CHECK_NOT_FOUND,
			"can't run '/no/such/file': No such file or directory");
	expect_no_start("/etc/passwd", CHECK_CANNOT_RUN,
			"can't run '/etc/passwd': Permission denied");
	expect_no_start("no\x1b[31m", CHECK_NOT_FOUND, "there is no command 'no\\x1b[31m' in PATH");
	expect_no_start("/dev/null", CHECK_CANNOT_RUN, "can't run '/dev/null': Permission denied");
	expect_no_start("", CHECK_NOT_FOUND, "there is no command '' in PATH");
}

/* ---- looked for before it is started ---- */

static void make_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* What the look says, and the start as well, where both know it. */
static void expect_both(const char *name, const struct child_user *u, int status)
{
	char *argv[] = { (char *)name, NULL }, looked[512] = "", started[512] = "";
	struct child c;

	assert_int_equal(child_find(name, u, looked, sizeof(looked)), status);
	/* and nobody is left behind */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(child_start(&c, argv, u, started, sizeof(started)), status);
	assert_string_equal(looked, started);
	if (status)
		return;
	wait_end(&c);
	child_signals_give_back();
	assert_int_equal(child_exit_status(c.status), 0);
}

static void test_find(void **state)
{
	char dir[] = "/tmp/test-child-XXXXXX", err[512] = "", path[256], here[256],
	     *saved = strdup(getenv("PATH"));
	char *no_shell[] = { "no-shell", NULL };
	struct child c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("b", 0755), 0);
	assert_int_equal(mkdir("a/folder", 0755), 0);
	make_file("a/both", "", 0644);
	make_file("b/both", "#!/bin/sh\n", 0755);
	make_file("a/plain", "", 0644);
	make_file("b/script", "exit 0\n", 0755); /* no #!: execvpe() gives it to sh */
	make_file("no-shell", "#!/no/such/shell\n", 0755);
	snprintf(path, sizeof(path), "/no/such:%s/b/both:%s/a:%s/b:", dir, dir, dir);
	setenv("PATH", path, 1);
	expect_both("both", &nobody_else, 0); /* the one that can be run, behind one that can't */
	expect_both("script", &nobody_else, 0);
	expect_both("plain", &nobody_else, CHECK_CANNOT_RUN);
	expect_both("folder", &nobody_else, CHECK_CANNOT_RUN);
	expect_both("nothing-like-it", &nobody_else, CHECK_NOT_FOUND);
	expect_both("a/both/x", &nobody_else, CHECK_CANNOT_RUN);
	/* exec() says Permission denied */
	assert_int_equal(child_find("./a", &nobody_else, err, sizeof(err)), CHECK_CANNOT_RUN);
	assert_string_equal(err, "can't run './a': Is a directory");
	/* the empty one at the end is the current folder; it is there, and yet it can't be run */
	assert_int_equal(child_find("no-shell", &nobody_else, err, sizeof(err)), 0);
	assert_int_equal(child_start(&c, no_shell, &nobody_else, err, sizeof(err)), CHECK_NOT_FOUND);
	setenv("PATH", "/no/such", 1);
	expect_both("both", &nobody_else, CHECK_NOT_FOUND);
	unsetenv("PATH");
	expect_both("true", &nobody_else, 0);
	setenv("PATH", saved, 1);
	free(saved);
	assert_int_equal(chdir(here), 0);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
}

/* It is the user's permission that counts, with the user's groups and without ours. */
static void test_find_as_user(void **state)
{
	struct child_user u = { .change = true, .uid = 65534, .gid = 65533 };
	char dir[] = "/tmp/test-child-XXXXXX", err[512] = "", path[256];
	int nr = getgroups(0, NULL);
	gid_t before[nr ? nr : 1];

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(getgroups(nr, before), nr);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/x", dir);
	make_file(path, "#!/bin/sh\n", 0755);
	expect_both(path, &u, 0);
	assert_int_equal(chmod(path, 0700), 0);
	expect_both(path, &nobody_else, 0);
	expect_both(path, &u, CHECK_CANNOT_RUN);
	assert_int_equal(child_find(path, &u, err, sizeof(err)), CHECK_CANNOT_RUN);
	assert_non_null(strstr(
		err, "' as uid 65534 (no entry in passwd, so no group but 65533): Permission denied"));
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(chown(path, 0, 65533), 0);
	expect_both(path, &u, 0);
	/* our own groups are not the user's */
	assert_int_equal(setgroups(1, (gid_t[]){ 65532 }), 0);
	assert_int_equal(chown(path, 0, 65532), 0);
	expect_both(path, &u, CHECK_CANNOT_RUN);
	assert_int_equal(setgroups(nr, before), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	expect_both(path, &u, CHECK_CANNOT_RUN);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static bool left_has(const struct child_process *left, size_t n, pid_t pid, const char *comm,
		     char state)
{
	for (size_t i = 0; i < n; i++)
		if (left[i].pid == pid)
			return !strcmp(left[i].comm, comm) && left[i].state == state;
	return false;
}

/* Orphans come to us, and are waited for. */
static void test_orphans(void **state)
{
	uint64_t until = clock_now() + 20 * SEC;
	struct child_process left[4];
	struct child c;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[0], 9), 9);
	/* they last until nobody can write to it any more */
	start_sh(&c, "(cat <&9 & cat <&9 &) ; exit 2");
	close(9);
	wait_end(&c);
	child_signals_give_back();
	assert_int_equal(child_exit_status(c.status), 2);
	assert_false(c.alone);
	assert_int_equal(child_left(left, 4), 2);
	assert_int_equal(child_left(left, 1), 2);
	close(fds[0]);
	close(fds[1]);
	while (!c.alone) {
		assert_true(clock_now() < until);
		poll(NULL, 0, 10);
		child_reap(&c);
	}
	/* the subshell may have been ours for a moment, too */
	assert_true(c.others >= 2);
	assert_int_equal(child_left(left, 4), 0);
}

/* Whatever it is called, and however deep: with comm and state. */
static void test_left(void **state)
{
	struct child_process left[8] = {};
	struct child c;
	char dir[] = "/tmp/test-child-XXXXXX", script[256], got[64];
	uint64_t until = clock_now() + 20 * SEC;
	int fd, pid;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	/* a shell that waits for a program with a hostile name, which is stopped */
	snprintf(script, sizeof(script),
		 "cp /bin/sh '%s/x) R (y'; '%s/x) R (y' -c 'echo $$; kill -STOP $$; exit 3'; :", dir,
		 dir);
	start_reading(&c, script, &nobody_else, &fd);
	read_line(fd, got, sizeof(got));
	pid = atoi(got);
	do {
		assert_true(clock_now() < until);
		poll(NULL, 0, 5);
		child_reap(&c);
		n = child_left(left, 8);
	} while (!left_has(left, n, pid, "x) R (y", 'T'));
	assert_int_equal(n, 2);
	assert_true(left_has(left, n, c.pid, "sh", 'S'));
	assert_false(c.ended || c.alone);
	kill(pid, SIGCONT);
	wait_end(&c);
	child_signals_give_back();
	close(fd);
	snprintf(script, sizeof(script), "rm -r %s", dir);
	assert_int_equal(system(script), 0);
}

/* A process of ours is neither waited for nor told of. */
static void test_own(void **state)
{
	uint64_t until = clock_now() + 20 * SEC;
	struct child_process left[4];
	struct child c;
	siginfo_t info = {};
	pid_t helper = fork();
	int status;

	(void)state;
	assert_true(helper >= 0);
	if (!helper)
		_exit(77);
	/* it is there to be taken */
	assert_int_equal(waitid(P_PID, helper, &info, WEXITED | WNOWAIT), 0);
	child_own(helper);
	start_sh(&c, "exit 4");
	wait_end(&c);
	assert_int_equal(child_exit_status(c.status), 4);
	while (!c.alone) {
		assert_true(clock_now() < until);
		child_reap(&c);
	}
	assert_int_equal(c.others, 0);
	assert_int_equal(child_left(left, 4), 0);
	assert_int_equal(waitpid(helper, &status, 0), helper);
	assert_int_equal(WEXITSTATUS(status), 77);
	child_disown(helper);
	child_signals_give_back();
}

static void test_passes_on(void **state)
{
	(void)state;
	setenv("DAXTOP_TEST", "a b", 1);
	expect_output("echo \"$DAXTOP_TEST\"", &nobody_else, "a b\n");
	/* no descriptor but the three: main() closed what we were called with */
	expect_output("for f in /proc/self/fd/*; do [ -e \"$f\" ] && [ \"${f##*/}\" -gt 2 ] && echo more; "
		      "done; :",
		      &nobody_else, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	cmocka_unit_test(test_no_start),
		cmocka_unit_test(test_find),	cmocka_unit_test(test_find_as_user),
		cmocka_unit_test(test_orphans), cmocka_unit_test(test_left),
		cmocka_unit_test(test_own),	cmocka_unit_test(test_passes_on),
	};

	child_tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

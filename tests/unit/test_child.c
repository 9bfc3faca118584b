// SPDX-License-Identifier: GPL-2.0-only
/* test_child.c - running another program: real ones */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "child.h"
#include "clock.h"

static const struct child_user nobody_else; /* no change */

#define SEC 1000000000ull

/* Waits up to 20 s for the program itself. */
static void wait_end(struct child *c)
{
	uint64_t until = clock_now() + 20 * SEC;

	while (!c->ended) {
		assert_true(clock_now() < until);
		poll(NULL, 0, 5);
		child_reap(c);
	}
}

static void start(struct child *c, char *const *argv)
{
	char err[512] = "";

	if (child_start(c, argv, &nobody_else, err, sizeof(err)))
		fail_msg("%s", err);
	assert_true(c->pid > 0);
}

static void start_sh(struct child *c, const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	start(c, argv);
}

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

static void expect_no_start(char *name, int error, const char *sentence)
{
	char *argv[] = { name, NULL }, err[512] = "";
	struct child c;

	assert_int_equal(child_find(name, &nobody_else, err, sizeof(err)), error);
	assert_string_equal(err, sentence);
	err[0] = '\0';
	assert_int_equal(child_start(&c, argv, &nobody_else, err, sizeof(err)), error);
	assert_string_equal(err, sentence);
	assert_int_equal(c.pid, 0);
	/* and nobody is left behind */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_no_start(void **state)
{
	(void)state;
	expect_no_start("no-such-command-here", -ENOENT,
			"there is no command 'no-such-command-here' in PATH");
	expect_no_start("/no/such/file", -ENOENT, "can't run '/no/such/file': No such file or directory");
	expect_no_start("/etc/passwd", -EACCES, "can't run '/etc/passwd': Permission denied");
	expect_no_start("no\x1b[31m", -ENOENT, "there is no command 'no\\x1b[31m' in PATH");
	expect_no_start("/dev/null", -EACCES, "can't run '/dev/null': Permission denied");
	expect_no_start("", -ENOENT, "there is no command '' in PATH");
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
static void expect_both(const char *name, const struct child_user *u, int error)
{
	char *argv[] = { (char *)name, NULL }, looked[512] = "", started[512] = "";
	struct child c;

	assert_int_equal(child_find(name, u, looked, sizeof(looked)), error);
	/* and nobody is left behind */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(child_start(&c, argv, u, started, sizeof(started)), error);
	assert_string_equal(looked, started);
	if (error)
		return;
	wait_end(&c);
	child_signals_give_back();
	assert_int_equal(child_exit_status(c.status), 0);
}

static void test_find(void **state)
{
	char dir[] = "/tmp/test-child-XXXXXX", err[512] = "", path[256], here[256], *saved = strdup(getenv("PATH"));
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
	expect_both("plain", &nobody_else, -EACCES);
	expect_both("folder", &nobody_else, -EACCES);
	expect_both("nothing-like-it", &nobody_else, -ENOENT);
	expect_both("a/both/x", &nobody_else, -ENOTDIR);
	/* exec() says Permission denied */
	assert_int_equal(child_find("./a", &nobody_else, err, sizeof(err)), -EISDIR);
	assert_string_equal(err, "can't run './a': Is a directory");
	/* the empty one at the end is the current folder; it is there, and yet it can't be run */
	assert_int_equal(child_find("no-shell", &nobody_else, err, sizeof(err)), 0);
	assert_int_equal(child_start(&c, no_shell, &nobody_else, err, sizeof(err)), -ENOENT);
	setenv("PATH", "/no/such", 1);
	expect_both("both", &nobody_else, -ENOENT);
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
	expect_both(path, &u, -EACCES);
	assert_int_equal(child_find(path, &u, err, sizeof(err)), -EACCES);
	assert_non_null(strstr(err, "' as user 65534: Permission denied"));
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(chown(path, 0, 65533), 0);
	expect_both(path, &u, 0);
	/* our own groups are not the user's */
	assert_int_equal(setgroups(1, (gid_t[]){ 65532 }), 0);
	assert_int_equal(chown(path, 0, 65532), 0);
	expect_both(path, &u, -EACCES);
	assert_int_equal(setgroups(nr, before), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	expect_both(path, &u, -EACCES);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* A pipe that the program writes to. */
static int pipe_out(int *write_end)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	*write_end = fds[1];
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	return fds[0];
}

/* Starts "sh -c script" whose standard output comes back as a string of at most @len. */
static void start_reading(struct child *c, const char *script, const struct child_user *u, int *fd)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL }, err[512] = "";
	int saved = dup(STDOUT_FILENO), out;

	fcntl(saved, F_SETFD, FD_CLOEXEC);
	*fd = pipe_out(&out);
	dup2(out, STDOUT_FILENO);
	close(out);
	if (child_start(c, argv, u, err, sizeof(err)))
		snprintf(err + strlen(err), sizeof(err) - strlen(err), "!");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_string_equal(err, "");
}

static void read_all(int fd, char *out, size_t len)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < len && ((got = read(fd, out + n, len - 1 - n)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? got : 0;
	out[n] = '\0';
	close(fd);
}

static void expect_output(const char *script, const struct child_user *u, const char *want)
{
	struct child c;
	char got[4096];
	int fd;

	start_reading(&c, script, u, &fd);
	read_all(fd, got, sizeof(got));
	wait_end(&c);
	child_signals_give_back();
	assert_string_equal(got, want);
}

/* What another process sends is handed on, once. */
static void test_forward(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	char text[64], got[64];
	struct child c;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start_reading(&c, "n=0; trap 'n=$((n + 1)); echo $n' INT TERM HUP QUIT; echo ready; "
				  "while [ $n = 0 ]; do sleep 0.02; done; sleep 0.2; exit 7",
			      &nobody_else, &fd);
		assert_int_equal(read(fd, got, 6), 6);
		kill(getpid(), signals[i]);
		read_all(fd, got, sizeof(got));
		wait_end(&c);
		child_signals_give_back();
		assert_string_equal(got, "1\n");
		assert_string_equal(child_status_format(text, sizeof(text), c.status), "exited with 7");
	}
}

static void ignore_all(int sig)
{
	(void)sig;
}

/* The terminal's have reached it already: si_code says who sent them. */
static void test_terminal_signal(void **state)
{
	struct sigaction now, mine = { .sa_handler = ignore_all }, old;
	siginfo_t info = { .si_signo = SIGINT, .si_code = SI_KERNEL };
	struct child c;

	(void)state;
	start_sh(&c, "sleep 0.5; exit 5");
	assert_int_equal(sigaction(SIGINT, NULL, &now), 0);
	assert_true(now.sa_flags & SA_SIGINFO);
	now.sa_sigaction(SIGINT, &info, NULL);
	wait_end(&c);
	assert_int_equal(child_exit_status(c.status), 5);
	child_signals_give_back();

	/* and what we had before is there again */
	sigaction(SIGINT, &mine, &old);
	start_sh(&c, "exit 0");
	wait_end(&c);
	child_signals_give_back();
	sigaction(SIGINT, &old, &now);
	assert_ptr_equal(now.sa_handler, ignore_all);
}

/* As daxtop in a terminal: runs @script and tells how it ended. */
static void in_terminal(const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL }, err[256], text[64];
	struct child c;

	if (child_start(&c, argv, &nobody_else, err, sizeof(err)))
		_exit(1);
	while (!c.ended) {
		poll(NULL, 0, 5);
		child_reap(&c);
	}
	printf("%s\n", child_status_format(text, sizeof(text), c.status));
	fflush(stdout);
	_exit(0);
}

/* A shell that runs it in the foreground, and continues it when it is stopped. Returns its status. */
static int shell(const char *script)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return 126;
	/* both sides: whoever comes first */
	setpgid(pid, pid);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(STDIN_FILENO, pid ? pid : getpid());
	signal(SIGTTOU, SIG_DFL);
	if (!pid)
		in_terminal(script);
	while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
		dprintf(STDOUT_FILENO, "stopped\n");
		kill(-pid, SIGCONT);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

/* Reads from the terminal until it has shown @text; 20 s at most. */
static void expect_shown(int master, char *seen, size_t len, const char *text)
{
	uint64_t until = clock_now() + 20 * SEC;
	size_t n = strlen(seen);

	while (!strstr(seen, text)) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t got;

		if (clock_now() > until)
			fail_msg("'%s' was not shown, but '%s'", text, seen);
		if (poll(&p, 1, 100) <= 0)
			continue;
		got = read(master, seen + n, len - 1 - n);
		if (got <= 0)
			fail_msg("'%s' was not shown, but '%s'", text, seen);
		n += got;
		seen[n] = '\0';
	}
}

/* Ctrl-C reaches both, and the program once; Ctrl-Z stops both. */
static void test_terminal(void **state)
{
	char seen[4096] = "";
	int master, status;
	pid_t pid;

	(void)state;
	pid = forkpty(&master, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (!pid)
		_exit(shell("n=0; trap 'n=$((n + 1))' INT; echo ready; while [ $n = 0 ]; do sleep 0.02; done; "
			    "sleep 0.3; echo got $n; exit 4"));
	expect_shown(master, seen, sizeof(seen), "ready");
	assert_int_equal(write(master, "\x1a", 1), 1);
	expect_shown(master, seen, sizeof(seen), "stopped");
	assert_int_equal(write(master, "\x03", 1), 1);
	expect_shown(master, seen, sizeof(seen), "exited with 4");
	assert_non_null(strstr(seen, "got 1"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	close(master);
}

/* A program that ends by the signal: nothing goes to whom it does not concern later. */
static void test_forward_end(void **state)
{
	struct child c;

	(void)state;
	start_sh(&c, "exec sleep 20");
	kill(getpid(), SIGTERM);
	wait_end(&c);
	child_signals_give_back();
	assert_int_equal(child_exit_status(c.status), 128 + SIGTERM);
}

/*
 * Signals 1 to 28. Those of the C library (32, 33) a program can't set, and what is started by
 * posix_spawn(), as make does, has them ignored.
 */
#define DISPOSITIONS "sed -nE 's/^(Sig(Blk|Ign)):.*(.{7})$/\\1 \\3/p' /proc/self/status"

/* As we were called: not as we have arranged it for ourselves. */
static void test_dispositions(void **state)
{
	sigset_t set, old;

	(void)state;
	child_signals_save();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	expect_output(DISPOSITIONS, &nobody_else, "SigBlk 0000000\nSigIgn 0000000\n");
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* nohup */
	signal(SIGHUP, SIG_IGN);
	child_signals_save();
	expect_output(DISPOSITIONS, &nobody_else, "SigBlk 0000000\nSigIgn 0000001\n");
	signal(SIGHUP, SIG_DFL);
	child_signals_save();
}

/* Orphans come to us, and are waited for. */
static void test_orphans(void **state)
{
	uint64_t until = clock_now() + 20 * SEC;
	struct child c;
	pid_t left[4];
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
	assert_int_equal(child_left(left, 1), 1);
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

static void test_passes_on(void **state)
{
	(void)state;
	setenv("DAXTOP_TEST", "a b", 1);
	expect_output("echo \"$DAXTOP_TEST\"", &nobody_else, "a b\n");
	/* no descriptor but the three: main() closed what we were called with */
	expect_output("for f in /proc/self/fd/*; do [ -e \"$f\" ] && [ \"${f##*/}\" -gt 2 ] && echo more; "
		      "done; :", &nobody_else, "");
}

/* ---- who ---- */

static void test_user(void **state)
{
	struct child_user u;
	char err[256] = "";

	(void)state;
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_false(u.change);
	assert_int_equal(child_user_find(&u, "no\x1bone", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "there is no user 'no\\x1bone'");
	if (geteuid()) {
		assert_int_equal(child_user_find(&u, "root", err, sizeof(err)), -EPERM);
		assert_non_null(strstr(err, "only root"));
	}
}

/* Only root can be another: the machine that runs all tests has a root. */
static void test_user_of_sudo(void **state)
{
	gid_t before[64], more[] = { 3, 4 };
	struct child_user u;
	char err[256] = "";
	int nr;

	(void)state;
	if (geteuid())
		skip();
	/* what root has, the user must not get */
	assert_int_equal(getgroups(64, before), nr = getgroups(0, NULL));
	assert_int_equal(setgroups(2, more), 0);
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_true(u.change);
	assert_int_equal(u.uid, 65534);
	assert_string_equal(u.name, "nobody");
	expect_output("id -u; id -g; id -G; echo $USER $LOGNAME $HOME; grep -E '^Cap(Prm|Eff)' "
		      "/proc/self/status; echo $SUDO_UID",
		      &u,
		      "65534\n65534\n65534\nnobody nobody /nonexistent\nCapPrm:\t0000000000000000\n"
		      "CapEff:\t0000000000000000\n65534\n");
	/* without a name in passwd: the numbers suffice */
	setenv("SUDO_UID", "54321", 1);
	setenv("SUDO_GID", "54322", 1);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_string_equal(u.name, "");
	expect_output("id -u; id -g; id -G", &u, "54321\n54322\n54322\n");
	/* what sudo does not write is not believed */
	setenv("SUDO_UID", "4294967295", 1);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_false(u.change);
	setenv("SUDO_UID", "12x", 1);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_false(u.change);
	/* sudo by root */
	setenv("SUDO_UID", "0", 1);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_false(u.change);
	/* --user is stronger */
	assert_int_equal(child_user_find(&u, "nobody", err, sizeof(err)), 0);
	assert_int_equal(u.uid, 65534);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(setgroups(nr, before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	     cmocka_unit_test(test_no_start),
		cmocka_unit_test(test_find),	     cmocka_unit_test(test_find_as_user),
		cmocka_unit_test(test_forward),	     cmocka_unit_test(test_terminal_signal),
		cmocka_unit_test(test_terminal),     cmocka_unit_test(test_forward_end),  cmocka_unit_test(test_dispositions),
		cmocka_unit_test(test_orphans),	     cmocka_unit_test(test_passes_on),
		cmocka_unit_test(test_user),	     cmocka_unit_test(test_user_of_sudo),
	};
	struct sigaction ignored;

	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	/* a shell's background job has these ignored, and so would the programs here */
	for (int sig = 1; sig < 32; sig++)
		if (!sigaction(sig, NULL, &ignored) && ignored.sa_handler == SIG_IGN)
			signal(sig, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

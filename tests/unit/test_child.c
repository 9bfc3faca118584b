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
#include "check_status.h"
#include "child.h"
#include "clock.h"
#include "stop.h"

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
	expect_no_start("/no/such/file", CHECK_NOT_FOUND, "can't run '/no/such/file': No such file or directory");
	expect_no_start("/etc/passwd", CHECK_CANNOT_RUN, "can't run '/etc/passwd': Permission denied");
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
	assert_non_null(strstr(err, "' as uid 65534 (no entry in passwd, so no group but 65533): Permission denied"));
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

/* One line of it, which must be written as a whole. */
static void read_line(int fd, char *out, size_t len)
{
	ssize_t got;

	while ((got = read(fd, out, len - 1)) < 0 && errno == EINTR)
		;
	assert_true(got > 0);
	out[got] = '\0';
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

/* Waits until the program has written a line. */
static void start_deaf(struct child *c, int *fd)
{
	char got[64];

	stop_wanted = 0;
	start_reading(c, "trap '' INT TERM HUP QUIT; echo ready; exec sleep 20", &nobody_else, fd);
	read_line(*fd, got, sizeof(got));
	assert_string_equal(got, "ready\n");
}

/* A sender that is another one each time. */
static void send_from_another(int sig)
{
	pid_t us = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(kill(us, sig) ? 1 : 0);
	while (waitpid(pid, NULL, 0) < 0)
		assert_int_equal(errno, EINTR);
}

/* Whatever the program does with the first, and in whatever state it is. */
static void test_second_signal(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	siginfo_t terminal = { .si_signo = SIGINT, .si_code = SI_KERNEL };
	struct sigaction now;
	struct child c;
	int fd;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 4; k++) {
			start_deaf(&c, &fd);
			send_from_another(signals[i]);
			assert_false(stop_wanted);
			if (k & 1)
				kill(c.pid, SIGSTOP);
			send_from_another(signals[k]);
			assert_true(stop_wanted);
			assert_int_equal(stop_signal, signals[k]);
			child_reap(&c);
			assert_false(c.ended);
			kill(c.pid, SIGKILL);
			wait_end(&c);
			close(fd);
			child_signals_give_back();
		}
	}
	/* the terminal's, twice */
	start_deaf(&c, &fd);
	assert_int_equal(sigaction(SIGINT, NULL, &now), 0);
	now.sa_sigaction(SIGINT, &terminal, NULL);
	assert_false(stop_wanted);
	now.sa_sigaction(SIGINT, &terminal, NULL);
	assert_true(stop_wanted);
	kill(c.pid, SIGKILL);
	wait_end(&c);
	close(fd);
	/* what comes when it has ended can't be its */
	stop_wanted = 0;
	child_signals_give_back();
	start_sh(&c, "exit 0");
	wait_end(&c);
	assert_false(stop_wanted);
	send_from_another(SIGTERM);
	assert_true(stop_wanted);
	child_signals_give_back();
	stop_wanted = 0;
}

/* timeout(1) sends twice, to its child and to the group: that is one wish. Somebody else's is another. */
static void test_same_signal(void **state)
{
	char err[256] = "";
	struct child c;
	int fd;

	(void)state;
	start_deaf(&c, &fd);
	stop_urged = 0;
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGTERM);
	assert_false(stop_wanted);
	assert_true(stop_urged && stop_urged <= clock_now());
	/* a quarter of a second later it is meant */
	poll(NULL, 0, 300);
	kill(getpid(), SIGTERM);
	assert_true(stop_wanted);
	kill(c.pid, SIGKILL);
	wait_end(&c);
	close(fd);
	child_signals_give_back();
	start_deaf(&c, &fd);
	kill(getpid(), SIGHUP);
	assert_false(stop_wanted);
	kill(getpid(), SIGINT);
	assert_true(stop_wanted);
	kill(c.pid, SIGKILL);
	wait_end(&c);
	close(fd);
	child_signals_give_back();
	/* a signal that came before it was started: it is not */
	assert_int_equal(child_start(&c, (char *[]){ "true", NULL }, &nobody_else, err, sizeof(err)), CHECK_FAILED);
	assert_string_equal(err, "a signal came before 'true' was started");
	stop_wanted = 0;
}

/* nohup daxtop check -- CMD: a terminal that goes ends neither. */
static void test_nohup(void **state)
{
	struct child c;
	int fd;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	child_signals_save();
	stop_catch();
	start_deaf(&c, &fd);
	send_from_another(SIGHUP);
	send_from_another(SIGHUP);
	assert_false(stop_wanted);
	send_from_another(SIGTERM);
	send_from_another(SIGTERM);
	assert_true(stop_wanted);
	kill(c.pid, SIGKILL);
	wait_end(&c);
	close(fd);
	child_signals_give_back();
	for (int sig = SIGHUP; sig <= SIGTERM; sig++)
		if (sig == SIGHUP || sig == SIGINT || sig == SIGTERM || sig == SIGPIPE)
			signal(sig, SIG_DFL);
	child_signals_save();
	stop_wanted = 0;
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

static bool left_has(const struct child_process *left, size_t n, pid_t pid, const char *comm, char state)
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
		 "cp /bin/sh '%s/x) R (y'; '%s/x) R (y' -c 'echo $$; kill -STOP $$; exit 3'; :", dir, dir);
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
		      "done; :", &nobody_else, "");
}

/* ---- who ---- */

#define NR_VARIABLES 5
static const char *const variables[NR_VARIABLES] = { "SUDO_UID", "SUDO_GID", "SUDO_USER", "PKEXEC_UID", "DOAS_USER" };

/* NULL: not set */
static void caller_set(const char *const values[NR_VARIABLES])
{
	for (size_t i = 0; i < NR_VARIABLES; i++) {
		unsetenv(variables[i]);
		if (values && values[i])
			setenv(variables[i], values[i], 1);
	}
}

static void test_user(void **state)
{
	struct child_user u;
	char err[256] = "";

	(void)state;
	caller_set(NULL);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_false(u.change);
	assert_int_equal(u.uid, geteuid());
	assert_int_equal(child_user_find(&u, "no\x1bone", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "there is no user 'no\\x1bone'");
	if (geteuid()) {
		assert_int_equal(child_user_find(&u, "root", err, sizeof(err)), -EPERM);
		assert_non_null(strstr(err, "only root"));
		/* who is not root has nobody else to be */
		setenv("SUDO_UID", "x", 1);
		assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
		assert_false(u.change);
		caller_set(NULL);
	}
}

/* Who called, as the variables say; -1: refused, with a sentence that names what is wrong and the way out. */
static void test_user_of_caller(void **state)
{
	static const struct {
		const char *value[NR_VARIABLES];
		long uid, gid;
		const char *name; /* or what the sentence has */
	} callers[] = {
		{ { "65534", "65534" }, 65534, 65534, "nobody" },
		{ { "65534", "65533" }, 65534, 65533, "nobody" }, /* newgrp */
		{ { "65534", "65534", "nobody" }, 65534, 65534, "nobody" },
		{ { "54321", "54322" }, 54321, 54322, "" },
		{ { "54321", "54322", "gone" }, 54321, 54322, "" },
		{ { "4294967294", "4294967294" }, 4294967294, 4294967294, "" },
		{ { "0", "0" }, 0, 0, "root" },
		{ { "0", "0", "root" }, 0, 0, "root" },
		{ { "0" }, 0, 0, "root" },
		{ { "0x3e8", "1000" }, -1, 0, "SUDO_UID is '0x3e8'" },
		{ { "4294967295", "1000" }, -1, 0, "SUDO_UID is '4294967295'" },
		{ { "4294967296", "0" }, -1, 0, "SUDO_UID is '4294967296'" },
		{ { "99999999999999999999999", "0" }, -1, 0, "SUDO_UID is '9" },
		{ { "", "1000" }, -1, 0, "SUDO_UID is ''" },
		{ { "12x", "1000" }, -1, 0, "SUDO_UID is '12x'" },
		{ { " 12", "1000" }, -1, 0, "SUDO_UID is ' 12'" },
		{ { "12 ", "1000" }, -1, 0, "SUDO_UID is '12 '" },
		{ { "12\n", "1000" }, -1, 0, "SUDO_UID is '12\\x0a'" },
		{ { "+12", "1000" }, -1, 0, "SUDO_UID is '+12'" },
		{ { "-12", "1000" }, -1, 0, "SUDO_UID is '-12'" },
		{ { "012", "1000" }, -1, 0, "SUDO_UID is '012'" },
		{ { "00", "0" }, -1, 0, "SUDO_UID is '00'" },
		{ { "joe\x1b", "1000" }, -1, 0, "SUDO_UID is 'joe\\x1b'" },
		{ { "1000" }, -1, 0, "SUDO_GID is not set" },
		{ { "1000", "" }, -1, 0, "SUDO_GID is ''" },
		{ { "1000", "-1" }, -1, 0, "SUDO_GID is '-1'" },
		{ { "1000", "4294967295" }, -1, 0, "SUDO_GID is '4294967295'" },
		{ { "1000", "1000 " }, -1, 0, "SUDO_GID is '1000 '" },
		{ { "0", "x" }, -1, 0, "SUDO_GID is 'x'" },
		{ { NULL, "1000" }, -1, 0, "SUDO_UID is not set" },
		{ { NULL, NULL, "nobody" }, -1, 0, "SUDO_UID is not set" },
		/* a name that is another's: whose groups would it be? */
		{ { "65534", "65534", "root" }, -1, 0, "SUDO_USER is 'root', and SUDO_UID is 65534" },
		{ { "65534", "65534", "gone" }, -1, 0, "SUDO_USER is 'gone', and SUDO_UID is 65534" },
		{ { "65534", "65534", "" }, -1, 0, "SUDO_USER is '', and SUDO_UID is 65534" },
		{ { "54321", "54322", "nobody" }, -1, 0, "SUDO_USER is 'nobody', and SUDO_UID is 54321" },
		{ { "0", "0", "nobody" }, -1, 0, "SUDO_USER is 'nobody', and SUDO_UID is 0" },
		{ { NULL, NULL, NULL, "65534" }, 65534, 65534, "nobody" },
		{ { NULL, NULL, NULL, "0" }, 0, 0, "root" },
		{ { NULL, NULL, NULL, "54321" }, -1, 0, "PKEXEC_UID is 54321, which has no entry in passwd" },
		{ { NULL, NULL, NULL, "x" }, -1, 0, "PKEXEC_UID is 'x'" },
		{ { NULL, NULL, NULL, NULL, "nobody" }, 65534, 65534, "nobody" },
		{ { NULL, NULL, NULL, NULL, "root" }, 0, 0, "root" },
		{ { NULL, NULL, NULL, NULL, "gone" }, -1, 0, "DOAS_USER is 'gone'" },
		{ { NULL, NULL, NULL, NULL, "" }, -1, 0, "DOAS_USER is ''" },
		/* one in the other, and the environment does not tell which */
		{ { "65534", "65534", NULL, NULL, "nobody" }, 65534, 65534, "nobody" },
		{ { "0", "0", NULL, NULL, "nobody" }, -1, 0, "uid 0 called sudo, and uid 65534 called doas" },
	};

	(void)state;
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
		struct child_user u = {};
		char err[768] = "";
		int ret;

		caller_set(callers[i].value);
		ret = child_user_find(&u, NULL, err, sizeof(err));
		if (callers[i].uid < 0) {
			if (!ret || !strstr(err, callers[i].name) || !strstr(err, "--user"))
				fail_msg("%zu: %d, uid %u, '%s'", i, ret, u.uid, err);
			/* the way out */
			assert_int_equal(child_user_find(&u, "nobody", err, sizeof(err)), 0);
			assert_int_equal(u.uid, 65534);
		} else if (ret || u.change != !!callers[i].uid || u.uid != callers[i].uid ||
			   u.gid != callers[i].gid || strcmp(u.name, callers[i].name)) {
			fail_msg("%zu: %d, change %d, uid %u, gid %u, name '%s', '%s'", i, ret, u.change, u.uid, u.gid,
				 u.name, err);
		}
	}
	caller_set(NULL);
}

/* Only root can be another: the machine that runs all tests has a root. */
static void test_become(void **state)
{
	gid_t before[64], more[] = { 3, 4 };
	struct child_user u;
	char err[256] = "", text[128];
	int nr;

	(void)state;
	if (geteuid())
		skip();
	/* what root has, the user must not get */
	assert_int_equal(getgroups(64, before), nr = getgroups(0, NULL));
	assert_int_equal(setgroups(2, more), 0);
	caller_set((const char *const[NR_VARIABLES]){ "65534", "65534" });
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_string_equal(child_user_format(text, sizeof(text), &u), "nobody");
	expect_output("id -u; id -g; id -G; echo $USER $LOGNAME $HOME; grep -E '^Cap(Prm|Eff)' "
		      "/proc/self/status; echo $SUDO_UID",
		      &u,
		      "65534\n65534\n65534\nnobody nobody /nonexistent\nCapPrm:\t0000000000000000\n"
		      "CapEff:\t0000000000000000\n65534\n");
	/* without a name in passwd: the numbers suffice */
	caller_set((const char *const[NR_VARIABLES]){ "54321", "54322" });
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_string_equal(child_user_format(text, sizeof(text), &u),
			    "uid 54321 (no entry in passwd, so no group but 54322)");
	expect_output("id -u; id -g; id -G", &u, "54321\n54322\n54322\n");
	caller_set(NULL);
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
		cmocka_unit_test(test_left),	     cmocka_unit_test(test_own),
		cmocka_unit_test(test_second_signal), cmocka_unit_test(test_same_signal), cmocka_unit_test(test_nohup),
		cmocka_unit_test(test_user),	     cmocka_unit_test(test_user_of_caller), cmocka_unit_test(test_become),
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

// SPDX-License-Identifier: GPL-2.0-only
/* test_child_signals.c - signals for daxtop, and what another program gets of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check_status.h"
#include "child_fixture.h"
#include "base/clock.h"
#include "base/stop.h"

/* What another process sends is handed on, once. */
static void test_forward(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	char text[64], got[64];
	struct child c;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start_reading(&c,
			      "n=0; trap 'n=$((n + 1)); echo $n' INT TERM HUP QUIT; echo ready; "
			      "while [ $n = 0 ]; do sleep 0.02; done; sleep 0.2; exit 7",
			      &nobody_else, &fd);
		assert_int_equal(read(fd, got, 6), 6);
		kill(getpid(), signals[i]);
		read_all(fd, got, sizeof(got));
		wait_end(&c);
		child_signals_give_back();
		assert_string_equal(got, "1\n");
		assert_string_equal(child_status_format(text, sizeof(text), c.status),
				    "exited with 7");
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

/*
 * timeout(1) sends twice, to its child and to the group: that is one wish. Somebody else's is
 * another.
 */
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
	assert_int_equal(child_start(&c, (char *[]){ "true", NULL }, &nobody_else, err, sizeof(err)),
			 CHECK_FAILED);
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

/* A shell that runs it in the foreground, and continues it when stopped. Returns its status. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward),	      cmocka_unit_test(test_forward_end),
		cmocka_unit_test(test_second_signal), cmocka_unit_test(test_same_signal),
		cmocka_unit_test(test_nohup),	      cmocka_unit_test(test_terminal_signal),
		cmocka_unit_test(test_terminal),      cmocka_unit_test(test_dispositions),
	};

	child_tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

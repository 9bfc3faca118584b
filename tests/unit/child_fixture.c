// SPDX-License-Identifier: GPL-2.0-only
/* child_fixture.c - starts programs, reads from them, waits for them: for the tests of child.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "child_fixture.h"
#include "base/clock.h"

const struct child_user nobody_else;

void child_tests_begin(void)
{
	struct sigaction ignored;

	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int sig = 1; sig < 32; sig++)
		if (!sigaction(sig, NULL, &ignored) && ignored.sa_handler == SIG_IGN)
			signal(sig, SIG_DFL);
}

void wait_end(struct child *c)
{
	uint64_t until = clock_now() + 20 * SEC;

	while (!c->ended) {
		assert_true(clock_now() < until);
		poll(NULL, 0, 5);
		child_reap(c);
	}
}

void start(struct child *c, char *const *argv)
{
	char err[512] = "";

	if (child_start(c, argv, &nobody_else, err, sizeof(err)))
		fail_msg("%s", err);
	assert_true(c->pid > 0);
}

void start_sh(struct child *c, const char *script)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	start(c, argv);
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

void start_reading(struct child *c, const char *script, const struct child_user *u, int *fd)
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

void read_all(int fd, char *out, size_t len)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < len &&
	       ((got = read(fd, out + n, len - 1 - n)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? got : 0;
	out[n] = '\0';
	close(fd);
}

void read_line(int fd, char *out, size_t len)
{
	ssize_t got;

	while ((got = read(fd, out, len - 1)) < 0 && errno == EINTR)
		;
	assert_true(got > 0);
	out[got] = '\0';
}

void expect_output(const char *script, const struct child_user *u, const char *want)
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

// SPDX-License-Identifier: GPL-2.0-only
/* apart.c - calls that a filesystem can make endless, in a process that can be abandoned */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/apart.h"

#define ANSWER_MAX 2048

struct answer {
	int rc;
	char out[ANSWER_MAX];
};

int apart_fork(void)
{
	int subreaper = 0, status;
	pid_t pid;

	/* orphans would come to us, if who executed us wanted that for itself */
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	if (subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	pid = fork();
	if (!pid) {
		pid = fork();
		if (pid)
			_exit(pid < 0);
		return 0;
	}
	status = pid < 0 ? -errno : 0;
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	return pid < 0 ? status : status ? -EAGAIN : 1;
}

/* What hangs must not keep open what daxtop's end closes: its links, a reader's pipe. */
static void close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 0)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

static __attribute__((noreturn)) void run(apart_fn *fn, void *arg, size_t len, int fd, int to, int ms)
{
	struct answer a = {};
	sigset_t none;

	close_others(fd, to);
	/* nobody kills it: its number may be another's by then */
	sigemptyset(&none);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(ms / 1000 + 1);
	a.rc = fn(arg, a.out);
	/* at most PIPE_BUF, so all of it or nothing: pipe(7) */
	_exit(write(to, &a, offsetof(struct answer, out) + len) < 0);
}

static int answer_await(int from, struct answer *a, size_t len, int ms)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int rc = poll(&p, 1, ms);
	ssize_t n;

	if (rc <= 0)
		return rc ? -errno : -ETIMEDOUT;
	n = read(from, a, offsetof(struct answer, out) + len);
	if (n < 0)
		return -errno;
	/* it has ended without one */
	return (size_t)n == offsetof(struct answer, out) + len ? 0 : -EIO;
}

int apart_call(apart_fn *fn, void *arg, void *out, size_t len, int fd, int ms)
{
	struct answer a;
	int ends[2], rc;

	if (len > sizeof(a.out))
		return -EINVAL;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	rc = apart_fork();
	if (!rc)
		run(fn, arg, len, fd, ends[1], ms);
	close(ends[1]);
	rc = rc < 0 ? rc : answer_await(ends[0], &a, len, ms);
	close(ends[0]);
	if (rc)
		return rc;
	memcpy(out, a.out, len);
	return a.rc;
}

static int statx_do(void *arg, void *out)
{
	/* as stat(): nothing is mounted for it */
	return statx(AT_FDCWD, arg, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, out)
		       ? -errno
		       : 0;
}

int apart_statx(const char *path, struct statx *st)
{
	return apart_call(statx_do, (void *)path, st, sizeof(*st), -1, APART_MS);
}

const char *apart_sentence(int rc)
{
	return rc == -ETIMEDOUT
		       ? "its filesystem does not answer (its server may be down, or the directory locked by a hung "
			 "task)"
		       : strerror(-rc);
}

// SPDX-License-Identifier: GPL-2.0-only
/* child.c - processes of a job, and what they do to a mapping while others change it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../wchan.h"
#include "honest.h"

pid_t child_fork(void)
{
	pid_t parent = getpid(), pid;
	uint64_t seed = ((uint64_t)rnd(1u << 30) << 30) + rnd(1u << 30);

	pid = fork();
	must(pid);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	rnd_seed(seed);
	return 0;
}

void child_wait(pid_t pid, bool killed)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		may(-1, EINTR);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	if (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	if (WIFSIGNALED(status))
		job_fail("a child process was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	_exit(1); /* it has said why */
}

void child_kill(pid_t pid)
{
	must(kill(pid, SIGKILL));
	child_wait(pid, true);
}

void child_end_any(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0)
		may(-1, EINTR);
}

/* Where a task waits for a busy page; before 6.15 each filesystem sleeps itself. */
static const char layout_waits[] = "dax_break_layout_final|ext4_wait_dax_page|xfs_wait_dax_page|"
				   "ext4_break_layouts|xfs_break_dax_layouts|xfs_break_layouts";

void child_wait_for_pipe(pid_t pid, const int ends[2])
{
	char text[128], sink[4 * SZ_4K];
	ssize_t n;

	while (!wchan_is(pid, layout_waits, text, sizeof(text))) {
		siginfo_t ended = {};

		must(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT));
		if (ended.si_pid) {
			child_wait(pid, false);
			job_fail("the blocks of pages in a pipe were freed, and nobody waited");
		}
		pause_us(500);
	}
	must(close(ends[1]));
	do {
		n = must(read(ends[0], sink, sizeof(sink)));
	} while (n);
	must(close(ends[0]));
	child_wait(pid, false);
}

bool child_exec(const char *const argv[], char *out, size_t len)
{
	size_t n = 0;
	int ends[2], status = 0;
	ssize_t got;
	char spare[512];
	pid_t pid;

	must(pipe2(ends, O_CLOEXEC));
	pid = child_fork();
	if (!pid) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execvp(argv[0], (char *const *)argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	if (!out) {
		out = spare;
		len = sizeof(spare);
	}
	while ((got = read(ends[0], out + n, len - 1 - n)) > 0) {
		n += (size_t)got;
		/* What is too much is thrown away, but read. */
		if (n == len - 1)
			n = len / 2;
	}
	out[n] = 0;
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		may(-1, EINTR);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

int disk_open(void)
{
	int fd = open(disks[rnd(nr_disks)], O_RDWR | O_DIRECT | O_CLOEXEC);

	must(fd);
	return fd;
}

void direct_once(char *p, size_t len, bool to_disk)
{
	off_t at = (off_t)(rnd(1024) * SZ_4K);
	int fd = disk_open();

	if (to_disk)
		may(pwrite(fd, p, len, at), PIN_FAILS, EINTR);
	else
		may(pread(fd, p, len, at), PIN_FAILS, EINTR);
	close(fd);
}

/* Into a pipe and out of it; nothing else is done while the pipe holds the pages. */
static void splice_once(const struct span *s, int ends[2])
{
	char *p = span_at(s, 2 * SZ_4K);
	struct iovec v[2] = { { p, SZ_4K }, { p + SZ_4K + 100, 1000 } };
	char sink[2 * SZ_4K];
	long n = may(vmsplice(ends[1], v, 2, SPLICE_F_NONBLOCK), PIN_FAILS, EAGAIN);

	while (n > 0) {
		long got = may(read(ends[0], sink, sizeof(sink)), EINTR);

		n -= got > 0 ? got : 0;
	}
}

static void copy_once(const struct span *s, int ends[2])
{
	size_t len = 1 + rnd(3000);
	long n = may(write(ends[1], span_at(s, SZ_4K) + rnd(1000), len), EFAULT);

	while (n > 0) {
		long got = may(read(ends[0], span_at(s, SZ_4K) + rnd(1000), (size_t)n), EFAULT);

		if (got > 0) {
			n -= got;
		} else {
			/* The page it should go to is gone: elsewhere then. */
			char sink[4096];

			n -= must(read(ends[0], sink, (size_t)n));
		}
	}
}

void hammer(const struct span *s, unsigned int what)
{
	int ends[2];

	must(pipe2(ends, O_CLOEXEC));
	while (job_on()) {
		unsigned int todo = 1u << rnd(5);

		switch (todo & what) {
		case DO_TOUCH:
			span_touch(s, 8);
			break;
		case DO_DIRECT: {
			size_t len =
				(1 + rnd(s->len < 8 * SZ_4K ? (unsigned int)(s->len / SZ_4K) : 8)) *
				SZ_4K;

			direct_once(span_at(s, len), len, !one_in(3));
			break;
		}
		case DO_SPLICE:
			if (s->len >= 2 * SZ_4K)
				splice_once(s, ends);
			break;
		case DO_COPY:
			copy_once(s, ends);
			break;
		case DO_ADVISE:
			must(madvise(span_at(s, SZ_4K), SZ_4K, MADV_DONTNEED));
			break;
		}
	}
	close(ends[0]);
	close(ends[1]);
}

pid_t hammer_fork(const struct span *s, unsigned int what)
{
	pid_t pid = child_fork();

	if (!pid) {
		hammer(s, what);
		_exit(0);
	}
	return pid;
}

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
	_Alignas(uint64_t) char out[ANSWER_MAX]; /* any struct */
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

/* fs/libfs.c, generic_encode_ino32_fh(); fs/xfs/xfs_export.c, xfs_fs_encode_fh(); fs/fuse/inode.c, fuse_encode_fh() */
#define INO32_GEN 0x01
#define INO64_GEN 0x81

static void generation_ask(int fd, struct apart_inode *out)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .h.handle_bytes = MAX_HANDLE_SZ };
	size_t at;
	int mount;

	if (name_to_handle_at(fd, "", &u.h, &mount, AT_EMPTY_PATH))
		return;
	if (u.h.handle_type == INO32_GEN)
		at = sizeof(uint32_t);
	else if (u.h.handle_type == INO64_GEN)
		at = sizeof(uint64_t);
	else
		return;
	if (u.h.handle_bytes < at + sizeof(out->gen))
		return;
	memcpy(&out->gen, u.h.f_handle + at, sizeof(out->gen));
	out->gen_known = true;
}

static int inode_do(void *arg, void *to)
{
	struct apart_inode *out = to;
	/* no open of what is there: a device's does something */
	int fd = open(arg, O_PATH | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &out->st))
		rc = -errno;
	else
		generation_ask(fd, out);
	close(fd);
	return rc;
}

int apart_inode(const char *path, struct apart_inode *out)
{
	return apart_call(inode_do, (void *)path, out, sizeof(*out), -1, APART_MS);
}

const char *apart_sentence(int rc)
{
	return rc == -ETIMEDOUT
		       ? "its filesystem does not answer (its server may be down, or the directory locked by a hung "
			 "task)"
		       : strerror(-rc);
}

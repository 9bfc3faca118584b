// SPDX-License-Identifier: GPL-2.0-only
/* layout.c - blocks go and come while others use the memory that they are. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

/* One to three processes that use the mapping meanwhile, each in its way. */
static unsigned int hammers_start(const struct span *s, pid_t *pids)
{
	unsigned int n = 1 + rnd(3), i;

	for (i = 0; i < n; i++)
		pids[i] = hammer_fork(s, one_in(2) ? DO_ALL : DO_TOUCH | DO_DIRECT);
	return n;
}

static void hammers_end(const pid_t *pids, unsigned int n)
{
	while (n--)
		child_wait(pids[n], false);
}

static void pool_map(struct span *s)
{
	span_pool(s, one_in(3) ? 1024 : 16 + rnd(64));
	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
}

static void run_truncate(void)
{
	struct span s;
	pid_t pids[3];
	unsigned int n;

	pool_map(&s);
	n = hammers_start(&s, pids);
	while (job_on()) {
		/* Down to somewhere in the middle of it, not always to a page's end. */
		may(ftruncate(s.fd, s.off + (off_t)rnd((unsigned int)s.len)), EINTR);
		pause_rnd(3000);
		pool_refill(s.fd);
		pause_rnd(3000);
		job_did();
	}
	hammers_end(pids, n);
	span_end(&s);
}

static off_t some_part(const struct span *s, off_t *len)
{
	off_t pages = (off_t)(s->len / SZ_4K), from = rnd((unsigned int)pages);

	*len = (1 + rnd((unsigned int)(pages - from))) * (off_t)SZ_4K;
	if (s->len >= SZ_2M && one_in(3)) {
		*len = SZ_2M;
		return s->off;
	}
	return s->off + from * (off_t)SZ_4K;
}

static void run_punch(void)
{
	struct span s;
	pid_t pids[3];
	unsigned int n;

	pool_map(&s);
	n = hammers_start(&s, pids);
	while (job_on()) {
		off_t len, from = some_part(&s, &len);

		if (one_in(4))
			len -= rnd(SZ_4K - 1); /* the last page is zeroed in part */
		may(fallocate(s.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, len), EINTR);
		pause_rnd(3000);
		if (one_in(2))
			may(fallocate(s.fd, 0, from, len), ENOSPC, EINTR);
		job_did();
	}
	hammers_end(pids, n);
	span_end(&s);
}

static void run_range(void)
{
	static const int modes[] = {
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE,
		FALLOC_FL_INSERT_RANGE,
	};
	struct span s;
	pid_t pids[3];
	unsigned int n;

	pool_map(&s);
	n = hammers_start(&s, pids);
	while (job_on()) {
		off_t len, from = some_part(&s, &len);

		/* EINVAL: collapse up to the file's end, insert behind it. */
		may(fallocate(s.fd, modes[rnd(4)], from, len), EINVAL, ENOSPC, EINTR, EFBIG);
		pause_rnd(2000);
		if (one_in(4))
			pool_refill(s.fd);
		job_did();
	}
	pool_refill(s.fd);
	hammers_end(pids, n);
	span_end(&s);
}

/* The last name goes while the file is mapped, and while its pages are used. */
static void run_unlink(void)
{
	while (job_on()) {
		uint64_t end = job.end;
		struct span s;
		pid_t pid;

		span_own(&s, one_in(3) ? SZ_2M : 32 * SZ_4K);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		span_touch(&s, 8);
		/* Not for the whole of our time. */
		job.end = now_ns() + 20000000;
		pid = hammer_fork(&s, DO_ALL);
		job.end = end;
		must(unlink(s.path));
		s.path[0] = 0;
		if (!legacy)
			/* The child's mapping keeps the inode; it is evicted by its exit. */
			span_unmap(&s);
		else
			child_wait(pid, false);
		span_end(&s);
		if (!legacy)
			child_wait(pid, false);
		job_did();
	}
}

static void run_rename(void)
{
	while (job_on()) {
		char other[220], path[200];
		struct span s, t;

		span_own(&s, 16 * SZ_4K);
		span_own(&t, 16 * SZ_4K);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		must(span_map(&t, RW, MAP_SHARED) ? 0 : -1);
		span_touch(&s, 4);
		span_touch(&t, 4);
		file_name(path, sizeof(path), job.place, "renamed");
		snprintf(other, sizeof(other), "%s", path);
		must(rename(s.path, other));
		span_touch(&s, 4);
		/* Over the other one, which is mapped and has no name then. */
		must(rename(other, t.path));
		s.path[0] = 0;
		span_touch(&t, 4);
		direct_once(t.p, SZ_4K, true);
		span_touch(&s, 4);
		span_end(&s);
		span_end(&t);
		job_did();
	}
}

/* Blocks go while a pipe has a page of them: it has to wait. */
static void pinned_piped(void)
{
	struct iovec v;
	struct span s;
	int ends[2];
	pid_t pid;

	span_own(&s, 64 * SZ_4K);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	touch_write(s.p);
	v = (struct iovec){ s.p, SZ_4K };
	must(pipe2(ends, O_CLOEXEC));
	must(vmsplice(ends[1], &v, 1, 0));
	pid = child_fork();
	if (!pid) {
		close(ends[0]);
		close(ends[1]);
		if (one_in(2))
			must(ftruncate(s.fd, 0));
		else
			must(fallocate(s.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				       64 * SZ_4K));
		_exit(0);
	}
	child_wait_for_pipe(pid, ends);
	span_end(&s);
	job_did();
}

/* The pages that a disk reads lose their mapping, then their blocks: it may have to wait. */
static void pinned_direct(void)
{
	struct span s;
	pid_t pid;

	span_own(&s, 64 * SZ_4K);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	span_touch(&s, 30);
	pid = child_fork();
	if (!pid) {
		unsigned int i;

		for (i = 0; i < 3; i++)
			direct_once(s.p + rnd(32) * SZ_4K, 32 * SZ_4K, true);
		_exit(0);
	}
	if (!legacy)
		span_unmap(&s);
	pause_rnd(4000);
	switch (rnd(3)) {
	case 0:
		may(ftruncate(s.fd, 0), EINTR);
		break;
	case 1:
		may(fallocate(s.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 64 * SZ_4K),
		    EINTR);
		break;
	case 2:
		may(fallocate(s.fd, FALLOC_FL_ZERO_RANGE, 0, 64 * SZ_4K), EINTR);
		break;
	}
	child_wait(pid, false);
	span_end(&s);
	job_did();
}

static void run_pinned(void)
{
	pinned_piped();
	while (job_on())
		pinned_direct();
}

const struct kind layout_kinds[] = {
	KIND("truncate", AT_FS, run_truncate),
	KIND("punch", AT_FS, run_punch),
	KIND("range", AT_FS, run_range),
	KIND("unlink", AT_FS, run_unlink),
	KIND("rename", AT_FS, run_rename),
	KIND("pinned", AT_FS, run_pinned),
	KINDS_END,
};

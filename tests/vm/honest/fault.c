// SPDX-License-Identifier: GPL-2.0-only
/* fault.c - page faults of every sort. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

/* Small mappings of the shared files, read, written, read and then written. */
static void run_4k(void)
{
	while (job_on()) {
		struct span s;

		span_pool(&s, 1 + rnd(32));
		must(span_map(&s, one_in(4) ? PROT_READ : RW, MAP_SHARED) ? 0 : -1);
		span_touch(&s, 24); /* a write to what may only be read: SIGSEGV */
		if (one_in(2)) {
			char *p = span_at(&s, SZ_4K);

			touch_read(p);
			touch_write(p);
		}
		span_end(&s);
		job_did();
	}
}

/* 2M pages: touched, split by a partial munmap or zapped in their middle, refaulted. */
static void run_2m(void)
{
	struct span s;

	span_own(&s, 3 * SZ_2M);
	while (job_on()) {
		size_t i;

		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		for (i = 0; i < s.len; i += SZ_2M) {
			if (one_in(2))
				touch_read(s.p + i + rnd(SZ_2M));
			touch_write(s.p + i + rnd(SZ_2M));
		}
		span_touch(&s, 20);
		span_unmap(&s);
		job_did();
	}
	span_end(&s);
}

/* Halves of a huge page go, one after the other; a device of 2M pages refuses that. */
static void run_halves(void)
{
	struct span s;

	span_own(&s, 2 * SZ_2M);
	while (job_on()) {
		size_t cut = (1 + rnd(511)) * SZ_4K;

		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		touch_write(s.p);
		touch_write(s.p + SZ_2M);
		may(munmap(s.p, cut), EINVAL);
		touch_write(s.p + cut);
		touch_read(s.p + SZ_2M + cut);
		may(munmap(s.p + SZ_2M + cut, SZ_2M - cut), EINVAL);
		touch_write(s.p + SZ_2M);
		/* A hole punched by munmap is no error for the munmap of all. */
		span_unmap(&s);
		job_did();
	}
	span_end(&s);
}

/* MAP_PRIVATE: pages of the file until they are written, then ordinary memory. */
static void run_private(void)
{
	while (job_on()) {
		struct span s;
		pid_t pid;

		span_pool(&s, one_in(4) ? 512 : 1 + rnd(16));
		must(span_map(&s, RW, MAP_PRIVATE) ? 0 : -1);
		span_touch(&s, 8);
		pid = child_fork();
		if (!pid) {
			span_touch(&s, 8);
			_exit(0);
		}
		span_touch(&s, 4);
		madvise(s.p, s.len, MADV_DONTNEED);
		span_touch(&s, 4);
		child_wait(pid, false);
		span_end(&s);
		job_did();
	}
}

/* MAP_SYNC: the journal's commit between the two halves of a write fault. */
static void run_sync(void)
{
	while (job_on()) {
		struct span s;

		if (one_in(2)) {
			/* Blocks that are not there yet: the fault has to allocate. */
			span_own(&s, 16 * SZ_4K);
			must(ftruncate(s.fd, 0));
			must(ftruncate(s.fd, 16 * SZ_4K));
		} else {
			span_pool(&s, 16);
		}
		must(span_map(&s, RW, MAP_SHARED_VALIDATE | MAP_SYNC) ? 0 : -1);
		span_touch(&s, 6);
		may(msync(s.p, s.len, MS_SYNC), EIO, ENOMEM);
		if (one_in(3))
			must(fdatasync(s.fd));
		span_touch(&s, 6);
		span_end(&s);
		job_did();
	}
}

/* Faults that the kernel does on its own: MAP_POPULATE, madvise, mlock. */
static void run_populate(void)
{
	while (job_on()) {
		struct span s;

		span_pool(&s, one_in(5) ? 512 : 1 + rnd(24));
		must(span_map(&s, RW, MAP_SHARED | (one_in(2) ? MAP_POPULATE : 0)) ? 0 : -1);
		/* EFAULT: behind the file's end, as is ENOMEM for mlock. */
		may(madvise(s.p, s.len, MADV_POPULATE_READ), EFAULT, EINVAL);
		may(madvise(s.p, s.len, MADV_POPULATE_WRITE), EFAULT, EINVAL, ENOSPC);
		if (one_in(2)) {
			may(mlock(s.p, s.len), ENOMEM, EAGAIN);
			span_touch(&s, 4);
			must(munlock(s.p, s.len));
		}
		span_end(&s);
		job_did();
	}
}

const struct kind fault_kinds[] = {
	KIND("fault-4k", AT_ALL, run_4k),
	KIND("fault-2m", AT_FS | AT_DAX2M, run_2m),
	KIND("halves", AT_FS | AT_DAX2M, run_halves),
	KIND("private", AT_FS, run_private),
	KIND("sync", AT_FS, run_sync),
	KIND("populate", AT_ALL, run_populate),
	KINDS_END,
};

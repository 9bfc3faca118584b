// SPDX-License-Identifier: GPL-2.0-only
/* gup.c - pages that devices and pipes hold: O_DIRECT, AIO, vmsplice. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

static void span_mapped(struct span *s, size_t pages)
{
	span_pool(s, pages);
	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
}

static void run_direct(void)
{
	while (job_on()) {
		struct iovec v[4];
		struct span s;
		size_t i;
		int fd;

		span_mapped(&s, one_in(3) ? 512 : 16);
		if (one_in(2))
			span_touch(&s, 8); /* else the fast path finds nothing to pin */
		direct_once(span_at(&s, 8 * SZ_4K), 8 * SZ_4K, one_in(2));
		direct_once(span_at(&s, SZ_4K), SZ_4K, one_in(2));
		fd = disk_open();
		/* The same page may come twice. */
		for (i = 0; i < 4; i++)
			v[i] = (struct iovec){ span_at(&s, SZ_4K) + rnd(8) * 512, 512 };
		may(pwritev(fd, v, 4, 0), PIN_FAILS, EINVAL);
		may(preadv(fd, v, 4, 0), PIN_FAILS, EINVAL);
		/* The mapping goes and nobody minds. */
		close(fd);
		span_end(&s);
		job_did();
	}
}

#define AIOS 8

static void aio_round(aio_context_t ctx, struct span *s)
{
	struct iocb cbs[AIOS] = {}, *list[AIOS];
	struct io_event events[AIOS];
	long n, i;
	int fd = disk_open();

	for (i = 0; i < AIOS; i++) {
		size_t len = (1 + rnd(4)) * SZ_4K;

		list[i] = &cbs[i];
		cbs[i].aio_lio_opcode = one_in(2) ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
		cbs[i].aio_fildes = (uint32_t)fd;
		cbs[i].aio_buf = (uintptr_t)span_at(s, len);
		cbs[i].aio_nbytes = len;
		cbs[i].aio_offset = (int64_t)(rnd(1000) * SZ_4K);
	}
	/* What can't be pinned ends as an event with EFAULT. */
	n = may(syscall(SYS_io_submit, ctx, (long)AIOS, list), PIN_FAILS, EAGAIN);
	if (n > 0 && !legacy && one_in(2))
		span_unmap(s); /* in the air: nobody maps what is pinned */
	else
		span_touch(s, 4);
	while (n > 0)
		n -= may(syscall(SYS_io_getevents, ctx, 1L, n, events, NULL), EINTR);
	close(fd);
}

static void run_aio(void)
{
	aio_context_t ctx = 0;

	must(syscall(SYS_io_setup, AIOS, &ctx));
	while (job_on()) {
		struct span s;

		span_mapped(&s, one_in(3) ? 512 : 16);
		aio_round(ctx, &s);
		span_end(&s);
		job_did();
	}
	must(syscall(SYS_io_destroy, ctx));
}

/* A process exits with transfers in the air: the kernel waits for them. */
static void run_aio_exit(void)
{
	while (job_on()) {
		pid_t pid = child_fork();

		if (!pid) {
			struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE }, *list = &cb;
			aio_context_t ctx = 0;
			struct span s;

			span_mapped(&s, 16);
			must(syscall(SYS_io_setup, 2, &ctx));
			cb.aio_fildes = (uint32_t)disk_open();
			cb.aio_buf = (uintptr_t)s.p;
			cb.aio_nbytes = 8 * SZ_4K;
			may(syscall(SYS_io_submit, ctx, 1L, &list), PIN_FAILS);
			_exit(0);
		}
		child_wait(pid, false);
		job_did();
	}
}

/* The last name, mapping and descriptor of a file go while a pipe has a page of it: evict waits. */
static void evict_piped(void)
{
	int ends[2];
	pid_t pid;

	must(pipe2(ends, O_CLOEXEC));
	pid = child_fork();
	if (!pid) {
		struct iovec v;
		struct span s;

		span_own(&s, 4 * SZ_4K);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		touch_write(s.p);
		v = (struct iovec){ s.p, SZ_4K };
		must(vmsplice(ends[1], &v, 1, 0));
		close(ends[0]);
		close(ends[1]);
		span_end(&s);
		_exit(0);
	}
	child_wait_for_pipe(pid, ends);
	job_did();
}

/*
 * The same while a disk reads its pages: evict waits if it is there before the disk is done. A
 * legacy kernel's evict waits for nobody, and an AIO is said to be done before its pages are let
 * go of (blkdev_bio_end_io_async(), block/fops.c): there, write(2) reads them.
 */
static void evict_disk(aio_context_t ctx)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE }, *list = &cb;
	int fd = open(disks[nr_disks - 1], O_WRONLY | O_DIRECT | O_CLOEXEC);
	struct io_event event = {};
	struct span s;
	size_t i;

	must(fd);
	span_own(&s, one_in(3) ? SZ_2M : 16 * SZ_4K);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	/* Each written: a hole's zero page is not pinned from DAX. */
	for (i = 0; i < 16; i++)
		touch_write(s.p + i * SZ_4K);
	if (legacy) {
		event.res = must(pwrite(fd, s.p, 16 * SZ_4K, 0));
	} else {
		cb.aio_fildes = (uint32_t)fd;
		cb.aio_buf = (uintptr_t)s.p;
		cb.aio_nbytes = 16 * SZ_4K;
		must(syscall(SYS_io_submit, ctx, 1L, &list));
	}
	span_end(&s);
	while (!legacy && may(syscall(SYS_io_getevents, ctx, 1L, 1L, &event, NULL), EINTR) < 1)
		;
	if ((int64_t)event.res != 16 * (int64_t)SZ_4K)
		job_fail("a transfer of a file's last pages ended with %lld", (long long)event.res);
	close(fd);
	job_did();
}

static void run_evict(void)
{
	aio_context_t ctx = 0;

	must(syscall(SYS_io_setup, 1, &ctx));
	if (!legacy)
		evict_piped();
	while (job_on())
		evict_disk(ctx);
	must(syscall(SYS_io_destroy, ctx));
}

/* Pages in a pipe, which is drained by and by. */
static void run_vmsplice(void)
{
	while (job_on()) {
		char sink[4 * SZ_4K];
		struct iovec v;
		struct span s;
		int ends[2];
		ssize_t n;

		span_mapped(&s, one_in(3) ? 512 : 16);
		must(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
		v = (struct iovec){ span_at(&s, 4 * SZ_4K), 4 * SZ_4K };
		may(vmsplice(ends[1], &v, 1, 0), PIN_FAILS);
		if (!legacy && one_in(2))
			span_unmap(&s); /* the pipe alone has them */
		pause_rnd(2000);
		/* Drained, or closed with them in it. */
		while (!one_in(4)) {
			n = read(ends[0], sink, 1 + rnd(sizeof(sink)));
			if (n <= 0)
				break;
		}
		close(ends[0]);
		close(ends[1]);
		span_end(&s);
		job_did();
	}
}

/* tee and splice: a page that two pipes hold, and one that moves. */
static void run_splice(void)
{
	while (job_on()) {
		int one[2], two[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		struct iovec v;
		struct span s;

		span_mapped(&s, 16);
		must(null);
		must(pipe2(one, O_CLOEXEC | O_NONBLOCK));
		must(pipe2(two, O_CLOEXEC | O_NONBLOCK));
		v = (struct iovec){ span_at(&s, 2 * SZ_4K), 2 * SZ_4K };
		if (may(vmsplice(one[1], &v, 1, 0), PIN_FAILS) > 0) {
			must(tee(one[0], two[1], SZ_4K, 0));
			must(splice(one[0], NULL, null, NULL, SZ_4K, 0));
			must(splice(two[0], NULL, null, NULL, SZ_4K, 0));
		}
		close(one[0]);
		close(one[1]);
		close(two[0]);
		close(two[1]);
		close(null);
		span_end(&s);
		job_did();
	}
}

/* ---- several threads pin the same pages, one of them unmaps others ---- */

struct pinner {
	pthread_t id;
	struct span *s;
	uint64_t seed;
};

static void *pinner_run(void *arg)
{
	struct pinner *t = arg;

	rnd_seed(t->seed);
	while (job_on()) {
		direct_once(t->s->p, (1 + rnd(8)) * SZ_4K, !one_in(3));
		job_did();
	}
	return NULL;
}

static void run_pinners(void)
{
	struct pinner t[3];
	struct span s;
	size_t i;

	span_mapped(&s, 512);
	for (i = 0; i < 3; i++) {
		t[i] = (struct pinner){ .s = &s, .seed = rnd(1u << 30) };
		errno = pthread_create(&t[i].id, NULL, pinner_run, &t[i]);
		must(errno ? -1 : 0);
	}
	while (job_on()) {
		must(madvise(s.p, s.len, MADV_DONTNEED));
		span_touch(&s, 4);
		pause_rnd(1000);
	}
	for (i = 0; i < 3; i++)
		pthread_join(t[i].id, NULL);
	span_end(&s);
}

const struct kind gup_kinds[] = {
	KIND("direct", AT_ALL, run_direct),	KIND("aio", AT_ALL, run_aio),
	KIND("aio-exit", AT_ALL, run_aio_exit), KIND("evict", AT_FS, run_evict),
	KIND("vmsplice", AT_ALL, run_vmsplice), KIND("splice", AT_ALL, run_splice),
	KIND("pinners", AT_ALL, run_pinners),	KINDS_END,
};

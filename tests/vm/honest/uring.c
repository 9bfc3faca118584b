// SPDX-License-Identifier: GPL-2.0-only
/* uring.c - io_uring's fixed buffers: long-term pins, which a filesystem's DAX refuses. */
#include <fcntl.h>
#include <liburing.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

static void negative(int ret, const char *what)
{
	if (ret < 0)
		job_fail("%s: %s", what, strerror(-ret));
}

static void ring_open(struct io_uring *ring)
{
	negative(io_uring_queue_init(8, ring, 0), "io_uring_queue_init");
}

/* Transfers with the fixed buffers, all waited for. */
static void ring_transfer(struct io_uring *ring, const struct iovec *v, unsigned int n)
{
	struct io_uring_cqe *cqe;
	int fd = disk_open();
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

		if (one_in(2))
			io_uring_prep_write_fixed(sqe, fd, v[i].iov_base, SZ_4K, 0, (int)i);
		else
			io_uring_prep_read_fixed(sqe, fd, v[i].iov_base, SZ_4K, 0, (int)i);
	}
	negative(io_uring_submit(ring), "io_uring_submit");
	for (i = 0; i < n; i++) {
		negative(io_uring_wait_cqe(ring, &cqe), "io_uring_wait_cqe");
		negative(cqe->res, "a transfer with a fixed buffer");
		io_uring_cqe_seen(ring, cqe);
	}
	close(fd);
}

static void run_uring(void)
{
	while (job_on()) {
		struct io_uring ring;
		struct iovec v[3];
		struct span s;
		size_t i;
		int ret;

		span_pool(&s, one_in(2) ? 512 : 16);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		if (one_in(2))
			span_touch(&s, 8);
		ring_open(&ring);
		/* They may overlap, and the first may be all of a huge page. */
		v[0] = (struct iovec){ s.p, one_in(3) ? s.len : SZ_4K };
		for (i = 1; i < 3; i++)
			v[i] = (struct iovec){ span_at(&s, 3 * SZ_4K), (1 + rnd(3)) * SZ_4K };
		ret = io_uring_register_buffers(&ring, v, 3);
		negative(ret, "io_uring_register_buffers");
		ring_transfer(&ring, v, 3);
		/* Pinned for long and not mapped: that is what such a pin is for. */
		if (one_in(2))
			span_unmap(&s);
		negative(io_uring_unregister_buffers(&ring), "io_uring_unregister_buffers");
		io_uring_queue_exit(&ring);
		span_end(&s);
		job_did();
	}
}

/*
 * The buffers go with the ring, by a kernel thread, a moment after us. Nobody unbinds
 * this device (device.c), so a moment is nothing.
 */
static void run_uring_exit(void)
{
	while (job_on()) {
		pid_t pid = child_fork();

		if (!pid) {
			struct io_uring ring;
			struct iovec v;
			struct span s;

			span_pool(&s, 512);
			must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
			v = (struct iovec){ s.p, s.len };
			ring_open(&ring);
			negative(io_uring_register_buffers(&ring, &v, 1),
				 "io_uring_register_buffers");
			_exit(0);
		}
		child_wait(pid, false);
		job_did();
	}
}

/* The kernel should refuse it with EOPNOTSUPP; returns what it said, and errno is the same. */
static long register_once(struct span *s)
{
	struct io_uring ring;
	struct iovec v;
	int ret;

	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
	span_touch(s, 4);
	v = (struct iovec){ s->p, SZ_4K };
	ring_open(&ring);
	ret = io_uring_register_buffers(&ring, &v, 1);
	io_uring_queue_exit(&ring);
	if (!ret)
		job_fail("io_uring_register_buffers took DAX memory of a filesystem");
	span_end(s);
	job_did();
	errno = -ret;
	return ret;
}

static void run_uring_refused(void)
{
	struct span s;

	span_own(&s, 4 * SZ_4K);
	may(register_once(&s), EOPNOTSUPP);
	while (job_on()) {
		span_pool(&s, one_in(2) ? 512 : 4);
		/* EFAULT: truncated meanwhile. */
		may(register_once(&s), EOPNOTSUPP, PIN_FAILS);
	}
}

const struct kind uring_kinds[] = {
	KIND("uring", AT_DEV, run_uring),
	KIND("uring-exit", AT_DAX2M, run_uring_exit),
	KIND("uring-refused", AT_FS, run_uring_refused),
	KINDS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/* copy.c - read, write, sendfile and splice with DAX on either side. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

/*
 * A file of ours whose blocks all are written, mapped. Nobody punches holes in it: Linux 7.2 warns
 * when write(2) fills a hole that a fault fills at that moment, see run_write_hole().
 */
static void written_own(struct span *s)
{
	char buf[16 * SZ_4K];

	span_own(s, sizeof(buf));
	memset(buf, 'w', sizeof(buf));
	must(pwrite(s->fd, buf, sizeof(buf), 0));
	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
}

/* read(2) from a file of the pool, and from ours and to it, with memory of the pool. */
static void run_rw_fs(void)
{
	struct span own, s;
	pid_t pid;

	written_own(&own);
	pid = hammer_fork(&own, DO_TOUCH | DO_ADVISE);
	while (job_on()) {
		int fd = pool_open(job.place, rnd(POOL_FILES));
		unsigned int i;

		span_pool(&s, one_in(3) ? 512 : 16);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		for (i = 0; i < 6; i++) {
			size_t len = 1 + rnd(4 * SZ_4K);
			char *p = span_at(&s, 5 * SZ_4K) + rnd(SZ_4K);
			off_t at = rnd((unsigned int)(POOL_SIZE - 4 * SZ_4K));

			if (one_in(2))
				may(pread(fd, p, len, at), EFAULT);
			else if (one_in(3))
				may(pread(own.fd, p, len, at % (off_t)(own.len / 2)), EFAULT);
			else
				may(pwrite(own.fd, p, len, at % (off_t)(own.len / 2)), EFAULT);
		}
		close(fd);
		span_end(&s);
		job_did();
	}
	child_wait(pid, false);
	span_end(&own);
}

static void run_rw_device(void)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	must(fd);
	while (job_on()) {
		struct span s;
		unsigned int i;

		span_pool(&s, one_in(3) ? 512 : 16);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		for (i = 0; i < 6; i++) {
			size_t len = 1 + rnd(4 * SZ_4K);
			char *p = span_at(&s, 5 * SZ_4K) + rnd(SZ_4K);

			if (one_in(2))
				must(write(fd, p, len));
			else
				must(read(fd, p, len));
		}
		span_end(&s);
		job_did();
	}
	close(fd);
}

static void run_rw(void)
{
	if (job.place->fs)
		run_rw_fs();
	else
		run_rw_device();
}

/* Holes: seen by a read (the zero page), filled by write(2), seen again. Nobody else is at it. */
static void run_holes(void)
{
	while (job_on()) {
		struct span s;
		unsigned int i;

		span_own(&s, 32 * SZ_4K);
		must(ftruncate(s.fd, 0));
		must(ftruncate(s.fd, (off_t)s.len));
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		for (i = 0; i < 12; i++) {
			off_t at = rnd(31 * SZ_4K);

			touch_read(s.p + at);
			if (one_in(2))
				touch_write(span_at(&s, SZ_4K));
			must(pwrite(s.fd, "hole", 4, at));
			if (memcmp(s.p + at, "hole", 4))
				job_fail("what was written into a hole is not seen in its mapping");
		}
		span_end(&s);
		job_did();
	}
}

/* From a DAX file to a socket, and to another file. */
static void run_sendfile(void)
{
	char path[200];
	int to;

	file_name(path, sizeof(path), job.place, "sent");
	to = file_new(path, POOL_SIZE);
	while (job_on()) {
		off_t at = rnd(POOL_SIZE / 2);
		char sink[SZ_4K];
		int from, ends[2];
		long n;

		from = pool_open(job.place, rnd(POOL_FILES));
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
		n = may(sendfile(ends[1], from, &at, 8 * SZ_4K), EAGAIN, EINTR);
		while (n > 0) {
			long got = may(read(ends[0], sink, sizeof(sink)), EAGAIN);

			if (got <= 0)
				break;
			n -= got;
		}
		must(lseek(to, (off_t)(rnd(1000) * SZ_4K), SEEK_SET));
		may(sendfile(to, from, &at, 4 * SZ_4K), ENOSPC, EINTR);
		/*
		 * Not from a page's start: XFS would share the blocks, and in the pool there
		 * are pins all the time (see run_clone_pinned() in reflink.c).
		 */
		may(copy_file_range(from, &(off_t){ 1 }, to, &(off_t){ POOL_SIZE / 2 + 1 },
				    4 * SZ_4K, 0),
		    EINVAL, ENOSPC, EINTR);
		close(ends[0]);
		close(ends[1]);
		close(from);
		job_did();
	}
	close(to);
	must(unlink(path));
}

/* A DAX file spliced into a pipe, and the pipe into a DAX file. */
static void run_file_splice(void)
{
	char path[200];
	int to;

	file_name(path, sizeof(path), job.place, "spliced");
	to = file_new(path, POOL_SIZE);
	while (job_on()) {
		int from = pool_open(job.place, rnd(POOL_FILES));
		off_t in = rnd(POOL_SIZE / 2), out = (off_t)(rnd(1000) * SZ_4K);
		int ends[2];
		long n;

		must(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
		n = may(splice(from, &in, ends[1], NULL, 4 * SZ_4K, 0), EAGAIN, EINTR);
		if (n > 0)
			may(splice(ends[0], NULL, to, &out, (size_t)n, 0), ENOSPC, EAGAIN, EINTR);
		close(ends[0]);
		close(ends[1]);
		close(from);
		job_did();
	}
	close(to);
	must(unlink(path));
}

/* ---- not among the honest work: what a stock kernel does wrong; only for --with and --only ---- */

/*
 * Linux 7.2: write(2) has allocated a hole's block (IOMAP_F_NEW) and removes the entry of the zero
 * page, but a fault was there first, with the block itself: its entry goes while it is mapped
 * (invalidate_inode_pages2_range() unmaps afterwards; WARNING in dax_folio_put()).
 */
static void run_write_hole(void)
{
	while (job_on()) {
		struct span s;
		unsigned int i;
		pid_t pid;

		span_own(&s, 512 * SZ_4K);
		must(ftruncate(s.fd, 0));
		must(ftruncate(s.fd, (off_t)s.len));
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		pid = child_fork();
		if (!pid) {
			for (i = 0; i < 512; i++)
				touch_write(s.p + i * SZ_4K);
			_exit(0);
		}
		for (i = 0; i < 512; i++)
			must(pwrite(s.fd, "hole", 4, (off_t)(i * SZ_4K)));
		child_wait(pid, false);
		span_end(&s);
		job_did();
	}
}

const struct kind copy_kinds[] = {
	KIND("rw", AT_ALL, run_rw),
	KIND("holes", AT_FS, run_holes),
	KIND("sendfile", AT_FS, run_sendfile),
	KIND("file-splice", AT_FS, run_file_splice),
	KIND_AS("write-hole", AT_FS, run_write_hole, KIND_OPTION),
	KINDS_END,
};

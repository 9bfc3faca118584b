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

/* read(2) and write(2) between a pool file and memory of another. */
static void run_rw(void)
{
	while (job_on()) {
		struct span s;
		unsigned int i;
		int fd;

		span_pool(&s, one_in(3) ? 512 : 16);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		/* On a filesystem, maybe the file that is mapped. */
		fd = job.place->fs ? pool_open(job.place, rnd(POOL_FILES))
				   : open("/dev/zero", O_RDWR | O_CLOEXEC);
		must(fd);
		for (i = 0; i < 6; i++) {
			size_t len = 1 + rnd(4 * SZ_4K);
			char *p = span_at(&s, 5 * SZ_4K) + rnd(SZ_4K);
			off_t at = rnd((unsigned int)(POOL_SIZE - 4 * SZ_4K));

			if (one_in(2))
				may(pwrite(fd, p, len, at), EFAULT, ENOSPC);
			else
				may(pread(fd, p, len, at), EFAULT);
		}
		close(fd);
		span_end(&s);
		job_did();
	}
}

/* From a DAX file to a socket, and to another file. */
static void run_sendfile(void)
{
	while (job_on()) {
		off_t at = rnd(POOL_SIZE / 2);
		int from, to, ends[2];
		char sink[SZ_4K];
		long n;

		from = pool_open(job.place, rnd(POOL_FILES));
		to = pool_open(job.place, rnd(POOL_FILES));
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
		may(copy_file_range(from, &(off_t){ 1 }, to, &(off_t){ POOL_SIZE / 2 + 1 }, 4 * SZ_4K, 0),
		    EINVAL, ENOSPC, EINTR);
		close(ends[0]);
		close(ends[1]);
		close(from);
		close(to);
		job_did();
	}
}

/* A DAX file spliced into a pipe, and the pipe into a DAX file. */
static void run_file_splice(void)
{
	while (job_on()) {
		int from = pool_open(job.place, rnd(POOL_FILES));
		int to = pool_open(job.place, rnd(POOL_FILES));
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
		close(to);
		job_did();
	}
}

const struct kind copy_kinds[] = {
	KIND("rw", AT_ALL, run_rw),
	KIND("sendfile", AT_FS, run_sendfile),
	KIND("file-splice", AT_FS, run_file_splice),
	KINDS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/* reflink.c - XFS: blocks that two files share, and writes that part them. */
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)
/*
 * Small files only. Linux (6.12, seldom 7.2) lets a 4K fault replace an entry of 2M that is shared
 * but was counted as 512 pages: WARNING in dax_folio_put(), BUG in clear_inode(). "We will just leave
 * the PMD in the tree", dax_insert_entry() says, and does not when it is shared. See run_clone_huge().
 */
#define SIZE (32 * SZ_4K)

/* A file with blocks that have been written: unwritten ones are not shared. */
static void file_written(struct span *s, size_t len)
{
	char buf[16 * SZ_4K];
	size_t done;

	span_own(s, len);
	memset(buf, 'r', sizeof(buf));
	for (done = 0; done < len; done += sizeof(buf))
		must(pwrite(s->fd, buf, sizeof(buf), (off_t)done));
	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
}

static void both_touch(struct span *a, struct span *b, unsigned int times)
{
	while (times--) {
		touch_read(span_at(a, SZ_4K));
		touch_read(span_at(b, SZ_4K));
		if (one_in(3))
			touch_write(span_at(one_in(2) ? a : b, SZ_4K));
	}
}

/* FICLONE: all of it; reads by both, writes by both, pins, removals in any order. */
static void run_clone(void)
{
	while (job_on()) {
		struct span a, b;

		file_written(&a, SIZE);
		span_own(&b, SIZE);
		must(span_map(&b, RW, MAP_SHARED) ? 0 : -1);
		if (one_in(2))
			span_touch(&a, 8); /* dirty, and mapped already */
		must(ioctl(b.fd, FICLONE, a.fd));
		both_touch(&a, &b, 12);
		/*
		 * Linux 6.12 takes a shared DAX page for an anonymous one
		 * (PAGE_MAPPING_DAX_SHARED has the bit PAGE_MAPPING_ANON), and to pin one
		 * for reading goes round for ever (gup_must_unshare()).
		 */
		direct_once(span_at(&a, 4 * SZ_4K), 4 * SZ_4K, !legacy);
		direct_once(span_at(&b, 4 * SZ_4K), 4 * SZ_4K, !legacy);
		/* And back again, over what was parted. */
		if (one_in(2))
			must(ioctl(a.fd, FICLONE, b.fd));
		both_touch(&a, &b, 6);
		if (one_in(2)) {
			span_end(&a);
			span_touch(&b, 4);
			span_end(&b);
		} else {
			span_end(&b);
			span_touch(&a, 4);
			span_end(&a);
		}
		job_did();
	}
}

/* FICLONERANGE within one file and between two, with others at work on both. */
static void run_clone_range(void)
{
	while (job_on()) {
		uint64_t end = job.end;
		struct span a, b;
		unsigned int i;
		pid_t pids[2];

		file_written(&a, 64 * SZ_4K);
		file_written(&b, 64 * SZ_4K);
		job.end = now_ns() + 30000000;
		pids[0] = hammer_fork(&a, legacy ? DO_TOUCH : DO_TOUCH | DO_DIRECT);
		pids[1] = hammer_fork(&b, DO_TOUCH | DO_SPLICE | DO_ADVISE);
		job.end = end;
		for (i = 0; i < 6; i++) {
			struct file_clone_range r = {
				.src_fd = one_in(2) ? a.fd : b.fd,
				.src_offset = rnd(32) * SZ_4K,
				.src_length = (1 + rnd(16)) * SZ_4K,
				.dest_offset = (48 + rnd(8)) * SZ_4K,
			};

			may(ioctl(b.fd, FICLONERANGE, &r), EINVAL, EINTR);
		}
		child_wait(pids[0], false);
		child_wait(pids[1], false);
		span_end(&b);
		span_end(&a);
		job_did();
	}
}

/* Equal bytes of two files become the same blocks. */
static void run_dedupe(void)
{
	struct file_dedupe_range *r = calloc(1, sizeof(*r) + sizeof(r->info[0]));

	must(r ? 0 : -1);
	while (job_on()) {
		struct span a, b;

		file_written(&a, SIZE);
		file_written(&b, SIZE);
		if (one_in(2))
			span_touch(&a, 2); /* unequal, mostly */
		touch_read(b.p);
		*r = (struct file_dedupe_range){ .src_length = 8 * SZ_4K, .dest_count = 1 };
		r->info[0].dest_fd = b.fd;
		r->info[0].dest_offset = 0;
		must(ioctl(a.fd, FIDEDUPERANGE, r));
		if (r->info[0].status < 0) {
			errno = -r->info[0].status;
			may(-1, EINVAL);
		}
		both_touch(&a, &b, 10);
		span_end(&a);
		both_touch(&b, &b, 4);
		span_end(&b);
		job_did();
	}
	free(r);
}

/* Three owners, private mappings of one, and a truncate of another. */
static void run_owners(void)
{
	while (job_on()) {
		struct span a, b, c;

		file_written(&a, 16 * SZ_4K);
		span_own(&b, 16 * SZ_4K);
		span_own(&c, 16 * SZ_4K);
		must(ioctl(b.fd, FICLONE, a.fd));
		must(ioctl(c.fd, FICLONE, b.fd));
		must(span_map(&b, RW, MAP_PRIVATE) ? 0 : -1);
		must(span_map(&c, RW, MAP_SHARED) ? 0 : -1);
		both_touch(&a, &b, 8);
		both_touch(&b, &c, 8);
		may(ftruncate(a.fd, (off_t)(rnd(16) * SZ_4K)), EINTR);
		both_touch(&b, &c, 8);
		may(fallocate(c.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * SZ_4K), EINTR);
		may(fallocate(b.fd, FALLOC_FL_UNSHARE_RANGE, 0, 8 * SZ_4K), EINVAL, EOPNOTSUPP,
		    EINTR);
		both_touch(&c, &b, 8);
		span_end(&c);
		span_end(&a);
		span_end(&b);
		job_did();
	}
}

/* ---- not among the honest work: what stock kernels do wrong; only for --with and --only ---- */

/*
 * Linux 7.2: a fault on a shared block replaces the entry, though the page is pinned, and
 * waits for nobody (dax_insert_entry(), dax_disassociate_entry(); WARNING in dax_folio_put()).
 * From then on nobody finds the pin when the other owner frees the block.
 */
static void run_clone_pinned(void)
{
	while (job_on()) {
		struct span a, b;
		pid_t pid;

		file_written(&a, 64 * SZ_4K);
		span_own(&b, 64 * SZ_4K);
		must(ioctl(b.fd, FICLONE, a.fd));
		pid = child_fork();
		if (!pid) {
			unsigned int i;

			for (i = 0; i < 4; i++)
				direct_once(a.p, 64 * SZ_4K, true);
			_exit(0);
		}
		pause_rnd(10000);
		span_touch(&a, 30);
		child_wait(pid, false);
		span_end(&a);
		span_end(&b);
		job_did();
	}
}

/* See SIZE: a huge entry, of which a few pages become shared, and a 4K fault among them. */
static void run_clone_huge(void)
{
	while (job_on()) {
		struct file_clone_range r = { .src_length = 8 * SZ_4K };
		struct span a, b;

		file_written(&a, SZ_2M);
		span_own(&b, SZ_2M);
		touch_write(a.p);
		r.src_fd = a.fd;
		must(ioctl(b.fd, FICLONERANGE, &r));
		must(madvise(a.p, SZ_2M, MADV_DONTNEED));
		touch_read(a.p);
		span_end(&b);
		span_end(&a);
		job_did();
	}
}

const struct kind reflink_kinds[] = {
	KIND("clone", AT_XFS, run_clone),
	KIND("clone-range", AT_XFS, run_clone_range),
	KIND("dedupe", AT_XFS, run_dedupe),
	KIND("owners", AT_XFS, run_owners),
	KIND_AS("clone-pinned", AT_XFS, run_clone_pinned, KIND_OPTION),
	KIND_AS("clone-huge", AT_XFS, run_clone_huge, KIND_OPTION),
	KINDS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.bpf.c - block requests that are not done, and the pages in their bios: direct I/O
 * from or to a mapping of DAX memory.
 *
 * Every disk has an inode in the superblock of block devices; its queue has sets of tags,
 * which hold every request there can be (block/blk-mq.c). One that is in use has a reference.
 */
#include "hold.bpf.h"
#include "xarray.bpf.h"

extern __u64 object_end[DX_ENDS];

/*
 * Bit of bio->bi_flags that says that the bio's pages are pinned by it; user space takes it from
 * BTF, because the enum has no name. BIO_PINNED_NONE: this kernel has none (6.4 and before).
 */
__u32 bio_pinned = BIO_PINNED_NONE;

/* From 6.0 to 6.18 an xarray (queue_hw_ctx was there before, and is again) */
struct request_queue___xa {
	struct xarray hctx_table;
} __attribute__((preserve_access_index));

struct dx_disk disks[DX_DISKS];
__u64 tag_sets[DX_TAGS];

struct dx_disk_walk disk_walk;

static long disk_step(__u64 i, void *arg)
{
	__u64 bdev, disk, queue, openers;
	struct dx_disk *d;

	if (!disk_walk.at || disk_walk.at == disk_walk.end)
		return 1;
	bdev = disk_walk.at - bpf_core_field_offset(struct inode, i_sb_list) -
	       bpf_core_field_offset(struct bdev_inode, vfs_inode) +
	       bpf_core_field_offset(struct bdev_inode, bdev);
	disk_walk.at = field_word(disk_walk.at, struct list_head, next);
	disk = field_word(bdev, struct block_device, bd_disk);
	queue = disk ? field_word(disk, struct gendisk, queue) : 0;
	if (!queue)
		return 0;
	openers = cast(bdev, block_device)->bd_openers.counter;
	/* a partition's stands next to its disk's: mostly enough against doublets */
	d = &disks[(disk_walk.found - 1) & (DX_DISKS - 1)];
	if (disk_walk.found && d->queue == queue) {
		if (openers > d->openers)
			d->openers = openers;
		return 0;
	}
	if (disk_walk.found >= DX_DISKS) {
		disk_walk.cut = 1;
		return 1;
	}
	d = &disks[disk_walk.found & (DX_DISKS - 1)];
	d->queue = queue;
	d->openers = openers;
	bpf_probe_read_kernel(d->name, sizeof(d->name),
			      (void *)field_at(disk, struct gendisk, disk_name));
	disk_walk.found++;
	return 0;
}

SEC("syscall")
int dx_disks(struct dx_disks_args *a)
{
	__builtin_memset(&disk_walk, 0, sizeof(disk_walk));
	disk_walk.end = field_at(a->block, struct super_block, s_inodes);
	disk_walk.at = field_word(disk_walk.end, struct list_head, next);
	bpf_loop(1 << 16, disk_step, NULL, 0);
	a->found = disk_walk.found;
	/* not at the end: there are more, or one went away under the walk */
	a->cut = disk_walk.cut || disk_walk.at != disk_walk.end;
	return 0;
}

static __always_inline void add_tags(__u64 set)
{
	if (!set)
		return;
	if (disk_walk.found >= DX_TAGS) {
		disk_walk.cut = 1;
		return;
	}
	tag_sets[disk_walk.found & (DX_TAGS - 1)] = set;
	disk_walk.found++;
}

static __always_inline void hctx_tags(__u64 hctx)
{
	if (!hctx)
		return;
	add_tags(field_word(hctx, struct blk_mq_hw_ctx, tags));
	/* with an I/O scheduler requests have tags of its own first */
	add_tags(field_word(hctx, struct blk_mq_hw_ctx, sched_tags));
}

static long hctx_step(__u64 i, void *arg)
{
	if (i >= disk_walk.end)
		return 1;
	hctx_tags(word_at(disk_walk.at + i * 8));
	return 0;
}

static long hctx_slot(__u64 i, void *arg)
{
	xa_search_step(&disk_walk.xa);
	if (disk_walk.xa.found) {
		hctx_tags(disk_walk.xa.found);
		disk_walk.xa.found = 0;
		disk_walk.xa.index++;
		/* into the next node only by way of the root */
		disk_walk.xa.node = disk_walk.xa.root;
	}
	return disk_walk.xa.done != 0;
}

SEC("syscall")
int dx_tags(struct dx_tags_args *a)
{
	struct request_queue *q = cast(a->queue, request_queue);

	__builtin_memset(&disk_walk, 0, sizeof(disk_walk));
	if (bpf_core_field_exists(struct request_queue, queue_hw_ctx)) {
		disk_walk.at = field_word(q, struct request_queue, queue_hw_ctx);
		disk_walk.end = q->nr_hw_queues;
		bpf_loop(DX_TAGS, hctx_step, NULL, 0);
		disk_walk.cut |= disk_walk.end > DX_TAGS;
	} else if (bpf_core_field_exists(struct request_queue___xa, hctx_table)) {
		xa_search_begin(&disk_walk.xa,
				word_at(field_at(q, struct request_queue___xa, hctx_table.xa_head)),
				0, -1ULL);
		if (disk_walk.xa.found)
			hctx_tags(disk_walk.xa.found);
		else
			bpf_loop(1 << 14, hctx_slot, NULL, 0);
	}
	a->found = disk_walk.found;
	a->cut = disk_walk.cut;
	return 0;
}

/* ---- whose bio is it? ---- */

#define DIO_IS_SYNC 2 /* block/fops.c */

/* 6.13 and before: the task itself (commit b6f58a3f4aa8, 6.13) */
struct io_kiocb___old {
	struct task_struct *task;
} __attribute__((preserve_access_index));

/* The owner of a kiocb that its submitter does not wait for. */
__noinline int owner_kiocb(__u64 kiocb)
{
	__u64 done = kiocb ? field_word(kiocb, struct kiocb, ki_complete) : 0, tctx;

	if (!done)
		return 0;
	if (done == object_end[DX_END_AIO]) {
		/* struct kiocb is its first member */
		hold.kioctx = field_word(kiocb, struct aio_kiocb, ki_ctx);
	} else if (done == object_end[DX_END_URING] || done == object_end[DX_END_URING_POLL]) {
		/* struct io_rw is in the first member of struct io_kiocb, and begins with it */
		hold.flags |= DX_HELD_URING;
		if (bpf_core_field_exists(struct io_kiocb, tctx)) {
			tctx = field_word(kiocb, struct io_kiocb, tctx);
			if (tctx)
				owner_task(field_word(tctx, struct io_uring_task, task));
		} else if (bpf_core_field_exists(struct io_kiocb___old, task)) {
			owner_task(field_word(kiocb, struct io_kiocb___old, task));
		}
	}
	return 0;
}

/* It waits on its stack: the completion's first waiter. */
static __always_inline void owner_completion(__u64 completion)
{
	__u64 list = completion + bpf_core_field_offset(struct completion, wait.task_list), first;

	first = completion ? field_word(list, struct list_head, next) : 0;
	if (first && first != list)
		owner_task(field_word(first - bpf_core_field_offset(struct swait_queue, task_list),
				      struct swait_queue, task));
}

static __always_inline void owner_blkdev(__u64 dio, bool async)
{
	__u64 who = field_word(dio, struct blkdev_dio, iocb);

	if (!async && cast(dio, blkdev_dio)->flags & DIO_IS_SYNC)
		owner_task(who);
	else
		owner_kiocb(who);
}

static __always_inline void owner_iomap(__u64 dio)
{
	__u64 iocb = field_word(dio, struct iomap_dio, iocb);

	if (iocb && field_word(iocb, struct kiocb, ki_complete))
		owner_kiocb(iocb);
	else
		owner_task(field_word(dio, struct iomap_dio, submit.waiter));
}

/* Returns false when nothing is known of bios with this end. */
__noinline bool bio_owner(__u64 bio)
{
	__u64 end = field_word(bio, struct bio, bi_end_io),
	      private = field_word(bio, struct bio, bi_private);

	if (!end)
		return false;
	if (end == object_end[DX_END_WAIT])
		owner_completion(private);
	else if (end == object_end[DX_END_BLKDEV])
		owner_blkdev(private, false);
	else if (end == object_end[DX_END_BLKDEV_ASYNC])
		owner_blkdev(bio - bpf_core_field_offset(struct blkdev_dio, bio), true);
	else if (end == object_end[DX_END_IOMAP])
		owner_iomap(private);
	else
		return false;
	return true;
}

/* ---- requests ---- */

/* Up to 7.2: the same under another name (include/linux/bvec.h) */
struct bvec_iter___old {
	unsigned int bi_bvec_done;
} __attribute__((preserve_access_index));

/* Bytes of the current vector that are done. */
static __always_inline __u32 iter_done(const struct bvec_iter *iter)
{
	if (bpf_core_field_exists(struct bvec_iter___old, bi_bvec_done))
		return ((const struct bvec_iter___old *)iter)->bi_bvec_done;
	return iter->bi_offset;
}

#define REQ_OP_MASK  0xff
#define REQ_OP_WRITE 1 /* odd ones write (include/linux/blk_types.h) */
#define BIO_SPLITS   8
#define BIO_CHAIN    1024 /* bios of a request */
#define BIO_VECS     256

struct dx_request_walk rq_walk;

static long orig_step(__u64 i, void *arg)
{
	__u64 end = field_word(rq_walk.orig, struct bio, bi_end_io);

	if (!end || end != object_end[DX_END_CHAIN])
		return 1;
	rq_walk.orig = field_word(rq_walk.orig, struct bio, bi_private);
	return !rq_walk.orig;
}

static long vec_step(__u64 i, void *arg)
{
	struct bio_vec *bv;

	if (i >= rq_walk.vcnt)
		return 1;
	bv = cast(rq_walk.vecs + i * bpf_core_type_size(struct bio_vec), bio_vec);
	hold_bytes(field_word(bv, struct bio_vec, bv_page), bv->bv_offset, bv->bv_len, true,
		   rq_walk.each);
	return 0;
}

/* A driver's bio has another one's vectors, and is a part of them by its bi_iter. */
static long part_step(__u64 i, void *arg)
{
	struct bio_vec *bv;
	__u64 len;

	if (!rq_walk.size)
		return 1;
	bv = cast(rq_walk.vecs, bio_vec);
	len = bv->bv_len;
	if (!len)
		return 1;
	len = len > rq_walk.start ? len - rq_walk.start : 0;
	if (len > rq_walk.size)
		len = rq_walk.size;
	hold_bytes(field_word(bv, struct bio_vec, bv_page), bv->bv_offset + rq_walk.start, len,
		   true, 0);
	rq_walk.vecs += bpf_core_type_size(struct bio_vec);
	rq_walk.size -= len;
	rq_walk.start = 0;
	return 0;
}

/*
 * A bio's pages, and who is behind it. The whole of it: when it was split, or is done in
 * part, the references of all its pages are still there.
 */
static long bio_step(__u64 i, void *arg)
{
	struct bvec_iter *iter;
	struct bio *bio;

	if (!rq_walk.next)
		return 1;
	rq_walk.bio = rq_walk.orig = rq_walk.next;
	rq_walk.next = field_word(rq_walk.bio, struct bio, bi_next);
	bpf_loop(BIO_SPLITS, orig_step, NULL, 0);
	if (!rq_walk.orig)
		return 0;
	hold.object = rq_walk.orig;
	hold.tgid = hold.pid = 0;
	hold.kioctx = 0;
	hold.flags &= DX_HELD_WRITE;
	__builtin_memset(hold.comm, 0, sizeof(hold.comm));
	bio = cast(rq_walk.orig, bio);
	rq_walk.vecs = field_word(bio, struct bio, bi_io_vec);
	if (!rq_walk.vecs)
		return 0;
	rq_walk.vcnt = bio->bi_vcnt;
	/* io_uring's registered buffers are pinned by the ring, not by the bio */
	rq_walk.each = bio_pinned < BIO_PINNED_NONE && bio->bi_flags >> bio_pinned & 1;
	if (!bio_owner(rq_walk.orig)) {
		hold.flags |= DX_HELD_FOREIGN;
	} else if (rq_walk.vcnt) {
		if (rq_walk.each)
			hold.flags |= DX_HELD_PIN;
		bpf_loop(BIO_VECS, vec_step, NULL, 0);
		return 0;
	}
	/* vectors that are not its own */
	iter = cast(field_at(rq_walk.bio, struct bio, bi_iter), bvec_iter);
	rq_walk.vecs = field_word(rq_walk.bio, struct bio, bi_io_vec) +
		       iter->bi_idx * bpf_core_type_size(struct bio_vec);
	rq_walk.start = iter_done(iter);
	rq_walk.size = iter->bi_size;
	bpf_loop(BIO_VECS, part_step, NULL, 0);
	return 0;
}

static long rq_step(__u64 i, void *arg)
{
	struct request *rq;
	__u64 addr, first;
	__u32 found;

	if (rq_walk.tag >= rq_walk.nr || hold.found > DX_HELD_MAX / 2)
		return 1;
	addr = word_at(rq_walk.at + rq_walk.tag * 8ULL);
	rq_walk.tag++;
	if (!addr)
		return 0;
	rq = cast(addr, request);
	if (rq->ref.counter <= 0)
		return 0;
	rq_walk.next = field_word(addr, struct request, bio);
	hold.queue = field_word(addr, struct request, q);
	hold.flags = rq->cmd_flags & REQ_OP_MASK & REQ_OP_WRITE ? DX_HELD_WRITE : 0;
	hold.since = rq->start_time_ns ? rq->start_time_ns : rq->io_start_time_ns;
	hold.index = rq_walk.tag;
	first = rq_walk.next;
	found = hold.found;
	if (rq_walk.next)
		bpf_loop(BIO_CHAIN, bio_step, NULL, 0);
	if (rq_walk.next)
		hold.cut = 1;
	/* blk_update_request() goes on to the next bio before it ends one, which is freed then */
	if (rq->ref.counter <= 0 || field_word(addr, struct request, bio) != first)
		hold.found = found;
	return 0;
}

SEC("syscall")
int dx_requests(struct dx_requests_args *a)
{
	struct blk_mq_tags *t = cast(a->tags, blk_mq_tags);

	hold_begin(0);
	rq_walk.at = field_word(a->tags, struct blk_mq_tags, static_rqs);
	rq_walk.nr = t->nr_tags;
	rq_walk.tag = a->next;
	a->next = 0;
	if (rq_walk.at)
		bpf_loop(1 << 16, rq_step, NULL, 0);
	if (rq_walk.at && rq_walk.tag < rq_walk.nr && rq_walk.nr < 1 << 16)
		a->next = rq_walk.tag;
	a->found = hold.found;
	a->cut = hold.cut;
	return 0;
}

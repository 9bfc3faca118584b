/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_OBJECT_H
#define DAXTOP_LOOK_OBJECT_H
/*
 * look_object.h - kernel objects that can hold pages, and the pages found in them.
 * Both sides include it.
 */
#include "event.h"
#include "holder.h"
#include "scan.h"

/* Kinds of files and other objects of a process. */
enum dx_object_kind {
#define OBJECT_CONSTANT(kind, ...) DX_OBJECT_##kind,
	OBJECTS(OBJECT_CONSTANT, OBJECT_CONSTANT)
#undef OBJECT_CONSTANT
		DX_OBJECTS
};

/* struct file_operations that tell the kind of a file. */
enum dx_object_ops {
#define OPS_CONSTANT(constant, ...) DX_OPS_##constant,
	OBJECT_FILES(OPS_CONSTANT)
#undef OPS_CONSTANT
		DX_OBJECT_OPS
};

/* Functions that end a bio or a request, by which its owner is known. */
enum dx_end {
	DX_END_WAIT, /* submit_bio_wait(): bi_private is a completion */
	DX_END_BLKDEV, /* bi_private is a struct blkdev_dio */
	DX_END_BLKDEV_ASYNC, /* the bio is in one */
	DX_END_IOMAP, /* bi_private is a struct iomap_dio */
	DX_END_CHAIN, /* bi_private is the bio that it was split from */
	DX_END_URING, /* a kiocb's: it is io_uring's */
	DX_END_URING_POLL,
	DX_END_AIO, /* a kiocb's: it is AIO's */
	DX_ENDS
};

struct dx_object_init {
	/* the globals object_ops and object_end: addresses; 0: not there, or its module is not loaded */
	__dx_u64 ops[DX_OBJECT_OPS];
	__dx_u64 end[DX_ENDS];
	__dx_u64 block; /* out: the superblock of block devices */
	__dx_u64 nr_cpus; /* in: possible ones */
};

/* What the iterators write. */
struct dx_object {
	__dx_u64 private; /* file->private_data, or the object itself */
	__dx_u64 file; /* struct file, 0: found without */
	__dx_u64 task; /* struct task_struct that it was found by, without a file */
	__dx_u64 ino;
	__dx_u32 kind; /* enum dx_object_kind; DX_OBJECTS: none, the task @pid has more files, from @fd on */
	__dx_u32 ops; /* enum dx_object_ops, with a file */
	__dx_u32 tgid, pid;
	__dx_s32 fd; /* -1: none */
	__dx_u32 rdev; /* DX_OBJECT_DAX: kernel dev_t */
	/* DX_OBJECT_AIO: requests under way; _URING: fixed files; _SOCKET: packets in a unix socket's queue */
	__dx_u64 count;
	__dx_u32 where; /* enum dx_where */
	__dx_s32 in_fd; /* the socket's or ring's that it is in */
	char comm[DX_COMM_LEN];
};

/* Where an object was found. */
enum dx_where {
	DX_IN_FILES, /* a descriptor, or the ring of a task */
	DX_IN_SOCKET, /* in flight: SCM_RIGHTS that nobody has received */
	DX_IN_RING, /* a fixed file of a ring */
	DX_IN_MM, /* mapped, and no descriptor leads to it */
	DX_IN_WORK, /* a kernel thread takes it down, and waits for its requests */
	DX_WHERES
};

#define DX_INSIDE 256 /* places in the global inside; a power of two */

/* Files that are in a socket or ring, which is given as struct dx_object has it. In the global inside. */
struct dx_inside_args {
	__dx_u64 private, file, task, ino; /* in */
	__dx_u32 ops, kind; /* in */
	__dx_u32 found, gone, cut, pad; /* out */
};

/*
 * Pages of one object, one behind the other. In a large folio refs is what the object has of
 * the folio, and a piece does not cross into the next one; else it is of each page.
 */
struct dx_held {
	__dx_u64 pfn, nr;
	__dx_u64 object; /* kernel address of what holds the reference: imu, skb_shared_info, bio, pipe */
	__dx_u64 head; /* pfn of the large folio; 0: a page each */
	__dx_u64 addr; /* user address of the first page, 0: not known */
	__dx_u64 since; /* ns, CLOCK_MONOTONIC; 0: not known */
	__dx_u64 kioctx; /* of the AIO request that it is for; 0: none */
	__dx_u64 queue; /* a request's; 0: it is none */
	__dx_u32 refs;
	__dx_u32 index; /* number of the registered buffer, of the request's tag, of the socket's queue */
	__dx_u32 tgid, pid; /* a request's owner; 0: not known */
	__dx_u32 flags; /* DX_HELD_* */
	__dx_u32 pad;
	char comm[DX_COMM_LEN];
};
#define DX_HELD_PIN   1
#define DX_HELD_WRITE 2 /* a request that writes to its device */
#define DX_HELD_URING 4 /* a request of io_uring's */
#define DX_HELD_FOREIGN \
	8 /* a request whose bio is a driver's: the references are somebody else's */

#define DX_HELD_MAX 2048 /* places in the global held */

/* One piece of a walk over an object. Call again with next as it was left until it is 0. */
struct dx_hold_args {
	__dx_u64 private; /* in: as struct dx_object's */
	__dx_u64 file, task, ino; /* in */
	__dx_u32 ops; /* in */
	__dx_u32 found; /* out: places of held in use */
	__dx_u64 next; /* in and out: where to go on, 0: from the start, nothing left */
	__dx_u32 gone; /* out: it is another object now: what was found means nothing */
	__dx_u32 cut; /* out: there was more in it than can be kept */
};

#define BIO_PINNED_NONE 16 /* bio->bi_flags has 16 bits */

#define DX_DISKS 1024
#define DX_TAGS	 256

struct dx_disk {
	__dx_u64 queue; /* struct request_queue */
	__dx_u64 openers; /* of the disk, those of its partitions among them */
	char name[32];
};

/* Every disk: in the global disks. */
struct dx_disks_args {
	__dx_u64 block; /* in: as struct dx_object_init's */
	__dx_u32 found, cut; /* out */
};

/* The tag sets of a queue: addresses of struct blk_mq_tags, in the global tag_sets. */
struct dx_tags_args {
	__dx_u64 queue; /* in */
	__dx_u32 found, cut; /* out; the same one may be there twice */
};

/* The requests of a tag set; next is a tag. */
struct dx_requests_args {
	__dx_u64 tags; /* in */
	__dx_u32 next; /* in and out: tag to go on from; 0: nothing left */
	__dx_u32 found, cut, pad; /* out, as in struct dx_hold_args */
};

/* Where things stand in the types of RDMA modules, in bytes. */
struct dx_mr_offsets {
	__dx_u32 file_device; /* struct ib_uverbs_file */
	__dx_u32 device_ib; /* struct ib_uverbs_device */
	__dx_u32 ib_res, ib_driver; /* struct ib_device */
	__dx_u32 res_mr; /* of the xarray of regions, where ib_res leads to */
	__dx_u32 mr_res, mr_uobject; /* struct ib_mr */
	__dx_u32 uobject_file; /* struct ib_uobject: to its struct ib_uverbs_file */
	__dx_u32 res_task, res_user; /* struct rdma_restrack_entry */
	__dx_u32 mr_umem; /* from the driver's struct ib_mr to the pointer */
	__dx_u32 umem_sgt, umem_flags, odp_bit; /* struct ib_umem */
	__dx_u32 sgl, orig_nents; /* struct sg_table */
	__dx_u32 driver_id; /* of the driver that mr_umem is true for */
};

/* A memory region, and a piece of its pages. Call again while next is not 0; then with id + 1. */
struct dx_mr_args {
	struct dx_mr_offsets o; /* in */
	__dx_u64 private, file, ino; /* in: of the uverbs file */
	__dx_u64 id; /* in: from here on; out: of the region */
	__dx_u64 next; /* in and out: scatterlist entries done */
	__dx_u64 device; /* out: struct ib_device */
	__dx_u64 entry; /* out: 0: no more regions */
	__dx_u64 task; /* out */
	__dx_u64 owner; /* out: struct ib_uverbs_file that it was made by; 0: not known */
	__dx_u32 ops; /* in */
	__dx_u32 gone, found, cut; /* out, as in struct dx_hold_args */
	__dx_u32 user; /* out: a process's, not the kernel's own */
	__dx_u32 known; /* out: its pages could be read */
	__dx_u32 tgid, pad; /* out */
};

/* ---- work under way, in globals: see struct xa_search (scan.h) ---- */

struct dx_hold {
	__dx_u64 object, addr, since, kioctx, queue;
	__dx_u32 index, flags, tgid, pid;
	char comm[DX_COMM_LEN];
	__dx_u32 found, cut;
	/* what hold_bytes() is at */
	__dx_u64 page, left;
	__dx_u32 each, refs;
};

struct dx_inside_walk {
	__dx_u64 at, end, prev, list, nr;
	__dx_u32 found, cut;
};

struct dx_pipe_walk {
	__dx_u64 bufs;
	__dx_u32 at, head, mask, left;
};

struct dx_uring_walk {
	__dx_u64 ctx, table, nr, buffer, bvec;
	__dx_u64 slot, imu; /* of the buffer that is being read; imu 0: none is */
	__dx_u64 left;
	__dx_u32 mark, pad; /* what was found before it */
};

struct dx_socket_walk {
	__dx_u64 list; /* what is left of a frag_list */
	__dx_u64 shinfo;
	__dx_u64 skip, left, seen;
	__dx_u32 from, queue;
};

struct dx_queue_walk {
	__dx_u64 at, end, prev;
	__dx_u64 up; /* towards the root of a tree */
};

struct dx_disk_walk {
	__dx_u64 at, end, found, cut;
	struct xa_search xa;
};

struct dx_request_walk {
	__dx_u64 at, bio, next, orig, vecs; /* orig: the bio that it was split from */
	__dx_u64 start, size; /* what is left of a bio that is a part of another one */
	__dx_u32 tag, nr, vcnt, each;
};

struct dx_mr_walk {
	struct xa_search xa;
	__dx_u64 sg, nr, at, skip, left;
};

struct dx_object_walk {
	struct dx_object o;
	struct xa_search xa;
	__dx_u64 table, nr, avail, cpu, told, fd;
};

#endif

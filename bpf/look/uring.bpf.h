/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_URING_BPF_H
#define DAXTOP_LOOK_URING_BPF_H
/* uring.bpf.h - where a ring (struct io_ring_ctx) has its registered buffers */
#include "hold.bpf.h"

extern __u64 object_exit_work; /* io_ring_exit_work() */

/* 6.12 and before: an array of buffers (commit 3597f2786b68 made them nodes, 6.13) */
struct io_ring_ctx___old {
	struct io_mapped_ubuf **user_bufs;
	unsigned int nr_user_bufs;
	struct io_file_table___old {
		struct io_fixed_file *files;
	} file_table;
	unsigned int nr_user_files;
} __attribute__((preserve_access_index));

static __always_inline bool ring_has_nodes(void)
{
	return bpf_core_field_exists(struct io_ring_ctx, buf_table);
}

static __always_inline __u64 ring_table(__u64 ctx)
{
	if (ring_has_nodes())
		return field_word(ctx, struct io_ring_ctx, buf_table.nodes);
	if (bpf_core_field_exists(struct io_ring_ctx___old, user_bufs))
		return field_word(ctx, struct io_ring_ctx___old, user_bufs);
	return 0;
}

#define PF_WQ_WORKER 0x00000020 /* include/linux/sched.h */

/*
 * The ring that a kernel thread takes down just now, 0: none. Whoever closed it may be gone: it has its
 * buffers until its last request is done (io_uring/io_uring.c, io_ring_exit_work()).
 */
static __always_inline __u64 ring_of_worker(__u64 task)
{
	struct task_struct *t = cast(task, task_struct);
	__u64 worker, work;

	if (!(t->flags & PF_WQ_WORKER) || !object_exit_work ||
	    !bpf_core_field_exists(struct kthread, data) ||
	    !bpf_core_field_exists(struct worker, current_func))
		return 0;
	worker = field_word(task, struct task_struct, worker_private);
	worker = worker ? field_word(worker, struct kthread, data) : 0;
	if (!worker || field_word(worker, struct worker, current_func) != object_exit_work)
		return 0;
	work = field_word(worker, struct worker, current_work);
	return work ? work - bpf_core_field_offset(struct io_ring_ctx, exit_work) : 0;
}

/* Is the ring still one of this task's? */
bool uring_is_tasks(__u64 task, __u64 ctx);

/* How many places the table has. */
static __always_inline __u64 ring_buffers(__u64 ctx)
{
	struct io_ring_ctx *c = cast(ctx, io_ring_ctx);

	if (ring_has_nodes())
		return c->buf_table.nr;
	if (bpf_core_field_exists(struct io_ring_ctx___old, user_bufs))
		return ((struct io_ring_ctx___old *)c)->nr_user_bufs;
	return 0;
}

/* The same of fixed files: a table of nodes, or of words that are a file and flags each. */
static __always_inline __u64 ring_file_table(__u64 ctx)
{
	if (ring_has_nodes())
		return field_word(ctx, struct io_ring_ctx, file_table.data.nodes);
	if (bpf_core_field_exists(struct io_ring_ctx___old, nr_user_files))
		return field_word(ctx, struct io_ring_ctx___old, file_table.files);
	return 0;
}

static __always_inline __u64 ring_files(__u64 ctx)
{
	if (ring_has_nodes())
		return (__u32)word_at(field_at(ctx, struct io_ring_ctx, file_table.data.nr));
	if (bpf_core_field_exists(struct io_ring_ctx___old, nr_user_files))
		return (__u32)word_at(field_at(ctx, struct io_ring_ctx___old, nr_user_files));
	return 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * object.bpf.c - lists what processes have that can hold pages: open files of some
 * kinds, io_uring rings without an open file, AIO contexts. Their pages are looked for afterwards,
 * object by object.
 */
#include "turn.bpf.h"
#include "object.bpf.h"
#include "xarray.bpf.h"

struct dx_held held[DX_HELD_MAX];
struct dx_hold hold;
__u64 object_ops[DX_OBJECT_OPS];
__u64 object_end[DX_ENDS];
__u64 object_cpus;
__u64 object_exit_work;
struct dx_object object_one;
extern __u64 per_cpu_offset;

/* A table and a loop: a call for each name is dear to verify, by the number of instructions. */
static const char ops_names[DX_OBJECT_OPS][SYMBOL_MAX] = {
#define OPS_NAME(constant, kind, variable, module) [DX_OPS_##constant] = variable,
	OBJECT_FILES(OPS_NAME)
};
static const char end_names[DX_ENDS][SYMBOL_MAX] = {
	[DX_END_WAIT] = "bio_wait_end_io",
	[DX_END_BLKDEV] = "blkdev_bio_end_io",
	[DX_END_BLKDEV_ASYNC] = "blkdev_bio_end_io_async",
	[DX_END_IOMAP] = "iomap_dio_bio_end_io",
	[DX_END_CHAIN] = "bio_chain_endio",
	[DX_END_URING] = "io_complete_rw",
	[DX_END_URING_POLL] = "io_complete_rw_iopoll",
	[DX_END_AIO] = "aio_complete_rw",
};

static long ops_step(__u64 i, void *arg)
{
	if (i >= DX_OBJECT_OPS)
		return 1;
	object_ops[i] = symbol_at(ops_names[i]);
	return 0;
}

static long end_step(__u64 i, void *arg)
{
	if (i >= DX_ENDS)
		return 1;
	object_end[i] = symbol_at(end_names[i]);
	return 0;
}

SEC("syscall")
int dx_object_init(struct dx_object_init *a)
{
	static const char wait[SYMBOL_MAX] = "submit_bio_wait_endio",
			  block[SYMBOL_MAX] = "blockdev_superblock",
			  exit_work[SYMBOL_MAX] = "io_ring_exit_work";
	__u64 p;

	bpf_loop(DX_OBJECT_OPS, ops_step, NULL, 0);
	bpf_loop(DX_ENDS, end_step, NULL, 0);
	/* 6.17 and before have both; submit_bio_wait() uses this one */
	p = symbol_at(wait);
	if (p)
		object_end[DX_END_WAIT] = p;
	p = symbol_at(block);
	a->block = p ? word_at(p) : 0;
	object_exit_work = symbol_at(exit_work);
	object_cpus = a->nr_cpus;
	return 0;
}

/* ---- open files ---- */

#define TASK_PLACES (1 << 16) /* that are looked into */

struct dx_object_walk object_walk; /* one at a time */
__u64 files_from; /* the descriptor to begin with, of the one task that is read then */

/*
 * By hand, under RCU: the iterator over files takes a reference of each. If its owner closes a file
 * meanwhile, the reference is the last one, and it is our process that releases the file: it would
 * wait for what that waits for, such as the truncation of an unlinked file with a page in use
 * (kernel/bpf/task_iter.c, task_file_seq_get_next(); fs/file_table.c, fput()).
 */
static long file_step(__u64 unused, void *arg)
{
	struct bpf_iter__task *ctx =
		*(struct bpf_iter__task **)arg; /* bpf_loop() takes the stack only */
	struct dx_object_walk *w = &object_walk;
	__u64 fd = w->fd, file;

	if (fd >= w->nr)
		return 1;
	/* the rest another time: user space asks for it */
	if (w->told >= TASK_OBJECTS || fd - files_from >= LOOK_PLACES) {
		w->o.kind = DX_OBJECTS;
		w->o.fd = fd;
		bpf_seq_write(ctx->meta->seq, &w->o, sizeof(w->o));
		return 1;
	}
	w->fd++;
	looked_at++;
	file = word_at(w->table + fd * 8);
	if (!file)
		return 0;
	if (!object_of_file(&w->o, file))
		return 0;
	w->o.fd = fd;
	/* closed meanwhile, and perhaps another file by now (SLAB_TYPESAFE_BY_RCU) */
	if (word_at(w->table + fd * 8) != file)
		return 0;
	w->told++;
	bpf_seq_write(ctx->meta->seq, &w->o, sizeof(w->o));
	return 0;
}

SEC("iter/task")
int dx_files(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *leader;
	struct dx_object_walk *w = &object_walk;
	__u64 files, table;

	if (turn_over())
		return 1;
	if (!task)
		return 0;
	files = field_word(task, struct task_struct, files);
	leader = task->group_leader;
	if (!files ||
	    (task->pid != task->tgid && field_word(leader, struct task_struct, files) == files))
		return 0;
	__builtin_memset(w, 0, sizeof(*w));
	object_task(&w->o, task);
	table = field_word(files, struct files_struct, fdt);
	w->table = field_word(table, struct fdtable, fd);
	w->nr = (__u32)word_at(table + bpf_core_field_offset(struct fdtable, max_fds));
	w->fd = files_from;
	bpf_loop(LOOK_PLACES + 2, file_step, &ctx, 0);
	return 0;
}

/* ---- rings and AIO contexts, by task ---- */

__u64 objects_cut;

static __always_inline long object_told(struct bpf_iter__task *ctx)
{
	struct dx_object_walk *w = &object_walk;

	if (w->told++ >= TASK_OBJECTS) {
		objects_cut++;
		return 1;
	}
	bpf_seq_write(ctx->meta->seq, &w->o, sizeof(w->o));
	return 0;
}

static long ring_step(__u64 unused, void *arg)
{
	return xa_search_step(&object_walk.xa);
}

/*
 * A ring can live without an open file: registered (IORING_REGISTER_RING_FDS), or mapped only.
 * Each task that used it has it in an xarray, at its address (io_uring/tctx.c). Of interest are
 * those with buffers or fixed files.
 */
static long ring_next(__u64 unused, void *arg)
{
	struct bpf_iter__task *ctx =
		*(struct bpf_iter__task **)arg; /* bpf_loop() takes the stack only */
	struct dx_object_walk *w = &object_walk;

	bpf_loop(1 << 12, ring_step, NULL, 0);
	if (!w->xa.found)
		return 1;
	w->o.private = field_word(w->xa.found, struct io_tctx_node, ctx);
	w->o.count = w->o.private ? ring_files(w->o.private) : 0;
	if (w->o.private && (ring_buffers(w->o.private) || w->o.count) && object_told(ctx))
		return 1;
	w->xa.found = 0;
	w->xa.index++;
	return w->xa.done || !w->xa.index ? 1 : 0;
}

static long aio_cpu(__u64 cpu, void *arg)
{
	__u64 at = object_walk.cpu + word_at(per_cpu_offset + cpu * 8);

	object_walk.avail += cast(at, kioctx_cpu)->reqs_available;
	return 0;
}

/*
 * Requests under way: places that are not free, less those of events that wait to be read (fs/aio.c:
 * get_reqs_available(), refill_reqs_available()). CPUs go on while they are summed.
 */
static __always_inline __u64 aio_under_way(__u64 kioctx)
{
	struct kioctx *k = cast(kioctx, kioctx);
	__s64 n;

	object_walk.cpu = field_word(k, struct kioctx, cpu);
	object_walk.avail = (__u32)k->reqs_available.counter;
	bpf_loop(object_cpus < 8192 ? object_cpus : 8192, aio_cpu, NULL, 0);
	n = (__s64)k->nr_events - 1 - (__s64)object_walk.avail - (__s64)k->completed_events;
	return n > 0 ? n : 0;
}

static long aio_next(__u64 i, void *arg)
{
	struct bpf_iter__task *ctx =
		*(struct bpf_iter__task **)arg; /* bpf_loop() takes the stack only */
	struct dx_object_walk *w = &object_walk;
	__u64 kioctx;

	if (i >= w->nr)
		return 1;
	kioctx = word_at(field_at(w->table, struct kioctx_table, table) + i * 8);
	if (!kioctx)
		return 0;
	w->o.private = kioctx;
	w->o.count = aio_under_way(kioctx);
	return object_told(ctx);
}

SEC("iter/task")
int dx_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct dx_object_walk *w = &object_walk;
	__u64 rings, mm;

	if (turn_over())
		return 1;
	if (!task)
		return 0;
	__builtin_memset(w, 0, sizeof(*w));
	w->o.fd = -1;
	w->o.task = (__u64)task;
	object_task(&w->o, task);
	rings = (__u64)task->io_uring;
	if (rings) {
		w->o.kind = DX_OBJECT_URING;
		xa_search_begin(&w->xa, word_at(field_at(rings, struct io_uring_task, xa.xa_head)),
				0, -1ULL);
		bpf_loop(TASK_PLACES, ring_next, &ctx, 0);
	}
	w->o.count = 0;
	w->o.private = ring_of_worker((__u64)task);
	if (w->o.private) {
		w->o.kind = DX_OBJECT_URING;
		w->o.where = DX_IN_WORK;
		object_told(ctx);
		w->o.where = DX_IN_FILES;
	}
	mm = (__u64)task->mm;
	if (!mm || w->o.tgid != w->o.pid)
		return 0;
	w->table = field_word(mm, struct mm_struct, ioctx_table);
	if (w->table) {
		w->o.kind = DX_OBJECT_AIO;
		w->told = 0;
		w->nr = cast(w->table, kioctx_table)->nr;
		bpf_loop(TASK_PLACES, aio_next, &ctx, 0);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * inside.bpf.c - open files that no descriptor leads to: those that were sent over a unix socket and
 * wait in its queue (SCM_RIGHTS), fixed files of a ring (IORING_REGISTER_FILES), and rings that are mapped
 * and no more.
 */
#include "maple.bpf.h"
#include "object.bpf.h"

#define SCM_MAX_FD 253 /* include/net/scm.h */

struct dx_object inside[DX_INSIDE];

struct dx_inside_walk inside_walk; /* one at a time */

static __always_inline void inside_begin(void)
{
	__builtin_memset(&inside_walk, 0, sizeof(inside_walk));
}

__noinline int inside_file(__u64 file)
{
	struct dx_object *o = &object_one;

	if (!file)
		return 0;
	__builtin_memset(o, 0, sizeof(*o));
	if (!object_of_file(o, file))
		return 0;
	if (inside_walk.found >= DX_INSIDE) {
		inside_walk.cut = 1;
		return 0;
	}
	o->fd = -1;
	inside[inside_walk.found & (DX_INSIDE - 1)] = *o;
	inside_walk.found++;
	return 0;
}

/* ---- in flight (net/unix/af_unix.c, unix_attach_fds()) ---- */

static long scm_step(__u64 i, void *arg)
{
	if (i >= inside_walk.nr)
		return 1;
	inside_file(word_at(inside_walk.list + i * 8));
	return 0;
}

static __always_inline void skb_files(__u64 skb)
{
	__u64 fp = word_at(field_at(skb, struct sk_buff, cb) +
			   bpf_core_field_offset(struct unix_skb_parms, fp));

	if (!fp)
		return;
	inside_walk.nr = word_at(field_at(fp, struct scm_fp_list, count)) & 0xffff;
	inside_walk.list = field_at(fp, struct scm_fp_list, fp);
	if (inside_walk.nr <= SCM_MAX_FD)
		bpf_loop(SCM_MAX_FD, scm_step, NULL, 0);
}

/* A packet that is still behind the one before it was in the queue all the time, and its files were its own. */
static long sent_step(__u64 unused, void *arg)
{
	__u64 at = inside_walk.at, prev;
	__u32 mark = inside_walk.found;

	if (!at || at == inside_walk.end)
		return 1;
	skb_files(at);
	prev = field_word(at, struct sk_buff, prev);
	if ((prev != inside_walk.prev && prev != inside_walk.end) ||
	    field_word(prev, struct sk_buff, next) != at) {
		inside_walk.found = mark;
		inside_walk.cut = 1;
		return 1;
	}
	inside_walk.prev = at;
	inside_walk.at = field_word(at, struct sk_buff, next);
	return 0;
}

#define SENT_PACKETS (1 << 16)

static __always_inline void inside_socket(__u64 socket)
{
	__u64 sk = field_word(socket, struct socket, sk);

	if (!sk)
		return;
	inside_walk.end = inside_walk.prev = field_at(sk, struct sock, sk_receive_queue);
	inside_walk.at = field_word(inside_walk.end, struct sk_buff_head, next);
	bpf_loop(SENT_PACKETS, sent_step, NULL, 0);
	if (inside_walk.at && inside_walk.at != inside_walk.end)
		inside_walk.cut = 1;
}

/* ---- fixed files (io_uring/filetable.h) ---- */

#define FIXED_FILES \
	(1 << 15) /* IORING_MAX_FIXED_FILES is 2^20; what more there is is told as cut */
#define FIXED_MASK 7ULL /* FFS_NOWAIT and others are in the lowest bits */

static long fixed_step(__u64 i, void *arg)
{
	__u64 node, file;

	if (i >= inside_walk.nr)
		return 1;
	node = word_at(inside_walk.list + i * 8);
	if (!ring_has_nodes())
		file = node;
	else
		file = node ? field_word(node, struct io_rsrc_node, file_ptr) : 0;
	inside_file(file & ~FIXED_MASK);
	return 0;
}

static __always_inline void inside_ring(__u64 ctx)
{
	inside_walk.nr = ring_files(ctx);
	inside_walk.list = ring_file_table(ctx);
	if (inside_walk.nr > FIXED_FILES)
		inside_walk.cut = 1;
	if (inside_walk.list)
		bpf_loop(FIXED_FILES, fixed_step, NULL, 0);
}

/* A ring may have been found by a task. */
static __always_inline bool inside_is_there(const struct dx_inside_args *a)
{
	__u64 file = a->file, task = a->task, private = a->private;

	return file ? hold_file_is(file, private, a->ops, a->ino) : uring_is_tasks(task, private);
}

SEC("syscall")
int dx_inside(struct dx_inside_args *a)
{
	__u64 private = a->private;
	__u32 kind = a->kind;
	bool there;

	inside_begin();
	a->found = a->cut = 0;
	there = inside_is_there(a);
	opaque(a);
	a->gone = !there;
	if (!there)
		return 0;
	if (kind == DX_OBJECT_URING)
		inside_ring(private);
	else if (bpf_core_type_exists(struct scm_fp_list))
		inside_socket(private);
	a->found = inside_walk.found;
	a->cut = inside_walk.cut;
	there = inside_is_there(a);
	opaque(a);
	a->gone = !there;
	return 0;
}

/* ---- rings that are mapped (io_uring/memmap.c) ---- */

struct dx_maple_walk maple_walk;
__u64 mapped_unsure; /* address spaces whose VMAs could not all be met */

static bool maple_vma(__u64 vma, void *arg)
{
	struct bpf_iter__task *ctx = *(struct bpf_iter__task **)arg;
	__u64 file = field_word(vma, struct vm_area_struct, vm_file);
	struct dx_object *o = &object_one;

	if (!file || field_word(file, struct file, f_op) != object_ops[DX_OPS_URING] ||
	    file == inside_walk.prev)
		return false;
	/* a ring's two or three VMAs often stand together */
	inside_walk.prev = file;
	if (inside_walk.found >= TASK_OBJECTS) {
		objects_cut++;
		return true;
	}
	if (!object_of_file(o, file))
		return false;
	bpf_seq_write(ctx->meta->seq, o, sizeof(*o));
	inside_walk.found++;
	return false;
}

SEC("iter/task")
int dx_mapped(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || !object_ops[DX_OPS_URING] || !maple_begin(task))
		return 0;
	inside_begin();
	__builtin_memset(&object_one, 0, sizeof(object_one));
	object_one.fd = -1;
	object_one.where = DX_IN_MM;
	object_task(&object_one, task->group_leader);
	bpf_loop(MAPLE_TRIES, maple_try, &ctx, 0);
	if (!maple_walk.ended && !maple_walk.certain)
		mapped_unsure++;
	return 0;
}

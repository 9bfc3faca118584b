/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OBJECT_BPF_H
#define DAXTOP_OBJECT_BPF_H
/* object.bpf.h - what an open file is to a look */
#include "uring.bpf.h"

extern struct dx_object object_one;
extern __u64 objects_cut; /* tasks that have more */

/*
 * What is written of one task must fit into the iterator's buffer of eight pages, or reading
 * it fails for all tasks (kernel/bpf/bpf_iter.c, bpf_seq_read()).
 */
#define TASK_OBJECTS 168 /* rings, and AIO contexts */
_Static_assert(2 * TASK_OBJECTS * sizeof(struct dx_object) <= 8 * 4096, "a task's objects");

static __always_inline void object_task(struct dx_object *o, struct task_struct *task)
{
	o->tgid = task->tgid;
	o->pid = task->pid;
	bpf_probe_read_kernel(o->comm, sizeof(o->comm), task->comm);
}

/* The kind of a file with these operations; DX_OBJECTS: none of ours. */
static __always_inline __u32 object_kind(__u64 f_op, __u32 *ops)
{
	static const __u8 kinds[DX_OBJECT_OPS] = {
#define OPS_KIND(constant, kind, variable, module) [DX_OPS_##constant] = DX_OBJECT_##kind,
		OBJECT_FILES(OPS_KIND)
	};

	for (__u32 i = 0; i < DX_OBJECT_OPS; i++) {
		if (f_op && object_ops[i] == f_op) {
			*ops = i;
			return kinds[i];
		}
	}
	return DX_OBJECTS;
}

#define AF_UNIX 1
#define AF_XDP	44

struct sock___family {
	struct sock_common___family {
		unsigned short skc_family;
	} __sk_common;
} __attribute__((preserve_access_index));

/* Of the files with a socket's operations those of AF_XDP; packets that wait in a unix socket. */
static __always_inline void object_of_socket(struct dx_object *o)
{
	__u64 sk = field_word(o->private, struct socket, sk);
	__u16 family;

	if (!sk)
		return;
	family = word_at(field_at(sk, struct sock___family, __sk_common.skc_family));
	if (family == AF_XDP)
		o->kind = DX_OBJECT_XDP;
	if (family == AF_UNIX)
		o->count = (__u32)word_at(field_at(sk, struct sock, sk_receive_queue) +
					  bpf_core_field_offset(struct sk_buff_head, qlen));
}

/* What @file is, in all but its owner and descriptor; false: it can hold no page. */
static __always_inline bool object_of_file(struct dx_object *o, __u64 file)
{
	struct inode *inode;

	o->kind = object_kind(field_word(file, struct file, f_op), &o->ops);
	if (o->kind == DX_OBJECTS)
		return false;
	o->file = file;
	o->private = field_word(file, struct file, private_data);
	o->count = 0;
	if (o->kind == DX_OBJECT_URING)
		o->count = ring_files(o->private);
	if (o->kind == DX_OBJECT_SOCKET)
		object_of_socket(o);
	inode = cast(field_word(file, struct file, f_inode), inode);
	o->ino = inode->i_ino;
	o->rdev = inode->i_rdev;
	return true;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_COUNT_BPF_H
#define DAXTOP_COUNT_BPF_H
/*
 * count.bpf.h - the maps of perf, and how something is counted.
 *
 * A program may be preempted by another on its CPU, and interrupted by a softirq's: so per-CPU sums are
 * added to atomically too.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "dentry.bpf.h"
#include "event.h"
#include "folio.bpf.h"
#include "perf.h"

#define EEXIST 17

/* Their memory is taken as keys come (bpf_mem_alloc): a value of each key for each CPU. */
struct perf_values_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct perf_key);
	__type(value, struct perf_value);
};
/* What the map above had no room for, by enum perf_what: sums of both are all that happened. */
struct perf_others_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PERF_WHAT_NR);
	__type(key, __u32);
	__type(value, struct perf_value);
};
struct perf_tasks_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct perf_task);
};
struct perf_files_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct perf_file);
	__type(value, struct perf_file_at);
};
extern struct perf_values_map perf_values SEC(".maps");
extern struct perf_others_map perf_others SEC(".maps");
extern struct perf_tasks_map perf_tasks SEC(".maps");
extern struct perf_files_map perf_files SEC(".maps");
extern const struct perf_value perf_zero;

/* ---- a task's fault under way: its begin ---- */

/*
 * Found by pid in a few instructions. A task that begins one takes the place from whoever has it: a fault of
 * that one is counted then, and not timed.
 */
#define PERF_SLOTS 4096

struct perf_slot {
	__u64 pid; /* 0: it is being written */
	__u64 begin; /* ns */
	__u64 offset, length; /* of the extent that the filesystem gave, bytes */
	__u32 order; /* of the fault: 0, 9, 18 */
	__u32 type; /* of the extent: IOMAP_*; SLOT_NO_EXTENT: it was not asked for one */
	__u64 pad[3];
};
#define SLOT_WORDS     (sizeof(struct perf_slot) / sizeof(__u64))
#define SLOT_NO_EXTENT ~0u
extern __u64 perf_slots[PERF_SLOTS * SLOT_WORDS];

static __always_inline struct perf_slot *slot_at(__u32 pid)
{
	return (struct perf_slot *)&perf_slots[(pid & (PERF_SLOTS - 1)) * SLOT_WORDS];
}

/* Stores are seen in their order (x86): who reads a pid before and after has all of one fault. */
static __always_inline void slot_begin(__u32 order)
{
	__u32 pid = bpf_get_current_task_btf()->pid;
	struct perf_slot *s = slot_at(pid);

	*(volatile __u64 *)&s->pid = 0;
	s->type = SLOT_NO_EXTENT;
	s->order = order;
	s->begin = bpf_ktime_get_ns();
	*(volatile __u64 *)&s->pid = pid;
}

/* This task's place; @mine: no other task has taken it. */
static __always_inline struct perf_slot *slot_find(bool *mine)
{
	__u32 pid = bpf_get_current_task_btf()->pid;
	struct perf_slot *s = slot_at(pid);

	*mine = *(volatile __u64 *)&s->pid == pid;
	return s;
}

/* ---- counting ---- */

static __always_inline __u32 log2_of(__u64 v)
{
	__u32 r = 0;

	if (v >> 32) {
		v >>= 32;
		r = 32;
	}
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1);
}

static __always_inline __u32 bucket_of(__u64 v, __u32 first)
{
	__u32 l = log2_of(v);

	l = l > first ? l - first : 0;
	l = l < PERF_BUCKETS ? l : PERF_BUCKETS - 1;
	opaque(l); /* the verifier sees the mask only */
	return l & (PERF_BUCKETS - 1);
}

/* The name of the file as one of its directories has it. */
static __noinline int file_note(const struct perf_key *k, __u64 inode)
{
	struct perf_file f = { .ino = k->ino, .dev = k->dev, .gen = k->gen };
	struct perf_file_at at = {};
	__u64 alias;

	if (!inode || bpf_map_lookup_elem(&perf_files, &f))
		return 0;
	alias = word_at(inode + bpf_core_field_offset(struct inode, i_dentry));
	if (alias) {
		const struct dentry *d = dentry_cast(alias - alias_offset());

		bpf_probe_read_kernel_str(at.name, sizeof(at.name), d->d_name.name);
	}
	bpf_map_update_elem(&perf_files, &f, &at, BPF_NOEXIST);
	return 0;
}

/* A key that was not there. NULL: never, as the others are an array. */
static __noinline struct perf_value *value_new(struct perf_key *k, __u64 inode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct perf_value *v = NULL;
	struct perf_task t = {};
	__u32 what = k->what, tgid = k->tgid;
	int err = bpf_map_update_elem(&perf_values, k, &perf_zero, BPF_NOEXIST);

	if (!err || err == -EEXIST)
		v = bpf_map_lookup_elem(&perf_values, k);
	if (!v)
		return bpf_map_lookup_elem(&perf_others, &what);
	if (tgid && !bpf_map_lookup_elem(&perf_tasks, &tgid)) {
		__builtin_memcpy(t.comm, task->group_leader->comm, sizeof(t.comm));
		bpf_map_update_elem(&perf_tasks, &tgid, &t, BPF_NOEXIST);
	}
	file_note(k, inode);
	return v;
}

#define NOT_TIMED (~0ULL)

/* @n: what the histogram is of, ns or pages; @first: see PERF_FIRST; @inode: address, 0: not known. */
static __always_inline void perf_count(struct perf_key *k, __u64 inode, __u64 pages, __u64 n,
				       __u32 first)
{
	struct perf_value *v = bpf_map_lookup_elem(&perf_values, k);
	__u64 max;

	if (!v)
		v = value_new(k, inode);
	if (!v)
		return;
	__sync_fetch_and_add(&v->count, 1);
	__sync_fetch_and_add(&v->pages, pages);
	if (n == NOT_TIMED)
		return;
	__sync_fetch_and_add(&v->sum, n);
	__sync_fetch_and_add(&v->bucket[bucket_of(n, first)], 1);
	max = v->max;
	/* once more if somebody else was here in between: then theirs is about as large */
	if (n > max && __sync_val_compare_and_swap(&v->max, max, n) != max) {
		max = v->max;
		if (n > max)
			__sync_val_compare_and_swap(&v->max, max, n);
	}
}

/* Whose it is: the process that runs, and its cgroup. */
static __always_inline void key_who(struct perf_key *k)
{
	struct task_struct *task = bpf_get_current_task_btf();

	k->tgid = task->tgid;
	k->cgroup = task->cgroups->dfl_cgrp->kn->id;
}

#define S_IFMT	0170000
#define S_IFCHR 0020000

/* Which file: @at is its address, 0: not known. */
static __always_inline void key_file(struct perf_key *k, __u64 at)
{
	struct inode *inode = cast(at, inode);

	if (!at)
		return;
	k->ino = inode->i_ino;
	k->gen = inode->i_generation;
	if ((inode->i_mode & S_IFMT) == S_IFCHR)
		k->level |= PERF_CHARACTER;
	k->dev = inode_dev(inode);
}

#endif

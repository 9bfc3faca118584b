/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MAPLE_BPF_H
#define DAXTOP_MAPLE_BPF_H
/*
 * maple.bpf.h - the VMAs of an mm, for a program of a task iterator.
 *
 * They are a maple tree (include/linux/maple_tree.h), which is read as RCU lets
 * readers do (a task iterator's program runs in rcu_read_lock(), kernel/bpf/bpf_iter.c), and without
 * mmap_lock: a stranger can hold that for as long as he likes, by a fault that waits. A walk is
 * believed when nobody wrote before, during and after it (mm_lock_seq, include/linux/mmap_lock.h), and when it
 * has met as many VMAs as there are.
 */
#include "folio.bpf.h"
#include "scan.h"

extern struct dx_maple_walk maple_walk; /* one at a time */

/* The object's own: what it does with a VMA. True ends the walk; @arg is maple_try()'s. */
static bool maple_vma(__u64 vma, void *arg);

#define MAPLE_TRIES 4
#define MAPLE_STEPS (1 << 18)
#define MAPLE_NODE  255ULL /* what of a pointer to a node is no address, MAPLE_NODE_MASK */
#define MAPLE_SHIFT 3 /* MAPLE_NODE_TYPE_SHIFT, ..._MASK */
#define MAPLE_TYPE  15
#define WRITER_RT   (1 << 30) /* include/linux/rwbase_rt.h: WRITER_BIAS */

/* With PREEMPT_RT a rw_semaphore is made of a rwbase_rt; its writer leaves the readers this value. */
struct rwbase_rt {
	atomic_t readers;
} __attribute__((preserve_access_index));
struct rw_semaphore___rt {
	struct rwbase_rt rwbase;
} __attribute__((preserve_access_index));

static __always_inline bool mm_is_written(__u64 mm)
{
	__u64 lock = mm + bpf_core_field_offset(struct mm_struct, mmap_lock);

	if (bpf_core_field_exists(struct rw_semaphore, count))
		return word_at(lock + bpf_core_field_offset(struct rw_semaphore, count)) & 1;
	return (__u32)word_at(lock + bpf_core_field_offset(struct rw_semaphore___rt,
							   rwbase.readers)) == WRITER_RT;
}

/* 6.12: a plain int, raised when a writer leaves; then a seqcount_t, which he raises when he comes, too. */
static __always_inline __u32 mm_sequence(__u64 mm)
{
	return word_at(mm + bpf_core_field_offset(struct mm_struct, mm_lock_seq));
}

static __always_inline __u32 mm_vmas(__u64 mm)
{
	return word_at(mm + bpf_core_field_offset(struct mm_struct, map_count));
}

/*
 * A slot's last address is its pivot. The last slot in use has none, or the node's own last
 * address; what stands behind it is not looked at (lib/maple_tree.c, ma_data_end()).
 */
static long maple_step(__u64 unused, void *arg)
{
	struct dx_maple_walk *w = &maple_walk;
	struct dx_maple_level *l = &w->level[w->depth & (DX_MAPLE_DEPTH - 1)], *below;
	__u64 type = l->node >> MAPLE_SHIFT & MAPLE_TYPE, node = l->node & ~MAPLE_NODE,
	      slot = l->slot;
	__u64 pivots, slots, nr, max = 0, entry;

	if (type == bpf_core_enum_value(enum maple_type, maple_arange_64)) {
		pivots = bpf_core_field_offset(struct maple_arange_64, pivot);
		slots = bpf_core_field_offset(struct maple_arange_64, slot);
		nr = bpf_core_field_size(struct maple_arange_64, pivot) / 8;
	} else {
		pivots = bpf_core_field_offset(struct maple_range_64, pivot);
		slots = bpf_core_field_offset(struct maple_range_64, slot);
		nr = bpf_core_field_size(struct maple_range_64, pivot) / 8;
	}
	if (slot > nr) {
		if (!w->depth) {
			w->done = 1;
			return 1;
		}
		w->depth--;
		return 0;
	}
	if (slot < nr)
		max = word_at(node + pivots + slot * 8);
	if (!max || max > l->max)
		max = l->max;
	entry = word_at(node + slots + slot * 8);
	l->slot = max == l->max ? nr + 1 : slot + 1;
	if (!entry)
		return 0;
	if (type == bpf_core_enum_value(enum maple_type, maple_leaf_64)) {
		w->vmas++;
		w->ended = maple_vma(entry, arg);
		return w->ended;
	}
	if (w->depth == DX_MAPLE_DEPTH - 1)
		return 1;
	w->depth++;
	below = &w->level[w->depth & (DX_MAPLE_DEPTH - 1)];
	below->node = entry;
	below->max = max;
	below->slot = 0;
	return 0;
}

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h: it has borrowed its mm */

/* For bpf_loop(), MAPLE_TRIES times: maple_walk.certain says whether all were met. */
static long maple_try(__u64 unused, void *arg)
{
	struct dx_maple_walk *w = &maple_walk;
	__u64 mm = w->mm;
	bool written = mm_is_written(mm);
	__u32 sequence = mm_sequence(mm);

	w->depth = 0;
	w->vmas = 0;
	w->level[0].node = word_at(mm + bpf_core_field_offset(struct mm_struct, mm_mt.ma_root));
	w->level[0].max = -1ULL;
	w->level[0].slot = 0;
	w->done = !w->level[0].node;
	if (!w->done)
		bpf_loop(MAPLE_STEPS, maple_step, arg, 0);
	w->certain = w->done && !written && w->vmas == mm_vmas(mm) && !mm_is_written(mm) &&
		     mm_sequence(mm) == sequence;
	return w->ended || w->certain;
}

/* Does the mm of this task stand for itself? The first thread does for all, unless it has exited. */
static __always_inline bool maple_begin(struct task_struct *task)
{
	struct dx_maple_walk *w = &maple_walk;
	struct task_struct *leader = task->group_leader;

	w->ended = w->certain = 0;
	w->mm = task->flags & PF_KTHREAD ? 0 : field_word(task, struct task_struct, mm);
	return w->mm && (task->pid == task->tgid || !field_word(leader, struct task_struct, mm));
}

#endif

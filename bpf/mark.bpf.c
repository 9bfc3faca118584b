// SPDX-License-Identifier: GPL-2.0-only
/* mark.bpf.c - keeps the marks of mark.bpf.h: fork, exit, and what was there before. */
#include "hook.bpf.h"
#include "mark.bpf.h"
#include "scan.h"

struct mms_map mms SEC(".maps");
__u32 mm_marks[MARKS];
__u64 mms_gone;
struct dx_mark_skipped marks_skipped;
bool marks_done; /* the look at what was there; until then fork marks every child, as its parent may be looked at later */

#define VM_MIXEDMAP 0x10000000 /* vm_insert_page(): P2PDMA */

/* A private DAX mapping's page table is copied by fork without a fault. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(dx_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 from = field_word(parent, struct task_struct, mm);
	__u64 to = field_word(child, struct task_struct, mm);

	if (from && to && from != to && (mm_marked(from) || !marks_done))
		mm_mark(to);
	return 0;
}

/* The address may be used again by another one. */
HOOK(dx_exit_mmap)
{
	__u64 key;

	bpf_get_func_arg(ctx, 0, &key);
	if (mm_marks[mm_hash(key)] && !bpf_map_delete_elem(&mms, &key)) {
		__sync_fetch_and_add(&mm_marks[mm_hash(key)], -1);
		__sync_fetch_and_add(&mms_gone, 1);
	}
	return 0;
}

/*
 * ---- what was there before ----
 *
 * The VMAs of an mm are a maple tree (include/linux/maple_tree.h), which is read as RCU lets
 * readers do (a task iterator's program runs in rcu_read_lock(), kernel/bpf/bpf_iter.c), and without
 * mmap_lock: a stranger can hold that for as long as he likes, by a fault that waits. A walk is
 * believed when nobody wrote before, during and after it (mm_lock_seq, include/linux/mmap_lock.h), and when it
 * has met as many VMAs as there are. Else the mm is marked, whatever it maps.
 */
#define MARK_TRIES  4
#define MAPLE_STEPS (1 << 18)
#define MAPLE_NODE  255ULL /* what of a pointer to a node is no address, MAPLE_NODE_MASK */
#define MAPLE_SHIFT 3 /* MAPLE_NODE_TYPE_SHIFT, ..._MASK */
#define MAPLE_TYPE  15
#define WRITER_RT   (1 << 30) /* include/linux/rwbase_rt.h: WRITER_BIAS */

struct dx_mark_walk marking; /* one at a time */

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

/* An inode's S_DAX; @mapping: of a file, whose inode may be another one than the file's own. */
static __always_inline bool vma_may_be_dax(__u64 addr)
{
	struct vm_area_struct *vma = cast(addr, vm_area_struct);
	__u64 at = field_word(vma, struct vm_area_struct, vm_file), mapping;
	struct file *file = cast(at, file);

	/* without a file: the vDSO's data, which vm_insert_page() maps, too (lib/vdso/datastore.c) */
	if (!at)
		return false;
	if (vma->vm_flags & VM_MIXEDMAP)
		return true;
	at = field_word(file, struct file, f_inode);
	if (cast(at, inode)->i_flags & S_DAX)
		return true;
	mapping = field_word(file, struct file, f_mapping);
	at = field_word(cast(mapping, address_space), struct address_space, host);
	return cast(at, inode)->i_flags & S_DAX;
}

/*
 * A slot's last address is its pivot. The last slot in use has none, or the node's own last
 * address; what stands behind it is not looked at (lib/maple_tree.c, ma_data_end()).
 */
static long maple_step(__u64 unused, void *arg)
{
	struct dx_mark_walk *w = &marking;
	struct dx_mark_level *l = &w->level[w->depth & (DX_MAPLE_DEPTH - 1)], *below;
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
		w->dax = vma_may_be_dax(entry);
		return w->dax;
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

static long mark_try(__u64 unused, void *arg)
{
	struct dx_mark_walk *w = &marking;
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
		bpf_loop(MAPLE_STEPS, maple_step, NULL, 0);
	w->certain = w->done && !written && w->vmas == mm_vmas(mm) && !mm_is_written(mm) &&
		     mm_sequence(mm) == sequence;
	return w->dax || w->certain;
}

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h: it has borrowed its mm */

SEC("iter/task")
int dx_mark_mms(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *leader;
	struct dx_mark_walk *w = &marking;
	struct dx_mark_skipped *s = &marks_skipped;

	if (!task || task->flags & PF_KTHREAD)
		return 0;
	w->mm = field_word(task, struct task_struct, mm);
	if (!w->mm)
		return 0;
	/* the first thread stands for all, unless it has exited */
	leader = task->group_leader;
	if (task->pid != task->tgid && field_word(leader, struct task_struct, mm))
		return 0;
	w->dax = w->certain = 0;
	bpf_loop(MARK_TRIES, mark_try, NULL, 0);
	if (w->dax || !w->certain)
		mm_mark(w->mm);
	if (w->dax || w->certain)
		return 0;
	if (!s->nr++) {
		s->tgid = task->tgid;
		__builtin_memcpy(s->comm, leader->comm, sizeof(s->comm));
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TASK_BPF_H
#define DAXTOP_TASK_BPF_H
/*
 * task.bpf.h - what a task is in the middle of. Process context only.
 *
 * A fault is hot: three programs of one fault meet in a slot of a plain array, found
 * by pid in a dozen instructions. The rest is rare and uses task storage,
 * whose look-up is a call of some 50.
 */
#include "emit.bpf.h"
#include "scan.h"

/* A fault from dax_insert_entry() to its end, and what its task was told lately. */
struct fault {
	__u64 checked[DX_FAULT_COUNTS]; /* by all owners there were */
	__u64 owner; /* pid << 1 | busy; taken and left by compare and exchange */
	__u64 vmf; /* the fault under way, 0: none */
	__u64 pfn; /* what it inserts or finds */
	__u64 time; /* of its install */
	__u64 inode, inode_id; /* whose path was sent last, see file.bpf.h */
	__u64 mm; /* last one marked, see mark.bpf.h */
	__u64 mm_gone; /* ... when so many marks had gone */
	__u32 flags; /* DX_F_* of the fault */
	__s32 ref_first, ref_install, map_install;
	__u64 replaced; /* entry that a write to a shared page takes away, 0: none */
	__u64 replaced_at; /* its index */
	__u32 replaced_flags; /* DX_F_REPLACED, DX_F_SHARED */
	__s32 replaced_left; /* owners that are left */
	__u64 page; /* a pointer stored here is a number when it is read back */
	__u64 mapping, index; /* the entry's, with DX_F_INSERT */
	__u32 level; /* enum dx_level of a MAP_SYNC fault */
	__u32 large; /* the entry is a PMD, so the folio may be large */
	__u32 dev; /* of the inode whose path was sent last */
	__u32 pad;
};
/* Words, because user space's side of the globals does not know struct fault. */
_Static_assert(sizeof(struct fault) == DX_FAULT_WORDS * sizeof(__u64), "DX_FAULT_WORDS");
_Static_assert(__builtin_offsetof(struct fault, owner) == DX_FAULT_OWNER * sizeof(__u64),
	       "DX_FAULT_OWNER");
extern __u64 faults[DX_FAULT_SLOTS * DX_FAULT_WORDS];

/* Two were not enough: with some tasks preempted in a fault, one in a million found both taken. */
#define FAULT_PLACES 4

static __always_inline struct fault *fault_slot(__u32 pid, __u32 nth)
{
	__u32 at = (pid + nth * 331) & (DX_FAULT_SLOTS - 1);

	return (struct fault *)&faults[at * DX_FAULT_WORDS];
}

/*
 * The slot of this task, busy from now on; NULL when others that fault at this
 * moment sit on all of its places (then count what is lost).
 */
static __always_inline struct fault *fault_begin(void)
{
	__u32 pid = bpf_get_current_task_btf()->pid;
	__u64 idle = (__u64)pid << 1;

	for (__u32 nth = 0; nth < FAULT_PLACES; nth++) {
		struct fault *f = fault_slot(pid, nth);
		__u64 owner = f->owner;

		if (owner == (idle | 1))
			return f;
		if (owner & 1)
			continue;
		if (__sync_val_compare_and_swap(&f->owner, owner, idle | 1) != owner)
			continue;
		if (owner != idle) {
			f->inode = 0;
			f->mm = 0;
		}
		f->vmf = 0;
		return f;
	}
	return NULL;
}

/* The slot that this task's fault_begin() took, NULL: none. */
static __always_inline struct fault *fault_find(void)
{
	__u32 pid = bpf_get_current_task_btf()->pid;
	__u64 busy = (__u64)pid << 1 | 1;

	for (__u32 nth = 0; nth < FAULT_PLACES; nth++) {
		struct fault *f = fault_slot(pid, nth);

		if (f->owner == busy)
			return f;
	}
	return NULL;
}

static __always_inline void fault_end(struct fault *f)
{
	f->vmf = 0;
	f->owner &= ~1ULL;
}

/*
 * A GUP call being looked at (pin.bpf.c). Here, and not on the stack, because there
 * the verifier would follow every value of the counters through the loop.
 */
struct gup_call {
	__u64 pages; /* struct page *[] */
	__u64 addr;
	__u64 i, n;
	__u64 head; /* the run of one folio that is being collected */
	__u32 run, foll;
	__u32 flags;
	__s32 stack, ustack, ret;
};

/* memunmap_pages(): the look at all its folios (pgmap.bpf.c) */
struct gone_walk {
	__u64 pfn, end, pgmap;
	__u64 in_use; /* folios */
	__s32 idle; /* refcount of one that is not in use */
	__u32 told, pad[2];
	__u64 first; /* address of the first one in use */
};

/* A fault that failed, until it is known whether a signal comes of it (sigbus.bpf.h) */
struct failed {
	__u64 addr; /* of the page; 0: none */
	__u64 faults; /* that the task had before */
	__u64 ino, index;
	__u32 dev, gen;
	__u32 why; /* enum dx_sigbus_reason */
};

struct task_ctx {
	/*
	 * A MAP_SYNC fault between its halves; its owner is not used. First, because the
	 * compiler adds an offset before it tests the look-up's result, which the
	 * verifier refuses.
	 */
	struct fault sync;
	__u64 mapping; /* removal of a range under way */
	__u64 entry; /* __dax_invalidate_entry(): what stood there, */
	__s32 entry_left; /* its owners after this one */
	__u32 entry_flags; /* DX_F_SHARED */
	__u32 layout; /* layout break under way: LAYOUT_BREAK and flags */
	__u32 pad;
	struct gup_call gup;
	struct stack_frames stack; /* that is being looked at */
	struct xa_search search;
	struct gone_walk gone;
	struct failed failed;
	__u64 no_space; /* a filesystem said so to this task: the number of its faults + 1, 0: none did */
	__u64 poison; /* pfn that memory_failure() is at work on; 0: none */
};
struct tasks_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
};
extern struct tasks_map tasks SEC(".maps");

static __always_inline struct task_ctx *task_ctx_get(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline struct task_ctx *task_ctx_find(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
}

#endif

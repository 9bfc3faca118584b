/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_TASK_H
#define DAXTOP_LOOK_TASK_H
/* look_task.h - what bpf/look/task.bpf.c tells of blocked tasks. Both sides include it. */
#include "event.h"
#include "scan.h"
#include "wait_kind.h"

#define LOOK_STACK 32
#define LOOK_WORDS 256 /* words of the stack itself: 2 KiB, where it sleeps */

/* What it waits in; page and xa 0: not found. */
struct look_wait_for {
	__dx_u64 page; /* wait_var_event(): address of a ZONE_DEVICE page */
	__dx_u64 xa; /* a locked entry: &mapping->i_pages */
	__dx_u64 index; /* ... its page offset */
	__dx_u64 index_known; /* folio.index, or index, is */
	__dx_u64 inode; /* address of a DAX file's inode that is on the stack; else 0 */
};

/* What a task that sleeps in a rw_semaphore, or for a VMA, wants to have. */
enum look_lock_kind {
	LOOK_LOCK_NONE, /* it sleeps in neither, or which one could not be told */
	LOOK_LOCK_INODE, /* i_rwsem of folio's file */
	LOOK_LOCK_INVALIDATE, /* invalidate_lock of its mapping */
	LOOK_LOCK_MMAP, /* mmap_lock of an address space */
	LOOK_LOCK_VMA, /* a VMA of its own address space: faults hold it */
	LOOK_LOCK_OTHER, /* it has an owner, and is none of these */
};

struct look_lock {
	__dx_u64 lock; /* address of the semaphore, or of the mm_struct for LOOK_LOCK_VMA */
	__dx_u32 kind; /* enum look_lock_kind */
	__dx_u32 writes; /* it wants it for itself */
	__dx_u32 owner_tgid, owner_pid; /* who has it; 0: nobody, or not known */
	__dx_u32 read_owned; /* readers have it: the owner was one of them, the last that came */
	__dx_u32 mm_tgid; /* whose address space it is, with LOOK_LOCK_MMAP and VMA; 0: not known */
	char owner_comm[DX_COMM_LEN];
};

struct look_blocked {
	__dx_u32 tgid, pid;
	__dx_u32 state; /* __state */
	__dx_u32 nr_stack, nr_word;
	__dx_u32 entry; /* enum wait_entry */
	__dx_u64 last_arrival; /* ns, the scheduler's clock */
	char comm[DX_COMM_LEN];
	__dx_u64 stack[LOOK_STACK];
	__dx_u64 word[LOOK_WORDS];
	struct look_wait_for what;
	struct dx_folio folio; /* of page; without page, its file is that of xa, or of lock */
	struct look_lock lock;
};

/* Work on a task; in a global, see struct xa_search (scan.h). */
struct look_blocking {
	__dx_u64 task, at; /* at: where its stack is read from */
	__dx_u64 waiter, sem; /* its entry in a semaphore's list, and the semaphore */
	__dx_u64 node, first; /* where a walk along that list is; where it ends, 0: at the head */
	__dx_u32 nr, frame; /* nr: words; frame: how many frames are looked at */
	__dx_u32 hit; /* 1 + index of the innermost function that one of them is in */
	__dx_u32 pad;
};

/* The scheduler's clock beside the one that events have. */
struct look_clock_args {
	__dx_u64 arrival; /* of this task, sched_info.last_arrival */
	__dx_u64 now; /* CLOCK_MONOTONIC, afterwards */
};

/* Offsets that user space compares words of a stack with. */
struct look_wait_init_args {
	__dx_u32 pgmap_size, pgmap_done; /* bytes; of its struct completion */
	__dx_u32 found; /* functions that kallsyms has */
	__dx_u32 pad;
};

#endif

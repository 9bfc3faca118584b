/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_TASK_H
#define DAXTOP_LOOK_TASK_H
/* look_task.h - what bpf/look/task.bpf.c tells of blocked tasks. Both sides include it. */
#include "event.h"
#include "scan.h"

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

struct look_blocked {
	__dx_u32 tgid, pid;
	__dx_u32 state; /* __state */
	__dx_u32 nr_stack, nr_word;
	__dx_u32 pad;
	__dx_u64 last_arrival; /* ns, the scheduler's clock */
	char comm[DX_COMM_LEN];
	__dx_u64 stack[LOOK_STACK];
	__dx_u64 word[LOOK_WORDS];
	struct look_wait_for what;
	struct dx_folio folio; /* of page; without page, its file is that of xa */
};

/* Work on a task; in a global, see struct xa_search (scan.h). */
struct look_blocking {
	__dx_u64 task, at; /* at: where its stack is read from */
	__dx_u32 nr, frame, hit, pad; /* nr: words; frame: how many frames are looked at */
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

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_STACK_H
#define DAXTOP_LOOK_STACK_H
/* look_stack.h - what bpf/look/stack.bpf.c tells of sleeping tasks. Both sides include it. */
#include "event.h"

#define LOOK_STACK_PAGES 16 /* a power of two; of one task */

struct look_stack_pages {
	__dx_u32 tgid, pid;
	char comm[DX_COMM_LEN];
	__dx_u64 last_arrival; /* ns, the scheduler's clock */
	__dx_u32 found, pad; /* pages; more than LOOK_STACK_PAGES: the first ones */
	__dx_u64 pfn[LOOK_STACK_PAGES];
	/* of the work on it */
	__dx_u64 at, nr; /* words of the stack that are in use */
};

#endif

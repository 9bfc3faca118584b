/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_USYM_H
#define DAXTOP_USYM_H
/*
 * usym.h - names of addresses in processes. daxtop reads nothing of a process or of its files itself:
 * opener.h and namer.h do, and their end or silence costs names only.
 */
#include <stddef.h>
#include <stdint.h>
#include "model/stacks.h"

struct usym;

/* A process as the kernel has it now. */
struct usym_task {
	uint64_t start; /* ns, CLOCK_MONOTONIC */
	uint64_t exec; /* task_struct.self_exec_id: grows with each exec() */
};
/* Returns 0, or -errno: -ESRCH: there is no process @tgid. */
typedef int usym_ask(void *arg, uint32_t tgid, struct usym_task *task);

/*
 * Starts the processes: to be called before anything is opened or loaded that they should not have. The
 * @ask is called by usym_frames() only. Returns NULL when memory is short.
 */
struct usym *usym_new(usym_ask *ask, void *arg);
/* Ends them. NULL is fine. */
void usym_free(struct usym *u);

/*
 * Names the @nr addresses (at most STACK_FRAMES) of one stack. A frame whose name or file isn't known
 * has none; the first one of those says why, where there is something to say. It takes as long as the
 * process's answers, a second at most; what was waited for in vain is counted, and when that is too much
 * of the time, nothing is asked for a while. Strings are good until the next call. @u may be NULL.
 */
void usym_frames(struct usym *u, const struct stack_who *who, const uint64_t *addr, size_t nr,
		 struct stack_frame *frames);

#endif

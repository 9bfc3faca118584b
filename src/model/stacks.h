/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STACKS_H
#define DAXTOP_STACKS_H
/* stacks.h - stacks with names, by number: what records of type DX_REC_STACK have told */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "frame.h"
#include "stream.h"

/* Whose stack it is: as its record says. */
struct stack_who {
	uint64_t time; /* ns, CLOCK_MONOTONIC; of the event that names it */
	uint32_t tgid; /* 0: the kernel's */
	uint8_t exec; /* low bits of task_struct.self_exec_id */
};

/* A stack, innermost first; good until a stacks_put() of the same, or stacks_forget(). */
struct stack {
	const struct stack_frame *frames;
	size_t nr;
	bool unkept; /* there was one, and it could not be kept */
};

struct stacks;

/* Returns NULL when memory is short. */
struct stacks *stacks_new(void);
/* NULL is fine. */
void stacks_free(struct stacks *s);

/*
 * One record, @len bytes: new, or in place of what an earlier one told of the same stack. Nothing in it is
 * believed. Returns 0; -EBADMSG: names don't end, are not all there, or are nobody's; -ENOMEM.
 */
int stacks_put(struct stacks *s, const struct dx_stack_names *names, size_t len);
/*
 * Asked for a stack that is not there, before "not kept" is the answer: it may be had still, and is told by
 * stacks_put() then. None is called when it was never set.
 */
void stacks_set_missing(struct stacks *s,
			void (*missing)(void *arg, int32_t number, const struct stack_who *who),
			void *arg);

size_t stacks_nr(const struct stacks *s);
/* Forgets those of whose number @gone says so; NULL: all. */
void stacks_forget(struct stacks *s, bool (*gone)(void *arg, int32_t number), void *arg);

/* Is it there? Asks nobody. @who->tgid 0: of the kernel. */
bool stacks_find(const struct stacks *s, int32_t number, const struct stack_who *who,
		 struct stack *out);
/* Stack @number of the kernel; empty when there is none or @s is NULL. */
struct stack stacks_kernel(struct stacks *s, int32_t number);
/* Stack @number of a process; empty without one (tgid 0). */
struct stack stacks_user(struct stacks *s, int32_t number, const struct stack_who *who);

/* "name+0x12 [module]", "name+0x12 (file)", "0x...", "0x... (file: why)"; safe to print. Returns @out. */
char *stack_frame_format(char *out, size_t outlen, const struct stack_frame *f, bool user);

#endif

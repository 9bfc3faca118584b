/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STACKS_H
#define DAXTOP_STACKS_H
/*
 * stacks.h - stacks with names, looked up when a stack is first seen: later its process
 * or its module may be gone.
 */
#include <stddef.h>
#include <stdint.h>
#include "stream.h"
#include "frame.h"
#include "symbol/ksym.h"
#include "symbol/usym.h"

/* A stack, innermost first; belongs to stacks_free(). */
struct stack {
	const struct stack_frame *frames;
	size_t nr;
	bool unkept; /* there was one, and it could not be kept */
};

struct stacks;

struct stacks_options {
	/* As source_stack(); NULL: names come by stacks_put() only. */
	int (*read)(void *arg, int32_t id, uint64_t *addr, size_t max);
	usym_ask *ask; /* as usym_new(), which see; NULL as @read */
	/* Called with the names of each stack that is noted, before anybody can ask for it; may be NULL. @len: bytes */
	void (*told)(void *arg, const struct dx_stack_names *names, size_t len);
	void *arg;
	bool all_users; /* note the stacks of processes of all events, not only of violations */
};

/* To be called early: usym_new(). Returns NULL when memory is short. */
struct stacks *stacks_new(const struct stacks_options *o);
void stacks_free(struct stacks *s);

/* For each record, in the ring's order: names the stacks that it has and that a finding may show. */
void stacks_note(struct stacks *s, const struct dx_event *ev);

/*
 * Names of a stack that somebody else has noted, @len bytes. Returns 0; -EBADMSG: they don't end, or are not
 * all there; -ENOMEM.
 */
int stacks_put(struct stacks *s, const struct dx_stack_names *names, size_t len);

/* Stack @id of the kernel; empty when there is none or @s is NULL. */
struct stack stacks_kernel(struct stacks *s, int32_t id);
/* Stack @id of a process; empty without one (tgid 0). */
struct stack stacks_user(struct stacks *s, int32_t id, const struct usym_who *who);

/* "name+0x12 [module]", "name+0x12 (file)", "0x...", "0x... (file: why)"; safe to print. Returns @out. */
char *stack_frame_format(char *out, size_t outlen, const struct stack_frame *f, bool user);

/* How many of the first frames are daxtop's own programs and the trampolines that call them. */
size_t stack_own_frames(struct ksym *k, const uint64_t *addr, size_t n);
/*
 * How many frames are addresses of a user: without frame pointers the walk of a user
 * stack ends in words that are none.
 */
size_t stack_user_frames(const uint64_t *addr, size_t n);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SYMBOLS_H
#define DAXTOP_SYMBOLS_H
/*
 * symbols.h - names of stacks, looked up when a stack is first seen: later its process or its module
 * may be gone.
 */
#include <stddef.h>
#include <stdint.h>
#include "model/stacks.h"
#include "symbol/ksym.h"
#include "symbol/usym.h"

struct symbols;

struct symbols_options {
	/* As source_stack(). */
	int (*read)(void *arg, int32_t number, uint64_t *addr, size_t max);
	usym_ask *ask; /* as usym_new(), which see */
	/* Names of a stack, @len bytes; again when more is known. To be put into @stacks, before it returns. */
	void (*tell)(void *arg, const struct dx_stack_names *names, size_t len);
	void *arg;
	struct stacks *stacks; /* those that were told */
	bool all_users; /* note the stacks of processes of all events, not only of violations */
};

/* To be called early: usym_new(). Returns NULL when memory is short. */
struct symbols *symbols_new(const struct symbols_options *o);
void symbols_free(struct symbols *s);

/* For each event, in the stream's order: tells the stacks that it has and that a finding may show. */
void symbols_note(struct symbols *s, const struct dx_event *ev);
/* Tells that one now, if it can still be had. */
void symbols_tell(struct symbols *s, int32_t number, const struct stack_who *who);

/* How many of the first frames are daxtop's own programs and the trampolines that call them. */
size_t stack_own_frames(struct ksym *k, const uint64_t *addr, size_t n);
/*
 * How many frames are addresses of a user: without frame pointers the walk of a user
 * stack ends in words that are none.
 */
size_t stack_user_frames(const uint64_t *addr, size_t n);

#endif

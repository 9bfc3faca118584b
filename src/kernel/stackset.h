/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STACKSET_H
#define DAXTOP_STACKSET_H
/*
 * stackset.h - the stacks that records name, by number: each is kept from its DX_STACK on until nobody
 * refers to it any more. No I/O.
 *
 * bpf/ sends a stack once. So one is forgotten in two steps: first bpf/ is told to send it again
 * (struct stackset_sent), and it leaves when every record that was written by then has been read.
 * A record that names it meanwhile, or a holder, makes it stay.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"

#define STACKSET_MAX 65536 /* stacks; 296 bytes each at most */
#define STACKSET_FEW 4096 /* fewer are never swept */
/* between two sweeps; for a task that was preempted while it wrote a record */
#define STACKSET_SWEEP_NS 100000000ULL

struct stackset;

/* What bpf/ believes to be known here. */
struct stackset_sent {
	void (*clear)(void *arg, int32_t number); /* bpf/ is to send it again; a full memory barrier */
	void *arg;
};

/* @max: how many are kept at most, > 0. Returns NULL when memory is short. */
struct stackset *stackset_new(uint32_t max, struct stackset_sent sent);
void stackset_free(struct stackset *s); /* NULL is fine */

/*
 * Keeps a stack, one that is kept already too. Returns 0, or why it is not: -ENOSPC: there are too many,
 * -EEXIST: another one has its number, so neither can be told from now on, -ENOMEM, -EINVAL: a
 * damaged record.
 */
int stackset_add(struct stackset *s, const struct dx_stack_event *e, size_t len);
/* A record names it: it stays. false: it is not kept. */
bool stackset_use(struct stackset *s, int32_t number);
/* Its frames, innermost first, @max of them at most. Returns how many, -ENOENT: it is not kept. */
int stackset_get(const struct stackset *s, int32_t number, uint64_t *addr, size_t max);
uint32_t stackset_nr(const struct stackset *s);

/* Is it time to forget some? @now: ns. */
bool stackset_crowded(const struct stackset *s, uint64_t now);
/* Before a sweep, for each that somebody refers to. */
void stackset_hold(struct stackset *s, int32_t number);
/*
 * Forgets those that nobody referred to, and no record named since the last sweep. @read, @written: up to
 * where the ring has been read, and written now, bytes.
 */
void stackset_sweep(struct stackset *s, uint64_t now, uint64_t read,
		    const volatile unsigned long *written);

#endif

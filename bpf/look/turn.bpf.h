/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TURN_BPF_H
#define DAXTOP_TURN_BPF_H
/*
 * turn.bpf.h - one read of an iterator ends in time.
 *
 * bpf_seq_read() (kernel/bpf/bpf_iter.c) returns when its buffer is full, or after a million tasks without
 * output. User space has a ring to read meanwhile. A program that returns 1 ends the read before the task that it
 * was called for; the next read begins with that one.
 */
#include "look_turn.h"

extern __u64 looked_at; /* tasks, descriptors, words of stacks, so far */
extern __u64 turn_begun; /* looked_at, then */

/* True: return 1. */
static __always_inline bool turn_over(void)
{
	if (looked_at - turn_begun < LOOK_TURN) {
		looked_at++;
		return false;
	}
	turn_begun = looked_at;
	return true;
}

#endif

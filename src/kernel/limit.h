/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LIMIT_H
#define DAXTOP_LIMIT_H
/* limit.h - limits of this process and of the system, which are no fault of the kernel's functions or of a program */
#include <stdbool.h>
#include <stddef.h>

/*
 * Raises RLIMIT_NOFILE until @descriptors can be open, as far as this process may. Returns 0, or -1 with
 * a sentence in @err: it may not have so many. What it was before is kept, the first time.
 */
int limits_raise(unsigned int descriptors, char *err, size_t errlen);
/* In a child, before its exec: the limits that this process was started with. */
void limits_give_back(void);

/* Does @rc, -errno of a system call that loads or attaches, speak of a limit that was reached? */
bool limit_reached(int rc);
/* Which limit, and what to do, as the rest of a sentence ("the BPF programs could not be loaded: ..."). @rc: limit_reached(). */
const char *limit_sentence(int rc);

#endif

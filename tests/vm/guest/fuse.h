/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_FUSE_H
#define GUEST_FUSE_H
/* fuse.h - a filesystem that a user without privileges serves. */
#include <stdbool.h>
#include "harness.h"

/*
 * Has two files of 1 MiB of zeros: "lib" and "shut", whose open is never answered. Whether it has "never" is never
 * answered.
 */
#define FUSE_DIR "/tmp/gt-fuse"

/* Can it be had? Where it is built in, as in Debian's kernels: the guest has no such module. */
bool fuse_there(void);
/* Mounts it; @c serves it from now on, until it is killed. */
void fuse_start(struct child *c);
/* From now on it takes every request and answers none. */
void fuse_silence(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_APART_H
#define DAXTOP_APART_H
/*
 * apart.h - calls that a filesystem can make endless, in a process that can be abandoned.
 *
 * A path that a user names may lie in a filesystem whose server does not answer, or below a directory whose lock
 * is held by what hangs. Whoever waits there sleeps uninterruptibly: no signal ends it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define APART_MS 5000 /* for one call; a disk that has to spin up takes less */

/* Fills @out. Returns 0 or -errno. All descriptors but the one given to apart_call() are closed. */
typedef int apart_fn(void *arg, void *out);

/* A process that is no child of ours, so that nobody waits for its end. As fork(), but -errno. */
int apart_fork(void);
/*
 * Calls @fn in such a process. Returns what it returned, with @out filled (@len bytes, 2048 at most); -ETIMEDOUT if
 * it has not returned within @ms; -EINTR after a signal. @fd: stays open for it, -1: none.
 */
int apart_call(apart_fn *fn, void *arg, void *out, size_t len, int fd, int ms);
/* statx() of what @path leads to, within APART_MS: type, device, inode, STATX_ATTR_MOUNT_ROOT. Returns 0 or -errno. */
int apart_statx(const char *path, struct statx *st);
/* An inode: its number is used again, with another generation. */
struct apart_inode {
	struct statx st; /* as of apart_statx() */
	uint32_t gen; /* i_generation */
	bool gen_known; /* false: its filesystem does not tell it */
};
/* The same, and which inode it is. Nothing is opened for reading. */
int apart_inode(const char *path, struct apart_inode *out);
/* strerror() of the error of one of these: of -ETIMEDOUT what it means. */
const char *apart_sentence(int rc);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DEMO_H
#define DEMO_H
/*
 * demo.h - what the workers of the demo share.
 *
 * A worker is a process that plays one real program for ever. It may end or
 * crash at any point (SIGBUS is the nature of DAX files): it is started again.
 */
#include <stddef.h>
#include <stdint.h>

#define KB 1024ul
#define MB (1024ul * KB)

/* Where the demo works; all from the command line. */
struct demo {
	const char *ext4, *xfs; /* folders of their own on DAX filesystems */
	const char *dax2m, *dax4k; /* device-dax of 2M and 4K alignment */
	const char *disk; /* an ordinary, slow block device */
};

/* Sleeps about @ms milliseconds, a fifth more or less. */
void demo_pause(unsigned int ms);
/* A number below @n, the same row in every run. */
unsigned int demo_random(unsigned int n);
/* Ends the worker when @failed, with the sentence's cause on stderr. */
void demo_check(int failed, const char *what);
/* A child that dies with its parent, named @name. Returns as fork() does. */
int demo_fork(const char *name);
/* Opens (creates) @dir/@name, @size bytes allocated. */
int demo_open(const char *dir, const char *name, size_t size);
/*
 * Maps @len bytes of @fd from @offset at an address aligned to 2M, so that huge
 * pages are possible. @flags: MAP_SHARED or MAP_PRIVATE.
 */
char *demo_map(int fd, size_t len, size_t offset, int flags);
/* Writes @len bytes at @buf to the disk by O_DIRECT: pinned until it is done. */
void demo_backup(const struct demo *d, const void *buf, size_t len);

/* The workers; none returns. demo_fs.c and demo_dev.c */
void demo_wal(const struct demo *d);
void demo_kv(const struct demo *d);
void demo_queue(const struct demo *d);
void demo_ship(const struct demo *d);
void demo_import(const struct demo *d);
void demo_rdma(const struct demo *d);
void demo_cache(const struct demo *d);

#endif

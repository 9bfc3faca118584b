/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_PLACE_H
#define GUEST_PLACE_H
/* place.h - the guest's DAX filesystems and devices, and areas of them to map. */
#include "harness.h"

#define SZ_4K 4096UL
#define SZ_2M (2UL << 20)

extern struct place places[NR_PLACES];

/* Fills in places[] from /proc/mounts and /sys/bus/dax. */
void places_find(void);
/* Removes the files that tests left on the filesystems. */
void places_clean(void);

/* One folio's worth of a file or device, and how daxtop names it. */
struct area {
	struct place *place;
	int fd; /* -1: closed */
	char path[256];
	char spec[300]; /* PATH:OFFSET for daxtop history */
	off_t off; /* bytes, multiple of len */
	size_t len; /* 4K or 2M */
	unsigned int order; /* 0 or 9 */
	char *p; /* the mapping, NULL: none */
};

/* How area_open() prepares a file's blocks. */
enum area_blocks {
	AREA_WRITTEN, /* allocated and written with write(2) */
	AREA_UNWRITTEN, /* allocated by fallocate(2) */
	AREA_HOLE,
};

/*
 * A fresh area: of a new file for a filesystem, of the device otherwise.
 * @order: 0 or 9; on a device it must be the device's own (place_order()).
 */
void area_open(struct area *a, struct place *p, unsigned int order, enum area_blocks blocks);
/* The folio order that is natural for a place: 9 on ON_DAX2M, else 0. */
unsigned int place_order(const struct place *p);
/* Maps it (aligned to its length); flags are mmap's. */
void area_map(struct area *a, int prot, int flags);
/* MAP_SHARED, readable and writable. */
void area_map_shared(struct area *a);
void area_unmap(struct area *a);
/* Closes; unlinks first if it is a file of a filesystem. */
void area_remove(struct area *a);

/* One access, which faults. */
void touch_read(const char *p);
void touch_write(char *p);

/*
 * The runner puts the place right when the test is over, however it ended: its filesystem is mounted
 * (as it was), and before that its namespace is there.
 */
void mount_afterwards(const struct place *p);
void namespace_afterwards(const struct place *p, const char *name);
/* Mounts the filesystem again. */
void remount(const struct place *p);

/* The namespace of a place's device ("namespace0.1"), for ndctl. */
void namespace_of(const struct place *p, char *name, size_t len);
/* Waits until a path is there. */
void wait_for_path(const char *path);

/* Makes /dev/nullb0 (module null_blk) if it is not there; returns an O_DIRECT fd for writing. */
int nullb_open(void);

#endif

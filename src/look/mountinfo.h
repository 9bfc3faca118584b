/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MOUNTINFO_H
#define DAXTOP_MOUNTINFO_H
/* mountinfo.h - /proc/PID/mountinfo, read and searched */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mount_line {
	int id, parent;
	uint32_t dev; /* kernel dev_t */
	char *root, *point; /* hostile bytes, unescaped */
	char fstype[16];
};

struct mountinfo {
	struct mount_line *m;
	size_t nr;
};

/* Adds the mounts that @f lists, in their order. Returns 0 or -errno; what was read before that stays. */
int mountinfo_parse(struct mountinfo *t, FILE *f);
/* The same of the file @path. */
int mountinfo_read(struct mountinfo *t, const char *path);
void mountinfo_free(struct mountinfo *t);
/*
 * Path of the file that is @path in the filesystem @dev: through the shortest mount point that shows it, and
 * over which nothing else is mounted. To be freed. NULL: no mount shows it, or memory is short.
 */
char *mountinfo_path(const struct mountinfo *t, uint32_t dev, const char *path);
/* The mount that "/" leads to; NULL: a directory of a mount that is not listed (chroot). */
const struct mount_line *mountinfo_root(const struct mountinfo *t);

#endif

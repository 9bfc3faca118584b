// SPDX-License-Identifier: GPL-2.0-only
/* block.c - block devices that stand on others, from sysfs */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "device.h"

#define STACK_DEPTH 8 /* of block devices on one another */

struct below {
	bool (*is_wanted)(void *arg, const char *name);
	void *arg;
	char *name;
	size_t len;
};

/* The block device in folder @sys (of /sys), or one below it, or whose partition it is. */
static bool stands_on(const char *sys, struct below *b, int depth)
{
	char path[512], target[512];
	struct dirent *e;
	bool found = false;
	const char *base;
	ssize_t n;
	DIR *d;

	n = readlink(sys, target, sizeof(target) - 1);
	if (n <= 0 || depth > STACK_DEPTH)
		return false;
	target[n] = 0;
	base = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	snprintf(b->name, b->len, "%.*s", (int)b->len - 1, base);
	if (b->is_wanted(b->arg, b->name))
		return true;
	/* .../block/pmem0/pmem0p1 */
	snprintf(path, sizeof(path), "%.400s/partition", sys);
	if (!access(path, F_OK) && base > target + 1) {
		target[base - 1 - target] = 0;
		base = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
		snprintf(b->name, b->len, "%.*s", (int)b->len - 1, base);
		return b->is_wanted(b->arg, b->name);
	}
	snprintf(path, sizeof(path), "%.400s/slaves", sys);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		char below[512];

		if (e->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "/sys/class/block/%.255s", e->d_name);
		found = stands_on(below, b, depth + 1);
	}
	if (d)
		closedir(d);
	return found;
}

bool device_below(uint32_t dev, bool (*is_wanted)(void *arg, const char *name), void *arg,
		  char *name, size_t len)
{
	struct below b = { is_wanted, arg, name, len };
	char sys[64];

	snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u", dev >> 20, dev & 0xfffff);
	return stands_on(sys, &b, 0);
}

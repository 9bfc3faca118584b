// SPDX-License-Identifier: GPL-2.0-only
/*
 * badblocks.c - memory that is known to be bad, as sysfs lists it (block/badblocks.c, badblocks_show()): sectors of a
 * block device, or of the NVDIMM region that a device-dax is in (drivers/nvdimm/region_devs.c, region_badblocks_show()).
 */
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "badblocks.h"

#define SECTOR 512

/* @first, @bytes: the part that matters; a page of text at most: with more of them it ends there. */
static int64_t badblocks_sum(const char *path, uint64_t first, uint64_t bytes)
{
	FILE *f = fopen(path, "re");
	uint64_t sector, nr;
	int64_t sum = 0;

	if (!f)
		return -1;
	while (fscanf(f, "%" SCNu64 " %" SCNu64, &sector, &nr) == 2) {
		uint64_t begin = sector * SECTOR, end = begin + nr * SECTOR;

		if (begin < first)
			begin = first;
		if (end > first + bytes)
			end = first + bytes;
		if (begin < end)
			sum += end - begin;
	}
	fclose(f);
	return sum;
}

/* A number in a file of sysfs; false: there is none. */
static bool number_read(const char *folder, const char *name, uint64_t *out)
{
	char path[PATH_MAX + 32], text[32], *end;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	*out = strtoull(text, &end, 0);
	return end != text;
}

/* The region is one of the folders above the device's own. */
static int64_t region_badblocks(const char *sys, const char *device)
{
	uint64_t resource, size, region;
	char path[PATH_MAX], at[PATH_MAX], file[PATH_MAX + 16], *slash;

	snprintf(path, sizeof(path), "%s/bus/dax/devices/%s", sys, device);
	if (!realpath(path, at) || !number_read(at, "resource", &resource) ||
	    !number_read(at, "size", &size))
		return -1;
	while ((slash = strrchr(at, '/')) && strncmp(slash, "/region", 7))
		*slash = '\0';
	if (!slash || !number_read(at, "resource", &region) || resource < region)
		return -1;
	snprintf(file, sizeof(file), "%s/badblocks", at);
	return badblocks_sum(file, resource - region, size);
}

int64_t badblocks_bytes(const char *sys, const char *device)
{
	char path[PATH_MAX];
	int64_t bytes;

	snprintf(path, sizeof(path), "%s/block/%s/badblocks", sys, device);
	bytes = badblocks_sum(path, 0, UINT64_MAX);
	return bytes < 0 ? region_badblocks(sys, device) : bytes;
}

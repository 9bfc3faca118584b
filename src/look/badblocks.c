// SPDX-License-Identifier: GPL-2.0-only
/* badblocks.c - bad blocks of a block device (block/badblocks.c, badblocks_show()) */
#include <inttypes.h>
#include <stdio.h>
#include "badblocks.h"

#define SECTOR 512

int64_t badblocks_bytes(const char *device)
{
	uint64_t sector, nr;
	int64_t bytes = 0;
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/badblocks", device);
	f = fopen(path, "re");
	if (!f)
		return -1;
	/* a page at most: with more of them it ends there */
	while (fscanf(f, "%" SCNu64 " %" SCNu64, &sector, &nr) == 2)
		bytes += (int64_t)nr * SECTOR;
	fclose(f);
	return bytes;
}

// SPDX-License-Identifier: GPL-2.0-only
/* walk.c - struct pages, piece by piece */
#include <string.h>
#include "internal.h"
#include "walk.h"

#define MEMORY_FS_DAX  3 /* enum memory_type, include/linux/memremap.h */
#define MEMORY_GENERIC 4

int32_t walk_idle(unsigned int type, bool legacy)
{
	return type == MEMORY_GENERIC || (legacy && type == MEMORY_FS_DAX);
}

int walk_next(struct walk *w, struct dx_walk_args *piece)
{
	int rc;

	if (w->pfn >= w->end)
		return 0;
	memset(piece, 0, sizeof(*piece));
	piece->pfn = w->pfn;
	piece->end = w->end;
	piece->pgmap = w->pgmap;
	piece->idle = w->idle;
	piece->budget = WALK_BUDGET;
	rc = source_run(w->prog, piece, sizeof(*piece));
	if (rc)
		return rc;
	w->pfn = piece->pfn;
	return 1;
}

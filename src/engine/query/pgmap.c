// SPDX-License-Identifier: GPL-2.0-only
/* pgmap.c - pgmaps and files as the views see them */
#include <string.h>
#include "engine/apply/state.h"

int engine_pgmaps(struct engine *e, int (*fn)(const struct engine_pgmap *p, void *arg), void *arg)
{
	int ret = 0;

	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr && !ret; i++) {
		const struct pgmap *p = &e->pgmaps.map[i];
		struct engine_pgmap out = {
			.dying = p->dying,
			.refs_known = p->refs_known,
			.refs = p->refs,
			.refs_base = p->refs_base,
			.refs_explained = p->refs_explained,
			.pgmap = p->pgmap,
			.pfn = p->pfn,
			.nr_pages = p->nr_pages,
			.type = p->type,
			.gone = p->gone,
			.folios = p->folios,
		};

		memcpy(out.device, p->device, sizeof(out.device));
		if (p->used)
			ret = fn(&out, arg);
	}
	return ret;
}

const char *engine_path(struct engine *e, uint32_t dev, uint64_t ino, bool *deleted)
{
	uint32_t id = file_find(&e->files, dev, ino, false);

	if (!id || !e->files.file[id].path)
		return NULL;
	if (deleted)
		*deleted = e->files.file[id].deleted;
	return e->files.file[id].path;
}

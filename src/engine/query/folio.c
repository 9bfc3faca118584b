// SPDX-License-Identifier: GPL-2.0-only
/* folio.c - folios as the views see them */
#include <errno.h>
#include "engine/apply/row.h"

int engine_folios(struct engine *e, int (*fn)(const struct engine_folio *f, void *arg), void *arg)
{
	struct engine_folio row;
	int ret = 0;

	for (uint32_t id = 1; id <= e->folios.nr && !ret; id++) {
		if (folio_ptr(&e->folios, id)->absorbed)
			continue;
		folio_row(e, id, &row);
		ret = fn(&row, arg);
	}
	return ret;
}

int engine_folio_get(struct engine *e, uint64_t pfn, struct engine_folio *out)
{
	uint32_t id = folio_find_covering(&e->folios, pfn);

	if (!id)
		return -ENOENT;
	folio_row(e, id, out);
	return 0;
}

int32_t engine_idle_count(const struct engine *e, unsigned int type)
{
	return idle_count(e, type);
}

bool engine_legacy(const struct engine *e)
{
	return e->opt.legacy;
}

/*
 * The folio at a file's offset is the one with the entry; when that is gone,
 * the last that had it. Looks at every folio: it is asked for by people.
 */
int engine_folio_find(struct engine *e, uint32_t dev, uint64_t ino, uint64_t index,
		      struct engine_folio *out)
{
	uint32_t file = file_find(&e->files, dev, ino, false), found = 0;
	const struct folio *best = NULL;

	for (uint32_t id = 1; file && id <= e->folios.nr; id++) {
		const struct folio *f = folio_ptr(&e->folios, id);

		if (f->file != file || f->absorbed || index < f->index ||
		    (index - f->index) >> f->order)
			continue;
		if (best && (f->stale > best->stale ||
			     (f->stale == best->stale && f->last_time < best->last_time)))
			continue;
		best = f;
		found = id;
	}
	if (!found)
		return -ENOENT;
	folio_row(e, found, out);
	return 0;
}

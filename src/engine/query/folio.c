// SPDX-License-Identifier: GPL-2.0-only
/* folio.c - folios as the views see them */
#include <errno.h>
#include "engine/apply/row.h"
#include "engine/query/snapshot.h"

int snapshot_folios(const struct snapshot *s, unsigned int parts,
		    int (*fn)(const struct engine_folio *f, void *arg), void *arg)
{
	const struct engine *e = &s->e;
	struct engine_folio row;
	int ret = 0;

	for (uint32_t id = 1; id <= e->folios.nr && !ret; id++) {
		if (folio_ptr(&e->folios, id)->absorbed)
			continue;
		folio_row(e, id, parts, &row);
		ret = fn(&row, arg);
	}
	return ret;
}

int snapshot_folio_get(const struct snapshot *s, uint64_t pfn, struct engine_folio *out)
{
	const struct engine *e = &s->e;
	uint32_t id = folio_find_covering(&e->folios, pfn);

	if (!id)
		return -ENOENT;
	folio_row(e, id, ENGINE_FOLIO_ALL, out);
	return 0;
}

int32_t snapshot_idle_count(const struct snapshot *s, unsigned int type)
{
	const struct engine *e = &s->e;
	return idle_count(e, type);
}

bool snapshot_legacy(const struct snapshot *s)
{
	const struct engine *e = &s->e;
	return e->opt.legacy;
}

/*
 * The folio at a file's offset is the one with the entry; when that is gone,
 * the last that had it. Looks at every folio: it is asked for by people.
 */
int snapshot_folio_find(const struct snapshot *s, uint32_t dev, uint64_t ino, const uint32_t *gen,
			uint64_t index, struct engine_folio *out)
{
	const struct engine *e = &s->e;
	const struct folio *best = NULL;
	uint32_t found = 0;

	for (uint32_t id = 1; id <= e->folios.nr; id++) {
		const struct folio *f = folio_ptr(&e->folios, id);
		const struct file *file = file_ptr(&e->files, f->file);

		if (!f->file || file->ino != ino || file->dev != dev || (gen && file->gen != *gen))
			continue;
		if (f->absorbed || index < f->index || (index - f->index) >> f->order)
			continue;
		if (best && (f->stale > best->stale ||
			     (f->stale == best->stale && f->last_time < best->last_time)))
			continue;
		best = f;
		found = id;
	}
	if (!found)
		return -ENOENT;
	folio_row(e, found, ENGINE_FOLIO_ALL, out);
	return 0;
}

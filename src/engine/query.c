// SPDX-License-Identifier: GPL-2.0-only
/* query.c - folios as the views see them. */
#include <errno.h>
#include <string.h>
#include "internal.h"

/*
 * The mmu_gather puts the references of the mappings that it took away before the
 * munmap or the exit goes on; the last put is seen (free), the others are not. After so
 * long they have happened, and a count that still has them would look like a leak.
 */
#define ZAP_SETTLED_NS 1000000000ull

static void folio_settle(const struct engine *e, const struct folio *f, struct engine_folio *out)
{
	if (!f->zap_puts || e->opt.legacy || e->watermark < out->last_time + ZAP_SETTLED_NS)
		return;
	out->refcount = f->ref > (int64_t)f->zap_puts ? f->ref - (int64_t)f->zap_puts : 0;
	out->ref_inferred = true;
}

void folio_row(struct engine *e, uint32_t id, struct engine_folio *out)
{
	const struct folio *f = folio_ptr(&e->folios, id);
	const struct task *task = &e->tasks.task[f->task];

	*out = (struct engine_folio){
		.pfn = f->pfn,
		.order = f->order,
		.pgmap_type = pgmap_type(e, f),
		.doubtful = folio_doubtful(e, f),
		.predates = f->predates,
		.mapped_entry = f->entry,
		.waited = f->waited,
		.refcount = f->ref,
		.mapcount = f->map,
		.pincount = f->pin,
		.device = pgmap_device(e, f),
		.first_time = e->base + f->first_time,
		.last_time = e->base + f->last_time,
		.last_cause = f->cause,
		.last_tgid = task->tgid,
		.steps_dropped = f->steps - history_slots(&e->history, id, f, NULL),
	};
	memcpy(out->last_comm, task->comm, DX_COMM_LEN);
	if (f->file && !f->stale) {
		const struct file *file = &e->files.file[f->file];

		out->dev = file->dev;
		out->ino = file->ino;
		out->index = f->index;
		out->path = file->path;
		out->path_deleted = file->deleted;
	}
	holder_count(e, id, f, true, &out->nr_holders);
	folio_settle(e, f, out);
}

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

/*
 * The folio at a file's offset is the one with the entry; when that is gone,
 * the last that had it. Looks at every folio: it is asked for by people.
 */
int engine_folio_find(struct engine *e, uint32_t dev, uint64_t ino, uint64_t index,
		      struct engine_folio *out)
{
	uint32_t file = file_find(e, dev, ino, false), found = 0;
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

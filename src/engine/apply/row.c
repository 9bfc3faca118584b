// SPDX-License-Identifier: GPL-2.0-only
/* row.c - a folio as the views see it */
#include <string.h>
#include "engine/apply/look.h"
#include "engine/apply/row.h"

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

static void folio_file(const struct engine *e, const struct folio *f, struct engine_folio *out)
{
	const struct file *file = file_ptr(&e->files, f->file);

	out->device = pgmap_device(&e->pgmaps, f);
	if (!f->file || f->stale)
		return;
	out->dev = file->dev;
	out->ino = file->ino;
	out->gen = file->gen;
	out->index = f->index;
	out->path = file->path;
	out->path_flags = file->path_flags;
	out->path_tgid = file->path_tgid;
}

static void folio_task(const struct engine *e, const struct folio *f, struct engine_folio *out)
{
	const struct task *task = task_ptr(&e->tasks, f->task);

	out->last_tgid = task->tgid;
	memcpy(out->last_comm, task->comm, DX_COMM_LEN);
}

void folio_row(const struct engine *e, uint32_t id, unsigned int parts, struct engine_folio *out)
{
	const struct folio *f = folio_ptr(&e->folios, id);

	*out = (struct engine_folio){
		.pfn = f->pfn,
		.order = f->order,
		.pgmap_type = pgmap_type(&e->pgmaps, f),
		.doubtful = folio_doubtful(e, f),
		.predates = f->predates,
		.mapped_entry = f->entry,
		.waited = f->waited,
		.refcount = f->ref,
		.mapcount = f->map,
		.pincount = f->pin,
		.first_time = e->base + f->first_time,
		.last_time = e->base + f->last_time,
		.last_cause = f->cause,
	};
	if (parts & ENGINE_FOLIO_FILE)
		folio_file(e, f, out);
	if (parts & ENGINE_FOLIO_TASK)
		folio_task(e, f, out);
	if (parts & ENGINE_FOLIO_HOLDERS) {
		holder_count(&e->holders, id, f, true, &out->nr_holders);
		out->nr_holders += look_count(e, id, f);
	}
	if (parts & ENGINE_FOLIO_STEPS)
		out->steps_dropped = f->steps - history_slots(&e->history, id, f, NULL);
	folio_settle(e, f, out);
}

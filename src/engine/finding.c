// SPDX-License-Identifier: GPL-2.0-only
/*
 * finding.c - what was found, in order of appearance.
 *
 * There is room for FINDING_MAX; what comes then is counted only. All that a finding says is
 * a copy: files and devices go, and their numbers are used again.
 */
#include <stdlib.h>
#include <string.h>
#include "internal.h"

void finding_table_destroy(struct finding_table *t)
{
	for (uint32_t i = 0; i < t->nr; i++)
		free(t->node[i].path);
	free(t->node);
}

void finding_set_pgmap(struct engine *e, uint32_t nr, uint32_t pgmap)
{
	struct finding *d = &e->findings.node[nr - 1];
	const struct engine_pgmap *p = &e->pgmaps.map[pgmap].p;

	d->f.pgmap = p->pgmap;
	d->f.folio.pgmap_type = p->type;
	if (p->device[0])
		memcpy(d->device, p->device, sizeof(d->device));
}

static void finding_keep_path(struct engine *e, struct finding *d)
{
	const struct file *file = &e->files.file[d->file];
	size_t len;

	if (d->path || !d->file || !file->path)
		return;
	d->f.folio.path_deleted = file->deleted;
	len = strlen(file->path) + 1;
	d->path = engine_realloc(NULL, len);
	if (d->path)
		memcpy(d->path, file->path, len);
	else
		e->no_memory = true;
}

static void finding_set_file(struct engine *e, struct finding *d, uint32_t file)
{
	/* counted as a folio's: the file stays as long as it is named */
	if (file)
		e->files.file[file].refs++;
	if (d->file)
		e->files.file[d->file].refs--;
	if (d->file != file) {
		free(d->path);
		d->path = NULL;
	}
	d->file = file;
	finding_keep_path(e, d);
}

void finding_set_folio(struct engine *e, uint32_t nr, uint32_t id)
{
	struct finding *d = &e->findings.node[nr - 1];
	const struct folio *f = folio_ptr(&e->folios, id);
	const char *device = pgmap_device(e, f);

	folio_row(e, id, &d->f.folio);
	finding_set_pgmap(e, nr, f->pgmap);
	if (device)
		strncpy(d->device, device, sizeof(d->device) - 1);
	/* also that of an entry that is gone: it is what people know the page by */
	finding_set_file(e, d, f->file);
	if (f->file) {
		d->f.folio.dev = e->files.file[f->file].dev;
		d->f.folio.ino = e->files.file[f->file].ino;
		d->f.folio.index = f->index;
	}
}

uint32_t finding_add(struct engine *e, enum dx_rule rule, uint32_t id)
{
	struct finding_table *t = &e->findings;
	struct finding *d;

	if (t->nr >= FINDING_MAX) {
		e->rule[rule].refused++;
		return 0;
	}
	if (array_grow((void **)&t->node, &t->max, t->nr + 1, sizeof(*t->node))) {
		e->rule[rule].refused++;
		e->no_memory = true;
		return 0;
	}
	d = &t->node[t->nr++];
	*d = (struct finding){
		.f = { .nr = t->nr, .rule = rule, .count = 1, .stack = -1, .ustack = -1 },
	};
	if (id)
		finding_set_folio(e, t->nr, id);
	return t->nr;
}

void finding_over(struct engine *e, uint32_t nr, uint64_t time)
{
	struct engine_finding *f;

	if (!nr)
		return;
	f = finding_ptr(&e->findings, nr);
	if (f->over)
		return;
	f->over = true;
	f->end_time = time;
}

int engine_findings(struct engine *e, int (*fn)(const struct engine_finding *f, void *arg), void *arg)
{
	int ret = 0;

	for (uint32_t i = 0; i < e->findings.nr && !ret; i++) {
		struct finding *d = &e->findings.node[i];
		struct engine_finding out;
		uint32_t id;

		finding_keep_path(e, d);
		out = d->f;
		id = out.folio.pfn ? folio_find_covering(&e->folios, out.folio.pfn) : 0;

		out.folio.path = d->path;
		out.folio.device = d->device[0] ? d->device : NULL;
		if (!out.folio.device && id)
			out.folio.device = pgmap_device(e, folio_ptr(&e->folios, id));
		if (id)
			holder_count(e, id, folio_ptr(&e->folios, id), true, &out.nr_holders);
		out.folio.nr_holders = out.nr_holders;
		/* it waits until now */
		if (out.rule >= DX_RULE_STALL_BREAK_LAYOUT && !out.over)
			out.last_time = e->watermark;
		ret = fn(&out, arg);
	}
	return ret;
}

/* ---- violations that bpf/ saw: one finding for those that are alike ---- */

static uint32_t *violation_bucket(struct finding_table *t, const struct dx_event *ev)
{
	uint64_t h = (uint64_t)ev->arg << 32 ^ (uint32_t)ev->ret << 16 ^ (uint32_t)ev->stack;

	h = (h ^ ev->pfn * 0x9e3779b97f4a7c15ull ^ ev->pgmap) * 0xff51afd7ed558ccdull;
	return &t->bucket[(h >> 32) % FINDING_BUCKETS];
}

static uint64_t violation_pfn(const struct dx_event *ev)
{
	return ev->flags & DX_F_NO_FOLIO ? 0 : ev->pfn;
}

static bool violation_same(const struct engine_finding *f, const struct dx_event *ev)
{
	if (f->rule != ev->arg || f->detail != ev->ret || f->stack != ev->stack ||
	    f->pgmap != ev->pgmap || f->folio.pfn != violation_pfn(ev))
		return false;
	/* without a folio it is the file's */
	return f->folio.pfn || (f->folio.dev == ev->dev && f->folio.ino == ev->ino);
}

/* This kernel maps DAX by bare pfn: it is no bug of anybody's. */
static bool violation_by_design(const struct engine *e, const struct dx_event *ev)
{
	return ev->arg == DX_RULE_INSTALL_WITHOUT_REF && e->opt.legacy && !e->opt.strict &&
	       (!ev->pgmap_type || ev->pgmap_type == MEMORY_DEVICE_FS_DAX ||
		ev->pgmap_type == MEMORY_DEVICE_GENERIC);
}

static void violation_fill(struct engine *e, struct finding *d, const struct dx_event *ev)
{
	struct engine_finding *f = &d->f;
	struct engine_folio *row = &f->folio;
	uint32_t file;

	f->detail = ev->ret;
	f->confidence = ENGINE_PROVEN;
	f->note = violation_by_design(e, ev);
	f->first_time = ev->time;
	f->wanted = ev->ref_first;
	f->got = (int32_t)ev->since;
	f->nr_refs = ev->nr;
	f->level = ev->level;
	f->addr = ev->addr;
	f->index = ev->index;
	f->pgmap = ev->pgmap;
	f->tgid = ev->tgid;
	f->pid = ev->pid;
	memcpy(f->comm, ev->comm, strnlen(ev->comm, DX_COMM_LEN));
	f->stack = ev->stack;
	f->ustack = ev->ustack;
	f->exec = ev->exec;
	if (ev->ino || ev->dev) {
		file = file_find(e, ev->dev, ev->ino, true);
		finding_set_file(e, d, file);
		row->dev = ev->dev;
		row->ino = ev->ino;
		row->index = ev->index;
	}
	row->pgmap_type = ev->pgmap_type;
	row->pfn = violation_pfn(ev);
	if (!row->pfn)
		return;
	row->order = ev->order;
	row->refcount = ev->refcount;
	row->mapcount = ev->mapcount;
	row->pincount = ev->pincount;
	row->ref_inferred = false;
	if (!row->first_time)
		row->first_time = row->last_time = ev->time;
}

void violation_apply(struct engine *e, const struct dx_event *ev)
{
	struct finding_table *t = &e->findings;
	uint32_t nr, id, pgmap;
	uint32_t *bucket;

	if (e->opt.no_rules)
		return;
	e->rule[ev->arg].samples++;
	bucket = violation_bucket(t, ev);
	for (nr = *bucket; nr; nr = t->node[nr - 1].next) {
		struct engine_finding *f = &t->node[nr - 1].f;

		if (!violation_same(f, ev))
			continue;
		f->count++;
		if (ev->time > f->last_time)
			f->last_time = ev->time;
		return;
	}
	id = violation_pfn(ev) ? folio_find_covering(&e->folios, ev->pfn) : 0;
	nr = finding_add(e, ev->arg, id);
	if (!nr) {
		/* it is among the samples: not a finding less */
		e->rule[ev->arg].refused--;
		return;
	}
	pgmap = pgmap_find(&e->pgmaps, ev->pgmap);
	if (ev->pgmap && pgmap)
		finding_set_pgmap(e, nr, pgmap);
	violation_fill(e, &t->node[nr - 1], ev);
	t->node[nr - 1].f.last_time = ev->time;
	t->node[nr - 1].next = *bucket;
	*bucket = nr;
}

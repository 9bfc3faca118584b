// SPDX-License-Identifier: GPL-2.0-only
/* violation.c - violations that bpf/ saw: one finding for those that are alike */
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"

#define VIOLATION_BUCKETS 1024u

struct violations {
	uint32_t bucket[VIOLATION_BUCKETS]; /* of findings, by what they have alike */
};

static uint32_t *bucket_of(struct violations *t, const struct dx_event *ev)
{
	uint64_t h = (uint64_t)ev->arg << 32 ^ (uint32_t)ev->ret << 16 ^ (uint32_t)ev->stack;

	h = (h ^ ev->pfn * 0x9e3779b97f4a7c15ull ^ ev->pgmap) * 0xff51afd7ed558ccdull;
	return &t->bucket[(h >> 32) % VIOLATION_BUCKETS];
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
		file = file_get(&e->files, ev->dev, ev->ino);
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

static void event(struct engine *e, void *state, const struct dx_event *ev)
{
	struct finding_table *t = e->findings;
	uint32_t nr, id, pgmap;
	uint32_t *bucket;

	if (e->opt.no_rules)
		return;
	e->rule[ev->arg].samples++;
	bucket = bucket_of(state, ev);
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

const struct judge judge_violation = {
	.name = "violation",
	.state = sizeof(struct violations),
	.events = 1u << DX_VIOLATION,
	.event = event,
};

// SPDX-License-Identifier: GPL-2.0-only
/* violation.c - violations that bpf/ saw: one finding for those that are alike, or are one thing */
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"

#define VIOLATION_BUCKETS 1024u

struct violations {
	uint32_t bucket[VIOLATION_BUCKETS]; /* of folios of findings, by what is alike */
	uint32_t last[VIOLATION_BUCKETS]; /* the last finding, by what is alike but the folio */
};

static uint32_t bucket_of(const struct dx_event *ev, uint64_t pfn)
{
	uint64_t h = (uint64_t)ev->arg << 32 ^ (uint32_t)ev->ret << 16 ^ (uint32_t)ev->stack;

	h = (h ^ pfn * 0x9e3779b97f4a7c15ull ^ ev->pgmap) * 0xff51afd7ed558ccdull;
	return (h >> 32) % VIOLATION_BUCKETS;
}

static uint64_t violation_pfn(const struct dx_event *ev)
{
	return ev->flags & DX_F_NO_FOLIO ? 0 : ev->pfn;
}

static bool violation_alike(const struct engine_finding *f, const struct dx_event *ev)
{
	return f->rule == ev->arg && f->detail == ev->ret && f->stack == ev->stack &&
	       f->pgmap == ev->pgmap;
}

static bool same_file(const struct engine_finding *f, const struct dx_event *ev)
{
	return f->folio.dev == ev->dev && f->folio.ino == ev->ino && f->folio.gen == ev->gen;
}

/* Is it one more of what the last finding is about? */
static bool same_moment(const struct engine_finding *f, const struct dx_event *ev)
{
	return violation_alike(f, ev) && same_file(f, ev) && f->folio.pfn && violation_pfn(ev) &&
	       f->tgid == ev->tgid && f->pid == ev->pid && ev->time >= f->last_time &&
	       ev->time - f->last_time < FINDING_MOMENT_NS;
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
		file = file_get(&e->files, ev->dev, ev->ino, ev->gen);
		finding_set_file(e, d, file);
		row->dev = ev->dev;
		row->ino = ev->ino;
		row->gen = ev->gen;
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

static void folio_tell(struct engine *e, struct violations *v, uint32_t nr, const struct dx_event *ev)
{
	uint64_t pfn = violation_pfn(ev);
	uint32_t *bucket = &v->bucket[bucket_of(ev, pfn)];
	uint32_t n = finding_add_folio(e, nr, pfn);

	if (!n)
		return;
	e->findings->folio[n - 1].same = *bucket;
	*bucket = n;
}

static void seen_again(struct engine_finding *f, const struct dx_event *ev)
{
	f->count++;
	if (ev->time > f->last_time)
		f->last_time = ev->time;
}

/* The finding that has the same folio, or file; NULL: none. */
static struct engine_finding *violation_known(struct engine *e, const struct violations *v,
					      const struct dx_event *ev)
{
	const struct finding_table *t = e->findings;
	uint64_t pfn = violation_pfn(ev);

	for (uint32_t n = v->bucket[bucket_of(ev, pfn)]; n; n = t->folio[n - 1].same) {
		struct engine_finding *f = &t->node[t->folio[n - 1].nr - 1].f;

		/* without a folio it is the file's */
		if (t->folio[n - 1].pfn == pfn && violation_alike(f, ev) && (pfn || same_file(f, ev)))
			return f;
	}
	return NULL;
}

/* pgmap-gone-under-pin has one record for all: those that are tracked are known one by one. */
static void gone_folios(struct engine *e, uint32_t nr, uint32_t pgmap, const struct dx_event *ev)
{
	struct engine_finding *f = finding_ptr(e->findings, nr);

	if (ev->nr > 1)
		f->nr_folios = ev->nr;
	for (uint32_t id = 1; pgmap && id <= e->folios.nr; id++) {
		const struct folio *x = folio_ptr(&e->folios, id);

		if (!x->absorbed && x->pgmap == pgmap && x->pfn != f->folio.pfn &&
		    x->ref > idle_count(e, ev->pgmap_type))
			finding_add_folio(e, nr, x->pfn);
	}
}

static void event(struct engine *e, void *state, const struct dx_event *ev)
{
	struct violations *v = state;
	struct engine_finding *f;
	uint32_t nr, id, pgmap, *last;

	if (e->opt.no_rules)
		return;
	e->rule[ev->arg].samples++;
	f = violation_known(e, v, ev);
	if (f) {
		seen_again(f, ev);
		return;
	}
	last = &v->last[bucket_of(ev, 0)];
	f = *last ? finding_ptr(e->findings, *last) : NULL;
	if (f && same_moment(f, ev) && e->findings->nr_folios < FINDING_FOLIOS_MAX) {
		folio_tell(e, v, f->nr, ev);
		f->nr_folios++;
		seen_again(f, ev);
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
	violation_fill(e, &e->findings->node[nr - 1], ev);
	finding_ptr(e->findings, nr)->last_time = ev->time;
	folio_tell(e, v, nr, ev);
	if (ev->ret == DX_D_IN_USE)
		gone_folios(e, nr, pgmap, ev);
	*last = nr;
}

const struct judge judge_violation = {
	.name = "violation",
	.state = sizeof(struct violations),
	.events = 1u << DX_VIOLATION,
	.event = event,
};

// SPDX-License-Identifier: GPL-2.0-only
/* leak_finding.c - folio-leak's findings: folios of which one call took the references are one thing */
#include <string.h>
#include "engine/judge/leak.h"

/* What it says of the folio, or of the first of many. */
static void leak_tell(struct engine *e, uint32_t nr, uint32_t id, const struct leak *l)
{
	const struct folio *f = folio_ptr(&e->folios, id);
	struct engine_finding *out = finding_ptr(e->findings, nr);

	finding_set_folio(e, nr, id);
	out->index = f->index;
	out->got = f->ref;
	out->wanted =
		sat32(f->ref - l->leaked * (l->is_pins && !f->order ? GUP_PIN_COUNTING_BIAS : 1));
}

static void leak_fill(struct engine *e, uint32_t nr, const struct suspect *s, const struct leak *l)
{
	struct engine_finding *out = finding_ptr(e->findings, nr);

	leak_tell(e, nr, s->folio, l);
	out->confidence = l->confidence;
	out->why = l->why;
	out->first_time = s->since;
	out->leaked_pins = l->is_pins;
	out->nr_refs = sat32(s->least);
	if (l->holder) {
		const struct holder *h = holder_ptr(&e->holders, l->holder);
		const struct task *t = task_ptr(&e->tasks, h->task);

		out->tgid = t->tgid;
		out->pid = t->pid;
		memcpy(out->comm, t->comm, DX_COMM_LEN);
		out->stack = h->stack;
	}
}

/* When they were taken; if nobody was seen to, when nothing explained them any more. */
static uint64_t leak_moment(const struct engine *e, const struct suspect *s, const struct leak *l)
{
	return l->holder ? holder_ptr(&e->holders, l->holder)->since : s->entered;
}

/* One more folio of what @f is about? */
static bool leak_joins(const struct engine *e, const struct engine_finding *f,
		       const struct suspect *s, const struct leak *l)
{
	const struct holder *h = l->holder ? holder_ptr(&e->holders, l->holder) : NULL;
	const struct task *t = h ? task_ptr(&e->tasks, h->task) : NULL;
	const struct folio *x = folio_ptr(&e->folios, s->folio);
	const struct file *file = file_ptr(&e->files, x->file);

	return !f->over && f->confidence == l->confidence && f->why == l->why &&
	       f->leaked_pins == l->is_pins && f->nr_refs == (uint32_t)sat32(s->least) &&
	       f->stack == (h ? h->stack : -1) && f->tgid == (t ? t->tgid : 0) &&
	       f->pid == (t ? t->pid : 0) && f->folio.order == x->order &&
	       f->pgmap == e->pgmaps.map[x->pgmap].pgmap && f->folio.dev == file->dev &&
	       f->folio.ino == file->ino && f->folio.gen == file->gen &&
	       e->findings->nr_folios < FINDING_FOLIOS_MAX;
}

static uint32_t leak_hash(const struct engine *e, const struct suspect *s, const struct leak *l)
{
	const struct folio *x = folio_ptr(&e->folios, s->folio);
	uint64_t h = l->holder ? (uint32_t)holder_ptr(&e->holders, l->holder)->stack : UINT32_MAX;

	h = (h << 24 ^ x->file ^ (uint64_t)x->pgmap << 56) * 0xff51afd7ed558ccdull;
	return (h >> 32) % LASTS;
}

void leak_found(struct engine *e, struct suspect_table *t, struct suspect *s, const struct leak *l,
		uint64_t time)
{
	uint32_t hash = leak_hash(e, s, l), nr = t->last[hash].finding;
	uint64_t moment = leak_moment(e, s, l), last = t->last[hash].moment;
	uint64_t between = moment > last ? moment - last : last - moment;

	if (nr && between < FINDING_MOMENT_NS && leak_joins(e, finding_ptr(e->findings, nr), s, l)) {
		finding_ptr(e->findings, nr)->nr_folios++;
	} else {
		nr = finding_add(e, DX_RULE_FOLIO_LEAK, s->folio);
		if (nr)
			leak_fill(e, nr, s, l);
	}
	s->finding = nr ? nr : UINT32_MAX;
	if (!nr)
		return;
	finding_ptr(e->findings, nr)->last_time = time;
	finding_add_folio(e, nr, folio_ptr(&e->folios, s->folio)->pfn);
	t->last[hash].finding = nr;
	t->last[hash].moment = moment;
}

void leak_over(struct engine *e, struct suspect_table *t, struct suspect *s, uint64_t time)
{
	uint64_t pfn = folio_ptr(&e->folios, s->folio)->pfn;
	struct engine_finding *f = finding_ptr(e->findings, s->finding);
	uint32_t nr = s->finding;
	struct leak l;

	s->finding = 0;
	s->since = 0;
	if (f->nr_folios <= 1) {
		finding_over(e, nr, time);
		return;
	}
	f->nr_folios--;
	finding_drop_folio(e, nr, pfn);
	if (f->folio.pfn != pfn)
		return;
	for (uint32_t n = e->findings->node[nr - 1].folios; n; n = e->findings->folio[n - 1].next) {
		uint32_t id = folio_find_covering(&e->folios, e->findings->folio[n - 1].pfn);
		const struct suspect *other = id ? suspect_find(t, id) : NULL;

		if (!other || other->finding != nr)
			continue;
		leak_judge(e, id, folio_ptr(&e->folios, id), &l);
		if (l.leaked <= 0)
			continue;
		leak_tell(e, nr, id, &l);
		return;
	}
}

void leak_lessened(struct engine *e, struct suspect_table *t, struct suspect *s,
		   const struct leak *l, uint64_t time)
{
	struct engine_finding *f;
	int64_t left;

	if (!s->finding || s->finding == UINT32_MAX)
		return;
	f = finding_ptr(e->findings, s->finding);
	left = f->leaked_pins ? l->pins : l->rest;
	if (left <= 0) {
		leak_over(e, t, s, time);
		return;
	}
	if (left < f->nr_refs)
		f->nr_refs = left;
	f->last_time = time;
}

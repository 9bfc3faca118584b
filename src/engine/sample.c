// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample.c - what the engine wants to know and the answers about folios.
 *
 * The engine does no I/O: it asks, and the answers come as events (DX_SAMPLE,
 * DX_PGMAP_REFS, DX_TASK_GONE), so a recording has them. After a loss every folio that
 * is tracked is read again: its state is that of the sample, and its doubt is over.
 */
#include <string.h>
#include "internal.h"

#define HEAL_LOOKS   65536u /* folios looked at for one call */
#define HEAL_AGAIN   1000000000ull
#define WATCH_LOOKS  4096u /* holders a tick */
#define WATCH_ASK_NS 1000000000ull

/* ---- the answers ---- */

/* The references on their way have long been put, or they are not on their way. */
static bool sample_settled(const struct change *c)
{
	return time_pack(c->e, c->time) >= c->f->last_time + SETTLE_NS;
}

void sample_apply(struct change *c)
{
	const struct dx_event *ev = c->ev;
	struct folio *f = c->f;
	struct sample s = { ev->refcount, ev->mapcount, ev->pincount };
	bool known = !c->first && !f->fresh;
	bool same = known && s.ref == f->ref && s.map == f->map && (!f->order || s.pin == f->pin);
	bool settled = known && sample_settled(c);

	/* what predates the trace and stays as it is tells nothing about who breaks a rule now */
	f->untouched = !known ? !!(ev->flags & DX_F_SCAN) : f->untouched && same;
	if (!same) {
		gap_close(c, s);
		step_add(c, DX_SAMPLE, true, s.ref, s);
	} else if (settled) {
		f->zap_puts = 0;
		f->fault_refs = 0;
	}
	if (f->ref <= idle_count(c->e, c->type) && f->map <= 0) {
		/* nobody has it: whatever was missed is over */
		f->zap_puts = 0;
		f->fault_refs = 0;
		f->exact = 1;
		f->lossy = 0;
		holder_clear(c->e, c->id, f);
		/* who waits for it waits on until he says otherwise: a wake-up can be lost */
	} else {
		holder_settle(c->e, c->id, f);
	}
	/* the time of the last event says when its references have settled */
	c->same = same && !c->was_lost;
}

void sample_no_folio(struct engine *e, const struct dx_event *ev)
{
	uint32_t id = folio_find_covering(&e->folios, ev->pfn);
	struct folio *f;
	uint64_t time = time_pack(e, ev->time);

	if (!id)
		return;
	f = folio_ptr(&e->folios, id);
	/* its device went: who held it then holds it still, and will trip over it */
	if (e->pgmaps.map[f->pgmap].p.gone || e->pgmaps.map[f->pgmap].p.dying)
		return;
	folio_set_counts(e, f, (struct sample){ 0 });
	if (f->order)
		folio_split(e, f);
	holder_clear(e, id, f);
	wait_clear(e, id);
	leak_forget(e, id, f, false);
	f->zap_puts = 0;
	f->fault_refs = 0;
	f->entry = 0;
	f->stale = 1;
	f->fresh = 1;
	if (time > f->last_time)
		f->last_time = time;
}

/* ---- processes that hold something ---- */

static void watch_add(struct engine *e, uint32_t tgid, uint64_t since)
{
	struct watch_table *t = &e->watch;
	struct watch *w, *room = NULL;

	for (uint32_t i = 0; i < WATCH_PROBE; i++) {
		w = &t->task[((tgid * 0x9e3779b1u >> 8) + i) % WATCH_MAX];
		if (w->tgid == tgid) {
			if (w->pass != t->pass) {
				w->pass = t->pass;
				w->since = since;
			} else if (since < w->since) {
				w->since = since;
			}
			return;
		}
		/* one that neither this sweep nor the one before saw */
		if (!room && (!w->tgid || w->pass + 1 < t->pass))
			room = w;
	}
	/* no room: the next sweep may find it */
	if (room)
		*room = (struct watch){ .tgid = tgid, .since = since, .pass = t->pass };
}

void watch_sweep(struct engine *e)
{
	struct watch_table *t = &e->watch;
	const struct holder_table *h = &e->holders;
	uint32_t n;

	if (!h->top)
		return;
	for (n = 0; n < WATCH_LOOKS && t->sweep < h->top; n++, t->sweep++) {
		const struct holder *node = &h->node[t->sweep];
		uint32_t tgid = node->folio && !node->gone ? e->tasks.task[node->task].tgid : 0;

		if (tgid)
			watch_add(e, tgid, node->since);
	}
	if (t->sweep >= h->top) {
		t->sweep = 1;
		t->pass++;
	}
}

static bool watch_valid(const struct watch_table *t, const struct watch *w)
{
	return w->tgid && w->pass + 1 >= t->pass;
}

static size_t watch_asks(struct engine *e, struct engine_ask *out, size_t max)
{
	struct watch_table *t = &e->watch;
	size_t n = 0;

	for (uint32_t i = 0; i < WATCH_MAX && n < max; i++) {
		struct watch *w = &t->task[(t->ask + i) % WATCH_MAX];

		if (!watch_valid(t, w) || (w->asked && e->watermark < w->asked + WATCH_ASK_NS))
			continue;
		w->asked = e->watermark ? e->watermark : 1;
		out[n++] = (struct engine_ask){
			.what = ENGINE_ASK_TASK,
			.tgid = w->tgid,
			.since = w->since,
		};
		if (n == max)
			t->ask = (t->ask + i + 1) % WATCH_MAX;
	}
	return n;
}

/* Somebody holds something, and it was not asked of late whether he is there. */
uint64_t watch_pending(const struct engine *e)
{
	for (uint32_t i = 0; i < WATCH_MAX; i++) {
		const struct watch *w = &e->watch.task[i];

		if (watch_valid(&e->watch, w) &&
		    (!w->asked || e->watermark >= w->asked + 2 * WATCH_ASK_NS))
			return e->watermark + 2 * WATCH_ASK_NS;
	}
	return 0;
}

/* ---- folios that a loss made doubtful ---- */

static size_t heal_asks(struct engine *e, struct engine_ask *out, size_t max)
{
	struct heal *h = &e->heal;
	uint32_t looks;
	size_t n = 0;

	if (!e->lost)
		return 0;
	if (h->loss != e->loss_time) {
		h->loss = e->loss_time;
		h->busy = true;
		h->found = false;
		h->folio = 1;
		h->next = 0;
	}
	if (!h->busy || e->watermark < h->next)
		return 0;
	for (looks = 0; looks < HEAL_LOOKS && n < max && h->folio <= e->folios.nr; looks++) {
		const struct folio *f = folio_ptr(&e->folios, h->folio++);

		/* a sample is only newer than the loss when the window has passed it */
		if (f->absorbed || f->fresh || !folio_doubtful(e, f) ||
		    e->pgmaps.map[f->pgmap].p.gone)
			continue;
		h->found = true;
		out[n++] = (struct engine_ask){ .what = ENGINE_ASK_FOLIO, .pfn = f->pfn };
	}
	if (h->folio > e->folios.nr) {
		/* once more, for answers that did not come */
		h->busy = h->found;
		h->found = false;
		h->folio = 1;
		h->next = e->watermark + HEAL_AGAIN;
	}
	return n;
}

/*
 * ---- folios that look idle ----
 *
 * A reference that no hook saw taken shows in the next event of its folio, and there may
 * be none: so all are read now and then, in turn.
 */

#define PATROL_ASKS    256u
#define PATROL_PENDING 2048u /* folios; more take too long to wait for */

static size_t patrol_asks(struct engine *e, struct engine_ask *out, size_t max)
{
	struct patrol *p = &e->patrol;
	uint32_t looks;
	size_t n = 0;

	if (!e->opt.patrol || !e->folios.nr)
		return 0;
	if (max > PATROL_ASKS)
		max = PATROL_ASKS;
	for (looks = 0; looks < e->folios.nr && looks < HEAL_LOOKS && n < max; looks++) {
		const struct folio *f;

		if (p->folio >= e->folios.nr) {
			p->folio = 0;
			p->done = p->begun;
			p->begun = e->watermark;
		}
		f = folio_ptr(&e->folios, ++p->folio);
		/* the suspects are asked about already */
		if (f->absorbed || f->fresh || f->suspect || e->pgmaps.map[f->pgmap].p.gone)
			continue;
		out[n++] = (struct engine_ask){ .what = ENGINE_ASK_FOLIO, .pfn = f->pfn };
	}
	return n;
}

/* If there are few folios, a round that began when somebody wanted to end has to end. */
uint64_t patrol_pending(const struct engine *e)
{
	const struct patrol *p = &e->patrol;

	if (!e->opt.patrol || !e->folios.nr || e->folios.nr > PATROL_PENDING || p->done >= p->since)
		return 0;
	return e->watermark + HEAL_AGAIN;
}

void asks_collect(struct engine *e, size_t max)
{
	struct engine_ask *out = e->ask;
	size_t n = refs_asks(e, out, max), part;

	if (e->opt.no_rules) {
		e->nr_asks = n + heal_asks(e, out + n, max - n);
		return;
	}
	n += stall_asks(e, out + n, max - n);
	/* half of the rest: those that look leaked must not starve */
	part = (max - n + 1) / 2;
	n += heal_asks(e, out + n, part);
	part = (max - n + 1) / 2;
	n += watch_asks(e, out + n, part);
	n += leak_asks(e, out + n, max - n);
	e->nr_asks = n + patrol_asks(e, out + n, max - n);
}

const struct engine_ask *engine_asks(const struct engine *e, size_t *n)
{
	*n = e->nr_asks;
	return e->ask;
}

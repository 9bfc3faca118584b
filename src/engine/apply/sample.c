// SPDX-License-Identifier: GPL-2.0-only
/* sample.c - answers about folios */
#include "engine/apply/gap.h"
#include "engine/apply/hold.h"
#include "engine/apply/judge.h"
#include "engine/apply/sample.h"

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
		holder_clear(&c->e->holders, c->id, f);
		/* who waits for it waits on until he says otherwise: a wake-up can be lost */
	} else {
		folio_settle_holders(c->e, c->id, f);
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
	f = folio_write(&e->folios, id);
	/* its device went: who held it then holds it still, and will trip over it */
	if (e->pgmaps.map[f->pgmap].gone || e->pgmaps.map[f->pgmap].dying)
		return;
	folio_over(e, id, f);
	if (time > f->last_time)
		f->last_time = time;
}

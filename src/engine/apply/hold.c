// SPDX-License-Identifier: GPL-2.0-only
/* hold.c - who holds a folio, as the counts and the ends of processes say */
#include "engine/apply/hold.h"
#include "engine/apply/judge.h"
#include "engine/apply/split.h"
#include "engine/apply/wait.h"

void folio_settle_holders(struct engine *e, uint32_t id, struct folio *f)
{
	unsigned int type = pgmap_type(&e->pgmaps, f);
	int64_t known;

	if (!f->has_holder || f->pin > 0)
		return;
	/* what is left when mappings, and puts on their way, are taken off */
	known = idle_count(e, type) + (mapping_holds(e, type) && f->map > 0 ? f->map : 0);
	if (f->ref - known - f->zap_puts - f->fault_refs > 0 || holder_any(&e->holders, id, f))
		return;
	holder_clear(&e->holders, id, f);
}

void folio_release(struct engine *e, uint32_t id, struct folio *f, bool pin, uint64_t nr,
		   uint32_t tgid)
{
	if (holder_release(&e->holders, id, f, pin, nr, tgid) && !e->opt.no_rules)
		folio_settle_holders(e, id, f);
}

static void holder_gone(uint32_t id, void *arg)
{
	judges_holder_gone(arg, id);
}

void folio_over(struct engine *e, uint32_t id, struct folio *f)
{
	folio_set_counts(e, f, (struct sample){ 0 });
	if (f->order)
		folio_split(e, f);
	holder_clear(&e->holders, id, f);
	wait_clear(e, id);
	judges_forget(e, id, false);
	f->zap_puts = 0;
	f->fault_refs = 0;
	f->entry = 0;
	f->stale = 1;
	f->fresh = 1;
}

void task_gone(struct engine *e, const struct dx_event *ev)
{
	/* @addr: since when its number is another's, 0: it is nobody's */
	uint64_t before = ev->addr ? ev->addr : ev->time;

	if (!ev->tgid || e->opt.no_rules)
		return;
	for (uint32_t i = e->nr_waits; i-- > 0;)
		if (e->wait[i].tgid == ev->tgid && e->wait[i].since < before)
			wait_drop(e, i);
	holder_task_gone(&e->holders, &e->folios, ev->tgid, before, holder_gone, e);
}

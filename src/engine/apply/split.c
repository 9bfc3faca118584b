// SPDX-License-Identifier: GPL-2.0-only
/*
 * split.c - folios that become part of larger ones, and larger ones that fall
 * apart.
 *
 * dax_folio_init() (fs/dax.c) makes order-0 pages a large folio when an entry
 * is inserted; dax_folio_reset_order() undoes it when the last entry goes. Both
 * find reference counts of 0. What was known of a small folio is kept while it
 * is part of a large one ("absorbed") and is its past again afterwards.
 */
#include "engine/apply/gap.h"
#include "engine/apply/judge.h"
#include "engine/apply/split.h"
#include "engine/apply/wait.h"

void folio_count_order(struct engine *e, const struct folio *f, int n)
{
	e->st.folios[f->order >= 18 ? 2 : f->order >= 9 ? 1 : 0] += n;
}

void folio_set_counts(struct engine *e, struct folio *f, struct sample s)
{
	int32_t pin = f->order ? s.pin : small_pins(s.ref);

	e->st.mapped += (s.map > 0) - (f->map > 0);
	e->st.pinned += (pin > 0) - (f->pin > 0);
	f->ref = s.ref;
	f->map = s.map;
	f->pin = pin;
}

struct tails {
	struct engine *e;
	const struct dx_event *ev;
	uint64_t time;
};

static void tail_release(uint32_t id, void *arg)
{
	struct tails *t = arg;
	struct folio *f;

	if (!folio_ptr(&t->e->folios, id)->absorbed)
		return;
	f = folio_write(&t->e->folios, id);
	f->absorbed = 0;
	folio_count_order(t->e, f, 1);
}

void folio_split(struct engine *e, struct folio *f)
{
	struct tails t = { .e = e };
	unsigned int old = f->order;

	folio_count_order(e, f, -1);
	f->order = 0;
	folio_count_order(e, f, 1);
	folio_each_tail(&e->folios, f->pfn, old, tail_release, &t);
}

/*
 * Nobody has this folio any more, though the events that say so were not seen:
 * it is part of another one now, or has fallen apart.
 */
static void folio_vanish(const struct tails *t, uint32_t id)
{
	struct engine *e = t->e;
	struct folio *f = folio_write(&e->folios, id);
	struct change c = {
		.e = e,
		.f = f,
		.ev = t->ev,
		.time = t->time,
		.id = id,
	};
	struct sample idle = { pgmap_type(&e->pgmaps, f) == MEMORY_DEVICE_GENERIC, 0, 0 };

	change_begin(&c);
	gap_close(&c, idle);
	holder_clear(&e->holders, id, f);
	wait_clear(e, id);
	judges_forget(e, id, true);
	f->zap_puts = 0;
	f->fault_refs = 0;
	f->entry = 0;
	f->stale = 1;
	if (f->order) {
		folio_split(e, f);
		step_add(&c, ENGINE_CAUSE_SPLIT, false, f->ref, idle);
	}
	change_end(&c, false);
}

static void tail_absorb(uint32_t id, void *arg)
{
	struct tails *t = arg;
	struct folio *f;

	if (folio_ptr(&t->e->folios, id)->absorbed)
		return;
	folio_vanish(t, id);
	f = folio_write(&t->e->folios, id);
	f->absorbed = 1;
	folio_count_order(t->e, f, -1);
}

static void folio_merge(struct engine *e, struct folio *f, unsigned int order,
			const struct dx_event *ev, uint64_t time)
{
	struct tails t = { e, ev, time };

	folio_each_tail(&e->folios, f->pfn, order, tail_absorb, &t);
	folio_count_order(e, f, -1);
	f->order = order;
	folio_count_order(e, f, 1);
	folio_set_counts(e, f, (struct sample){ f->ref, f->map, 0 });
	e->folios.orders |= 1u << order;
}

uint32_t folio_for_event(struct engine *e, const struct dx_event *ev, uint64_t time, bool *added)
{
	struct folio_table *t = &e->folios;
	uint32_t id = folio_find(t, ev->pfn), whole;
	struct tails tails = { e, ev, time };
	struct folio *f;

	*added = false;
	if (id && folio_ptr(t, id)->order == ev->order && !folio_ptr(t, id)->absorbed)
		return id;
	/* inside a larger folio: that one is no more */
	whole = (t->orders >> ev->order) > 1 ? folio_find_covering(t, ev->pfn) : 0;
	if (whole && folio_ptr(t, whole)->order > ev->order)
		folio_vanish(&tails, whole);
	if (!id) {
		if (e->opt.max_folios && t->nr >= e->opt.max_folios)
			return 0;
		id = folio_add(t, ev->pfn);
		if (!id) {
			e->no_memory = true;
			return 0;
		}
		f = folio_write(t, id);
		f->first_time = time_pack(e, time);
		f->pgmap = pgmap_get(&e->pgmaps, ev->pgmap, ev->pgmap_type, ev->pfn);
		e->pgmaps.map[f->pgmap].folios++;
		folio_count_order(e, f, 1);
		*added = true;
	} else {
		f = folio_write(t, id);
		if (f->absorbed) {
			f->absorbed = 0;
			folio_count_order(e, f, 1);
		}
	}
	if (f->order < ev->order)
		folio_merge(e, f, ev->order, ev, time);
	return id;
}

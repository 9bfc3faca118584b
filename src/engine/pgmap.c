// SPDX-License-Identifier: GPL-2.0-only
/*
 * pgmap.c - the device memory maps that folios belong to.
 *
 * There are a few of them, so they are searched one by one. A kernel address
 * can be used again: a pgmap that is gone and comes back elsewhere is another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

int pgmap_table_init(struct pgmap_table *t)
{
	if (array_grow((void **)&t->map, &t->max, 2 * PGMAP_FIRST, sizeof(*t->map)))
		return -ENOMEM;
	memset(t->map, 0, PGMAP_FIRST * sizeof(*t->map));
	for (unsigned int type = 0; type < PGMAP_FIRST; type++)
		t->map[type].p.type = type;
	t->nr = PGMAP_FIRST;
	return 0;
}

void pgmap_table_destroy(struct pgmap_table *t)
{
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++)
		refs_destroy(&t->map[i].r);
	free(t->map);
}

/* A pgmap that is there before one that is gone. */
uint32_t pgmap_find(struct pgmap_table *t, uint64_t id)
{
	uint32_t gone = 0;

	if (t->last && t->map[t->last].p.pgmap == id && !t->map[t->last].p.gone)
		return t->last;
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++) {
		if (!t->map[i].used || t->map[i].p.pgmap != id)
			continue;
		if (!t->map[i].p.gone) {
			t->last = i;
			return i;
		}
		gone = i;
	}
	return gone;
}

static bool range_has(const struct engine_pgmap *p, uint64_t pfn)
{
	return pfn >= p->pfn && pfn - p->pfn < p->nr_pages;
}

static uint32_t pgmap_find_range(const struct pgmap_table *t, uint64_t pfn)
{
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++)
		if (t->map[i].used && !t->map[i].p.gone && range_has(&t->map[i].p, pfn))
			return i;
	return 0;
}

static uint32_t pgmap_new(struct engine *e, uint64_t id, unsigned int type)
{
	struct pgmap_table *t = &e->pgmaps;
	uint32_t i;

	for (i = PGMAP_FIRST; i < t->nr; i++)
		if (!t->map[i].used)
			break;
	/* one that is gone and has no folios has nothing to tell when space is short */
	if (i == t->nr && t->nr >= 64)
		for (i = PGMAP_FIRST; i < t->nr; i++)
			if (t->map[i].p.gone && !t->map[i].p.folios)
				break;
	if (i == t->nr) {
		if (t->nr >= PGMAP_MAX)
			return 0;
		if (array_grow((void **)&t->map, &t->max, t->nr + 1, sizeof(*t->map))) {
			e->no_memory = true;
			return 0;
		}
		t->nr++;
	} else {
		refs_destroy(&t->map[i].r);
	}
	t->map[i] = (struct pgmap){ .used = true, .p = { .pgmap = id, .type = type } };
	return i;
}

uint32_t pgmap_get(struct engine *e, uint64_t id, unsigned int type, uint64_t pfn)
{
	uint32_t i;

	if (type >= PGMAP_FIRST)
		type = 0;
	if (!id) {
		i = pgmap_find_range(&e->pgmaps, pfn);
		return i ? i : type;
	}
	i = pgmap_find(&e->pgmaps, id);
	if (!i)
		i = pgmap_new(e, id, type);
	if (!i)
		return type;
	if (type && !e->pgmaps.map[i].p.type)
		e->pgmaps.map[i].p.type = type;
	return i;
}

unsigned int pgmap_type(const struct engine *e, const struct folio *f)
{
	return e->pgmaps.map[f->pgmap].p.type;
}

const char *pgmap_device(const struct engine *e, const struct folio *f)
{
	const struct pgmap_table *t = &e->pgmaps;
	const struct engine_pgmap *p = &t->map[f->pgmap].p;

	if (p->device[0])
		return p->device;
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++) {
		p = &t->map[i].p;
		if (t->map[i].used && !p->gone && p->device[0] && range_has(p, f->pfn))
			return p->device;
	}
	return NULL;
}

void pgmap_move_folio(struct engine *e, struct folio *f, uint32_t to)
{
	if (f->pgmap == to)
		return;
	e->pgmaps.map[f->pgmap].p.folios--;
	e->pgmaps.map[to].p.folios++;
	f->pgmap = to;
}

/* The struct pages of a range are new: what was known of its folios is over. */
static void range_reset(struct engine *e, uint32_t map)
{
	const struct engine_pgmap *p = &e->pgmaps.map[map].p;

	for (uint32_t id = 1; id <= e->folios.nr; id++) {
		struct folio *f = folio_ptr(&e->folios, id);

		if (!range_has(p, f->pfn))
			continue;
		folio_set_counts(e, f, (struct sample){ 0 });
		f->exact = 0;
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
		pgmap_move_folio(e, f, map);
	}
}

void pgmap_apply(struct engine *e, const struct dx_event *ev)
{
	uint32_t i = pgmap_find(&e->pgmaps, ev->pgmap);
	struct engine_pgmap *p;

	if (!ev->pgmap || ev->ret)
		return;
	if (ev->type != DX_PGMAP_ADD) {
		/* it is still usable between KILL and GONE */
		if (i && ev->type == DX_PGMAP_KILL)
			refs_kill(e, i, ev);
		if (i && ev->type == DX_PGMAP_GONE) {
			refs_gone(e, i, ev);
			e->pgmaps.map[i].p.dying = false;
			e->pgmaps.map[i].p.gone = true;
			e->pgmaps.last = 0;
		}
		return;
	}
	/* a DX_REC_PGMAP may have been faster than the window */
	if (!i || (e->pgmaps.map[i].p.gone && e->pgmaps.map[i].p.pfn != ev->pfn))
		i = pgmap_new(e, ev->pgmap, ev->pgmap_type);
	if (!i)
		return;
	p = &e->pgmaps.map[i].p;
	p->pfn = ev->pfn;
	p->nr_pages = ev->index;
	p->gone = false;
	p->dying = false;
	refs_added(e, i, ev->time);
	if (ev->pgmap_type && ev->pgmap_type < PGMAP_FIRST)
		p->type = ev->pgmap_type;
	range_reset(e, i);
}

int pgmap_found(struct engine *e, const struct dx_pgmap *found)
{
	unsigned int type = found->type < PGMAP_FIRST ? found->type : 0;
	uint32_t i = pgmap_find(&e->pgmaps, found->pgmap), id;
	struct engine_pgmap *p;

	if (i && e->pgmaps.map[i].p.gone && e->pgmaps.map[i].p.pfn != found->pfn)
		i = 0;
	if (!i)
		i = pgmap_new(e, found->pgmap, type);
	if (!i)
		return -ENOMEM;
	p = &e->pgmaps.map[i].p;
	p->pfn = found->pfn;
	p->nr_pages = found->nr_pages;
	p->type = type;
	/* what events said holds */
	p->dying = found->dying || (p->dying && !p->gone);
	p->gone = false;
	memcpy(p->device, found->device, sizeof(p->device));
	e->pgmaps.last = 0;
	/* folios of events that did not know their pgmap */
	for (id = 1; id <= e->folios.nr; id++) {
		struct folio *f = folio_ptr(&e->folios, id);

		if (f->pgmap < PGMAP_FIRST && range_has(p, f->pfn))
			pgmap_move_folio(e, f, i);
	}
	return 0;
}

int engine_pgmaps(struct engine *e, int (*fn)(const struct engine_pgmap *p, void *arg), void *arg)
{
	int ret = 0;

	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr && !ret; i++)
		if (e->pgmaps.map[i].used)
			ret = fn(&e->pgmaps.map[i].p, arg);
	return ret;
}

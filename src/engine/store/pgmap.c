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
#include "engine/store/alloc.h"
#include "engine/store/pgmap.h"

int pgmap_table_init(struct pgmap_table *t, bool *no_memory)
{
	t->no_memory = no_memory;
	if (array_grow((void **)&t->map, &t->max, 2 * PGMAP_FIRST, sizeof(*t->map)))
		return -ENOMEM;
	memset(t->map, 0, PGMAP_FIRST * sizeof(*t->map));
	for (unsigned int type = 0; type < PGMAP_FIRST; type++)
		t->map[type].type = type;
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

	if (t->last && t->map[t->last].pgmap == id && !t->map[t->last].gone)
		return t->last;
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++) {
		if (!t->map[i].used || t->map[i].pgmap != id)
			continue;
		if (!t->map[i].gone) {
			t->last = i;
			return i;
		}
		gone = i;
	}
	return gone;
}

static uint32_t pgmap_find_range(const struct pgmap_table *t, uint64_t pfn)
{
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++)
		if (t->map[i].used && !t->map[i].gone && pgmap_has(&t->map[i], pfn))
			return i;
	return 0;
}

uint32_t pgmap_new(struct pgmap_table *t, uint64_t id, unsigned int type)
{
	uint32_t i;

	for (i = PGMAP_FIRST; i < t->nr; i++)
		if (!t->map[i].used)
			break;
	/* one that is gone and has no folios has nothing to tell when space is short */
	if (i == t->nr && t->nr >= 64)
		for (i = PGMAP_FIRST; i < t->nr; i++)
			if (t->map[i].gone && !t->map[i].folios)
				break;
	if (i == t->nr) {
		if (t->nr >= PGMAP_MAX)
			return 0;
		if (array_grow((void **)&t->map, &t->max, t->nr + 1, sizeof(*t->map))) {
			*t->no_memory = true;
			return 0;
		}
		t->nr++;
	} else {
		refs_destroy(&t->map[i].r);
	}
	t->map[i] = (struct pgmap){ .used = true, .pgmap = id, .type = type };
	return i;
}

uint32_t pgmap_get(struct pgmap_table *t, uint64_t id, unsigned int type, uint64_t pfn)
{
	uint32_t i;

	if (type >= PGMAP_FIRST)
		type = 0;
	if (!id) {
		i = pgmap_find_range(t, pfn);
		return i ? i : type;
	}
	i = pgmap_find(t, id);
	if (!i)
		i = pgmap_new(t, id, type);
	if (!i)
		return type;
	if (type && !t->map[i].type)
		t->map[i].type = type;
	return i;
}

const char *pgmap_device(const struct pgmap_table *t, const struct folio *f)
{
	const struct pgmap *p = &t->map[f->pgmap];

	if (p->device[0])
		return p->device;
	for (uint32_t i = PGMAP_FIRST; i < t->nr; i++) {
		p = &t->map[i];
		if (p->used && !p->gone && p->device[0] && pgmap_has(p, f->pfn))
			return p->device;
	}
	return NULL;
}

void pgmap_move_folio(struct pgmap_table *t, struct folio *f, uint32_t to)
{
	if (f->pgmap == to)
		return;
	t->map[f->pgmap].folios--;
	t->map[to].folios++;
	f->pgmap = to;
}

void refs_destroy(struct refs *r)
{
	free(r->site);
	r->site = NULL;
}

/* ---- references: what came and went of late ---- */

void refs_turn(struct refs *r, uint64_t time)
{
	if (time < r->active_since + REFS_ACTIVE_NS)
		return;
	r->active[1] = time < r->active_since + 2 * REFS_ACTIVE_NS ? r->active[0] : 0;
	r->active[0] = 0;
	r->active_since = time;
}

void refs_active(struct refs *r, uint64_t time, uint64_t nr)
{
	refs_turn(r, time);
	r->active[0] = r->active[0] + nr < UINT32_MAX / 2 ? r->active[0] + nr : UINT32_MAX / 2;
}

void refs_explain(struct pgmap_table *t, uint32_t pgmap, uint64_t time, int64_t nr)
{
	struct pgmap *m = &t->map[pgmap];

	if (pgmap < PGMAP_FIRST)
		return;
	m->r.explained += nr;
	m->refs_explained = m->r.explained > 0 ? m->r.explained : 0;
	refs_active(&m->r, time, nr < 0 ? -nr : nr);
}

// SPDX-License-Identifier: GPL-2.0-only
/* pgmap.c - events of pgmaps: what they do to the folios in there */
#include <errno.h>
#include <string.h>
#include "engine/apply/hold.h"
#include "engine/apply/judge.h"
#include "engine/apply/pgmap.h"

/* The struct pages of a range are new: what was known of its folios is over. */
static void range_reset(struct engine *e, uint32_t map)
{
	const struct pgmap *p = &e->pgmaps.map[map];

	for (uint32_t id = 1; id <= e->folios.nr; id++) {
		struct folio *f;

		if (!pgmap_has(p, folio_ptr(&e->folios, id)->pfn))
			continue;
		f = folio_write(&e->folios, id);
		f->exact = 0;
		folio_over(e, id, f);
		pgmap_move_folio(&e->pgmaps, f, map);
	}
}

void pgmap_apply(struct engine *e, const struct dx_event *ev)
{
	uint32_t i = pgmap_find(&e->pgmaps, ev->pgmap);
	struct pgmap *p;

	if (!ev->pgmap || ev->ret)
		return;
	if (ev->type != DX_PGMAP_ADD) {
		/* it is still usable between KILL and GONE */
		if (!i)
			return;
		judges_pgmap(e, i, ev);
		p = &e->pgmaps.map[i];
		p->dying = ev->type == DX_PGMAP_KILL;
		if (ev->type == DX_PGMAP_GONE) {
			p->gone = true;
			e->pgmaps.last = 0;
		}
		return;
	}
	/* a DX_REC_PGMAP may have been faster than the window */
	if (!i || (e->pgmaps.map[i].gone && e->pgmaps.map[i].pfn != ev->pfn))
		i = pgmap_new(&e->pgmaps, ev->pgmap, ev->pgmap_type);
	if (!i)
		return;
	p = &e->pgmaps.map[i];
	p->pfn = ev->pfn;
	p->nr_pages = ev->index;
	p->gone = false;
	p->dying = false;
	p->refs_known = false;
	p->refs = 0;
	p->refs_base = 0;
	p->refs_explained = 0;
	judges_pgmap(e, i, ev);
	if (ev->pgmap_type && ev->pgmap_type < PGMAP_FIRST)
		p->type = ev->pgmap_type;
	range_reset(e, i);
}

int pgmap_found(struct engine *e, const struct dx_pgmap *found)
{
	unsigned int type = found->type < PGMAP_FIRST ? found->type : 0;
	uint32_t i = pgmap_find(&e->pgmaps, found->pgmap), id;
	struct pgmap *p;

	if (i && e->pgmaps.map[i].gone && e->pgmaps.map[i].pfn != found->pfn)
		i = 0;
	if (!i)
		i = pgmap_new(&e->pgmaps, found->pgmap, type);
	if (!i)
		return -ENOMEM;
	p = &e->pgmaps.map[i];
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
		const struct folio *f = folio_ptr(&e->folios, id);

		if (f->pgmap < PGMAP_FIRST && pgmap_has(p, f->pfn))
			pgmap_move_folio(&e->pgmaps, folio_write(&e->folios, id), i);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* confirm.c - what nothing explains, looked at again */
#include "internal.h"

static bool unexplained(const struct scan_folio *f)
{
	return f->unknown > 0 || f->overput;
}

bool scan_unexplained(const struct scan *s, uint64_t *first, uint64_t *last)
{
	bool any = false;

	*first = UINT64_MAX;
	*last = 0;
	/* references of a device's memory: all of it, as its folios explain some */
	for (size_t i = 0; i < s->pgmaps.nr; i++) {
		const struct scan_pgmap *p = (struct scan_pgmap *)s->pgmaps.p + i;

		for (uint32_t k = 0; p->unexplained && k < p->nr_range && k < DX_PGMAP_RANGES; k++) {
			any = true;
			if (p->range[k].pfn < *first)
				*first = p->range[k].pfn;
			if (p->range[k].pfn + p->range[k].nr - 1 > *last)
				*last = p->range[k].pfn + p->range[k].nr - 1;
		}
	}
	for (size_t i = 0; i < s->folios.nr; i++) {
		const struct scan_folio *f = folio_at(s, i);

		if (!unexplained(f))
			continue;
		any = true;
		if (f->pfn < *first)
			*first = f->pfn;
		if (folio_end(f) - 1 > *last)
			*last = folio_end(f) - 1;
	}
	return any;
}

/* A run is confirmed when one of its folios is: they are equal, and their holders are the same. */
static void folio_confirm(struct scan_folio *f, const struct scan *later)
{
	bool unknown = false, overput = false;

	for (size_t i = folio_behind(later, f->pfn); i < later->folios.nr; i++) {
		const struct scan_folio *n = folio_at(later, i);

		if (n->pfn >= folio_end(f))
			break;
		unknown |= n->unknown > 0;
		overput |= n->overput;
	}
	f->moving |= (f->unknown > 0 && !unknown) || (f->overput && !overput);
	if (!unknown)
		f->unknown = 0;
	f->overput &= overput;
}

static void pgmap_confirm(struct scan_pgmap *p, const struct scan *later)
{
	for (size_t i = 0; i < later->pgmaps.nr; i++) {
		const struct scan_pgmap *n = (struct scan_pgmap *)later->pgmaps.p + i;

		if (n->pgmap == p->pgmap && n->refs_known && n->unexplained < p->unexplained)
			p->unexplained = n->unexplained;
	}
}

void scan_confirm(struct scan *s, const struct scan *later)
{
	for (size_t i = 0; i < s->pgmaps.nr; i++)
		pgmap_confirm((struct scan_pgmap *)s->pgmaps.p + i, later);
	for (size_t i = 0; i < s->folios.nr; i++)
		if (unexplained(folio_at(s, i)))
			folio_confirm(folio_at(s, i), later);
}

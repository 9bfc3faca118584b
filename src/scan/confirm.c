// SPDX-License-Identifier: GPL-2.0-only
/* confirm.c - what nothing explains, looked at again */
#include <errno.h>
#include <stdlib.h>
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

/* Runs as another look leaves them, and their holders. */
struct confirmed {
	struct array folios; /* struct scan_folio */
	struct array first; /* size_t, as hold_first */
	struct array hold; /* uint32_t */
};

/* What @later says of the folios from @f's first on: of how many of them the same, and what. */
static uint64_t later_says(const struct scan_folio *f, const struct scan *later,
			   struct scan_folio *what)
{
	size_t i = folio_behind(later, f->pfn);
	uint64_t end = folio_end(f);

	*what = (struct scan_folio){ 0 };
	if (i < later->folios.nr) {
		const struct scan_folio *n = folio_at(later, i);
		uint64_t border = n->pfn > f->pfn ? n->pfn : folio_end(n);

		if (n->pfn < f->pfn + (1ull << f->order))
			*what = *n;
		if (border < end)
			end = border;
	}
	/* a folio that was cut in between is one all the same */
	return ((end - f->pfn - 1) >> f->order) + 1;
}

static void folio_confirm(struct scan_folio *f, const struct scan_folio *later)
{
	f->moving |= (f->unknown > 0 && later->unknown <= 0) || (f->overput && !later->overput);
	if (f->unknown > later->unknown)
		f->unknown = later->unknown;
	f->overput &= later->overput;
}

static bool says_the_same(const struct scan_folio *a, const struct scan_folio *b)
{
	return a->unknown == b->unknown && a->overput == b->overput && a->moving == b->moving;
}

static int holders_copy(const struct scan *s, size_t run, struct confirmed *to)
{
	size_t *first = array_add(&to->first, sizeof(*first));

	if (!first)
		return -ENOMEM;
	*first = to->hold.nr;
	for (size_t i = s->hold_first[run]; i < s->hold_first[run + 1]; i++) {
		uint32_t *h = array_add(&to->hold, sizeof(*h));

		if (!h)
			return -ENOMEM;
		*h = ((uint32_t *)s->hold.p)[i];
	}
	return 0;
}

/* The folios of run @i, which were equal, need not be equal in @later. */
static int run_confirm(const struct scan *s, size_t i, const struct scan *later, struct confirmed *to)
{
	struct scan_folio rest = *folio_at(s, i), what, *last = NULL;

	while (rest.nr) {
		struct scan_folio f = rest;

		if (unexplained(&f)) {
			f.nr = later_says(&f, later, &what);
			folio_confirm(&f, &what);
		}
		rest.nr -= f.nr;
		rest.pfn += f.nr << f.order;
		if (rest.file)
			rest.index += f.nr << f.order;
		if (last && says_the_same(last, &f)) {
			last->nr += f.nr;
			continue;
		}
		last = array_add(&to->folios, sizeof(*last));
		if (!last || holders_copy(s, i, to))
			return -ENOMEM;
		*last = f;
	}
	return 0;
}

static void pgmap_confirm(struct scan_pgmap *p, const struct scan *later)
{
	for (size_t i = 0; i < later->pgmaps.nr; i++) {
		const struct scan_pgmap *n = (struct scan_pgmap *)later->pgmaps.p + i;

		if (n->pgmap == p->pgmap && n->refs_known && n->unexplained < p->unexplained)
			p->unexplained = n->unexplained;
	}
}

int scan_confirm(struct scan *s, const struct scan *later)
{
	struct confirmed to = { 0 };
	size_t *first;
	int rc = 0;

	for (size_t i = 0; i < s->folios.nr && !rc; i++)
		rc = run_confirm(s, i, later, &to);
	first = rc ? NULL : array_add(&to.first, sizeof(*first));
	if (!first) {
		free(to.folios.p);
		free(to.first.p);
		free(to.hold.p);
		return -ENOMEM;
	}
	*first = to.hold.nr;
	free(s->folios.p);
	free(s->hold_first);
	free(s->hold.p);
	s->folios = to.folios;
	s->hold_first = to.first.p;
	s->hold = to.hold;
	for (size_t i = 0; i < s->pgmaps.nr; i++)
		pgmap_confirm((struct scan_pgmap *)s->pgmaps.p + i, later);
	return 0;
}

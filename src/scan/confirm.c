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

	for (size_t i = 0; i < s->folios.nr; i++) {
		const struct scan_folio *f = folio_at(s, i);

		if (!unexplained(f))
			continue;
		if (!any)
			*first = f->pfn;
		*last = folio_end(f) - 1;
		any = true;
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

void scan_confirm(struct scan *s, const struct scan *later)
{
	for (size_t i = 0; i < s->folios.nr; i++)
		if (unexplained(folio_at(s, i)))
			folio_confirm(folio_at(s, i), later);
}

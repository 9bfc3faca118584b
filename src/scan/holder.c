// SPDX-License-Identifier: GPL-2.0-only
/* holder.c - who holds what: found in an object, or able to */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

static const char *const hold_names[SCAN_HOLDS] = {
#define HOLD_NAME(constant, name, ...) name,
	HOLDERS(HOLD_NAME)
};

const char *scan_hold_name(enum scan_hold kind)
{
	return kind < SCAN_HOLDS ? hold_names[kind] : "?";
}

int scan_add_holder(struct scan *s, const struct scan_holder *h)
{
	struct holder *n = array_add(&s->holders, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->h = *h;
	n->h.comm[sizeof(n->h.comm) - 1] = 0;
	n->h.detail[sizeof(n->h.detail) - 1] = 0;
	n->counted = true;
	n->h.cgroup = h->cgroup ? strdup(h->cgroup) : NULL;
	return h->cgroup && !n->h.cgroup ? -ENOMEM : 0;
}

size_t scan_nr_holders(const struct scan *s)
{
	return s->holders.nr;
}

const struct scan_holder *scan_holder(const struct scan *s, size_t i)
{
	return &holder_at(s, i)->h;
}

/* ---- what was told twice ---- */

#define COMPARE(x, y)                              \
	do {                                       \
		if ((x) != (y))                    \
			return (x) < (y) ? -1 : 1; \
	} while (0)

static int by_object(const void *a, const void *b)
{
	const struct scan_holder *x = &((const struct holder *)a)->h,
				 *y = &((const struct holder *)b)->h;

	COMPARE(x->kind, y->kind);
	COMPARE(x->object, y->object);
	COMPARE(x->tgid, y->tgid);
	COMPARE(x->fd, y->fd);
	COMPARE(x->id, y->id);
	COMPARE(x->pfn, y->pfn);
	COMPARE(x->addr, y->addr);
	return 0;
}

static bool in_large_folio(const struct scan *s, uint64_t pfn)
{
	size_t at = folio_behind(s, pfn);

	return at < s->folios.nr && folio_at(s, at)->pfn <= pfn && folio_at(s, at)->order;
}

static bool same_but_pages(const struct scan_holder *a, const struct scan_holder *b)
{
	return a->kind == b->kind && a->certain == b->certain && a->pin == b->pin &&
	       a->object == b->object && a->tgid == b->tgid && a->pid == b->pid && a->fd == b->fd &&
	       a->id == b->id && a->file == b->file && a->pgmap == b->pgmap &&
	       a->since == b->since && !strcmp(a->detail, b->detail);
}

/* Takes @b into @a when they are one: the next pages, or the same ones once more. */
static bool take_in(const struct scan *s, struct scan_holder *a, const struct scan_holder *b)
{
	if (!a->nr || !b->nr || !same_but_pages(a, b))
		return false;
	if (a->pfn == b->pfn && a->nr == b->nr && a->kind != SCAN_HOLD_MAPPING) {
		a->refs += b->refs; /* two buffers of a pipe with the same page */
		return true;
	}
	if (a->pfn + a->nr != b->pfn || a->refs != b->refs)
		return false;
	if ((a->addr || b->addr) && a->addr + (a->nr << PAGE_SHIFT) != b->addr)
		return false;
	/* refs is of each page only where a folio is a page */
	if (a->refs && in_large_folio(s, b->pfn))
		return false;
	a->nr += b->nr;
	return true;
}

void holders_join(struct scan *s)
{
	size_t out = 0, first = 0;

	if (s->holders.nr)
		qsort(s->holders.p, s->holders.nr, sizeof(struct holder), by_object);
	for (size_t i = 0; i < s->holders.nr; i++) {
		struct holder h = *holder_at(s, i), *last = out ? holder_at(s, out - 1) : NULL;
		const struct scan_holder *f = &holder_at(s, first)->h;

		/* @first: of this object, as the first process and descriptor have it */
		if (!out || f->kind != h.h.kind || f->object != h.h.object || !h.h.object) {
			first = out;
		} else if (last->h.tgid == h.h.tgid && last->h.fd != h.h.fd) {
			free(h.h.cgroup); /* a descriptor more */
			continue;
		} else if (f->tgid != h.h.tgid) {
			h.counted = false; /* in one more process: its references are one object's */
		} else if (f->kind == SCAN_HOLD_URING && f->id != h.h.id) {
			/* one buffer in two places of a ring (IORING_REGISTER_CLONE_BUFFERS) */
			h.counted = false;
		}
		if (out > first && last->counted == h.counted && take_in(s, &last->h, &h.h)) {
			free(h.h.cgroup);
			continue;
		}
		*holder_at(s, out++) = h;
	}
	s->holders.nr = out;
}

/* ---- who holds which run ---- */

static int hold_add(struct scan *s, size_t holder)
{
	uint32_t *n = array_add(&s->hold, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = holder;
	return 0;
}

static void explain(struct scan_folio *f, const struct holder *h)
{
	if (!h->counted || h->h.kind == SCAN_HOLD_MAPPING)
		return;
	if (h->h.pin)
		f->held_pins += h->h.refs;
	else
		f->held_gets += h->h.refs;
}

static int32_t missing(int32_t there, int32_t held)
{
	return there > held ? there - held : 0;
}

/* Could a holder that was not found in an object hold these folios? */
static bool could_hold(const struct scan_holder *h, const struct scan_folio *f)
{
	uint64_t last = f->index + (f->nr << f->order) - 1;

	if (h->kind == SCAN_HOLD_OPEN)
		return false;
	if (h->nr)
		return h->pfn < folio_end(f) && f->pfn < h->pfn + h->nr;
	if (h->file)
		return h->file == f->file && h->first <= last && f->index <= h->last;
	return h->pgmap < 0 || h->pgmap == f->pgmap;
}

/* Holders that were not found in an object. */
static int candidates_collect(const struct scan *s, struct array *candidates)
{
	for (size_t i = 0; i < s->holders.nr; i++) {
		uint32_t *n;

		if (scan_holder(s, i)->certain)
			continue;
		n = array_add(candidates, sizeof(*n));
		if (!n)
			return -ENOMEM;
		*n = i;
	}
	return 0;
}

/* Certain holders with pages, by pfn. */
struct by_page {
	uint64_t pfn, end;
	uint32_t holder;
};

static int compare_by_page(const void *a, const void *b)
{
	const struct by_page *x = a, *y = b;

	COMPARE(x->pfn, y->pfn);
	COMPARE(x->holder, y->holder);
	return 0;
}

static int pages_collect(const struct scan *s, struct array *pages)
{
	struct by_page *n;

	for (size_t i = 0; i < s->holders.nr; i++) {
		const struct scan_holder *h = scan_holder(s, i);

		if (!h->certain || !h->nr)
			continue;
		n = array_add(pages, sizeof(*n));
		if (!n)
			return -ENOMEM;
		*n = (struct by_page){ .pfn = h->pfn, .end = h->pfn + h->nr, .holder = i };
	}
	if (pages->nr)
		qsort(pages->p, pages->nr, sizeof(*n), compare_by_page);
	return 0;
}

/* Runs and holders in the order of pfn, once: those that may reach the next run are open. */
struct sweep {
	struct array pages; /* struct by_page */
	size_t next; /* the first that has not begun */
	struct array open; /* struct by_page */
	struct array candidates; /* uint32_t */
};

static int sweep_to(struct sweep *w, const struct scan_folio *f)
{
	const struct by_page *page = w->pages.p;
	struct by_page *open = w->open.p, *n;
	size_t keep = 0;

	for (size_t i = 0; i < w->open.nr; i++)
		if (open[i].end > f->pfn)
			open[keep++] = open[i];
	w->open.nr = keep;
	for (; w->next < w->pages.nr && page[w->next].pfn < folio_end(f); w->next++) {
		if (page[w->next].end <= f->pfn)
			continue;
		n = array_add(&w->open, sizeof(*n));
		if (!n)
			return -ENOMEM;
		*n = page[w->next];
	}
	return 0;
}

#define CANDIDATES 32 /* of a run; a list of hundreds who could be it says nothing */

static int candidates_relate(struct scan *s, struct scan_folio *f, const struct sweep *w)
{
	const uint32_t *c = w->candidates.p;
	uint32_t found = 0;
	int rc = 0;

	for (size_t i = 0; i < w->candidates.nr && !rc; i++) {
		if (!could_hold(scan_holder(s, c[i]), f))
			continue;
		if (found++ < CANDIDATES)
			rc = hold_add(s, c[i]);
		else
			f->left_out++;
	}
	return rc;
}

static int run_relate(struct scan *s, struct scan_folio *f, struct sweep *w)
{
	size_t begin = s->hold.nr;
	const struct by_page *open;
	int rc = sweep_to(w, f);

	open = w->open.p;
	for (size_t i = w->open.nr; i-- > 0 && !rc;) {
		explain(f, holder_at(s, open[i].holder));
		rc = hold_add(s, open[i].holder);
	}
	f->unknown = missing(f->pincount, f->held_pins) + missing(f->gets, f->held_gets);
	if (f->unknown && !rc)
		rc = candidates_relate(s, f, w);
	f->nr_holders = s->hold.nr - begin;
	return rc;
}

int holders_relate(struct scan *s)
{
	struct sweep w = { 0 };
	int rc;

	s->hold_first = calloc(s->folios.nr + 1, sizeof(*s->hold_first));
	if (!s->hold_first)
		return -ENOMEM;
	rc = pages_collect(s, &w.pages);
	if (!rc)
		rc = candidates_collect(s, &w.candidates);
	for (size_t i = 0; i < s->folios.nr && !rc; i++) {
		s->hold_first[i] = s->hold.nr;
		rc = run_relate(s, folio_at(s, i), &w);
	}
	s->hold_first[s->folios.nr] = s->hold.nr;
	free(w.pages.p);
	free(w.open.p);
	free(w.candidates.p);
	return rc;
}

bool scan_maps_poison(const struct scan_holder *h, const struct scan_poison *p)
{
	uint64_t nr = 1ull << p->order;

	if (h->kind != SCAN_HOLD_MAPPING)
		return false;
	if (h->nr)
		return h->pfn < p->pfn + nr && p->pfn < h->pfn + h->nr;
	return p->file && h->file == p->file && h->first < p->index + nr && p->index <= h->last;
}

int scan_folio_holders(const struct scan *s, size_t i,
		       int (*fn)(const struct scan_holder *h, void *arg), void *arg)
{
	const uint32_t *hold = s->hold.p;
	int rc = 0;

	for (size_t k = s->hold_first[i]; k < s->hold_first[i + 1] && !rc; k++)
		rc = fn(scan_holder(s, hold[k]), arg);
	return rc;
}

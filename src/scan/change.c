// SPDX-License-Identifier: GPL-2.0-only
/* change.c - what changed between two looks, folio by folio */
#include "internal.h"

/* The runs of a scan, one folio at a time. */
struct cursor {
	struct scan *s;
	size_t run;
	uint64_t n; /* folio in the run */
	struct scan_folio f;
	bool end;
};

static void cursor_set(struct cursor *c)
{
	while (c->run < scan_nr_folios(c->s) && c->n >= scan_folio(c->s, c->run)->nr) {
		c->run++;
		c->n = 0;
	}
	c->end = c->run >= scan_nr_folios(c->s);
	if (c->end)
		return;
	c->f = *scan_folio(c->s, c->run);
	c->f.pfn += c->n << c->f.order;
	if (c->f.file)
		c->f.index += c->n << c->f.order;
	c->f.nr = 1;
}

static void cursor_next(struct cursor *c)
{
	c->n++;
	cursor_set(c);
}

static bool same_file(const struct cursor *a, const struct cursor *b)
{
	const struct scan_file *x = scan_file(a->s, a->f.file), *y = scan_file(b->s, b->f.file);

	if (!x || !y)
		return x == y;
	return x->mapping == y->mapping && x->ino == y->ino && x->gen == y->gen &&
	       a->f.index == b->f.index;
}

static bool same(const struct cursor *a, const struct cursor *b)
{
	return a->f.refcount == b->f.refcount && a->f.mapcount == b->f.mapcount &&
	       a->f.pincount == b->f.pincount && a->f.share == b->f.share && same_file(a, b);
}

int scan_changes(struct scan *before, struct scan *after,
		 int (*fn)(const struct scan_change *c, void *arg), void *arg)
{
	struct cursor a = { .s = before }, b = { .s = after };
	int rc = 0;

	cursor_set(&a);
	cursor_set(&b);
	while (!rc && !(a.end && b.end)) {
		bool both = !a.end && !b.end && a.f.pfn == b.f.pfn && a.f.order == b.f.order;
		/* one that became large, or small: the old one goes first */
		bool old = both || b.end || (!a.end && a.f.pfn <= b.f.pfn);
		struct scan_change c = {
			.before = old ? &a.f : NULL,
			.after = both || !old ? &b.f : NULL,
		};

		c.file = c.after ? c.after->file : c.before->file;
		if (!both || !same(&a, &b))
			rc = fn(&c, arg);
		if (old)
			cursor_next(&a);
		if (c.after)
			cursor_next(&b);
	}
	return rc;
}

// SPDX-License-Identifier: GPL-2.0-only
/* held.c - pins and references that were found with somebody, summed by who has them */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* What one holder has of one run. */
struct part {
	const struct scan_holder *h;
	size_t run;
	uint64_t folios, pins, gets;
};

#define COMPARE(x, y)                              \
	do {                                       \
		if ((x) != (y))                    \
			return (x) < (y) ? -1 : 1; \
	} while (0)

static int compare_cgroups(const struct scan_holder *x, const struct scan_holder *y)
{
	return strcmp(x->cgroup ? x->cgroup : "", y->cgroup ? y->cgroup : "");
}

static int by_process(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	COMPARE(x->h->tgid, y->h->tgid);
	COMPARE(x->run, y->run);
	return 0;
}

static int by_cgroup(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int rc = compare_cgroups(x->h, y->h);

	if (rc)
		return rc;
	COMPARE(x->run, y->run);
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct scan_held *x = a, *y = b;

	COMPARE(y->pins + y->gets, x->pins + x->gets);
	COMPARE(x->tgid, y->tgid);
	return strcmp(x->cgroup ? x->cgroup : "", y->cgroup ? y->cgroup : "");
}

/* Is @h the same object in another process of the cgroup, of which one stands before? Those of a run are from @first. */
static bool is_told(const struct scan *s, size_t first, size_t k)
{
	const uint32_t *hold = s->hold.p;
	const struct scan_holder *h = scan_holder(s, hold[k]);

	for (size_t i = first; h->object && i < k; i++) {
		const struct scan_holder *o = scan_holder(s, hold[i]);

		if (o->kind == h->kind && o->object == h->object && o->tgid != h->tgid &&
		    !compare_cgroups(o, h))
			return true;
	}
	return false;
}

static int parts_add(const struct scan *s, size_t run, enum scan_by by, struct array *parts)
{
	const struct scan_folio *f = scan_folio(s, run);
	const uint32_t *hold = s->hold.p;

	for (size_t k = s->hold_first[run]; k < s->hold_first[run + 1]; k++) {
		const struct scan_holder *h = scan_holder(s, hold[k]);
		struct part *p;

		if (!h->certain || h->kind == SCAN_HOLD_MAPPING || !h->refs ||
		    (by == SCAN_BY_CGROUP && is_told(s, s->hold_first[run], k)))
			continue;
		p = array_add(parts, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->h = h;
		p->run = run;
		p->folios = f->nr;
		*(h->pin ? &p->pins : &p->gets) = h->refs * f->nr;
	}
	return 0;
}

static void held_add(struct scan_held *to, const struct part *p, bool run_again)
{
	to->folios += run_again ? 0 : p->folios;
	to->pins += p->pins;
	to->gets += p->gets;
	if (p->h->since && (!to->since || p->h->since < to->since))
		to->since = p->h->since;
}

int scan_held_by(const struct scan *s, enum scan_by by, bool (*wanted)(void *arg, size_t run),
		 void *arg, struct scan_held **held, size_t *nr)
{
	int (*const same)(const void *, const void *) =
		by == SCAN_BY_PROCESS ? by_process : by_cgroup;
	struct array parts = { 0 }, sums = { 0 };
	struct scan_held *to = NULL;
	const struct part *p;
	int rc = 0;

	for (size_t i = 0; i < s->folios.nr && !rc; i++)
		if (!wanted || wanted(arg, i))
			rc = parts_add(s, i, by, &parts);
	if (parts.nr)
		qsort(parts.p, parts.nr, sizeof(*p), same);
	p = parts.p;
	for (size_t i = 0; i < parts.nr && !rc; i++) {
		bool next = i && (by == SCAN_BY_PROCESS ? p[i].h->tgid == p[i - 1].h->tgid
							: !compare_cgroups(p[i].h, p[i - 1].h));

		if (!next) {
			to = array_add(&sums, sizeof(*to));
			if (!to) {
				rc = -ENOMEM;
				break;
			}
			to->tgid = by == SCAN_BY_PROCESS ? p[i].h->tgid : 0;
			to->comm = by == SCAN_BY_PROCESS ? p[i].h->comm : NULL;
			to->cgroup = p[i].h->cgroup;
		}
		held_add(to, &p[i], next && p[i].run == p[i - 1].run);
	}
	free(parts.p);
	if (rc) {
		free(sums.p);
		return rc;
	}
	if (sums.nr)
		qsort(sums.p, sums.nr, sizeof(struct scan_held), by_size);
	*held = sums.p;
	*nr = sums.nr;
	return 0;
}

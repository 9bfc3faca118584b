// SPDX-License-Identifier: GPL-2.0-only
/* folio.c - folios that are not idle, kept as runs of equal ones */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* ---- what the counts say ---- */

/* Up to 6.14 a mapping of a filesystem's page takes no reference (rules.md). */
static bool mapping_holds(const struct scan *s, unsigned int type)
{
	return !s->legacy || type != MEMORY_DEVICE_FS_DAX;
}

/*
 * refcount = idle + mappings + pins + others. Of a small folio, whose pins are 1,024
 * references each, a thousand mappings look like a pin: what the mappings hold comes first.
 */
void folio_explain(const struct scan *s, struct scan_folio *f)
{
	int64_t left;

	f->map_refs = mapping_holds(s, f->type) ? f->mapcount : 0;
	left = (int64_t)f->refcount - f->idle - f->map_refs;
	if (f->order) {
		left -= f->pincount;
	} else {
		f->pincount = left > 0 ? left / GUP_PIN_COUNTING_BIAS : 0;
		left -= (int64_t)f->pincount * GUP_PIN_COUNTING_BIAS;
	}
	f->overput = left < 0;
	f->gets = left > 0 ? left : 0;
}

/* ---- from the walk ---- */

/* Does the filesystem of this number stand on the pgmap? */
static bool is_below(const struct scan *s, int pgmap, uint32_t dev)
{
	const struct scan_pgmap *p = (struct scan_pgmap *)s->pgmaps.p + pgmap;

	for (size_t i = 0; i < scan_nr_mounts(s); i++)
		if (scan_mount(s, i)->dev == dev && !strcmp(scan_mount(s, i)->device, p->device))
			return true;
	return false;
}

/* By where it is. */
static bool is_asked_for(const struct scan *s, const struct dx_folio *d, const struct scan_folio *f)
{
	const struct scan_filter *w = &s->filter;

	if (d->pfn + (1ull << d->order) <= w->pfn_first || d->pfn > w->pfn_last)
		return false;
	if (w->dev && f->share) {
		/* of which files, scan_pick_shared() finds out */
		if (!is_below(s, f->pgmap, w->dev))
			return false;
	} else if (w->dev && (d->dev != w->dev || d->flags & DX_FOLIO_DEVICE ||
			      (w->ino && (d->ino != w->ino || d->gen != w->gen)))) {
		return false;
	}
	return true;
}

static bool passes(const struct scan *s, const struct dx_folio *d, const struct scan_folio *f)
{
	const struct scan_filter *w = &s->filter;

	if (!is_asked_for(s, d, f))
		return false;
	if (w->min_refs && f->refcount - f->idle < w->min_refs)
		return false;
	return !w->pinned || f->pincount > 0 || f->gets > 0;
}

static bool continues(const struct scan_folio *run, const struct scan_folio *f)
{
	return run->pgmap == f->pgmap && run->order == f->order && folio_end(run) == f->pfn &&
	       run->file == f->file && run->refcount == f->refcount && run->mapcount == f->mapcount &&
	       run->pincount == f->pincount && run->share == f->share && run->idle == f->idle &&
	       (!f->file || run->index + (run->nr << run->order) == f->index);
}

static int folio_add(struct scan *s, const struct scan_folio *f)
{
	struct scan_folio *run = s->folios.nr ? folio_at(s, s->folios.nr - 1) : NULL;

	if (run && continues(run, f)) {
		run->nr++;
		return 0;
	}
	run = array_add(&s->folios, sizeof(*run));
	if (!run)
		return -ENOMEM;
	*run = *f;
	return 0;
}

static int file_of(struct scan *s, const struct dx_folio *d)
{
	int id = d->mapping ? scan_file_id(s, d->mapping, d->dev, d->ino, d->gen) : 0;

	if (id > 0) {
		scan_file(s, id)->device = d->flags & DX_FOLIO_DEVICE;
		scan_file(s, id)->path_flags |= d->flags & DX_FOLIO_DELETED ? DX_PATH_DELETED : 0;
	}
	return id;
}

static int poison_add(struct scan *s, const struct dx_folio *d, const struct scan_folio *f)
{
	struct scan_poison *n;
	int file;

	if (!is_asked_for(s, d, f))
		return 0;
	file = file_of(s, d);
	n = file < 0 ? NULL : array_add(&s->poisoned, sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = (struct scan_poison){
		.pfn = d->pfn, .index = d->index, .file = file, .pgmap = f->pgmap, .order = d->order
	};
	return 0;
}

size_t scan_nr_poisoned(const struct scan *s)
{
	return s->poisoned.nr;
}

const struct scan_poison *scan_poisoned(const struct scan *s, size_t i)
{
	return (struct scan_poison *)s->poisoned.p + i;
}

int scan_walked(struct scan *s, int pgmap, const struct dx_walk_args *piece, const struct dx_folio *f)
{
	struct scan_pgmap *p = scan_pgmap(s, pgmap);
	int id;

	p->steps += piece->steps;
	for (int i = 0; i < 4; i++)
		p->pages[i] += piece->pages[i];
	p->other += piece->other;
	p->in_use += piece->in_use;
	p->mapped += piece->mapped;
	p->pinned += piece->pinned;
	for (uint32_t i = 0; i < piece->found && i < DX_WALK_FOUND; i++) {
		struct scan_folio n = {
			.pfn = f[i].pfn,
			.nr = 1,
			.index = f[i].index,
			.pgmap = pgmap,
			.order = f[i].order,
			.type = p->type,
			.pins_exact = f[i].order,
			.refcount = f[i].refcount,
			.mapcount = f[i].mapcount,
			.pincount = f[i].pincount,
			.idle = piece->idle,
			.share = p->type == MEMORY_DEVICE_FS_DAX ? f[i].share : 0,
			.time = f[i].time,
		};

		if (f[i].flags & DX_FOLIO_POISONED && poison_add(s, &f[i], &n))
			return -ENOMEM;
		if (dx_folio_is_idle(&f[i], piece->idle))
			continue;
		p->in_use_pages += 1ull << f[i].order;
		folio_explain(s, &n);
		if (!passes(s, &f[i], &n))
			continue;
		n.file = file_of(s, &f[i]);
		if (n.file < 0 || folio_add(s, &n))
			return -ENOMEM;
		p->pins += n.pincount;
	}
	/* pages that are idle and mapped without a reference (legacy) have no other sign */
	if (p->devdax && piece->mapping && !s->filter.dev) {
		id = scan_file_id(s, piece->mapping, 0, 0, 0);
		if (id < 0)
			return id;
		scan_file(s, id)->device = true;
	}
	return 0;
}

int scan_pick_shared(struct scan *s, int (*fn)(void *arg, uint64_t pfn, uint64_t *index), void *arg)
{
	const struct scan_filter *w = &s->filter;
	struct array all = s->folios;
	int rc = 0, file;

	if (!w->ino || !w->mapping)
		return 0;
	s->folios = (struct array){ 0 };
	for (size_t i = 0; i < all.nr && !rc; i++) {
		struct scan_folio run = ((struct scan_folio *)all.p)[i], f = run;

		f.nr = 1;
		for (uint64_t k = 0; run.share && k < run.nr && !rc; k++, f.pfn += 1ull << f.order) {
			int is = fn(arg, f.pfn, &f.index);

			file = is == 1 ? scan_file_id(s, w->mapping, w->dev, w->ino, w->gen) : 0;
			f.file = file;
			rc = file < 0 ? file : is ? folio_add(s, &f) : 0;
		}
		if (!run.share) {
			struct scan_folio *n = array_add(&s->folios, sizeof(*n));

			if (n)
				*n = run;
			rc = n ? 0 : -ENOMEM;
		}
	}
	free(all.p);
	return rc;
}

/* ---- cut where holders and waits begin and end ---- */

static int by_pfn(const void *a, const void *b)
{
	const struct scan_folio *x = a, *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int cuts_collect(const struct scan *s, struct array *cuts)
{
	uint64_t *n;

	for (size_t i = 0; i < s->holders.nr; i++) {
		const struct scan_holder *h = &holder_at(s, i)->h;

		for (int end = 0; end < 2 && h->nr; end++) {
			n = array_add(cuts, sizeof(*n));
			if (!n)
				return -ENOMEM;
			*n = end ? h->pfn + h->nr : h->pfn;
		}
	}
	for (size_t i = 0; i < s->waits.nr; i++) {
		for (int end = 0; end < 2 && scan_wait(s, i)->pfn; end++) {
			n = array_add(cuts, sizeof(*n));
			if (!n)
				return -ENOMEM;
			*n = scan_wait(s, i)->pfn + end;
		}
	}
	if (cuts->nr)
		qsort(cuts->p, cuts->nr, sizeof(*n), by_number);
	return 0;
}

/* A run in pieces: between two cuts, at the borders of its folios. */
static int run_cut(struct array *out, struct scan_folio run, const uint64_t *cut, size_t nr,
		   size_t *at)
{
	struct scan_folio *n;

	while (*at < nr && cut[*at] <= run.pfn)
		++*at;
	for (size_t i = *at; i < nr && cut[i] < folio_end(&run); i++) {
		/* a cut inside a folio: behind it as well as before it */
		uint64_t folios;

		if (cut[i] <= run.pfn)
			continue;
		folios = (cut[i] - run.pfn) >> run.order;
		for (int k = 0; k < 2; k++, folios = 1) {
			if (!folios || folios >= run.nr)
				continue;
			n = array_add(out, sizeof(*n));
			if (!n)
				return -ENOMEM;
			*n = run;
			n->nr = folios;
			run.nr -= folios;
			run.pfn += folios << run.order;
			if (run.file)
				run.index += folios << run.order;
			/* at a border: one cut is enough */
			if (run.pfn >= cut[i])
				break;
		}
	}
	n = array_add(out, sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = run;
	return 0;
}

void folios_sort(struct scan *s)
{
	if (s->folios.nr)
		qsort(s->folios.p, s->folios.nr, sizeof(struct scan_folio), by_pfn);
}

int folios_cut(struct scan *s)
{
	struct array cuts = { 0 }, out = { 0 };
	size_t at = 0;
	int rc = cuts_collect(s, &cuts);

	for (size_t i = 0; i < s->folios.nr && !rc; i++)
		rc = run_cut(&out, *folio_at(s, i), cuts.p, cuts.nr, &at);
	free(cuts.p);
	if (rc) {
		free(out.p);
		return rc;
	}
	free(s->folios.p);
	s->folios = out;
	return 0;
}

size_t folio_behind(const struct scan *s, uint64_t pfn)
{
	size_t low = 0, high = s->folios.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (folio_end(folio_at(s, mid)) > pfn)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

size_t scan_nr_folios(const struct scan *s)
{
	return s->folios.nr;
}

const struct scan_folio *scan_folio(const struct scan *s, size_t i)
{
	return folio_at(s, i);
}

// SPDX-License-Identifier: GPL-2.0-only
/* scan_scope.c - what of a look belongs to what was asked for, and sums over it */
#include <string.h>
#include "view/scan_part.h"

static bool is_mine(const struct scan_view *v, uint32_t tgid, uint32_t pid)
{
	return !v->pid || tgid == v->pid || pid == v->pid;
}

static int find_mine(const struct scan_holder *h, void *arg)
{
	return is_mine(arg, h->tgid, h->pid);
}

/* Of most kinds of holders nobody knows since when they hold: they may be as old. */
static bool is_old(const struct scan_view *v, uint64_t since)
{
	return !since || (v->now > since && v->now - since >= v->older_than);
}

static int find_old(const struct scan_holder *h, void *arg)
{
	return h->certain && h->kind != SCAN_HOLD_MAPPING && is_old(arg, h->since);
}

static bool may_be_old(const struct scan_view *v, size_t i)
{
	return scan_folio(v->s, i)->unknown > 0 || scan_folio_holders(v->s, i, find_old, (void *)v);
}

/* A wait for a folio of another file or device that holds nothing of it is not of interest. */
bool scan_scope_folio(const struct scan_view *v, size_t i)
{
	if (v->older_than && !may_be_old(v, i))
		return false;
	return !v->pid || scan_folio_holders(v->s, i, find_mine, (void *)v);
}

const char *scan_device(const struct scan_view *v, int pgmap)
{
	const struct scan_pgmap *p = scan_pgmap(v->s, pgmap);

	return p ? p->device : "";
}

/* The filesystem's device: where it is mounted tells. */
static const char *device_of_dev(const struct scan_view *v, uint32_t dev)
{
	for (size_t i = 0; i < scan_nr_mounts(v->s); i++)
		if (scan_mount(v->s, i)->dev == dev)
			return scan_mount(v->s, i)->device;
	return "";
}

static bool in_device(const struct scan_view *v, const struct scan_file *file, int pgmap)
{
	const char *wanted = v->filter->device;

	if (!wanted)
		return true;
	if (!strcmp(scan_device(v, pgmap), wanted))
		return true;
	return file && !file->device && !strcmp(device_of_dev(v, file->dev), wanted);
}

static bool in_file(const struct scan_view *v, const struct scan_file *file)
{
	const struct scan_filter *w = v->filter;

	if (!w->dev)
		return true;
	if (!file || file->device || file->dev != w->dev)
		return false;
	return !w->ino || (file->ino == w->ino && file->gen == w->gen);
}

static bool in_range(const struct scan_view *v, uint64_t pfn, uint64_t nr)
{
	const struct scan_filter *w = v->filter;

	return !w->pfn_last || (pfn <= w->pfn_last && pfn + nr > w->pfn_first);
}

static bool is_unbounded(const struct scan_view *v)
{
	return !v->filter->device && !v->filter->dev && !v->filter->pfn_last;
}

static bool holds_listed(const struct scan_view *v, const struct scan_holder *h)
{
	/* by halves: the runs are in the order of pfn */
	size_t low = 0, high = scan_nr_folios(v->s);

	while (h->nr && low < high) {
		size_t mid = low + (high - low) / 2;
		const struct scan_folio *f = scan_folio(v->s, mid);

		if (f->pfn >= h->pfn + h->nr)
			high = mid;
		else if (f->pfn + (f->nr << f->order) <= h->pfn)
			low = mid + 1;
		else
			return true;
	}
	return false;
}

struct candidate {
	const struct scan_holder *h;
};

static int is_same(const struct scan_holder *h, void *arg)
{
	return h == ((struct candidate *)arg)->h;
}

static bool is_candidate(const struct scan_view *v, const struct scan_holder *h)
{
	struct candidate c = { h };

	for (size_t i = 0; !h->certain && i < scan_nr_folios(v->s); i++) {
		const struct scan_folio *f = scan_folio(v->s, i);

		if (h->file && h->file != f->file)
			continue;
		if (scan_folio_holders(v->s, i, is_same, &c))
			return true;
	}
	return false;
}

/* It stands with the bad page, where not its file or its process is what was asked for. */
static bool maps_bad(const struct scan_view *v, const struct scan_holder *h)
{
	for (size_t i = 0; is_unbounded(v) && !v->pid && !h->nr && i < scan_nr_poisoned(v->s); i++)
		if (scan_maps_poison(h, scan_poisoned(v->s, i)))
			return true;
	return false;
}

bool scan_scope_other(const struct scan_view *v, size_t i)
{
	const struct scan_holder *h = scan_holder(v->s, i);
	const struct scan_file *file = scan_file(v->s, h->file);
	int pgmap = h->nr ? scan_pgmap_of(v->s, h->pfn) : h->pgmap;

	/* folios were left out: theirs are not of interest either */
	if (v->filter->pinned || v->filter->min_refs || v->older_than)
		return false;
	if (!is_mine(v, h->tgid, h->pid) || holds_listed(v, h))
		return false;
	/* one that could hold anything is named where something is unknown, not here */
	if (!h->certain && !h->file && h->pgmap < 0)
		return false;
	if (!in_device(v, file, pgmap) || !in_file(v, file))
		return false;
	if (v->filter->pfn_last && !(h->nr && in_range(v, h->pfn, h->nr)))
		return false;
	return !is_candidate(v, h) && !maps_bad(v, h);
}

/* What matters is what ends in a wait of DAX's, or takes long. */
static bool lock_matters(const struct scan_view *v, const struct scan_wait *w)
{
	size_t i = w - scan_wait(v->s, 0);
	const struct scan_wait *root = scan_wait(v->s, scan_wait_root(v->s, i));

	return scan_wait_is_dax(root) ? scan_scope_wait(v, root) : scan_wait_matters(v->s, i, v->now);
}

bool scan_scope_wait(const struct scan_view *v, const struct scan_wait *w)
{
	const struct scan_file *file = scan_file(v->s, w->file);

	if (v->older_than && !is_old(v, w->since))
		return false;
	if (v->pid)
		return is_mine(v, w->tgid, w->pid);
	if (!scan_wait_is_dax(w) && !lock_matters(v, w))
		return false;
	if (is_unbounded(v))
		return true;
	/* it stands behind one of these */
	if (!scan_wait_is_dax(w) && !w->file)
		return true;
	/* not known what it waits for: it may well be this */
	if (!w->file && !w->pfn && w->pgmap < 0)
		return true;
	if (v->filter->pfn_last && !(w->pfn && in_range(v, w->pfn, 1)))
		return false;
	if (v->filter->dev && !file)
		return !w->pfn && w->kind != SCAN_WAIT_MEMUNMAP;
	return in_device(v, file, w->pgmap) && in_file(v, file);
}

/* The device as a whole: references to its memory, whoever has them; a filesystem on it. */
static bool device_is_held(const struct scan_view *v)
{
	for (size_t i = 0; v->filter->device && i < scan_nr_pgmaps(v->s); i++) {
		const struct scan_pgmap *p = scan_pgmap(v->s, i);

		struct scan_verdict verdict;

		if (strcmp(p->device, v->filter->device))
			continue;
		if (p->refs_known && p->unexplained > 0)
			return true;
		/* a mount, swap, device mapper: they use it without a folio */
		scan_verdict(v->s, i, &verdict);
		if (verdict.what == SCAN_UNBIND_MOUNTED || verdict.what == SCAN_UNBIND_OPEN)
			return true;
	}
	return false;
}

bool view_scan_somebody(const struct scan_view *v)
{
	if (device_is_held(v))
		return true;
	for (size_t i = 0; i < scan_nr_folios(v->s); i++)
		if (scan_scope_folio(v, i))
			return true;
	for (size_t i = 0; i < scan_nr_holders(v->s); i++)
		if (scan_scope_other(v, i))
			return true;
	for (size_t i = 0; i < scan_nr_waits(v->s); i++)
		if (scan_scope_wait(v, scan_wait(v->s, i)))
			return true;
	return false;
}

/* ---- sums ---- */

enum scan_walk_state scan_walk_state(const struct scan_view *v, const struct scan_pgmap *p)
{
	if (p->vanished)
		return SCAN_VANISHED;
	if (!scan_wants(v->s, p))
		return SCAN_SKIPPED;
	/* a signal came before it was its turn */
	if (p->partly || (v->interrupted && !p->steps))
		return SCAN_PARTLY;
	return SCAN_WALKED;
}

void scan_sum_add(struct scan_sum *sum, const struct scan_folio *f)
{
	sum->runs++;
	sum->folios += f->nr;
	sum->pages += f->nr << f->order;
	sum->pins += f->nr * (f->pincount > 0 ? f->pincount : 0);
	sum->gets += f->nr * (f->gets > 0 ? f->gets : 0);
	sum->mapped += f->mapcount > 0 ? f->nr : 0;
	sum->pinned += f->pincount > 0 ? f->nr : 0;
	sum->unknown += f->unknown > 0 ? f->nr : 0;
	sum->overput += f->overput ? f->nr : 0;
}

void scan_sum_get(const struct scan_view *v, int pgmap, int order, struct scan_sum *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (size_t i = 0; i < scan_nr_folios(v->s); i++) {
		const struct scan_folio *f = scan_folio(v->s, i);

		if ((pgmap < 0 || f->pgmap == pgmap) && (order < 0 || f->order == order) &&
		    scan_scope_folio(v, i))
			scan_sum_add(sum, f);
	}
}

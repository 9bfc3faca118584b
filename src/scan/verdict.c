// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c - may a device be unbound?
 *
 * What an unbind does (measured: lab.md): FS_DAX waits in dax_break_layout_final() for
 * every folio to be idle; before 6.15 nothing waits. device-dax never waits: memunmap_pages()
 * takes the memory from under its pins. All wait for references on the pgmap.
 */
#include <stdlib.h>
#include <string.h>
#include "internal.h"

struct in_use {
	uint64_t folios, refs; /* with pins or references that are no mapping's */
	uint64_t any; /* folios that are not idle */
};

static struct in_use sum(const struct scan *s, int pgmap)
{
	struct in_use u = { 0 };

	for (size_t i = 0; i < scan_nr_folios(s); i++) {
		const struct scan_folio *f = scan_folio(s, i);

		if (f->pgmap != pgmap)
			continue;
		u.any += f->nr;
		if (f->pincount + f->gets <= 0)
			continue;
		u.folios += f->nr;
		u.refs += f->nr * (f->pincount + f->gets);
	}
	return u;
}

static bool opens(const struct scan *s, const struct scan_holder *h, int pgmap)
{
	(void)s;
	return h->kind == SCAN_HOLD_OPEN && h->pgmap == pgmap;
}

static bool maps(const struct scan *s, const struct scan_holder *h, int pgmap)
{
	const struct scan_file *file = scan_file((struct scan *)s, h->file);

	if (h->kind != SCAN_HOLD_MAPPING)
		return false;
	if (h->nr)
		return scan_pgmap_of(s, h->pfn) == pgmap;
	return h->pgmap == pgmap || (file && file->device && h->pgmap < 0);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Processes of the holders that @is accepts. */
static uint64_t processes(const struct scan *s, int pgmap,
			  bool (*is)(const struct scan *s, const struct scan_holder *h, int pgmap))
{
	struct array tgids = { 0 };
	uint32_t *t;
	uint64_t n = 0;

	for (size_t i = 0; i < scan_nr_holders(s); i++) {
		if (!is(s, scan_holder(s, i), pgmap))
			continue;
		t = array_add(&tgids, sizeof(*t));
		if (!t)
			break; /* memory is short: those so far */
		*t = scan_holder(s, i)->tgid;
	}
	t = tgids.p;
	if (tgids.nr)
		qsort(t, tgids.nr, sizeof(*t), by_number);
	for (size_t i = 0; i < tgids.nr; i++)
		n += !i || t[i] != t[i - 1];
	free(tgids.p);
	return n;
}

static const char *mount_of(const struct scan *s, const struct scan_pgmap *p)
{
	for (size_t i = 0; i < scan_nr_mounts(s); i++)
		if (*p->device && !strcmp(scan_mount(s, i)->device, p->device))
			return scan_mount(s, i)->point;
	return NULL;
}

static bool memunmap_waits(const struct scan *s, int pgmap)
{
	for (size_t i = 0; i < scan_nr_waits(s); i++)
		if (scan_wait(s, i)->kind == SCAN_WAIT_MEMUNMAP && scan_wait(s, i)->pgmap == pgmap)
			return true;
	return false;
}

/* Of this pgmap alone. */
static void verdict_of(const struct scan *s, int pgmap, struct scan_verdict *v)
{
	const struct scan_pgmap *p = scan_pgmap((struct scan *)s, pgmap);
	struct in_use u = sum(s, pgmap);
	/* does the unbind wait for the folios' references? */
	bool waits =
		p->type != MEMORY_DEVICE_GENERIC && !(s->legacy && p->type == MEMORY_DEVICE_FS_DAX);
	bool driver = p->type != MEMORY_DEVICE_GENERIC && p->type != MEMORY_DEVICE_FS_DAX;

	memset(v, 0, sizeof(*v));
	v->mount = mount_of(s, p);
	v->under_way = p->dying || memunmap_waits(s, pgmap);
	v->refs = p->unexplained > 0 ? p->unexplained : 0;
	v->folios = driver ? u.any : u.folios;
	v->openers = processes(s, pgmap, opens);
	if (v->refs || (waits && v->folios) || memunmap_waits(s, pgmap)) {
		v->what = SCAN_UNBIND_HANGS;
		v->nr = v->folios;
		return;
	}
	if (u.refs) {
		v->what = SCAN_UNBIND_PULLS;
		v->nr = u.refs;
		return;
	}
	v->nr = processes(s, pgmap, maps);
	if (p->vanished || p->partly || !p->steps)
		v->what = SCAN_UNBIND_UNKNOWN;
	else if (v->mount)
		v->what = SCAN_UNBIND_MOUNTED;
	else if (s->unsure)
		v->what = SCAN_UNBIND_UNKNOWN;
	else if (p->openers)
		v->what = SCAN_UNBIND_OPEN;
	else if (v->nr)
		v->what = SCAN_UNBIND_SIGBUS;
	else if (u.any || p->in_use)
		v->what = SCAN_UNBIND_UNKNOWN; /* somebody maps it who was not found */
	else
		v->what = SCAN_UNBIND_FREE;
}

/* What is known to be bad says more than what is not known. */
static int badness(const struct scan_verdict *v)
{
	return v->what == SCAN_UNBIND_UNKNOWN ? SCAN_UNBIND_HANGS * 2 - 1 : v->what * 2;
}

static void verdict_add(struct scan_verdict *v, const struct scan_verdict *more)
{
	struct scan_verdict worse = badness(more) > badness(v) ? *more : *v;

	if (more->what == v->what && v->what == SCAN_UNBIND_SIGBUS)
		worse.nr = v->nr > more->nr ? v->nr : more->nr; /* one process may map both */
	else if (more->what == v->what)
		worse.nr = v->nr + more->nr;
	worse.folios = v->folios + more->folios;
	worse.refs = v->refs + more->refs;
	worse.openers = v->openers > more->openers ? v->openers : more->openers;
	worse.under_way = v->under_way || more->under_way;
	*v = worse;
}

void scan_verdict(const struct scan *s, int pgmap, struct scan_verdict *v)
{
	const char *device = scan_pgmap((struct scan *)s, pgmap)->device;

	verdict_of(s, pgmap, v);
	for (size_t i = 0; *device && i < scan_nr_pgmaps(s); i++) {
		struct scan_verdict more;

		if ((int)i == pgmap || strcmp(scan_pgmap((struct scan *)s, i)->device, device))
			continue;
		verdict_of(s, i, &more);
		verdict_add(v, &more);
	}
}

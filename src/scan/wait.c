// SPDX-License-Identifier: GPL-2.0-only
/* wait.c - tasks that are blocked: what for, and who stands behind whom */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

static struct scan_wait *wait_at(const struct scan *s, size_t i)
{
	return (struct scan_wait *)s->waits.p + i;
}

static const char *const wait_names[SCAN_WAITS] = {
#define WAIT_NAME(constant, name, ...) [SCAN_WAIT_##constant] = name,
	WAITS(WAIT_NAME)
};

const char *scan_wait_name(enum scan_wait_kind kind)
{
	return kind < SCAN_WAITS ? wait_names[kind] : "?";
}

int scan_add_wait(struct scan *s, const struct scan_wait *w)
{
	struct scan_wait *n = array_add(&s->waits, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = *w;
	n->next = -1;
	n->comm[sizeof(n->comm) - 1] = 0;
	n->owner_comm[sizeof(n->owner_comm) - 1] = 0;
	n->cgroup = w->cgroup ? strdup(w->cgroup) : NULL;
	return w->cgroup && !n->cgroup ? -ENOMEM : 0;
}

size_t scan_nr_waits(const struct scan *s)
{
	return s->waits.nr;
}

const struct scan_wait *scan_wait(const struct scan *s, size_t i)
{
	return wait_at(s, i);
}

/* Does this run keep memunmap_pages() of its pgmap waiting? */
static bool keeps_pgmap(const struct scan_folio *f)
{
	return f->type == MEMORY_DEVICE_FS_DAX || f->type == MEMORY_DEVICE_GENERIC
		       ? f->gets + f->pincount > 0
		       : true;
}

int scan_wait_folios(const struct scan *s, size_t i, int (*fn)(size_t folio, void *arg), void *arg)
{
	const struct scan_wait *w = scan_wait(s, i);
	size_t at;
	int rc = 0;

	if (w->pfn) {
		at = folio_behind(s, w->pfn);
		return at < s->folios.nr && folio_at(s, at)->pfn <= w->pfn ? fn(at, arg) : 0;
	}
	if (w->kind != SCAN_WAIT_MEMUNMAP || w->pgmap < 0)
		return 0;
	for (at = 0; at < s->folios.nr && !rc; at++)
		if (folio_at(s, at)->pgmap == w->pgmap && keeps_pgmap(folio_at(s, at)))
			rc = fn(at, arg);
	return rc;
}

bool scan_wait_is_dax(const struct scan_wait *w)
{
	return w->kind < WAITS_OF_DAX;
}

/* ---- chains ---- */

/* The wait of thread @pid, -1: it is in none. */
static int wait_of(const struct scan *s, uint32_t pid)
{
	for (size_t i = 0; pid && i < s->waits.nr; i++)
		if (wait_at(s, i)->pid == pid)
			return i;
	return -1;
}

/*
 * Who reads a lock leaves no name behind, or one that may be old. A fault reads the VMA, or the mmap_lock, of its
 * own process, and the invalidate_lock of its file, and waits for an entry meanwhile.
 */
static bool may_read(const struct scan_wait *w, const struct scan_wait *reader)
{
	if (w == reader || reader->kind != SCAN_WAIT_ENTRY)
		return false;
	if (w->kind == SCAN_WAIT_INVALIDATE)
		return w->file && w->file == reader->file;
	return (w->kind == SCAN_WAIT_VMA || w->kind == SCAN_WAIT_MMAP) && w->mm_tgid &&
	       w->mm_tgid == reader->tgid;
}

static int reader_of(const struct scan *s, const struct scan_wait *w)
{
	for (size_t i = 0; w->read_owned && i < s->waits.nr; i++)
		if (may_read(w, wait_at(s, i)))
			return i;
	return -1;
}

size_t scan_wait_root(const struct scan *s, size_t i)
{
	/* what is read while it changes can go in circles */
	for (size_t step = 0; step < s->waits.nr && wait_at(s, i)->next >= 0; step++)
		i = wait_at(s, i)->next;
	return i;
}

#define LOCK_NS \
	1000000000ull /* whoever has waited for a lock this long is worth a line whoever has it */

bool scan_wait_matters(const struct scan *s, size_t i, uint64_t now)
{
	const struct scan_wait *w = scan_wait(s, i);

	if (scan_wait_is_dax(w) || scan_wait_is_dax(scan_wait(s, scan_wait_root(s, i))))
		return true;
	return (w->kind == SCAN_WAIT_INODE || w->kind == SCAN_WAIT_INVALIDATE) && w->since &&
	       w->since + LOCK_NS <= now;
}

static void chains_relate(struct scan *s)
{
	for (size_t i = 0; i < s->waits.nr; i++) {
		struct scan_wait *w = wait_at(s, i);

		if (scan_wait_is_dax(w))
			continue;
		w->next = wait_of(s, w->owner_pid);
		w->inferred = w->read_owned;
		if (w->next < 0) {
			w->next = reader_of(s, w);
			w->inferred = w->next >= 0;
		}
		if (w->next == (int)i)
			w->next = -1;
	}
	for (size_t i = 0; i < s->waits.nr; i++) {
		size_t root = scan_wait_root(s, i);

		if (root != i)
			wait_at(s, root)->behind++;
	}
}

static void folios_relate(struct scan *s)
{
	for (size_t i = 0; i < s->waits.nr; i++) {
		struct scan_wait *w = wait_at(s, i);
		size_t at;

		if (!w->pfn)
			continue;
		if (w->pgmap < 0)
			w->pgmap = scan_pgmap_of(s, w->pfn);
		at = folio_behind(s, w->pfn);
		if (at >= s->folios.nr || folio_at(s, at)->pfn > w->pfn)
			continue;
		folio_at(s, at)->nr_waits++;
		if (!w->file) {
			w->file = folio_at(s, at)->file;
			w->index = folio_at(s, at)->index + (w->pfn - folio_at(s, at)->pfn);
		}
	}
}

void waits_relate(struct scan *s)
{
	folios_relate(s);
	chains_relate(s);
}

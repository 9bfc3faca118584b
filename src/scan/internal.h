/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SCAN_INTERNAL_H
#define DAXTOP_SCAN_INTERNAL_H
/* internal.h - what the files of scan/ share */
#include "scan/scan.h"

/* An array that grows. Zeroed is an empty one. */
struct array {
	void *p;
	size_t nr, room;
};
/* A new zeroed element of @size bytes at the end, or NULL: memory is short. */
void *array_add(struct array *a, size_t size);

/* What scan_finish() keeps of a holder besides what was told. */
struct holder {
	struct scan_holder h;
	bool counted; /* its references are; false: those of an object that was met before */
};

struct scan {
	struct scan_filter filter;
	bool legacy;
	bool unsure; /* see scan_set_unsure() */
	struct array pgmaps; /* struct scan_pgmap */
	struct array files; /* struct scan_file */
	uint32_t *file_hash; /* ids, by mapping; power of two */
	size_t file_room;
	struct array folios; /* struct scan_folio */
	struct array holders; /* struct holder */
	struct array waits; /* struct scan_wait */
	struct array mounts; /* struct scan_mount */
	struct array gaps; /* char * */
	struct array poisoned; /* struct scan_poison */
	/* holders of run i: hold[hold_first[i] .. hold_first[i + 1] - 1] */
	size_t *hold_first;
	struct array hold; /* uint32_t: index of a holder */
};

static inline struct scan_folio *folio_at(const struct scan *s, size_t i)
{
	return (struct scan_folio *)s->folios.p + i;
}

static inline struct holder *holder_at(const struct scan *s, size_t i)
{
	return (struct holder *)s->holders.p + i;
}

/* Behind the last page of a run. */
static inline uint64_t folio_end(const struct scan_folio *f)
{
	return f->pfn + (f->nr << f->order);
}

/* folio.c: what the counts say by themselves */
void folio_explain(const struct scan *s, struct scan_folio *f);
void folios_sort(struct scan *s);
/* Cuts the runs, sorted, at the holders' and waits' pages. Returns 0 or -ENOMEM. */
int folios_cut(struct scan *s);
/* The first run that ends behind @pfn; scan_nr_folios() when there is none. */
size_t folio_behind(const struct scan *s, uint64_t pfn);

/* holder.c: joins neighbours and drops what was told twice; the runs are sorted */
void holders_join(struct scan *s);
/* Finds who holds which run, and what that explains. Returns 0 or -ENOMEM. */
int holders_relate(struct scan *s);

/* wait.c: what the waits are for, and which wait behind which; the runs are sorted and cut */
void waits_relate(struct scan *s);

#endif

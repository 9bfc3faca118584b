// SPDX-License-Identifier: GPL-2.0-only
/*
 * baseline.c - folios that are not idle, as records: what was there when the trace began, and
 * what is there after events were lost
 */
#include <errno.h>
#include <stdlib.h>
#include "internal.h"
#include "programs.h"

struct span {
	uint64_t pgmap, pfn, end;
	uint32_t type;
};

/* What of the pgmaps is still to be walked. */
struct baseline {
	struct span *span;
	size_t nr, room, at;
	struct walk walk;
};

static int span_add(struct baseline *b, const struct dx_pgmap_args *a, uint64_t pfn, uint64_t end)
{
	struct span *span = b->span;

	if (b->nr == b->room) {
		b->room = b->room ? b->room * 2 : 16;
		span = reallocarray(b->span, b->room, sizeof(*span));
		if (!span)
			return -ENOMEM;
		b->span = span;
	}
	span[b->nr++] = (struct span){ a->found, pfn, end, a->type };
	return 0;
}

static int spans_find(struct source *s, struct baseline *b)
{
	struct dx_pgmap_args a = { .pgmap_array = s->init.pgmap_array, .nr_cpus = s->nr_cpus };

	for (;;) {
		int rc = programs_run(s->skel->progs.dx_next_pgmap, &a, sizeof(a));

		if (rc || !a.found)
			return rc;
		if (a.again)
			continue;
		/* up to 6.14 such a page rests at 1, and at 0 once it has been mapped (p2pmem_alloc_mmap()) */
		if (s->regime == REGIME_LEGACY && a.type == MEMORY_DEVICE_PCI_P2PDMA)
			continue;
		for (int i = 0; i < DX_PGMAP_RANGES && !rc; i++)
			if (a.range[i].nr)
				rc = span_add(b, &a, a.range[i].pfn + (i ? 0 : a.no_memmap),
					      a.range[i].pfn + a.range[i].nr);
		if (rc)
			return rc;
	}
}

void source_scan_end(struct source *s)
{
	if (s->baseline)
		free(s->baseline->span);
	free(s->baseline);
	s->baseline = NULL;
}

int source_scan_begin(struct source *s)
{
	int rc;

	source_scan_end(s);
	s->baseline = calloc(1, sizeof(*s->baseline));
	if (!s->baseline)
		return -ENOMEM;
	rc = spans_find(s, s->baseline);
	if (rc)
		source_scan_end(s);
	return rc;
}

static void tell(const struct dx_folio *f, const struct span *span, uint64_t id,
		 void (*fn)(void *arg, const struct dx_event *ev), void *arg)
{
	struct dx_event ev = {
		.type = DX_SAMPLE,
		.flags = DX_F_SCAN,
		.time = f->time,
		.pfn = f->pfn,
		.pgmap = id,
		.pgmap_type = span->type,
		.refcount = f->refcount,
		.mapcount = f->mapcount,
		.pincount = f->pincount,
		.order = f->order,
		.nr = 1,
		.ino = f->ino,
		.dev = f->dev,
		.index = f->index,
		.addr = f->mapping,
		.gen = f->gen,
		.stack = -1,
		.ustack = -1,
	};

	fn(arg, &ev);
}

/* The next span to walk, if the one before is done. */
static bool span_begin(struct source *s, struct baseline *b)
{
	const struct span *span;

	if (b->walk.pfn < b->walk.end)
		return true;
	if (b->at >= b->nr)
		return false;
	span = &b->span[b->at++];
	b->walk = (struct walk){
		.prog = s->skel->progs.dx_walk,
		.found = s->skel->bss->walk_found,
		.pgmap = span->pgmap,
		.idle = memory_idle_count(span->type, s->regime == REGIME_LEGACY),
		.pfn = span->pfn,
		.end = span->end,
	};
	return true;
}

int source_scan_next(struct source *s, void (*fn)(void *arg, const struct dx_event *ev), void *arg)
{
	struct baseline *b = s->baseline;
	struct dx_walk_args piece;
	int rc;

	if (!b)
		return 0;
	if (!span_begin(s, b)) {
		source_scan_end(s);
		return 0;
	}
	rc = walk_next(&b->walk, &piece);
	if (rc < 0) {
		source_scan_end(s);
		return rc;
	}
	for (uint32_t i = 0; rc && i < piece.found; i++)
		if (!dx_folio_is_idle(&b->walk.found[i], piece.idle))
			tell(&b->walk.found[i], &b->span[b->at - 1],
			     pgmap_id(s->ids, b->span[b->at - 1].pgmap), fn, arg);
	return 1;
}

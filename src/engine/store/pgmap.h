/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_PGMAP_H
#define DAXTOP_ENGINE_STORE_PGMAP_H
/* pgmap.h - the table of pgmaps: the device memory maps that folios belong to. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/store/folio.h"
#include "stream.h"

/* Entries below PGMAP_FIRST stand for "id not known, type as the number". */
#define PGMAP_FIRST 8
#define PGMAP_MAX   (1u << PGMAP_BITS)

/* A run of looks at a pgmap that all had something to say. */
struct refs_run {
	uint64_t since; /* 0: there is none */
	uint32_t nr;
	int64_t least;
	uint32_t finding; /* 0: none yet */
};

/* A place that gets references. */
struct refs_site {
	uint64_t time; /* of the first */
	uint64_t nr;
	uint32_t tgid, pid;
	int32_t stack;
	char comm[DX_COMM_LEN];
};

/* What is counted of its references, and what judge/refs.c and judge/stall.c have made of that. */
struct refs {
	int64_t explained; /* PRIVATE/COHERENT folios, P2PDMA pages: handed out less given back */
	int64_t baseline; /* what was unexplained when the trace began */
	int64_t value; /* at the last look: unexplained beyond the baseline */
	uint64_t asked, looked; /* times, 0: never */
	uint64_t active_since; /* of active[0] */
	uint32_t active[2]; /* references that came or went of late: now, and before */
	struct refs_run grown, old, under;
	struct refs_site *site; /* who got references, NULL: nobody yet */
	bool based; /* baseline is known */
	bool added; /* in this trace */
	bool clean; /* a look of this trace found nothing unexplained */
	bool had_more; /* the last look found more than the one before */
	bool lossy;
	bool site_full; /* somebody more got some, for whom there was no room */
	/* memunmap_pages() */
	uint64_t kill_time, kill_seen; /* it began, was last known to be under way; 0: not seen */
	bool kill_predates;
	uint32_t kill_tgid, kill_pid;
	char kill_comm[DX_COMM_LEN];
	int32_t kill_stack;
	uint32_t kill_finding;
};

struct pgmap {
	bool used;
	bool dying; /* killed, not yet gone */
	bool gone;
	uint8_t type;
	bool refs_known; /* refs, refs_base were read */
	int64_t refs, refs_base; /* see DX_PGMAP_REFS */
	uint64_t refs_explained; /* r.explained, at least 0 */
	uint64_t pgmap; /* id */
	uint64_t pfn, nr_pages; /* first range */
	char device[DX_DEVICE_LEN]; /* "": not known */
	uint64_t folios; /* tracked */
	struct refs r;
};

struct pgmap_table {
	struct pgmap *map;
	uint32_t nr, max;
	uint32_t last; /* found last */
	bool *no_memory; /* set when it was short */
};

/* What it points to outlives the table. Returns 0, -ENOMEM. */
int pgmap_table_init(struct pgmap_table *t, bool *no_memory);
void pgmap_table_destroy(struct pgmap_table *t);
/* Index for an event's pgmap id and type; makes an entry when it's new. */
uint32_t pgmap_get(struct pgmap_table *t, uint64_t id, unsigned int type, uint64_t pfn);
/* A new entry, 0: no memory, or there are PGMAP_MAX. */
uint32_t pgmap_new(struct pgmap_table *t, uint64_t id, unsigned int type);
/* The newest entry of that id, 0: none. */
uint32_t pgmap_find(struct pgmap_table *t, uint64_t id);
static inline bool pgmap_has(const struct pgmap *p, uint64_t pfn)
{
	return pfn >= p->pfn && pfn - p->pfn < p->nr_pages;
}
static inline unsigned int pgmap_type(const struct pgmap_table *t, const struct folio *f)
{
	return t->map[f->pgmap].type;
}
/* NULL: not known. Valid until the table changes. */
const char *pgmap_device(const struct pgmap_table *t, const struct folio *f);
void pgmap_move_folio(struct pgmap_table *t, struct folio *f, uint32_t to);

/* References that came or went since so long are of late, at most twice that. */
#define REFS_ACTIVE_NS 1000000000ull

/* Forgets who got references. */
void refs_destroy(struct refs *r);
/* Time has come to @time: what came or went long before is no more of late. */
void refs_turn(struct refs *r, uint64_t time);
/* @nr references came or went. */
void refs_active(struct refs *r, uint64_t time, uint64_t nr);
/* @nr references of the pgmap that are explained came (or went) with a folio. */
void refs_explain(struct pgmap_table *t, uint32_t pgmap, uint64_t time, int64_t nr);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_FOLIO_H
#define DAXTOP_ENGINE_STORE_FOLIO_H
/* folio.h - the table of folios. */
#include <stddef.h>
#include <stdint.h>
#include "engine/store/chunk.h"
#include "engine/store/id.h"
#include "event.h"

/*
 * One folio. With its share of the index (folio.c) at most 64 bytes: the fields
 * are packed for that.
 */
struct folio {
	uint64_t pfn : MAX_PFN_BITS;
	uint64_t order : MAX_ORDER_BITS;
	uint64_t cause : 5; /* enum dx_event_type of the last event */
	uint64_t zap_puts : ZAP_BITS; /* mappings gone, references not yet seen put */

	uint64_t first_time : TIME_BITS; /* of the oldest event */
	uint64_t entry : 1; /* an entry of the file points here */
	uint64_t stale : 1; /* file and index are those of an entry that is gone */
	uint64_t predates : 1;
	uint64_t waited : 1;
	uint64_t absorbed : 1; /* part of a larger folio now; not counted, not shown */
	uint64_t fresh : 1; /* counts are not known: the next sample sets them */
	uint64_t has_holder : 1;
	uint64_t has_get : 1; /* one of the holders is a FOLL_GET */

	uint64_t last_time : TIME_BITS; /* of the newest event */
	uint64_t fault_refs : 3; /* taken by faults, not seen dropped */
	uint64_t suspect : 1; /* a judge wants to see whatever happens to it */
	uint64_t exact : 1; /* seen idle, and nothing lost since */
	uint64_t lossy : 1; /* events were lost since it was seen idle */
	uint64_t untouched : 1; /* a scan found it so, and nothing happened to it since */
	uint64_t looked : 1; /* the last look found somebody who holds it, perhaps gone; not idle since */

	uint64_t index : INDEX_BITS;
	uint64_t task : TASK_BITS; /* of the last event */

	uint64_t steps : 32; /* there ever were */
	uint64_t file : FILE_BITS;
	uint64_t pgmap : PGMAP_BITS;

	uint32_t slot; /* of the newest step, if it is still there */
	int32_t ref, map, pin;
};
_Static_assert(sizeof(struct folio) == 56, "struct folio");
_Static_assert(DX_EVENT_TYPES <= 32, "folio.cause, cause_pack()");

#define FOLIO_SHIFT	 8 /* 256 a chunk */
#define FOLIO_GROUP	 12
#define FOLIO_REGIONS	 4096
#define FOLIO_REGION_BIT 9

struct folio_group {
	uint8_t tag[FOLIO_GROUP]; /* 0: free slot */
	uint32_t full; /* a key of this group overflowed into the next */
	uint32_t id[FOLIO_GROUP];
};
_Static_assert(sizeof(struct folio_group) == 64, "a group is a cache line");

struct folio_table {
	struct chunks folio;
	/*
	 * Nothing is taken out of the index, and an id says since when it is in: so a snapshot has the same one,
	 * though it goes on growing.
	 */
	struct folio_group *group;
	void *group_mem; /* the block, @group is aligned in it */
	size_t group_bytes;
	uint64_t nr_groups;
	uint32_t nr; /* ids in use: 1 ... nr */
	uint32_t orders; /* bit n: a folio of order n was seen */
	/* How many folios a 2M region (modulo) has: spares 512 look-ups a merge. */
	uint32_t region[FOLIO_REGIONS];
};

/* What it points to outlives the table. Returns 0, -ENOMEM. */
int folio_table_init(struct folio_table *t, struct pool *pool);
void folio_table_destroy(struct folio_table *t);
size_t folio_table_bytes(const struct folio_table *t);
/* @to is what @from is now, for queries only. Returns 0, -ENOMEM. */
int folio_table_share(struct folio_table *from, struct folio_table *to);
/* Id of the folio whose head is @pfn, also when it is absorbed; 0: none. */
uint32_t folio_find(const struct folio_table *t, uint64_t pfn);
/* Id of the folio that covers @pfn and is not absorbed; 0: none. */
uint32_t folio_find_covering(const struct folio_table *t, uint64_t pfn);
/* Adds a zeroed order-0 folio that isn't there; 0: no memory. */
uint32_t folio_add(struct folio_table *t, uint64_t pfn);
/* Calls @fn for each folio with a head in (pfn, pfn + 2^order), the first page excluded. */
void folio_each_tail(struct folio_table *t, uint64_t pfn, unsigned int order,
		     void (*fn)(uint32_t id, void *arg), void *arg);
/* For prefetching: the group of the index, and who is probably there (0: nobody). */
void folio_prefetch_group(const struct folio_table *t, uint64_t pfn);
uint32_t folio_guess(const struct folio_table *t, uint64_t pfn);

/* To read: valid until the same folio, or one near it, is written. */
static inline const struct folio *folio_ptr(const struct folio_table *t, uint32_t id)
{
	return chunks_at(&t->folio, id, FOLIO_SHIFT, sizeof(struct folio));
}

/* @f, which is what folio_ptr() says, to be written. */
static inline struct folio *folio_own(struct folio_table *t, uint32_t id, const struct folio *f)
{
	if (__builtin_expect(!t->folio.own[id >> FOLIO_SHIFT], 0))
		return chunks_write(&t->folio, id, FOLIO_SHIFT, sizeof(struct folio));
	return (struct folio *)f;
}

/* Valid until the next snapshot is taken. */
static inline struct folio *folio_write(struct folio_table *t, uint32_t id)
{
	return chunks_write(&t->folio, id, FOLIO_SHIFT, sizeof(struct folio));
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_LOOK_H
#define DAXTOP_ENGINE_STORE_LOOK_H
/* look.h - the table of what looks found, and what is wanted of the next one. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/store/chunk.h"
#include "engine/store/folio.h"
#include "stream.h"

struct look {
	struct dx_holder *held; /* of the last look: those that are not certain, then the others by pfn */
	uint64_t *reach; /* of each of those: the highest page behind it and those before */
	void *block; /* has both, and snapshots refer to it; NULL: there are none */
	uint32_t nr, candidates;
	struct dx_holder *coming; /* of the one whose records come */
	uint32_t nr_coming, max_coming;
	struct dx_look is, will; /* the last one; that one */
	/* tasks that wait for a locked entry or a lock, which no event tells of; of the last look, and of the one that comes */
	struct dx_wait *entry, *entry_coming;
	uint32_t nr_entries, max_entries, nr_entries_coming, max_entries_coming;
	bool able; /* the source looks */
	bool building, full; /* not all that comes has room */
	/* what is wanted of the next one */
	bool wanted;
	uint64_t first, last; /* pages; first > last: none */
	struct pool *pool;
};

/* What it points to outlives the table. */
void look_init(struct look *l, struct pool *pool);
void look_destroy(struct look *l);
/* Beside the pool. */
size_t look_bytes(const struct look *l);

/* @to is what @from is now, for queries only. */
void look_share(const struct look *from, struct look *to);

/* Records of a look come, up to look_end(). */
void look_begin(struct look *l, const struct dx_look *will);
/* One that comes outside of a look is nobody's. Returns 0, -ENOMEM. */
int look_add(struct look *l, const struct dx_holder *h);
/* A wait for a locked entry or a lock: the same. */
int look_add_entry(struct look *l, const struct dx_wait *w);
/* @pid, or any thread of @tgid if @pid is 0, was seen to do something at @time: it does not wait any more. */
void look_entry_over(struct look *l, uint32_t tgid, uint32_t pid, uint64_t time);
/* It is whole, and takes the place of the last one. Returns 0, -ENOMEM: nothing is known then. */
int look_end(struct look *l);
/* Forgets what the process @tgid held that began before @before. Returns how many they were. */
uint32_t look_drop_task(struct look *l, uint32_t tgid, uint64_t before);

/* Another look is wanted, at who maps the files of these pages, too; @first > @last: of none. */
void look_want(struct look *l, uint64_t first, uint64_t last);

static inline uint64_t holder_end(const struct dx_holder *h)
{
	return h->pfn + h->nr;
}
/* Is anybody certain to hold something? */
static inline bool held_certain(const struct look *l)
{
	return l->nr > l->candidates;
}
/* Behind the last certain holder that begins before the folio's end. */
uint32_t held_end(const struct look *l, const struct folio *f);
/* A certain holder of any page of the folio, the last one before @from; NULL: there is none. */
const struct dx_holder *held_before(const struct look *l, const struct folio *f, uint32_t *from);
bool held_any(const struct look *l, const struct folio *f);

#endif

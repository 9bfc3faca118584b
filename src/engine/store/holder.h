/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_HOLDER_H
#define DAXTOP_ENGINE_STORE_HOLDER_H
/* holder.h - the table of those who hold a folio: pins, and references that GUP took. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/store/chunk.h"
#include "engine/store/folio.h"
#include "engine/store/task.h"

#define HOLDER_MAX     (1u << 20)
#define HOLDERS_MERGED 256 /* of a folio: from here on one a process, */
#define HOLDERS_NAMED  1024 /* and from here on without a name */

struct holder {
	uint64_t since;
	uint32_t folio, task;
	int32_t stack;
	uint32_t nr; /* 0: a ghost, see holder_release() */
	uint32_t next;
	bool pin : 1, longterm : 1;
	bool remote : 1; /* taken on another process's memory */
	bool gone : 1; /* its process is no more */
	bool merged : 1; /* of several times, the first at @since; see holder_merge() */
};
_Static_assert(sizeof(struct holder) == 32, "struct holder");

#define HOLDER_SHIFT	    8 /* 256 a chunk */
#define HOLDER_BUCKET_SHIFT 10 /* 1024 a chunk */

struct holder_table {
	struct chunks node; /* the first is unused */
	struct chunks bucket;
	uint32_t nr, top, nr_buckets, free;
	uint64_t refused; /* pool or folio full, or memory short: held, by nobody known */
	bool ghosts; /* who was crossed out stays, see holder_release() */
	bool *no_memory; /* set when it was short */
	const struct task_table *tasks; /* who they are */
};

/* What it points to outlives the table. */
void holder_table_init(struct holder_table *t, struct pool *pool, const struct task_table *tasks,
		       bool ghosts, bool *no_memory);
void holder_table_destroy(struct holder_table *t);
/* Beside the pool. */
size_t holder_table_bytes(const struct holder_table *t);
/* @to is what @from is now, for queries only. Returns 0, -ENOMEM. */
int holder_table_share(struct holder_table *from, struct holder_table *to);
static inline const struct holder *holder_ptr(const struct holder_table *t, uint32_t n)
{
	return chunks_at(&t->node, n, HOLDER_SHIFT, sizeof(struct holder));
}
void holder_prefetch_bucket(const struct holder_table *t, uint32_t folio);
void holder_prefetch(const struct holder_table *t, uint32_t folio);
void holder_add(struct holder_table *t, uint32_t id, struct folio *f, struct holder h);
/*
 * Takes @nr pins (or references) from the folio's holders: those of @tgid first
 * (0: nobody's), then the oldest. True if one has none left: a ghost, which the counts may belie.
 */
bool holder_release(struct holder_table *t, uint32_t id, struct folio *f, bool pin, uint64_t nr,
		    uint32_t tgid);
/* Forgets all holders of the folio. */
void holder_clear(struct holder_table *t, uint32_t id, struct folio *f);
/* Is one of them no ghost? */
bool holder_any(const struct holder_table *t, uint32_t id, const struct folio *f);
/* Those that hold the folio @id (0: any), without the ghosts, into @list, which has room for t->nr. Returns how many. */
uint32_t holder_list(const struct holder_table *t, uint32_t id, uint32_t *list);
/* What is known of those who hold a folio. */
struct holder_sum {
	uint32_t live; /* of processes that are there, ghosts included */
	uint32_t gone; /* of those that are no more */
	uint64_t pins, gets; /* they have */
	uint32_t oldest; /* node of the oldest that is gone and no ghost, 0: none */
	bool guessed, remote; /* whose reference it is that went or is left */
};
void holder_sum(const struct holder_table *t, uint32_t id, const struct folio *f,
		struct holder_sum *out);
/* Does the process hold it, a pin or a reference, as far as events tell? */
bool holder_has(const struct holder_table *t, uint32_t id, const struct folio *f, bool pin,
		uint32_t tgid);
/*
 * The process @tgid that took references before @before is no more. Calls @fn for each
 * of its folios that did not know.
 */
void holder_task_gone(struct holder_table *t, struct folio_table *folios, uint32_t tgid,
		      uint64_t before, void (*fn)(uint32_t id, void *arg), void *arg);
/* References (or pins) that the folio's known holders have; *@holders: how many they are. */
uint64_t holder_count(const struct holder_table *t, uint32_t id, const struct folio *f, bool pin,
		      uint32_t *holders);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_HISTORY_H
#define DAXTOP_ENGINE_STORE_HISTORY_H
/* history.h - steps of all folios, in one ring. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/store/chunk.h"
#include "engine/store/folio.h"

/* From here on a cause is none of enum dx_event_type, but inferred: enum engine_cause. In six bits: */
#define CAUSE_INFERRED 128
static inline unsigned int cause_pack(unsigned int cause)
{
	return cause >= CAUSE_INFERRED ? cause - CAUSE_INFERRED + 32 : cause;
}
static inline unsigned int cause_unpack(unsigned int packed)
{
	return packed >= 32 ? packed - 32 + CAUSE_INFERRED : packed;
}

struct step {
	uint64_t time;
	uint32_t folio, prev; /* slot of the folio's step before this */
	int32_t before, after, map, pin, stack, ret;
	uint32_t what; /* STEP_WHAT() */
	uint32_t flags; /* DX_F_*, STEP_AFTER_LOSS */
};
_Static_assert(sizeof(struct step) == 48, "struct step");

/* One word instead of bit fields: it is written for every step. */
#define STEP_WHAT(task, order, cause, observed)                                           \
	((uint32_t)(task) | (uint32_t)(order) << 20 | (uint32_t)cause_pack(cause) << 25 | \
	 (uint32_t)(observed) << 31)
#define STEP_TASK(what)	    ((what) & ((1u << TASK_BITS) - 1))
#define STEP_ORDER(what)    ((what) >> 20 & 31)
#define STEP_CAUSE(what)    cause_unpack((what) >> 25 & 63)
#define STEP_OBSERVED(what) ((what) >> 31)
#define STEP_AFTER_LOSS	    (1u << 31)
_Static_assert(TASK_BITS == 20 && MAX_ORDER_BITS == 5, "STEP_WHAT()");

#define NO_SLOT	   UINT32_MAX
#define STEP_SHIFT 8 /* 256 a chunk */

struct history {
	struct chunks step;
	uint32_t slots, used, next;
	uint32_t left; /* steps that can be written from @at on; 0: history_turn() knows where */
	struct step *at; /* the next one */
	uint64_t dropped;
};

/* What it points to outlives the history. Returns 0, -ENOMEM. */
int history_init(struct history *h, size_t bytes, struct pool *pool);
void history_destroy(struct history *h);
/* @to is what @from is now, for queries only. Returns 0, -ENOMEM. */
int history_share(struct history *from, struct history *to);

static inline const struct step *step_ptr(const struct history *h, uint32_t slot)
{
	return chunks_at(&h->step, slot, STEP_SHIFT, sizeof(struct step));
}

/* Where the next steps go: history.at and left. False: nowhere. */
bool history_turn(struct history *h);

/*
 * A new step of the folio, only @folio and @prev filled in, in the place of the
 * oldest step of all if the ring is full. NULL when no history is kept.
 */
static inline struct step *history_add(struct history *h, uint32_t id, struct folio *f)
{
	struct step *s;
	uint32_t slot;

	if (__builtin_expect(!h->left, 0) && (!h->slots || !history_turn(h))) {
		/* nothing is kept, but what is not shown is still counted */
		h->dropped++;
		f->steps++;
		return NULL;
	}
	slot = h->next++;
	h->left--;
	s = h->at++;
	if (slot < h->used)
		h->dropped++;
	else
		h->used = slot + 1;
	s->folio = id;
	s->prev = f->steps++ ? f->slot : NO_SLOT;
	f->slot = slot;
	/* the ring is larger than a cache */
	__builtin_prefetch(s + 8, 1);
	return s;
}

/* Steps of the folio, newest first, into @slot if not NULL; returns how many. */
uint32_t history_slots(const struct history *h, uint32_t id, const struct folio *f, uint32_t *slot);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * history.c - the steps of all folios, in one ring of fixed size.
 *
 * A full ring loses the oldest step of all. Nothing is told to the folio that
 * loses it, so that adding a step writes to one place only: a link is good if
 * what it leads to is of the same folio and older than where it comes from. How
 * many steps a folio has lost is how many it ever had less those that the links
 * reach.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/history.h"

static const struct chunk_kind step_kind = { STEP_SHIFT, sizeof(struct step), NULL, NULL, true };

/* A chunk is made when a step comes, so it costs what it holds. */
int history_init(struct history *h, size_t bytes, struct pool *pool)
{
	size_t slots = bytes / sizeof(struct step);

	if (slots > NO_SLOT - 1)
		slots = NO_SLOT - 1;
	chunks_init(&h->step, &step_kind, pool);
	h->slots = slots;
	return chunks_reserve(&h->step, slots);
}

void history_destroy(struct history *h)
{
	chunks_destroy(&h->step);
}

int history_share(struct history *from, struct history *to)
{
	from->left = 0;
	to->slots = from->slots;
	to->used = from->used;
	to->next = from->next;
	return chunks_share(&from->step, &to->step);
}

bool history_turn(struct history *h)
{
	uint32_t end;

	if (!h->slots)
		return false;
	if (h->next == h->slots)
		h->next = 0;
	h->at = chunks_own(&h->step, h->next >> STEP_SHIFT);
	if (!h->at) {
		/* no memory for one more chunk: the ring ends before it, no step is behind */
		h->slots = h->used;
		return h->slots && history_turn(h);
	}
	h->at += h->next & ((1u << STEP_SHIFT) - 1);
	end = (h->next | ((1u << STEP_SHIFT) - 1)) + 1;
	h->left = (end < h->slots ? end : h->slots) - h->next;
	return true;
}

/* How many steps were added after the one in the slot. */
static uint32_t slot_age(const struct history *h, uint32_t slot)
{
	uint32_t last = h->next ? h->next - 1 : h->slots - 1;

	return slot <= last ? last - slot : last + (h->slots - slot);
}

uint32_t history_slots(const struct history *h, uint32_t id, const struct folio *f, uint32_t *slot)
{
	uint32_t n = 0, at = f->slot, prev;

	if (!f->steps || !h->slots || step_ptr(h, at)->folio != id)
		return 0;
	for (;; at = prev) {
		if (slot)
			slot[n] = at;
		n++;
		prev = step_ptr(h, at)->prev;
		/* overwritten before this step was added, or since */
		if (prev == NO_SLOT || step_ptr(h, prev)->folio != id ||
		    slot_age(h, prev) <= slot_age(h, at))
			return n;
	}
}

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

int history_init(struct history *h, size_t bytes)
{
	size_t slots = bytes / sizeof(struct step);

	if (slots > NO_SLOT - 1)
		slots = NO_SLOT - 1;
	if (!slots)
		return 0;
	/* not touched before it is used, so it costs what it holds */
	h->step = engine_realloc(NULL, slots * sizeof(*h->step));
	if (!h->step)
		return -ENOMEM;
	h->slots = slots;
	return 0;
}

void history_destroy(struct history *h)
{
	free(h->step);
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

	if (!f->steps || !h->slots || h->step[at].folio != id)
		return 0;
	for (;; at = prev) {
		if (slot)
			slot[n] = at;
		n++;
		prev = h->step[at].prev;
		/* overwritten before this step was added, or since */
		if (prev == NO_SLOT || h->step[prev].folio != id ||
		    slot_age(h, prev) <= slot_age(h, at))
			return n;
	}
}

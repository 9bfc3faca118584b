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
#include "internal.h"

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

/*
 * Steps, oldest first. A copy of the slots is taken, so @fn may look at other
 * folios, but not push.
 */
int engine_history(struct engine *e, uint64_t pfn,
		   int (*fn)(const struct engine_step *s, void *arg), void *arg)
{
	struct history *h = &e->history;
	uint32_t id = folio_find_covering(&e->folios, pfn), n, *slot;
	const struct folio *f;
	int ret = 0;

	if (!id)
		return -ENOENT;
	f = folio_ptr(&e->folios, id);
	n = history_slots(h, id, f, NULL);
	if (!n)
		return 0;
	slot = engine_realloc(NULL, n * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	history_slots(h, id, f, slot);
	while (n-- && !ret) {
		const struct step *s = &h->step[slot[n]];
		const struct task *t = &e->tasks.task[STEP_TASK(s->what)];
		struct engine_step out = {
			.time = s->time,
			.cause = STEP_CAUSE(s->what),
			.observed = STEP_OBSERVED(s->what),
			.after_loss = s->flags & STEP_AFTER_LOSS,
			.order = STEP_ORDER(s->what),
			.flags = s->flags & ~STEP_AFTER_LOSS,
			.tgid = t->tgid,
			.pid = t->pid,
			.ref_before = s->before,
			.ref_after = s->after,
			.mapcount = s->map,
			.pincount = s->pin,
			.stack = s->stack,
			.ret = s->ret,
		};

		memcpy(out.comm, t->comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	free(slot);
	return ret;
}

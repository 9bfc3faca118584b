// SPDX-License-Identifier: GPL-2.0-only
/*
 * history.c - the steps of all folios, in one ring of fixed size.
 *
 * A full ring loses the oldest step of all. Each step links to the one before
 * it of the same folio; the link is good as long as the slot still holds that
 * folio's step with the next lower number. How many steps a folio has lost is
 * the number of its oldest step, or, when it has none left, in the folio.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

#define NO_SLOT	 UINT32_MAX
#define PREFETCH 16 /* steps ahead of the one that is overwritten */

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

static void slot_reclaim(struct engine *e, uint32_t slot)
{
	struct history *h = &e->history;
	const struct step *s = &h->step[slot];
	uint32_t ahead = slot + PREFETCH;
	struct folio *f;

	if (s->newest) {
		f = folio_ptr(&e->folios, s->folio);
		f->has_history = 0;
		f->history = s->seq + 1;
	}
	h->dropped++;
	if (ahead >= h->slots)
		ahead -= h->slots;
	if (ahead < h->used && h->step[ahead].newest) {
		f = folio_ptr(&e->folios, h->step[ahead].folio);
		__builtin_prefetch((char *)f + sizeof(*f) - 1, 1);
	}
}

struct step *history_add(struct engine *e, uint32_t id, struct folio *f)
{
	struct history *h = &e->history;
	uint32_t slot = h->next, prev = NO_SLOT, seq;
	struct step *s;

	if (!h->slots) {
		/* nothing is kept, but what is not shown is still counted */
		h->dropped++;
		f->history++;
		return NULL;
	}
	if (slot < h->used)
		slot_reclaim(e, slot);
	else
		h->used = slot + 1;
	seq = f->history;
	if (f->has_history) {
		prev = f->history;
		s = &h->step[prev];
		seq = s->seq + 1;
		s->newest = 0;
	}
	s = &h->step[slot];
	*s = (struct step){ .folio = id, .prev = prev, .seq = seq, .newest = 1 };
	f->has_history = 1;
	f->history = slot;
	h->next = slot + 1 == h->slots ? 0 : slot + 1;
	return s;
}

void history_prefetch(const struct history *h, const struct folio *f)
{
	if (f->has_history)
		__builtin_prefetch(&h->step[f->history].seq, 1);
}

uint32_t history_slots(const struct history *h, uint32_t id, const struct folio *f,
		       uint32_t *slot)
{
	uint32_t n = 0, at, seq;

	if (!f->has_history)
		return 0;
	for (at = f->history;;) {
		const struct step *s = &h->step[at];

		if (slot)
			slot[n] = at;
		n++;
		at = s->prev;
		seq = s->seq - 1;
		if (at == NO_SLOT || h->step[at].folio != id || h->step[at].seq != seq)
			return n;
	}
}

uint64_t history_dropped(const struct history *h, uint32_t id, const struct folio *f)
{
	if (!f->has_history)
		return f->history;
	return (uint64_t)h->step[f->history].seq + 1 - history_slots(h, id, f, NULL);
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
		const struct task *t = &e->tasks.task[s->task];
		struct engine_step out = {
			.time = s->time,
			.cause = cause_unpack(s->cause),
			.observed = s->observed,
			.after_loss = s->after_loss,
			.order = s->order,
			.flags = s->flags,
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

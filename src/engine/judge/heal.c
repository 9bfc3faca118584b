// SPDX-License-Identifier: GPL-2.0-only
/*
 * heal.c - folios that a loss made doubtful.
 *
 * Every folio that is tracked is read again: its state is that of the sample, and its doubt is over.
 */
#include "engine/apply/judge.h"

#define HEAL_LOOKS 65536u /* folios looked at for one call */
#define HEAL_AGAIN 1000000000ull

struct heal {
	uint64_t loss; /* the one that is being healed */
	uint64_t next; /* time of the next round */
	uint32_t folio;
	bool busy, found;
};

static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	struct heal *h = state;
	uint32_t looks;
	size_t n = 0;

	if (!e->lost)
		return 0;
	if (h->loss != e->loss_time) {
		h->loss = e->loss_time;
		h->busy = true;
		h->found = false;
		h->folio = 1;
		h->next = 0;
	}
	if (!h->busy || e->watermark < h->next)
		return 0;
	for (looks = 0; looks < HEAL_LOOKS && n < max && h->folio <= e->folios.nr; looks++) {
		const struct folio *f = folio_ptr(&e->folios, h->folio++);

		/* a sample is only newer than the loss when the window has passed it */
		if (f->absorbed || f->fresh || !folio_doubtful(e, f) || e->pgmaps.map[f->pgmap].gone)
			continue;
		h->found = true;
		out[n++] = (struct engine_ask){ .what = ENGINE_ASK_FOLIO, .pfn = f->pfn };
	}
	if (h->folio > e->folios.nr) {
		/* once more, for answers that did not come */
		h->busy = h->found;
		h->found = false;
		h->folio = 1;
		h->next = e->watermark + HEAL_AGAIN;
	}
	return n;
}

const struct judge judge_heal = {
	.name = "heal",
	.state = sizeof(struct heal),
	.share = 2,
	.always = true,
	.asks = asks,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * patrol.c - folios that look idle.
 *
 * A reference that no hook saw taken shows in the next event of its folio, and there may
 * be none: so all are read now and then, in turn.
 */
#include "engine/apply/judge.h"

#define PATROL_ASKS    256u
#define PATROL_PENDING 2048u /* folios; more take too long to wait for */
#define PATROL_LOOKS   65536u /* folios looked at for one call */
#define PATROL_NS      1000000000ull

struct patrol {
	uint64_t begun, done; /* the round; the beginning of the last that ended */
	uint32_t folio;
};

static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	struct patrol *p = state;
	uint32_t looks;
	size_t n = 0;

	if (!e->opt.patrol || !e->folios.nr)
		return 0;
	if (max > PATROL_ASKS)
		max = PATROL_ASKS;
	for (looks = 0; looks < e->folios.nr && looks < PATROL_LOOKS && n < max; looks++) {
		const struct folio *f;

		if (p->folio >= e->folios.nr) {
			p->folio = 0;
			p->done = p->begun;
			p->begun = e->watermark;
		}
		f = folio_ptr(&e->folios, ++p->folio);
		/* the suspects are asked about already */
		if (f->absorbed || f->fresh || f->suspect || e->pgmaps.map[f->pgmap].gone)
			continue;
		out[n++] = (struct engine_ask){ .what = ENGINE_ASK_FOLIO, .pfn = f->pfn };
	}
	return n;
}

/* If there are few folios, a round that began when somebody wanted to end has to end. */
static uint64_t pending(const struct engine *e, const void *state)
{
	const struct patrol *p = state;

	if (!e->opt.patrol || !e->folios.nr || e->folios.nr > PATROL_PENDING || p->done >= e->ending)
		return 0;
	return e->watermark + PATROL_NS;
}

const struct judge judge_patrol = {
	.name = "patrol",
	.state = sizeof(struct patrol),
	.share = 1,
	.asks = asks,
	.pending = pending,
};

// SPDX-License-Identifier: GPL-2.0-only
/* look.c - when another look is wanted, and whether what the last one found is still so */
#include "engine/apply/judge.h"

#define ASKS_FOLIOS   32u /* of a round */
#define ASKS_TASKS    16u
#define LOSS_AGAIN_NS 10000000000ull /* a machine that loses events is not looked at all the time */
#define ENTRY_AGAIN_NS \
	5000000000ull /* whether it still waits: no event tells of its end, but what it does next */
#define WAIT_AGAIN_NS 30000000000ull /* nobody was found for it */
#define BEHIND_NS     2000000000ull /* it lasts: who stands behind it */

struct look_state {
	uint64_t asked; /* for a look; 0: never */
	uint32_t ask; /* where the next round of questions begins */
};

/* Nobody is known who holds what somebody waits for. */
static void wants_of_waits(struct engine *e)
{
	for (uint32_t i = 0; i < e->nr_waits; i++) {
		const struct break_wait *w = &e->wait[i];
		const struct folio *f = folio_ptr(&e->folios, w->folio);
		struct holder_sum h;

		if ((f->looked && held_any(&e->look, f)) ||
		    (e->look.is.begin > w->seen && e->watermark < e->look.is.begin + WAIT_AGAIN_NS))
			continue;
		holder_sum(&e->holders, w->folio, f, &h);
		if (!h.live)
			look_want(&e->look, f->pfn, f->pfn + (1ull << f->order) - 1);
	}
}

/* No event tells who waits for a lock of somebody who waits. */
static void wants_of_behind(struct engine *e)
{
	for (uint32_t i = 0; i < e->nr_waits; i++) {
		const struct break_wait *w = &e->wait[i];

		if (e->watermark < w->since + BEHIND_NS)
			continue;
		if (e->look.is.begin < w->since + BEHIND_NS ||
		    e->watermark >= e->look.is.end + WAIT_AGAIN_NS)
			look_want(&e->look, 1, 0);
	}
}

static void wants_of_entries(struct engine *e)
{
	if (e->look.nr_entries && e->watermark >= e->look.is.end + ENTRY_AGAIN_NS)
		look_want(&e->look, 1, 0);
}

static void wants_of_loss(struct engine *e, const struct look_state *s)
{
	if (e->lost && e->loss_time >= e->look.is.begin && e->watermark >= s->asked + LOSS_AGAIN_NS)
		look_want(&e->look, 1, 0);
}

/* Objects that let go say nothing. */
static size_t ask_again(struct engine *e, struct look_state *s, struct engine_ask *out, size_t max)
{
	const struct look *l = &e->look;
	uint32_t folios = 0, tasks = 0, last = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < l->nr && n < max && folios < ASKS_FOLIOS && tasks < ASKS_TASKS; i++) {
		const struct dx_holder *h;

		if (s->ask >= l->nr)
			s->ask = 0;
		h = &l->held[s->ask++];
		if (h->tgid && h->tgid != last) {
			out[n++] = (struct engine_ask){
				.what = ENGINE_ASK_TASK,
				.tgid = h->tgid,
				.since = l->is.begin,
			};
			last = h->tgid;
			tasks++;
		}
		if (h->nr && n < max) {
			out[n++] = (struct engine_ask){ .what = ENGINE_ASK_FOLIO, .pfn = h->pfn };
			folios++;
		}
	}
	for (uint32_t i = 0; i < e->nr_waits && n < max && folios < 2 * ASKS_FOLIOS; i++) {
		const struct break_wait *w = &e->wait[i];

		if (!w->looked)
			continue;
		out[n++] = (struct engine_ask){
			.what = ENGINE_ASK_FOLIO,
			.pfn = folio_ptr(&e->folios, w->folio)->pfn,
		};
		if (n < max && w->tgid)
			out[n++] = (struct engine_ask){
				.what = ENGINE_ASK_TASK,
				.tgid = w->tgid,
				.since = w->since,
			};
		folios++;
	}
	return n;
}

static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	struct look_state *s = state;
	struct look *l = &e->look;
	size_t n;

	if (!l->able)
		return 0;
	n = ask_again(e, s, out, max / 4);
	wants_of_waits(e);
	wants_of_loss(e, s);
	wants_of_entries(e);
	wants_of_behind(e);
	if (!l->wanted || n == max || (s->asked && e->watermark < s->asked + ENGINE_LOOK_NS))
		return n;
	out[n++] = (struct engine_ask){
		.what = ENGINE_ASK_LOOK,
		.pfn = l->first <= l->last ? l->first : 1,
		.last = l->first <= l->last ? l->last : 0,
	};
	l->wanted = false;
	l->first = 1;
	l->last = 0;
	s->asked = e->watermark ? e->watermark : 1;
	return n;
}

const struct judge judge_look = {
	.name = "look",
	.state = sizeof(struct look_state),
	.share = 1,
	.always = true,
	.asks = asks,
};

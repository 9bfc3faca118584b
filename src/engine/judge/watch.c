// SPDX-License-Identifier: GPL-2.0-only
/* watch.c - processes that hold something: are they still there? */
#include "engine/apply/judge.h"

#define WATCH_LOOKS  4096u /* holders a tick */
#define WATCH_ASK_NS 1000000000ull
#define WATCH_MAX    1024u
#define WATCH_PROBE  16u

/* A process that holds something. */
struct watch {
	uint32_t tgid; /* 0: free */
	uint32_t pass; /* of the sweep that saw it last */
	uint64_t since; /* of its oldest reference */
	uint64_t asked; /* 0: never */
};

struct watch_table {
	struct watch task[WATCH_MAX];
	uint32_t pass, sweep; /* a holder's node */
	uint32_t ask;
};

static void watch_add(struct watch_table *t, uint32_t tgid, uint64_t since)
{
	struct watch *w, *room = NULL;

	for (uint32_t i = 0; i < WATCH_PROBE; i++) {
		w = &t->task[((tgid * 0x9e3779b1u >> 8) + i) % WATCH_MAX];
		if (w->tgid == tgid) {
			if (w->pass != t->pass) {
				w->pass = t->pass;
				w->since = since;
			} else if (since < w->since) {
				w->since = since;
			}
			return;
		}
		/* one that neither this sweep nor the one before saw */
		if (!room && (!w->tgid || w->pass + 1 < t->pass))
			room = w;
	}
	/* no room: the next sweep may find it */
	if (room)
		*room = (struct watch){ .tgid = tgid, .since = since, .pass = t->pass };
}

static void tick(struct engine *e, void *state)
{
	struct watch_table *t = state;
	const struct holder_table *h = &e->holders;
	uint32_t n;

	if (!h->top)
		return;
	for (n = 0; n < WATCH_LOOKS && t->sweep < h->top; n++, t->sweep++) {
		const struct holder *node = holder_ptr(h, t->sweep);
		uint32_t tgid =
			node->folio && !node->gone ? task_ptr(&e->tasks, node->task)->tgid : 0;

		if (tgid)
			watch_add(t, tgid, node->since);
	}
	if (t->sweep >= h->top) {
		t->sweep = 1;
		t->pass++;
	}
}

static bool watch_valid(const struct watch_table *t, const struct watch *w)
{
	return w->tgid && w->pass + 1 >= t->pass;
}

static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	struct watch_table *t = state;
	size_t n = 0;

	for (uint32_t i = 0; i < WATCH_MAX && n < max; i++) {
		struct watch *w = &t->task[(t->ask + i) % WATCH_MAX];

		if (!watch_valid(t, w) || (w->asked && e->watermark < w->asked + WATCH_ASK_NS))
			continue;
		w->asked = e->watermark ? e->watermark : 1;
		out[n++] = (struct engine_ask){
			.what = ENGINE_ASK_TASK,
			.tgid = w->tgid,
			.since = w->since,
		};
		if (n == max)
			t->ask = (t->ask + i + 1) % WATCH_MAX;
	}
	return n;
}

/* Somebody holds something, and it was not asked of late whether he is there. */
static uint64_t pending(const struct engine *e, const void *state)
{
	const struct watch_table *t = state;

	for (uint32_t i = 0; i < WATCH_MAX; i++) {
		const struct watch *w = &t->task[i];

		if (watch_valid(t, w) && (!w->asked || e->watermark >= w->asked + 2 * WATCH_ASK_NS))
			return e->watermark + 2 * WATCH_ASK_NS;
	}
	return 0;
}

const struct judge judge_watch = {
	.name = "watch",
	.state = sizeof(struct watch_table),
	.share = 2,
	.tick = tick,
	.asks = asks,
	.pending = pending,
};

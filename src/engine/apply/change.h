/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_CHANGE_H
#define DAXTOP_ENGINE_APPLY_CHANGE_H
/* change.h - a change to one folio. */
#include "engine/apply/state.h"

/* A change to one folio under way: the folio, the event, and what is known of both. */
struct change {
	struct engine *e;
	struct folio *f;
	const struct dx_event *ev;
	uint64_t time;
	uint32_t id, task;
	unsigned int type; /* of the pgmap */
	bool after_loss;
	bool was_lost; /* after_loss when the change began */
	bool same; /* DX_SAMPLE: nothing new */
	bool first; /* no sample of this folio yet */
	bool mapped, pinned; /* before */
};

/* Counts of a folio; @pin counts for large folios only, see small_pins(). */
struct sample {
	int32_t ref, map, pin;
};

/* GUP_PIN_COUNTING_BIAS: what a small folio's refcount says of its pins */
static inline int32_t small_pins(int32_t ref)
{
	return ref > 0 ? ref / GUP_PIN_COUNTING_BIAS : 0;
}

/* A change to c->e, f, ev, time, id begins; fills in the rest but the task. */
static inline void change_begin(struct change *c)
{
	c->type = c->e->pgmaps.map[c->f->pgmap].type;
	c->after_loss = folio_doubtful(c->e, c->f);
	c->was_lost = c->after_loss;
	if (__builtin_expect(c->after_loss, 0)) {
		c->f->exact = 0;
		c->f->lossy = 1;
	}
	c->mapped = c->f->map > 0;
	c->pinned = c->f->pin > 0;
	if (c->ev->type != DX_SAMPLE)
		c->f->untouched = 0;
}

/* ... and is done: totals and what the folio says of its last event. */
static inline void change_end(struct change *c, bool observed)
{
	uint64_t time = time_pack(c->e, c->time);
	struct folio *f = c->f;

	c->e->st.mapped += (f->map > 0) - c->mapped;
	c->e->st.pinned += (f->pin > 0) - c->pinned;
	if (time > f->last_time)
		f->last_time = time;
	if (observed) {
		f->cause = c->ev->type;
		f->task = c->task;
	}
}

#endif

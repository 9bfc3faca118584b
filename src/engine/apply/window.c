// SPDX-License-Identifier: GPL-2.0-only
/* window.c - events wait until none older can come; time */
#include "engine/apply/event.h"
#include "engine/apply/judge.h"
#include "engine/apply/window.h"

/*
 * The window has the events to come: what they will touch is fetched while
 * others are applied. How far ahead: the record, its group of the index, the
 * folio and its holders' bucket, its newest holder.
 */
#define AHEAD_RECORD 32
#define AHEAD_GROUP  24
#define AHEAD_FOLIO  14
#define AHEAD_HOLDER 7

static void prefetch(struct engine *e)
{
	struct order *o = &e->order;
	const struct order_key *key;
	const struct dx_event *ev;
	const struct folio *f;
	uint32_t id, record;

	if (o->count <= AHEAD_RECORD)
		return;
	ev = &o->record[order_peek(o, AHEAD_RECORD)->record & ORDER_INDEX];
	__builtin_prefetch(ev);
	__builtin_prefetch((const char *)ev + sizeof(*ev) - 1);

	folio_prefetch_group(&e->folios, order_peek(o, AHEAD_GROUP)->pfn);

	key = order_peek(o, AHEAD_FOLIO);
	id = folio_guess(&e->folios, key->pfn);
	o->hint[key->record & ORDER_INDEX] = id;
	if (id) {
		f = folio_ptr(&e->folios, id);
		__builtin_prefetch(f, 1);
		__builtin_prefetch((const char *)f + sizeof(*f) - 1, 1);
		if (key->record & ORDER_HOLDER)
			holder_prefetch_bucket(&e->holders, id);
	}

	record = order_peek(o, AHEAD_HOLDER)->record;
	if ((record & ORDER_HOLDER) && o->hint[record & ORDER_INDEX])
		holder_prefetch(&e->holders, o->hint[record & ORDER_INDEX]);
}

static void apply_one(struct engine *e, const struct order_key *first)
{
	enum event_part part;
	const struct dx_event *ev;
	uint32_t hint;

	prefetch(e);
	ev = order_pop(&e->order, first, &part, &hint);
	event_apply(e, ev, part, hint);
}

static void apply_until(struct engine *e, uint64_t time)
{
	const struct order_key *first;

	while ((first = order_first(&e->order)) && first->time <= time)
		apply_one(e, first);
}

static void event_insert(struct engine *e, const struct dx_event *ev)
{
	const struct order_key *first;

	while (order_push(&e->order, ev)) {
		first = order_first(&e->order);
		if (!first) {
			/* no memory for even one */
			e->no_memory = true;
			event_apply(e, ev, PART_ALL, 0);
			return;
		}
		/* the window gets shorter rather than an event lost */
		if (first->time > e->watermark)
			e->watermark = first->time;
		apply_one(e, first);
	}
}

/*
 * Those don't come through the ring: that one of them is there does not say that what happened
 * before it was read.
 */
static bool is_answer(unsigned int type)
{
	return type == DX_SAMPLE || type == DX_PGMAP_REFS || type == DX_TASK_GONE;
}

void event_push(struct engine *e, const struct dx_event *ev)
{
	uint64_t time = ev->time, late;

	if (ev->type == DX_FAULT && (ev->flags & DX_F_INSTALL))
		time -= ev->since;
	if (time < e->watermark) {
		late = e->watermark - time;
		e->st.late++;
		if (late > e->st.late_max_ns)
			e->st.late_max_ns = late;
	}
	if (!e->based)
		/* a little of what came before can still come */
		e->base = ev->time > 1ull << 50 ? ev->time - (1ull << 50) : 0;
	e->based = true;
	event_insert(e, ev);
	if (ev->time > e->newest && !is_answer(ev->type))
		e->newest = ev->time;
	if (e->newest >= e->opt.window_ns && e->newest - e->opt.window_ns > e->watermark)
		e->watermark = e->newest - e->opt.window_ns;
	apply_until(e, e->watermark);
	if (e->watermark >= e->next_tick)
		judges_tick(e);
}

void time_advance(struct engine *e, uint64_t now)
{
	uint64_t until;

	if (now == UINT64_MAX) {
		apply_until(e, UINT64_MAX);
		until = e->st.now;
	} else {
		until = now > e->opt.window_ns ? now - e->opt.window_ns : 0;
		apply_until(e, until);
	}
	if (until > e->watermark)
		e->watermark = until;
	if (e->watermark >= e->next_tick)
		judges_tick(e);
}

void loss_doubt(struct engine *e, uint64_t now)
{
	/* it can have been anything up to now, so all that is known is doubtful */
	if (now < e->st.now)
		now = e->st.now;
	if (!e->lost || now > e->loss_time)
		e->loss_time = now;
	e->lost = true;
}

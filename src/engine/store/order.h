/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_ORDER_H
#define DAXTOP_ENGINE_STORE_ORDER_H
/* order.h - the window in which events are put in order. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"

#define ORDER_MAX_RECORDS (1u << 18)
/* order_key.record: which part of the event, whether it is about a holder, its place */
#define ORDER_INSTALL 0x80000000u
#define ORDER_END     0x40000000u
#define ORDER_HOLDER  0x20000000u
#define ORDER_INDEX   0x1fffffffu

enum event_part {
	PART_ALL, /* the event as it is */
	PART_INSTALL, /* DX_FAULT: what happened at @time - since */
	PART_END, /* DX_FAULT: its end */
};

struct order_key {
	uint64_t time;
	uint64_t pfn; /* the event's: its record need not be in the cache yet */
	uint32_t record;
	uint32_t seq; /* order of arrival, wraps */
};

struct order {
	struct order_key *ring; /* sorted; power of two */
	uint32_t head, count, ring_size;
	struct order_key *heap; /* those that came too late to sort in cheaply */
	uint32_t heap_count, heap_size;
	struct dx_event *record; /* two cache lines each, aligned in @record_mem */
	void *record_mem;
	uint32_t *hint; /* by record: the id of its folio, perhaps */
	uint32_t *free;
	uint32_t nr_free, records;
	uint32_t seq;
};

void order_destroy(struct order *o);
size_t order_bytes(const struct order *o);
/* Copies *@ev in. -ENOMEM: no room, -ENOSPC: ORDER_MAX_RECORDS are in. */
int order_push(struct order *o, const struct dx_event *ev);
static inline uint32_t order_pending(const struct order *o)
{
	return o->count + o->heap_count;
}

static inline bool order_key_before(const struct order_key *a, const struct order_key *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	/* fewer than 2^31 are pending, so this holds across the wrap */
	return (int32_t)(a->seq - b->seq) < 0;
}

struct order_key order_heap_take(struct order *o);

/* Key of the oldest, NULL: nothing is pending. */
static inline const struct order_key *order_first(const struct order *o)
{
	const struct order_key *ring = o->count ? &o->ring[o->head] : NULL;

	if (__builtin_expect(o->heap_count, 0) && (!ring || order_key_before(&o->heap[0], ring)))
		return &o->heap[0];
	return ring;
}

/*
 * Takes out the oldest, @first. @hint: what was noted in order.hint. The event
 * is valid until the next push.
 */
static inline const struct dx_event *order_pop(struct order *o, const struct order_key *first,
					       enum event_part *part, uint32_t *hint)
{
	uint32_t record;

	if (__builtin_expect(first == o->heap, 0)) {
		record = order_heap_take(o).record;
	} else {
		record = first->record;
		o->head = (o->head + 1) & (o->ring_size - 1);
		o->count--;
	}
	*part = record & ORDER_INSTALL ? PART_INSTALL : record & ORDER_END ? PART_END : PART_ALL;
	record &= ORDER_INDEX;
	/* a fault's install is always older than its end, so that is out already */
	if (*part != PART_INSTALL)
		o->free[o->nr_free++] = record;
	*hint = o->hint[record];
	return &o->record[record];
}

/* Key of the event @n behind the oldest, which must be in the ring. */
static inline const struct order_key *order_peek(const struct order *o, uint32_t n)
{
	return &o->ring[(o->head + n) & (o->ring_size - 1)];
}

#endif

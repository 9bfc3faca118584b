// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c - puts events of several CPUs in order of time.
 *
 * The ring is kept sorted. Events are nearly in order, so a new one moves past
 * few others; one that would move past many goes to a heap instead, so that no
 * stream of events can make a push slow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/order.h"

#define ORDER_MOVES 64

void order_destroy(struct order *o)
{
	free(o->ring);
	free(o->heap);
	free(o->record_mem);
	free(o->hint);
	free(o->free);
	memset(o, 0, sizeof(*o));
}

size_t order_bytes(const struct order *o)
{
	return o->records * (sizeof(*o->record) + sizeof(*o->free) + sizeof(*o->hint)) +
	       ((size_t)o->ring_size + o->heap_size) * sizeof(struct order_key);
}

static struct order_key *ring_at(const struct order *o, uint32_t i)
{
	return &o->ring[(o->head + i) & (o->ring_size - 1)];
}

static int ring_grow(struct order *o)
{
	uint32_t size = o->ring_size ? o->ring_size * 2 : 256, i;
	struct order_key *ring = engine_realloc(NULL, size * sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (i = 0; i < o->count; i++)
		ring[i] = *ring_at(o, i);
	free(o->ring);
	o->ring = ring;
	o->ring_size = size;
	o->head = 0;
	return 0;
}

static int records_grow(struct order *o)
{
	uint32_t records = o->records ? o->records * 2 : 256, *list, i;
	struct dx_event *record;
	void *mem;

	mem = engine_realloc(NULL, records * sizeof(*record) + 63);
	if (!mem)
		return -ENOMEM;
	record = (void *)(((uintptr_t)mem + 63) & ~(uintptr_t)63);
	if (o->records)
		memcpy(record, o->record, o->records * sizeof(*record));
	free(o->record_mem);
	o->record_mem = mem;
	o->record = record;
	list = engine_realloc(o->free, records * sizeof(*list));
	if (!list)
		return -ENOMEM;
	o->free = list;
	list = engine_realloc(o->hint, records * sizeof(*list));
	if (!list)
		return -ENOMEM;
	o->hint = list;
	for (i = records; i > o->records; i--)
		o->free[o->nr_free++] = i - 1;
	o->records = records;
	return 0;
}

static void heap_add(struct order *o, struct order_key key)
{
	uint32_t i = o->heap_count++;

	while (i && order_key_before(&key, &o->heap[(i - 1) / 2])) {
		o->heap[i] = o->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	o->heap[i] = key;
}

struct order_key order_heap_take(struct order *o)
{
	struct order_key first = o->heap[0], last = o->heap[--o->heap_count];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < o->heap_count) {
		if (child + 1 < o->heap_count &&
		    order_key_before(&o->heap[child + 1], &o->heap[child]))
			child++;
		if (!order_key_before(&o->heap[child], &last))
			break;
		o->heap[i] = o->heap[child];
		i = child;
	}
	o->heap[i] = last;
	return first;
}

static inline void key_add(struct order *o, uint64_t time, uint64_t pfn, uint32_t record)
{
	const struct order_key key = { time, pfn, record, o->seq++ };
	const uint32_t mask = o->ring_size - 1;
	uint32_t at = o->head + o->count;

	if (o->count > ORDER_MOVES && o->ring[(at - ORDER_MOVES) & mask].time > key.time) {
		heap_add(o, key);
		return;
	}
	for (; at != o->head && o->ring[(at - 1) & mask].time > key.time; at--)
		o->ring[at & mask] = o->ring[(at - 1) & mask];
	o->ring[at & mask] = key;
	o->count++;
}

int order_push(struct order *o, const struct dx_event *ev)
{
	bool two = ev->type == DX_FAULT && (ev->flags & DX_F_INSTALL) && ev->since;
	uint32_t record;

	/* room for everything first: a fault goes in whole or not at all */
	if (order_pending(o) >= ORDER_MAX_RECORDS)
		return -ENOSPC;
	if (!o->nr_free && records_grow(o))
		return -ENOMEM;
	if (o->count + 2 > o->ring_size && ring_grow(o))
		return -ENOMEM;
	if (o->heap_count + 2 > o->heap_size &&
	    array_grow((void **)&o->heap, &o->heap_size, o->heap_count + 2, sizeof(*o->heap)))
		return -ENOMEM;

	record = o->free[--o->nr_free];
	memcpy(&o->record[record], ev, sizeof(*ev));
	o->hint[record] = 0;
	if (two) {
		/*
		 * A fault's install is told at its end: dax_fault_iter() drops its
		 * own reference in between, and other CPUs can have pinned the folio.
		 */
		key_add(o, ev->time - ev->since, ev->pfn, record | ORDER_INSTALL);
		record |= ORDER_END;
	} else if (ev->type == DX_PIN || ev->type == DX_GET || ev->type == DX_UNPIN) {
		record |= ORDER_HOLDER;
	}
	key_add(o, ev->time, ev->pfn, record);
	return 0;
}

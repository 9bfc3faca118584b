// SPDX-License-Identifier: GPL-2.0-only
/* stack.c - which stacks the engine refers to */
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"

struct each {
	void (*fn)(void *arg, int32_t stack);
	void *arg;
};

static void tell(const struct each *each, int32_t stack)
{
	if (stack >= 0)
		each->fn(each->arg, stack);
}

static void pending_tell(const struct engine *e, const struct order_key *key, const struct each *each)
{
	const struct dx_event *ev = &e->order.record[key->record & ORDER_INDEX];

	tell(each, ev->stack);
	if (dx_event_has_ustack(ev))
		tell(each, ev->ustack);
}

void engine_stacks(const struct engine *e, void (*fn)(void *arg, int32_t stack), void *arg)
{
	const struct each each = { fn, arg };
	const struct order *o = &e->order;

	for (uint32_t i = 0; i < o->count; i++)
		pending_tell(e, &o->ring[(o->head + i) & (o->ring_size - 1)], &each);
	for (uint32_t i = 0; i < o->heap_count; i++)
		pending_tell(e, &o->heap[i], &each);
	for (uint32_t i = 1; i < e->holders.top; i++)
		if (holder_ptr(&e->holders, i)->folio)
			tell(&each, holder_ptr(&e->holders, i)->stack);
	for (uint32_t i = 0; i < e->findings->nr; i++) {
		tell(&each, e->findings->node[i].f.stack);
		tell(&each, e->findings->node[i].f.ustack);
	}
	for (uint32_t i = 0; i < e->findings->nr_gets; i++)
		tell(&each, e->findings->get[i].got.stack);
	for (uint32_t i = 0; i < e->nr_waits; i++)
		tell(&each, e->wait[i].stack);
	for (size_t i = 0; i < nr_judges; i++)
		if (judges[i]->stacks)
			judges[i]->stacks(e, e->judged[i], fn, arg);
}

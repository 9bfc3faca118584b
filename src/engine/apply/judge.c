// SPDX-License-Identifier: GPL-2.0-only
/*
 * judge.c - calls the judges.
 *
 * The engine does no I/O: it asks, and the answers come as events (DX_SAMPLE,
 * DX_PGMAP_REFS, DX_TASK_GONE), so a recording has them.
 */
#include "engine/apply/judge.h"

#define TICK_NS 10000000ull

/* The hook @hook of all that have it: e and what the judge keeps are its first arguments. */
#define EACH(e, hook, ...)                     \
	for (size_t i = 0; i < nr_judges; i++) \
		if (judges[i]->hook)           \
	judges[i]->hook(e, (e)->judged[i], ##__VA_ARGS__)

/* No field of theirs is wider than this. */
static size_t state_size(const struct judge *j)
{
	const size_t align = sizeof(uint64_t);

	return (j->state + align - 1) / align * align;
}

size_t judges_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < nr_judges; i++)
		size += state_size(judges[i]);
	return size;
}

void judges_init(struct engine *e, void *mem)
{
	char *at = mem;

	for (size_t i = 0; i < nr_judges; i++) {
		e->judged[i] = at;
		at += state_size(judges[i]);
		if (!e->opt.no_rules)
			e->changes |= judges[i]->changes;
	}
}

void judges_destroy(struct engine *e)
{
	for (size_t i = 0; i < nr_judges; i++)
		if (judges[i]->destroy)
			judges[i]->destroy(e->judged[i]);
}

size_t judges_bytes(const struct engine *e)
{
	size_t bytes = judges_size();

	for (size_t i = 0; i < nr_judges; i++)
		if (judges[i]->bytes)
			bytes += judges[i]->bytes(e->judged[i]);
	return bytes;
}

void judges_event(struct engine *e, const struct dx_event *ev)
{
	for (size_t i = 0; i < nr_judges; i++)
		if (judges[i]->events >> ev->type & 1)
			judges[i]->event(e, e->judged[i], ev);
}

void judges_change(struct change *c)
{
	for (size_t i = 0; i < nr_judges; i++)
		if (judges[i]->change && (c->f->suspect || judges[i]->changes >> c->ev->type & 1))
			judges[i]->change(c, c->e->judged[i]);
}

void judges_pgmap(struct engine *e, uint32_t pgmap, const struct dx_event *ev)
{
	EACH(e, pgmap, pgmap, ev);
}

void judges_wait_move(struct engine *e, struct break_wait *w)
{
	EACH(e, wait_move, w);
}

void judges_wait_end(struct engine *e, const struct break_wait *w)
{
	EACH(e, wait_end, w);
}

void judges_holder_gone(struct engine *e, uint32_t folio)
{
	EACH(e, holder_gone, folio);
}

void judges_forget(struct engine *e, uint32_t folio, bool released)
{
	if (folio_ptr(&e->folios, folio)->suspect)
		EACH(e, forget, folio, released);
}

void judges_tick(struct engine *e)
{
	e->next_tick = e->watermark + TICK_NS;
	EACH(e, tick);
}

void rules_counted(struct engine *e, const struct dx_rule_counts *total)
{
	for (unsigned int i = 0; i < DX_RULES; i++) {
		if (e->counted.checked[i] < total->checked[i])
			e->counted.checked[i] = total->checked[i];
		if (e->counted.broken[i] < total->broken[i])
			e->counted.broken[i] = total->broken[i];
	}
	if (e->counted.gone_folios < total->gone_folios)
		e->counted.gone_folios = total->gone_folios;
}

void judges_ask(struct engine *e, size_t max)
{
	size_t n = 0, part;

	for (size_t i = 0; i < nr_judges; i++) {
		const struct judge *j = judges[i];

		if (!j->asks || (e->opt.no_rules && !j->always))
			continue;
		/* nobody comes after those that always ask */
		part = e->opt.no_rules ? max - n : (max - n + j->share - 1) / j->share;
		n += j->asks(e, e->judged[i], e->ask + n, part);
	}
	e->nr_asks = n;
}

const struct engine_ask *engine_asks(const struct engine *e, size_t *n)
{
	*n = e->nr_asks;
	return e->ask;
}

uint64_t engine_pending(const struct engine *e)
{
	uint64_t until = 0, t;

	if (e->opt.no_rules)
		return 0;
	for (size_t i = 0; i < nr_judges; i++) {
		t = judges[i]->pending ? judges[i]->pending(e, e->judged[i]) : 0;
		if (t > until)
			until = t;
	}
	/* what should be known by now and is not will not be: nobody answers */
	return until > e->watermark ? until : 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * feed.c - records in: the engine's only way. They may come from a file or a socket, so nothing is
 * believed before it was checked.
 */
#include <errno.h>
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/apply/look.h"
#include "engine/apply/pgmap.h"
#include "engine/apply/window.h"

static int refuse(struct engine *e, const char *why)
{
	e->st.bad++;
	e->refusal = why;
	return -EBADMSG;
}

const char *engine_refusal(const struct engine *e)
{
	return e->refusal ? e->refusal : "nothing was refused";
}

/* Those who have memory to ask for in a record's course: it was not there, which is told once. */
static int memory_told(struct engine *e)
{
	int err = e->no_memory ? -ENOMEM : 0;

	e->memory_refused |= e->no_memory;
	e->no_memory = false;
	return err;
}

static const uint16_t event_carries[DX_EVENT_TYPES] = {
#define EVENT(constant, number, name, carries, ...) [number] = carries,
#include "events.def"
#undef EVENT
};

/* NULL: nothing is wrong with it. */
static inline const char *event_wrong(const struct dx_event *ev)
{
	if (ev->type == DX_NONE || ev->type >= DX_EVENT_TYPES || ev->type == DX_FILE)
		return "an event is of no known type";
	/* a folio is naturally aligned */
	if ((event_carries[ev->type] & EV_PLACED) &&
	    (ev->pfn >> MAX_PFN_BITS || ev->order >> MAX_ORDER_BITS ||
	     ev->pfn & ((1ull << ev->order) - 1)))
		return "an event's folio is at no place where a folio of its order can be";
	if ((event_carries[ev->type] & EV_PAGES) && !ev->nr)
		return "an event is about no pages at all";
	/* what is wrong with a folio can be its order: no more is asked of it */
	if (ev->type == DX_VIOLATION && (!dx_rule_in(ev->arg, dx_rules_at_point) ||
					 (uint32_t)ev->ret >= DX_DETAILS || ev->pfn >> MAX_PFN_BITS))
		return "a violation is of no rule that the programs check, or at no place where a folio can be";
	if (ev->type == DX_FAULT && ev->since > ev->time)
		return "a fault began before time did";
	return NULL;
}

static int feed_event(struct engine *e, const struct dx_event *ev)
{
	const char *wrong = event_wrong(ev);

	if (__builtin_expect(!!wrong, 0))
		return refuse(e, wrong);
	event_push(e, ev);
	return __builtin_expect(e->no_memory, 0) ? memory_told(e) : 0;
}

/* A name is no event of a folio: no need to wait, or to store it twice. */
static int feed_file(struct engine *e, const struct dx_file_event *f, size_t len)
{
	int err = f->e.type == DX_FILE ? file_name(&e->files, f, len) : -EINVAL;

	if (err == -EINVAL)
		return refuse(e, "a file's path is longer than its record, or there is none");
	e->st.events++;
	e->st.by_type[DX_FILE]++;
	return err;
}

static int feed_pgmap(struct engine *e, const struct dx_pgmap *p)
{
	if (!p->pgmap || p->pfn >> MAX_PFN_BITS || p->nr_pages >> MAX_PFN_BITS || p->dying > 1)
		return refuse(e, "a pgmap is at no place where one can be");
	if (!memchr(p->device, 0, sizeof(p->device)))
		return refuse(e, "the name of a pgmap's device does not end");
	return pgmap_found(e, p);
}

static int feed_lost(struct engine *e, const struct dx_lost *l)
{
	if (!l->nr)
		return 0;
	e->st.lost += l->nr;
	if (l->type < DX_EVENT_TYPES)
		e->st.lost_by_type[l->type] += l->nr;
	loss_doubt(e, l->time);
	return 0;
}

/* Not counted as lost: it may have been about any page at all. But it is a doubt. */
static int feed_missed(struct engine *e, const struct dx_missed *m)
{
	if (m->type != DX_NONE)
		loss_doubt(e, m->time);
	return 0;
}

static int feed_ask(struct engine *e, const struct dx_ask *a)
{
	judges_ask(e, a->max < ENGINE_ASKS_MAX ? a->max : ENGINE_ASKS_MAX);
	return 0;
}

static int feed_hello(struct engine *e, const struct dx_hello *h)
{
	e->opt.legacy = h->flags & DX_HELLO_LEGACY;
	e->opt.index_stays = h->flags & DX_HELLO_INDEX_STAYS;
	e->start = h->start;
	return 0;
}

int engine_feed(struct engine *e, const struct dx_record *r, const void *payload)
{
	const char *wrong = dx_record_wrong(r);
	int err = 0;

	if (__builtin_expect(!!wrong, 0))
		return refuse(e, wrong);
	/* nearly all are */
	if (__builtin_expect(r->type == DX_REC_EVENT, 1))
		return feed_event(e, payload);
	switch (r->type) {
	case DX_REC_HELLO:
		return feed_hello(e, payload);
	case DX_REC_FILE:
		return feed_file(e, payload, r->len - sizeof(*r));
	case DX_REC_PGMAP:
		err = feed_pgmap(e, payload);
		break;
	case DX_REC_LOST:
		return feed_lost(e, payload);
	case DX_REC_MISSED:
		return feed_missed(e, payload);
	case DX_REC_COUNTERS:
		rules_counted(e, payload);
		break;
	case DX_REC_TIME:
		time_advance(e, ((const struct dx_time *)payload)->time);
		break;
	case DX_REC_ASK:
		return feed_ask(e, payload);
	case DX_REC_LOOK:
	case DX_REC_HOLDER:
	case DX_REC_WAIT:
	case DX_REC_GAP:
	case DX_REC_LOOKED: {
		const char *bad = NULL;

		err = look_feed(e, r->type, payload, &bad);
		if (bad)
			return refuse(e, bad);
		break;
	}
	case DX_REC_ENDING:
		if (!e->ending)
			e->ending = e->watermark ? e->watermark : 1;
		break;
	case DX_REC_END:
		time_advance(e, UINT64_MAX);
		break;
	}
	return err;
}

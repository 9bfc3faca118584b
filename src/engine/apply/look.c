// SPDX-License-Identifier: GPL-2.0-only
/*
 * look.c - what looks found, and what events say about it.
 *
 * A look's findings are of a moment, and no event tells when an object lets a page go: its put is seen
 * only if it is the last. So they are believed until the folio is seen idle, the process ends, or the next
 * look. A wait that a look found is put among the events by its time, so that what was told of
 * before and after it is not turned round.
 */
#include <errno.h>
#include <string.h>
#include "engine/apply/look.h"
#include "engine/apply/wait.h"
#include "engine/apply/window.h"
#include "wait_kind.h"

/* ---- records in ---- */

static void folios_mark(struct engine *e)
{
	for (uint32_t id = 1; id <= e->folios.nr; id++) {
		const struct folio *f = folio_ptr(&e->folios, id);
		bool looked = !f->absorbed && held_any(&e->look, f);

		if (f->looked != looked)
			folio_write(&e->folios, id)->looked = looked;
	}
}

static int looked(struct engine *e)
{
	struct look *l = &e->look;
	bool first = !l->is.begin;
	int err;

	if (!l->building)
		return 0;
	err = look_end(l);
	/* what was there before the trace is known at once: the ring was read behind the look */
	if (first && l->is.end < UINT64_MAX - e->opt.window_ns)
		time_advance(e, l->is.end + e->opt.window_ns);
	folios_mark(e);
	return err;
}

static const char *holder_wrong(const struct dx_holder *h)
{
	bool certain = h->flags & DX_HOLDER_CERTAIN;

	if (!memchr(h->kind, 0, sizeof(h->kind)) || !memchr(h->detail, 0, sizeof(h->detail)))
		return "a text about a holder does not end";
	if (h->pfn >> MAX_PFN_BITS || h->nr >> MAX_PFN_BITS || (certain && !h->nr))
		return "a holder is of no page, or of pages where none can be";
	return NULL;
}

static const char *wait_wrong(const struct dx_wait *w)
{
	if (!w->kind || w->kind >= DX_WAIT_KINDS || w->since > w->time)
		return "a wait is of no known kind, or begins after it was seen";
	if (w->entry > WAIT_ENTRY_UNLOCKED)
		return "a wait is for an entry in no known state";
	if (w->pfn >> MAX_PFN_BITS || w->order >> MAX_ORDER_BITS || w->pfn & ((1ull << w->order) - 1))
		return "a wait's folio is at no place where a folio of its order can be";
	return NULL;
}

/* memunmap_pages() began before the trace, and only a look knows who called it. */
static void kill_found(struct engine *e, const struct dx_wait *w)
{
	uint32_t i = w->pgmap ? pgmap_find(&e->pgmaps, w->pgmap) : 0;
	struct refs *r = i ? &e->pgmaps.map[i].r : NULL;

	if (!r || !e->pgmaps.map[i].used || e->pgmaps.map[i].gone || r->kill_pid)
		return;
	if (!r->kill_time) {
		r->kill_predates = true;
		r->kill_stack = -1;
	}
	if (!r->kill_time || (r->kill_predates && w->since && w->since < r->kill_time))
		r->kill_time = w->since ? w->since : w->time ? w->time : 1;
	if (w->time > r->kill_seen)
		r->kill_seen = w->time;
	r->kill_tgid = w->tgid;
	r->kill_pid = w->pid;
	memcpy(r->kill_comm, w->comm, DX_COMM_LEN);
	e->pgmaps.map[i].dying = true;
}

/* Returns 0 or -ENOMEM. */
static int wait_came(struct engine *e, const struct dx_wait *w)
{
	struct dx_event ev = {
		.type = DX_BREAK_BUSY,
		.flags = DX_F_SCAN | (w->kind == DX_WAIT_EVICT ? DX_F_FINAL : 0),
		.time = w->time,
		.tgid = w->tgid,
		.pid = w->pid,
		.pfn = w->pfn,
		.order = w->order,
		.pgmap = w->pgmap,
		.refcount = w->refcount,
		.mapcount = w->mapcount,
		.pincount = w->pincount,
		.nr = 1,
		.ino = w->ino,
		.dev = w->dev,
		.gen = w->gen,
		.index = w->index,
		.addr = w->since,
		.level = w->state,
		.stack = -1,
		.ustack = -1,
	};
	uint32_t i = w->pgmap ? pgmap_find(&e->pgmaps, w->pgmap) : 0;

	memcpy(ev.comm, w->comm, DX_COMM_LEN);
	if (w->kind == DX_WAIT_MEMUNMAP)
		kill_found(e, w);
	if (w->kind >= DX_WAIT_ENTRY)
		return look_add_entry(&e->look, w);
	if ((w->kind != DX_WAIT_BREAK && w->kind != DX_WAIT_EVICT) || !w->pfn)
		return 0;
	if (i)
		ev.pgmap_type = e->pgmaps.map[i].type;
	event_push(e, &ev);
	return 0;
}

int look_feed(struct engine *e, unsigned int type, const void *payload, const char **bad)
{
	int err = 0;

	switch (type) {
	case DX_REC_LOOK:
		look_begin(&e->look, payload);
		break;
	case DX_REC_HOLDER:
		*bad = holder_wrong(payload);
		if (!*bad)
			err = look_add(&e->look, payload);
		break;
	case DX_REC_WAIT:
		*bad = wait_wrong(payload);
		if (!*bad)
			err = wait_came(e, payload);
		break;
	case DX_REC_GAP:
		if (!memchr(((const struct dx_gap *)payload)->text, 0, sizeof(struct dx_gap)))
			*bad = "a sentence about a look does not end";
		break;
	case DX_REC_LOOKED:
		err = looked(e);
		break;
	}
	e->memory_refused |= err == -ENOMEM;
	return err;
}

/* ---- what events say about it ---- */

void look_wait_begin(struct break_wait *w, const struct dx_event *ev)
{
	if (ev->addr && ev->addr < w->since)
		w->since = ev->addr;
	w->looked = true;
	w->state = ev->level;
	w->stack = -1;
}

/* Answers tell of others. */
void look_entry_event(struct engine *e, const struct dx_event *ev)
{
	if (ev->pid && ev->type != DX_SAMPLE && ev->type != DX_PGMAP_REFS &&
	    ev->type != DX_TASK_GONE && !(ev->flags & DX_F_SCAN))
		look_entry_over(&e->look, ev->tgid, ev->pid, ev->time);
}

static bool is_idle(const struct change *c)
{
	return c->f->ref <= idle_count(c->e, c->type) && c->f->map <= 0;
}

/*
 * No hook is in a call that began before the trace, so its end is not told. Whoever waits for a folio that
 * is idle is woken up.
 */
static void waits_over(struct engine *e, uint32_t id)
{
	for (uint32_t i = e->nr_waits; i-- > 0;)
		if (e->wait[i].folio == id && e->wait[i].looked) {
			wait_drop(e, i);
			/* it may wait for the next one now */
			look_want(&e->look, 1, 0);
		}
}

void look_event(struct change *c, bool added)
{
	struct engine *e = c->e;

	if (added && held_any(&e->look, c->f))
		c->f->looked = 1;
	/* the one that is on its way out was not let go yet */
	if ((c->ev->type == DX_BREAK_BUSY) || !is_idle(c))
		return;
	c->f->looked = 0;
	if (c->f->waited)
		waits_over(e, c->id);
}

void look_task_gone(struct engine *e, const struct dx_event *ev)
{
	uint64_t before = ev->addr ? ev->addr : ev->time;

	look_entry_over(&e->look, ev->tgid, 0, ev->time);
	/* folio.looked stays: that somebody may be found, who is looked for then */
	if (!ev->tgid || !look_drop_task(&e->look, ev->tgid, before))
		return;
	/* who has it now: it may have been passed on */
	look_want(&e->look, 1, 0);
}

/* ---- who holds ---- */

static void holder_out(const struct dx_holder *h, uint64_t pfn, struct engine_holder *out)
{
	*out = (struct engine_holder){
		.pfn = pfn,
		.tgid = h->tgid,
		.pid = h->pid,
		.pin = h->flags & DX_HOLDER_PIN,
		.nr = h->refs,
		.since = h->since,
		.stack = -1,
		.candidate = !(h->flags & DX_HOLDER_CERTAIN),
		.fd = h->fd,
		.id = h->id,
	};
	memcpy(out->comm, h->comm, DX_COMM_LEN);
	memcpy(out->kind, h->kind, sizeof(out->kind));
	memcpy(out->detail, h->detail, sizeof(out->detail));
}

static bool same_holder(const struct engine_holder *k, const struct dx_holder *h)
{
	return k->tgid == h->tgid && k->pin == !!(h->flags & DX_HOLDER_PIN) && !k->gone;
}

/* Pages of a file, or of a pgmap, that it could hold. */
static bool could_hold(const struct engine *e, const struct dx_holder *h, const struct folio *f)
{
	const struct file *file = file_ptr(&e->files, f->file);
	uint64_t last = f->index + (1ull << f->order) - 1;

	if (h->nr)
		return h->pfn < f->pfn + (1ull << f->order) && holder_end(h) > f->pfn;
	if (h->ino || h->dev)
		return f->file && file->ino == h->ino && file->dev == h->dev &&
		       file->gen == h->gen && h->first <= last && f->index <= h->last;
	return !h->pgmap || e->pgmaps.map[f->pgmap].pgmap == h->pgmap;
}

/* Is there something that mappings and events do not explain? */
static bool is_held(const struct engine *e, const struct folio *f)
{
	unsigned int type = pgmap_type(&e->pgmaps, f);
	int64_t known = idle_count(e, type) + (mapping_holds(e, type) && f->map > 0 ? f->map : 0);

	return f->ref > known;
}

int look_holders(const struct engine *e, const struct folio *f, struct engine_holder *known,
		 size_t nr, int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	const struct look *l = &e->look;
	const struct dx_holder *h;
	struct engine_holder out;
	uint32_t from;
	int ret = 0;

	if (!f->looked && (!l->candidates || !is_held(e, f)))
		return 0;
	from = held_end(l, f);
	while (f->looked && !ret && (h = held_before(l, f, &from))) {
		size_t i;

		for (i = 0; i < nr && !same_holder(&known[i], h); i++)
			;
		holder_out(h, f->pfn, &out);
		if (i < nr) {
			memcpy(known[i].kind, out.kind, sizeof(out.kind));
			memcpy(known[i].detail, out.detail, sizeof(out.detail));
			known[i].fd = out.fd;
			known[i].id = out.id;
		} else if (fn) {
			ret = fn(&out, arg);
		}
	}
	for (uint32_t i = 0; fn && !ret && i < l->candidates && is_held(e, f); i++) {
		if (!could_hold(e, &l->held[i], f))
			continue;
		holder_out(&l->held[i], f->pfn, &out);
		ret = fn(&out, arg);
	}
	return ret;
}

uint32_t look_count(const struct engine *e, uint32_t id, const struct folio *f)
{
	const struct dx_holder *h;
	uint32_t nr = 0, from;

	if (!f->looked)
		return 0;
	from = held_end(&e->look, f);
	while ((h = held_before(&e->look, f, &from)))
		nr += !holder_has(&e->holders, id, f, h->flags & DX_HOLDER_PIN, h->tgid);
	return nr;
}

/* ---- before a leak is called one ---- */

void look_sum(const struct engine *e, const struct folio *f, struct look_sum *out)
{
	const struct look *l = &e->look;
	const struct dx_holder *h, *last = NULL;
	uint32_t from = held_end(l, f);

	*out = (struct look_sum){ 0 };
	while (f->looked && (h = held_before(l, f, &from))) {
		/* the same object in another process: the same references */
		if (last && h->object && last->object == h->object && last->pfn == h->pfn)
			continue;
		last = h;
		*(h->flags & DX_HOLDER_PIN ? &out->pins : &out->gets) += h->refs;
	}
	for (uint32_t i = 0; i < l->candidates; i++)
		out->candidates += could_hold(e, &l->held[i], f);
}

bool look_answered(struct engine *e, const struct folio *f, uint64_t since)
{
	const struct dx_look *is = &e->look.is;

	if (!e->look.able || (is->begin > since && is->first <= f->pfn && f->pfn <= is->last))
		return true;
	look_want(&e->look, f->pfn, f->pfn + (1ull << f->order) - 1);
	return false;
}

bool look_unsure(const struct engine *e)
{
	return e->look.able && e->look.is.flags & DX_LOOK_UNSURE;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c - layout breaks that wait for a folio: dax_break_layout() and
 * dax_break_layout_final() in fs/dax.c. A thread waits for one folio at a time,
 * and there are few such threads.
 */
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/apply/look.h"
#include "engine/apply/wait.h"

static bool wait_any(const struct engine *e, uint32_t id)
{
	for (uint32_t i = 0; i < e->nr_waits; i++)
		if (e->wait[i].folio == id)
			return true;
	return false;
}

void wait_drop(struct engine *e, uint32_t i)
{
	uint32_t id = e->wait[i].folio;

	judges_wait_end(e, &e->wait[i]);
	e->wait[i] = e->wait[--e->nr_waits];
	if (wait_any(e, id))
		return;
	folio_write(&e->folios, id)->waited = 0;
	e->st.waited--;
}

static void wait_move(struct engine *e, struct break_wait *w, uint32_t to)
{
	uint32_t from = w->folio;

	w->folio = to;
	if (!wait_any(e, from)) {
		folio_write(&e->folios, from)->waited = 0;
		e->st.waited--;
	}
	if (!folio_ptr(&e->folios, to)->waited) {
		folio_write(&e->folios, to)->waited = 1;
		e->st.waited++;
	}
	judges_wait_move(e, w);
}

void wait_add(struct engine *e, uint32_t id, const struct dx_event *ev)
{
	struct folio *f = folio_write(&e->folios, id);
	struct break_wait *w;
	uint32_t i;

	for (i = 0; i < e->nr_waits; i++) {
		w = &e->wait[i];
		if (w->pid != ev->pid)
			continue;
		/* what was lost may have been its end, and this is another one */
		if (w->ino != ev->ino || w->dev != ev->dev || (e->lost && e->loss_time >= w->seen)) {
			wait_drop(e, i);
			break;
		}
		w->seen = ev->time;
		/* the same again after a wake-up, or the next folio of the range */
		if (w->folio != id)
			wait_move(e, w, id);
		return;
	}
	if (array_grow((void **)&e->wait, &e->max_waits, e->nr_waits + 1, sizeof(*e->wait))) {
		e->no_memory = true;
		return;
	}
	w = &e->wait[e->nr_waits++];
	*w = (struct break_wait){
		.index = ev->index,
		.ino = ev->ino,
		.dev = ev->dev,
		.gen = ev->gen,
		.folio = id,
		.pid = ev->pid,
		.tgid = ev->tgid,
		.since = ev->time,
		.seen = ev->time,
		.stack = ev->stack,
		.final = ev->flags & DX_F_FINAL,
	};
	memcpy(w->comm, ev->comm, DX_COMM_LEN);
	if (ev->flags & DX_F_SCAN)
		look_wait_begin(w, ev);
	if (!f->waited) {
		f->waited = 1;
		e->st.waited++;
	}
}

void wait_done(struct engine *e, const struct dx_event *ev)
{
	for (uint32_t i = e->nr_waits; i-- > 0;) {
		const struct break_wait *w = &e->wait[i];

		/* one that may not wait says nothing of another thread that does */
		if (w->pid == ev->pid || (ev->ino && w->ino == ev->ino && w->dev == ev->dev &&
					  !(ev->flags & DX_F_NOWAIT)))
			wait_drop(e, i);
	}
}

void wait_clear(struct engine *e, uint32_t id)
{
	if (!folio_ptr(&e->folios, id)->waited)
		return;
	for (uint32_t i = e->nr_waits; i-- > 0;)
		if (e->wait[i].folio == id)
			wait_drop(e, i);
}

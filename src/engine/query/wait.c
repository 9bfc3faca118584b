// SPDX-License-Identifier: GPL-2.0-only
/* wait.c - waits as the views see them */
#include <string.h>
#include "engine/query/snapshot.h"

static int kills_out(const struct engine *e, int (*fn)(const struct engine_wait *w, void *arg),
		     void *arg)
{
	int ret = 0;

	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr && !ret; i++) {
		const struct pgmap *m = &e->pgmaps.map[i];
		struct engine_wait out = {
			.kind = DX_WAIT_MEMUNMAP,
			.tgid = m->r.kill_tgid,
			.pid = m->r.kill_pid,
			.since = m->r.kill_time,
			.predates = m->r.kill_predates,
			.pgmap = m->pgmap,
			.finding = m->r.kill_finding != UINT32_MAX ? m->r.kill_finding : 0,
		};

		if (!m->used || m->gone || !m->r.kill_time)
			continue;
		memcpy(out.comm, m->r.kill_comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	return ret;
}

static int entries_out(const struct engine *e, int (*fn)(const struct engine_wait *w, void *arg),
		       void *arg)
{
	int ret = 0;

	for (uint32_t i = 0; i < e->look.nr_entries && !ret; i++) {
		const struct dx_wait *w = &e->look.entry[i];
		struct engine_wait out = {
			.kind = w->kind,
			.state = w->state,
			.tgid = w->tgid,
			.pid = w->pid,
			.since = w->since,
			.predates = true,
			.pgmap = w->pgmap,
			.dev = w->dev,
			.gen = w->gen,
			.ino = w->ino,
			.index = w->index,
			.entry = w->entry,
			.writes = w->writes,
			.read_owned = w->read_owned,
			.owner_tgid = w->owner_tgid,
			.owner_pid = w->owner_pid,
			.mm_tgid = w->mm_tgid,
		};

		memcpy(out.comm, w->comm, DX_COMM_LEN);
		memcpy(out.owner_comm, w->owner_comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	return ret;
}

int snapshot_waits(const struct snapshot *s, int (*fn)(const struct engine_wait *w, void *arg),
		   void *arg)
{
	const struct engine *e = &s->e;
	int ret = 0;

	for (uint32_t i = 0; i < e->nr_waits && !ret; i++) {
		const struct break_wait *w = &e->wait[i];
		const struct folio *f = folio_ptr(&e->folios, w->folio);
		struct engine_wait out = {
			.kind = w->final ? DX_WAIT_EVICT : DX_WAIT_BREAK,
			.state = w->state,
			.tgid = w->tgid,
			.pid = w->pid,
			.since = w->since,
			.predates = w->looked,
			.pfn = f->pfn,
			.pgmap = e->pgmaps.map[f->pgmap].pgmap,
			.dev = w->dev,
			.gen = w->gen,
			.ino = w->ino,
			.index = w->index,
		};

		memcpy(out.comm, w->comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	if (!ret)
		ret = kills_out(e, fn, arg);
	return ret ? ret : entries_out(e, fn, arg);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * stall.c - waits that last: dax_break_layout(), dax_break_layout_final() (fs/dax.c)
 * and memunmap_pages() (mm/memremap.c).
 *
 * Time alone decides. A wait is proven, unless events were lost after it was last seen
 * to wait: then its end may be among them. That one waits rightly, for a reference
 * that is held honestly, does not make it no stall: it is who waits, for whom, and how long.
 */
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"
#include "engine/judge/refs.h"

static const char lost_text[] = "events were lost: its end may be one of them";
static const char predates_text[] = "it began before the trace";
static const char begin_text[] = "events were lost: its beginning was one of them";

static bool wait_lost(const struct engine *e, uint64_t seen)
{
	return e->lost && e->loss_time >= seen;
}

static uint32_t stall_found(struct engine *e, enum dx_rule rule, uint32_t folio, uint64_t since)
{
	uint32_t nr = finding_add(e, rule, folio);

	if (nr)
		finding_ptr(e->findings, nr)->first_time = since;
	return nr;
}

static void stall_confidence(struct engine *e, uint32_t nr, const char *why)
{
	struct engine_finding *f = finding_ptr(e->findings, nr);

	/* never raised: it may have ended and begun again */
	if (!why || f->confidence == ENGINE_INCONCLUSIVE)
		return;
	f->confidence = ENGINE_INCONCLUSIVE;
	f->why = why;
}

/* Only a look tells of it: from before the trace, or its beginning was lost. */
static void stall_looked(struct engine *e, uint32_t nr, uint64_t since)
{
	struct engine_finding *f = finding_ptr(e->findings, nr);

	f->before = !e->start || since < e->start;
	stall_confidence(e, nr, f->before ? predates_text : begin_text);
}

static void stall_wait_found(struct engine *e, struct break_wait *w)
{
	enum dx_rule rule = w->final ? DX_RULE_STALL_EVICT : DX_RULE_STALL_BREAK_LAYOUT;
	const struct folio *f = folio_ptr(&e->folios, w->folio);
	struct engine_finding *found;

	w->finding = stall_found(e, rule, w->folio, w->since);
	if (!w->finding) {
		/* counted, and not again at the next look */
		w->finding = UINT32_MAX;
		return;
	}
	found = finding_ptr(e->findings, w->finding);
	found->tgid = w->tgid;
	found->pid = w->pid;
	memcpy(found->comm, w->comm, DX_COMM_LEN);
	found->stack = w->stack;
	if (w->looked)
		stall_looked(e, w->finding, w->since);
	found->index = f->index;
	found->wanted = idle_count(e, pgmap_type(&e->pgmaps, f));
	found->got = f->ref;
	/* the file that is truncated, should the folio's be another one */
	if (w->ino) {
		found->folio.dev = w->dev;
		found->folio.ino = w->ino;
		found->folio.gen = w->gen;
	}
}

static void wait_end(struct engine *e, void *state, const struct break_wait *w)
{
	struct break_wait last = *w;
	uint64_t now = e->st.now;

	(void)state;
	e->rule[w->final ? DX_RULE_STALL_EVICT : DX_RULE_STALL_BREAK_LAYOUT].checked++;
	if (e->opt.no_rules)
		return;
	if (!last.finding && now > last.since && now - last.since >= e->opt.stall_ns)
		stall_wait_found(e, &last);
	if (!last.finding || last.finding == UINT32_MAX)
		return;
	if (wait_lost(e, last.seen))
		stall_confidence(e, last.finding, lost_text);
	finding_over(e, last.finding, now);
	finding_ptr(e->findings, last.finding)->last_time = now;
}

static void stall_kill_found(struct engine *e, uint32_t pgmap)
{
	struct refs *r = &e->pgmaps.map[pgmap].r;
	struct engine_finding *found;

	r->kill_finding = stall_found(e, DX_RULE_STALL_MEMUNMAP, 0, r->kill_time);
	if (!r->kill_finding) {
		r->kill_finding = UINT32_MAX;
		return;
	}
	finding_set_pgmap(e, r->kill_finding, pgmap);
	found = finding_ptr(e->findings, r->kill_finding);
	found->tgid = r->kill_tgid;
	found->pid = r->kill_pid;
	memcpy(found->comm, r->kill_comm, DX_COMM_LEN);
	found->stack = r->kill_stack;
	found->got = sat32(e->pgmaps.map[pgmap].refs);
	if (r->kill_predates)
		stall_looked(e, r->kill_finding, r->kill_time);
	refs_kept(e, pgmap);
}

static void wait_move(struct engine *e, void *state, struct break_wait *w)
{
	(void)state;
	/* not one that there was no room for */
	if (w->finding && w->finding != UINT32_MAX)
		finding_set_folio(e, w->finding, w->folio);
}

static void pgmap(struct engine *e, void *state, uint32_t i, const struct dx_event *ev)
{
	struct refs *r = &e->pgmaps.map[i].r;
	uint64_t time = ev->time;

	(void)state;
	if (ev->type != DX_PGMAP_GONE)
		return;
	e->rule[DX_RULE_STALL_MEMUNMAP].checked++;
	if (!e->opt.no_rules && r->kill_time) {
		if (!r->kill_finding && time > r->kill_time && time - r->kill_time >= e->opt.stall_ns)
			stall_kill_found(e, i);
		if (r->kill_finding && r->kill_finding != UINT32_MAX) {
			finding_over(e, r->kill_finding, time);
			finding_ptr(e->findings, r->kill_finding)->last_time = time;
		}
	}
	r->kill_time = 0;
	r->kill_seen = 0;
	r->kill_finding = 0;
}

static void tick(struct engine *e, void *state)
{
	uint64_t limit = e->opt.stall_ns;

	(void)state;
	for (uint32_t i = 0; i < e->nr_waits; i++) {
		struct break_wait *w = &e->wait[i];

		if (!w->finding && e->watermark > w->since && e->watermark - w->since >= limit)
			stall_wait_found(e, w);
		if (w->finding && w->finding != UINT32_MAX && wait_lost(e, w->seen))
			stall_confidence(e, w->finding, lost_text);
	}
	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr; i++) {
		struct refs *r = &e->pgmaps.map[i].r;

		if (!e->pgmaps.map[i].used || !r->kill_time)
			continue;
		if (!r->kill_finding && e->watermark > r->kill_time &&
		    e->watermark - r->kill_time >= limit &&
		    /* a look at the pgmap says whether it still waits */
		    (!wait_lost(e, r->kill_seen) || e->watermark - r->kill_time >= 2 * limit))
			stall_kill_found(e, i);
		if (r->kill_finding && r->kill_finding != UINT32_MAX && wait_lost(e, r->kill_seen))
			stall_confidence(e, r->kill_finding, lost_text);
	}
}

static uint64_t pending(const struct engine *e, const void *state)
{
	uint64_t until = 0, t;

	(void)state;
	for (uint32_t i = 0; i < e->nr_waits; i++) {
		t = e->wait[i].since + e->opt.stall_ns;
		if (!e->wait[i].finding && t > until)
			until = t;
	}
	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr; i++) {
		const struct refs *r = &e->pgmaps.map[i].r;

		t = r->kill_time + e->opt.stall_ns;
		if (e->pgmaps.map[i].used && r->kill_time && !r->kill_finding && t > until)
			until = t;
	}
	return until;
}

/* A thread whose end of waiting may be lost: is its process there? */
static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	size_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < e->nr_waits && n < max; i++) {
		struct break_wait *w = &e->wait[i];

		if (!w->tgid || !wait_lost(e, w->seen) ||
		    (w->asked && e->watermark < w->asked + SETTLE_NS / 2))
			continue;
		w->asked = e->watermark ? e->watermark : 1;
		out[n++] = (struct engine_ask){
			.what = ENGINE_ASK_TASK,
			.tgid = w->tgid,
			.since = w->since,
		};
	}
	return n;
}

const struct judge judge_stall = {
	.name = "stall",
	.share = 1,
	.pgmap = pgmap,
	.wait_move = wait_move,
	.wait_end = wait_end,
	.tick = tick,
	.asks = asks,
	.pending = pending,
};

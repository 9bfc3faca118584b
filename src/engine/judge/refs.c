// SPDX-License-Identifier: GPL-2.0-only
/*
 * refs.c - references of a pgmap: pgmap-leak and pgmap-underflow.
 *
 * DX_PGMAP_REFS has the exact number. What is explained: the base (1, and one a page
 * for all types but PRIVATE and COHERENT), folios of PRIVATE and COHERENT
 * (zone_device_page_init() .. free_zone_device_folio()), pages of P2PDMA memory that
 * are mapped. Puts of get_dev_pagemap() are inlined, so who still has one is not known.
 *
 * What can be honest, and why it is not claimed:
 * - GUP of a legacy kernel, memory_failure() and others get a reference and put it soon:
 *   each get of the last second or two is taken off ("active"), so only what is older
 *   than that counts. The same goes for folios handed out or freed of late: their event and
 *   the reference are not one moment, nor are the per-CPU counters summed in one.
 * - A look at a moment when a reference happens to be there: every look of a run, at
 *   least RUN_LOOKS, over at least leak_ns, must have it.
 * - memunmap_pages() puts the base: nothing is judged between KILL and GONE.
 * - References from before the trace: inconclusive for FS_DAX and GENERIC, which have
 *   none; for the others they are folios and allocations, the baseline.
 * - P2PDMA memory that was allocated or mapped explains a reference each; what else may take
 *   some is not known: never more than suspected.
 * - Lost events: what they explained is not known, so PRIVATE, COHERENT and P2PDMA
 *   start again with a new baseline. FS_DAX and GENERIC go by the kernel's count alone: a get that was
 *   lost is not among the active ones, so looks count again SETTLE_NS later, and all of a run's are
 *   of after the loss. Who got the references is not known, until a look finds nothing unexplained.
 */
#include <stdlib.h>
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"
#include "engine/judge/refs.h"

#define RUN_LOOKS    3
#define UNDERFLOW_NS 1000000000ull
/* of each: once a second at least, asked some times a second */
#define ASK_NS	    900000000ull
#define ASK_SOON_NS 200000000ull /* of one that looks wrong */
#define SITES	    8

/* refs.site: [0, SITES): since the last look; [SITES, 2 * SITES): when there came to be more */

/* ---- who got references ---- */

/* False: there is no room. */
static bool site_add(struct refs_site *list, int room, const struct refs_site *s)
{
	for (int i = 0; i < room; i++) {
		if (list[i].nr && (list[i].stack != s->stack || list[i].tgid != s->tgid))
			continue;
		if (list[i].nr)
			list[i].nr += s->nr;
		else
			list[i] = *s;
		return true;
	}
	return false;
}

static void refs_get(struct engine *e, const struct dx_event *ev)
{
	uint32_t i = ev->pgmap ? pgmap_find(&e->pgmaps, ev->pgmap) : 0;
	struct refs_site s = {
		.time = ev->time,
		.nr = ev->nr ? ev->nr : 1,
		.tgid = ev->tgid,
		.pid = ev->pid,
		.stack = ev->stack,
	};
	struct refs *r;

	if (!i || e->opt.no_rules)
		return;
	r = &e->pgmaps.map[i].r;
	refs_active(r, ev->time, s.nr);
	if (!r->site) {
		r->site = engine_realloc(NULL, 2 * SITES * sizeof(*r->site));
		if (!r->site) {
			e->no_memory = true;
			return;
		}
		memset(r->site, 0, 2 * SITES * sizeof(*r->site));
	}
	memcpy(s.comm, ev->comm, DX_COMM_LEN);
	r->site_full |= !site_add(r->site, SITES, &s);
}

static const struct refs_site *site_best(const struct refs *r)
{
	const struct refs_site *best = NULL;

	for (int i = SITES; r->site && i < 2 * SITES; i++)
		if (r->site[i].nr && (!best || r->site[i].nr > best->nr))
			best = &r->site[i];
	return best;
}

/*
 * After a look: those before it were put if there are not more references than before. But a get's
 * record comes after its reference: a look in between finds that more which nobody is known for,
 * and the get is before the next one.
 */
static void sites_sort(struct refs *r, int64_t value)
{
	bool more = value > r->value, had_more = r->had_more;

	r->had_more = more;
	if (!r->site)
		return;
	if (value <= 0) {
		memset(r->site + SITES, 0, SITES * sizeof(*r->site));
		r->site_full = false;
	} else if (more || (had_more && !site_best(r))) {
		for (int i = 0; i < SITES; i++)
			if (r->site[i].nr && !site_add(r->site + SITES, SITES, &r->site[i]))
				r->site_full = true;
	}
	memset(r->site, 0, SITES * sizeof(*r->site));
}

/*
 * memunmap_pages() has put the base and lets nobody get more (percpu_ref_kill()): what is left was got before. If it
 * is as many as were got since a look found nothing unexplained, it is these.
 */
static void kept_judge(struct engine *e, const struct pgmap *m)
{
	const struct refs *r = &m->r;
	uint64_t nr = finding_gets(e, r->kill_finding);
	bool sure = nr && m->refs_known && r->looked > r->kill_time && nr == (uint64_t)m->refs &&
		    !r->site_full && !r->lossy && !(e->lost && e->loss_time >= r->looked);

	finding_gets_sure(e, r->kill_finding, sure);
	if (r->looked > r->kill_time)
		finding_ptr(e->findings, r->kill_finding)->got = sat32(m->refs);
}

void refs_kept(struct engine *e, uint32_t pgmap)
{
	const struct refs *r = &e->pgmaps.map[pgmap].r;
	struct refs_site got[2 * SITES] = {};

	/* the older half first */
	for (int i = SITES; r->site && i < 3 * SITES; i++)
		if (r->site[i % (2 * SITES)].nr)
			site_add(got, 2 * SITES, &r->site[i % (2 * SITES)]);
	for (int i = 0; i < 2 * SITES && got[i].nr; i++)
		finding_add_get(e, r->kill_finding, &got[i]);
	kept_judge(e, &e->pgmaps.map[pgmap]);
}

/* ---- judging ---- */

/* @age: how long it has been so at least, at the first look. */
static void run_add(struct refs_run *run, uint64_t time, int64_t value, uint64_t age)
{
	if (!run->since) {
		run->since = time > age ? time - age : 1;
		run->nr = 0;
		run->least = value;
	}
	run->nr++;
	if (value < run->least)
		run->least = value;
}

static void run_end(struct engine *e, struct refs_run *run, uint64_t time)
{
	if (run->finding && run->finding != UINT32_MAX)
		finding_over(e, run->finding, time);
	*run = (struct refs_run){ 0 };
}

static bool run_ripe(const struct refs_run *run, uint64_t time, uint64_t ns)
{
	return run->since && run->nr >= RUN_LOOKS && time - run->since >= ns;
}

static void run_report(struct engine *e, struct refs_run *run, enum dx_rule rule, uint32_t pgmap,
		       uint64_t time, enum engine_confidence confidence, const char *why)
{
	const struct pgmap *m = &e->pgmaps.map[pgmap];
	const struct refs_site *s =
		rule == DX_RULE_PGMAP_LEAK && run == &m->r.grown ? site_best(&m->r) : NULL;
	struct engine_finding *f;

	if (!run->finding) {
		run->finding = finding_add(e, rule, 0);
		if (!run->finding)
			run->finding = UINT32_MAX;
		else
			finding_set_pgmap(e, run->finding, pgmap);
		if (run->finding != UINT32_MAX) {
			f = finding_ptr(e->findings, run->finding);
			f->first_time = run->since;
			f->confidence = confidence;
			f->why = why;
			if (s) {
				f->tgid = s->tgid;
				f->pid = s->pid;
				f->stack = s->stack;
				memcpy(f->comm, s->comm, DX_COMM_LEN);
			}
		}
	}
	if (run->finding == UINT32_MAX)
		return;
	f = finding_ptr(e->findings, run->finding);
	f->last_time = time;
	f->wanted = sat32(m->refs_base + m->r.explained);
	f->got = sat32(m->refs);
	f->nr_refs = run->least > 0 ? sat32(run->least) : 0;
}

/* PRIVATE, COHERENT, P2PDMA: what explains references is counted from events. */
static bool type_counted(unsigned int type)
{
	return type != MEMORY_DEVICE_FS_DAX && type != MEMORY_DEVICE_GENERIC;
}

static void judge_leak(struct engine *e, uint32_t pgmap, int64_t delta, int64_t active, uint64_t time)
{
	struct pgmap *m = &e->pgmaps.map[pgmap];
	struct refs *r = &m->r;
	int64_t value = delta - r->baseline;
	enum engine_confidence confidence = ENGINE_PROVEN;
	const char *why = NULL;

	sites_sort(r, value);
	r->value = value;
	if (value == 0) {
		r->clean = true;
		/* whoever got some has put them: what was lost hides nobody any more */
		if (!type_counted(m->type))
			r->lossy = false;
	}
	if (value <= 0) {
		run_end(e, &r->grown, time);
	} else if (value - active > 0) {
		run_add(&r->grown, time, value - active, REFS_ACTIVE_NS);
	}
	if (r->lossy && type_counted(m->type)) {
		confidence = ENGINE_INCONCLUSIVE;
		why = "events were lost";
	} else if (m->type == MEMORY_DEVICE_PCI_P2PDMA) {
		confidence = ENGINE_SUSPECTED;
		why = "not all that holds P2PDMA memory is seen";
	} else if (!r->clean) {
		confidence = ENGINE_SUSPECTED;
		why = "no look at it found nothing unexplained";
	}
	if (value > 0 && run_ripe(&r->grown, time, e->opt.leak_ns))
		run_report(e, &r->grown, DX_RULE_PGMAP_LEAK, pgmap, time, confidence, why);

	/* the others' baseline is folios and allocations */
	if (type_counted(m->type))
		return;
	if (r->baseline <= 0)
		run_end(e, &r->old, time);
	else if (delta - active > 0)
		run_add(&r->old, time, r->baseline, 0);
	if (r->baseline > 0 && run_ripe(&r->old, time, e->opt.leak_ns))
		run_report(e, &r->old, DX_RULE_PGMAP_LEAK, pgmap, time, ENGINE_INCONCLUSIVE,
			   "it was held when the trace began");
}

static void judge_underflow(struct engine *e, uint32_t pgmap, int64_t delta, int64_t active,
			    uint64_t time)
{
	struct pgmap *m = &e->pgmaps.map[pgmap];
	struct refs *r = &m->r;
	int64_t missing = -delta;
	enum engine_confidence confidence = ENGINE_PROVEN;
	const char *why = NULL;

	if (m->type == MEMORY_DEVICE_PRIVATE || m->type == MEMORY_DEVICE_COHERENT)
		missing += r->baseline;
	/* memory that was allocated and is mapped has one reference, and is explained twice */
	if (m->type == MEMORY_DEVICE_PCI_P2PDMA)
		missing -= r->explained;
	if (missing <= 0) {
		/* put too often it was, even if somebody has made up for it */
		r->under = (struct refs_run){ 0 };
		return;
	}
	/* allocations that were freed hide behind pages that were mapped before a loss */
	if (m->type == MEMORY_DEVICE_PCI_P2PDMA && r->lossy)
		return;
	if (missing - active > 0)
		run_add(&r->under, time, missing - active, 0);
	if (r->lossy && type_counted(m->type)) {
		confidence = ENGINE_INCONCLUSIVE;
		why = "events were lost";
	} else if (!r->clean) {
		confidence = ENGINE_INCONCLUSIVE;
		why = "references were missing when the trace began";
	}
	if (run_ripe(&r->under, time, UNDERFLOW_NS))
		run_report(e, &r->under, DX_RULE_PGMAP_UNDERFLOW, pgmap, time, confidence, why);
}

static void refs_restart(struct refs *r)
{
	/* what is found stays found; it is over when a look says so */
	r->grown = (struct refs_run){ .finding = r->grown.finding };
	r->old = (struct refs_run){ .finding = r->old.finding };
	r->under = (struct refs_run){ .finding = r->under.finding };
}

static void refs_loss(struct engine *e, struct pgmap *m)
{
	struct refs *r = &m->r;

	if (!e->lost || (r->looked && e->loss_time < r->looked))
		return;
	r->lossy = true;
	refs_restart(r);
	if (type_counted(m->type)) {
		r->clean = false;
		/* a finding of before can't be told to be over any more */
		r->grown = (struct refs_run){ 0 };
		r->based = false;
	}
}

static int64_t refs_clamp(uint64_t n)
{
	const int64_t max = 1ll << 60, v = (int64_t)n;

	return v > max ? max : v < -max ? -max : v;
}

static void refs_look(struct engine *e, const struct dx_event *ev)
{
	uint32_t i = ev->pgmap ? pgmap_find(&e->pgmaps, ev->pgmap) : 0;
	struct pgmap *m;
	struct refs *r;
	int64_t delta, active;

	if (!i || e->pgmaps.map[i].gone)
		return;
	m = &e->pgmaps.map[i];
	r = &m->r;
	/* no machine has as many, but a damaged recording may */
	m->refs = refs_clamp(ev->addr);
	m->refs_base = refs_clamp(ev->index);
	m->refs_known = true;
	if (ev->flags & DX_F_DYING) {
		if (!r->kill_time) {
			r->kill_time = ev->time ? ev->time : 1;
			r->kill_predates = true;
			r->kill_stack = -1;
		}
		r->kill_seen = ev->time;
		m->dying = true;
	}
	if (e->opt.no_rules)
		return;
	if (m->dying) {
		refs_loss(e, m);
		refs_restart(r);
		r->looked = ev->time;
		if (r->kill_finding && r->kill_finding != UINT32_MAX)
			kept_judge(e, m);
		return;
	}
	e->rule[DX_RULE_PGMAP_LEAK].checked++;
	e->rule[DX_RULE_PGMAP_UNDERFLOW].checked++;
	refs_loss(e, m);
	r->looked = ev->time;
	/* which gets are under way is not known yet */
	if (e->lost && ev->time < e->loss_time + SETTLE_NS)
		return;
	refs_turn(r, ev->time);
	active = (int64_t)r->active[0] + r->active[1];
	delta = m->refs - m->refs_base - r->explained;
	if (!r->based) {
		r->based = true;
		r->baseline = delta;
		if (r->added && !r->lossy)
			r->baseline = 0;
		else if (!type_counted(m->type))
			/* what was got since is not from before */
			r->baseline = delta - active > 0 ? delta - active : 0;
		if (r->lossy && !type_counted(m->type))
			r->baseline = 0;
	}
	if (!type_counted(m->type) && r->baseline > 0 && delta < r->baseline)
		r->baseline = delta > 0 ? delta : 0;
	judge_leak(e, i, delta, active, ev->time);
	judge_underflow(e, i, delta, active, ev->time);
}

static void event(struct engine *e, void *state, const struct dx_event *ev)
{
	(void)state;
	if (ev->type == DX_PGMAP_GET)
		refs_get(e, ev);
	else
		refs_look(e, ev);
}

static void stacks(const struct engine *e, const void *state, void (*fn)(void *arg, int32_t stack),
		   void *arg)
{
	(void)state;
	for (uint32_t k = PGMAP_FIRST; k < e->pgmaps.nr; k++) {
		const struct refs *r = &e->pgmaps.map[k].r;

		for (int i = 0; r->site && i < 2 * SITES; i++)
			if (r->site[i].nr && r->site[i].stack >= 0)
				fn(arg, r->site[i].stack);
		if (r->kill_time && r->kill_stack >= 0)
			fn(arg, r->kill_stack);
	}
}

/* ---- its life ---- */

static void refs_kill(struct pgmap *m, const struct dx_event *ev)
{
	struct refs *r = &m->r;

	refs_restart(r);
	r->kill_time = ev->time ? ev->time : 1;
	r->kill_seen = ev->time;
	r->kill_predates = false;
	r->kill_tgid = ev->tgid;
	r->kill_pid = ev->pid;
	memcpy(r->kill_comm, ev->comm, DX_COMM_LEN);
	r->kill_stack = ev->stack;
}

static void pgmap(struct engine *e, void *state, uint32_t i, const struct dx_event *ev)
{
	struct pgmap *m = &e->pgmaps.map[i];

	(void)state;
	switch (ev->type) {
	case DX_PGMAP_ADD:
		refs_destroy(&m->r);
		m->r = (struct refs){ .added = true, .clean = true, .looked = ev->time };
		return;
	case DX_PGMAP_KILL:
		refs_kill(m, ev);
		return;
	case DX_PGMAP_GONE:
		/* memunmap_pages() waited for the last reference: they were put after all */
		run_end(e, &m->r.grown, ev->time);
		run_end(e, &m->r.old, ev->time);
		m->r.under = (struct refs_run){ 0 };
	}
}

static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	size_t n = 0;

	(void)state;
	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr && n < max; i++) {
		struct pgmap *m = &e->pgmaps.map[i];
		bool soon = m->r.grown.since || m->r.under.since || m->r.value;

		if (!m->used || m->gone || !m->pgmap)
			continue;
		if (m->r.asked && e->watermark < m->r.asked + (soon ? ASK_SOON_NS : ASK_NS))
			continue;
		m->r.asked = e->watermark ? e->watermark : 1;
		out[n++] = (struct engine_ask){
			.what = ENGINE_ASK_PGMAP,
			.pfn = m->pfn,
			.pgmap = m->pgmap,
		};
	}
	return n;
}

static uint64_t pending(const struct engine *e, const void *state)
{
	uint64_t until = 0, t;

	(void)state;
	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr; i++) {
		const struct refs *r = &e->pgmaps.map[i].r;

		if (!e->pgmaps.map[i].used || e->pgmaps.map[i].gone)
			continue;
		t = 0;
		/* what is left of its references, once */
		if (e->pgmaps.map[i].dying && r->kill_finding && r->looked <= r->kill_time &&
		    r->asked <= e->ending)
			t = e->watermark;
		if (e->pgmaps.map[i].dying) {
			if (t && t + REFS_ACTIVE_NS > until)
				until = t + REFS_ACTIVE_NS;
			continue;
		}
		if (r->value > 0 && !r->grown.finding)
			/* gets of late are not judged before SETTLE_NS */
			t = r->grown.since ? r->grown.since + e->opt.leak_ns
					   : r->looked + SETTLE_NS + e->opt.leak_ns;
		if (r->old.since && !r->old.finding && r->old.since + e->opt.leak_ns > t)
			t = r->old.since + e->opt.leak_ns;
		if (r->under.since && !r->under.finding && r->under.since + UNDERFLOW_NS > t)
			t = r->under.since + UNDERFLOW_NS;
		/* a last look: what is put in the end is no leak */
		if ((r->grown.finding || r->old.finding) && r->asked <= e->ending && e->watermark > t)
			t = e->watermark;
		/* the next look is some time after that */
		if (t && t + REFS_ACTIVE_NS > until)
			until = t + REFS_ACTIVE_NS;
	}
	return until;
}

const struct judge judge_refs = {
	.name = "refs",
	.events = 1u << DX_PGMAP_GET | 1u << DX_PGMAP_REFS,
	.share = 1,
	.always = true,
	.event = event,
	.pgmap = pgmap,
	.asks = asks,
	.pending = pending,
	.stacks = stacks,
};

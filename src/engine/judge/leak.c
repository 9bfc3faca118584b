// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c - folio-leak: references or pins of a folio that nothing explains.
 *
 * A folio's refcount is explained by: its idle count (GENERIC and legacy FS DAX: 1), a
 * reference a mapping (legacy FS DAX: none), pins (GUP_PIN_COUNTING_BIAS each, or
 * _pincount), references on their way to be put (mmu_gather, faults), and FOLL_GET of
 * those who are known. What is beyond that, or has a holder whose process is gone, is a
 * suspect; it becomes a finding after leak_ns in which every event and every sample of
 * the folio, at least two, found it so, and only if somebody will never put it: all known
 * holders are gone (or none is known and nobody maps it), its entry was removed from the
 * file, or a layout break, evict or unbind waits for it.
 *
 * What can be honest, and why it is not claimed:
 * - Speculative references (folio_try_get() in GUP's fast path, memory_failure(), walkers)
 *   and a fault's own: gone at the next look; any look without them ends the suspicion.
 * - Puts of mappings that are gone, batched in the mmu_gather: taken off while they can
 *   be on their way. A sample SETTLE_NS after the folio's last event that still has
 *   them takes them as there to stay.
 * - Two CPUs at once: a sample can have another's pin before its event. Same answer.
 * - A live holder: explains everything. Its references can be more than it took: tee()
 *   and fork copy pipe buffers, networks clone what they send (skb_frag_ref()).
 * - Which holder let go is a guess when there were two (bios end in softirq): one that
 *   was crossed out stays a ghost, see store/holder.c, and counts as live while its process
 *   is there.
 * - FOLL_GET of a process that is gone, while others map the folio: the pipe or socket may
 *   have been passed on, or inherited by a child that inherited the mapping too. Not
 *   claimed until nobody maps it, or somebody waits; then suspected, at best: puts are not seen.
 * - Pins of a process that is gone while others map the folio: a ring or RDMA context can be
 *   inherited: suspected. So are pins on another process's memory (a kernel
 *   thread's number ends when it likes).
 * - Kernel work after exit (io_uring unpins in a kworker): leak_ns begins when the process
 *   is known to be gone.
 * - A process id used again: a holder is gone by the time it took the reference, not by number.
 * - References from before the trace, or from when events were lost: inconclusive, at most;
 *   the folio is read again first, and a suspicion begins anew after a loss.
 * - A folio split or made part of a larger one has no references (dax_folio_init()): forgotten.
 * - What a look finds in an object explains as much; who could hold it (and was not found in an object, or
 *   where nobody could look) leaves it suspected. So a look is wanted before a leak is called one.
 * - PRIVATE and COHERENT: drivers hold them as they like, and their mappings are added
 *   unseen; the pgmap's count has them. P2PDMA: pins only.
 * - Legacy FS DAX tells no unmap of a page, so "nobody maps it" is not known there: it is
 *   taken so, which leaves leak_ns and the process as reasons, and no more than suspected.
 */
#include <stdlib.h>
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/apply/look.h"
#include "engine/judge/leak.h"

#define SWEEP_LOOKS   4096u
#define ASK_NS	      1000000000ull
#define ASK_MIN_NS    100000000ull
#define LOOKS	      2
#define LOOK_PATIENCE 4 /* times leak_ns, for a look that does not come */

/* Events after which a folio may look leaked. */
#define LEAK_EVENTS                                                                                \
	(1u << DX_UNMAP | 1u << DX_UNPIN | 1u << DX_REMOVE | 1u << DX_FREE | 1u << DX_BREAK_BUSY | \
	 1u << DX_SAMPLE)

/* ---- the list of suspects: folio.suspect is set for those that are in ---- */

static void destroy(void *state)
{
	struct suspect_table *t = state;

	free(t->node);
}

static size_t bytes(const void *state)
{
	const struct suspect_table *t = state;

	return t->max * sizeof(*t->node);
}

static uint32_t *suspect_bucket(struct suspect_table *t, uint32_t folio)
{
	return &t->bucket[folio * 0x9e3779b1u >> 16 & (SUSPECT_BUCKETS - 1)];
}

struct suspect *suspect_find(struct suspect_table *t, uint32_t folio)
{
	for (uint32_t n = *suspect_bucket(t, folio); n; n = t->node[n].next)
		if (t->node[n].folio == folio)
			return &t->node[n];
	return NULL;
}

static struct suspect *suspect_add(struct engine *e, struct suspect_table *t, uint32_t id)
{
	uint32_t n, *bucket;

	/* full: the sweep finds it when there is room */
	if (t->nr >= SUSPECT_MAX)
		return NULL;
	if (t->free) {
		n = t->free;
		t->free = t->node[n].next;
	} else {
		if (array_grow((void **)&t->node, &t->max, t->top + 2, sizeof(*t->node))) {
			e->no_memory = true;
			return NULL;
		}
		if (!t->top)
			t->node[t->top++] = (struct suspect){ 0 };
		n = t->top++;
	}
	bucket = suspect_bucket(t, id);
	t->node[n] = (struct suspect){ .folio = id, .next = *bucket, .entered = e->st.now };
	*bucket = n;
	t->nr++;
	folio_write(&e->folios, id)->suspect = 1;
	return &t->node[n];
}

static void suspect_drop(struct engine *e, struct suspect_table *t, struct suspect *s)
{
	uint32_t n = s - t->node, *link = suspect_bucket(t, s->folio);

	while (*link != n)
		link = &t->node[*link].next;
	*link = s->next;
	folio_write(&e->folios, s->folio)->suspect = 0;
	*s = (struct suspect){ .next = t->free };
	t->free = n;
	t->nr--;
}

/* ---- judging one folio ---- */

static void leak_count(const struct engine *e, const struct folio *f, unsigned int type,
		       struct leak *out)
{
	int64_t n = (int64_t)f->ref - idle_count(e, type);

	if (mapping_holds(e, type) && f->map > 0)
		n -= f->map;
	/* not f->pin, which does not know of many mappings */
	out->pins = f->order ? f->pin
		    : n > 0  ? (n + GUP_PIN_COUNTING_BIAS / 2) / GUP_PIN_COUNTING_BIAS
			     : 0;
	n -= f->order ? out->pins : out->pins * GUP_PIN_COUNTING_BIAS;
	n -= (int64_t)f->zap_puts + f->fault_refs;
	out->rest = n > 0 && type != MEMORY_DEVICE_PCI_P2PDMA ? n : 0;
}

static void leak_confidence(const struct engine *e, const struct folio *f, const struct holder_sum *h,
			    unsigned int type, bool waits, struct leak *out)
{
	bool known = out->is_pins && h->oldest && h->pins >= (uint64_t)out->pins;

	out->confidence = ENGINE_SUSPECTED;
	if (f->lossy) {
		out->confidence = ENGINE_INCONCLUSIVE;
		out->why = "events were lost since it was last idle";
	} else if (!f->exact && !known) {
		out->confidence = ENGINE_INCONCLUSIVE;
		out->why = "it was held before the trace";
	} else if (!out->is_pins) {
		out->why = h->oldest ? "puts of FOLL_GET references are not seen"
				     : "nobody was seen to take it";
	} else if (!h->oldest || !known) {
		out->why = "nobody was seen to pin it";
	} else if (!f->exact) {
		out->why = "it was held before the trace, too";
	} else if (h->guessed || h->remote) {
		out->why = "who unpinned is a guess";
	} else if (f->map > 0 && !waits) {
		out->why = "others map it, and may have inherited the pins";
	} else if (e->holders.refused || (e->opt.legacy && type == MEMORY_DEVICE_FS_DAX)) {
		out->why = "not all who hold or map it are known";
	} else if (out->candidates) {
		out->why = "a process that could hold it is there";
	} else if (look_unsure(e)) {
		out->why = "not all could be looked at who may hold it";
	} else {
		out->confidence = ENGINE_PROVEN;
	}
}

void leak_judge(const struct engine *e, uint32_t id, const struct folio *f, struct leak *out)
{
	unsigned int type = pgmap_type(&e->pgmaps, f);
	bool removed, waits, gone;
	struct holder_sum h;
	struct look_sum look;

	*out = (struct leak){ 0 };
	if (type != MEMORY_DEVICE_FS_DAX && type != MEMORY_DEVICE_GENERIC &&
	    type != MEMORY_DEVICE_PCI_P2PDMA)
		return;
	leak_count(e, f, type, out);
	if (out->pins <= 0 && out->rest <= 0)
		return;
	look_sum(e, f, &look);
	out->pins -= look.pins < out->pins ? look.pins : out->pins;
	out->rest -= look.gets < out->rest ? look.gets : out->rest;
	if (out->pins <= 0 && out->rest <= 0)
		return;
	out->candidates = look.candidates;
	holder_sum(&e->holders, id, f, &h);
	if (h.live)
		return;
	out->holder = h.oldest;
	out->is_pins = out->pins > 0;
	waits = f->waited || e->pgmaps.map[f->pgmap].dying;
	removed = type == MEMORY_DEVICE_FS_DAX && f->stale && f->file;
	gone = h.gone && out->is_pins;
	if (f->map > 0 && !gone && !removed && !waits)
		return;
	out->leaked = out->is_pins ? out->pins : out->rest;
	leak_confidence(e, f, &h, type, removed || waits, out);
}

/* A look at a suspect. @sample: its counts are exact and of now. */
static void leak_look_at(struct engine *e, struct suspect_table *t, struct suspect *s,
			 uint64_t time, bool sample)
{
	const struct folio *f = folio_ptr(&e->folios, s->folio);
	struct leak l;

	leak_judge(e, s->folio, f, &l);
	leak_lessened(e, t, s, &l, time);
	if (l.leaked <= 0 || (s->since && s->pins != l.is_pins)) {
		s->since = 0;
		s->nr = 0;
	}
	if (l.leaked <= 0) {
		/*
		 * What would make it leaked brings it back: its mappings or entry go,
		 * a wait, the end of the holder's process. What is on its way must settle.
		 */
		if (!s->finding && sample && !f->zap_puts && !f->fault_refs)
			suspect_drop(e, t, s);
		else if (!s->finding && f->ref <= idle_count(e, pgmap_type(&e->pgmaps, f)))
			suspect_drop(e, t, s);
		return;
	}
	if (!s->since) {
		s->since = time ? time : 1;
		s->nr = 0;
		s->least = l.leaked;
		s->pins = l.is_pins;
	}
	s->nr++;
	if (l.leaked < s->least)
		s->least = l.leaked;
	if (s->finding || !sample)
		return;
	/* half-way, so that the answer is there in time */
	if (time - s->since < e->opt.leak_ns / 2 ||
	    (!look_answered(e, f, s->since) && time - s->since < LOOK_PATIENCE * e->opt.leak_ns))
		return;
	if (s->nr >= LOOKS && time - s->since >= e->opt.leak_ns && !folio_doubtful(e, f))
		leak_found(e, t, s, &l, time);
}

static void look(struct change *c, struct suspect_table *t)
{
	struct engine *e = c->e;
	const struct folio *f = c->f;
	struct suspect *s;
	struct leak l;

	if (f->suspect) {
		s = suspect_find(t, c->id);
	} else {
		leak_judge(e, c->id, f, &l);
		if (l.leaked <= 0)
			return;
		s = suspect_add(e, t, c->id);
	}
	if (!s)
		return;
	if (c->was_lost) {
		/* it may have been put and taken again */
		s->since = 0;
		s->nr = 0;
	}
	leak_look_at(e, t, s, c->time, c->ev->type == DX_SAMPLE);
}

/* A cheap look: only what nothing explains, or is watched already, costs more. */
static void change(struct change *c, void *state)
{
	const struct folio *f = c->f;
	struct engine *e = c->e;

	if (__builtin_expect(f->suspect, 0)) {
		look(c, state);
		return;
	}
	if (f->untouched)
		return;
	e->rule[DX_RULE_FOLIO_LEAK].checked++;
	if ((f->map > 0 && !f->waited) ||
	    f->ref <= idle_count(e, c->type) + (int32_t)(f->zap_puts + f->fault_refs))
		return;
	look(c, state);
}

static void forget(struct engine *e, void *state, uint32_t id, bool released)
{
	struct suspect_table *t = state;
	struct suspect *s = suspect_find(t, id);

	if (!s)
		return;
	if (released && s->finding && s->finding != UINT32_MAX)
		leak_over(e, t, s, e->st.now);
	suspect_drop(e, t, s);
}

/* ---- who is gone ---- */

static void holder_gone(struct engine *e, void *state, uint32_t id)
{
	struct suspect_table *t = state;
	const struct folio *f = folio_ptr(&e->folios, id);
	struct suspect *s;
	struct leak l;

	if (f->absorbed || f->suspect)
		return;
	leak_judge(e, id, f, &l);
	if (l.leaked <= 0)
		return;
	s = suspect_add(e, t, id);
	if (s)
		leak_look_at(e, t, s, e->st.now, false);
}

/* ---- what events did not bring ---- */

static void tick(struct engine *e, void *state)
{
	struct suspect_table *t = state;
	uint64_t now = time_pack(e, e->watermark);
	struct leak l;

	for (uint32_t n = 0; n < SWEEP_LOOKS && n < e->folios.nr; n++) {
		const struct folio *f;
		uint32_t id;

		if (++t->sweep > e->folios.nr)
			t->sweep = 1;
		id = t->sweep;
		f = folio_ptr(&e->folios, id);
		if (f->absorbed || f->suspect || f->fresh || f->untouched || f->map > 0 ||
		    f->ref <= idle_count(e, pgmap_type(&e->pgmaps, f)) ||
		    now < f->last_time + SETTLE_NS || e->pgmaps.map[f->pgmap].gone)
			continue;
		leak_judge(e, id, f, &l);
		if (l.leaked > 0) {
			suspect_add(e, t, id);
		} else if ((f->zap_puts || f->fault_refs) && t->nr < SUSPECT_MAX / 2) {
			/* were they put? A sample tells */
			struct suspect *s = suspect_add(e, t, id);

			if (s)
				s->only_zap = true;
		}
	}
}

static size_t asks(struct engine *e, void *state, struct engine_ask *out, size_t max)
{
	struct suspect_table *t = state;
	uint64_t every = e->opt.leak_ns / 4;
	size_t n = 0;

	every = every > ASK_NS ? ASK_NS : every < ASK_MIN_NS ? ASK_MIN_NS : every;
	for (uint32_t i = 1; i < t->top && n < max; i++) {
		struct suspect *s;
		const struct folio *f;

		if (++t->ask >= t->top)
			t->ask = 1;
		s = &t->node[t->ask];
		if (!s->folio)
			continue;
		f = folio_ptr(&e->folios, s->folio);
		if (e->pgmaps.map[f->pgmap].gone) {
			/* its struct page is no more; what was found stays found */
			suspect_drop(e, t, s);
			continue;
		}
		/* not before what is on its way has settled, unless it is known to be leaked */
		if ((s->asked && e->watermark < s->asked + every) ||
		    (!s->since && time_pack(e, e->watermark) < f->last_time + SETTLE_NS))
			continue;
		s->asked = e->watermark ? e->watermark : 1;
		out[n++] = (struct engine_ask){ .what = ENGINE_ASK_FOLIO, .pfn = f->pfn };
	}
	return n;
}

static uint64_t pending(const struct engine *e, const void *state)
{
	const struct suspect_table *t = state;
	uint64_t until = 0, end;

	for (uint32_t i = 1; i < t->top; i++) {
		const struct suspect *s = &t->node[i];

		/* a last look: what is put in the end is no leak */
		if (s->folio && s->finding && s->asked <= e->ending)
			end = e->watermark + ASK_NS;
		else if (!s->folio || s->finding || (s->only_zap && !s->since))
			continue;
		else
			end = (s->since ? s->since : s->entered + SETTLE_NS) + e->opt.leak_ns +
			      ASK_NS + (e->look.able ? ENGINE_LOOK_NS : 0);
		if (end > until)
			until = end;
	}
	return until;
}

const struct judge judge_leak = {
	.name = "leak",
	.state = sizeof(struct suspect_table),
	.changes = LEAK_EVENTS,
	.share = 1,
	.change = change,
	.holder_gone = holder_gone,
	.forget = forget,
	.tick = tick,
	.asks = asks,
	.pending = pending,
	.bytes = bytes,
	.destroy = destroy,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * gap.c - steps of a folio, and the steps between two samples that no hook saw.
 *
 * Most puts are inlined, and so are fork's copies, so the counts of a sample can
 * differ from what the last step left. What can have happened in between is
 * bounded by what is outstanding: mappings removed whose references the
 * mmu_gather still had (mm/mmu_gather.c), the reference of a fault under way
 * (dax_fault_iter() in fs/dax.c), FOLL_GET references. The rest is "unknown".
 */
#include "engine/apply/gap.h"
#include "engine/apply/hold.h"

#define ZAP_MAX	  ((1u << ZAP_BITS) - 1)
#define FAULT_MAX 7u

static inline __attribute__((always_inline)) void step_note(struct change *c, unsigned int cause,
							    bool observed, uint32_t task,
							    int32_t before, struct sample after)
{
	const struct dx_event *ev = c->ev;
	struct folio *f = c->f;
	unsigned int order = f->order;
	struct step *s;

	f->ref = after.ref;
	f->map = after.map;
	f->pin = order ? after.pin : small_pins(after.ref);
	s = history_add(&c->e->history, c->id, f);
	if (s) {
		s->time = c->time;
		s->before = before;
		s->after = after.ref;
		s->map = after.map;
		s->pin = f->pin;
		s->what = STEP_WHAT(task, order, cause, observed);
		s->flags = c->after_loss ? STEP_AFTER_LOSS : 0;
		s->stack = -1;
		s->ret = 0;
		if (observed) {
			s->flags |= ev->flags & ~STEP_AFTER_LOSS;
			s->stack = ev->stack;
			/* a fault's return value is not that of what happened inside it */
			s->ret = ev->type == cause ? ev->ret : 0;
		}
	}
	/* what was lost can't be behind this any more */
	if (observed)
		c->after_loss = false;
}

void step_add(struct change *c, unsigned int cause, bool observed, int32_t before,
	      struct sample after)
{
	step_note(c, cause, observed, c->task, before, after);
}

static __attribute__((noinline)) void infer(struct change *c, unsigned int cause, uint32_t task,
					    int64_t ref, int64_t map, int64_t pin)
{
	struct folio *f = c->f;
	struct sample to = { sat32(f->ref + ref), sat32(f->map + map), sat32(f->pin + pin) };

	if (ref || map || pin)
		step_note(c, cause, false, task, f->ref, to);
}

/* The first sample, less @own references that this event took itself. */
static void sample_first(struct change *c, struct sample to, int own)
{
	c->first = false;
	c->f->fresh = 0;
	if ((int64_t)to.ref - own > idle_count(c->e, c->type)) {
		c->f->predates = 1;
	} else if (!to.map) {
		c->f->exact = 1;
		c->f->lossy = 0;
	}
	c->f->ref = to.ref;
	c->f->map = to.map;
	c->f->pin = c->f->order ? to.pin : small_pins(to.ref);
}

/* How many pins more (or less) explain a change of @ref references of a small folio. */
static int64_t pins_changed(int64_t ref)
{
	return (ref + GUP_PIN_COUNTING_BIAS / 2) >> 10;
}

void gap_explain(struct change *c, struct sample to)
{
	struct folio *f = c->f;
	int64_t ref = (int64_t)to.ref - f->ref, map = (int64_t)to.map - f->map, pin = 0;
	int64_t bias = f->order ? 1 : GUP_PIN_COUNTING_BIAS, gets = 0, outstanding, n;

	if (c->first || f->fresh) {
		sample_first(c, to, 0);
		return;
	}
	if (f->order)
		pin = (int64_t)to.pin - f->pin;
	if (f->has_get)
		gets = holder_count(&c->e->holders, c->id, f, false, NULL);
	outstanding = f->zap_puts + f->fault_refs + gets;
	if (!f->order) {
		n = ref - (map > 0 ? map : 0);
		if (n > 0 || -n > outstanding)
			pin = pins_changed(n);
	}
	ref -= pin * bias;

	/* copy_present_ptes(), copy_huge_pmd(): one reference with each mapping */
	if (map > 0 && !c->e->opt.legacy) {
		n = ref + outstanding;
		n = n < 0 ? 0 : n > map ? map : n;
		infer(c, ENGINE_CAUSE_FORK, 0, n, n, 0);
		ref -= n;
		map -= n;
	}
	if (ref < 0 && f->zap_puts) {
		n = -ref < f->zap_puts ? -ref : f->zap_puts;
		f->zap_puts -= n;
		infer(c, ENGINE_CAUSE_ZAP_PUT, 0, -n, 0, 0);
		ref += n;
	}
	if (ref < 0 && f->fault_refs) {
		n = -ref < f->fault_refs ? -ref : f->fault_refs;
		f->fault_refs -= n;
		infer(c, ENGINE_CAUSE_FAULT_PUT, 0, -n, 0, 0);
		ref += n;
	}
	if (ref < 0 && gets) {
		n = -ref < gets ? -ref : gets;
		infer(c, ENGINE_CAUSE_GET_PUT, 0, -n, 0, 0);
		folio_release(c->e, c->id, f, false, n, 0);
		ref += n;
	}
	infer(c, ENGINE_CAUSE_UNKNOWN, 0, ref + pin * bias, map, f->order ? pin : 0);

	/* mappings that went unseen leave references that may still be there */
	if (map < 0 && !c->e->opt.legacy) {
		n = f->zap_puts + (ref < 0 ? ref : 0) - map;
		f->zap_puts = n < 0 ? 0 : n > ZAP_MAX ? ZAP_MAX : n;
	}
	/* more pins held than there are: some were dropped unseen */
	if (pin < 0 && f->has_holder) {
		n = (int64_t)holder_count(&c->e->holders, c->id, f, true, NULL) - f->pin;
		if (n > 0)
			folio_release(c->e, c->id, f, true, n, 0);
	}
}

void gap_close_fault_ref(struct change *c, struct sample to)
{
	struct folio *f = c->f;
	int64_t more, outstanding = f->zap_puts;
	struct sample without = to;

	if (c->first || f->fresh) {
		/* without a reference the fault's own is missing too: install-zero-ref */
		int own = to.ref > 0;

		sample_first(c, to, own);
		f->fault_refs = own;
		return;
	}
	if (f->has_get)
		outstanding += holder_count(&c->e->holders, c->id, f, false, NULL);
	more = (int64_t)to.ref - f->ref;
	if (to.map > f->map)
		more -= (int64_t)to.map - f->map;
	/* no room for it: leave it out rather than invent a put */
	if (more < 1 && 1 - more > outstanding) {
		gap_close(c, to);
		return;
	}
	without.ref = sat32((int64_t)to.ref - 1);
	gap_close(c, without);
	infer(c, ENGINE_CAUSE_FAULT_REF, c->task, 1, 0, 0);
	if (f->fault_refs < FAULT_MAX)
		f->fault_refs++;
}

void gap_close_fault_put(struct change *c, struct sample to)
{
	struct folio *f = c->f;
	struct sample with = to;

	if (c->first || f->fresh || !f->fault_refs) {
		gap_close(c, to);
		return;
	}
	f->fault_refs--;
	with.ref = sat32((int64_t)to.ref + 1);
	gap_close(c, with);
	infer(c, ENGINE_CAUSE_FAULT_PUT, c->task, -1, 0, 0);
}

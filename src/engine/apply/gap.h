/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_GAP_H
#define DAXTOP_ENGINE_APPLY_GAP_H
/* gap.h - steps of a folio, and those between two samples that no hook saw. */
#include "engine/apply/change.h"

/* Sets the folio to the counts after a step and notes the step. */
void step_add(struct change *c, unsigned int cause, bool observed, int32_t before,
	      struct sample after);
void gap_explain(struct change *c, struct sample to);
/* Brings the folio to the sample by inferred steps, each explained as far as counts allow. */
static inline void gap_close(struct change *c, struct sample to)
{
	const struct folio *f = c->f;

	if (c->first || f->fresh || to.ref != f->ref || to.map != f->map ||
	    (f->order && to.pin != f->pin))
		gap_explain(c, to);
}
/* The same when the last thing before the sample was a fault's own reference (+1). */
void gap_close_fault_ref(struct change *c, struct sample to);
/* ... or when the fault's own reference was dropped last (-1), if it was taken. */
void gap_close_fault_put(struct change *c, struct sample to);

#endif

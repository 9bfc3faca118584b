/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_SAMPLE_H
#define DAXTOP_ENGINE_APPLY_SAMPLE_H
/* sample.h - answers about folios. */
#include "engine/apply/change.h"

void sample_apply(struct change *c);
/* The pfn of a sample has no ZONE_DEVICE page any more. */
void sample_no_folio(struct engine *e, const struct dx_event *ev);

#endif

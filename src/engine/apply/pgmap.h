/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_PGMAP_H
#define DAXTOP_ENGINE_APPLY_PGMAP_H
/* pgmap.h - events of pgmaps. */
#include "engine/apply/state.h"

void pgmap_apply(struct engine *e, const struct dx_event *ev);
/* The source found a pgmap, or its name. Returns 0, -ENOMEM. */
int pgmap_found(struct engine *e, const struct dx_pgmap *found);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_EVENT_H
#define DAXTOP_ENGINE_APPLY_EVENT_H
/* event.h - what an event does. */
#include "engine/apply/state.h"

/* @hint: the folio's id, if it is known; 0 or wrong: it is looked up. */
void event_apply(struct engine *e, const struct dx_event *ev, enum event_part part, uint32_t hint);

#endif

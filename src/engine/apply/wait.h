/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_WAIT_H
#define DAXTOP_ENGINE_APPLY_WAIT_H
/* wait.h - layout breaks that wait for a folio. */
#include "engine/apply/state.h"

void wait_add(struct engine *e, uint32_t id, const struct dx_event *ev);
/* The break of this event's inode or thread is over. */
void wait_done(struct engine *e, const struct dx_event *ev);
/* The wait at @i is over; the last one takes its place. */
void wait_drop(struct engine *e, uint32_t i);
/* Nobody waits for the folio any more. */
void wait_clear(struct engine *e, uint32_t id);

#endif

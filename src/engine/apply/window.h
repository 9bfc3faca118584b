/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_WINDOW_H
#define DAXTOP_ENGINE_APPLY_WINDOW_H
/* window.h - events and time. */
#include "engine/apply/state.h"

/*
 * Events are applied in order of time once window_ns newer ones have come, answers
 * (DX_REC_ASK) apart.
 */
void event_push(struct engine *e, const struct dx_event *ev);
/* Applies all events older than @now - window_ns; UINT64_MAX: everything. */
void time_advance(struct engine *e, uint64_t now);
/* What is known of every folio becomes doubtful until its next sample: something was lost, or may have been. */
void loss_doubt(struct engine *e, uint64_t now);

#endif

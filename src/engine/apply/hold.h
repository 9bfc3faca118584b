/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_HOLD_H
#define DAXTOP_ENGINE_APPLY_HOLD_H
/* hold.h - who holds a folio, as the counts and the ends of processes say. */
#include "engine/apply/state.h"

/* holder_release(); the folio's ghosts go with it if the counts say that nobody holds the folio. */
void folio_release(struct engine *e, uint32_t id, struct folio *f, bool pin, uint64_t nr,
		   uint32_t tgid);
/* Forgets the ghosts if the counts say that nobody holds the folio. */
void folio_settle_holders(struct engine *e, uint32_t id, struct folio *f);
/* Its struct page is a new one, or none: nobody holds it, maps it or waits for it; the next counts are its first. */
void folio_over(struct engine *e, uint32_t id, struct folio *f);
/* DX_TASK_GONE */
void task_gone(struct engine *e, const struct dx_event *ev);

#endif

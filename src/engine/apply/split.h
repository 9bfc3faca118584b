/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_SPLIT_H
#define DAXTOP_ENGINE_APPLY_SPLIT_H
/* split.h - folios that become part of larger ones, and larger ones that fall apart. */
#include "engine/apply/change.h"

/* The folio that an event of @order at @pfn means; splits and merges what is known. */
uint32_t folio_for_event(struct engine *e, const struct dx_event *ev, uint64_t time, bool *added);
/* A large folio, idle or about to be set so, became order-0 pages; the caller notes the step. */
void folio_split(struct engine *e, struct folio *f);
void folio_count_order(struct engine *e, const struct folio *f, int n);
/* Counts to @s outside a change, keeping the engine's totals. */
void folio_set_counts(struct engine *e, struct folio *f, struct sample s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_ROW_H
#define DAXTOP_ENGINE_APPLY_ROW_H
/* row.h - a folio as the views see it. */
#include "engine/apply/state.h"

/* @parts: ENGINE_FOLIO_*. Strings are valid until the next record. */
void folio_row(const struct engine *e, uint32_t id, unsigned int parts, struct engine_folio *out);

#endif

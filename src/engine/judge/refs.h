/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_JUDGE_REFS_H
#define DAXTOP_ENGINE_JUDGE_REFS_H
/* refs.h - who got references of a pgmap. */
#include "engine/apply/state.h"

/* Adds to the stall-memunmap of @pgmap who got references of it that may not be put yet. */
void refs_kept(struct engine *e, uint32_t pgmap);

#endif

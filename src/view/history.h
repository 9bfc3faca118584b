/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_HISTORY_H
#define DAXTOP_HISTORY_H
/*
 * history.h - a folio's life, step by step, as text, as JSON and in the short
 * form of the screen's last column.
 *
 * A step that no hook saw is never shown as one that was: its cause and count
 * stand behind '~'.
 */
#include <stdio.h>
#include "engine/snapshot.h"

/*
 * @spec: FOLIO as the user gave it (hostile bytes).
 * @f: from snapshot_folio_get() or snapshot_folio_find(); NULL: not seen.
 * @start: ns, CLOCK_MONOTONIC; times are relative to it.
 */
void view_history_text(FILE *out, const struct snapshot *snap, const char *spec,
		       const struct engine_folio *f, uint64_t start);
/* Returns 0 or -ENOMEM. */
int view_history_json(FILE *out, const struct snapshot *snap, const char *spec,
		      const struct engine_folio *f);

/* Columns of view_history_line(), for a title above them. */
extern const char view_history_title[];
/* One step as a line without newline, safe to print. Returns @out. 256 bytes suffice. */
char *view_history_line(char *out, size_t outlen, const struct engine_step *s, uint64_t start);

/*
 * "0.2.1.1025": the last values of the refcount that fit in @columns. "~1" was
 * inferred, "?" a gap, ".." at the start: there were more. Returns @out, outlen > columns >= 8.
 */
char *view_history_compact(char *out, size_t outlen, const struct snapshot *snap, uint64_t pfn,
			   size_t columns);

#endif

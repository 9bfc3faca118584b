/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_VIEW_HELD_H
#define DAXTOP_VIEW_HELD_H
/* held.h - who holds, and who waits, as the engine knows it: in the words of daxtop scan */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "engine/snapshot.h"

struct json_object;
struct view_filter;

#define HELD_MAX 512 /* bytes that are always enough */

/* "db[812] pipe fd 5 pipe:[33]"; safe to print. Returns @out. */
char *held_who_format(char *out, size_t outlen, const struct engine_holder *h);
/* What ends it, behind "ends when": the table of kinds, include/holder.h. */
const char *held_ends(const struct engine_holder *h);
/* "held for 14.2s by db[812] pipe fd 5 pipe:[33]: 1 reference"; safe to print. Returns @out. */
char *held_format(char *out, size_t outlen, const struct engine_holder *h, uint64_t now);
/* "held since 0.012 by ..."; @since NULL: not known. */
char *held_since_format(char *out, size_t outlen, const struct engine_holder *h, const char *since);
/* By what it holds, if a look found it: kind, certain, fd, object_id, object. */
void held_json(struct json_object *o, const struct engine_holder *h, bool *failed);

/*
 * Tasks that wait now, with what blocks them and who holds that, as daxtop scan shows them. @filter NULL:
 * all. Returns 0 or -ENOMEM.
 */
int view_waits_text(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		    uint64_t now);
/* The same, a JSON line each. */
int view_waits_json(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		    uint64_t now);
/* Folios that something was found to hold, by a look: a line each, at most so many. As above. */
#define HELD_SHOWN 20 /* in JSON: all */
int view_held_text(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		   uint64_t now);

/* Both of them, a JSON line each. */
int view_before_json(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		     uint64_t now);

#endif

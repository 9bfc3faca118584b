/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_JSON_H
#define DAXTOP_JSON_H
/*
 * json.h - JSON lines (schema 1), one object a line; always valid UTF-8 without hidden characters.
 * All return 0 or -ENOMEM. Times are ns of CLOCK_MONOTONIC, not relative.
 */
#include "engine/engine.h"
#include "text.h"

#define VIEW_JSON_SCHEMA 1

/* With @names->stack the frames follow as kernel_stack and user_stack. */
int view_json_event(FILE *out, const struct dx_event *e, const struct view_names *names);
int view_json_summary(FILE *out, const struct view_summary *s);

struct json_object;
/* For other commands' JSON: an array of names; a string of @len hostile bytes. NULL: no memory. */
struct json_object *json_flags(uint32_t flags);
struct json_object *json_string(const char *s, size_t len);
/* Writes one line, whatever bytes its strings have, and drops the reference. NULL gives -ENOMEM. */
int json_line(FILE *out, struct json_object *o);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_JSON_H
#define DAXTOP_JSON_H
/*
 * json.h - JSON lines (schema 2: json_key.h), one object a line; always valid UTF-8 without hidden characters.
 * All return 0 or -ENOMEM. Times are ns of CLOCK_MONOTONIC, not relative.
 */
#include "engine/snapshot.h"
#include "stream.h"
#include "text.h"

#define VIEW_JSON_SCHEMA 2

/* With @names->stack the frames follow as kernel_stack and user_stack. */
int view_json_event(FILE *out, const struct dx_event *e, const struct view_names *names);
int view_json_process(FILE *out, const struct dx_task *t);
int view_json_summary(FILE *out, const struct view_summary *s);

/* The JSON Schema of all lines of all commands. */
int view_json_schema(FILE *out);

struct json_object;
/* Writes one line, whatever bytes its strings have, and drops the reference. NULL gives -ENOMEM. */
int json_line(FILE *out, struct json_object *o);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef JSON_SCHEMA_H
#define JSON_SCHEMA_H
/* json_schema.h - does a line keep to the schema that daxtop --json-schema prints? */
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Of draft 2020-12: type, const, minimum, pattern, items, properties, required,
 * additionalProperties, oneOf and $ref within @schema; another keyword is an error.
 * False with a sentence in @why if @o does not.
 */
bool schema_valid(struct json_object *schema, struct json_object *o, char *why, size_t whylen);

#endif

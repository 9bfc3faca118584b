/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_JSON_ADD_H
#define DAXTOP_JSON_ADD_H
/*
 * json_add.h - building an object without a test at each step: a failure
 * (memory) sets *@failed and json_finish() throws the object away.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

/* {"schema":1,"type":@type}; sets *@failed to its first value */
struct json_object *json_start(const char *type, bool *failed);
/* Prints the line and frees @o. Returns 0 or -ENOMEM. */
int json_finish(FILE *out, struct json_object *o, bool failed);

/* Takes over @value; NULL is a failure. */
void json_add(struct json_object *o, const char *key, struct json_object *value, bool *failed);
void json_add_int(struct json_object *o, const char *key, int64_t n, bool *failed);
void json_add_uint(struct json_object *o, const char *key, uint64_t n, bool *failed);
/* @s: at most @len hostile bytes; NULL gives null. What is no UTF-8 also gives @key_bytes, in hex. */
void json_add_string(struct json_object *o, const char *key, const char *s, size_t len,
		     bool *failed);
void json_add_hex(struct json_object *o, const char *key, uint64_t n, bool *failed); /* "0x1f" */
void json_add_dev(struct json_object *o, const char *key, uint32_t dev, bool *failed); /* "8:1" */

#endif

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
#include "frame.h"
#include "view/json_key.h"

struct json_object;

/* {"schema":2,"type":@type}; sets *@failed to its first value */
struct json_object *json_start(const char *type, bool *failed);
/* Prints the line and frees @o. Returns 0 or -ENOMEM. */
int json_finish(FILE *out, struct json_object *o, bool failed);

/* Takes over @value; NULL is a failure. */
void json_add(struct json_object *o, enum json_key key, struct json_object *value, bool *failed);
void json_add_int(struct json_object *o, enum json_key key, int64_t n, bool *failed);
void json_add_uint(struct json_object *o, enum json_key key, uint64_t n, bool *failed);
/* null unless @known */
void json_add_known(struct json_object *o, enum json_key key, bool known, uint64_t n, bool *failed);
void json_add_bool(struct json_object *o, enum json_key key, bool b, bool *failed);
/* @s: at most @len hostile bytes; NULL gives null. What is no UTF-8 also gives KEY_hex, in hex. */
void json_add_string(struct json_object *o, enum json_key key, const char *s, size_t len,
		     bool *failed);
/* A string with its NUL; NULL and "" give null. */
void json_add_text(struct json_object *o, enum json_key key, const char *s, bool *failed);
void json_add_null(struct json_object *o, enum json_key key, bool *failed);
void json_add_hex(struct json_object *o, enum json_key key, uint64_t n, bool *failed); /* "0x1f" */
void json_add_dev(struct json_object *o, enum json_key key, uint32_t dev, bool *failed); /* "8:1" */
/* Frames as objects, innermost first; @unkept: there was a stack. @user: of a process, else of the kernel. */
void json_add_frames(struct json_object *o, const struct stack_frame *frames, size_t nr,
		     bool unkept, bool user, bool *failed);
/* DX_F_* by name. */
void json_add_flags(struct json_object *o, uint32_t flags, bool *failed);
/* Appends to a list; takes over @value. */
void json_append(struct json_object *list, struct json_object *value, bool *failed);
void json_append_string(struct json_object *list, const char *s, bool *failed);

struct view_looks;
/* Looks, and what the last one could not look at. */
void json_add_looks(struct json_object *o, const struct view_looks *l, bool *failed);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* json_schema.c - the table of json_key.h as a JSON Schema (draft 2020-12) */
#include <errno.h>
#include <json-c/json.h>
#include "view/json.h"
#include "view/json_add.h"

struct key {
	const char *name;
	enum json_form form;
	const char *meaning;
};

static const struct key keys[] = {
#define KEY_ROW(constant, key, form, meaning) { key, form, meaning },
	JSON_KEYS(KEY_ROW)
};

#define LINE_KEYS 32

static const struct {
	const char *type, *meaning;
	enum json_key keys[LINE_KEYS]; /* KEY_SCHEMA, which all have: the end */
} lines[] = {
#define LINE_ROW(type, meaning, ...) { type, meaning, { __VA_ARGS__ } },
	JSON_LINES(LINE_ROW)
};

/* One type, or a list of two; what an element of a list is, or a further rule. */
static const struct form {
	const char *type;
	bool null;
	const char *element, *pattern;
	bool minimum; /* 0 */
} forms[] = {
	[JSON_INT] = { .type = "integer" },
	[JSON_INT_NULL] = { .type = "integer", .null = true },
	[JSON_UINT] = { .type = "integer", .minimum = true },
	[JSON_UINT_NULL] = { .type = "integer", .null = true, .minimum = true },
	[JSON_BOOL] = { .type = "boolean" },
	[JSON_BOOL_NULL] = { .type = "boolean", .null = true },
	[JSON_WORD] = { .type = "string" },
	[JSON_WORD_NULL] = { .type = "string", .null = true },
	[JSON_TEXT] = { .type = "string" },
	[JSON_TEXT_NULL] = { .type = "string", .null = true },
	[JSON_BYTES] = { .type = "string" },
	[JSON_BYTES_NULL] = { .type = "string", .null = true },
	[JSON_HEX] = { .type = "string", .pattern = "^0x[0-9a-f]+$" },
	[JSON_DEV] = { .type = "string", .pattern = "^[0-9]+:[0-9]+$" },
	[JSON_WORDS] = { .type = "array", .element = "string" },
	[JSON_UINTS] = { .type = "array", .element = "integer" },
	[JSON_OBJECT] = { .type = "object" },
	[JSON_OBJECT_NULL] = { .type = "object", .null = true },
	[JSON_OBJECTS] = { .type = "array", .element = "object" },
	[JSON_BY_NAME] = { .type = "object" },
	[JSON_BY_SIZE] = { .type = "object" },
};

struct schema {
	bool failed;
};

static struct json_object *object(struct schema *s)
{
	struct json_object *o = json_object_new_object();

	s->failed |= !o;
	return o;
}

static void put(struct schema *s, struct json_object *o, const char *key, struct json_object *value)
{
	if (!o || !value || json_object_object_add(o, key, value)) {
		json_object_put(value);
		s->failed = true;
	}
}

static void put_text(struct schema *s, struct json_object *o, const char *key, const char *text)
{
	put(s, o, key, json_object_new_string(text));
}

/* An object anywhere has the keys of the table and no others. */
static void put_fields(struct schema *s, struct json_object *o)
{
	put_text(s, o, "$ref", "#/$defs/fields");
}

/* All keywords of a schema hold at once: what is null would have to be an object, too. */
static void put_object_or_null(struct schema *s, struct json_object *o)
{
	struct json_object *either = json_object_new_array(), *one = object(s);

	put_text(s, one, "type", "null");
	json_append(either, one, &s->failed);
	one = object(s);
	put_fields(s, one);
	json_append(either, one, &s->failed);
	put(s, o, "oneOf", either);
}

static struct json_object *form_object(struct schema *s, enum json_form which)
{
	const struct form *f = &forms[which];
	struct json_object *o = object(s), *inner;

	if (which == JSON_OBJECT_NULL) {
		put_object_or_null(s, o);
		return o;
	}
	if (f->null) {
		inner = json_object_new_array();
		json_append_string(inner, f->type, &s->failed);
		json_append_string(inner, "null", &s->failed);
		put(s, o, "type", inner);
	} else {
		put_text(s, o, "type", f->type);
	}
	if (f->minimum)
		put(s, o, "minimum", json_object_new_int(0));
	if (f->pattern)
		put_text(s, o, "pattern", f->pattern);
	if (f->element) {
		inner = object(s);
		if (which == JSON_OBJECTS)
			put_fields(s, inner);
		else
			put_text(s, inner, "type", f->element);
		put(s, o, "items", inner);
	}
	if (which == JSON_OBJECT) {
		put_fields(s, o);
	} else if (which == JSON_BY_NAME || which == JSON_BY_SIZE) {
		inner = object(s);
		if (which == JSON_BY_NAME)
			put_fields(s, inner);
		else
			put_text(s, inner, "type", "integer");
		put(s, o, "additionalProperties", inner);
	}
	return o;
}

static struct json_object *fields(struct schema *s)
{
	struct json_object *o = object(s), *properties = object(s), *one;
	char name[64];

	for (size_t i = 0; i < JSON_KEY_NR; i++) {
		const struct key *k = &keys[i];

		one = form_object(s, k->form);
		put_text(s, one, "description", k->meaning);
		put(s, properties, k->name, one);
		if (k->form != JSON_BYTES && k->form != JSON_BYTES_NULL)
			continue;
		snprintf(name, sizeof(name), "%s_hex", k->name);
		one = form_object(s, JSON_WORD);
		put_text(s, one, "pattern", "^([0-9a-f]{2})+$");
		put_text(s, one, "description", "the bytes, in hex, where they are no UTF-8");
		put(s, properties, name, one);
	}
	put_text(s, o, "type", "object");
	put(s, o, "properties", properties);
	put(s, o, "additionalProperties", json_object_new_boolean(false));
	return o;
}

static struct json_object *line(struct schema *s, size_t i)
{
	struct json_object *o = object(s), *properties = object(s), *type = object(s);
	struct json_object *required = json_object_new_array();

	put_text(s, type, "const", lines[i].type);
	put(s, properties, "type", type);
	json_append_string(required, keys[KEY_SCHEMA].name, &s->failed);
	json_append_string(required, keys[KEY_TYPE].name, &s->failed);
	for (size_t k = 0; k < LINE_KEYS && lines[i].keys[k]; k++)
		json_append_string(required, keys[lines[i].keys[k]].name, &s->failed);
	put_text(s, o, "description", lines[i].meaning);
	put(s, o, "properties", properties);
	put(s, o, "required", required);
	return o;
}

int view_json_schema(FILE *out)
{
	struct schema s = { false };
	struct json_object *o = object(&s), *defs = object(&s), *kinds = json_object_new_array();
	const char *text;

	put_text(&s, o, "$schema", "https://json-schema.org/draft/2020-12/schema");
	put_text(&s, o, "title", "a line of daxtop --json, schema 2");
	put_fields(&s, o);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		json_append(kinds, line(&s, i), &s.failed);
	put(&s, o, "oneOf", kinds);
	put(&s, defs, "fields", fields(&s));
	put(&s, o, "$defs", defs);
	text = s.failed ? NULL
			: json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
								    JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		fprintf(out, "%s\n", text);
	json_object_put(o);
	return text ? 0 : -ENOMEM;
}

// SPDX-License-Identifier: GPL-2.0-only
/* json_schema.c - Debian has no C library that checks JSON by a schema; this is as much as daxtop's own needs */
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include "json_schema.h"

struct check {
	struct json_object *root;
	char *why;
	size_t whylen;
};

static bool valid(struct check *c, struct json_object *schema, struct json_object *o, const char *at);

static bool wrong(struct check *c, const char *at, const char *what, struct json_object *o)
{
	if (!c->why[0])
		snprintf(c->why, c->whylen, "%s: %s: %.100s", at, what,
			 json_object_to_json_string(o));
	return false;
}

static bool type_is(const char *type, struct json_object *o)
{
	if (!strcmp(type, "integer"))
		return json_object_is_type(o, json_type_int);
	return !strcmp(type, json_type_to_name(json_object_get_type(o)));
}

static bool keyword_type(struct check *c, struct json_object *k, struct json_object *o,
			 const char *at)
{
	(void)c;
	(void)at;
	if (json_object_is_type(k, json_type_string))
		return type_is(json_object_get_string(k), o);
	for (size_t i = 0; i < json_object_array_length(k); i++)
		if (type_is(json_object_get_string(json_object_array_get_idx(k, i)), o))
			return true;
	return false;
}

static bool keyword_const(struct check *c, struct json_object *k, struct json_object *o,
			  const char *at)
{
	(void)c;
	(void)at;
	return json_object_equal(k, o);
}

static bool keyword_minimum(struct check *c, struct json_object *k, struct json_object *o,
			    const char *at)
{
	(void)c;
	(void)at;
	return !json_object_is_type(o, json_type_int) ||
	       json_object_get_int64(o) >= json_object_get_int64(k);
}

static bool keyword_pattern(struct check *c, struct json_object *k, struct json_object *o,
			    const char *at)
{
	regex_t re;
	bool found;

	(void)c;
	(void)at;
	if (!json_object_is_type(o, json_type_string))
		return true;
	if (regcomp(&re, json_object_get_string(k), REG_EXTENDED | REG_NOSUB))
		return false;
	found = !regexec(&re, json_object_get_string(o), 0, NULL, 0);
	regfree(&re);
	return found;
}

static bool keyword_items(struct check *c, struct json_object *k, struct json_object *o,
			  const char *at)
{
	if (json_object_is_type(o, json_type_array))
		for (size_t i = 0; i < json_object_array_length(o); i++)
			if (!valid(c, k, json_object_array_get_idx(o, i), at))
				return false;
	return true;
}

static bool keyword_properties(struct check *c, struct json_object *k, struct json_object *o,
			       const char *at)
{
	struct json_object *one;

	(void)at;
	if (!json_object_is_type(o, json_type_object))
		return true;
	json_object_object_foreach(o, key, value) if (json_object_object_get_ex(k, key, &one) &&
						      !valid(c, one, value, key)) return false;
	return true;
}

static bool keyword_required(struct check *c, struct json_object *k, struct json_object *o,
			     const char *at)
{
	(void)c;
	(void)at;
	for (size_t i = 0; i < json_object_array_length(k); i++)
		if (!json_object_object_get_ex(
			    o, json_object_get_string(json_object_array_get_idx(k, i)), NULL))
			return wrong(c, json_object_get_string(json_object_array_get_idx(k, i)),
				     "it is required", o);
	return true;
}

static bool keyword_one_of(struct check *c, struct json_object *k, struct json_object *o,
			   const char *at)
{
	size_t n = 0;
	char why[300] = "", *kept = c->why;
	size_t len = c->whylen;

	for (size_t i = 0; i < json_object_array_length(k); i++) {
		char one[300] = "";

		c->why = one;
		c->whylen = sizeof(one);
		n += valid(c, json_object_array_get_idx(k, i), o, at);
		/* of those that are for another kind of line the reason is its type */
		if (one[0] && strncmp(one, "type:", 5))
			memcpy(why, one, sizeof(why));
	}
	c->why = kept;
	c->whylen = len;
	if (n != 1 && why[0])
		return wrong(c, at, why, o);
	return n == 1;
}

static bool keyword_ref(struct check *c, struct json_object *k, struct json_object *o, const char *at)
{
	static const char defs[] = "#/$defs/";
	const char *name = json_object_get_string(k);
	struct json_object *to;

	return !strncmp(name, defs, sizeof(defs) - 1) &&
	       json_object_object_get_ex(c->root, "$defs", &to) &&
	       json_object_object_get_ex(to, name + sizeof(defs) - 1, &to) && valid(c, to, o, at);
}

static bool keyword_none(struct check *c, struct json_object *k, struct json_object *o,
			 const char *at)
{
	(void)c;
	(void)k;
	(void)o;
	(void)at;
	return true;
}

static const struct {
	const char *name;
	bool (*fn)(struct check *c, struct json_object *k, struct json_object *o, const char *at);
} keywords[] = {
	{ "type", keyword_type },	  { "const", keyword_const },
	{ "minimum", keyword_minimum },	  { "pattern", keyword_pattern },
	{ "items", keyword_items },	  { "properties", keyword_properties },
	{ "required", keyword_required }, { "oneOf", keyword_one_of },
	{ "$ref", keyword_ref },	  { "$schema", keyword_none },
	{ "$defs", keyword_none },	  { "title", keyword_none },
	{ "description", keyword_none },
};

static bool keyword_valid(struct check *c, const char *name, struct json_object *k,
			  struct json_object *o, const char *at)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (!strcmp(keywords[i].name, name))
			return keywords[i].fn(c, k, o, at) || wrong(c, at, name, o);
	return wrong(c, at, "the schema has a keyword that is not known", k);
}

/* additionalProperties is about what properties beside it does not name. */
static bool others_valid(struct check *c, struct json_object *schema, struct json_object *k,
			 struct json_object *o)
{
	struct json_object *properties = NULL;

	if (!json_object_is_type(o, json_type_object))
		return true;
	json_object_object_get_ex(schema, "properties", &properties);
	json_object_object_foreach(o, key, value)
	{
		if (properties && json_object_object_get_ex(properties, key, NULL))
			continue;
		if (json_object_is_type(k, json_type_boolean) ? !json_object_get_boolean(k)
							      : !valid(c, k, value, key))
			return wrong(c, key, "it is not in the schema", o);
	}
	return true;
}

static bool valid(struct check *c, struct json_object *schema, struct json_object *o, const char *at)
{
	json_object_object_foreach(schema, name,
				   k) if (strcmp(name, "additionalProperties")
						  ? !keyword_valid(c, name, k, o, at)
						  : !others_valid(c, schema, k, o)) return false;
	return true;
}

bool schema_valid(struct json_object *schema, struct json_object *o, char *why, size_t whylen)
{
	struct check c = { schema, why, whylen };

	why[0] = '\0';
	return valid(&c, schema, o, "line");
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_json_schema.c - the schema that is printed, and what checks lines by it */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../json_schema.h"
#include "view/json.h"
#include "view/json_key.h"

static struct json_object *schema;

static int schema_read(void **state)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	if (!f || view_json_schema(f) || fclose(f))
		return -1;
	schema = json_tokener_parse(text);
	free(text);
	return schema ? 0 : -1;
}

static int schema_put(void **state)
{
	(void)state;
	return json_object_put(schema) == 1 ? 0 : -1;
}

static void expect(const char *line, const char *why)
{
	struct json_object *o = json_tokener_parse(line);
	char got[300];

	assert_non_null(o);
	assert_int_equal(schema_valid(schema, o, got, sizeof(got)), !why);
	if (why && !strstr(got, why))
		fail_msg("`%s` expected in `%s`", why, got);
	json_object_put(o);
}

#define SCAN \
	"{\"schema\":2,\"type\":\"scan\",\"kernel\":\"7.3.4\",\"regime\":\"current\",\"time_ns\":"

static void test_lines(void **state)
{
	(void)state;
	expect(SCAN "5}", NULL);
	expect(SCAN "5,\"pfn\":null,\"file_hex\":\"ff\",\"dev\":\"259:1\"}", NULL);
	expect(SCAN
	       "5,\"holders\":[{\"pid\":1,\"kernel_stack\":[{\"ip\":\"0x1\",\"symbol\":null}]}]}",
	       NULL);
	expect(SCAN "5,\"by_event\":{\"pin\":{\"lost\":1}},\"pages_by_size\":{\"4K\":1}}", NULL);
	expect(SCAN "5,\"before\":null,\"after\":{\"refcount\":1}}", NULL);
	/* forms */
	expect(SCAN "\"5\"}", "time_ns: type");
	expect(SCAN "-5}", "time_ns: minimum");
	expect(SCAN "5.5}", "time_ns: type");
	expect(SCAN "null}", "time_ns: type");
	expect(SCAN "5,\"ip\":\"1\"}", "ip: pattern");
	expect(SCAN "5,\"dev\":\"259\"}", "dev: pattern");
	expect(SCAN "5,\"file_hex\":\"f\"}", "file_hex: pattern");
	expect(SCAN "5,\"flags\":[1]}", "flags: type");
	expect(SCAN "5,\"before\":1}", "before: ");
	expect(SCAN "5,\"before\":{\"nr_pins\":1}}", "before: ");
	expect(SCAN "5,\"command\":null}", "command: type");
	expect(SCAN "5,\"by_event\":{\"pin\":1}}", "pin: type");
	/* keys: of a line, of an object in a list in it, and what is there always */
	expect(SCAN "5,\"since\":1}", "since: it is not in the schema");
	expect(SCAN "5,\"holders\":[{\"nr_pins\":1}]}", "nr_pins: it is not in the schema");
	expect("{\"schema\":2,\"type\":\"scan\",\"kernel\":\"7.3.4\",\"time_ns\":5}",
	       "regime: it is required");
	expect("{\"type\":\"scan\",\"kernel\":\"7.3.4\",\"regime\":\"current\",\"time_ns\":5}",
	       "schema: it is required");
	expect("{\"schema\":2,\"type\":\"scam\"}", "oneOf");
}

static void test_unknown_keyword(void **state)
{
	struct json_object *strange = json_tokener_parse("{\"maximum\":3}"),
			   *o = json_object_new_int(1);
	char why[300];

	(void)state;
	assert_false(schema_valid(strange, o, why, sizeof(why)));
	assert_non_null(strstr(why, "a keyword that is not known"));
	json_object_put(strange);
	json_object_put(o);
}

/* Of two keys with one name the second would hide the first's form. */
static void test_names(void **state)
{
	static const char *const names[] = {
#define NAME(constant, key, form, meaning) key,
		JSON_KEYS(NAME)
	};

	(void)state;
	for (size_t i = 0; i < JSON_KEY_NR; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_unknown_keyword),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, schema_read, schema_put);
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_report_json.c - what daxtop check says, as JSON */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "report_fixture.h"

static void test_json(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e;
	struct capture c;

	f->r.terms.rules = BIT(DX_RULE_INSTALL_ZERO_REF) | BIT(DX_RULE_STALL_EVICT);
	e = add_finding(f, DX_RULE_INSTALL_ZERO_REF, ENGINE_PROVEN);
	e->detail = DX_D_PAGE;
	e->level = DX_PMD;
	e->addr = 4096;
	e->wanted = 1;
	e->got = 0;
	e->pgmap = FEED_PGMAP;
	f->holders[0] = (struct engine_holder){
		.pid = 5, .tgid = 4, .comm = "h", .nr = 1, .since = 6 * SEC, .stack = -1
	};
	f->findings[0].holders = f->holders;
	f->findings[0].nr_holders = 1;
	f->r.command = "./t";
	f->r.status = 11;
	f->r.left[0] = (struct child_process){ 9, "t", 'R' };
	f->r.nr_left = 1;
	f->counts.lost[DX_PIN] = 4;
	assert_int_equal(view_report_json(capture_start(&c), judged(f)), 0);
	assert_string_equal(
		capture_text(&c),
		of_rules(
			"{\"schema\":2,\"type\":\"rule\",\"rule\":\"install-zero-ref\",\"rule_state\":\"broken\","
			"\"checked\":1001,\"broken\":1}\n"
			"{\"schema\":2,\"type\":\"rule\",\"rule\":\"stall-evict\",\"rule_state\":\"kept\",\"checked\":1022,"
			"\"broken\":0}\n"
			"{\"schema\":2,\"type\":\"finding\",\"finding\":1,\"rule\":\"install-zero-ref\",\"detail\":\"page\","
			"\"confidence\":\"proven\",\"note\":false,\"counts\":true,\"count\":1,\"first_time_ns\":7000000000,"
			"\"last_time_ns\":7000000000,\"over\":false,\"says\":\"4K folio 0x108000 of pmem0, /mnt/f:0x0 was put in "
			"a PMD at 0x1000 with refcount 0, and needs 1 at least\",\"pfn\":1081344,\"folios\":1,\"order\":0,\"refcount\":3,"
			"\"mapcount\":0,\"pins\":0,\"predates\":false,\"device\":\"pmem0\","
			"\"pgmap\":3,\"file\":\"/mnt/f\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\","
			"\"ino\":42,\"generation\":0,\"offset_bytes\":0,\"wanted\":1,\"got\":0,\"refs\":1,\"addr\":4096,\"level\":\"pmd\",\"pid\":13,"
			"\"tgid\":12,\"comm\":\"db\",\"kernel_stack\":[],\"user_stack\":[],\"holders\":[{\"pid\":5,\"tgid\":4,"
			"\"comm\":\"h\",\"pin\":false,\"longterm\":false,\"gone\":false,\"refs\":1,\"since_ns\":6000000000,"
			"\"age_ns\":14000000000,\"kernel_stack\":[]}]}\n"
			"{\"schema\":2,\"type\":\"verdict\",\"exit_status\":1,\"decided_by\":\"findings\",\"verdict\":\"broken\",\"findings_proven\":1,\"findings_suspected\":0,"
			"\"findings_inconclusive\":0,\"findings_over\":0,\"rules_exercised\":2,\"rules_not_exercised\":0,\"rules_not_checked\":0,"
			"\"rules_left_out\":{-2},\"lost\":4,\"missed_runs\":0,\"stacks_not_kept\":0,\"indexes_forgotten\":0,\"looks\":0,\"look_turn_things\":0,"
			"\"look_turn_ns\":0,\"gaps\":[],\"kernel\":\"7.2.12\","
			"\"regime\":\"current\",\"start_time_ns\":5000000000,\"end_time_ns\":20000000000,\"command\":{\"name\":\"./t\","
			"\"signal\":11,\"left\":[{\"pid\":9,\"comm\":\"t\",\"task_state\":\"R\"}]}}\n"));
	capture_end(&c);
}

/* A reader gets the bytes back, the broken ones as U+FFFD; every line is valid. */
static void test_json_hostile(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e = add_finding(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	struct json_object *o, *v;
	char *text, *line, *save = NULL;
	struct capture c;
	unsigned int wc, lines = 0;

	e->folio.path = "/\x1b[m\n\xff\"\\";
	memcpy(e->comm, "0123456789abcde\xc3", DX_COMM_LEN);
	f->r.command = "\xff\n";
	assert_int_equal(view_report_json(capture_start(&c), judged(f)), 0);
	text = strdup(capture_text(&c));
	capture_end(&c);
	for (size_t i = 0, n; text[i]; i += n) {
		n = utf8_decode(text + i, strlen(text + i), &wc);
		assert_true(n > 0);
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++) {
		o = json_tokener_parse(line);
		assert_non_null(o);
		if (json_object_object_get_ex(o, "finding", &v)) {
			assert_true(json_object_object_get_ex(o, "file", &v));
			assert_string_equal(json_object_get_string(v), "/\x1b[m\n\xef\xbf\xbd\"\\");
			assert_true(json_object_object_get_ex(o, "comm", &v));
			assert_string_equal(json_object_get_string(v), "0123456789abcde\xef\xbf\xbd");
		}
		json_object_put(o);
	}
	assert_int_equal(lines, DX_RULES - 1 + 1 + 1);
	free(text);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_json),
		TEST(test_json_hostile),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

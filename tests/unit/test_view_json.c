// SPDX-License-Identifier: GPL-2.0-only
/* test_view_json.c - JSON lines, schema 2: exact, one line, valid UTF-8 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>
#include "frame.h"
#include "base/escape.h"
#include "stream.h"
#include "view/json.h"
#include "view_feed.h"

static void expect_event(const struct dx_event *e, const struct view_names *names, const char *want)
{
	struct capture c;

	assert_int_equal(view_json_event(capture_start(&c), e, names), 0);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
}

static void test_fault(void **state)
{
	struct view_names names = { .start = 5, .device = "pmem0", .path = "/mnt/db/wal" };
	struct dx_event e = feed_event(DX_FAULT, 13345678912, 3);

	(void)state;
	e.flags = DX_F_INSERT | DX_F_INSTALL | DX_F_WRITE;
	e.refcount = 1;
	e.mapcount = 1;
	e.ref_install = 1;
	e.since = 500;
	e.addr = 0x1000;
	e.ret = 0x100;
	/* time is absolute, whatever the start is */
	expect_event(
		&e, &names,
		"{\"schema\":2,\"type\":\"event\",\"time_ns\":13345678912,\"cpu\":1,"
		"\"event\":\"fault\",\"pid\":813,\"tgid\":812,\"comm\":\"db\",\"pfn\":1081347,"
		"\"order\":0,\"device\":\"pmem0\",\"pgmap\":3,"
		"\"memory_type\":\"fs-dax\",\"refcount\":1,\"mapcount\":1,\"pins\":0,\"nr\":1,"
		"\"flags\":[\"insert\",\"install\",\"write\"],\"file\":\"/mnt/db/wal\","
		"\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\",\"ino\":42,\"generation\":0,\"offset_bytes\":12288,"
		"\"addr\":4096,\"level\":\"pte\",\"ref_first\":0,\"ref_install\":1,"
		"\"map_install\":0,\"install_time_ns\":13345678412,\"ret\":256,\"result\":\"NOPAGE\"}\n");
}

/* All that a process is told by; its name is a stranger's. */
static void test_process(void **state)
{
	const struct dx_task t = { .time = 9,
				   .start = 5,
				   .exec = 3,
				   .cgroup = 77,
				   .tgid = 812,
				   .pid_ns = 4026531836,
				   .mount_ns = 4026532144,
				   .comm = "d\x1b" };
	struct capture c;

	(void)state;
	assert_int_equal(view_json_process(capture_start(&c), &t), 0);
	assert_string_equal(capture_text(&c),
			    "{\"schema\":2,\"type\":\"process\",\"time_ns\":9,\"tgid\":812,"
			    "\"comm\":\"d\\u001b\",\"process_start_ns\":5,\"exec\":3,\"cgroup_id\":77,"
			    "\"pid_ns\":4026531836,\"mount_ns\":4026532144}\n");
	capture_end(&c);
}

static void test_pin_unknown_file(void **state)
{
	struct dx_event e = feed_event(DX_PIN, 1, 0);

	(void)state;
	e.pgmap_type = 0;
	e.refcount = 1025;
	e.pincount = 1;
	e.arg = 0x80001;
	e.stack = -14;
	e.ustack = 3;
	e.ret = -95;
	expect_event(&e, NULL,
		     "{\"schema\":2,\"type\":\"event\",\"time_ns\":1,\"cpu\":1,\"event\":\"pin\","
		     "\"pid\":813,\"tgid\":812,\"comm\":\"db\",\"pfn\":1081344,\"order\":0,"
		     "\"device\":null,\"pgmap\":3,\"refcount\":1025,"
		     "\"mapcount\":0,\"pins\":1,\"nr\":1,\"flags\":[],\"file\":null,"
		     "\"dev\":\"259:1\",\"ino\":42,\"generation\":0,\"offset_bytes\":0,\"gup_flags\":\"0x80001\","
		     "\"ret\":-95,\"stack_id\":-14,\"user_stack_id\":3}\n");
}

static void test_fields_left_out(void **state)
{
	struct dx_event e = feed_event(DX_MODULE, UINT64_MAX, 0);

	(void)state;
	e.pgmap = 0;
	e.pgmap_type = 0;
	e.ino = 0;
	e.dev = 0;
	/* beyond 2^63, which a signed number would turn negative */
	expect_event(&e, NULL,
		     "{\"schema\":2,\"type\":\"event\",\"time_ns\":18446744073709551615,\"cpu\":1,"
		     "\"event\":\"module\",\"pid\":813,\"tgid\":812,\"comm\":\"db\",\"flags\":[]}\n");
	e = feed_event(DX_BREAK_DONE, 0, 4);
	e.pgmap = 0;
	e.pgmap_type = 0;
	e.addr = 7;
	e.flags = DX_F_FINAL | 1u << 31;
	expect_event(&e, NULL,
		     "{\"schema\":2,\"type\":\"event\",\"time_ns\":0,\"cpu\":1,"
		     "\"event\":\"break-done\",\"pid\":813,\"tgid\":812,\"comm\":\"db\","
		     "\"flags\":[\"final\",\"0x80000000\"],\"file\":null,\"dev\":\"259:1\",\"ino\":42,\"generation\":0,"
		     "\"offset_bytes\":16384,\"offset_end_bytes\":32768,\"ret\":0}\n");
	e = feed_event(77, 0, 0);
	e.pgmap = 0;
	e.pgmap_type = 0;
	e.ino = 0;
	expect_event(&e, NULL,
		     "{\"schema\":2,\"type\":\"event\",\"time_ns\":0,\"cpu\":1,"
		     "\"event\":\"type-77\",\"pid\":813,\"tgid\":812,\"comm\":\"db\",\"flags\":[]}\n");
}

static void test_file_record(void **state)
{
	struct dx_file_event f;

	(void)state;
	memset(&f, 0, sizeof(f));
	f.e = feed_event(DX_FILE, 0, 0);
	f.e.pgmap = 0;
	f.e.pgmap_type = 0;
	memcpy(f.path, "/a", 2);
	f.path_len = 2;
	f.path_flags = DX_PATH_DELETED;
	expect_event(
		&f.e, NULL,
		"{\"schema\":2,\"type\":\"event\",\"time_ns\":0,\"cpu\":1,\"event\":\"file\","
		"\"pid\":813,\"tgid\":812,\"comm\":\"db\",\"flags\":[],\"file_truncated\":false,"
		"\"file\":\"/a\",\"file_deleted\":true,\"file_state\":\"deleted\",\"dev\":\"259:1\",\"ino\":42,\"generation\":0}\n");
}

/* One line of valid UTF-8 that a terminal may show; a reader gets back what the names are. */
static void test_hostile(void **state)
{
	struct view_names names = {
		.device = "p\"\\",
		.path = "/\x1b[31m\n\xff\xed\xa0\x80\"\\\xe2\x80\xae\xc2\x9b\x7f\xe2\x80\xa8"
	};
	struct dx_event e = feed_event(DX_FREE, 0, 0);
	struct json_object *o, *v;
	struct capture c;
	const char *text;
	unsigned int wc;

	(void)state;
	memcpy(e.comm, "0123456789abcde\xc3", DX_COMM_LEN); /* no NUL, cut in a character */
	assert_int_equal(view_json_event(capture_start(&c), &e, &names), 0);
	text = capture_text(&c);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	for (size_t i = 0, n; text[i]; i += n) {
		n = utf8_decode(text + i, strlen(text + i), &wc);
		assert_true(n > 0);
		assert_true(!escape_is_hidden(wc) || (wc == '\n' && !text[i + 1]));
	}
	o = json_tokener_parse(text);
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "file", &v));
	assert_string_equal(
		json_object_get_string(v),
		"/\x1b[31m\n\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\\\xe2\x80\xae\xc2\x9b\x7f\xe2\x80\xa8");
	assert_true(json_object_object_get_ex(o, "file_hex", &v));
	assert_string_equal(json_object_get_string(v),
			    "2f1b5b33316d0affeda080225ce280aec29b7fe280a8");
	assert_true(json_object_object_get_ex(o, "comm", &v));
	assert_string_equal(json_object_get_string(v), "0123456789abcde\xef\xbf\xbd");
	assert_true(json_object_object_get_ex(o, "comm_hex", &v));
	assert_string_equal(json_object_get_string(v), "303132333435363738396162636465c3");
	assert_true(json_object_object_get_ex(o, "device", &v));
	assert_string_equal(json_object_get_string(v), "p\"\\");
	assert_false(json_object_object_get_ex(o, "device_bytes", &v));
	json_object_put(o);
	capture_end(&c);
}

static void test_stacks(void **state)
{
	const struct stack_frame kernel[] = { { .addr = 0xffffffff81000010 } };
	const struct stack_frame user[] = { { .addr = 0x401000 },
					    { .addr = 0x401010, .in = "db", .why = "so it is" } };
	struct view_stack stack = { .kernel = kernel, .nr_kernel = 1, .user = user, .nr_user = 2 };
	struct view_names names = { .stack = &stack };
	struct dx_event e = feed_event(DX_FREE, 0, 0);
	struct capture c;

	(void)state;
	e.stack = 9;
	assert_int_equal(view_json_event(capture_start(&c), &e, &names), 0);
	assert_non_null(strstr(
		capture_text(&c),
		"\"stack_id\":9,\"kernel_stack\":[{\"symbol\":null}],"
		"\"user_stack\":[{\"ip\":\"0x401000\",\"symbol\":null},"
		"{\"ip\":\"0x401010\",\"symbol\":null,\"binary\":\"db\",\"why\":\"so it is\"}]}\n"));
	capture_end(&c);

	/* one that was not kept is no empty one */
	e.stack = DX_STACK_UNKEPT;
	stack = (struct view_stack){ .kernel_unkept = true };
	assert_int_equal(view_json_event(capture_start(&c), &e, &names), 0);
	assert_non_null(strstr(capture_text(&c),
			       "\"stack_id\":-2,\"kernel_stack\":[],\"kernel_stack_not_kept\":true,"
			       "\"user_stack\":[]}\n"));
	capture_end(&c);
	stack = (struct view_stack){ .kernel = kernel, .nr_kernel = 1, .user_unkept = true };
	assert_int_equal(view_json_event(capture_start(&c), &e, &names), 0);
	assert_non_null(strstr(capture_text(&c),
			       "\"kernel_stack\":[{\"symbol\":null}],\"user_stack\":[],"
			       "\"user_stack_not_kept\":true}\n"));
	capture_end(&c);
}

static void test_summary(void **state)
{
	const uint64_t cpus[] = { 0, 3 };
	static const struct dx_gap gaps[] = { { "requests: \033 not read" } };
	struct view_summary s = {
		.lost_by_cpu = cpus,
		.nr_cpus = 2,
		.missed_runs = 1,
		.stacks_unkept = 2,
		.indexes_forgotten = 3,
		.looks = { .nr = 4, .turn_things = 5, .turn_ns = 6, .gap = gaps, .nr_gaps = 1 }
	};
	struct capture c;

	(void)state;
	s.received[DX_FAULT] = 10;
	s.received[DX_PIN] = 1;
	s.lost[DX_PIN] = 3;
	assert_int_equal(view_json_summary(capture_start(&c), &s), 0);
	assert_string_equal(capture_text(&c),
			    "{\"schema\":2,\"type\":\"summary\",\"received\":11,\"lost\":3,"
			    "\"by_event\":{\"fault\":{\"received\":10,\"lost\":0},"
			    "\"pin\":{\"received\":1,\"lost\":3}},\"lost_by_cpu\":[0,3],"
			    "\"missed_runs\":1,\"stacks_not_kept\":2,\"indexes_forgotten\":3,"
			    "\"looks\":4,\"look_turn_things\":5,\"look_turn_ns\":6,"
			    "\"gaps\":[\"requests: \\u001b not read\"]}\n");
	capture_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_pin_unknown_file),
		cmocka_unit_test(test_fields_left_out),
		cmocka_unit_test(test_file_record),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

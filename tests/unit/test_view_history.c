// SPDX-License-Identifier: GPL-2.0-only
/* test_view_history.c - a folio's life as text, as JSON and in short, from the real engine */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <locale.h>
#include <string.h>
#include "view/history.h"
#include "../records.h"
#include "view_feed.h"

#define MS 1000000ull

static struct engine_step step(unsigned int cause, bool observed, int before, int after)
{
	struct engine_step s = {
		.time = 1500 * MS,
		.cause = cause,
		.observed = observed,
		.tgid = 812,
		.pid = 813,
		.comm = "db",
		.ref_before = before,
		.ref_after = after,
		.stack = -1,
	};

	return s;
}

static void expect_step(const struct engine_step *s, const char *want)
{
	char out[512];

	assert_string_equal(view_history_line(out, sizeof(out), s, 1000 * MS), want);
}

static void test_line(void **state)
{
	struct engine_step s = step(DX_PIN, true, 1, 1025);

	(void)state;
	s.mapcount = 1;
	s.pincount = 1;
	s.flags = DX_F_LONGTERM;
	s.ret = 1;
	expect_step(&s, "    0.500000  pin          db[813]                1 -> 1025           1   "
			"  1   4K longterm ret=1");
	/* inferred: never the arrow or the name of an observed one */
	s = step(ENGINE_CAUSE_FAULT_PUT, false, 2, 1);
	s.ret = 5; /* no result: nothing was seen to return */
	expect_step(&s, "    0.500000 ~fault-put    db[813]                2 ~> 1              0   "
			"  0   4K");
	s = step(ENGINE_CAUSE_UNKNOWN, false, 1, 3);
	s.tgid = s.pid = 0;
	s.comm[0] = '\0';
	s.after_loss = true;
	s.order = 9;
	expect_step(&s, "    0.500000 ~unknown      -                      1 ~> 3              0   "
			"  0   2M (events were lost before this)");
	s = step(DX_FREE, true, 1, 0);
	memcpy(s.comm, "\x1b[2J\n", 6);
	expect_step(&s, "    0.500000  free         \\x1b[2J\\x0a[813]       1 -> 0              0   "
			"  0   4K");
	/* the title stands over its columns */
	assert_int_equal(strstr(view_history_title, "EVENT") - view_history_title, 14);
	assert_int_equal(strstr(view_history_title, "COMM") - view_history_title, 27);
	assert_int_equal(strstr(view_history_title, "REFCOUNT") - view_history_title, 50);
	assert_int_equal(strstr(view_history_title, "PIN") + 3 - view_history_title, 77);
}

static struct engine *life(void)
{
	struct engine *e = feed_engine();
	struct dx_event ev;

	feed_path(e, "/mnt/db/wal", 11, 0);
	feed_fault(e, 1000 * MS, 0);
	feed_pin(e, 1001 * MS, 0, DX_F_LONGTERM);
	feed_unpin(e, 1002 * MS, 0);
	ev = feed_event(DX_UNMAP, 1003 * MS, 0);
	ev.refcount = 1;
	ev.mapcount = 1;
	feed_push(e, &ev);
	ev = feed_event(DX_FREE, 1004 * MS, 0);
	feed_push(e, &ev);
	return e;
}

static void test_text(void **state)
{
	struct engine *e = life();
	struct engine_folio f;
	struct capture c;

	(void)state;
	assert_int_equal(engine_folio_get(e, FEED_PFN, &f), 0);
	view_history_text(capture_start(&c), engine_now(e), "/mnt/db/wal:0", &f, 1000 * MS - 500);
	assert_string_equal(
		capture_text(&c),
		"/mnt/db/wal:0: pfn 0x108000 4K pmem0 /mnt/db/wal:0x0\n"
		"  refcount 0  mapcount 0  pins 0\n"
		"        TIME  EVENT        COMM[PID]              REFCOUNT          MAP   PIN SIZE "
		"FLAGS\n"
		"    0.000000  insert       db[813]                0 -> 0              0     0   4K "
		"insert,install,write\n"
		"    0.000000 ~fault-ref    db[813]                0 ~> 1              0     0   4K\n"
		"    0.000000  install      db[813]                1 -> 2              1     0   4K "
		"insert,install,write\n"
		"    0.000000 ~fault-put    db[813]                2 ~> 1              1     0   4K\n"
		"    0.000000  fault        db[813]                1 -> 1              1     0   4K "
		"insert,install,write NOPAGE\n"
		"    0.001000  pin          db[813]                1 -> 1025           1     1   4K "
		"longterm ret=1\n"
		"    0.002000  unpin        db[813]                1025 -> 1           1     0   4K\n"
		"    0.003000  unmap        db[813]                1 -> 1              0     0   4K\n"
		"    0.004000  free         db[813]                1 -> 0              0     0   4K\n"
		"  ~: no probe saw this step, the next count tells it\n");
	capture_end(&c);
	engine_free(e);
}

static void test_text_notes(void **state)
{
	struct engine *e = feed_engine();
	struct dx_event ev = feed_event(DX_INSERT, 1000 * MS, 0);
	struct engine_folio f;
	struct capture c;

	(void)state;
	feed_path(e, "/mnt/d\x1b", 7, DX_PATH_DELETED);
	ev.refcount = 3; /* nobody was seen to take these */
	feed_push(e, &ev);
	feed_pin(e, 1001 * MS, 0, DX_F_LONGTERM);
	ev = feed_event(DX_BREAK_BUSY, 1002 * MS, 0);
	ev.refcount = 1025;
	ev.pincount = 1;
	feed_push(e, &ev);
	put_lost(e, 0, DX_UNPIN, 1, 1003 * MS);
	put_time(e, UINT64_MAX);
	assert_int_equal(engine_folio_get(e, FEED_PFN, &f), 0);
	view_history_text(capture_start(&c), engine_now(e), "0x108000", &f, 1000 * MS);
	assert_ptr_equal(strstr(capture_text(&c),
				"0x108000: pfn 0x108000 4K pmem0 (deleted) /mnt/d\\x1b:0x0\n"),
			 capture_text(&c));
	assert_non_null(strstr(capture_text(&c), "\n  doubtful: events were lost since its last "
						 "sample\n"));
	assert_non_null(strstr(capture_text(&c), "\n  first seen with references that nobody was "
						 "seen to take\n"));
	assert_non_null(strstr(capture_text(&c), "\n  a truncate, hole punch or eviction waits for "
						 "it now\n"));
	assert_non_null(strstr(capture_text(&c), "\n  held since 0.001000 by db[813]: 1 pin, "
						 "longterm\n"));
	capture_end(&c);

	view_history_text(capture_start(&c), engine_now(e), "\x1bx:0", NULL, 0);
	assert_string_equal(capture_text(&c), "\\x1bx:0: not seen\n");
	capture_end(&c);
	engine_free(e);
}

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *v;

	assert_true(json_object_object_get_ex(o, key, &v));
	return v;
}

static void expect_json(struct json_object *o, const char *want)
{
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
								      JSON_C_TO_STRING_NOSLASHESCAPE),
			    want);
}

static void test_json(void **state)
{
	struct engine *e = life();
	struct engine_folio f;
	struct json_object *o, *steps;
	struct capture c;

	(void)state;
	assert_int_equal(engine_folio_get(e, FEED_PFN, &f), 0);
	assert_int_equal(view_history_json(capture_start(&c), engine_now(e), "wal:0", &f), 0);
	assert_ptr_equal(
		strstr(capture_text(&c),
		       "{\"schema\":2,\"type\":\"history\",\"folio\":\"wal:0\","
		       "\"pfn\":1081344,\"order\":0,\"device\":\"pmem0\","
		       "\"file\":\"/mnt/db/wal\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\","
		       "\"ino\":42,\"generation\":0,\"offset_bytes\":0,\"refcount\":0,\"refcount_inferred\":false,\"mapcount\":0,\"pins\":0,"
		       "\"doubtful\":false,\"predates\":false,\"waited\":false,"
		       "\"steps_dropped\":0,\"holders\":[],\"steps\":[{"),
		capture_text(&c));
	assert_ptr_equal(strchr(capture_text(&c), '\n'), c.text + c.len - 1);
	o = json_tokener_parse(capture_text(&c));
	assert_non_null(o);
	steps = get(o, "steps");
	assert_int_equal(json_object_array_length(steps), 9);
	expect_json(json_object_array_get_idx(steps, 1),
		    "{\"time_ns\":999999500,\"event\":\"fault-ref\",\"observed\":false,"
		    "\"after_loss\":false,\"flags\":[],\"tgid\":812,\"pid\":813,\"comm\":\"db\","
		    "\"refcount_before\":0,\"refcount_after\":1,\"mapcount\":0,\"pins\":0,\"order\":0,\"ret\":0}");
	expect_json(json_object_array_get_idx(steps, 5),
		    "{\"time_ns\":1001000000,\"event\":\"pin\",\"observed\":true,"
		    "\"after_loss\":false,\"flags\":[\"longterm\"],\"tgid\":812,\"pid\":813,"
		    "\"comm\":\"db\",\"refcount_before\":1,\"refcount_after\":1025,\"mapcount\":1,\"pins\":1,"
		    "\"order\":0,\"ret\":1,\"stack_id\":7}");
	json_object_put(o);
	capture_end(&c);

	assert_int_equal(view_history_json(capture_start(&c), engine_now(e), "a\xff", NULL), 0);
	assert_string_equal(capture_text(&c),
			    "{\"schema\":2,\"type\":\"history\",\"folio\":"
			    "\"a\\ufffd\",\"folio_hex\":\"61ff\",\"error\":\"not seen\"}\n");
	capture_end(&c);
	engine_free(e);
}

static void test_json_holder(void **state)
{
	struct engine *e = feed_engine();
	struct engine_folio f;
	struct json_object *o;
	struct capture c;

	(void)state;
	feed_fault(e, 1000 * MS, 0);
	feed_pin(e, 1001 * MS, 0, 0);
	assert_int_equal(engine_folio_get(e, FEED_PFN, &f), 0);
	assert_int_equal(view_history_json(capture_start(&c), engine_now(e), "x", &f), 0);
	o = json_tokener_parse(capture_text(&c));
	expect_json(get(o, "holders"),
		    "[{\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"pin\":true,\"longterm\":false,"
		    "\"refs\":1,\"since_ns\":1001000000,\"stack_id\":7}]");
	expect_json(get(o, "file"), "null");
	json_object_put(o);
	capture_end(&c);
	engine_free(e);
}

static void expect_compact(struct engine *e, size_t columns, const char *want)
{
	char out[64];

	assert_string_equal(view_history_compact(out, sizeof(out), engine_now(e), FEED_PFN, columns),
			    want);
}

static void test_compact(void **state)
{
	struct engine *e = life();

	(void)state;
	/* insert 0, ~fault-ref, install, ~fault-put, pin, unpin, free */
	expect_compact(e, 40, "0.~1.2.~1.1025.1.0");
	expect_compact(e, 18, "0.~1.2.~1.1025.1.0");
	/* the newest stay; that there were more is said */
	expect_compact(e, 17, "..2.~1.1025.1.0");
	expect_compact(e, 8, "..1.0");
	expect_compact(e, 10, "..1025.1.0");
	engine_free(e);

	e = feed_engine();
	expect_compact(e, 40, "");
	engine_free(e);
}

static void test_compact_gap(void **state)
{
	struct engine *e = feed_engine();
	struct dx_event ev;

	(void)state;
	feed_fault(e, 1000 * MS, 0);
	put_lost(e, 0, DX_PIN, 1, 1001 * MS);
	ev = feed_event(DX_UNMAP, 1002 * MS, 0);
	ev.refcount = 5;
	ev.mapcount = 1;
	feed_push(e, &ev);
	/* what came between 1 and 5 nobody knows */
	expect_compact(e, 40, "0.~1.2.~1.?.~5");
	engine_free(e);
}

static void test_dropped(void **state)
{
	struct engine_options o = { .history_bytes = 4096 };
	struct engine *e = engine_new(&o);
	struct engine_folio f;
	struct capture c;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		feed_pin(e, (1000 + 2 * i) * MS, 0, 0);
		feed_unpin(e, (1001 + 2 * i) * MS, 0);
	}
	assert_int_equal(engine_folio_get(e, FEED_PFN, &f), 0);
	assert_true(f.steps_dropped > 1800);
	view_history_text(capture_start(&c), engine_now(e), "x", &f, 0);
	{
		char want[100];

		snprintf(want, sizeof(want),
			 "\n  %llu older steps were forgotten (--history-budget)\n",
			 (unsigned long long)f.steps_dropped);
		assert_non_null(strstr(capture_text(&c), want));
	}
	capture_end(&c);
	expect_compact(e, 12, "..1.1025.1");
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),	    cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_notes),  cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_holder), cmocka_unit_test(test_compact),
		cmocka_unit_test(test_compact_gap), cmocka_unit_test(test_dropped),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_json.c - one look as JSON, and what changed since the one before */
#include <json-c/json.h>
#include "scan_view_fixture.h"
#include "view/file.h"

/* The next line of *@text as an object; NULL at the end. */
static struct json_object *next_line(const char **text)
{
	const char *end = strchr(*text, '\n');
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;

	if (!end) {
		json_tokener_free(tok);
		return NULL;
	}
	o = json_tokener_parse_ex(tok, *text, end - *text);
	assert_non_null(o);
	json_tokener_free(tok);
	*text = end + 1;
	return o;
}

static void expect_line(const char **text, const char *want)
{
	struct json_object *o = next_line(text);

	assert_non_null(o);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
								      JSON_C_TO_STRING_NOSLASHESCAPE),
			    want);
	json_object_put(o);
}

#define JSON(type) "{\"schema\":2,\"type\":\"" type "\","

static void test_json(void **state)
{
	struct scan_view v;
	struct scan *s = look_held();
	struct scan_holder h = holder(SCAN_HOLD_OPEN, 0, 0, 0, false);
	struct capture c;
	const char *text;

	(void)state;
	h.certain = false;
	h.pgmap = 1;
	h.fd = 3;
	add_holder(s, h);
	add_truncate(s, PMEM_PFN + 0x12);
	scan_add_gap(s, "sockets: this kernel's sk_buff is not known");
	scan_pgmap(s, 1)->refs_known = false;
	v = finish(s, &all);
	assert_int_equal(view_holders_json(capture_start(&c), &v, 0), 0);
	text = capture_text(&c);
	expect_line(&text,
		    JSON("scan") "\"kernel\":\"7.2.12\",\"regime\":\"current\",\"time_ns\":20000000000}");
	expect_line(
		&text,
		JSON("pgmap") "\"device\":\"pmem0\",\"driver\":\"nd_pmem\",\"memory_type\":\"fs-dax\","
			      "\"owner\":null,\"ops\":null,\"ranges\":[{\"pfn\":1048576,\"pages\":131072}],\"altmap_pages\":0,"
			      "\"dying\":false,\"walk\":\"walked\",\"pgmap_refs\":131073,\"pgmap_refs_base\":131073,"
			      "\"pgmap_refs_explained\":0,\"pgmap_refs_unexplained\":0,\"folios_in_use\":3,\"folios_mapped\":3,\"folios_pinned\":0,"
			      "\"pages_by_size\":{\"4K\":0,\"2M\":0,\"1G\":0,\"other\":0},\"bad_bytes\":0}");
	expect_line(
		&text,
		JSON("pgmap") "\"device\":\"dax0.0\",\"driver\":\"device_dax\",\"memory_type\":\"generic\","
			      "\"owner\":null,\"ops\":null,\"ranges\":[{\"pfn\":2097152,\"pages\":65536}],\"altmap_pages\":0,"
			      "\"dying\":false,\"walk\":\"walked\",\"pgmap_refs\":null,\"pgmap_refs_base\":null,\"pgmap_refs_explained\":null,\"pgmap_refs_unexplained\":null,"
			      "\"folios_in_use\":0,\"folios_mapped\":0,\"folios_pinned\":0,"
			      "\"pages_by_size\":{\"4K\":0,\"2M\":0,\"1G\":0,\"other\":0},\"bad_bytes\":0}");
	expect_line(
		&text,
		JSON("folio") "\"pfn\":1048592,\"folios\":2,\"folio_bytes\":4096,\"order\":0,\"device\":\"pmem0\","
			      "\"memory_type\":\"fs-dax\",\"refcount\":1,\"mapcount\":1,\"pins\":0,\"pins_exact\":false,"
			      "\"refcount_idle\":0,\"share\":0,\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\","
			      "\"ino\":42,\"generation\":1,\"offset_bytes\":0,\"gets\":0,\"held_pins\":0,\"held_gets\":0,\"refs_unknown\":0,"
			      "\"overput\":false,\"moving\":false,\"waits\":0,\"holders\":[{\"kind\":\"mapping\",\"certain\":true,\"pin\":false,"
			      "\"refs\":0,\"pfn\":1048592,\"pages\":3,\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"cgroup\":null,"
			      "\"fd\":null,\"object_id\":null,\"addr\":null,\"since_ns\":null,\"object\":null}]}");
	expect_line(
		&text,
		JSON("folio") "\"pfn\":1048594,\"folios\":1,\"folio_bytes\":4096,\"order\":0,\"device\":\"pmem0\","
			      "\"memory_type\":\"fs-dax\",\"refcount\":1026,\"mapcount\":1,\"pins\":1,\"pins_exact\":false,"
			      "\"refcount_idle\":0,\"share\":0,\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\","
			      "\"ino\":42,\"generation\":1,\"offset_bytes\":8192,\"gets\":1,\"held_pins\":1,\"held_gets\":1,\"refs_unknown\":0,"
			      "\"overput\":false,\"moving\":false,\"waits\":1,\"holders\":[{\"kind\":\"io_uring\",\"certain\":true,\"pin\":true,"
			      "\"refs\":1,\"pfn\":1048594,\"pages\":1,\"tgid\":812,\"pid\":813,\"comm\":\"db\","
			      "\"cgroup\":\"/system.slice/db\",\"fd\":4,\"object_id\":null,\"addr\":null,\"since_ns\":null,"
			      "\"object\":\"buffer 3\"},{\"kind\":\"pipe\",\"certain\":true,\"pin\":false,\"refs\":1,"
			      "\"pfn\":1048594,\"pages\":1,\"tgid\":900,\"pid\":900,\"comm\":\"ship\",\"cgroup\":null,\"fd\":5,"
			      "\"object_id\":99,\"addr\":139637976731648,\"since_ns\":5800000000,\"object\":null},"
			      "{\"kind\":\"mapping\",\"certain\":true,\"pin\":false,\"refs\":0,\"pfn\":1048592,\"pages\":3,"
			      "\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"cgroup\":null,\"fd\":null,\"object_id\":null,\"addr\":null,"
			      "\"since_ns\":null,\"object\":null}]}");
	expect_line(
		&text,
		JSON("holder") "\"kind\":\"open\",\"certain\":false,\"pin\":false,\"refs\":0,\"pfn\":null,"
			       "\"pages\":0,\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"cgroup\":null,\"fd\":3,\"object_id\":null,"
			       "\"addr\":null,\"since_ns\":null,\"object\":null,\"file\":null,\"device\":\"dax0.0\"}");
	expect_line(
		&text,
		JSON("wait") "\"wait\":\"layout-break\",\"task_state\":\"S\",\"tgid\":900,\"pid\":901,"
			     "\"comm\":\"truncate\",\"cgroup\":null,\"since_ns\":5800000000,\"age_ns\":14200000000,"
			     "\"pfn\":1048594,\"refcount\":1024,\"device\":\"pmem0\",\"file\":\"/mnt/db/wal.0\","
			     "\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\",\"ino\":42,\"generation\":1,\"offset_bytes\":8192,"
			     "\"kernel_stack\":[{\"symbol\":\"schedule\",\"symbol_offset_bytes\":39},{\"symbol\":\"xfs_wait_dax_page\",\"symbol_offset_bytes\":26,\"module\":\"xfs\"},"
			     "{\"symbol\":null}],"
			     "\"pfns\":[1048594],\"owner_pid\":null,\"owner_comm\":null,\"read_owned\":false,"
			     "\"chain\":[],\"chain_inferred\":false,\"entry_locked\":null,\"behind\":0}");
	expect_line(&text,
		    JSON("unbind") "\"device\":\"pmem0\",\"unbind\":\"hangs\",\"blockers\":1,\"folios\":1,\"pgmap_refs_unexplained\":0,\"openers\":0,"
				   "\"under_way\":false,\"mount\":\"/mnt/db\",\"says\":\"unbinding pmem0 would hang, because 1 folio has "
				   "pins or references; a filesystem is mounted on it at /mnt/db\"}");
	expect_line(
		&text,
		JSON("scan-summary") "\"folios\":3,\"pages\":3,\"folios_mapped\":3,\"folios_pinned\":1,\"pins\":1,\"folios_unknown\":0,"
				     "\"folios_overput\":0,\"by_device\":[{\"folios\":3,\"pages\":3,\"pins\":1,\"gets\":1,\"device\":\"pmem0\"}],"
				     "\"by_file\":[{\"folios\":3,\"pages\":3,\"pins\":1,\"gets\":1,\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"file_state\":\"current\","
				     "\"dev\":\"259:1\",\"ino\":42,\"generation\":1,\"offset_bytes\":0,\"offset_end_bytes\":12288}],"
				     "\"by_order\":[{\"folios\":3,\"pages\":3,\"pins\":1,\"gets\":1,\"order\":0}],"
				     "\"by_process\":[{\"tgid\":812,\"comm\":\"db\",\"cgroup\":\"/system.slice/db\",\"container\":null,\"pod\":null,"
				     "\"folios\":1,\"held_pins\":1,\"held_gets\":0,\"since_ns\":null},"
				     "{\"tgid\":900,\"comm\":\"ship\",\"cgroup\":null,\"container\":null,\"pod\":null,"
				     "\"folios\":1,\"held_pins\":0,\"held_gets\":1,\"since_ns\":5800000000}],"
				     "\"by_cgroup\":[{\"cgroup\":null,\"container\":null,\"pod\":null,"
				     "\"folios\":1,\"held_pins\":0,\"held_gets\":1,\"since_ns\":5800000000},"
				     "{\"cgroup\":\"/system.slice/db\",\"container\":null,\"pod\":null,"
				     "\"folios\":1,\"held_pins\":1,\"held_gets\":0,\"since_ns\":null}],\"nr_holders\":3,\"waits\":1,"
				     "\"gaps\":[\"sockets: this kernel's sk_buff is not known\"],\"interrupted\":false}");
	assert_null(next_line(&text));
	capture_end(&c);
	scan_free(s);
}

/* ---- changes, as text too ---- */

static struct scan_view look_at(int ref, uint64_t nr, uint64_t now)
{
	struct scan *s = one_look(&all);
	struct scan_view v;

	if (nr)
		add_folios(s, 0, of_file(WAL, 42, 0, ref, 1, 0), nr);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	v = finish(s, &all);
	v.now = now;
	return v;
}

static void expect_changes(const struct scan_view *a, const struct scan_view *b, const char *want)
{
	struct capture c;

	view_scan_changes_text(capture_start(&c), a, b, 18 * S);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
}

static void test_changes(void **state)
{
	struct scan_view none = look_at(0, 0, 19 * S), two = look_at(1, 2, 20 * S),
			 more = look_at(1025, 3, 21 * S);
	struct capture c;
	const char *text;

	(void)state;
	expect_changes(&two, &two, "");
	expect_changes(
		&none, &two,
		"    2.000000 + 0x100010        2   4K idle -> ref 1 map 1 pin 0  /mnt/db/wal.0:0x0\n");
	expect_changes(
		&two, &none,
		"    1.000000 - 0x100010        2   4K ref 1 map 1 pin 0 -> idle  /mnt/db/wal.0:0x0\n");
	expect_changes(
		&two, &more,
		"    3.000000 ~ 0x100010        2   4K ref 1 map 1 pin 0 -> ref 1025 map 1 pin 1  "
		"/mnt/db/wal.0:0x0\n"
		"    3.000000 + 0x100012        1   4K idle -> ref 1025 map 1 pin 1  /mnt/db/wal.0:0x2000\n");
	assert_int_equal(view_scan_changes_json(capture_start(&c), &two, &more), 0);
	text = capture_text(&c);
	expect_line(&text,
		    JSON("change") "\"time_ns\":21000000000,\"change\":\"changed\",\"pfn\":1048592,\"folios\":2,\"order\":0,"
				   "\"device\":\"pmem0\",\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\",\"ino\":42,\"generation\":1,"
				   "\"offset_bytes\":0,\"before\":{\"refcount\":1,\"mapcount\":1,\"pins\":0},"
				   "\"after\":{\"refcount\":1025,\"mapcount\":1,\"pins\":1}}");
	expect_line(
		&text,
		JSON("change") "\"time_ns\":21000000000,\"change\":\"new\",\"pfn\":1048594,\"folios\":1,\"order\":0,"
			       "\"device\":\"pmem0\",\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\",\"ino\":42,\"generation\":1,"
			       "\"offset_bytes\":8192,\"before\":null,\"after\":{\"refcount\":1025,\"mapcount\":1,\"pins\":1}}");
	assert_null(next_line(&text));
	capture_end(&c);
	scan_free(none.s);
	scan_free(two.s);
	scan_free(more.s);
}

static void test_changes_of_waits(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_view none = look_at(0, 0, 19 * S), waits;
	struct capture c;
	const char *text;

	(void)state;
	add_truncate(s, PMEM_PFN);
	waits = finish(s, &all);
	expect_changes(&none, &waits,
		       "    2.000000 + truncate[901] has waited 14.2s (S) in a layout break (truncate, hole punch) of "
		       "pmem0\n");
	expect_changes(&waits, &waits, "");
	assert_int_equal(view_scan_changes_json(capture_start(&c), &waits, &none), 0);
	text = capture_text(&c);
	expect_line(&text,
		    JSON("wait-change") "\"time_ns\":19000000000,\"change\":\"gone\",\"wait\":\"layout-break\","
					"\"task_state\":\"S\",\"tgid\":900,\"pid\":901,\"comm\":\"truncate\",\"cgroup\":null,\"since_ns\":5800000000,"
					"\"age_ns\":14200000000,\"pfn\":1048576,\"refcount\":1024,\"device\":\"pmem0\",\"file\":null,"
					"\"offset_bytes\":null}");
	capture_end(&c);
	scan_free(none.s);
	scan_free(s);
}

static void expect_file(const struct view_file *f, const char *json, const char *text)
{
	struct json_object *o = json_object_new_object();
	char out[VIEW_FILE_MAX];
	bool failed = false;

	json_add_file(o, f, &failed);
	assert_false(failed);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), json);
	assert_string_equal(file_format(out, sizeof(out), f, 80), text);
	json_object_put(o);
}

#define NUMBERS "\"dev\":\"259:1\",\"ino\":42,\"generation\":7}"

/* What is being evicted has no name; whether it was the file's end is known, or not. */
static void test_file_without_name(void **state)
{
	struct view_file f = { .dev = 259u << 20 | 1, .ino = 42, .gen = 7 };

	(void)state;
	expect_file(&f, "{\"file\":null," NUMBERS, "259:1 ino 42");
	f.links_known = true;
	expect_file(&f, "{\"file\":null,\"file_deleted\":false," NUMBERS, "259:1 ino 42");
	f.flags = DX_PATH_DELETED;
	expect_file(&f, "{\"file\":null,\"file_deleted\":true,\"file_state\":\"deleted\"," NUMBERS,
		    "(deleted) 259:1 ino 42");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_changes_of_waits),
		cmocka_unit_test(test_file_without_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_view_held.c - who holds and who waits, as the engine knows it, in words. */
#include <stdlib.h>
#include "test_engine.h"
#include "view/filter.h"
#include "view/held.h"

#define S 1000000000ull

static struct engine_holder a_holder(void)
{
	struct engine_holder h = { .pfn = PFN, .tgid = 7, .pid = 8, .nr = 1, .fd = -1 };

	strcpy(h.comm, "db\033");
	return h;
}

static void assert_held(const struct engine_holder *h, const char *expected)
{
	char text[HELD_MAX];

	assert_string_equal(held_format(text, sizeof(text), h, 20 * S), expected);
}

static void test_words(void **state)
{
	struct engine_holder h = a_holder();
	char text[HELD_MAX];

	(void)state;
	h.since = 18 * S;
	assert_held(&h, "held for 2.0s by db\\x1b[8]: 1 reference");
	h.pin = true;
	h.longterm = true;
	h.nr = 2;
	assert_held(&h, "held for 2.0s by db\\x1b[8]: 2 pins, longterm");
	h.longterm = false;
	strcpy(h.kind, "pipe");
	h.fd = 4;
	h.id = 33;
	assert_held(&h, "held for 2.0s by db\\x1b[8] pipe fd 4 pipe:[33]: 2 pins");
	h.since = 0;
	assert_held(&h, "held by db\\x1b[8] pipe fd 4 pipe:[33]: 2 pins");
	assert_string_equal(held_since_format(text, sizeof(text), &h, "0.5"),
			    "held since 0.5 by db\\x1b[8] pipe fd 4 pipe:[33]: 2 pins");
	h.candidate = true;
	strcpy(h.kind, "rdma");
	assert_held(&h, "could be held by db\\x1b[8] rdma fd 4");
	/* of another daxtop */
	h.candidate = false;
	strcpy(h.kind, "\033kind");
	assert_held(&h, "held by db\\x1b[8]: 2 pins");
	h.pid = 0;
	h.comm[0] = '\0';
	assert_held(&h, "held by the kernel: 2 pins");
}

static bool with_lock; /* somebody waits for a lock that the truncate has */

static struct engine *with_wait(void)
{
	const struct dx_look l = { .begin = 10 * S, .end = 10 * S, .first = 1 };
	const struct dx_holder h = { .pfn = PFN,
				     .nr = 1,
				     .refs = 1,
				     .flags = DX_HOLDER_CERTAIN,
				     .tgid = 7,
				     .pid = 7,
				     .fd = 5,
				     .id = 33,
				     .kind = "pipe",
				     .comm = "log" };
	const struct dx_wait w = { .time = 10 * S,
				   .since = 6 * S,
				   .pfn = PFN,
				   .pgmap = 1,
				   .ino = 12,
				   .dev = 5,
				   .index = 3,
				   .refcount = 1,
				   .kind = DX_WAIT_BREAK,
				   .tgid = 60,
				   .pid = 61,
				   .state = 'D',
				   .comm = "truncate" };
	const struct dx_wait lock = { .time = 10 * S,
				      .since = 8 * S,
				      .ino = 12,
				      .dev = 5,
				      .kind = DX_WAIT_INODE,
				      .tgid = 90,
				      .pid = 90,
				      .state = 'D',
				      .comm = "write",
				      .owner_tgid = 60,
				      .owner_pid = 61,
				      .owner_comm = "truncate" };
	struct dx_pgmap p = {
		.pgmap = 1, .pfn = PFN, .nr_pages = 1 << 18, .type = FS_DAX, .device = "pmem0"
	};
	struct dx_file_event f = { .e = { .type = DX_FILE, .time = S, .ino = 12, .dev = 5 },
				   .path = "/mnt/\033f",
				   .path_len = 7 };
	struct engine *e = engine_plain();

	assert_int_equal(put_pgmap(e, &p), 0);
	assert_int_equal(put_event(e, &f.e, sizeof(f)), 0);
	push(e, DX_SAMPLE, 9 * S, PFN, .refcount = 1, .flags = DX_F_SCAN, .ino = 12, .dev = 5,
	     .index = 3, .pgmap = 1);
	assert_int_equal(put(e, DX_REC_LOOK, &l, sizeof(l)), 0);
	assert_int_equal(put(e, DX_REC_HOLDER, &h, sizeof(h)), 0);
	assert_int_equal(put(e, DX_REC_WAIT, &w, sizeof(w)), 0);
	if (with_lock)
		assert_int_equal(put(e, DX_REC_WAIT, &lock, sizeof(lock)), 0);
	assert_int_equal(put(e, DX_REC_LOOKED, &l, sizeof(l)), 0);
	put_time(e, 11 * S);
	return e;
}

static void assert_printed(int (*view)(FILE *out, const struct snapshot *snap,
				       const struct view_filter *filter, uint64_t now),
			   const struct view_filter *filter, const char *expected)
{
	struct engine *e = with_wait();
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(view(f, engine_now(e), filter, 20 * S), 0);
	fclose(f);
	assert_string_equal(text, expected);
	free(text);
	engine_free(e);
}

/* As daxtop scan has it. */
static void test_waits(void **state)
{
	struct view_filter other = { .device = "pmem1" }, its = { .pid = 61 };
	const char *text =
		"\n! truncate[61] has waited 14.0s (D) in a layout break (truncate, hole punch) of "
		"/mnt/\\x1bf:0x3000\n"
		"    blocked by pfn 0x140000, 4K, refcount 1, pins 0, held by\n"
		"      log[7] pipe fd 5 pipe:[33], 1 ref\n"
		"      pipe: until the pipe is read, or closed by all who have it\n";

	(void)state;
	assert_printed(view_waits_text, NULL, text);
	assert_printed(view_waits_text, &its, text);
	assert_printed(view_waits_text, &other, "");
}

/* Who stands behind it, with the chain, as daxtop scan has it. */
static void test_chain(void **state)
{
	(void)state;
	with_lock = true;
	assert_printed(
		view_waits_text, NULL,
		"\n! truncate[61] has waited 14.0s (D) in a layout break (truncate, hole punch) of "
		"/mnt/\\x1bf:0x3000\n"
		"    blocked by pfn 0x140000, 4K, refcount 1, pins 0, held by\n"
		"      log[7] pipe fd 5 pipe:[33], 1 ref\n"
		"      pipe: until the pipe is read, or closed by all who have it\n"
		"    behind it: write[90]\n"
		"! write[90] has waited 12.0s (D) in a wait for the inode's lock (i_rwsem) of /mnt/\\x1bf\n"
		"    it has truncate[61] in a layout break (truncate, hole punch) of /mnt/\\x1bf:0x3000\n");
	with_lock = false;
}

static void test_held(void **state)
{
	struct view_filter other = { .pid = 8 }, its = { .pid = 7 };
	const char *text =
		"pfn 0x140000 4K /mnt/\\x1bf:0x3000: held by log[7] pipe fd 5 pipe:[33]: 1 reference\n";

	(void)state;
	assert_printed(view_held_text, NULL, text);
	assert_printed(view_held_text, &its, text);
	assert_printed(view_held_text, &other, "");
}

static void test_json(void **state)
{
	struct view_filter other = { .device = "pmem1" };

	(void)state;
	assert_printed(
		view_before_json, NULL,
		"{\"schema\":2,\"type\":\"held\",\"pfn\":1310720,\"order\":0,\"device\":\"pmem0\","
		"\"file\":\"/mnt/\\u001bf\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"0:5\",\"ino\":12,\"generation\":0,\"offset_bytes\":12288,\"tgid\":7,\"pid\":7,\"comm\":\"log\","
		"\"pin\":false,\"refs\":1,\"since_ns\":null,\"kind\":\"pipe\",\"certain\":true,\"fd\":5,"
		"\"object_id\":33}\n"
		"{\"schema\":2,\"type\":\"waiting\",\"wait\":\"layout-break\",\"tgid\":60,\"pid\":61,"
		"\"comm\":\"truncate\",\"since_ns\":6000000000,\"age_ns\":14000000000,\"pfn\":1310720,"
		"\"device\":\"pmem0\",\"file\":\"/mnt/\\u001bf\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"0:5\",\"ino\":12,\"generation\":0,\"offset_bytes\":12288,"
		"\"owner_pid\":null,\"owner_comm\":null,\"read_owned\":false,\"chain\":[],\"chain_inferred\":false,"
		"\"entry_locked\":null,\"behind\":0}\n");
	assert_printed(view_before_json, &other, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_chain),
		cmocka_unit_test(test_waits), cmocka_unit_test(test_held),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

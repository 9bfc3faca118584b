// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_feed.c - the engine's only way in: what is refused, with which words, and what is passed over. */
#include "test_engine.h"

static void refused(struct engine *e, unsigned int type, const void *payload, size_t len,
		    const char *why)
{
	uint64_t bad = stats_of(e).bad;

	assert_int_equal(put(e, type, payload, len), -EBADMSG);
	assert_int_equal(stats_of(e).bad, bad + 1);
	assert_non_null(strstr(engine_refusal(e), why));
}

static void test_lengths(void **state)
{
	static const size_t least[DX_RECORD_TYPES] = {
		[DX_REC_HELLO] = sizeof(struct dx_hello),
		[DX_REC_EVENT] = sizeof(struct dx_event),
		[DX_REC_FILE] = 136,
		[DX_REC_PGMAP] = sizeof(struct dx_pgmap),
		[DX_REC_LOST] = sizeof(struct dx_lost),
		[DX_REC_MISSED] = sizeof(struct dx_missed),
		[DX_REC_TIME] = 8,
		[DX_REC_COUNTERS] = sizeof(struct dx_rule_counts),
		[DX_REC_ASK] = sizeof(struct dx_ask),
		[DX_REC_ENDING] = 8,
		[DX_REC_END] = 8,
		[DX_REC_READY] = 8,
		[DX_REC_PATH] = sizeof(struct dx_path),
		[DX_REC_DEVICE] = sizeof(struct dx_device),
		[DX_REC_STACK] = 16,
		[DX_REC_UNKEPT] = 8,
		[DX_REC_PROBE] = sizeof(struct dx_probe),
		[DX_REC_COMMAND] = sizeof(struct dx_command),
		[DX_REC_PICTURE] = sizeof(struct dx_picture),
		[DX_REC_TASK] = sizeof(struct dx_task),
		[DX_REC_CLOCK] = sizeof(struct dx_clock),
		[DX_REC_LOOK] = sizeof(struct dx_look),
		[DX_REC_HOLDER] = sizeof(struct dx_holder),
		[DX_REC_WAIT] = sizeof(struct dx_wait),
		[DX_REC_GAP] = sizeof(struct dx_gap),
		[DX_REC_LOOKED] = sizeof(struct dx_look),
	};
	struct engine *e = engine_plain();
	uint64_t payload[200] = { 0 };
	struct dx_record r = { .len = 7, .type = DX_REC_TIME };

	(void)state;
	/* a type without a least length is one that this table has forgotten */
	for (unsigned int type = DX_REC_HELLO; type < DX_RECORD_TYPES; type++)
		refused(e, type, payload, least[type] - 1, "shorter than its type needs");
	assert_int_equal(engine_feed(e, &r, payload), -EBADMSG);
	r.len = 0;
	assert_int_equal(engine_feed(e, &r, payload), -EBADMSG);
	r.len = DX_RECORD_MAX + 1;
	assert_int_equal(engine_feed(e, &r, payload), -EBADMSG);
	assert_non_null(strstr(engine_refusal(e), "header"));
	assert_int_equal(stats_of(e).events, 0);
	engine_free(e);
}

/* A type of a later daxtop is passed over; a payload that is longer than known is taken. */
static void test_later(void **state)
{
	struct engine *e = engine_plain();
	struct {
		struct dx_event ev;
		uint64_t more;
	} longer = { .ev = EVENT(DX_INSERT, 100, PFN) };

	(void)state;
	assert_int_equal(put(e, DX_RECORD_TYPES, NULL, 0), 0);
	assert_int_equal(put(e, 0xffff, NULL, 0), 0);
	assert_int_equal(put(e, DX_REC_EVENT, &longer, sizeof(longer)), 0);
	assert_int_equal(stats_of(e).bad, 0);
	assert_int_equal(stats_of(e).events, 1);
	engine_free(e);
}

static void test_refused(void **state)
{
	struct engine *e = engine_plain();
	struct dx_pgmap p = { .pgmap = 1,
			      .pfn = PFN,
			      .nr_pages = 512,
			      .type = FS_DAX,
			      .device = "pmem0" },
			q = p;
	struct dx_file_event f = { .e = EVENT(DX_INSERT, 1, 0), .path_len = 1, .path = "/" };

	(void)state;
	q.pgmap = 0;
	refused(e, DX_REC_PGMAP, &q, sizeof(q), "no place");
	q = p;
	q.pfn = 1ull << 40;
	refused(e, DX_REC_PGMAP, &q, sizeof(q), "no place");
	q = p;
	q.dying = 2;
	refused(e, DX_REC_PGMAP, &q, sizeof(q), "no place");
	q = p;
	memset(q.device, 'x', sizeof(q.device));
	refused(e, DX_REC_PGMAP, &q, sizeof(q), "does not end");
	refused(e, DX_REC_FILE, &f, sizeof(f), "path");
	refused(e, DX_REC_EVENT, &EVENT(DX_FILE, 1, 0), sizeof(struct dx_event), "no known type");
	/* a type of memory that does not exist is none */
	p.type = 0x103;
	assert_int_equal(put_pgmap(e, &p), 0);
	push(e, DX_INSERT, 10, PFN, .pgmap = 1, .pgmap_type = 0);
	assert_int_equal(folio_of(e, PFN).pgmap_type, 0);
	engine_free(e);
}

/* What kernel it is stands in the stream: a legacy kernel's idle page has 1. */
static void test_hello(void **state)
{
	struct engine_options o = { .history_bytes = 1 << 20 };
	struct engine *e = engine_new(&o);
	struct dx_hello h = { .flags = DX_HELLO_LEGACY | DX_HELLO_INDEX_STAYS };
	struct engine_rule rule;

	(void)state;
	assert_non_null(e);
	engine_rule_get(e, DX_RULE_SHARE_MISMATCH, &rule);
	assert_false(rule.note);
	assert_int_equal(put(e, DX_REC_HELLO, &h, sizeof(h)), 0);
	engine_rule_get(e, DX_RULE_SHARE_MISMATCH, &rule);
	assert_true(rule.note);
	assert_int_equal(idle_count(e, FS_DAX), 1);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

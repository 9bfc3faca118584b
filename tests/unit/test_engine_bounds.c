// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_bounds.c - budgets, malformed records, names, memory that runs out. */
#include "test_engine.h"

static void test_history_budget(void **state)
{
	/* room for ten steps */
	struct engine *e = engine_with(10 * sizeof(struct step) + 5, 0);

	(void)state;
	for (int i = 0; i < 8; i++)
		push(e, DX_INSTALL_PFN, 100 + i, PFN);
	for (int i = 0; i < 4; i++)
		push(e, DX_BREAK_BUSY, 200 + i, PFN + 1);
	/* the oldest two of all are gone: both of the first folio */
	assert_int_equal(folio_of(e, PFN).steps_dropped, 2);
	assert_int_equal(folio_of(e, PFN + 1).steps_dropped, 0);
	assert_int_equal(stats_of(e).steps, 10);
	assert_int_equal(stats_of(e).steps_dropped, 2);
	assert_int_equal(stats_of(e).bytes_history, 10 * sizeof(struct step));
	assert_history(e, PFN,
		       "install-pfn 0>0 m0 p0\ninstall-pfn 0>0 m0 p0\n"
		       "install-pfn 0>0 m0 p0\ninstall-pfn 0>0 m0 p0\n"
		       "install-pfn 0>0 m0 p0\ninstall-pfn 0>0 m0 p0\n");
	/* then all of it; the folio stays, and says what it forgot */
	for (int i = 0; i < 7; i++)
		push(e, DX_BREAK_BUSY, 300 + i, PFN + 1);
	assert_history(e, PFN, "");
	assert_int_equal(folio_of(e, PFN).steps_dropped, 8);
	assert_int_equal(folio_of(e, PFN + 1).steps_dropped, 1);
	push(e, DX_REMOVE, 400, PFN);
	assert_history(e, PFN, "remove 0>0 m0 p0\n");
	assert_int_equal(folio_of(e, PFN).steps_dropped, 8);
	assert_int_equal(stats_of(e).steps_dropped, 10);
	engine_free(e);
}

static int count_step(const struct engine_step *s, void *arg)
{
	uint64_t *n = arg;

	(void)s;
	++*n;
	return 0;
}

/* Three folios that take turns, many times around a small ring: every step is kept or counted. */
static void test_history_ring(void **state)
{
	struct engine *e = engine_with(7 * sizeof(struct step), 0);
	uint64_t made[3] = { 0 }, kept, all;

	(void)state;
	for (uint64_t i = 0; i < 2000; i++) {
		/* runs of one and more, and one folio that is seldom seen */
		int which = i % 31 == 0 ? 2 : i * 5 / 3 % 2;

		push(e, DX_INSTALL_PFN, 100 + i, PFN + which);
		made[which]++;
		all = 0;
		for (int k = 0; k < 3; k++) {
			if (!made[k])
				continue;
			kept = 0;
			assert_int_equal(engine_history(e, PFN + k, count_step, &kept), 0);
			assert_int_equal(folio_of(e, PFN + k).steps_dropped + kept, made[k]);
			all += kept;
		}
		assert_int_equal(all, i < 7 ? i + 1 : 7);
	}
	engine_free(e);
}

static void test_no_history(void **state)
{
	struct engine *e = engine_with(0, 0);

	(void)state;
	push_first_fault(e, 100, PFN);
	assert_history(e, PFN, "");
	assert_counts(e, PFN, 1, 1, 0);
	assert_int_equal(folio_of(e, PFN).steps_dropped, 5);
	assert_int_equal(stats_of(e).bytes_history, 0);
	engine_free(e);
}

static void test_max_folios(void **state)
{
	struct engine_options o = { .history_bytes = 4096, .max_folios = 3 };
	struct engine *e = engine_new(&o);
	struct engine_folio f;

	(void)state;
	for (int i = 0; i < 5; i++)
		push(e, DX_FAULT, 100, PFN + i, .flags = DX_F_INSTALL, .since = 5, .ref_install = 1,
		     .refcount = 1, .mapcount = 1);
	assert_int_equal(stats_of(e).folios[0], 3);
	assert_int_equal(stats_of(e).folios_refused, 2);
	assert_int_equal(engine_folio_get(e, PFN + 3, &f), -ENOENT);
	/* known ones go on */
	push(e, DX_UNMAP, 200, PFN + 2, .refcount = 1, .mapcount = 1);
	assert_counts(e, PFN + 2, 1, 0, 0);
	engine_free(e);
}

static void push_bad(struct engine *e, struct dx_event ev, size_t len)
{
	uint64_t bad = stats_of(e).bad;

	assert_int_equal(put_event(e, &ev, len), -EBADMSG);
	assert_int_equal(stats_of(e).bad, bad + 1);
}

#define PUSH_BAD(e, ...) push_bad(e, EVENT(__VA_ARGS__), sizeof(struct dx_event))

static void test_malformed(void **state)
{
	struct engine *e = engine_plain();
	struct dx_file_event f = { .e = EVENT(DX_FILE, 100, 0, .dev = 1, .ino = 5) };

	(void)state;
	push_bad(e, EVENT(DX_INSERT, 100, PFN), 127);
	push_bad(e, EVENT(DX_INSERT, 100, PFN), 0);
	PUSH_BAD(e, DX_NONE, 100, PFN);
	PUSH_BAD(e, DX_EVENT_TYPES, 100, PFN);
	PUSH_BAD(e, 0xffff, 100, PFN);
	/* no folio is there, or so large */
	PUSH_BAD(e, DX_INSERT, 100, 1ull << 40);
	PUSH_BAD(e, DX_INSERT, 100, UINT64_MAX);
	PUSH_BAD(e, DX_INSERT, 100, PFN + 1, .order = 9);
	PUSH_BAD(e, DX_INSERT, 100, PFN, .order = 19);
	PUSH_BAD(e, DX_INSERT, 100, 0, .order = 255);
	PUSH_BAD(e, DX_INSERT, 100, 0, .order = 32);
	/* nothing pinned, mapped, ... */
	PUSH_BAD(e, DX_PIN, 100, PFN, .nr = 0);
	PUSH_BAD(e, DX_GET, 100, PFN, .nr = 0);
	PUSH_BAD(e, DX_UNPIN, 100, PFN, .nr = 0);
	PUSH_BAD(e, DX_UNMAP, 100, PFN, .nr = 0);
	PUSH_BAD(e, DX_INSTALL, 100, PFN, .nr = 0);
	/* installed before time began */
	PUSH_BAD(e, DX_FAULT, 100, PFN, .since = 101);
	/* a path that isn't there */
	push_bad(e, f.e, offsetof(struct dx_file_event, path) - 1);
	f.path_len = DX_PATH_LEN;
	assert_int_equal(put_event(e, &f.e, sizeof(f)), -EBADMSG);
	f.path_len = 10;
	assert_int_equal(put_event(e, &f.e, offsetof(struct dx_file_event, path) + 9), -EBADMSG);
	f.path_len = UINT32_MAX;
	assert_int_equal(put_event(e, &f.e, sizeof(f)), -EBADMSG);
	assert_int_equal(stats_of(e).bad, 21);
	assert_int_equal(stats_of(e).events, 0);
	assert_null(engine_file(e, 1, 5, 0).path);
	/* as long as it says is enough; a NUL inside ends it */
	memcpy(f.path, "/ab\0cdefgh", 10);
	f.path_len = 10;
	assert_int_equal(put_event(e, &f.e, offsetof(struct dx_file_event, path) + 10), 0);
	assert_string_equal(engine_file(e, 1, 5, 0).path, "/ab");
	assert_int_equal(stats_of(e).bad, 21);
	engine_free(e);
}

/* Numbers at their limits: no overflow (the sanitizers watch), nothing wraps. */
static void test_extremes(void **state)
{
	static const int32_t value[] = { INT32_MIN, -1, 0, 1, 1023, 1024, INT32_MAX };
	struct engine *e = engine_plain();
	struct engine_folio f;
	int n = 0;

	(void)state;
	for (unsigned int type = 1; type < DX_EVENT_TYPES; type++) {
		for (unsigned int i = 0; i < 7 * 7 * 2; i++) {
			if (type == DX_FILE)
				continue;
			if (type == DX_VIOLATION) {
				push(e, type, 1000 + n, PFN, .arg = 1 + i % 17, .ret = i % DX_DETAILS,
				     .ref_first = value[i % 7], .since = UINT32_MAX - i,
				     .stack = value[i / 7 % 7], .order = 255, .nr = UINT32_MAX,
				     .index = UINT64_MAX, .addr = UINT64_MAX, .level = 255);
				n++;
				continue;
			}
			push(e, type, 1000 + n, PFN, .refcount = value[i % 7],
			     .mapcount = value[i / 7 % 7], .pincount = value[(i + 3) % 7],
			     .ref_first = value[(i + 1) % 7], .ref_install = value[(i + 2) % 7],
			     .map_install = value[(i + 4) % 7], .since = i,
			     .flags = (i * 0x9e3779b9u) & ~(DX_F_NO_FOLIO | DX_F_ZERO),
			     .order = i & 1 ? 9 : 0, .nr = i & 2 ? UINT32_MAX : 1,
			     .index = i & 4 ? UINT64_MAX : 7, .ino = i, .ret = value[(i + 5) % 7]);
			n++;
		}
	}
	assert_int_equal(stats_of(e).events, n);
	assert_int_equal(engine_folio_get(e, PFN, &f), 0);
	/* an offset that can't be kept is not told wrong */
	push(e, DX_INSERT, 100000, PFN + 1, .dev = 1, .ino = 5, .index = 1ull << 44);
	assert_int_equal(folio_of(e, PFN + 1).ino, 0);
	push(e, DX_INSERT, 100000, PFN + 1, .dev = 1, .ino = 5, .index = (1ull << 44) - 1);
	assert_int_equal(folio_of(e, PFN + 1).index, (1ull << 44) - 1);
	engine_free(e);
}

/* Times far apart, from 0 to the end of it. */
static void test_times(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_INSTALL_PFN, 1ull << 60, PFN);
	assert_int_equal(folio_of(e, PFN).first_time, 1ull << 60);
	push(e, DX_INSTALL_PFN, (1ull << 60) + 12345678901ull, PFN);
	assert_int_equal(folio_of(e, PFN).last_time, (1ull << 60) + 12345678901ull);
	push(e, DX_INSTALL_PFN, 0, PFN + 1);
	push(e, DX_INSTALL_PFN, UINT64_MAX, PFN + 1);
	assert_int_equal(stats_of(e).late, 1);
	assert_int_equal(stats_of(e).now, UINT64_MAX);
	/* 13 days before the first event is as far back as a folio's times go */
	assert_int_equal(folio_of(e, PFN + 1).first_time, (1ull << 60) - (1ull << 50));
	engine_free(e);
}

/* Random bytes: whatever happens is defined. */
static void test_noise(void **state)
{
	struct engine *e = engine_with(4096, 1000);
	uint64_t seed = 88172645463325252ull;
	struct dx_file_event f;
	size_t len;
	int rc;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		unsigned char *byte = (unsigned char *)&f;

		for (size_t k = 0; k < 160; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			byte[k] = seed >> 32;
		}
		f.e.type %= 24;
		if (i % 8) {
			/* so that some are taken */
			f.e.pfn %= 3000;
			f.e.order = (f.e.order & 3) == 3 ? 9 : 0;
			f.e.pfn = f.e.pfn >> f.e.order << f.e.order;
			f.e.time %= 1000000;
			f.path_len %= 32;
		}
		len = i % 3 ? sizeof(f.e) : sizeof(f.e) + 32;
		rc = put_event(e, &f.e, len);
		assert_true(!rc || rc == -EBADMSG);
	}
	put_time(e, UINT64_MAX);
	assert_true(stats_of(e).bad > 0);
	assert_true(stats_of(e).events > 100000);
	assert_int_equal(stats_of(e).bad + stats_of(e).events, 200000);
	engine_free(e);
}

/* Names of every kind are kept as they are; what is behind a NUL doesn't count. */
static void test_comm(void **state)
{
	struct engine *e = engine_plain();
	struct dx_event ev = EVENT(DX_INSERT, 100, PFN);

	(void)state;
	memcpy(ev.comm, "\x1b]0;x\a\n\xff\0junk", 14);
	assert_int_equal(put_event(e, &ev, sizeof(ev)), 0);
	assert_string_equal(folio_of(e, PFN).last_comm, "\x1b]0;x\a\n\xff");
	memcpy(ev.comm, "\x1b]0;x\a\n\xff\0JUNK", 14);
	assert_int_equal(put_event(e, &ev, sizeof(ev)), 0);
	assert_int_equal(e->tasks.nr, 2);
	memset(ev.comm, 'z', DX_COMM_LEN);
	assert_int_equal(put_event(e, &ev, sizeof(ev)), 0);
	assert_string_equal(folio_of(e, PFN).last_comm, "zzzzzzzzzzzzzzzz");
	assert_int_equal(e->tasks.nr, 3);
	engine_free(e);
}

/* A machine that makes tasks without end: those that nothing names are forgotten, no others. */
static void test_tasks(void **state)
{
	struct engine *e = engine_with(100 * sizeof(struct step), 0);
	bool right = true;

	(void)state;
	/* one that only a holder names */
	push(e, DX_PIN, 1, PFN, .tgid = 7, .pid = 7, .comm = "holder", .refcount = 1024);
	push(e, DX_INSTALL_PFN, 2, PFN, .tgid = 8, .pid = 8, .comm = "other", .refcount = 1024);
	for (uint32_t i = 0; i < 100000; i++) {
		push(e, DX_INSTALL_PFN, 10 + i, PFN + 1, .tgid = 10 + i, .pid = 10 + i,
		     .comm = "short");
		/* one that lasts, seen now and then */
		if (i % 50 == 0)
			push(e, DX_REMOVE, 10 + i, PFN + 1, .tgid = 9, .pid = 9);
		/* all steps there are */
		for (uint32_t slot = 0; slot < e->history.used; slot++) {
			const struct step *s = step_ptr(&e->history, slot);
			const struct task *task = task_ptr(&e->tasks, STEP_TASK(s->what));

			if (s->time >= 10)
				right &= task->tgid ==
					 (STEP_CAUSE(s->what) == DX_REMOVE ? 9 : s->time);
		}
	}
	assert_true(right);
	assert_true(e->tasks.nr <= 16384);
	assert_holders(e, PFN, "pin 7/7 holder x1 @1\n");
	assert_string_equal(folio_of(e, PFN).last_comm, "other");
	assert_int_equal(folio_of(e, PFN + 1).last_tgid, 100009);
	engine_free(e);
}

static int fail_after;

static void *failing_realloc(void *p, size_t size)
{
	if (fail_after-- <= 0)
		return NULL;
	return realloc(p, size);
}

/* One event of everything. Returns whether all of it was taken. */
static bool one_of_each(struct engine *e)
{
	bool good = true;
	struct engine_folio f;
	struct dx_pgmap p = { .pgmap = 1, .nr_pages = 1 };
	struct text t = { .len = 0 };

	for (uint64_t i = 0; i < 600; i++) {
		struct dx_event ev = EVENT(DX_PIN, 1000 - i % 7, PFN + i, .tgid = i,
					   .refcount = 1024, .dev = 1, .ino = i);

		good &= !put_event(e, &ev, sizeof(ev));
		ev = EVENT(DX_BREAK_BUSY, 1000, PFN + i, .pid = i, .refcount = 1024);
		good &= !put_event(e, &ev, sizeof(ev));
		ev = EVENT(DX_FAULT, 1001, PFN + i, .flags = DX_F_INSTALL, .since = 900, .pgmap = i);
		good &= !put_event(e, &ev, sizeof(ev));
	}
	for (uint64_t i = 0; i < 70; i++) {
		struct dx_file_event file = { .e = EVENT(DX_FILE, 1, 0, .ino = i) };

		file.path_len = 1;
		file.path[0] = '/';
		good &= !put_event(e, &file.e, sizeof(file));
	}
	good &= !put_pgmap(e, &p);
	put_time(e, UINT64_MAX);
	if (!engine_folio_get(e, PFN, &f))
		engine_history(e, PFN, text_step, &t);
	t.len = 0;
	engine_holders(e, PFN, text_holder, &t);
	/* a shortage during put_time() is told by the next push */
	struct dx_event last = EVENT(DX_MODULE, 2000, 0);

	good &= !put_event(e, &last, sizeof(last));
	return good;
}

/* Memory runs out at each allocation in turn: said, and survived. */
static void test_no_memory(void **state)
{
	struct engine_options o = { .history_bytes = 1 << 16, .window_ns = 500 };
	struct engine *e;
	bool good = false;
	int made = 0, told = 0;

	(void)state;
	for (int n = 0; !good; n++) {
		assert_true(n < 1000);
		fail_after = n;
		engine_realloc = failing_realloc;
		e = engine_new(&o);
		if (e) {
			made++;
			good = one_of_each(e);
			told += !good;
			/* memory is back: it works as if nothing had been */
			engine_realloc = realloc;
			assert_int_equal(put_event(e, &EVENT(DX_INSERT, 5000, 77),
						   sizeof(struct dx_event)),
					 0);
			put_time(e, UINT64_MAX);
			assert_counts(e, 77, 0, 0, 0);
		}
		engine_free(e);
	}
	engine_realloc = realloc;
	assert_true(made > 10);
	assert_true(told > 10);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(engine_cause_name(DX_FAULT), "fault");
	assert_string_equal(engine_cause_name(DX_INSTALL_PFN), "install-pfn");
	assert_string_equal(engine_cause_name(DX_PGMAP_RELEASE), "pgmap-release");
	assert_string_equal(engine_cause_name(DX_MODULE), "module");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_FAULT_REF), "fault-ref");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_FAULT_PUT), "fault-put");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_ZAP_PUT), "zap-put");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_FORK), "fork");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_GET_PUT), "get-put");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_UNKNOWN), "unknown");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_SPLIT), "split");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_RESET), "reset");
	for (unsigned int i = 0; i < 70000; i++)
		assert_non_null(engine_cause_name(i));
	/* none is missing: "?" is for what doesn't exist */
	for (unsigned int i = 0; i < DX_EVENT_TYPES; i++)
		assert_string_not_equal(engine_cause_name(i), "?");
	assert_string_equal(engine_cause_name(DX_EVENT_TYPES), "?");
	assert_string_equal(engine_cause_name(ENGINE_CAUSE_RESET + 1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_history_budget), cmocka_unit_test(test_history_ring),
		cmocka_unit_test(test_no_history),     cmocka_unit_test(test_max_folios),
		cmocka_unit_test(test_malformed),      cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_times),	       cmocka_unit_test(test_noise),
		cmocka_unit_test(test_comm),	       cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_snapshot.c - snapshots stay as they were, share what did not change, and give their memory back. */
#include "test_engine.h"

#define FOLIOS 3000u
#define FILES  40u

static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) * n >> 32;
}

/* ---- all answers of a snapshot, as one number for each kind ---- */

struct answers {
	uint64_t folios, steps, holders, waits, findings, pgmaps, files, rules, stats;
	const struct snapshot *s;
};

static void mix(uint64_t *sum, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		*sum = (*sum ^ *p++) * 0x100000001b3ull;
}

static void mix_text(uint64_t *sum, const char *s)
{
	mix(sum, s ? s : "", s ? strlen(s) + 1 : 0);
}

static void mix_folio(uint64_t *sum, const struct engine_folio *f)
{
	struct engine_folio plain = *f;

	mix_text(sum, f->path);
	mix_text(sum, f->device);
	plain.path = plain.device = NULL;
	/* the compiler's holes are no answer */
	mix(sum, &plain.pfn, sizeof(plain.pfn));
	mix(sum, &plain.order, sizeof(plain.order));
	mix(sum, &plain.refcount, sizeof(plain.refcount));
	mix(sum, &plain.mapcount, sizeof(plain.mapcount));
	mix(sum, &plain.pincount, sizeof(plain.pincount));
	mix(sum, &plain.ino, sizeof(plain.ino));
	mix(sum, &plain.gen, sizeof(plain.gen));
	mix(sum, &plain.path_flags, sizeof(plain.path_flags));
	mix(sum, &plain.path_tgid, sizeof(plain.path_tgid));
	mix(sum, &plain.index, sizeof(plain.index));
	mix(sum, &plain.first_time, sizeof(plain.first_time));
	mix(sum, &plain.last_time, sizeof(plain.last_time));
	mix(sum, &plain.last_tgid, sizeof(plain.last_tgid));
	mix(sum, plain.last_comm, sizeof(plain.last_comm));
	mix(sum, &plain.nr_holders, sizeof(plain.nr_holders));
	mix(sum, &plain.steps_dropped, sizeof(plain.steps_dropped));
	*sum = *sum * 31 + (plain.doubtful | plain.predates << 1 | plain.mapped_entry << 2 |
			    plain.waited << 3 | plain.ref_inferred << 4);
}

static int step_asked(const struct engine_step *s, void *arg)
{
	struct answers *a = arg;

	mix(&a->steps, &s->time, sizeof(s->time));
	mix(&a->steps, &s->cause, sizeof(s->cause));
	mix(&a->steps, &s->ref_before, sizeof(s->ref_before));
	mix(&a->steps, &s->ref_after, sizeof(s->ref_after));
	mix(&a->steps, &s->tgid, sizeof(s->tgid));
	mix(&a->steps, s->comm, sizeof(s->comm));
	return 0;
}

static int holder_asked(const struct engine_holder *h, void *arg)
{
	struct answers *a = arg;

	mix(&a->holders, &h->pfn, sizeof(h->pfn));
	mix(&a->holders, &h->tgid, sizeof(h->tgid));
	mix(&a->holders, h->comm, sizeof(h->comm));
	mix(&a->holders, &h->nr, sizeof(h->nr));
	mix(&a->holders, &h->since, sizeof(h->since));
	mix(&a->holders, h->kind, sizeof(h->kind));
	mix(&a->holders, &h->gone, sizeof(h->gone));
	return 0;
}

static int folio_asked(const struct engine_folio *f, void *arg)
{
	struct answers *a = arg;
	struct engine_folio got;

	mix_folio(&a->folios, f);
	assert_int_equal(snapshot_folio_get(a->s, f->pfn, &got), 0);
	assert_int_equal(got.pfn, f->pfn);
	mix_folio(&a->folios, &got);
	assert_int_equal(snapshot_history(a->s, f->pfn, step_asked, a), 0);
	if (f->nr_holders)
		assert_int_equal(snapshot_holders(a->s, f->pfn, holder_asked, a), 0);
	return 0;
}

static int wait_asked(const struct engine_wait *w, void *arg)
{
	struct answers *a = arg;

	mix(&a->waits, &w->pid, sizeof(w->pid));
	mix(&a->waits, &w->since, sizeof(w->since));
	mix(&a->waits, &w->pfn, sizeof(w->pfn));
	return 0;
}

static int finding_asked(const struct engine_finding *f, void *arg)
{
	struct answers *a = arg;

	mix(&a->findings, &f->nr, sizeof(f->nr));
	mix(&a->findings, &f->rule, sizeof(f->rule));
	mix(&a->findings, &f->count, sizeof(f->count));
	mix(&a->findings, &f->over, sizeof(f->over));
	mix(&a->findings, &f->last_time, sizeof(f->last_time));
	mix_text(&a->findings, f->why);
	mix_folio(&a->findings, &f->folio);
	return 0;
}

static int pgmap_asked(const struct engine_pgmap *p, void *arg)
{
	struct answers *a = arg;

	mix(&a->pgmaps, &p->pgmap, sizeof(p->pgmap));
	mix(&a->pgmaps, &p->folios, sizeof(p->folios));
	mix(&a->pgmaps, &p->gone, sizeof(p->gone));
	mix_text(&a->pgmaps, p->device);
	return 0;
}

static struct answers ask(const struct snapshot *s)
{
	struct answers a = { .s = s };
	struct engine_stats st;
	struct engine_rule rule;

	assert_int_equal(snapshot_folios(s, ENGINE_FOLIO_ALL, folio_asked, &a), 0);
	assert_int_equal(snapshot_holders(s, UINT64_MAX, holder_asked, &a), 0);
	assert_int_equal(snapshot_waits(s, wait_asked, &a), 0);
	assert_int_equal(snapshot_findings(s, finding_asked, &a), 0);
	assert_int_equal(snapshot_pgmaps(s, pgmap_asked, &a), 0);
	/* those that come later are not there */
	for (uint32_t i = FOLIOS; i < 2 * FOLIOS; i++) {
		struct engine_folio f;
		int err = snapshot_folio_get(s, PFN + i, &f);

		mix(&a.folios, &err, sizeof(err));
	}
	for (uint32_t i = 0; i < FILES; i++) {
		const struct engine_file f = snapshot_file(s, 1, 100 + i, 0);

		mix_text(&a.files, f.path);
		mix(&a.files, &f.path_flags, sizeof(f.path_flags));
		mix(&a.files, &f.path_tgid, sizeof(f.path_tgid));
	}
	for (unsigned int i = 1; i < DX_RULES; i++) {
		snapshot_rule_get(s, i, &rule);
		mix(&a.rules, &rule.checked, sizeof(rule.checked));
		mix(&a.rules, &rule.broken, sizeof(rule.broken));
	}
	snapshot_stats(s, &st);
	mix(&a.stats, &st, sizeof(st));
	return a;
}

static void assert_same(const struct snapshot *s, const struct answers *then)
{
	struct answers now = ask(s);

	assert_true(now.folios == then->folios);
	assert_true(now.steps == then->steps);
	assert_true(now.holders == then->holders);
	assert_true(now.waits == then->waits);
	assert_true(now.findings == then->findings);
	assert_true(now.pgmaps == then->pgmaps);
	assert_true(now.files == then->files);
	assert_true(now.rules == then->rules);
	assert_true(now.stats == then->stats);
	assert_false(snapshot_inconclusive(s, NULL));
}

/* ---- what is fed ---- */

static struct engine *engine_ready(uint32_t folios, bool no_rules)
{
	struct engine_options o = { .history_bytes = 2000 * sizeof(struct step),
				    .leak_ns = 1000,
				    .no_rules = no_rules };
	struct dx_pgmap p = {
		.pgmap = PMEM0, .pfn = PFN, .nr_pages = 1 << 18, .type = FS_DAX, .device = "pmem0"
	};
	struct engine *e = engine_new(&o);

	assert_non_null(e);
	seed = 88172645463325252ull;
	assert_int_equal(put_pgmap(e, &p), 0);
	for (uint32_t i = 0; i < folios; i++)
		push(e, DX_FAULT, 1000 + i, PFN + i, .flags = DX_F_INSTALL | DX_F_INSERT,
		     .since = 1, .ref_install = 1, .refcount = 1, .mapcount = 1, .dev = 1,
		     .ino = 100 + i % FILES, .index = i);
	return e;
}

static void name(struct engine *e, uint64_t time, uint32_t file)
{
	struct dx_file_event f = { .e = EVENT(DX_FILE, time, 0, .ino = 100 + file, .dev = 1) };

	f.path_len = snprintf(f.path, sizeof(f.path), "/mnt/%u/%u", file, rnd(1000));
	f.path_flags = rnd(2) ? DX_PATH_DELETED : 0;
	assert_int_equal(put_event(e, &f.e, sizeof(f)), 0);
}

static void a_look(struct engine *e, uint64_t time)
{
	struct dx_look l = { .begin = time, .end = time, .first = 1, .last = 0 };

	assert_int_equal(put(e, DX_REC_LOOK, &l, sizeof(l)), 0);
	for (uint32_t i = rnd(6); i; i--) {
		struct dx_holder h = { .tgid = 100 + rnd(30),
				       .pfn = PFN + rnd(FOLIOS),
				       .nr = 1 + rnd(4),
				       .refs = 1,
				       .kind = "pipe",
				       .flags = DX_HOLDER_CERTAIN };

		assert_int_equal(put(e, DX_REC_HOLDER, &h, sizeof(h)), 0);
	}
	assert_int_equal(put(e, DX_REC_LOOKED, &l, sizeof(l)), 0);
}

/* Anything at all, in order of time. */
static void feed_one(struct engine *e, uint64_t time)
{
	static const uint8_t types[] = { DX_PIN,    DX_PIN,    DX_UNPIN,     DX_UNPIN,	DX_FAULT,
					 DX_UNMAP,  DX_FREE,   DX_GET,	     DX_REMOVE, DX_INSERT,
					 DX_SAMPLE, DX_SAMPLE, DX_BREAK_BUSY };
	uint32_t i = rnd(2 * FOLIOS), task = rnd(50);
	uint32_t what = rnd(1000);

	if (what < 5) {
		name(e, time, rnd(FILES));
	} else if (what < 7) {
		a_look(e, time);
	} else if (what < 9) {
		push(e, DX_TASK_GONE, time, 0, .tgid = 100 + task, .pid = 0);
	} else if (what < 11) {
		push(e, DX_VIOLATION, time, PFN + i, .arg = DX_RULE_PIN_IMBALANCE,
		     .ret = DX_D_PINCOUNT, .stack = rnd(4), .ino = 100 + i % FILES, .dev = 1);
	} else if (what < 12) {
		/* a folio of 2M, and back */
		push(e, DX_INSERT, time, PFN + (i & ~511u), .order = 9, .ino = 100, .dev = 1);
	} else {
		push(e, types[rnd(sizeof(types))], time, PFN + i, .tgid = 100 + task,
		     .pid = 100 + task, .refcount = rnd(4) * 1024 + rnd(3), .mapcount = rnd(3),
		     .nr = 1, .dev = 1, .ino = 100 + i % FILES, .index = i, .flags = DX_F_INSTALL,
		     .ref_install = 1);
	}
}

/* ---- tests ---- */

static void test_stays(void **state)
{
	struct engine *e = engine_ready(FOLIOS, false);
	const struct snapshot *s;
	struct answers then;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		feed_one(e, 10000 + i);
	s = snapshot_take(e);
	assert_non_null(s);
	then = ask(s);
	for (uint32_t i = 0; i < 100000; i++) {
		feed_one(e, 30000 + i);
		if (i % 25000 == 0)
			assert_same(s, &then);
	}
	assert_same(s, &then);
	/* and when the engine is no more */
	engine_free(e);
	assert_same(s, &then);
	snapshot_put(s);
}

/* Several at once, each of its own moment, put in any order. */
static void test_several(void **state)
{
	static const unsigned int orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 } };

	(void)state;
	for (size_t n = 0; n < sizeof(orders) / sizeof(*orders); n++) {
		struct engine *e = engine_ready(FOLIOS, false);
		const struct snapshot *s[4];
		struct answers then[4];
		uint64_t time = 10000;

		for (unsigned int k = 0; k < 4; k++) {
			for (uint32_t i = 0; i < 5000; i++)
				feed_one(e, time++);
			s[k] = snapshot_take(e);
			assert_non_null(s[k]);
			then[k] = ask(s[k]);
		}
		assert_true(then[0].folios != then[1].folios);
		for (unsigned int k = 0; k < 4; k++) {
			for (uint32_t i = 0; i < 1000; i++)
				feed_one(e, time++);
			for (unsigned int held = k; held < 4; held++)
				assert_same(s[orders[n][held]], &then[orders[n][held]]);
			/* a second reader's reference */
			snapshot_put(snapshot_get(s[orders[n][k]]));
			assert_same(s[orders[n][k]], &then[orders[n][k]]);
			snapshot_put(s[orders[n][k]]);
		}
		engine_free(e);
	}
}

static uint64_t copied(struct engine *e)
{
	return stats_of(e).chunks_copied;
}

/* What is copied is what is written, once for a snapshot: a chunk of folios, of holders, and so on. */
static void test_copies(void **state)
{
	struct engine *e = engine_ready(60000, true);
	const struct snapshot *s;
	struct engine_stats st;
	uint64_t was;

	(void)state;
	/* nobody has a snapshot; judges look at folios when they like, so there are none */
	for (uint32_t i = 0; i < 1000; i++)
		push(e, DX_UNMAP, 100000, PFN + 7, .refcount = 1, .mapcount = 1);
	assert_int_equal(copied(e), 0);
	s = snapshot_take(e);
	assert_int_equal(copied(e), 0);
	/* one folio, again and again: its chunk, and the steps' */
	for (uint32_t i = 0; i < 50; i++)
		push(e, DX_UNMAP, 100000, PFN + 7, .refcount = 1, .mapcount = 1, .tgid = 1,
		     .pid = 1, .comm = "");
	/* a chunk of folios, one or two of steps, and one of tasks, for the one that is new */
	was = copied(e);
	assert_true(was >= 2);
	assert_true(was <= 4);
	st = stats_of(e);
	assert_true(st.bytes_copied < was << 14);
	/* one of each 256: all chunks, and not once more */
	for (uint32_t i = 0; i < 60000; i += 200)
		push(e, DX_UNMAP, 100000, PFN + i, .refcount = 1, .mapcount = 1, .tgid = 1,
		     .pid = 1, .comm = "");
	assert_true(copied(e) - was >= 60000 / 256);
	assert_true(copied(e) - was <= 60000 / 256 + 10);
	was = copied(e);
	for (uint32_t i = 0; i < 60000; i += 100)
		push(e, DX_UNMAP, 100000, PFN + i, .refcount = 1, .mapcount = 1, .tgid = 1,
		     .pid = 1, .comm = "");
	assert_true(copied(e) - was <= 10);
	/* who is put before anything is written costs nothing */
	snapshot_put(s);
	was = copied(e);
	s = snapshot_take(e);
	snapshot_put(s);
	for (uint32_t i = 0; i < 60000; i += 100)
		push(e, DX_UNMAP, 100000, PFN + i, .refcount = 1, .mapcount = 1, .tgid = 1,
		     .pid = 1, .comm = "");
	assert_int_equal(copied(e), was);
	engine_free(e);
}

/* Memory that snapshots took is counted, and comes back. */
static void test_memory(void **state)
{
	struct engine *e = engine_ready(FOLIOS, false);
	const struct snapshot *a, *b;
	uint64_t time = 10000;
	size_t was, all;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		feed_one(e, time++);
	put_time(e, time);
	was = stats_of(e).bytes_all;
	a = snapshot_take(e);
	all = stats_of(e).bytes_all;
	assert_true(all > was);
	/* it shares the folios */
	assert_true(all - was < stats_of(e).bytes_folios);
	for (uint32_t i = 0; i < 2 * FOLIOS; i++)
		push(e, DX_UNMAP, time, PFN + i, .refcount = 1, .mapcount = 1);
	assert_true(stats_of(e).bytes_all > all + FOLIOS * sizeof(struct folio));
	b = snapshot_take(e);
	snapshot_put(a);
	snapshot_put(b);
	for (uint32_t i = 0; i < 2 * FOLIOS; i++)
		push(e, DX_UNMAP, time, PFN + i, .refcount = 1, .mapcount = 1);
	/* no more than before, but for a task that is new */
	assert_true(stats_of(e).bytes_all <= was + 3 * 256 * sizeof(struct folio));
	all = stats_of(e).bytes_all;
	a = snapshot_take(e);
	b = snapshot_take(e);
	snapshot_put(b);
	snapshot_put(a);
	assert_int_equal(stats_of(e).bytes_all, all);
	engine_free(e);
}

/* What a look found stays in the snapshot, though a process ends that it found. */
static void test_look(void **state)
{
	struct engine *e = engine_ready(FOLIOS, false);
	struct dx_look l = { .begin = 5000, .end = 5000, .first = 1 };
	struct dx_holder h = {
		.nr = 1, .refs = 1, .kind = "pipe", .flags = DX_HOLDER_CERTAIN, .start = 1
	};
	const struct snapshot *s;
	struct answers then, now;

	(void)state;
	assert_int_equal(put(e, DX_REC_LOOK, &l, sizeof(l)), 0);
	for (uint32_t i = 0; i < 10; i++) {
		h.tgid = 200 + i;
		h.pfn = PFN + i;
		assert_int_equal(put(e, DX_REC_HOLDER, &h, sizeof(h)), 0);
	}
	assert_int_equal(put(e, DX_REC_LOOKED, &l, sizeof(l)), 0);
	s = snapshot_take(e);
	then = ask(s);
	push(e, DX_TASK_GONE, 6000, 0, .tgid = 203, .pid = 0);
	assert_same(s, &then);
	snapshot_put(s);
	s = snapshot_take(e);
	now = ask(s);
	assert_true(now.holders != then.holders);
	snapshot_put(s);
	engine_free(e);
}

static int part_asked(const struct engine_folio *f, void *arg)
{
	*(struct engine_folio *)arg = *f;
	return 1;
}

/* What is not wanted of a folio is not looked up. */
static void test_parts(void **state)
{
	struct engine *e = engine_ready(1, false);
	const struct snapshot *s;
	struct engine_folio f;

	(void)state;
	name(e, 5000, 0);
	for (int i = 0; i < 3000; i++)
		push(e, DX_PIN, 6000, PFN, .refcount = 1025, .mapcount = 1, .pincount = 1);
	s = snapshot_take(e);
	assert_int_equal(snapshot_folios(s, 0, part_asked, &f), 1);
	assert_int_equal(f.pfn, PFN);
	assert_int_equal(f.refcount, 1025);
	assert_null(f.path);
	assert_null(f.device);
	assert_int_equal(f.last_tgid | f.last_comm[0] | f.nr_holders | f.steps_dropped | f.ino, 0);
	snapshot_folios(s, ENGINE_FOLIO_FILE, part_asked, &f);
	assert_string_equal(f.device, "pmem0");
	assert_memory_equal(f.path, "/mnt/0/", 7);
	assert_int_equal(f.last_tgid | f.nr_holders | f.steps_dropped, 0);
	snapshot_folios(s, ENGINE_FOLIO_TASK, part_asked, &f);
	assert_string_equal(f.last_comm, "app");
	assert_null(f.path);
	snapshot_folios(s, ENGINE_FOLIO_HOLDERS, part_asked, &f);
	assert_true(f.nr_holders > 0);
	snapshot_folios(s, ENGINE_FOLIO_STEPS, part_asked, &f);
	assert_true(f.steps_dropped > 0);
	snapshot_put(s);
	engine_free(e);
}

/* ---- memory that runs out ---- */

static int left;

static void *scarce(void *p, size_t size)
{
	return left-- > 0 ? realloc(p, size) : NULL;
}

/* There is a snapshot or there is none. */
static void test_no_memory_to_take(void **state)
{
	struct engine *e = engine_ready(FOLIOS, false);
	const struct snapshot *s = NULL;
	struct answers then, now;
	uint64_t time = 10000;
	size_t was;
	int n;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		feed_one(e, time++);
	was = stats_of(e).bytes_all;
	for (n = 0; !s; n++) {
		assert_true(n < 100);
		assert_int_equal(stats_of(e).bytes_all, was);
		left = n;
		engine_realloc = scarce;
		s = snapshot_take(e);
		engine_realloc = realloc;
	}
	assert_true(n > 5);
	then = ask(s);
	snapshot_put(s);
	s = snapshot_take(e);
	now = ask(s);
	assert_true(now.folios == then.folios);
	snapshot_put(s);
	engine_free(e);
}

/* No memory for a copy: the engine goes on, the snapshot says that it is not whole, and its strings are there. */
static void test_torn(void **state)
{
	struct engine *e = engine_ready(FOLIOS, false);
	const struct snapshot *s, *later;
	const char *path, *why = NULL;

	(void)state;
	name(e, 5000, 3);
	s = snapshot_take(e);
	path = snapshot_file(s, 1, 103, 0).path;
	assert_non_null(path);
	assert_false(snapshot_inconclusive(s, NULL));
	left = 0;
	engine_realloc = scarce;
	push(e, DX_UNMAP, 20000, PFN + 7, .refcount = 1, .mapcount = 1);
	engine_realloc = realloc;
	assert_counts(e, PFN + 7, 1, 0, 0);
	assert_true(snapshot_inconclusive(s, &why));
	assert_string_equal(why, "memory was short");
	/* a new one is whole */
	later = snapshot_take(e);
	assert_false(snapshot_inconclusive(later, NULL));
	left = 0;
	engine_realloc = scarce;
	{
		struct dx_file_event f = { .e = EVENT(DX_FILE, 30000, 0, .ino = 103, .dev = 1) };

		f.path_len = snprintf(f.path, sizeof(f.path), "/new");
		assert_int_equal(put_event(e, &f.e, sizeof(f)), -ENOMEM);
	}
	engine_realloc = realloc;
	assert_memory_equal(path, "/mnt/3/", 7);
	assert_string_equal(snapshot_file(later, 1, 103, 0).path, path);
	snapshot_put(later);
	snapshot_put(s);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stays),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_no_memory_to_take),
		cmocka_unit_test(test_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

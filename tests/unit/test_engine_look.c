// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_look.c - what looks find, and what it changes: holders, waits, leaks; when one is asked for. */
#include "test_rule.h"

#define PIN(e, t, ref)                                                                \
	push(e, DX_PIN, t, PFN, .tgid = 30, .pid = 31, .comm = "db", .refcount = ref, \
	     .mapcount = 1, .stack = 8)

static struct dx_holder pipe_of(uint32_t tgid, uint32_t refs)
{
	return (struct dx_holder){
		.pfn = PFN,
		.nr = 1,
		.refs = refs,
		.flags = DX_HOLDER_CERTAIN,
		.tgid = tgid,
		.pid = tgid,
		.start = 1,
		.fd = 4,
		.id = 77,
		.object = 1,
		.kind = "pipe",
		.comm = "log",
	};
}

/* A look at @time, at the files of all pages, that finds these. */
static void look(struct engine *e, uint64_t time, uint32_t flags, const struct dx_holder *h,
		 size_t nr, const struct dx_wait *w)
{
	const struct dx_look l = { .begin = time, .end = time, .last = UINT64_MAX, .flags = flags };

	assert_int_equal(put(e, DX_REC_LOOK, &l, sizeof(l)), 0);
	for (size_t i = 0; i < nr; i++)
		assert_int_equal(put(e, DX_REC_HOLDER, &h[i], sizeof(h[i])), 0);
	if (w)
		assert_int_equal(put(e, DX_REC_WAIT, w, sizeof(*w)), 0);
	assert_int_equal(put(e, DX_REC_LOOKED, &l, sizeof(l)), 0);
}

static int held_text(const struct engine_holder *h, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%s%u %s%u %s %d %llu\n",
			   h->candidate ? "? " : "", h->tgid, h->pin ? "pins " : "refs ", h->nr,
			   h->kind[0] ? h->kind : "-", h->fd, (unsigned long long)h->id);
	return 0;
}

static void assert_held(struct engine *e, uint64_t pfn, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_holders(e, pfn, held_text, &t), 0);
	assert_string_equal(t.buf, expected);
}

static struct world one(int32_t ref, int32_t map)
{
	return (struct world){ .folio = { { PFN, ref, map, 0, 0, 0, false } } };
}

/* A folio that is held from before: a scan's sample. */
static void known(struct engine *e, uint64_t time, int32_t ref)
{
	push(e, DX_SAMPLE, time, PFN, .refcount = ref, .flags = DX_F_SCAN, .ino = 12, .dev = 5);
}

static void test_holder(void **state)
{
	struct engine *e = engine_rules();
	struct dx_holder h[2] = { pipe_of(40, 1), pipe_of(30, 1) };

	(void)state;
	known(e, T0, 3);
	put_time(e, T0 + S);
	look(e, T0 + S, 0, h, 2, NULL);
	assert_held(e, PFN, "30 refs 1 pipe 4 77\n40 refs 1 pipe 4 77\n");
	assert_held(e, UINT64_MAX, "30 refs 1 pipe 4 77\n40 refs 1 pipe 4 77\n");
	/* a reference that an event tells of, and by what it is held: one holder */
	push(e, DX_GET, T0 + 2 * S, PFN, .tgid = 30, .pid = 31, .refcount = 3, .stack = 8);
	put_time(e, T0 + 3 * S);
	assert_held(e, PFN, "30 refs 1 pipe 4 77\n40 refs 1 pipe 4 77\n");
	/* idle: nobody has it, and who takes it then is another one */
	push(e, DX_FREE, T0 + 4 * S, PFN);
	push(e, DX_PIN, T0 + 5 * S, PFN, .tgid = 50, .pid = 50, .refcount = 1024, .stack = 8);
	put_time(e, T0 + 6 * S);
	assert_held(e, PFN, "50 pins 1 - -1 0\n");
	engine_free(e);
}

/* The look was first, and the folio's first event comes then. */
static void test_known_later(void **state)
{
	struct engine *e = engine_rules();
	struct dx_holder h = pipe_of(40, 1);

	(void)state;
	look(e, T0, 0, &h, 1, NULL);
	known(e, T0 + S, 1);
	put_time(e, T0 + 2 * S);
	assert_held(e, PFN, "40 refs 1 pipe 4 77\n");
	engine_free(e);
}

/* Its process ends: it does not hold any more, and who else does is asked, once. */
static void test_gone(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);
	struct dx_holder h = pipe_of(40, 1);

	(void)state;
	known(e, T0, 1);
	look(e, T0 + S, 0, &h, 1, NULL);
	world_run(e, &w, T0 + S, T0 + 3 * S);
	assert_int_equal(w.asked[ENGINE_ASK_LOOK], 0);
	assert_held(e, PFN, "40 refs 1 pipe 4 77\n");
	w.gone[0].tgid = 40;
	world_run(e, &w, T0 + 3 * S, T0 + 6 * S);
	assert_held(e, PFN, "");
	assert_int_equal(w.asked[ENGINE_ASK_LOOK], 1);
	engine_free(e);
}

/* The number is another one's by now. */
static void test_reused(void **state)
{
	struct engine *e = engine_rules();
	struct dx_holder h = pipe_of(40, 1);

	(void)state;
	known(e, T0, 1);
	h.start = T0 + S;
	look(e, T0 + 2 * S, 0, &h, 1, NULL);
	push(e, DX_TASK_GONE, T0 + 3 * S, 0, .tgid = 40, .pid = 0, .addr = T0 + S);
	put_time(e, T0 + 4 * S);
	assert_held(e, PFN, "40 refs 1 pipe 4 77\n");
	engine_free(e);
}

static int wait_text(const struct engine_wait *w, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%u kind %u %c since %llu%s\n",
			   w->pid, w->kind, w->state ? w->state : '-',
			   (unsigned long long)(w->since / S), w->predates ? " before" : "");
	return 0;
}

static void assert_waits(struct engine *e, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_waits(e, wait_text, &t), 0);
	assert_string_equal(t.buf, expected);
}

static const struct dx_wait a_wait = {
	.time = T0 + S,
	.since = T0 - 50 * S,
	.pfn = PFN,
	.ino = 12,
	.dev = 5,
	.refcount = 1,
	.kind = DX_WAIT_BREAK,
	.tgid = 60,
	.pid = 61,
	.state = 'D',
	.comm = "truncate",
};

/* It is a stall of before the trace; the folio that is idle ends it. */
static void test_wait(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);
	struct dx_holder h = pipe_of(40, 1);

	(void)state;
	known(e, T0, 1);
	look(e, T0 + S, 0, &h, 1, &a_wait);
	put_time(e, T0 + S);
	assert_waits(e, "61 kind 1 D since 50 before\n");
	assert_int_equal(stats_of(e).waited, 1);
	world_run(e, &w, T0 + S, T0 + 2 * S);
	assert_findings(e, "1 stall-break-layout inconclusive x1 pfn+0 refs 0 by 60\n");
	w.folio[0].ref = 0;
	world_run(e, &w, T0 + 2 * S, T0 + 3 * S);
	assert_waits(e, "");
	assert_int_equal(stats_of(e).waited, 0);
	assert_held(e, PFN, "");
	engine_free(e);
}

/* What was told before the look was read after it: the end that belongs to a wait of before does not end this one. */
static void test_wait_order(void **state)
{
	struct engine *e = engine_rules_with((struct engine_options){ .window_ns = S });
	struct dx_wait again = a_wait;

	(void)state;
	/* what the first look of a trace finds is known at once */
	known(e, T0 - 10 * S, 1);
	again.time = T0 - 9 * S;
	look(e, T0 - 9 * S, 0, NULL, 0, &again);
	assert_waits(e, "61 kind 1 D since 50 before\n");
	again.time = a_wait.time;
	again.since = T0 + 900 * MS;
	look(e, T0 + S, 0, NULL, 0, &again);
	push(e, DX_BREAK_DONE, T0 + 800 * MS, 0, .tgid = 60, .pid = 61, .ino = 12, .dev = 5);
	put_time(e, T0 + 3 * S);
	assert_waits(e, "61 kind 1 D since 100 before\n");
	push(e, DX_BREAK_DONE, T0 + 4 * S, 0, .tgid = 60, .pid = 61, .ino = 12, .dev = 5);
	put_time(e, T0 + 6 * S);
	assert_waits(e, "");
	engine_free(e);
}

/* memunmap_pages(): the pgmap is dying, and only a look knows who called it. */
static void test_wait_pgmap(void **state)
{
	struct engine *e = engine_rules();
	struct dx_wait w = a_wait;

	(void)state;
	set_pgmap(e, 9, PFN, FS_DAX);
	w.kind = DX_WAIT_MEMUNMAP;
	w.pgmap = 9;
	w.pfn = 0;
	look(e, T0 + S, 0, NULL, 0, &w);
	assert_waits(e, "61 kind 3 - since 50 before\n");
	engine_free(e);
}

/*
 * For a locked entry: no event tells of it. It is there until the next look does not find it, or until the
 * task does something, or is gone.
 */
static void test_wait_entry(void **state)
{
	struct engine *e = engine_rules();
	struct world world = one(0, 0);
	struct dx_wait w = a_wait;
	uint64_t looks;

	(void)state;
	w.kind = DX_WAIT_ENTRY;
	w.pfn = 0;
	look(e, T0 + S, 0, NULL, 0, &w);
	assert_waits(e, "61 kind 4 D since 50 before\n");
	/* another wake-up is no new wait */
	w.time = T0 + 2 * S;
	w.since = T0 + 2 * S;
	look(e, T0 + 2 * S, 0, NULL, 0, &w);
	assert_waits(e, "61 kind 4 D since 50 before\n");
	/* what it did before, and what others do */
	push(e, DX_FAULT, T0 + 1900 * MS, PFN, .tgid = 60, .pid = 61, .since = 1);
	push(e, DX_FAULT, T0 + 2100 * MS, PFN, .tgid = 60, .pid = 62, .since = 1);
	assert_waits(e, "61 kind 4 D since 50 before\n");
	/* looked for again, as nothing may come of it */
	looks = world.asked[ENGINE_ASK_LOOK];
	world_run(e, &world, T0 + 3 * S, T0 + 6 * S);
	assert_int_equal(world.asked[ENGINE_ASK_LOOK], looks);
	world_run(e, &world, T0 + 6 * S, T0 + 7 * S + 500 * MS);
	assert_int_equal(world.asked[ENGINE_ASK_LOOK], looks + 1);
	push(e, DX_FAULT, T0 + 9 * S, PFN, .tgid = 60, .pid = 61, .since = 1);
	put_time(e, T0 + 9 * S);
	assert_waits(e, "");
	w.time = w.since = T0 + 10 * S;
	look(e, T0 + 10 * S, 0, NULL, 0, &w);
	assert_waits(e, "61 kind 4 D since 110 before\n");
	push(e, DX_TASK_GONE, T0 + 11 * S, 0, .tgid = 60);
	put_time(e, T0 + 11 * S);
	assert_waits(e, "");
	look(e, T0 + 12 * S, 0, NULL, 0, &w);
	assert_waits(e, "61 kind 4 D since 110 before\n");
	look(e, T0 + 13 * S, 0, NULL, 0, NULL);
	assert_waits(e, "");
	engine_free(e);
}

static int lock_text(const struct engine_wait *w, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len,
			   "%u kind %u owner %s[%u]%s%s mm %u\n", w->pid, w->kind, w->owner_comm,
			   w->owner_pid, w->writes ? " writes" : "", w->read_owned ? " read" : "",
			   w->mm_tgid);
	return 0;
}

/* For a lock: the same. It is another wait than one for an entry of the same thread. */
static void test_wait_lock(void **state)
{
	struct engine *e = engine_rules();
	struct dx_wait w = a_wait;
	struct text t = { .len = 0 };

	(void)state;
	w.kind = DX_WAIT_ENTRY;
	w.pfn = 0;
	look(e, T0 + S, 0, NULL, 0, &w);
	w.kind = DX_WAIT_MMAP;
	w.time = w.since = T0 + 2 * S;
	w.writes = w.read_owned = 1;
	w.owner_tgid = 70;
	w.owner_pid = 71;
	w.mm_tgid = 70;
	strcpy(w.owner_comm, "db");
	look(e, T0 + 2 * S, 0, NULL, 0, &w);
	assert_waits(e, "61 kind 7 D since 102 before\n");
	assert_int_equal(engine_waits(e, lock_text, &t), 0);
	assert_string_equal(t.buf, "61 kind 7 owner db[71] writes read mm 70\n");
	push(e, DX_FAULT, T0 + 3 * S, PFN, .tgid = 60, .pid = 61, .since = 1);
	put_time(e, T0 + 3 * S);
	assert_waits(e, "");
	engine_free(e);
}

/* Who stands behind a wait that lasts is looked for, though it is known who holds the page. */
static void test_behind(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1025, 0);
	uint64_t looks;

	(void)state;
	look(e, T0, 0, NULL, 0, NULL);
	push_first_fault(e, T0, PFN);
	PIN(e, T0 + 500 * MS, 1025);
	push(e, DX_UNMAP, T0 + S, PFN, .refcount = 1025, .mapcount = 1);
	push(e, DX_BREAK_BUSY, T0 + 2 * S, PFN, .refcount = 1024, .tgid = 60, .pid = 61, .ino = 12,
	     .dev = 5);
	world_run(e, &w, T0 + 2 * S, T0 + 3500 * MS);
	looks = w.asked[ENGINE_ASK_LOOK];
	world_run(e, &w, T0 + 4 * S, T0 + 5 * S);
	assert_true(w.asked[ENGINE_ASK_LOOK] > looks);
	engine_free(e);
}

/* Pinned by 30, which exits: nobody is left, as far as events tell. */
static void leaked_pin(struct engine *e)
{
	push_first_fault(e, T0, PFN);
	PIN(e, T0 + 500 * MS, 1025);
	push(e, DX_UNMAP, T0 + S, PFN, .refcount = 1025, .mapcount = 1);
}

/* Answers a look that is asked for with @h. Returns how many were. */
static unsigned int run_with(struct engine *e, struct world *w, uint64_t from, uint64_t to,
			     const struct dx_holder *h, uint32_t flags)
{
	uint64_t before = w->asked[ENGINE_ASK_LOOK];
	unsigned int nr = 0;

	for (uint64_t t = from; t <= to; t += 250 * MS) {
		world_run(e, w, t, t);
		if (w->asked[ENGINE_ASK_LOOK] == before)
			continue;
		before = w->asked[ENGINE_ASK_LOOK];
		look(e, t, flags, h, h ? 1 : 0, NULL);
		nr++;
	}
	return nr;
}

/* A look that finds nobody is asked for before it is called a leak; nobody answers: it is one all the same. */
static void test_leak(void **state)
{
	for (int answered = 0; answered < 2; answered++) {
		struct engine *e = engine_rules();
		struct world w = one(1024, 0);

		(void)state;
		w.gone[0].tgid = 30;
		look(e, T0 - S, 0, NULL, 0, NULL);
		leaked_pin(e);
		if (answered) {
			assert_int_equal(run_with(e, &w, T0 + S, T0 + 14 * S, NULL, 0), 1);
		} else {
			world_run(e, &w, T0 + S, T0 + 30 * S);
			assert_findings(e, "");
			world_run(e, &w, T0 + 30 * S, T0 + 50 * S);
		}
		assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
		engine_free(e);
	}
}

/* ... and one that finds a ring that another process inherited: no leak, until that one exits. */
static void test_leak_refuted(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);
	struct dx_holder h = pipe_of(40, 1);

	(void)state;
	h.flags |= DX_HOLDER_PIN;
	strcpy(h.kind, "io_uring");
	w.gone[0].tgid = 30;
	look(e, T0 - S, 0, NULL, 0, NULL);
	leaked_pin(e);
	assert_int_equal(run_with(e, &w, T0 + S, T0 + 60 * S, &h, 0), 1);
	assert_findings(e, "");
	w.gone[1].tgid = 40;
	run_with(e, &w, T0 + 60 * S, T0 + 90 * S, NULL, 0);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
}

/* Somebody could hold it, or be where nobody could look: not proven. */
static void test_leak_unsure(void **state)
{
	for (int unsure = 0; unsure < 2; unsure++) {
		struct engine *e = engine_rules();
		struct world w = one(1024, 0);
		struct dx_holder h = pipe_of(40, 0);

		(void)state;
		h.nr = h.pfn = 0;
		h.flags = 0;
		h.last = UINT64_MAX;
		w.gone[0].tgid = 30;
		look(e, T0 - S, 0, NULL, 0, NULL);
		leaked_pin(e);
		run_with(e, &w, T0 + S, T0 + 14 * S, unsure ? NULL : &h, unsure ? DX_LOOK_UNSURE : 0);
		assert_findings(e, "1 folio-leak suspected x1 pfn+0 pins 1 by 30\n");
		if (!unsure)
			assert_held(e, PFN, "30 pins 1 - -1 0\n? 40 refs 0 pipe 4 77\n");
		engine_free(e);
	}
}

/* However much there is to ask for: once a second at most. */
static void test_limit(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	look(e, T0, 0, NULL, 0, NULL);
	known(e, T0, 1);
	for (uint64_t t = T0; t < T0 + 20 * S; t += 250 * MS) {
		struct dx_holder h = pipe_of(40, 1);

		look(e, t, 0, &h, 1, NULL);
		push(e, DX_TASK_GONE, t, 0, .tgid = 40, .pid = 0);
		world_run(e, &w, t, t);
	}
	assert_uint_in_range(w.asked[ENGINE_ASK_LOOK], 18, 21);
	engine_free(e);
}

static void test_refused(void **state)
{
	struct engine *e = engine_rules();
	struct dx_holder h = pipe_of(40, 1), bad = h;
	struct dx_wait w = a_wait;
	struct dx_gap g;

	(void)state;
	memset(bad.kind, 'x', sizeof(bad.kind));
	assert_int_equal(put(e, DX_REC_HOLDER, &bad, sizeof(bad)), -EBADMSG);
	bad = h;
	bad.nr = 0;
	assert_int_equal(put(e, DX_REC_HOLDER, &bad, sizeof(bad)), -EBADMSG);
	bad = h;
	bad.pfn = UINT64_MAX;
	assert_int_equal(put(e, DX_REC_HOLDER, &bad, sizeof(bad)), -EBADMSG);
	w.kind = DX_WAIT_KINDS;
	assert_int_equal(put(e, DX_REC_WAIT, &w, sizeof(w)), -EBADMSG);
	w = a_wait;
	w.since = w.time + 1;
	assert_int_equal(put(e, DX_REC_WAIT, &w, sizeof(w)), -EBADMSG);
	memset(&g, 'x', sizeof(g));
	assert_int_equal(put(e, DX_REC_GAP, &g, sizeof(g)), -EBADMSG);
	/* outside of a look it is nobody's */
	assert_int_equal(put(e, DX_REC_HOLDER, &h, sizeof(h)), 0);
	known(e, T0, 1);
	assert_held(e, PFN, "");
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holder),	    cmocka_unit_test(test_known_later),
		cmocka_unit_test(test_gone),	    cmocka_unit_test(test_reused),
		cmocka_unit_test(test_wait),	    cmocka_unit_test(test_wait_order),
		cmocka_unit_test(test_wait_pgmap),  cmocka_unit_test(test_wait_lock),
		cmocka_unit_test(test_behind),	    cmocka_unit_test(test_wait_entry),
		cmocka_unit_test(test_leak),	    cmocka_unit_test(test_leak_refuted),
		cmocka_unit_test(test_leak_unsure), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

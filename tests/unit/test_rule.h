/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_RULE_H
#define DAXTOP_TEST_RULE_H
/*
 * test_rule.h - what the tests of the rules share: findings as text, and a world
 * that answers what the engine asks, some times a second, as a session does.
 */
#include "test_engine.h"
#include "../../src/engine/judge/finding.h"
#include "../../src/rule/rule.h"

#define MS	  1000000ull
#define S	  1000000000ull
#define T0	  (100 * S) /* when the trace begins */
#define LEAK	  (10 * S)
#define STALL	  (10 * S)
#define WORLD_MAX 8

static inline struct engine *engine_rules(void)
{
	return engine_plain();
}

static inline struct engine *engine_rules_with(struct engine_options o)
{
	struct engine *e;

	if (!o.history_bytes)
		o.history_bytes = 1 << 16;
	e = engine_new(&o);
	assert_non_null(e);
	return e;
}

/* What the kernel has. */
struct world {
	struct {
		uint64_t pfn;
		int32_t ref, map, pin;
		uint8_t order, type;
		bool none; /* no ZONE_DEVICE page */
	} folio[WORLD_MAX];
	struct {
		uint64_t id;
		int64_t refs, base;
		uint32_t flags;
	} pgmap[WORLD_MAX];
	struct {
		uint32_t tgid;
		uint64_t reused; /* since when another has the number, 0: nobody */
	} gone[WORLD_MAX];
	uint64_t asked[ENGINE_ASK_LOOK + 1]; /* by enum engine_ask_what */
	unsigned int per_call; /* room for questions, 0: 64 */
};

static inline void world_folio(struct engine *e, const struct world *w, uint64_t time, uint64_t pfn)
{
	for (int i = 0; i < WORLD_MAX; i++) {
		if (!w->folio[i].pfn || w->folio[i].pfn != pfn)
			continue;
		push(e, DX_SAMPLE, time, pfn, .refcount = w->folio[i].ref,
		     .mapcount = w->folio[i].map, .pincount = w->folio[i].pin,
		     .order = w->folio[i].order,
		     .pgmap_type = w->folio[i].type ? w->folio[i].type : FS_DAX,
		     .flags = w->folio[i].none ? DX_F_NO_FOLIO : 0, .tgid = 0, .pid = 0, .comm = "");
	}
}

static inline void world_answer(struct engine *e, struct world *w, uint64_t time)
{
	struct engine_ask ask[64];
	size_t n = put_ask(e, ask, w->per_call ? w->per_call : 64);

	assert_uint_in_range(n, 0, w->per_call ? w->per_call : 64);
	for (size_t i = 0; i < n; i++) {
		w->asked[ask[i].what]++;
		if (ask[i].what == ENGINE_ASK_FOLIO)
			world_folio(e, w, time, ask[i].pfn);
		for (int k = 0; k < WORLD_MAX; k++) {
			if (ask[i].what == ENGINE_ASK_PGMAP && w->pgmap[k].id == ask[i].pgmap)
				push(e, DX_PGMAP_REFS, time, 0, .pgmap = ask[i].pgmap,
				     .addr = w->pgmap[k].refs, .index = w->pgmap[k].base,
				     .flags = w->pgmap[k].flags);
			if (ask[i].what == ENGINE_ASK_TASK && w->gone[k].tgid == ask[i].tgid &&
			    (!w->gone[k].reused || ask[i].since < w->gone[k].reused))
				push(e, DX_TASK_GONE, time, 0, .tgid = ask[i].tgid, .pid = 0,
				     .addr = w->gone[k].reused);
		}
	}
}

/* Time goes from @from to @to, the end included, and questions are answered every 250 ms. */
static inline void world_run(struct engine *e, struct world *w, uint64_t from, uint64_t to)
{
	for (uint64_t t = from; t <= to; t += 250 * MS) {
		put_time(e, t);
		world_answer(e, w, t);
	}
}

static inline int text_finding(const struct engine_finding *f, void *arg)
{
	static const char *const level[] = { "proven", "suspected", "inconclusive" };
	struct text *t = arg;
	const struct rule *r = rule_get(f->rule);

	assert_non_null(r);
	assert_true((f->why == NULL) == (f->confidence == ENGINE_PROVEN));
	assert_true(f->over == (f->end_time != 0));
	assert_true(f->count >= 1);
	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%u %s %s x%llu", f->nr, r->id,
			   level[f->confidence], (unsigned long long)f->count);
	if (f->folio.pfn)
		t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, " pfn+%llu",
				   (unsigned long long)(f->folio.pfn - PFN));
	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, " %s%u by %u%s%s\n",
			   f->leaked_pins ? "pins " : "refs ", f->nr_refs, f->tgid,
			   f->note ? " note" : "", f->over ? " over" : "");
	assert_true(t->len < sizeof(t->buf));
	return 0;
}

static inline void assert_findings(struct engine *e, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_findings(e, text_finding, &t), 0);
	assert_string_equal(t.buf, expected);
}

static inline int copy_finding(const struct engine_finding *f, void *arg)
{
	struct engine_finding *out = arg;

	if (f->nr != out->nr)
		return 0;
	*out = *f;
	return 1;
}

static inline struct engine_finding finding_of(struct engine *e, uint32_t nr)
{
	struct engine_finding f = { .nr = nr };

	assert_int_equal(engine_findings(e, copy_finding, &f), 1);
	return f;
}

static inline struct engine_rule rule_of(struct engine *e, enum dx_rule rule)
{
	struct engine_rule r;

	engine_rule_get(e, rule, &r);
	return r;
}

static inline void set_pgmap(struct engine *e, uint64_t id, uint64_t pfn, uint8_t type)
{
	struct dx_pgmap p = { .pgmap = id, .pfn = pfn, .nr_pages = 1 << 18, .type = type };

	strcpy(p.device, type == GENERIC ? "dax0.0" : "pmem0");
	assert_int_equal(put_pgmap(e, &p), 0);
}
#endif

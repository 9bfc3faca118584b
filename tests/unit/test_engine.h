/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_ENGINE_H
#define DAXTOP_TEST_ENGINE_H
/* test_engine.h - what the tests of the engine share: events and histories as text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/engine/apply/state.h"
#include "../records.h"

/* cmocka before 2.0 has one for integers of both kinds, which 2.0 calls deprecated. */
#ifndef assert_uint_in_range
#define assert_uint_in_range(value, low, high) assert_in_range(value, low, high)
#endif

#define FS_DAX	MEMORY_DEVICE_FS_DAX
#define GENERIC MEMORY_DEVICE_GENERIC
#define PMEM0	0xffff888100000000ull /* a pgmap */
#define PFN	0x140000ull

static inline struct engine *engine_with(size_t history, uint64_t window)
{
	struct engine_options o = { .history_bytes = history, .window_ns = window };
	struct engine *e = engine_new(&o);

	assert_non_null(e);
	return e;
}

/* An engine that applies each event at once. */
static inline struct engine *engine_plain(void)
{
	return engine_with(1 << 20, 0);
}

/*
 * An event of FS DAX; what a test minds is set behind and wins:
 * push(e, DX_UNMAP, 10, PFN, .refcount = 1, .mapcount = 1);
 */
#pragma GCC diagnostic ignored "-Woverride-init"
#define EVENT(type_, time_, pfn_, ...)            \
	((struct dx_event){ .type = type_,        \
			    .time = time_,        \
			    .pfn = pfn_,          \
			    .pgmap = PMEM0,       \
			    .pgmap_type = FS_DAX, \
			    .nr = 1,              \
			    .tgid = 100,          \
			    .pid = 101,           \
			    .comm = "app",        \
			    .stack = -1,          \
			    ##__VA_ARGS__ })
#define push(e, ...)                                                              \
	do {                                                                      \
		struct dx_event ev_ = EVENT(__VA_ARGS__);                         \
		assert_int_equal(put_event(e, &ev_, sizeof(ev_)), 0);             \
		/* an answer, too, is applied at once where there is no window */ \
		if (!(e)->opt.window_ns)                                          \
			put_time(e, ev_.time);                                    \
	} while (0)

/* The first 4K write fault of a page: inserted, installed at time - 2, ended. */
#define push_first_fault(e, time, pfn)                                                      \
	push(e, DX_FAULT, time, pfn, .flags = DX_F_INSERT | DX_F_INSTALL | DX_F_WRITE,      \
	     .ref_first = 0, .ref_install = 1, .map_install = 0, .since = 2, .refcount = 1, \
	     .mapcount = 1, .ret = VM_FAULT_NOPAGE, .dev = 259 << 20, .ino = 12, .index = (pfn)-PFN)

/* One line a step: cause, '?' if inferred, counts, '!' if after a loss. */
struct text {
	char buf[4096];
	size_t len;
};

static inline int text_step(const struct engine_step *s, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%s%s %d>%d m%d p%d%s\n",
			   engine_cause_name(s->cause), s->observed ? "" : "?", s->ref_before,
			   s->ref_after, s->mapcount, s->pincount, s->after_loss ? " !" : "");
	assert_true(t->len < sizeof(t->buf));
	return 0;
}

static inline void assert_history(struct engine *e, uint64_t pfn, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_history(e, pfn, text_step, &t), 0);
	assert_string_equal(t.buf, expected);
}

static inline int text_holder(const struct engine_holder *h, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%s %u/%u %s x%u @%llu%s\n",
			   h->pin ? "pin" : "get", h->tgid, h->pid, h->comm, h->nr,
			   (unsigned long long)h->since, h->longterm ? " longterm" : "");
	assert_true(t->len < sizeof(t->buf));
	return 0;
}

static inline void assert_holders(struct engine *e, uint64_t pfn, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_holders(e, pfn, text_holder, &t), 0);
	assert_string_equal(t.buf, expected);
}

static inline struct engine_folio folio_of(struct engine *e, uint64_t pfn)
{
	struct engine_folio f;

	assert_int_equal(engine_folio_get(e, pfn, &f), 0);
	return f;
}

static inline struct engine_stats stats_of(const struct engine *e)
{
	struct engine_stats st;

	engine_stats_get(e, &st);
	return st;
}

static inline void assert_counts(struct engine *e, uint64_t pfn, int ref, int map, int pin)
{
	struct engine_folio f = folio_of(e, pfn);

	assert_int_equal(f.refcount, ref);
	assert_int_equal(f.mapcount, map);
	assert_int_equal(f.pincount, pin);
}
#endif

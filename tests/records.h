/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_RECORDS_H
#define DAXTOP_TEST_RECORDS_H
/* records.h - what the tests, the benches and the fuzzers feed the engine with: a record a call. */
#include <errno.h>
#include <string.h>
#include "engine/engine.h"
#include "snapshot.h"

/* Returns what engine_feed() does. @len: of the payload, bytes. */
static inline int put(struct engine *e, unsigned int type, const void *payload, size_t len)
{
	const struct dx_record r = { .len = sizeof(r) + len, .type = type };

	return engine_feed(e, &r, payload);
}

static inline int put_event(struct engine *e, const struct dx_event *ev, size_t len)
{
	return put(e, ev->type == DX_FILE ? DX_REC_FILE : DX_REC_EVENT, ev, len);
}

/* UINT64_MAX: nothing comes any more. */
static inline void put_time(struct engine *e, uint64_t time)
{
	const struct dx_time t = { time };

	put(e, time == UINT64_MAX ? DX_REC_END : DX_REC_TIME, &t, sizeof(t));
}

static inline void put_lost(struct engine *e, unsigned int cpu, unsigned int type, uint64_t nr,
			    uint64_t time)
{
	const struct dx_lost l = { .time = time, .nr = nr, .cpu = cpu, .type = type };

	put(e, DX_REC_LOST, &l, sizeof(l));
}

static inline void put_missed(struct engine *e, unsigned int type, uint64_t time)
{
	const struct dx_missed m = { .time = time, .nr = 1, .type = type };

	put(e, DX_REC_MISSED, &m, sizeof(m));
}

static inline void put_counters(struct engine *e, const struct dx_rule_counts *total)
{
	put(e, DX_REC_COUNTERS, total, sizeof(*total));
}

static inline int put_pgmap(struct engine *e, const struct dx_pgmap *p)
{
	return put(e, DX_REC_PGMAP, p, sizeof(*p));
}

/* Its questions now, at most @max. */
static inline size_t put_ask(struct engine *e, struct engine_ask *out, size_t max)
{
	const struct dx_ask a = { .max = max };
	const struct engine_ask *ask;
	size_t n;

	put(e, DX_REC_ASK, &a, sizeof(a));
	ask = engine_asks(e, &n);
	memcpy(out, ask, n * sizeof(*ask));
	return n;
}

/* Somebody wants to end: until when should he wait? */
static inline uint64_t put_ending(struct engine *e)
{
	const struct dx_time t = { 0 };

	put(e, DX_REC_ENDING, &t, sizeof(t));
	return engine_pending(e);
}
#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_STATE_H
#define DAXTOP_ENGINE_APPLY_STATE_H
/* state.h - the engine: its tables, and what it counts. */
#include "engine/engine.h"
#include "engine/store/alloc.h"
#include "engine/store/chunk.h"
#include "engine/store/file.h"
#include "engine/store/folio.h"
#include "engine/store/history.h"
#include "engine/store/holder.h"
#include "engine/store/look.h"
#include "engine/store/order.h"
#include "engine/store/pgmap.h"
#include "engine/store/task.h"

struct finding_table;
struct judge;

/* A layout break that waits. */
struct break_wait {
	uint64_t ino;
	uint32_t gen;
	uint32_t dev, folio, pid;
	uint32_t tgid;
	uint64_t since, seen; /* it began; was last known to wait */
	uint64_t asked; /* whether the process is there, after a loss */
	char comm[DX_COMM_LEN];
	int32_t stack;
	uint32_t finding; /* 0: none yet */
	uint64_t index;
	bool final;
	bool looked; /* a look found it */
	char state; /* 'S', 'D'; 0: not known */
};

struct rule_count {
	uint64_t checked, samples;
	uint64_t refused; /* findings that had no room */
};

struct engine {
	struct engine_options opt;
	struct engine_stats st; /* what is counted on the way */
	struct pool *pool; /* memory of the tables, as far as snapshots have it, too */
	struct order order;
	uint64_t newest, watermark; /* times: seen in the ring; applied up to */
	bool based; /* base is set */
	uint64_t base; /* what struct folio's times count from */
	struct folio_table folios;
	struct history history;
	struct task_table tasks;
	struct holder_table holders;
	struct pgmap_table pgmaps;
	struct file_table files;
	struct break_wait *wait;
	uint32_t nr_waits, max_waits;
	struct look look;
	uint64_t start; /* ns: everything is attached since; 0: not known */
	uint64_t loss_time; /* of the newest loss or doubt */
	bool lost; /* there was one */
	bool no_memory; /* since it was told */
	bool memory_refused; /* ever */
	uint64_t next_tick;
	struct finding_table *findings;
	struct rule_count rule[DX_RULES];
	struct dx_rule_counts counted; /* by bpf/ */
	uint64_t ending; /* since when somebody wants to end; 0: nobody does */
	uint32_t changes; /* judges look at a folio after events of these types: 1 << enum dx_event_type */
	void **judged; /* what each of judges[] keeps */
	struct engine_ask ask[ENGINE_ASKS_MAX];
	size_t nr_asks;
	const char *refusal; /* why the last record that was refused was; NULL: none was */
};

static inline uint64_t time_pack(const struct engine *e, uint64_t time)
{
	const uint64_t max = (1ull << TIME_BITS) - 1;

	return time < e->base ? 0 : time - e->base > max ? max : time - e->base;
}

/* Something was lost since its newest event: what is known of the folio may be wrong. */
static inline bool folio_doubtful(const struct engine *e, const struct folio *f)
{
	return e->lost && f->last_time <= time_pack(e, e->loss_time);
}
/* refcount of a folio that nobody uses; @type: of its pgmap */
static inline int32_t idle_count(const struct engine *e, unsigned int type)
{
	return memory_idle_count(type, e->opt.legacy);
}
/* Does a mapping hold a reference? */
static inline bool mapping_holds(const struct engine *e, unsigned int type)
{
	return memory_mapping_holds(type, e->opt.legacy);
}

#endif

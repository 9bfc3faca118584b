// SPDX-License-Identifier: GPL-2.0-only
/* engine.c - the engine as a whole: its life, and its counters */
#include <stdlib.h>
#include <string.h>
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"

#define LEAK_DEFAULT_NS	 10000000000ull
#define STALL_DEFAULT_NS 10000000000ull

/* Tasks that a folio, a step or a holder names. */
static void tasks_mark(uint8_t *used, void *arg)
{
	const struct engine *e = arg;
	uint32_t id, task;

#define USE(id) ((void)(task = (id)), used[task / 8] |= 1u << task % 8)
	for (id = 1; id <= e->folios.nr; id++)
		USE(folio_ptr(&e->folios, id)->task);
	for (id = 0; id < e->history.used; id++)
		USE(STEP_TASK(step_ptr(&e->history, id)->what));
	for (id = 1; id < e->holders.top; id++)
		USE(holder_ptr(&e->holders, id)->task);
#undef USE
}

/* What is of one piece: struct engine, the findings, the judges' states and where they are. */
static size_t engine_size(void)
{
	return sizeof(struct engine) + sizeof(struct finding_table) + judges_size() +
	       nr_judges * sizeof(void *);
}

struct engine *engine_new(const struct engine_options *o)
{
	struct engine *e = engine_realloc(NULL, engine_size());
	char *mem = (char *)e + sizeof(*e);

	if (!e)
		return NULL;
	memset(e, 0, engine_size());
	e->opt = *o;
	if (!e->opt.leak_ns)
		e->opt.leak_ns = LEAK_DEFAULT_NS;
	if (!e->opt.stall_ns)
		e->opt.stall_ns = STALL_DEFAULT_NS;
	e->next_tick = o->no_rules ? UINT64_MAX : 0;
	e->findings = (void *)(mem + judges_size());
	e->judged = (void *)(e->findings + 1);
	judges_init(e, mem);
	e->pool = pool_new();
	if (!e->pool) {
		free(e);
		return NULL;
	}
	holder_table_init(&e->holders, e->pool, &e->tasks, !o->no_rules, &e->no_memory);
	look_init(&e->look, e->pool);
	if (folio_table_init(&e->folios, e->pool) ||
	    history_init(&e->history, o->history_bytes, e->pool) ||
	    task_table_init(&e->tasks, e->pool, tasks_mark, e) ||
	    pgmap_table_init(&e->pgmaps, &e->no_memory) ||
	    file_table_init(&e->files, e->pool, &e->no_memory)) {
		engine_free(e);
		return NULL;
	}
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	order_destroy(&e->order);
	folio_table_destroy(&e->folios);
	history_destroy(&e->history);
	task_table_destroy(&e->tasks);
	holder_table_destroy(&e->holders);
	pgmap_table_destroy(&e->pgmaps);
	file_table_destroy(&e->files);
	finding_table_destroy(e->findings);
	judges_destroy(e);
	look_destroy(&e->look);
	free(e->wait);
	pool_put(e->pool);
	free(e);
}

void engine_stats_get(const struct engine *e, struct engine_stats *out)
{
	*out = e->st;
	out->holders_refused = e->holders.refused;
	out->steps = e->history.used;
	out->steps_dropped = e->history.dropped;
	out->bytes_folios = folio_table_bytes(&e->folios);
	out->bytes_history = (size_t)e->history.used * sizeof(struct step);
	out->bytes_all = sizeof(*e) + e->pool->bytes + chunks_bytes_beside(&e->folios.folio) +
			 chunks_bytes_beside(&e->history.step) + order_bytes(&e->order) +
			 holder_table_bytes(&e->holders) + file_table_bytes(&e->files) +
			 task_table_bytes(&e->tasks) + e->pgmaps.max * sizeof(struct pgmap) +
			 e->max_waits * sizeof(struct break_wait) + look_bytes(&e->look) +
			 e->findings->max * sizeof(struct finding) +
			 e->findings->max_gets * sizeof(struct finding_get) + judges_bytes(e);
	out->chunks_copied = e->pool->copied;
	out->bytes_copied = e->pool->copied_bytes;
}

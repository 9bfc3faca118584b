// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c - what the engine knew at one moment.
 *
 * Folios, steps, tasks, holders and files are shared chunk by chunk (store/chunk.h), and what the last look found as
 * one block. Pgmaps, waits, findings, rules and counters are few and copied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/query/snapshot.h"

/* @n elements of @size; NULL if there are none, *@err if there is no memory. */
static void *copy(struct snapshot *s, const void *from, size_t n, size_t size, int *err)
{
	void *to = n ? engine_realloc(NULL, n * size) : NULL;

	if (to) {
		memcpy(to, from, n * size);
		s->bytes += n * size;
	} else if (n) {
		*err = -ENOMEM;
	}
	return to;
}

static int small_copy(struct engine *from, struct snapshot *s)
{
	struct engine *to = &s->e;
	int err = 0;

	to->opt = from->opt;
	engine_stats_get(from, &to->st);
	to->watermark = from->watermark;
	to->base = from->base;
	to->loss_time = from->loss_time;
	to->lost = from->lost;
	to->no_memory = from->no_memory;
	to->memory_refused = from->memory_refused;
	to->counted = from->counted;
	memcpy(to->rule, from->rule, sizeof(to->rule));
	to->holders.refused = from->holders.refused;
	look_share(&from->look, &to->look);

	to->pgmaps.map = copy(s, from->pgmaps.map, from->pgmaps.nr, sizeof(*to->pgmaps.map), &err);
	to->pgmaps.nr = to->pgmaps.map ? from->pgmaps.nr : 0;
	/* who got references is a judge's */
	for (uint32_t i = 0; i < to->pgmaps.nr; i++)
		to->pgmaps.map[i].r.site = NULL;
	to->wait = copy(s, from->wait, from->nr_waits, sizeof(*to->wait), &err);
	to->nr_waits = to->wait ? from->nr_waits : 0;
	to->look.entry =
		copy(s, from->look.entry, from->look.nr_entries, sizeof(*to->look.entry), &err);
	to->look.nr_entries = to->look.entry ? from->look.nr_entries : 0;
	to->findings = &s->findings;
	s->findings.node =
		copy(s, from->findings->node, from->findings->nr, sizeof(*s->findings.node), &err);
	s->findings.nr = s->findings.node ? from->findings->nr : 0;
	s->findings.folio = copy(s, from->findings->folio, from->findings->nr_folios,
				 sizeof(*s->findings.folio), &err);
	s->findings.nr_folios = s->findings.folio ? from->findings->nr_folios : 0;
	s->findings.get = copy(s, from->findings->get, from->findings->nr_gets,
			       sizeof(*s->findings.get), &err);
	s->findings.nr_gets = s->findings.get ? from->findings->nr_gets : 0;
	return err;
}

static int tables_share(struct engine *from, struct engine *to)
{
	int err = folio_table_share(&from->folios, &to->folios);

	if (!err)
		err = history_share(&from->history, &to->history);
	if (!err)
		err = task_table_share(&from->tasks, &to->tasks);
	if (!err)
		err = holder_table_share(&from->holders, &to->holders);
	if (!err)
		err = file_table_share(&from->files, &to->files);
	to->holders.tasks = &to->tasks;
	return err;
}

static void snapshot_free(struct snapshot *s)
{
	struct pool *pool = s->e.pool;

	folio_table_destroy(&s->e.folios);
	history_destroy(&s->e.history);
	task_table_destroy(&s->e.tasks);
	holder_table_destroy(&s->e.holders);
	file_table_destroy(&s->e.files);
	look_destroy(&s->e.look);
	finding_table_destroy(&s->findings);
	free(s->e.pgmaps.map);
	free(s->e.wait);
	__atomic_sub_fetch(&pool->bytes, s->bytes, __ATOMIC_RELAXED);
	pool_put(pool);
	free(s);
}

const struct snapshot *snapshot_take(struct engine *e)
{
	struct snapshot *s = engine_realloc(NULL, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->refs = 1;
	s->bytes = sizeof(*s);
	s->torn = e->pool->torn;
	s->e.pool = pool_get(e->pool);
	err = small_copy(e, s);
	if (!err)
		err = tables_share(e, &s->e);
	s->bytes += chunks_bytes_beside(&s->e.folios.folio) +
		    chunks_bytes_beside(&s->e.history.step) + task_table_bytes(&s->e.tasks) +
		    holder_table_bytes(&s->e.holders) + file_table_bytes(&s->e.files);
	__atomic_add_fetch(&e->pool->bytes, s->bytes, __ATOMIC_RELAXED);
	if (!err)
		return s;
	snapshot_free(s);
	return NULL;
}

const struct snapshot *snapshot_get(const struct snapshot *s)
{
	__atomic_add_fetch(&((struct snapshot *)s)->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void snapshot_put(const struct snapshot *s)
{
	if (s && !__atomic_sub_fetch(&((struct snapshot *)s)->refs, 1, __ATOMIC_ACQ_REL))
		snapshot_free((struct snapshot *)s);
}

void snapshot_stats(const struct snapshot *s, struct engine_stats *out)
{
	*out = s->e.st;
}

bool snapshot_inconclusive(const struct snapshot *s, const char **why)
{
	if (__atomic_load_n(&s->e.pool->torn, __ATOMIC_RELAXED) != s->torn) {
		if (why)
			*why = "memory was short";
		return true;
	}
	return engine_inconclusive(&s->e, why);
}

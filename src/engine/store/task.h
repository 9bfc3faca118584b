/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_TASK_H
#define DAXTOP_ENGINE_STORE_TASK_H
/* task.h - the table of tasks: (tgid, pid, comm), each stored once. */
#include <stdint.h>
#include "engine/store/chunk.h"
#include "engine/store/id.h"
#include "event.h"

/* Sets bit id % 8 of @used[id / 8] for every task that is named somewhere. */
typedef void task_mark_fn(uint8_t *used, void *arg);

struct task {
	uint32_t tgid, pid;
	char comm[DX_COMM_LEN];
	uint32_t next;
};

#define TASK_CACHE 256
#define TASK_SHIFT 8 /* 256 a chunk */

struct task_table {
	struct chunks task; /* the first: nobody */
	uint32_t *bucket;
	uint32_t nr, limit, nr_buckets, free;
	struct {
		uint64_t raw[3]; /* tgid, pid and comm as they came */
		uint32_t id;
	} last[TASK_CACHE]; /* those of late */
	task_mark_fn *mark;
	void *mark_arg;
};

/*
 * @mark: asked when the table is full, before those that nothing names are forgotten. What it points to
 * outlives the table. Returns 0, -ENOMEM.
 */
int task_table_init(struct task_table *t, struct pool *pool, task_mark_fn *mark, void *arg);
void task_table_destroy(struct task_table *t);
/* Beside the pool. */
size_t task_table_bytes(const struct task_table *t);
/* @to is what @from is now, for queries only. Returns 0, -ENOMEM. */
int task_table_share(struct task_table *from, struct task_table *to);
static inline const struct task *task_ptr(const struct task_table *t, uint32_t id)
{
	return chunks_at(&t->task, id, TASK_SHIFT, sizeof(struct task));
}
/* Id of who @ev says it was, made when it is new; 0 when memory or ids are short. */
uint32_t task_find(struct task_table *t, const struct dx_event *ev);

#endif

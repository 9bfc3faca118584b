// SPDX-License-Identifier: GPL-2.0-only
/*
 * task.c - who did it: each (tgid, pid, comm) stored once.
 *
 * Machines make millions of tasks. When the table has grown to its limit,
 * tasks that no folio, step or holder names any more are forgotten; when most
 * are still named, the limit doubles, up to what TASK_BITS can name. Beyond
 * that, new tasks have no name (id 0).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/task.h"

#define TASK_LIMIT_FIRST 16384u
#define TASK_LIMIT_LAST	 ((1u << TASK_BITS) - 1)

static const struct chunk_kind task_kind = { TASK_SHIFT, sizeof(struct task), NULL, NULL, false };

static struct task *task_write(struct task_table *t, uint32_t id)
{
	return chunks_write(&t->task, id, TASK_SHIFT, sizeof(struct task));
}

int task_table_init(struct task_table *t, struct pool *pool, task_mark_fn *mark, void *arg)
{
	chunks_init(&t->task, &task_kind, pool);
	t->mark = mark;
	t->mark_arg = arg;
	t->limit = TASK_LIMIT_FIRST;
	if (chunks_grow(&t->task, 1))
		return -ENOMEM;
	t->nr = 1;
	t->nr_buckets = 64;
	t->bucket = engine_realloc(NULL, t->nr_buckets * sizeof(*t->bucket));
	if (!t->bucket)
		return -ENOMEM;
	memset(t->bucket, 0, t->nr_buckets * sizeof(*t->bucket));
	return 0;
}

void task_table_destroy(struct task_table *t)
{
	chunks_destroy(&t->task);
	free(t->bucket);
}

size_t task_table_bytes(const struct task_table *t)
{
	return chunks_bytes_beside(&t->task) + t->nr_buckets * sizeof(*t->bucket);
}

int task_table_share(struct task_table *from, struct task_table *to)
{
	to->nr = from->nr;
	return chunks_share(&from->task, &to->task);
}

static uint32_t task_hash(const struct task *k)
{
	uint64_t a, b, c;

	memcpy(&a, &k->tgid, 8);
	memcpy(&b, k->comm, 8);
	memcpy(&c, k->comm + 8, 8);
	a = (a ^ b * 0x9e3779b97f4a7c15ull ^ c * 0xc2b2ae3d27d4eb4full) * 0xff51afd7ed558ccdull;
	return a >> 32;
}

static bool task_equal(const struct task *a, const struct task *b)
{
	return a->tgid == b->tgid && a->pid == b->pid && !memcmp(a->comm, b->comm, DX_COMM_LEN);
}

static void task_hash_all(struct task_table *t, const uint8_t *used)
{
	memset(t->bucket, 0, t->nr_buckets * sizeof(*t->bucket));
	t->free = 0;
	for (uint32_t id = t->nr - 1; id; id--) {
		uint32_t *head = &t->free;

		if (!used || used[id / 8] & (1u << id % 8))
			head = &t->bucket[task_hash(task_ptr(t, id)) & (t->nr_buckets - 1)];
		/* what stays as it is need not be copied */
		if (task_ptr(t, id)->next != *head)
			task_write(t, id)->next = *head;
		*head = id;
	}
}

/* Forgets the tasks that nothing names. */
static void task_collect(struct task_table *t)
{
	uint8_t *used = engine_realloc(NULL, t->nr / 8 + 1);
	uint32_t id, live = 0;

	if (!used)
		return;
	memset(used, 0, t->nr / 8 + 1);
	t->mark(used, t->mark_arg);
	for (id = 1; id < t->nr; id++)
		live += used[id / 8] >> id % 8 & 1;
	/* a free one stays on the free list: it is not named */
	task_hash_all(t, used);
	memset(t->last, 0, sizeof(t->last));
	if (live > t->limit / 2)
		t->limit = t->limit > TASK_LIMIT_LAST / 2 ? TASK_LIMIT_LAST : t->limit * 2;
	free(used);
}

static uint32_t task_new(struct task_table *t)
{
	uint32_t id, *bucket;

	if (!t->free && t->nr >= t->limit)
		task_collect(t);
	if (t->free) {
		id = t->free;
		t->free = task_ptr(t, id)->next;
		return id;
	}
	if (t->nr >= t->limit || chunks_grow(&t->task, t->nr + 1))
		return 0;
	if (t->nr >= t->nr_buckets) {
		bucket = engine_realloc(t->bucket, 2 * t->nr_buckets * sizeof(*bucket));
		if (bucket) {
			t->bucket = bucket;
			t->nr_buckets *= 2;
			task_hash_all(t, NULL);
		}
	}
	return t->nr++;
}

uint32_t task_find(struct task_table *t, const struct dx_event *ev)
{
	struct task key = { .tgid = ev->tgid, .pid = ev->pid };
	uint32_t id, hash;

	/* what follows the NUL is rubbish and must not make a new task */
	memcpy(key.comm, ev->comm, strnlen(ev->comm, DX_COMM_LEN));
	hash = task_hash(&key);
	for (id = t->bucket[hash & (t->nr_buckets - 1)]; id; id = task_ptr(t, id)->next)
		if (task_equal(task_ptr(t, id), &key))
			return id;
	id = task_new(t);
	if (!id)
		return 0;
	key.next = t->bucket[hash & (t->nr_buckets - 1)];
	*task_write(t, id) = key;
	t->bucket[hash & (t->nr_buckets - 1)] = id;
	return id;
}

// SPDX-License-Identifier: GPL-2.0-only
/* holder.c - holders as the views see them: oldest first */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* qsort_r */
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/apply/look.h"
#include "engine/query/snapshot.h"

static int holder_compare(const void *a, const void *b, void *arg)
{
	const struct holder *x = holder_ptr(arg, *(const uint32_t *)a);
	const struct holder *y = holder_ptr(arg, *(const uint32_t *)b);

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return x->folio < y->folio ? -1 : x->folio > y->folio;
}

static void holder_fill(const struct engine *e, uint32_t n, struct engine_holder *out)
{
	const struct holder *h = holder_ptr(&e->holders, n);
	const struct task *task = task_ptr(&e->tasks, h->task);

	*out = (struct engine_holder){
		.pfn = folio_ptr(&e->folios, h->folio)->pfn,
		.tgid = task->tgid,
		.pid = task->pid,
		.pin = h->pin,
		.longterm = h->longterm,
		.nr = h->nr,
		.since = h->since,
		.stack = h->stack,
		.gone = h->gone,
		.fd = -1,
	};
	memcpy(out->comm, task->comm, DX_COMM_LEN);
}

/* With what a look says they hold it by, and those that only a look found. */
static int folio_holders(const struct engine *e, uint32_t id, const uint32_t *list, uint32_t nr,
			 int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	const struct folio *f = folio_ptr(&e->folios, id);
	struct engine_holder *out = engine_realloc(NULL, (nr + 1) * sizeof(*out));
	int ret = 0;

	if (!out)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		holder_fill(e, list[i], &out[i]);
	look_holders(e, f, out, nr, NULL, NULL);
	for (uint32_t i = 0; i < nr && !ret; i++)
		ret = fn(&out[i], arg);
	if (!ret)
		ret = look_holders(e, f, out, nr, fn, arg);
	free(out);
	return ret;
}

static int all_holders(const struct engine *e, const uint32_t *list, uint32_t nr,
		       int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	struct engine_holder out;
	int ret = 0;

	for (uint32_t i = 0; i < nr && !ret; i++) {
		holder_fill(e, list[i], &out);
		ret = fn(&out, arg);
	}
	for (uint32_t id = 1; id <= e->folios.nr && e->look.nr && !ret; id++) {
		const struct folio *f = folio_ptr(&e->folios, id);

		if (f->looked && !f->absorbed)
			ret = look_holders(e, f, NULL, 0, fn, arg);
	}
	return ret;
}

int snapshot_holders(const struct snapshot *s, uint64_t pfn,
		     int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	const struct engine *e = &s->e;
	const struct holder_table *t = &e->holders;
	uint32_t id = 0, *list, nr;
	int ret = 0;

	if (pfn != UINT64_MAX) {
		id = folio_find_covering(&e->folios, pfn);
		if (!id)
			return -ENOENT;
	}
	list = engine_realloc(NULL, (t->nr + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	nr = t->nr ? holder_list(t, id, list) : 0;
	qsort_r(list, nr, sizeof(*list), holder_compare, (void *)t);
	ret = id ? folio_holders(e, id, list, nr, fn, arg) : all_holders(e, list, nr, fn, arg);
	free(list);
	return ret;
}

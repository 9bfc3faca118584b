// SPDX-License-Identifier: GPL-2.0-only
/* holder.c - holders as the views see them: oldest first */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* qsort_r */
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/apply/state.h"

static int holder_compare(const void *a, const void *b, void *arg)
{
	const struct holder *node = arg, *x = &node[*(const uint32_t *)a];
	const struct holder *y = &node[*(const uint32_t *)b];

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return x->folio < y->folio ? -1 : x->folio > y->folio;
}

int engine_holders(struct engine *e, uint64_t pfn,
		   int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	const struct holder_table *t = &e->holders;
	uint32_t id = 0, i, *list, nr;
	int ret = 0;

	if (pfn != UINT64_MAX) {
		id = folio_find_covering(&e->folios, pfn);
		if (!id)
			return -ENOENT;
	}
	if (!t->nr)
		return 0;
	list = engine_realloc(NULL, t->nr * sizeof(*list));
	if (!list)
		return -ENOMEM;
	nr = holder_list(t, id, list);
	qsort_r(list, nr, sizeof(*list), holder_compare, t->node);
	for (i = 0; i < nr && !ret; i++) {
		const struct holder *h = &t->node[list[i]];
		const struct task *task = &e->tasks.task[h->task];
		struct engine_holder out = {
			.pfn = folio_ptr(&e->folios, h->folio)->pfn,
			.tgid = task->tgid,
			.pid = task->pid,
			.pin = h->pin,
			.longterm = h->longterm,
			.nr = h->nr,
			.since = h->since,
			.stack = h->stack,
			.gone = h->gone,
		};

		memcpy(out.comm, task->comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	free(list);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/* history.c - the steps of a folio as the views see them */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/query/snapshot.h"

_Static_assert((int)ENGINE_CAUSE_FAULT_REF == CAUSE_INFERRED, "the first that no hook reports");

int snapshot_history(const struct snapshot *s, uint64_t pfn,
		     int (*fn)(const struct engine_step *s, void *arg), void *arg)
{
	const struct engine *e = &s->e;
	const struct history *h = &e->history;
	uint32_t id = folio_find_covering(&e->folios, pfn), n, *slot;
	const struct folio *f;
	int ret = 0;

	if (!id)
		return -ENOENT;
	f = folio_ptr(&e->folios, id);
	n = history_slots(h, id, f, NULL);
	if (!n)
		return 0;
	slot = engine_realloc(NULL, n * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	history_slots(h, id, f, slot);
	while (n-- && !ret) {
		const struct step *step = step_ptr(h, slot[n]);
		const struct task *t = task_ptr(&e->tasks, STEP_TASK(step->what));
		struct engine_step out = {
			.time = step->time,
			.cause = STEP_CAUSE(step->what),
			.observed = STEP_OBSERVED(step->what),
			.after_loss = step->flags & STEP_AFTER_LOSS,
			.order = STEP_ORDER(step->what),
			.flags = step->flags & ~STEP_AFTER_LOSS,
			.tgid = t->tgid,
			.pid = t->pid,
			.ref_before = step->before,
			.ref_after = step->after,
			.mapcount = step->map,
			.pincount = step->pin,
			.stack = step->stack,
			.ret = step->ret,
		};

		memcpy(out.comm, t->comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	free(slot);
	return ret;
}

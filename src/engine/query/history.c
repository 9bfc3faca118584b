// SPDX-License-Identifier: GPL-2.0-only
/* history.c - the steps of a folio as the views see them */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/apply/state.h"

_Static_assert((int)ENGINE_CAUSE_FAULT_REF == CAUSE_INFERRED, "the first that no hook reports");

/*
 * Steps, oldest first. A copy of the slots is taken, so @fn may look at other
 * folios, but not push.
 */
int engine_history(struct engine *e, uint64_t pfn,
		   int (*fn)(const struct engine_step *s, void *arg), void *arg)
{
	struct history *h = &e->history;
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
		const struct step *s = &h->step[slot[n]];
		const struct task *t = &e->tasks.task[STEP_TASK(s->what)];
		struct engine_step out = {
			.time = s->time,
			.cause = STEP_CAUSE(s->what),
			.observed = STEP_OBSERVED(s->what),
			.after_loss = s->flags & STEP_AFTER_LOSS,
			.order = STEP_ORDER(s->what),
			.flags = s->flags & ~STEP_AFTER_LOSS,
			.tgid = t->tgid,
			.pid = t->pid,
			.ref_before = s->before,
			.ref_after = s->after,
			.mapcount = s->map,
			.pincount = s->pin,
			.stack = s->stack,
			.ret = s->ret,
		};

		memcpy(out.comm, t->comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	free(slot);
	return ret;
}

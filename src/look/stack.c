// SPDX-License-Identifier: GPL-2.0-only
/* stack.c - who sleeps in a call that has pages of ours in its local variables */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "look_stack.h"
#include "base/process.h"

struct stacks_seen {
	struct scan *s;
	look_stop *stop;
};

/* Who waits for a page has it on its stack too, and holds nothing. */
static bool waits(const struct scan *s, uint32_t pid)
{
	for (size_t i = 0; i < scan_nr_waits(s); i++)
		if (scan_wait(s, i)->pid == pid)
			return true;
	return false;
}

static int add_pages(void *arg, const void *record)
{
	struct stacks_seen *x = arg;
	const struct look_stack_pages *p = record;
	struct scan_holder h = {
		.kind = SCAN_HOLD_STACK, .tgid = p->tgid, .pid = p->pid, .pgmap = -1, .fd = -1, .nr = 1
	};
	int rc = 0;

	if (look_stopped(x->stop))
		return -EINTR;
	if (waits(x->s, p->pid))
		return 0;
	memcpy(h.comm, p->comm, sizeof(p->comm));
	h.cgroup = process_cgroup(p->tgid);
	for (uint32_t i = 0; i < p->found && i < LOOK_STACK_PAGES && !rc; i++) {
		h.pfn = p->pfn[i];
		rc = scan_add_holder(x->s, &h);
	}
	free(h.cgroup);
	return rc;
}

int look_stacks(struct look *l, struct scan *s, look_stop *stop)
{
	struct stacks_seen x = { .s = s, .stop = stop };
	int rc = ask_each(l->asker, ASK_STACKS, 0, sizeof(struct look_stack_pages), add_pages, &x);

	if (rc && rc != -EINTR)
		scan_add_gap(s,
			     "calls under way: the tasks' kernel stacks could not be looked at: %s",
			     ask_why(rc));
	return rc;
}

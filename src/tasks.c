// SPDX-License-Identifier: GPL-2.0-only
/* tasks.c - each process once, for as long as it is the same */
#include <stdlib.h>
#include <string.h>
#include "tasks.h"

#define SLOTS	 4096 /* by tgid: two that share one are told in turn */
#define AGAIN_NS 1000000000ULL

struct slot {
	struct dx_task told; /* tgid 0: none was */
	uint32_t tgid; /* that was asked for; 0: none */
	uint64_t asked; /* ns: time of the event */
};

struct tasks {
	int (*ask)(void *arg, uint32_t tgid, struct dx_task *out);
	void (*tell)(void *arg, const struct dx_task *task);
	void *arg;
	struct slot slot[SLOTS];
};

struct tasks *tasks_new(int (*ask)(void *arg, uint32_t tgid, struct dx_task *out),
			void (*tell)(void *arg, const struct dx_task *task), void *arg)
{
	struct tasks *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->ask = ask;
	t->tell = tell;
	t->arg = arg;
	return t;
}

void tasks_free(struct tasks *t)
{
	free(t);
}

static bool same(const struct dx_task *a, const struct dx_task *b)
{
	return a->tgid == b->tgid && a->start == b->start && a->exec == b->exec &&
	       a->cgroup == b->cgroup && a->pid_ns == b->pid_ns && a->mount_ns == b->mount_ns &&
	       !memcmp(a->comm, b->comm, sizeof(a->comm));
}

void tasks_note(struct tasks *t, uint32_t tgid, uint64_t time, int exec)
{
	struct slot *s = &t->slot[tgid % SLOTS];
	struct dx_task now;

	/* an event that is late is no reason to ask, unless it is another program's */
	if (!tgid || (s->tgid == tgid && time < s->asked + AGAIN_NS &&
		      (exec < 0 || (uint8_t)exec == (uint8_t)s->told.exec)))
		return;
	s->tgid = tgid;
	s->asked = time;
	if (t->ask(t->arg, tgid, &now))
		return;
	/* on its way to its end: do_exit() gives them back first */
	if (s->told.tgid == tgid && s->told.start == now.start) {
		now.pid_ns = now.pid_ns ? now.pid_ns : s->told.pid_ns;
		now.mount_ns = now.mount_ns ? now.mount_ns : s->told.mount_ns;
	}
	if (same(&s->told, &now))
		return;
	s->told = now;
	t->tell(t->arg, &now);
}

void tasks_gone(struct tasks *t, uint32_t tgid)
{
	struct slot *s = &t->slot[tgid % SLOTS];

	if (s->tgid == tgid)
		s->tgid = 0;
}

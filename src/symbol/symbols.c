// SPDX-License-Identifier: GPL-2.0-only
/* symbols.c - which stacks get names, and when */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "symbol/symbols.h"

#define NOTED_MAX 16384 /* more are noted when some of them are forgotten; some 2 KiB each */

struct symbols {
	struct symbols_options o;
	struct ksym *ksym;
	struct usym *usym;
	bool module_came; /* the table of kernel names is older than a module */
	size_t refused; /* because NOTED_MAX are noted */
};

size_t stack_own_frames(struct ksym *k, const uint64_t *addr, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = ksym_name(k, addr[i], NULL, NULL);

		if (!name || (strncmp(name, "bpf_prog_", 9) && strncmp(name, "bpf_trampoline_", 15)))
			break;
	}
	return i;
}

size_t stack_user_frames(const uint64_t *addr, size_t n)
{
	size_t i = 0;

	while (i < n && addr[i] >= 4096 && addr[i] < 1ULL << 47)
		i++;
	return i;
}

struct symbols *symbols_new(const struct symbols_options *o)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->o = *o;
	s->ksym = ksym_new(NULL);
	s->usym = usym_new(o->ask, o->arg);
	if (s->ksym && s->usym)
		return s;
	symbols_free(s);
	return NULL;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	ksym_free(s->ksym);
	usym_free(s->usym);
	free(s);
}

static const struct stack_who kernel;

static void tell(struct symbols *s, int32_t number, const struct stack_who *who,
		 const struct stack_frame *frames, size_t nr)
{
	static struct dx_stack_names names;
	size_t len = offsetof(struct dx_stack_names, frame) + nr * sizeof(names.frame[0]);

	memset(&names, 0, len);
	names.number = number;
	names.tgid = who->tgid;
	names.exec = who->exec;
	names.nr = nr;
	for (size_t i = 0; i < nr; i++) {
		struct dx_frame *to = &names.frame[i];

		to->addr = frames[i].addr;
		to->offset = frames[i].offset;
		snprintf(to->name, sizeof(to->name), "%s", frames[i].name ? frames[i].name : "");
		snprintf(to->in, sizeof(to->in), "%s", frames[i].in ? frames[i].in : "");
		snprintf(to->why, sizeof(to->why), "%s", frames[i].why ? frames[i].why : "");
	}
	s->o.tell(s->o.arg, &names, len);
}

static void tell_kernel(struct symbols *s, int32_t number, const uint64_t *addr, size_t nr)
{
	struct stack_frame frames[STACK_FRAMES] = {};
	size_t own;

	if (s->module_came)
		ksym_reset(s->ksym);
	s->module_came = false;
	own = stack_own_frames(s->ksym, addr, nr);
	nr -= own;
	for (size_t i = 0; i < nr; i++) {
		struct stack_frame *f = &frames[i];

		/* the address goes no further: it tells where the kernel lies */
		f->name = ksym_name(s->ksym, addr[own + i], &f->offset, &f->in);
		if (!f->name)
			*f = (struct stack_frame){ .addr = 0 };
	}
	tell(s, number, &kernel, frames, nr);
}

static void tell_user(struct symbols *s, int32_t number, const struct stack_who *who,
		      const uint64_t *addr, size_t nr)
{
	struct stack_frame frames[STACK_FRAMES];

	nr = stack_user_frames(addr, nr);
	usym_frames(s->usym, who, addr, nr, frames);
	tell(s, number, who, frames, nr);
}

void symbols_tell(struct symbols *s, int32_t number, const struct stack_who *who)
{
	uint64_t addr[STACK_FRAMES];
	int nr = s->o.read(s->o.arg, number, addr, STACK_FRAMES);

	if (nr < 0)
		return;
	if (who->tgid)
		tell_user(s, number, who, addr, nr);
	else
		tell_kernel(s, number, addr, nr);
}

static int known(const struct stack_frame *f)
{
	return 2 * !!f->name + !!f->in;
}

/*
 * What has no name for a reason may have one by now: who looks names up had died, or had no time. Or less is
 * to be had than was: what was known stays so.
 */
static void refresh(struct symbols *s, int32_t number, const struct stack_who *who,
		    const struct stack *old)
{
	struct stack_frame now[STACK_FRAMES];
	uint64_t addr[STACK_FRAMES];
	bool more = false, why = false;

	for (size_t i = 0; i < old->nr; i++) {
		addr[i] = old->frames[i].addr;
		why |= !!old->frames[i].why;
	}
	if (!why)
		return;
	usym_frames(s->usym, who, addr, old->nr, now);
	for (size_t i = 0; i < old->nr; i++) {
		if (known(&now[i]) > known(&old->frames[i]))
			more = true;
		else
			now[i] = old->frames[i];
	}
	if (more)
		tell(s, number, who, now, old->nr);
}

/* The source has forgotten it, as nobody refers to it. */
static bool gone(void *arg, int32_t number)
{
	struct symbols *s = arg;
	uint64_t addr[STACK_FRAMES];

	return s->o.read(s->o.arg, number, addr, STACK_FRAMES) < 0;
}

static void note(struct symbols *s, int32_t number, const struct stack_who *who)
{
	struct stack old;

	if (number < 0)
		return;
	if (stacks_find(s->o.stacks, number, who, &old)) {
		if (who->tgid && s->o.all_users)
			refresh(s, number, who, &old);
		return;
	}
	if (stacks_nr(s->o.stacks) >= NOTED_MAX) {
		/* who shows each event as it comes can have them again */
		if (s->o.all_users)
			stacks_forget(s->o.stacks, NULL, NULL);
		/* a look at all of them is worth it once in so many */
		else if (s->refused++ % NOTED_MAX == 0)
			stacks_forget(s->o.stacks, gone, s);
	}
	if (stacks_nr(s->o.stacks) < NOTED_MAX)
		symbols_tell(s, number, who);
}

/*
 * Of a process only what broke a rule: findings show no other user stack, and looking up its names
 * takes time that is the ring's.
 */
void symbols_note(struct symbols *s, const struct dx_event *ev)
{
	const struct stack_who who = { .time = ev->time, .tgid = ev->tgid, .exec = ev->exec };

	if (ev->type == DX_MODULE)
		s->module_came = true;
	note(s, ev->stack, &kernel);
	if (ev->tgid && (s->o.all_users ? dx_event_has_ustack(ev) : ev->type == DX_VIOLATION))
		note(s, ev->ustack, &who);
}

// SPDX-License-Identifier: GPL-2.0-only
/* cmd_trace.c - daxtop trace: one line an event */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "session.h"
#include "symbol/stacks.h"
#include "view/json.h"

struct trace {
	struct view_filter filter;
	struct ksym *ksym;
	struct usym *usym;
	uint64_t shown;
	bool failed; /* stdout is gone */
};

static void stack_get(struct session *s, const struct dx_event *ev, struct view_stack *stack,
		      uint64_t *kernel, struct stack_frame *user)
{
	const struct usym_who who = { .time = ev->time, .tgid = ev->tgid, .exec = ev->exec };
	int nr = source_stack(s->source, ev->stack, kernel, STACK_FRAMES);
	struct trace *t = s->arg;
	uint64_t addr[STACK_FRAMES];
	size_t own;

	stack->kernel_unkept = nr < 0;
	stack->nr_kernel = nr < 0 ? 0 : nr;
	own = stack_own_frames(stack->ksym, kernel, stack->nr_kernel);
	stack->kernel = kernel + own;
	stack->nr_kernel -= own;
	if (!dx_event_has_ustack(ev))
		return;
	nr = source_stack(s->source, ev->ustack, addr, STACK_FRAMES);
	stack->user = user;
	stack->user_unkept = nr < 0;
	stack->nr_user = nr < 0 ? 0 : stack_user_frames(addr, nr);
	usym_frames(t->usym, &who, addr, stack->nr_user, user);
}

static void show(struct session *s, const struct dx_event *ev, size_t len)
{
	struct trace *t = s->arg;
	struct view_names names = { .start = s->start };
	struct view_stack stack = { .ksym = t->ksym };
	struct stack_frame user[STACK_FRAMES];
	uint64_t kernel[STACK_FRAMES];

	(void)len;
	if (ev->type == DX_MODULE && t->ksym)
		ksym_reset(t->ksym);
	if (t->failed || (s->o->count && t->shown >= s->o->count))
		return;
	names.device = session_device(s, ev);
	names.path = engine_path(s->engine, ev->dev, ev->ino, &names.path_deleted);
	if (!view_filter_event(&t->filter, ev, names.device, names.path))
		return;
	if (s->o->stack) {
		stack_get(s, ev, &stack, kernel, user);
		if (stack.nr_kernel || stack.nr_user || stack.kernel_unkept || stack.user_unkept)
			names.stack = &stack;
	}
	if (s->o->json && view_json_event(stdout, ev, &names))
		s->error = -ENOMEM;
	else if (!s->o->json)
		view_text_event(stdout, ev, &names);
	if (ferror(stdout))
		t->failed = true;
	if (++t->shown == s->o->count || t->failed)
		session_stop();
}

int cmd_trace(const struct options *o)
{
	struct trace t = { .filter = o->filter, .ksym = ksym_new(NULL) };
	struct session s = { .event = show, .arg = &t };
	int status;

	if (o->stack)
		t.usym = usym_new(session_program, &s);
	filter_resolve(&t.filter);
	status = session_open(&s, o);
	if (status)
		goto out;
	if (!o->json)
		view_text_header(stdout);
	output_flush();
	session_ready(&s);
	while (!session_done(&s)) {
		session_poll(&s, -1, -1);
		if (!output_flush())
			t.failed = true;
		if (t.failed)
			break;
	}
	session_drain(&s);
	/* after a failed write none more: one that a signal ended would wait again for a reader that does not read */
	if (!t.failed && o->json && view_json_summary(stdout, session_summary(&s)))
		s.error = -ENOMEM;
	else if (!t.failed && !o->json)
		view_text_summary(stdout, session_summary(&s));
	status = session_output(&s);
	session_close(&s);
out:
	ksym_free(t.ksym);
	usym_free(t.usym);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/* trace.c - daxtop trace: one line an event */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cmd/trace.h"
#include "look_live.h"
#include "session.h"
#include "model/stacks.h"
#include "view/held.h"
#include "view/json.h"

#define TASKS 4096 /* by tgid, as tasks.c has them: of two that share a place one is told again */

struct trace {
	const struct trace_options *o;
	struct view_filter filter;
	uint64_t shown;
	bool failed; /* stdout is gone */
	struct dx_task task[TASKS]; /* that events are to come of; tgid 0: none, or it was told */
};

static void keep_task(struct session *s, const struct dx_task *task)
{
	struct trace *t = s->arg;

	t->task[task->tgid % TASKS] = *task;
}

/* Those only whose events are shown. */
static int show_task(struct trace *t, uint32_t tgid)
{
	struct dx_task *task = &t->task[tgid % TASKS];
	int rc;

	if (!tgid || task->tgid != tgid)
		return 0;
	rc = view_json_process(stdout, task);
	task->tgid = 0;
	return rc;
}

static void stack_get(struct session *s, const struct dx_event *ev, struct view_stack *stack)
{
	const struct stack_who who = { .time = ev->time, .tgid = ev->tgid, .exec = ev->exec };
	struct stack got = stacks_kernel(s->stacks, ev->stack);

	stack->kernel = got.frames;
	stack->nr_kernel = got.nr;
	stack->kernel_unkept = got.unkept;
	if (!dx_event_has_ustack(ev))
		return;
	got = stacks_user(s->stacks, ev->ustack, &who);
	stack->user = got.frames;
	stack->nr_user = got.nr;
	stack->user_unkept = got.unkept;
}

static bool shows(struct session *s, const struct dx_event *ev)
{
	const struct engine_file file = engine_file(s->engine, ev->dev, ev->ino, ev->gen);
	const struct trace *t = s->arg;

	return ev->time >= s->start && (!s->o->count || t->shown < s->o->count) &&
	       view_filter_event(&t->filter, ev, s->device,
				 view_filter_path(file.path, file.path_flags));
}

static void show(struct session *s, const struct dx_event *ev, size_t len)
{
	struct trace *t = s->arg;
	struct view_names names = { .start = s->start };
	struct view_stack stack = { 0 };
	struct engine_file file;

	(void)len;
	if (t->failed || (s->o->count && t->shown >= s->o->count))
		return;
	names.device = s->device;
	file = engine_file(s->engine, ev->dev, ev->ino, ev->gen);
	names.path = file.path;
	names.path_flags = file.path_flags;
	names.path_tgid = file.path_tgid;
	if (!view_filter_event(&t->filter, ev, names.device,
			       view_filter_path(file.path, file.path_flags)))
		return;
	if (t->o->stack) {
		stack_get(s, ev, &stack);
		if (stack.nr_kernel || stack.nr_user || stack.kernel_unkept || stack.user_unkept)
			names.stack = &stack;
	}
	if (s->o->json && (show_task(t, ev->tgid) || view_json_event(stdout, ev, &names)))
		s->error = -ENOMEM;
	else if (!s->o->json)
		view_text_event(stdout, ev, &names);
	if (ferror(stdout))
		t->failed = true;
	if (++t->shown == s->o->count || t->failed)
		session_stop();
}

/* From before: no event of the trace tells of it. */
static void before(struct session *s, const struct trace *t)
{
	const struct snapshot *snap = snapshot_take(s->engine);
	int err = -ENOMEM;

	if (snap && s->o->json)
		err = view_before_json(stdout, snap, &t->filter, s->now);
	else if (snap)
		err = view_held_text(stdout, snap, &t->filter, s->now) ||
		      view_waits_text(stdout, snap, &t->filter, s->now);
	if (err)
		s->error = -ENOMEM;
	snapshot_put(snap);
}

static int run(const void *options)
{
	const struct trace_options *to = options;
	const struct options *o = &to->o;
	static struct trace t;
	struct session s = { .event = show,
			     .arg = &t,
			     .show_stacks = to->stack,
			     .all_user_stacks = true,
			     .show_devices = true,
			     .shows = shows,
			     .task = o->json ? keep_task : NULL };
	int status;

	t = (struct trace){ .o = to, .filter = o->filter };
	status = session_begin(&s, o);
	if (status)
		return status;
	status = filter_resolve(&s, &t.filter);
	if (status)
		session_close(&s);
	else
		status = session_open(&s);
	if (status)
		return status;
	look_live_filter(&s, &t.filter);
	if (!o->json)
		view_text_header(stdout);
	if (!t.filter.events)
		before(&s, &t);
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
	return status;
}

/* ---- the command line ---- */

static const char me[] = "daxtop trace";

enum {
	KEY_STACK = OPTION_KEY_OWN,
};

static const struct argp_option options[] = {
	{ OPTION_COUNT, "End after N events", 1 },
	{ OPTION_DURATION, "End after this time", 1 },
	{ OPTION_JSON, "One JSON object a line", 1 },
	{ "stack", KEY_STACK, NULL, 0, "Who called, below the events that have a stack", 1 },
	OPTIONS_FILTER,
	{ "event", 'e', "NAME[,NAME...]", 0, "these events", 2 },
	OPTIONS_TRACING,
	OPTIONS_STREAM,
	OPTIONS_END,
};

static int option(void *options, int key, char *arg)
{
	struct trace_options *o = options;

	switch (key) {
	case 'e':
		return value_events(me, arg, &o->o.filter.events);
	case KEY_STACK:
		o->stack = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct command command_trace = {
	.name = "trace",
	.summary = "one line an event",
	.doc = "One line an event.",
	.options = options,
	.size = sizeof(struct trace_options),
	.failure = 2,
	.option = option,
	.run = run,
};

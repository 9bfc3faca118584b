// SPDX-License-Identifier: GPL-2.0-only
/* cmd_check.c - daxtop check: the rules live while a program runs, and the verdict */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "child.h"
#include "clock.h"
#include "output.h"
#include "session.h"
#include "symbol/stacks.h"
#include "view/finding.h"
#include "view/report.h"

#define NS_PER_S 1000000000ULL
#define NEWS_NS	 (NS_PER_S / 4)
#define CLAIM_NS (4 * NS_PER_S) /* what the engine's looks take beyond the limits: what is on its way, its questions */

struct check {
	struct session s;
	const struct options *o;
	struct output *output; /* NULL: stdout */
	FILE *out;
	bool whole; /* the report is */
	struct child child;
	struct stacks *stacks;
	int left[REPORT_LEFT_MAX]; /* processes of CMD that were not waited for to the end */
	size_t nr_left;
	uint32_t told; /* number of the last finding that --verbose told of */
	uint64_t told_next; /* ns */
	bool told_lost;
};

static void note(struct session *s, const struct dx_event *ev, size_t len)
{
	struct check *c = s->arg;

	(void)len;
	stacks_note(c->stacks, ev);
}

static int read_stack(void *arg, int32_t id, uint64_t *addr, size_t max)
{
	struct check *c = arg;

	return source_stack(c->s.source, id, addr, max);
}

static int ask_program(void *arg, uint32_t tgid, struct usym_task *task)
{
	struct check *c = arg;

	return session_program(&c->s, tgid, task);
}

/* ---- --verbose: findings as they come ---- */

static int tell(const struct engine_finding *f, void *arg)
{
	struct check *c = arg;
	char sentence[FINDING_MAX];

	if (f->nr <= c->told)
		return 0;
	c->told = f->nr;
	if (f->note || !(c->o->rules & 1u << f->rule) ||
	    (c->o->only_proven && f->confidence != ENGINE_PROVEN))
		return 0;
	fprintf(stderr, "daxtop: %s, %s: %s\n", rule_name(f->rule), confidence_name(f->confidence),
		finding_sentence(sentence, sizeof(sentence), f, clock_now()));
	return 0;
}

static void tell_lost(struct check *c)
{
	const char *why;

	if (c->told_lost || !engine_inconclusive(c->s.engine, &why))
		return;
	c->told_lost = true;
	fprintf(stderr, "daxtop: %s: what rests on them is inconclusive\n", why);
}

static void look(struct check *c)
{
	uint64_t now;

	session_poll(&c->s, -1, -1);
	now = clock_now();
	if (!c->o->verbose || now < c->told_next)
		return;
	c->told_next = now + NEWS_NS;
	engine_findings(c->s.engine, tell, c);
	tell_lost(c);
}

/* ---- the stages ---- */

/* Signals are the program's as long as it runs; afterwards they end the waiting. */
static void wait_command(struct check *c)
{
	pid_t left[REPORT_LEFT_MAX];
	uint64_t until;

	while (!c->child.ended) {
		look(c);
		child_reap(&c->child);
	}
	child_signals_give_back();
	until = clock_now() + c->o->settle_ns;
	while (!c->child.alone && !session_done(&c->s) && clock_now() < until) {
		look(c);
		child_reap(&c->child);
	}
	child_reap(&c->child);
	if (c->child.alone)
		return;
	c->nr_left = child_left(left, REPORT_LEFT_MAX);
	for (size_t i = 0; i < c->nr_left; i++)
		c->left[i] = left[i];
}

/* What looks wrong now may be on its way to be right: time for that, and no more. */
static void settle(struct check *c)
{
	uint64_t longest = c->o->leak_ns > c->o->stall_ns ? c->o->leak_ns : c->o->stall_ns;
	uint64_t until = clock_now() + c->o->settle_ns, last = until + longest + CLAIM_NS;
	bool told = false;

	while (!session_done(&c->s) && clock_now() < last) {
		if (clock_now() >= until && !engine_pending(c->s.engine))
			break;
		if (clock_now() >= until && !told && (c->o->verbose || !c->o->command_argv)) {
			fprintf(stderr, "daxtop: waiting to see whether what looks wrong stays so; Ctrl-C ends it\n");
			told = true;
		}
		look(c);
	}
}

static int report(struct check *c)
{
	const struct options *o = c->o;
	struct utsname u = {};
	struct report r = {
		.kernel = u.release,
		.regime = source_regime(c->s.source),
		.rules = o->rules,
		.rules_named = o->rules_named,
		.only_proven = o->only_proven,
		.propagate = o->propagate,
		.start = c->s.start,
		.now = clock_now(),
		.counts = session_summary(&c->s),
		.stacks = c->stacks,
		.command = o->command_argv ? o->command_argv[0] : NULL,
		.status = c->child.status,
		.nr_left = c->nr_left,
	};
	struct verdict v;
	int err;

	uname(&u);
	r.probes = source_probes(c->s.source, &r.nr_probes);
	memcpy(r.left, c->left, sizeof(r.left));
	err = report_collect(&r, c->s.engine);
	if (!err && o->json)
		err = view_report_json(c->out, &r);
	else if (!err && o->ktap)
		view_report_ktap(c->out, &r);
	else if (!err)
		view_report_text(c->out, &r);
	if (err)
		c->s.error = err;
	c->whole = !err;
	report_verdict(&r, &v);
	report_free(&r);
	return v.exit;
}

/* The report went to a file: it must be there. Returns 0, or 2 after a sentence. */
static int report_close(struct check *c)
{
	char err[256];

	if (!output_close(c->output, c->whole, err, sizeof(err)))
		return 0;
	fprintf(stderr, "daxtop: %s\n", err);
	return 2;
}

static int run(struct check *c, const struct child_user *user)
{
	char *const *argv = c->o->command_argv;
	char err[768];

	if (!argv || c->o->verbose)
		session_ready(&c->s);
	if (argv) {
		if (child_start(&c->child, argv, user, err, sizeof(err))) {
			fprintf(stderr, "daxtop: %s\n", err);
			return 2;
		}
		wait_command(c);
		settle(c);
	} else {
		while (!session_done(&c->s))
			look(c);
		session_resume(&c->s);
		settle(c);
	}
	session_drain(&c->s);
	return report(c);
}

int cmd_check(const struct options *o)
{
	struct check c = { .o = o, .out = stdout };
	struct child_user user;
	int status = 2, written;
	char err[768];

	child_signals_save();
	/* what can be known without the kernel comes before the seconds that attaching takes */
	if (child_user_find(&user, o->user, err, sizeof(err)) ||
	    (o->command_argv && child_find(o->command_argv[0], &user, err, sizeof(err)))) {
		fprintf(stderr, "daxtop: %s\n", err);
		return 2;
	}
	c.s.event = note;
	c.s.arg = &c;
	c.stacks = stacks_new(read_stack, ask_program, &c);
	if (!c.stacks) {
		fprintf(stderr, "daxtop: memory is short\n");
		return 2;
	}
	if (o->output) {
		c.output = output_open(o->output, err, sizeof(err));
		if (!c.output) {
			fprintf(stderr, "daxtop: %s\n", err);
			goto out;
		}
		c.out = output_file(c.output);
	}
	if (session_open(&c.s, o))
		goto out;
	status = run(&c, &user);
	written = session_output(&c.s);
	if (written)
		status = written;
	session_close(&c.s);
out:
	written = report_close(&c);
	stacks_free(c.stacks);
	return written ? written : status;
}

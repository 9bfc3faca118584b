// SPDX-License-Identifier: GPL-2.0-only
/* check.c - daxtop check: the rules live while a program runs, and the verdict */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check_status.h"
#include "child.h"
#include "base/clock.h"
#include "cmd/check.h"
#include "base/output.h"
#include "model/probe.h"
#include "rule/rule.h"
#include "session.h"
#include "base/stop.h"
#include "model/stacks.h"
#include "view/finding.h"
#include "view/held.h"
#include "view/report.h"

#define NS_PER_S 1000000000ULL
#define NEWS_NS	 (NS_PER_S / 4)
/* what the engine's looks take beyond the limits: what is on its way, its questions */
#define CLAIM_NS (4 * NS_PER_S)
/* whoever sent TERM sends KILL ten seconds later, as often as not: the report comes first */
#define URGED_S 5

struct check {
	struct session s;
	const struct check_options *o;
	struct output *output; /* NULL: stdout */
	FILE *out;
	bool whole; /* the report is */
	struct child child;
	struct child_user user; /* who runs it */
	struct child_process left[REPORT_LEFT_MAX]; /* of CMD, not waited for to the end */
	size_t nr_left; /* may be more than that */
	char cut[128]; /* why CMD was not waited for to its end; "": it was */
	bool unjudged; /* something looked wrong, and a signal did not leave the time to judge it */
	uint32_t told; /* number of the last finding that --verbose told of */
	uint64_t told_next; /* ns */
	bool told_lost;
};

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
	const struct snapshot *snap;
	uint64_t now;

	session_poll(&c->s, -1, -1);
	now = clock_now();
	if (!c->o->o.verbose || now < c->told_next)
		return;
	c->told_next = now + NEWS_NS;
	snap = snapshot_take(c->s.engine);
	if (snap)
		snapshot_findings(snap, tell, c);
	snapshot_put(snap);
	tell_lost(c);
}

/* ---- the stages ---- */

/* A signal that is not CMD's, or a TERM or HUP some seconds ago. */
static bool hurried(const struct check *c)
{
	return session_done(&c->s) || (stop_urged && clock_now() - stop_urged >= URGED_S * NS_PER_S);
}

/* Why it is not waited for any longer: words for the report. */
static void cut_say(struct check *c)
{
	const char *name = sigabbrev_np(stop_signal);

	if (stop_wanted)
		snprintf(c->cut, sizeof(c->cut), "SIG%s came as a second signal", name ? name : "?");
	else
		snprintf(c->cut, sizeof(c->cut), "it went on for %d s after SIG%s", URGED_S,
			 name ? name : "?");
}

/* The first signal is CMD's, any other ends the waiting: child_start(). */
static void wait_command(struct check *c)
{
	uint64_t until;

	while (!c->child.ended && !hurried(c)) {
		look(c);
		child_reap(&c->child);
	}
	if (!c->child.ended)
		cut_say(c);
	until = clock_now() + c->o->settle_ns;
	while (!c->child.alone && !hurried(c) && clock_now() < until) {
		look(c);
		child_reap(&c->child);
	}
	child_reap(&c->child);
	if (!c->child.alone)
		c->nr_left = child_left(c->left, REPORT_LEFT_MAX);
}

/* What looks wrong now may be on its way to be right: time for that, and no more. */
static void settle(struct check *c)
{
	uint64_t longest = c->o->o.leak_ns > c->o->o.stall_ns ? c->o->o.leak_ns : c->o->o.stall_ns;
	uint64_t until = clock_now() + c->o->settle_ns, last = until + longest + CLAIM_NS;
	bool told = false;

	while (!hurried(c) && clock_now() < last) {
		if (clock_now() >= until && !session_pending(&c->s))
			return;
		if (clock_now() >= until && !told && (c->o->o.verbose || !c->o->o.command_argv)) {
			fprintf(stderr,
				"daxtop: waiting to see whether what looks wrong stays so; Ctrl-C ends it\n");
			told = true;
		}
		look(c);
	}
	c->unjudged = hurried(c) && session_pending(&c->s);
}

/* What became of CMD: for the report, now and from a file. */
static void command_put(struct check *c)
{
	struct dx_command k = {
		.status = c->child.status,
		.ran = !!c->o->o.command_argv,
		.unjudged = c->unjudged,
		.nr_left = c->nr_left,
		.uid = c->user.uid,
		.gid = c->user.gid,
		.became = c->user.change,
	};

	snprintf(k.user, sizeof(k.user), "%s", c->user.name);
	snprintf(k.name, sizeof(k.name), "%s", k.ran ? c->o->o.command_argv[0] : "");
	snprintf(k.cut, sizeof(k.cut), "%s", c->cut);
	for (size_t i = 0; i < c->nr_left && i < DX_LEFT_MAX; i++) {
		k.left[i].pid = c->left[i].pid;
		k.left[i].state = c->left[i].state;
		memcpy(k.left[i].comm, c->left[i].comm, sizeof(k.left[i].comm));
	}
	session_put(&c->s, DX_REC_COMMAND, &k, sizeof(k));
}

static void command_known(struct check *c)
{
	const struct dx_command *k = &c->s.command;

	c->child.status = k->status;
	c->unjudged = k->unjudged;
	c->nr_left = k->nr_left;
	c->user.uid = k->uid;
	c->user.gid = k->gid;
	c->user.change = k->became;
	strcpy(c->user.name, k->user);
	strcpy(c->cut, k->cut);
	for (size_t i = 0; i < DX_LEFT_MAX; i++) {
		c->left[i].pid = k->left[i].pid;
		c->left[i].state = k->left[i].state;
		memcpy(c->left[i].comm, k->left[i].comm, sizeof(c->left[i].comm));
	}
}

/* Why a rule can't be checked on this kernel, and whether anything can. */
static void probes_weigh(const struct check *c, struct verdict_terms *t, char (*why)[256])
{
	enum regime regime = session_regime(&c->s);
	const struct probe *probes;
	size_t nr;

	probes = session_probes(&c->s, &nr);
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		t->unchecked[i] = rule_unchecked(i, regime, probes, nr, why[i], sizeof(why[i]));
	t->blind = !probe_essential_ok(probes, nr);
}

static int report(struct check *c)
{
	const struct check_options *o = c->o;
	struct report r = {
		.kernel = c->s.hello.kernel,
		.regime = session_regime(&c->s),
		.terms = {
			.rules = o->rules,
			.rules_named = o->rules_named,
			.only_proven = o->only_proven,
			.exercised = o->exercised,
			.some_exercised = o->some_exercised,
			.error_exitcode = o->error_exitcode,
			.unjudged = c->unjudged,
			.command = c->s.command.ran,
			.cut = c->cut[0],
			.command_exit = child_exit_status(c->child.status),
		},
		.start = c->s.start,
		.now = c->s.now,
		.counts = session_summary(&c->s),
		.stacks = c->s.stacks,
		.command = c->s.command.ran ? c->s.command.name : NULL,
		.user = &c->user,
		.cut = c->cut[0] ? c->cut : NULL,
		.status = c->child.status,
		.nr_left = c->nr_left,
	};
	char unchecked[DX_RULES][256];
	const struct snapshot *snap;
	int err;

	probes_weigh(c, &r.terms, unchecked);
	memcpy(r.left, c->left, sizeof(r.left));
	snap = snapshot_take(c->s.engine);
	err = snap ? report_collect(&r, snap) : -ENOMEM;
	/* whatever began it, and whether it is a finding or not; the verdict is the last line */
	if (!err && o->o.json)
		err = view_waits_json(c->out, snap, NULL, c->s.now);
	else if (!err && !o->ktap)
		err = view_waits_text(c->out, snap, NULL, c->s.now);
	snapshot_put(snap);
	if (!err && o->o.json)
		err = view_report_json(c->out, &r);
	else if (!err && o->ktap)
		view_report_ktap(c->out, &r);
	else if (!err)
		view_report_text(c->out, &r);
	if (err)
		c->s.error = err;
	c->whole = !err;
	report_free(&r);
	return r.verdict.exit;
}

/* The report went to a file: it must be there. Returns 0, or the exit status after a sentence. */
static int report_close(struct check *c)
{
	char err[256];

	if (!output_close(c->output, c->whole, err, sizeof(err)))
		return 0;
	fprintf(stderr, "daxtop: %s\n", err);
	return CHECK_FAILED;
}

static int watch(struct check *c)
{
	char *const *argv = c->o->o.command_argv;
	char err[768];
	int status;

	if (!argv || c->o->o.verbose)
		session_ready(&c->s);
	if (c->o->o.from) {
		session_drain(&c->s);
		command_known(c);
		return report(c);
	}
	if (argv) {
		status = child_start(&c->child, argv, &c->user, err, sizeof(err));
		if (status) {
			fprintf(stderr, "daxtop: %s\n", err);
			return status;
		}
		wait_command(c);
		settle(c);
	} else {
		while (!session_done(&c->s))
			look(c);
		session_resume(&c->s);
		settle(c);
	}
	command_put(c);
	session_drain(&c->s);
	return report(c);
}

/* What can be known without the kernel comes before the seconds that attaching takes. */
static int prepare(struct check *c)
{
	char *const *argv = c->o->o.command_argv;
	char err[768];
	int status = CHECK_FAILED;

	if (getenv("DAXTOP_NO_RULES")) {
		fprintf(stderr,
			"daxtop: DAXTOP_NO_RULES is set, which leaves out all rules: unset it to check them\n");
		return status;
	}
	if (!argv || c->o->o.from)
		return 0;
	if (!child_user_find(&c->user, c->o->o.user, err, sizeof(err))) {
		status = child_find(argv[0], &c->user, err, sizeof(err));
		if (!status)
			return 0;
	}
	fprintf(stderr, "daxtop: %s\n", err);
	return status;
}

static int run(const void *options)
{
	const struct check_options *o = options;
	struct check c = { .o = o, .out = stdout };
	int status, written;
	char err[768];

	child_signals_save();
	status = prepare(&c);
	if (status)
		return status;
	status = CHECK_FAILED;
	c.s.show_stacks = true;
	if (session_begin(&c.s, &o->o))
		return status;
	if (o->o.output) {
		c.output = output_open(o->o.output, err, sizeof(err));
		if (!c.output) {
			fprintf(stderr, "daxtop: %s\n", err);
			session_close(&c.s);
			goto out;
		}
		c.out = output_file(c.output);
	}
	if (session_open(&c.s))
		goto out;
	status = watch(&c);
	if (session_output(&c.s))
		status = CHECK_FAILED;
	session_close(&c.s);
out:
	written = report_close(&c);
	return written ? written : status;
}

/* ---- the command line ---- */

#define ALL_RULES (((1u << DX_RULES) - 1) & ~(1u << DX_RULE_NONE))

static const char me[] = "daxtop check";

enum {
	KEY_RULE = OPTION_KEY_OWN,
	KEY_IGNORE,
	KEY_ONLY_PROVEN,
	KEY_STRICT,
	KEY_LEAK_TIME,
	KEY_STALL_TIME,
	KEY_SETTLE,
	KEY_PROPAGATE,
	KEY_ERROR_EXITCODE,
	KEY_REQUIRE_EXERCISED,
	KEY_KTAP,
	KEY_OUTPUT,
};

static const struct argp_option options[] = {
	{ OPTION_DURATION, "Without CMD: end after this time", 1 },
	{ OPTION_USER, "Run CMD as this user (who called sudo, else as now)", 1 },
	{ "settle", KEY_SETTLE, "SECONDS", 0,
	  "Wait so long after CMD for its last processes, and for counts to come to rest (1)", 1 },
	{ "error-exitcode", KEY_ERROR_EXITCODE, "N", 0, "Exit status for findings, 1 to 255 (1)", 1 },
	/* of 0.1; what it asked for is what is done */
	{ "propagate", KEY_PROPAGATE, NULL, OPTION_HIDDEN, NULL, 1 },
	{ NULL, 0, NULL, 0, "Rules (daxtop rules lists them):", 2 },
	{ "rule", KEY_RULE, "ID[,ID...]", 0, "Only these", 2 },
	{ "ignore", KEY_IGNORE, "ID[,ID...]", 0, "Not these", 2 },
	{ "require-exercised", KEY_REQUIRE_EXERCISED, "ID[,ID...]", OPTION_ARG_OPTIONAL,
	  "These rules must have been checked once at least; without ID: any rule (else 124)", 2 },
	{ "only-proven", KEY_ONLY_PROVEN, NULL, 0, "Only findings that are proven", 2 },
	{ "strict", KEY_STRICT, NULL, 0,
	  "What an old kernel does by design (mappings without a reference) is a finding too", 2 },
	{ "leak-time", KEY_LEAK_TIME, "SECONDS", 0,
	  "References that nothing explains for so long are a leak (10)", 2 },
	{ "stall-time", KEY_STALL_TIME, "SECONDS", 0, "Waits longer than this are a stall (10)", 2 },
	{ NULL, 0, NULL, 0, "Output:", 3 },
	{ OPTION_JSON, "One JSON object a line", 3 },
	{ "ktap", KEY_KTAP, NULL, 0, "The kernel's test format, a test a rule", 3 },
	{ "output", KEY_OUTPUT, "FILE", 0, "The report goes there, not to standard output", 3 },
	{ OPTION_VERBOSE, "Say what is attached, and each finding at once", 3 },
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_STREAM,
	OPTIONS_END,
};

static void defaults(void *options)
{
	struct check_options *o = options;

	o->o.judge = true;
	o->rules = ALL_RULES;
	o->settle_ns = NS_PER_S;
	o->error_exitcode = 1;
}

/* The first --rule takes the place of "all". */
static int parse_rule(struct check_options *o, const char *arg)
{
	if (!o->rules_named)
		o->rules = 0;
	o->rules_named = true;
	return value_rules(me, arg, &o->rules);
}

static int option(void *options, int key, char *arg)
{
	struct check_options *o = options;
	uint64_t n = 0;
	int err;

	switch (key) {
	case KEY_RULE:
		return parse_rule(o, arg);
	case KEY_IGNORE:
		return value_rules(me, arg, &o->ignored);
	case KEY_ONLY_PROVEN:
		o->only_proven = true;
		return 0;
	case KEY_STRICT:
		o->o.strict = true;
		return 0;
	case KEY_LEAK_TIME:
		return value_seconds(me, "--leak-time", arg, 1000000, &o->o.leak_ns);
	case KEY_STALL_TIME:
		return value_seconds(me, "--stall-time", arg, 1000000, &o->o.stall_ns);
	case KEY_SETTLE:
		return value_seconds(me, "--settle", arg, 0, &o->settle_ns);
	case KEY_PROPAGATE:
		complain(me,
			 "--propagate can be left out: CMD's exit status is passed on without it");
		return 0;
	case KEY_ERROR_EXITCODE:
		err = value_number(me, "--error-exitcode", arg, 1, 255, &n);
		o->error_exitcode = n;
		return err;
	case KEY_REQUIRE_EXERCISED:
		o->some_exercised = true;
		return arg ? value_rules(me, arg, &o->exercised) : 0;
	case KEY_KTAP:
		o->ktap = true;
		return 0;
	case KEY_OUTPUT:
		return value_string(me, "--output", arg, &o->o.output);
	}
	return ARGP_ERR_UNKNOWN;
}

static int end(void *options)
{
	struct check_options *o = options;

	o->rules &= ~o->ignored;
	if (!o->rules) {
		complain(me, "no rule is left to check: --ignore names all of them");
		return EINVAL;
	}
	if (o->o.json && o->ktap) {
		complain(me, "--json and --ktap are two formats: choose one");
		return EINVAL;
	}
	if (o->o.command_argv && o->o.duration_ns) {
		complain(me, "--duration is for a check without CMD, which ends by itself");
		return EINVAL;
	}
	if (!o->o.command_argv && o->o.user) {
		complain(me, "--user needs a CMD");
		return EINVAL;
	}
	if (o->exercised & ~o->rules) {
		complain(me, "--require-exercised names %s, which --rule or --ignore leaves out",
			 rule_get(__builtin_ctz(o->exercised & ~o->rules))->id);
		return EINVAL;
	}
	return 0;
}

const struct command command_check = {
	.name = "check",
	.args = "[-- CMD ARG...]",
	.synopsis = "check [-- CMD]",
	.summary = "which rules of reference counts are broken, while CMD runs",
	.doc = "Checks the rules of DAX reference counts while CMD runs, or until Ctrl-C, and says "
	       "which were broken, where and by whom.\v"
	       "Exit status: that of CMD (128+N: signal N ended it; 0 without CMD) when no rule was "
	       "broken, 1 when one was, 124 not all was seen, so that nothing found says little, 125 wrong "
	       "usage or daxtop failed, 126 CMD can't be run, 127 there is no CMD.",
	.options = options,
	.size = sizeof(struct check_options),
	.runs_program = true,
	.failure = CHECK_FAILED,
	.defaults = defaults,
	.option = option,
	.end = end,
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-only
/* perf.c - daxtop perf: counts and latencies of DAX memory, summed in the kernel */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "base/clock.h"
#include "base/progress.h"
#include "base/stop.h"
#include "check_status.h"
#include "child.h"
#include "cmd/command.h"
#include "kernel/perf_source.h"
#include "kernel/preflight.h"
#include "perf_names.h"
#include "session.h"
#include "view/perf.h"

#define NS_PER_S 1000000000ULL
#define MAX_KEYS 8192
#define GAPS_MAX 32
#define LEFT_NS	 NS_PER_S /* how long processes that CMD has left are waited for */
#define URGED_S	 5 /* as check: whoever sent TERM sends KILL some seconds later */
#define POLL_NS	 20000000L

struct perf_options {
	struct options o;
	enum perf_by by;
	uint32_t max_keys;
};

struct perf {
	const struct perf_options *o;
	struct perf_source *source;
	struct perf_report report;
	struct child child;
	struct child_user user;
	char *gaps[GAPS_MAX];
	size_t nr_gaps;
};

/* ---- the stages ---- */

/* What can be known before anything is loaded. Returns 0, or the exit status after a sentence. */
static int prepare(struct perf *p)
{
	char *const *argv = p->o->o.command_argv;
	char err[768];
	int status = CHECK_FAILED;

	if (!argv)
		return 0;
	if (!child_user_find(&p->user, p->o->o.user, err, sizeof(err))) {
		status = child_find(argv[0], &p->user, err, sizeof(err));
		if (!status)
			return 0;
	}
	fprintf(stderr, "daxtop: %s\n", err);
	return status;
}

static void gap(void *arg, const char *what, const char *why)
{
	struct perf *p = arg;

	if (p->nr_gaps < GAPS_MAX && asprintf(&p->gaps[p->nr_gaps], "%s: %s", what, why) >= 0)
		p->nr_gaps++;
}

static int open_source(struct perf *p)
{
	unsigned int attached, all;
	char err[768];

	stop_catch();
	progress_begin();
	if (!preflight(err, sizeof(err)))
		p->source = perf_source_open(p->o->max_keys, err, sizeof(err));
	progress_end();
	if (!p->source) {
		fprintf(stderr, "daxtop: %s\n", err);
		return CHECK_FAILED;
	}
	perf_source_gaps(p->source, gap, p);
	p->report.start = clock_now();
	if (p->o->o.command_argv && !p->o->o.verbose)
		return 0;
	for (size_t i = 0; i < p->nr_gaps; i++)
		fprintf(stderr, "daxtop: not counted: %s\n", p->gaps[i]);
	perf_source_attached(p->source, &attached, &all);
	fprintf(stderr, "daxtop: ready: %u of %u things are counted, regime %s\n", attached, all,
		regime_name(perf_source_regime(p->source)));
	return 0;
}

/* A signal that is not CMD's, or a TERM or HUP some seconds ago. */
static bool hurried(void)
{
	return stop_wanted || (stop_urged && clock_now() - stop_urged >= URGED_S * NS_PER_S);
}

static void pause_shortly(void)
{
	const struct timespec t = { .tv_nsec = POLL_NS };

	stop_poll(NULL, 0, &t);
}

/* The first signal is CMD's, any other ends the waiting: child_start(). Returns 0, or the exit status. */
static int run_command(struct perf *p)
{
	uint64_t until;
	char err[768];
	int status = child_start(&p->child, p->o->o.command_argv, &p->user, err, sizeof(err));

	if (status) {
		fprintf(stderr, "daxtop: %s\n", err);
		return status;
	}
	while (!p->child.ended && !hurried()) {
		pause_shortly();
		child_reap(&p->child);
	}
	until = clock_now() + LEFT_NS;
	while (p->child.ended && !p->child.alone && !hurried() && clock_now() < until) {
		pause_shortly();
		child_reap(&p->child);
	}
	return 0;
}

static void wait_end(const struct perf *p)
{
	uint64_t until = p->o->o.duration_ns ? clock_now() + p->o->o.duration_ns : UINT64_MAX;

	while (!stop_wanted && clock_now() < until)
		pause_shortly();
}

static int add(void *arg, const struct perf_key *k, const struct perf_value *v)
{
	return perf_report_add(arg, k, v);
}

/* What became of CMD: the exit status is its own. */
static int command_status(const struct perf *p, struct view_perf *v)
{
	if (!p->o->o.command_argv)
		return 0;
	v->command = p->o->o.command_argv[0];
	v->status = p->child.status;
	if (p->child.ended) {
		child_status_format(v->ended, sizeof(v->ended), p->child.status);
		return child_exit_status(p->child.status);
	}
	snprintf(v->ended, sizeof(v->ended), "was not waited for to its end");
	v->status = stop_signal;
	return CHECK_SIGNAL + stop_signal;
}

static int report(struct perf *p)
{
	struct utsname u = {};
	struct view_perf v = {
		.report = &p->report,
		.kernel = u.release,
		.regime = regime_name(perf_source_regime(p->source)),
		.gaps = (const char *const *)p->gaps,
		.nr_gaps = p->nr_gaps,
		.histograms = p->o->by == PERF_BY_ALL || p->o->o.verbose,
	};
	int status, rc;

	uname(&u);
	p->report.by = p->o->by;
	rc = perf_source_each(p->source, add, &p->report);
	rc = rc ? rc : perf_source_others(p->source, p->report.others);
	p->report.missed = perf_source_missed(p->source);
	rc = rc ? rc : perf_report_sort(&p->report);
	perf_names_find(&p->report, p->source);
	status = command_status(p, &v);
	if (!rc && p->o->o.json)
		rc = view_perf_json(stdout, &v);
	else if (!rc)
		view_perf_text(stdout, &v);
	if (rc) {
		fprintf(stderr, "daxtop: the counts could not be read: %s\n", strerror(-rc));
		return CHECK_FAILED;
	}
	return output_failed() ? CHECK_FAILED : status;
}

static int run(const void *options)
{
	struct perf p = { .o = options };
	int status;

	child_signals_save();
	status = prepare(&p);
	status = status ? status : open_source(&p);
	if (!status && p.o->o.command_argv)
		status = run_command(&p);
	else if (!status)
		wait_end(&p);
	if (!status) {
		p.report.end = clock_now();
		perf_source_detach(p.source);
		status = report(&p);
	}
	perf_report_free(&p.report);
	perf_source_close(p.source);
	while (p.nr_gaps)
		free(p.gaps[--p.nr_gaps]);
	return status;
}

/* ---- the command line ---- */

static const char me[] = "daxtop perf";

enum {
	KEY_BY = OPTION_KEY_OWN,
	KEY_MAX_KEYS,
};

static const struct argp_option options[] = {
	{ OPTION_DURATION, "Without CMD: end after this time", 1 },
	{ "by", KEY_BY, "WHAT", 0, "Sums of each process, cgroup, file or device", 1 },
	{ OPTION_USER, "Run CMD as this user (who called sudo, else as now)", 1 },
	{ OPTION_JSON, "One JSON object a line", 2 },
	{ OPTION_VERBOSE, "Say what is attached; histograms of each row with --by, too", 2 },
	{ "max-keys", KEY_MAX_KEYS, "N", 0,
	  "Count at most N combinations of process, file and outcome apart, all others together (8192)",
	  5 },
	OPTIONS_END,
};

static void defaults(void *options)
{
	struct perf_options *o = options;

	o->max_keys = MAX_KEYS;
}

static int parse_by(struct perf_options *o, const char *arg)
{
	static const char *const names[] = {
		[PERF_BY_PROCESS] = "process", [PERF_BY_CGROUP] = "cgroup", [PERF_BY_FILE] = "file", [PERF_BY_DEVICE] = "device"
	};
	char shown[256];

	for (size_t i = PERF_BY_PROCESS; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(arg, names[i])) {
			o->by = i;
			return 0;
		}
	complain(me, "--by takes process, cgroup, file or device, not '%s'",
		 value_shown(shown, sizeof(shown), arg));
	return EINVAL;
}

static int option(void *options, int key, char *arg)
{
	struct perf_options *o = options;
	uint64_t n = 0;
	int err;

	switch (key) {
	case KEY_BY:
		return parse_by(o, arg);
	case KEY_MAX_KEYS:
		err = value_number(me, "--max-keys", arg, 1, 1 << 20, &n);
		o->max_keys = n;
		return err;
	}
	return ARGP_ERR_UNKNOWN;
}

static int end(void *options)
{
	const struct perf_options *o = options;

	if (o->o.command_argv && o->o.duration_ns) {
		complain(me, "--duration is without CMD, which ends by itself");
		return EINVAL;
	}
	if (!o->o.command_argv && o->o.user) {
		complain(me, "--user needs a CMD");
		return EINVAL;
	}
	return 0;
}

const struct command command_perf = {
	.name = "perf",
	.args = "[-- CMD ARG...]",
	.synopsis = "perf [-- CMD]",
	.summary = "how many faults, pins and waits, how long they take, why not 2M",
	.doc = "Counts DAX faults, GUP, unpins and layout breaks in the kernel while CMD runs, or until Ctrl-C, and "
	       "says how many there were, how long they took, of which size, and why faults of 2M fell back to 4K.\v"
	       "Exit status: that of CMD (128+N: signal N ended it; 0 without CMD), 125 wrong usage or daxtop failed, "
	       "126 CMD can't be run, 127 there is no CMD.",
	.options = options,
	.size = sizeof(struct perf_options),
	.runs_program = true,
	.failure = CHECK_FAILED,
	.defaults = defaults,
	.option = option,
	.end = end,
	.run = run,
};

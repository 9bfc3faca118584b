// SPDX-License-Identifier: GPL-2.0-only
/* top.c - daxtop top: the live screen, or the same as text */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "cmd/top.h"
#include "look_live.h"
#include "session.h"
#include "base/stop.h"
#include "model/stacks.h"
#include "view/screen.h"

#define DELAY_DEFAULT_NS 1000000000ull

struct info {
	struct screen_info i;
	char time[16];
};

static const struct screen_info *info_get(struct session *s, struct info *x)
{
	/* a file may hold anything: no overflow that is not defined */
	time_t there = (uint64_t)s->picture.wall + s->picture.utc_offset;
	struct tm tm;
	const struct probe *p;
	size_t n;

	p = session_probes(s, &n);
	if (!gmtime_r(&there, &tm) || !strftime(x->time, sizeof(x->time), "%H:%M:%S", &tm))
		strcpy(x->time, "?");
	x->i.version = DAXTOP_VERSION;
	x->i.kernel = s->hello.kernel;
	x->i.stacks = s->stacks;
	x->i.regime = regime_name(session_regime(s));
	x->i.time = x->time;
	x->i.now = s->picture.time;
	x->i.missed = s->counts.missed_runs;
	x->i.stacks_unkept = s->counts.stacks_unkept;
	x->i.looks = s->counts.looks;
	x->i.start = s->start;
	x->i.probes_attached = x->i.probes_total = 0;
	for (size_t k = 0; k < n; k++) {
		x->i.probes_total += p[k].state != PROBE_UNNEEDED;
		x->i.probes_attached += p[k].state == PROBE_ATTACHED;
	}
	x->i.waiting =
		s->watching ? NULL : "no device with ZONE_DEVICE memory is there; waiting for one";
	return &x->i;
}

/* A picture is drawn here: as of now, and so that it can be drawn again. */
static void picture(struct session *s)
{
	struct dx_picture p = { .time = clock_now(), .wall = time(NULL) };
	time_t now = p.wall;
	struct tm tm;

	if (localtime_r(&now, &tm))
		p.utc_offset = tm.tm_gmtoff;
	session_fresh(s);
	session_put(s, DX_REC_PICTURE, &p, sizeof(p));
}

static int run_batch(struct session *s, struct info *x, const struct screen_options *so)
{
	struct view_top_state state = {};
	const struct snapshot *snap;
	uint64_t next = clock_now(), shown = 0;

	session_ready(s);
	while (!session_done(s) && (!s->o->count || shown < s->o->count)) {
		session_poll(s, -1, -1);
		if (!s->o->from && clock_now() >= next + so->delay_ms * 1000000ULL) {
			next = clock_now();
			picture(s);
		}
		if (!s->drawn)
			continue;
		s->drawn = false;
		if (shown++)
			putchar('\n');
		snap = snapshot_take(s->engine);
		if (!snap || view_top_text(stdout, snap, info_get(s, x), so, &state, 0))
			s->error = -ENOMEM;
		snapshot_put(snap);
		if (!output_flush())
			break;
	}
	return session_output(s);
}

static int run_screen(struct session *s, struct info *x, const struct screen_options *so)
{
	char err[256];
	struct screen *screen = screen_open(so, err, sizeof(err));
	const struct snapshot *snap;
	uint64_t shown = 0;
	bool quit = false;

	if (!screen) {
		fprintf(stderr, "daxtop: %s\n", err);
		return 2;
	}
	while (!quit && !session_done(s) && (!s->o->count || shown < s->o->count)) {
		session_poll(s, screen_timeout(screen), screen_fd(screen));
		/* always: a resize comes as a signal, not as input */
		quit = screen_key(screen) == SCREEN_QUIT;
		if (quit || screen_timeout(screen))
			continue;
		picture(s);
		snap = snapshot_take(s->engine);
		if (!snap || screen_draw(screen, snap, info_get(s, x))) {
			s->error = -ENOMEM;
			quit = true;
		}
		snapshot_put(snap);
		shown++;
	}
	screen_close(screen);
	return session_output(s);
}

static int run(const void *options)
{
	const struct top_options *o = options;
	struct screen_options so = {
		.sort = o->sort,
		.filter = o->o.filter,
		.delay_ms = (o->o.delay_ns ? o->o.delay_ns : DELAY_DEFAULT_NS) / 1000000,
		.no_color = o->no_color,
		.stop = &stop_wanted,
	};
	bool screen = !o->batch && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct info x = {};
	struct session s = { .show_stacks = true };
	char err[256];
	int status;

	/* before anything is loaded: a terminal that won't do is said at once */
	if (screen && screen_check(err, sizeof(err))) {
		fprintf(stderr, "daxtop: %s\n", err);
		return 2;
	}
	s.screen = screen;
	status = session_begin(&s, &o->o);
	if (status)
		return status;
	status = filter_resolve(&s, &so.filter);
	if (status)
		session_close(&s);
	else
		status = session_open(&s);
	if (status)
		return status;
	look_live_filter(&s, &so.filter);
	status = screen ? run_screen(&s, &x, &so) : run_batch(&s, &x, &so);
	session_drain(&s);
	session_close(&s);
	return status;
}

/* ---- the command line ---- */

static const char me[] = "daxtop top";

enum {
	KEY_NO_COLOR = OPTION_KEY_OWN,
	KEY_ITERATIONS,
};

static const struct argp_option options[] = {
	{ "sort", 's', "KEY", 0, "pins, refcount, mapcount, age, last, pfn, size, device or file", 1 },
	{ OPTION_DELAY, "Time between two pictures (1)", 1 },
	{ OPTION_COUNT, "End after N pictures", 1 },
	{ OPTION_DURATION, "End after this time", 1 },
	{ "batch", 'b', NULL, 0, "Text instead of a full screen, for pipes", 1 },
	{ "no-color", KEY_NO_COLOR, NULL, 0, "No colours (also: NO_COLOR in the environment)", 1 },
	OPTIONS_FILTER,
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_STREAM,
	{ OPTION_OLD("iterations", KEY_ITERATIONS, "N", "count") },
	OPTIONS_END,
};

static void defaults(void *options)
{
	const char *no_color = getenv("NO_COLOR");
	struct top_options *o = options;

	o->no_color = no_color && *no_color;
}

static int option(void *options, int key, char *arg)
{
	struct top_options *o = options;

	switch (key) {
	case 's':
		return value_sort(me, arg, &o->sort);
	case 'b':
		o->batch = true;
		return 0;
	case KEY_NO_COLOR:
		o->no_color = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int end(void *options)
{
	struct top_options *o = options;

	if (o->o.from && !o->batch) {
		complain(me, "--from shows the pictures that were drawn, as text: give --batch");
		return EINVAL;
	}
	return 0;
}

const struct command command_top = {
	.name = "top",
	.summary = "the live screen (the default)",
	.doc = "The live screen: DAX folios with their reference counts, who holds them and what "
	       "happened to them last. The key h shows the keys.",
	.options = options,
	.size = sizeof(struct top_options),
	.failure = 2,
	.defaults = defaults,
	.option = option,
	.end = end,
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-only
/* cmd_top.c - daxtop top: the live screen, or the same as text */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "session.h"
#include "stop.h"
#include "symbol/stacks.h"
#include "view/screen.h"

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
	x->i.start = s->start;
	x->i.probes_attached = x->i.probes_total = 0;
	for (size_t k = 0; k < n; k++) {
		x->i.probes_total += p[k].state != PROBE_UNNEEDED;
		x->i.probes_attached += p[k].state == PROBE_ATTACHED;
	}
	x->i.waiting = s->watching ? NULL : "no device with ZONE_DEVICE memory is there; waiting for one";
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
	session_put(s, DX_REC_PICTURE, &p, sizeof(p));
}

static int run_batch(struct session *s, struct info *x, const struct screen_options *so)
{
	struct view_top_state state = {};
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
		if (view_top_text(stdout, s->engine, info_get(s, x), so, &state, 0))
			s->error = -ENOMEM;
		if (!output_flush())
			break;
	}
	return session_output(s);
}

static int run_screen(struct session *s, struct info *x, const struct screen_options *so)
{
	char err[256];
	struct screen *screen = screen_open(so, err, sizeof(err));
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
		if (screen_draw(screen, s->engine, info_get(s, x))) {
			s->error = -ENOMEM;
			quit = true;
		}
		shown++;
	}
	screen_close(screen);
	return session_output(s);
}

int cmd_top(const struct options *o)
{
	struct screen_options so = {
		.sort = o->sort,
		.filter = o->filter,
		.delay_ms = o->delay_ms,
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
	status = session_begin(&s, o);
	if (status)
		return status;
	filter_resolve(&s, &so.filter);
	status = session_open(&s);
	if (status)
		return status;
	status = screen ? run_screen(&s, &x, &so) : run_batch(&s, &x, &so);
	session_drain(&s);
	session_close(&s);
	return status;
}

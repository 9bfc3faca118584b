/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SCREEN_H
#define DAXTOP_SCREEN_H
/*
 * screen.h - the live screen: a full-screen terminal, or the same table as
 * text. The loop belongs to the caller:
 *
 *	while (!quit) {
 *		poll(ring, screen_fd(s); screen_timeout(s) ms);
 *		feed the engine;
 *		if (input, or a signal interrupted poll()) quit = screen_key(s) == SCREEN_QUIT;
 *		if (!screen_timeout(s)) screen_draw(s, a snapshot, &info);
 *	}
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include "engine/snapshot.h"
#include "filter.h"
#include "text.h"

enum screen_sort {
	SCREEN_SORT_PINS,
	SCREEN_SORT_REFCOUNT,
	SCREEN_SORT_MAPCOUNT,
	SCREEN_SORT_AGE,
	SCREEN_SORT_LAST, /* most recent event first */
	SCREEN_SORT_PFN,
	SCREEN_SORT_SIZE,
	SCREEN_SORT_DEVICE,
	SCREEN_SORT_FILE,
	SCREEN_SORTS
};
/* "pins", ...; NULL beyond the last */
const char *screen_sort_name(unsigned int sort);
/* -1: none of that name */
int screen_sort_by_name(const char *name);

struct screen_options {
	enum screen_sort sort;
	struct view_filter filter; /* strings must outlive the screen */
	uint32_t delay_ms; /* between redraws, >= 100 */
	bool no_color;
	/* Not 0: the end is wanted. A terminal that takes nothing for a second is given up then. NULL: none. */
	const volatile sig_atomic_t *stop;
};

struct stacks;

/* What the engine does not know. Strings are the caller's, NULL: not shown. */
struct screen_info {
	const char *version;
	const char *kernel; /* uname -r */
	const char *regime; /* "current", "legacy" */
	const char *time; /* of day, "12:31:07" */
	uint64_t now; /* ns, CLOCK_MONOTONIC; 0: the time of the newest event */
	uint64_t missed; /* program runs */
	uint64_t stacks_unkept; /* as struct view_summary's */
	struct view_looks looks; /* the same */
	unsigned int probes_attached, probes_total;
	uint64_t start; /* ns: when daxtop began; times in findings are relative to it */
	struct stacks *stacks; /* for the stacks of findings; NULL: not shown */
	const char *waiting; /* a sentence: what is waited for (no pgmap yet) */
};

struct screen;

/*
 * Would screen_open() find a terminal that it can use? Returns 0, or a negative
 * errno with a sentence in @err. Changes nothing.
 */
int screen_check(char *err, size_t errlen);

/*
 * Takes over the terminal of stdin/stdout. NULL, with a sentence without
 * newline in @err, when there is none, it is too dumb or too small; nothing is
 * changed then. The terminal is restored by screen_close(), and by a handler
 * on each fatal signal whose disposition is the default.
 */
struct screen *screen_open(const struct screen_options *o, char *err, size_t errlen);
void screen_close(struct screen *s); /* NULL is fine */

/* To wait on for keys. */
int screen_fd(const struct screen *s);
/* ms until screen_draw() has something to do; 0: now. */
int screen_timeout(const struct screen *s);

enum screen_result { SCREEN_GO_ON, SCREEN_QUIT };
/* Handles all keys (and resizes) that wait; never blocks. The terminal went away: SCREEN_QUIT. */
enum screen_result screen_key(struct screen *s);

/* Draws @snap, which it keeps as long as it is what is shown (frozen: not this one). Returns 0 or -ENOMEM. */
int screen_draw(struct screen *s, const struct snapshot *snap, const struct screen_info *info);

/*
 * The same header and table as text, for pipes (top --batch). @rows: folios at
 * most, 0 or more than VIEW_TOP_ROWS_MAX: VIEW_TOP_ROWS_MAX; that there are
 * more is said. State between two calls (rates) is kept in @state, which the
 * caller zeroes once; @o as for screen_open(). Returns 0 or -ENOMEM.
 */
#define VIEW_TOP_ROWS_MAX 10000
struct view_top_state {
	struct engine_stats last;
	uint64_t last_now;
};
int view_top_text(FILE *out, const struct snapshot *snap, const struct screen_info *info,
		  const struct screen_options *o, struct view_top_state *state, size_t rows);

#endif

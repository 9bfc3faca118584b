/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_SESSION_H
#define DAXTOP_LOOK_SESSION_H
/*
 * look_session.h - what daxtop scan and daxtop holders share: they load, look at
 * everything in order, and stop at a signal. Nothing is attached.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/utsname.h>
#include "look/look.h"
#include "view/scan.h"

struct look_session {
	struct look *look;
	struct utsname u;
};

/* Preflight, load, signals. Returns 0, or 2 (the exit status) after a sentence on stderr. */
int look_session_open(struct look_session *l);
void look_session_close(struct look_session *l);
/* INT, TERM or HUP came, or nobody reads stdout any more. */
bool look_session_stopped(void);
/* Sleeps until @deadline (ns, CLOCK_MONOTONIC), or until look_session_stopped(). */
void look_session_sleep(uint64_t deadline);

/*
 * One look at everything that @filter wants; without @holders who holds it is not looked
 * for. Fills @v, whose scan the caller frees; @filter must live as long. Interrupted, it has
 * what was found until then. Returns 0, or 2 after a sentence on stderr.
 */
int look_session_scan(struct look_session *l, const struct scan_filter *filter, bool holders,
		      struct scan_view *v);

/* The file @path for a filter. Returns 0, or 2 after a sentence. */
int look_session_file(struct look_session *l, const char *path, struct scan_filter *filter);
/*
 * The index of the pgmap whose device is called @name. -1 after a sentence that says which
 * there are.
 */
int look_session_device(struct scan *s, const char *name);

#endif

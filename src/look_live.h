/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_LIVE_H
#define DAXTOP_LOOK_LIVE_H
/* look_live.h - looks (look/look.h) of a live session: their findings become records */
#include <stdint.h>

struct look;
struct session;
struct view_filter;

/* Loaded when it is needed first, kept for the session; NULL after a sentence on stderr: it can't be. */
struct look *look_live(struct session *s);
/*
 * One look at all objects and blocked tasks; and at who maps the files of the pages @first to @last
 * (@first > @last: of none), who could hold them. The ring is read meanwhile. Its findings are put
 * when it is over: DX_REC_LOOK ... DX_REC_LOOKED.
 */
void look_live_run(struct session *s, uint64_t first, uint64_t last);
void look_live_close(struct session *s);

/* The filter's file is one that others' pages stand behind: after session_open(), before anything is shown. */
void look_live_filter(struct session *s, struct view_filter *f);

#endif

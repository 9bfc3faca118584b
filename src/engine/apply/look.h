/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_LOOK_H
#define DAXTOP_ENGINE_APPLY_LOOK_H
/*
 * look.h - what looks found, beside what events tell: who held and who waited before the trace,
 * and what nobody sees: a pipe that was passed on, a ring that a child inherited.
 */
#include "engine/apply/change.h"

/* A record of a look. Returns 0 or -ENOMEM; *@bad: what is wrong with it. */
int look_feed(struct engine *e, unsigned int type, const void *payload, const char **bad);

/* A folio changed that is waited for or was looked at; @added: it is new. */
void look_event(struct change *c, bool added);
/* Somebody who was found to wait for a locked entry may have done this. */
void look_entry_event(struct engine *e, const struct dx_event *ev);
void look_task_gone(struct engine *e, const struct dx_event *ev);
/* A wait that a look found, as an event of it has it. */
void look_wait_begin(struct break_wait *w, const struct dx_event *ev);

/* Holders of the folio that only a look found, and that are certain. */
uint32_t look_count(const struct engine *e, uint32_t id, const struct folio *f);
/*
 * Holders of the folio in no order. Those of a process that is among the first @nr of @known name what
 * these hold by; the others are handed to @fn. Returns what that returned when it is not 0.
 */
int look_holders(const struct engine *e, const struct folio *f, struct engine_holder *known,
		 size_t nr, int (*fn)(const struct engine_holder *h, void *arg), void *arg);

/* ---- before a leak is called one ---- */

/* What certain holders explain of a folio; how many processes more could hold it. */
struct look_sum {
	int64_t pins, gets;
	uint32_t candidates;
};
void look_sum(const struct engine *e, const struct folio *f, struct look_sum *out);
/* Has a look that began after @since looked for those who could hold it? Wants one if not. */
bool look_answered(struct engine *e, const struct folio *f, uint64_t since);
/* True as well if nobody looks in this stream. */
bool look_unsure(const struct engine *e);

#endif

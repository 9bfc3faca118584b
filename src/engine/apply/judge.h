/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_APPLY_JUDGE_H
#define DAXTOP_ENGINE_APPLY_JUDGE_H
/* judge.h - what decides from events and time that a rule is broken: one small interface. */
#include "engine/apply/change.h"

/* What the kernel does "soon" is done. */
#define SETTLE_NS 2000000000ull

/*
 * A judge. Each hook may be NULL. @state is what it keeps of its own: so many bytes, zeroed when the engine
 * begins. They are called in the order of the table, in order of time. What was found it tells by finding_add().
 */
struct judge {
	const char *name;
	size_t state;
	uint32_t events; /* event() is for these: 1 << enum dx_event_type, of those that are not a folio's */
	uint32_t changes; /* change() is for these, and for all of a folio that is a suspect */
	uint8_t share; /* asks() has this part of the questions that are left: 1 of @share, at least 1 */
	bool always; /* asks() also if nothing is judged (engine_options.no_rules) */

	void (*event)(struct engine *e, void *state, const struct dx_event *ev);
	/* The event left the folio as it is now. Not if nothing is judged. */
	void (*change)(struct change *c, void *state);
	/* DX_PGMAP_ADD: it is there; KILL; GONE: it was there until now. @pgmap: its entry */
	void (*pgmap)(struct engine *e, void *state, uint32_t pgmap, const struct dx_event *ev);
	/* @w waits for another folio now; waits no more */
	void (*wait_move)(struct engine *e, void *state, struct break_wait *w);
	void (*wait_end)(struct engine *e, void *state, const struct break_wait *w);
	/* The process of one of the folio's holders is no more. */
	void (*holder_gone)(struct engine *e, void *state, uint32_t folio);
	/* Nothing is known of the suspect any more; @released: its references were put. */
	void (*forget)(struct engine *e, void *state, uint32_t folio, bool released);
	/* Time has come to a point, some times a second: looks at what is old enough. */
	void (*tick)(struct engine *e, void *state);
	/* Notes what it wants to know now, at most @max questions. Returns how many. */
	size_t (*asks)(struct engine *e, void *state, struct engine_ask *out, size_t max);
	/* Until when at most (ns) something is not old enough to be judged; 0: nothing is. */
	uint64_t (*pending)(const struct engine *e, const void *state);
	/* For engine_stacks(): each that it refers to, in its own state or in pgmaps. */
	void (*stacks)(const struct engine *e, const void *state,
		       void (*fn)(void *arg, int32_t stack), void *arg);
	/* Memory beside @state. */
	size_t (*bytes)(const void *state);
	void (*destroy)(void *state);
};

/* The table: judge/judges.c. */
extern const struct judge *const judges[];
extern const size_t nr_judges;

/* The bytes that the states of all take together. */
size_t judges_size(void);
/* @mem: so many bytes, zeroed, aligned for a uint64_t; e->judged has room for nr_judges. */
void judges_init(struct engine *e, void *mem);
void judges_destroy(struct engine *e);
size_t judges_bytes(const struct engine *e);

/* Each calls the hook of that name, of all judges. */
void judges_event(struct engine *e, const struct dx_event *ev);
void judges_change(struct change *c);
void judges_pgmap(struct engine *e, uint32_t pgmap, const struct dx_event *ev);
void judges_wait_move(struct engine *e, struct break_wait *w);
void judges_wait_end(struct engine *e, const struct break_wait *w);
void judges_holder_gone(struct engine *e, uint32_t folio);
void judges_forget(struct engine *e, uint32_t folio, bool released);
void judges_tick(struct engine *e);
/* Totals of bpf/'s counters; never fewer than before. */
void rules_counted(struct engine *e, const struct dx_rule_counts *total);
/* Fills e->ask: at most @max questions, ENGINE_ASKS_MAX. */
void judges_ask(struct engine *e, size_t max);

#endif

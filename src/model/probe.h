/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROBE_H
#define DAXTOP_PROBE_H
/*
 * probe.h - the probe table: logical events and, for each, the kernel functions
 * that can tell of it, in order of preference.
 *
 * What a kernel offers is found out, never concluded from its version: a
 * function must stand in BTF, the verifier must take the program, and
 * the attachment must succeed. What can't be had is switched off and named,
 * with what it costs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a kernel counts references of DAX folios, see rules.md's table in man daxtop-rules */
enum regime { REGIME_LEGACY, REGIME_TRANSITION, REGIME_CURRENT };

#define PROBE_CANDIDATES 3
#define PROBE_PROGRAMS	 3

/* One way to see an event: its programs, all of which must attach. */
struct probe_candidate {
	const char *target; /* the kernel's function or tracepoint, as shown */
	const char *programs[PROBE_PROGRAMS]; /* of bpf/, NULL-terminated when fewer */
};

enum probe_state {
	PROBE_ATTACHED,
	PROBE_MISSING, /* no candidate could be had; see why */
	PROBE_WAITING, /* its module is not loaded */
	PROBE_UNNEEDED, /* another probe of the table covers it on this kernel; see why */
	PROBE_LEFT_OUT, /* no event that was asked for needs it */
};

struct probe {
	const char *event; /* logical event */
	const char *costs; /* what is lost without it */
	unsigned int tells; /* enum dx_event_type that a missed run of it loses; 0: none */
	uint32_t serves; /* 1 << enum dx_event_type: events that are not told, or not wholly, without it; 0: all */
	bool essential;
	const char *module; /* lives in this module; NULL: in the kernel */
	bool judging; /* only for those who judge rules: it costs every fault something */
	unsigned int regimes; /* 1 << enum regime: where it is of use; 0: everywhere */
	struct probe_candidate candidates[PROBE_CANDIDATES];

	/* the outcome, not in the table */
	enum probe_state state;
	int first; /* candidates before this one don't fit this kernel */
	int chosen; /* index of the candidate, when attached */
	char why[320]; /* when not */
};

/* Fills @table with a fresh copy of the table; returns the number of rows. */
size_t probe_table(struct probe *table, size_t max);
#define PROBE_MAX 48

/*
 * Before anything is loaded: what is of no use on a kernel of @regime, what only who judges
 * rules attaches (@judge), and what none of @events needs (1 << enum dx_event_type; 0: all are
 * wanted). The others keep their state.
 */
void probe_choose(struct probe *table, size_t n, enum regime regime, bool judge, uint32_t events);
/* Is @program of a probe that will be attached, or of none (a program that is run by hand)? */
bool probe_program_wanted(const struct probe *table, size_t n, const char *program);

bool candidate_has(const struct probe_candidate *c, const char *program);
/* "attached", ... */
const char *probe_state_name(enum probe_state state);
/* "fentry", "fexit", "tracepoint", "iterator": from the section name of a program */
const char *probe_kind(const char *section);
/* Every essential event can be seen. */
bool probe_essential_ok(const struct probe *table, size_t n);

const char *regime_name(enum regime r);

#endif

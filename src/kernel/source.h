/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SOURCE_H
#define DAXTOP_SOURCE_H
/*
 * source.h - the running kernel as a source of events: loads and attaches the
 * programs, reads the ring, counts what was lost, knows the pgmaps' names.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"
#include "rule.h"
#include "stream.h"
#include "model/probe.h"

struct source;

struct source_options {
	size_t ring_size; /* bytes, power of two, multiple of the page size */
	bool strict; /* tell of violations that a legacy kernel makes by design, too */
	bool judge; /* attach what only rules need and what costs every fault something */
	bool no_rules; /* leave the rules out of the programs */
	uint32_t events; /* 1 << enum dx_event_type: those to be told; 0: all. Their probes only are loaded. */
	/* Called for each record, in the ring's order. @ev is valid for the call. */
	void (*event)(void *arg, const struct dx_event *ev, size_t len);
	void *arg;
};

/*
 * Loads and attaches. Returns NULL with a sentence (no newline) in @err that
 * says what to do; nothing stays attached then. The process must have passed
 * preflight().
 */
struct source *source_open(const struct source_options *o, char *err, size_t errlen);
/* ns, CLOCK_MONOTONIC: everything is attached since; records from before are not handed out. */
uint64_t source_since(const struct source *s);
/* Detaches everything; records still in the ring are lost unless drained before. NULL is fine. */
void source_close(struct source *s);
/*
 * Lets go of the programs but keeps the ring and the counters readable. What they still put there
 * while the kernel takes them apart is not handed out.
 */
void source_detach(struct source *s);
/* Everything that was in the ring, or was in it when it was detached, has been handed out. */
bool source_drained(const struct source *s);

/*
 * Processes whose mappings could not be read at the start, because somebody holds their mmap_lock
 * or they changed all the time; they are watched as if they mapped DAX. *@tgid and @comm
 * (not terminated if it is long): the first of them, if there is one. Valid after source_open().
 */
uint32_t source_marks_skipped(const struct source *s, uint32_t *tgid, char comm[16]);

/* To wait on for records (they are also looked for by every source_poll()). */
int source_fd(const struct source *s);
/* Handles records, some ten thousand at most; never waits. Returns 1: there are more, 0 or -errno. */
int source_poll(struct source *s);

/* Lost records by event type and CPU: total since the start. */
unsigned int source_nr_cpus(const struct source *s);
/* Reads the counters; calls @fn for each that grew since the last call, with the growth. */
int source_lost(struct source *s,
		void (*fn)(void *arg, unsigned int cpu, unsigned int type, uint64_t n), void *arg);
/*
 * Runs of programs that the kernel skipped, because the program was running on that
 * CPU already, in a task that was preempted in it or was interrupted. Whether it would
 * have been about ZONE_DEVICE memory is not known. Calls @fn with the event that may
 * be lost (DX_NONE: none is), with the growth since the last call.
 */
void source_missed(struct source *s, void (*fn)(void *arg, unsigned int type, uint64_t n), void *arg);

/*
 * Frees what faults of tasks that are no more still keep: the program of their end was
 * skipped so. To be called from time to time, or faults are lost some day.
 */
void source_forget_faults(struct source *s);

/*
 * Frames of a stack that a record named, innermost first. Returns how many; -ENOENT: it could not be
 * kept, or is forgotten; 0: @id is DX_STACK_NONE.
 */
int source_stack(struct source *s, int32_t id, uint64_t *addr, size_t max);
/* To be called for each stack that a record names, in order. false: there was one, and it is not kept. */
bool source_stack_use(struct source *s, int32_t id);
/*
 * Stacks that nobody refers to any more are forgotten, when there are many: @each calls its @fn for
 * those that somebody does refer to. To be called often.
 */
void source_stacks_forget(struct source *s,
			  void (*each)(void *arg, void (*fn)(void *fn_arg, int32_t id), void *fn_arg),
			  void *arg);

/* All pgmaps of the kernel now. Returns their number or -errno; @fn may be NULL. */
int source_pgmaps(struct source *s, void (*fn)(void *arg, const struct dx_pgmap *p), void *arg);

/* The number that records have for the pgmap at @address, an id of a look's; 0: none. */
uint64_t source_pgmap_number(struct source *s, uint64_t address);

/* ---- answers to engine_asks(), as records ---- */

/* References of every pgmap that can be read: a DX_PGMAP_REFS each. Returns 0 or -errno. */
int source_pgmap_refs(struct source *s, void (*fn)(void *arg, const struct dx_event *ev), void *arg);
/* The folio that @pfn is in, now: DX_SAMPLE. Returns 0 or -errno. */
int source_sample(struct source *s, uint64_t pfn, struct dx_event *ev);
/*
 * The process @tgid, which was there at @since (ns, CLOCK_MONOTONIC), is no more, or the
 * number is another one's: *@start is when that one began, else 0. false also when that
 * can't be known.
 */
bool source_task_gone(struct source *s, uint32_t tgid, uint64_t since, uint64_t *start);

/*
 * The process @tgid now; @out->time is before the look. Returns 0, or -errno: -ESRCH: there is none. A thread's
 * number is answered with what its process is.
 */
int source_task(struct source *s, uint32_t tgid, struct dx_task *out);

/* ---- every folio that is not idle, now ---- */

/* Begins with the pgmaps that are there; one under way is given up. Returns 0 or -errno. */
int source_scan_begin(struct source *s);
/*
 * Looks at the next 65,536 struct pages. Each folio there that is not idle is handed over
 * as a DX_SAMPLE with DX_F_SCAN. Returns 1: there is more, 0: all is done, or -errno.
 */
int source_scan_next(struct source *s, void (*fn)(void *arg, const struct dx_event *ev), void *arg);

/* Sums of what bpf/'s rules have counted since the programs were attached. Returns 0 or -errno. */
int source_rules(struct source *s, struct dx_rule_counts *total);

/* The probe table with its outcome. */
const struct probe *source_probes(const struct source *s, size_t *n);
enum regime source_regime(const struct source *s);
/* A page's index stays when its last entry goes, and is taken for a share count later (6.15 to 7.0). */
bool source_index_stays(const struct source *s);

/*
 * Attaches what waited for a module that is live now. Called by source_poll() when
 * the kernel tells of a new module; call it now and then in case that record was
 * lost. Returns how many probes were attached.
 */
int source_modules(struct source *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SESSION_H
#define DAXTOP_SESSION_H
/*
 * session.h - what every command that watches shares: a source that feeds an
 * engine, the clock that drives both, and the signals that end them.
 */
#include <stdbool.h>
#include "engine/engine.h"
#include "options.h"
#include "source/source.h"
#include "symbol/usym.h"
#include "view/text.h"

struct session {
	const struct options *o;
	struct source *source;
	struct engine *engine;
	uint64_t start; /* ns, CLOCK_MONOTONIC */
	uint64_t deadline; /* ns; UINT64_MAX: none */
	uint64_t next_check; /* when counters are read again */
	uint64_t missed; /* program runs, as last read */
	uint64_t names_until; /* ns: a pgmap came, look for its device's name until then */
	uint64_t names_next; /* ... but not before */
	bool more; /* the ring holds more than one source_poll() took */
	bool watching; /* there is a pgmap */
	bool ending; /* somebody wants to end, and the engine knows */
	bool scanning; /* a scan for folios that are not idle is under way */
	bool naming; /* ... or the paths of its files are looked up */
	bool scan_refused; /* it could not be made, which was said */
	bool scan_again; /* events were lost: another one is wanted */
	uint64_t scan_begun; /* ns */
	uint64_t next_scan; /* ... but not before */
	struct file_names *names; /* of files that a scan met */
	int error; /* of the engine, -errno */
	struct view_summary counts;
	uint64_t *lost_by_cpu;

	/* a command's own look at each record, before the engine; may be NULL */
	void (*event)(struct session *s, const struct dx_event *ev, size_t len);
	void *arg;
};

/*
 * Preflight, load, attach. Returns 0, or 2 (the exit status) after a sentence on
 * stderr; nothing stays attached then. Set s->event and s->arg before.
 */
int session_open(struct session *s, const struct options *o);
/* Tells how many probes are attached and what is missing, on stderr; "daxtop: ready". */
void session_ready(struct session *s);

/* A signal that ends (INT, TERM, HUP), or the deadline, was seen. */
bool session_done(const struct session *s);
/* Asks it to end, as a signal would. */
void session_stop(void);
/* The end was seen and there is more to do: it takes another signal, and there is no deadline. */
void session_resume(struct session *s);

/*
 * Waits at most @timeout_ms for records (and for input on @fd when >= 0), hands
 * them to event() and the engine, and keeps counters and names up to date. When
 * nobody reads stdout any more, and nothing else is to be told, it calls session_stop().
 * Returns 1 when @fd has input, else 0.
 */
int session_poll(struct session *s, int timeout_ms, int fd);
/*
 * If events were lost, looks at the folios again, some seconds at most: for who shows them when
 * all is over. A signal ends it.
 */
void session_heal(struct session *s);
/*
 * Somebody wants to end: something looks wrong that is not old enough to be judged, at most until the
 * time returned (ns); 0: nothing does.
 */
uint64_t session_pending(struct session *s);
/* Detaches, takes what the ring still holds, applies everything. */
void session_drain(struct session *s);
void session_close(struct session *s);

/* A usym_ask; @arg: the session. */
int session_program(void *arg, uint32_t tgid, struct usym_task *task);

/* Counters for the last line; valid until session_close(). */
const struct view_summary *session_summary(struct session *s);
/*
 * The last of the output: flushes it. Returns the exit status: 0, or 2 after a sentence
 * when it could not be written or memory ran out. A reader that has seen enough
 * (a closed pipe) is no error.
 */
int session_output(struct session *s);
/* Flushes stdout; true after a sentence when that failed. A closed pipe is no failure. */
bool output_failed(void);
/* Flushes stdout; false: what was printed can't be written, and there is no use in printing more. */
bool output_flush(void);
/* A file of a filter by number: it keeps matching when renamed, or while its path is unknown. */
void filter_resolve(struct view_filter *f);
/* Device of a record or NULL; the string lives until the next poll. */
const char *session_device(struct session *s, const struct dx_event *ev);

/* commands; each returns the exit status */
int cmd_trace(const struct options *o);
int cmd_history(const struct options *o);
int cmd_probes(const struct options *o);
int cmd_top(const struct options *o);
int cmd_check(const struct options *o);
int cmd_rules(const struct options *o);
int cmd_scan(const struct options *o);
int cmd_holders(const struct options *o);

#endif

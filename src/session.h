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
#include "model/probe.h"
#include "model/stacks.h"
#include "symbol/symbols.h"
#include "view/text.h"

struct replay;
struct session;
struct tasks;
struct tee;

/* Where a session's records come from: each of these hands them to session_feed(), in order. */
struct session_source {
	/* What can be known before anything is loaded, or NULL. Returns 0, or -1 with a sentence in @err. */
	int (*begin)(struct session *s, char *err, size_t errlen);
	/* All up to DX_REC_READY. Returns as begin(). */
	int (*open)(struct session *s, char *err, size_t errlen);
	void (*ready)(struct session *s); /* says so, on stderr */
	bool (*done)(const struct session *s); /* there is no more, or no more is wanted */
	int (*poll)(struct session *s, int timeout_ms, int fd); /* session_poll() */
	void (*heal)(struct session *s); /* session_heal() */
	void (*drain)(struct session *s); /* all up to DX_REC_END */
	void (*close)(struct session *s); /* also after a begin() or open() that failed */
	bool (*find_names)(struct session *s); /* looks for devices' names now; false: it did not */
	/* looks what the event's file is called now; NULL: all that may be shown. NULL: it can't */
	void (*fresh)(struct session *s, const struct dx_event *ev);
	const struct probe *(*probes)(const struct session *s, size_t *n);
};
extern const struct session_source session_live, session_file;

struct session {
	const struct options *o;
	const struct session_source *from;
	struct tee *tee; /* what is fed is written there; NULL: it isn't */
	struct engine *engine;
	struct stacks *stacks; /* names; NULL: nobody shows them */
	struct symbols *symbols; /* who finds them; NULL: nobody shows them, or they are in the file */
	uint64_t start; /* ns, CLOCK_MONOTONIC: everything is attached since */
	uint64_t now; /* ns: of the last record that tells the time */
	struct dx_hello hello;
	struct dx_command command; /* of a file that has one */
	struct dx_device last_device;
	struct dx_picture picture; /* the last one */
	bool drawn; /* there is one, for who draws it to take back */
	struct dx_path *path; /* that a file names */
	size_t nr_paths;
	bool watching; /* there is a pgmap */
	bool ending; /* somebody wants to end, and the engine knows */
	bool ended; /* DX_REC_END was there, or a file ended without */
	bool incomplete; /* ... which was said */
	char tee_failed[256]; /* a sentence that is still to be said, or "" */
	const char *refusal; /* why session_feed() refused a record, NULL: engine_refusal() knows */
	int error; /* of the engine, -errno */
	struct view_summary counts;
	uint64_t *lost_by_cpu;
	struct dx_gap gap[16]; /* of the last look: those that there is room for */
	size_t nr_gaps;

	/* the command's: set before session_begin() */
	bool show_stacks,
		show_devices; /* it needs names of stacks, the device and file of each event */
	bool all_user_stacks; /* of each event, not only where a finding may show them */
	bool screen; /* it has the terminal: what is to be said is said when it is done */
	/*
	 * Will it show this event's stacks? NULL: it may show any. Names of a process's stack take time, which is the
	 * ring's and other processes'.
	 */
	bool (*shows)(struct session *s, const struct dx_event *ev);
	/* its own look at each event, behind the engine's; may be NULL */
	void (*event)(struct session *s, const struct dx_event *ev, size_t len);
	/* a process is told of, before the event that it is for; NULL: nobody shows it */
	void (*task)(struct session *s, const struct dx_task *task);
	void *arg;
	const char *device; /* of that event; NULL: not known */

	/* session_live.c */
	struct source *source;
	uint64_t deadline; /* ns; UINT64_MAX: none */
	uint64_t next_check; /* when counters are read again */
	uint64_t unkept; /* times that a record named a stack that is not kept */
	struct tasks *tasks; /* that were told of; NULL: nobody wants to know */
	struct dx_clock clock; /* as it was told last */
	uint64_t names_until; /* ns: a pgmap came, look for its device's name until then */
	uint64_t names_next; /* ... but not before */
	uint64_t missing_told; /* 1 << i: probe i is missing, which was said */
	bool more; /* the ring holds more than one source_poll() took */
	bool scanning; /* a scan for folios that are not idle is under way */
	bool naming; /* ... or the paths of its files are looked up */
	bool scan_refused; /* it could not be made, which was said */
	bool scan_again; /* events were lost: another one is wanted */
	uint64_t scan_begun; /* ns */
	uint64_t next_scan; /* ... but not before */
	struct file_names *names;
	/* look_live.c */
	struct look *look; /* loaded when it is needed first */
	bool look_refused; /* it could not be */
	/* while a look is under way: the ring was read; what was looked at since; at most between two reads */
	uint64_t look_read, look_things, look_longest, look_most;

	/* session_file.c */
	struct replay *replay;
	struct probe *probe;
	size_t nr_probes;
};

/*
 * One record, in the stream's order: to --tee's file, to the engine, to the command. Returns as
 * engine_feed(); -EBADMSG: s->refusal, or else engine_refusal(), says why.
 */
int session_feed(struct session *s, const struct dx_record *r, const void *payload);
/* ... of this type, @len bytes. */
void session_put(struct session *s, enum dx_record_type type, const void *payload, size_t len);
void session_put_time(struct session *s, enum dx_record_type type, uint64_t time);

/*
 * Before anything is loaded: the engine, --tee's file, the beginning of --from's. Returns 0, or 2 (the
 * exit status) after a sentence on stderr.
 */
int session_begin(struct session *s, const struct options *o);
/* What lies at @path, now or when --from's file was written. Returns 0 or -errno. Before session_open(). */
int session_path(struct session *s, const char *path, struct dx_path *p);
/*
 * Preflight, load, attach. Returns 0, or 2 (the exit status) after a sentence on
 * stderr; nothing stays attached then, and session_close() was called.
 */
int session_open(struct session *s);
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
/* A picture or a report is next: what files are called now. */
void session_fresh(struct session *s);
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

enum regime session_regime(const struct session *s);
const struct probe *session_probes(const struct session *s, size_t *n);
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
/*
 * A file of a filter by number: it keeps matching when renamed, or while its path is unknown. A process by its number in
 * the initial pid namespace. Returns 0, or 2 (the exit status) after a sentence.
 */
int filter_resolve(struct session *s, struct view_filter *f);
/* Device of a record or NULL; the string lives until the next one. */
const char *session_device(struct session *s, const struct dx_event *ev);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_DAXTOP_H
#define GUEST_DAXTOP_H
/* daxtop.h - starts the program under test and reads what it printed. */
#include <json-c/json.h>
#include "harness.h"

struct daxtop {
	pid_t pid; /* -1: it has ended, or is not ours */
	int out; /* a memfd: daxtop never waits for a reader */
	int err; /* another */
	size_t err_from; /* what it had said when our turn began is not for us */
	int status; /* as waitpid() gives it, after daxtop_wait() */
	char *out_text, *err_text; /* NUL-terminated, after daxtop_wait() */
	size_t out_len;
	struct json_object **lines; /* one a line of out_text, after daxtop_json() */
	size_t nr_lines;
	/* those of type "process", which stand between them and are not among them */
	struct json_object **processes;
	size_t nr_processes;
};

/* Of output_memfd(), for the next daxtop's stdout and stderr; -1: some of its own. */
extern int daxtop_stdout, daxtop_stderr;
/* A memfd to whose end is written, wherever others who have it seek to. */
int output_memfd(const char *name);

/* The program to run: $DAXTOP, else "daxtop" by PATH. */
const char *daxtop_program(void);

/* Starts `daxtop ARGS...` without waiting for anything. */
struct daxtop *daxtop_spawn(const char *const argv[]);
/* The same; @prepare runs in its process just before the exec (NULL: nothing). */
struct daxtop *daxtop_spawn_as(void (*prepare)(void), const char *const argv[]);
/* Starts it and waits for its `daxtop: ready`. */
struct daxtop *daxtop_start(const char *const argv[]);
/* Waits for that line; fails when daxtop ends before it, or after 90 s. */
void daxtop_ready(struct daxtop *d);
/* Waits for the end (20 s), collects the texts. The status is left to the caller. */
void daxtop_wait(struct daxtop *d);
/* daxtop_wait(), then the exit status must be @exit_status. */
void daxtop_end(struct daxtop *d, int exit_status);
/* SIGINT, exit status 0, then every line of stdout parsed as JSON of schema 1. */
void daxtop_stop(struct daxtop *d);
/* Parses stdout strictly: one object a line, valid UTF-8, expect_harmless(). */
void daxtop_json(struct daxtop *d);
/*
 * Nothing in @text acts on a terminal or turns text around: no control (C0 but the line's end, DEL,
 * C1), no bidirectional control, no line separator.
 */
void expect_harmless(const char *text);
/*
 * daxtop history --json FOLIO..., begun and ended. A test that shares one has its turn between
 * the two; only its own FOLIOs are of interest.
 */
struct daxtop *history_start(const char *const specs[]);
void history_stop(struct daxtop *d);
/*
 * Before blocks of the filesystem are freed between the two, which the workload of another test could
 * take: its history would be that of our page. Waits until all have taken theirs; once.
 */
void history_pause(void);
/* For all that is shared: tells the runner what daxtop is to be told, waits for the turn. */
struct daxtop *shared_start(const void *words, size_t len);
/* What it has printed until now. */
char *shared_text(size_t *len);
/* The turn is over; waits for daxtop's end and parses what it printed. */
void shared_stop(struct daxtop *d);
#define HISTORY_START(...) history_start((const char *const[]){ __VA_ARGS__, NULL })
/* Does stdout so far hold @text? */
bool daxtop_has_printed(struct daxtop *d, const char *text);
/* Or stderr? True too when it ended. */
bool daxtop_has_said(struct daxtop *d, const char *text);
/* Runs it to its end with this exit status. */
struct daxtop *daxtop_run(int exit_status, const char *const argv[]);
/* Starts it and stops it just before it runs its BPF program @prog for the first time. */
struct daxtop *daxtop_pause(const char *prog, const char *const argv[]);
void daxtop_resume(struct daxtop *d);

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Fields of an object; fail() when one is missing or of another type. */
const char *field_str(struct json_object *o, const char *key);
int64_t field_int(struct json_object *o, const char *key);
/* An integer, or @none if it is null or not there. */
int64_t field_int_or(struct json_object *o, const char *key, int64_t none);
/* Before any test: asks the program for its JSON Schema, by which all lines are checked that are read. */
void daxtop_schema_read(void);
/* A frame as text has it: "main+0x12 (prog)", "0x401000 (prog: why)"; until the next call. */
const char *frame_text(struct json_object *frame);
bool field_bool(struct json_object *o, const char *key);
/* NULL when it is not there or null. */
const char *field_str_or_null(struct json_object *o, const char *key);
/* Is @flag in the object's "flags"? */
bool field_has_flag(struct json_object *o, const char *flag);

/*
 * daxtop trace --json of these events ("break-busy,break-done"), begun and ended. A test that
 * shares one has its turn between the two; of the lines those of these events and its turn stay,
 * and the summary of all.
 */
struct daxtop *trace_start(const char *events);
void trace_stop(struct daxtop *d, const char *events);
/* trace --json: the summary line, which must be the last and only one. */
struct json_object *trace_summary(struct daxtop *d);
/* Events of one name ("type":"event"), or of every name when NULL. */
size_t trace_count(struct daxtop *d, const char *event);
/* What the summary says of an event: @what is "received" or "lost". */
int64_t summary_of(struct json_object *summary, const char *event, const char *what);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OPTIONS_H
#define DAXTOP_OPTIONS_H
/*
 * options.h - the options that more than one command has: a row for each in the commands' tables,
 * one key, one parser, one place for the value. So a spelling means the same wherever it is taken;
 * an option that a single command has is in that command's file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "view/filter.h"

#define DAXTOP_VERSION "0.2.0"

/* The first members of a row of a struct argp_option table; behind them its help and the help's group. */
#define OPTION_COMM	      "comm", 'c', "NAME", 0
#define OPTION_COUNT	      "count", 'n', "N", 0
#define OPTION_DELAY	      "delay", OPTION_KEY_DELAY, "SECONDS", 0
#define OPTION_DEVICE	      "device", 'd', "NAME", 0
#define OPTION_DURATION	      "duration", 't', "SECONDS", 0
#define OPTION_FILE	      "file", 'f', "PATH", 0
#define OPTION_FROM	      "from", OPTION_KEY_FROM, "FILE", 0
#define OPTION_HELP	      "help", 'h', NULL, 0
#define OPTION_HISTORY_BUDGET "history-budget", OPTION_KEY_HISTORY_BUDGET, "SIZE", 0
#define OPTION_JSON	      "json", OPTION_KEY_JSON, NULL, 0
#define OPTION_MAX_FOLIOS     "max-folios", OPTION_KEY_MAX_FOLIOS, "N", 0
#define OPTION_PID	      "pid", 'p', "PID", 0
#define OPTION_RING_SIZE      "ring-size", OPTION_KEY_RING_SIZE, "SIZE", 0
#define OPTION_TEE	      "tee", OPTION_KEY_TEE, "FILE", 0
#define OPTION_USER	      "user", OPTION_KEY_USER, "NAME", 0
#define OPTION_VERBOSE	      "verbose", 'v', NULL, 0
#define OPTION_VERSION	      "version", 'V', NULL, 0
#define OPTION_WINDOW	      "window", OPTION_KEY_WINDOW, "MS", 0
/* A whole row: a spelling of before, which scripts may use, and the long name that it has become. */
#define OPTION_OLD(name, key, arg, now) name, key, arg, OPTION_HIDDEN, now, 0

/* clang-format off */
#define OPTIONS_FILTER \
	{ NULL, 0, NULL, 0, "Show only:", 2 }, \
	{ OPTION_PID, "what this process or thread did", 2 }, \
	{ OPTION_COMM, "what processes of this name did", 2 }, \
	{ OPTION_DEVICE, "this device (pmem0, dax0.0)", 2 }, \
	{ OPTION_FILE, "this file, or all below this directory", 2 }

#define OPTIONS_TRACING \
	{ NULL, 0, NULL, 0, "Memory:", 5 }, \
	{ OPTION_RING_SIZE, "Buffer between kernel and daxtop: bytes, K or M behind, a power of two (8M)", 5 }, \
	{ OPTION_WINDOW, "How far out of order events of different CPUs may arrive (50)", 5 }

#define OPTIONS_ENGINE \
	{ OPTION_HISTORY_BUDGET, "Memory for the histories of all folios; the oldest steps go first (64M)", 5 }, \
	{ OPTION_MAX_FOLIOS, "Keep at most N folios, count the others (16M, some 1 GiB; 0: no limit)", 5 }

/* For tests and developers: the format is not kept from version to version. */
#define OPTIONS_STREAM \
	{ OPTION_TEE, "Write all that is learned to this new file, too", 6 }, \
	{ OPTION_FROM, "Show what --tee wrote instead of this kernel", 6 }

/* The last rows of every command. */
#define OPTIONS_END \
	{ OPTION_HELP, "Print this help", -1 }, \
	{ OPTION_VERSION, "Print the version", -1 }, \
	{ NULL, 0, NULL, 0, NULL, 0 }
/* clang-format on */

enum {
	OPTION_KEY_RING_SIZE = 256, /* below: a character is the short option */
	OPTION_KEY_HISTORY_BUDGET,
	OPTION_KEY_WINDOW,
	OPTION_KEY_MAX_FOLIOS,
	OPTION_KEY_JSON,
	OPTION_KEY_DELAY,
	OPTION_KEY_TEE,
	OPTION_KEY_FROM,
	OPTION_KEY_USER,
	OPTION_KEY_OWN, /* from here on: a command's own */
};

/* A command's own struct begins with this one. */
struct options {
	/* all commands that trace */
	size_t ring_size; /* bytes, power of two, >= page size */
	size_t history_budget; /* bytes; 0: no history */
	uint64_t window_ns;
	uint32_t max_folios; /* 0: no limit */
	const char *tee; /* file that the stream is written to; NULL: none */
	const char *from; /* file that it comes from; NULL: the running kernel */

	/* trace; top: without events; scan: device and file */
	struct view_filter filter; /* strings point into argv */

	/* of what the command prints: trace: events; history: records; top: pictures; scan: looks */
	uint64_t count; /* end after so many; 0: no limit */
	uint64_t duration_ns; /* end after so long; 0: no limit */
	uint64_t delay_ns; /* between two pictures or looks; 0: not given */
	bool json;
	bool verbose;

	/* all that judge rules: check, top */
	bool judge; /* a verdict rests on them: nothing that they need is left out */
	uint64_t leak_ns; /* references unexplained for so long are a leak */
	uint64_t stall_ns; /* a wait longer than that is a stall */
	bool strict; /* what an old kernel does by design is a finding, too */

	/* check; the session asks where the output goes */
	char **command_argv; /* CMD ARG... NULL, in argv; NULL: none */
	const char *user; /* run CMD as this one; NULL: as the user who called */
	const char *output; /* file for the report; NULL: stdout */
};

void options_default(struct options *o);

/*
 * One option, as an argp parser gets it. Returns 0, ARGP_ERR_UNKNOWN if @key is none of the shared ones, or
 * EINVAL after a sentence on stderr that begins with @command ("daxtop trace").
 */
int options_parse(struct options *o, const char *command, int key, char *arg);

#endif

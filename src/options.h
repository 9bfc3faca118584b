/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OPTIONS_H
#define DAXTOP_OPTIONS_H
/* options.h - the command line */
#include <stdbool.h>
#include <stdint.h>
#include "folio_spec.h"
#include "rule/rule.h"
#include "target.h"
#include "view/filter.h"
#include "view/screen.h"

#define DAXTOP_VERSION "0.2.0"

enum command {
	COMMAND_TOP,
	COMMAND_TRACE,
	COMMAND_HISTORY,
	COMMAND_PROBES,
	COMMAND_CHECK,
	COMMAND_RULES,
	COMMAND_SCAN,
	COMMAND_HOLDERS,
};

struct options {
	enum command command;
	bool done; /* --help or --version was printed: nothing more to do, exit 0 */

	/* all commands that trace */
	size_t ring_size; /* bytes, power of two, >= page size */
	size_t history_budget; /* bytes; 0: no history */
	uint64_t window_ns;
	uint32_t max_folios; /* 0: no limit */
	const char *tee; /* file that the stream is written to; NULL: none */
	const char *from; /* file that it comes from; NULL: the running kernel */

	/* trace, top */
	struct view_filter filter; /* strings point into argv */

	/* trace, history; top --batch: iterations; scan --watch: looks */
	uint64_t count; /* 0: no limit */
	uint64_t duration_ns; /* 0: no limit */
	bool json;
	bool stack;

	/* all that judge rules: check, top */
	uint64_t leak_ns; /* references unexplained for so long are a leak */
	uint64_t stall_ns; /* a wait longer than that is a stall */
	bool strict; /* what an old kernel does by design is a finding, too */

	/* check; rules: those to explain */
	uint32_t rules; /* 1 << enum dx_rule: to judge */
	bool rules_named; /* the user named them */
	bool only_proven;
	uint32_t exercised; /* 1 << enum dx_rule: must have been exercised */
	bool some_exercised; /* ... and one of all, whichever */
	int error_exitcode; /* for findings, 1 to 255 */
	char **command_argv; /* CMD ARG... NULL, in argv; NULL: none */
	const char *user; /* run it as this one; NULL: as the user who called */
	uint64_t settle_ns;
	bool ktap;
	bool verbose;
	const char *output; /* file for the report; NULL: stdout */

	/* history */
	struct folio_spec *folios;
	size_t nr_folios;

	/* scan; device and file are filter's */
	uint64_t pfn_first, pfn_last; /* both 0: all */
	int32_t min_refs;
	bool pinned;
	bool no_holders;
	uint64_t watch_ns; /* 0: one look only */

	/* holders */
	struct target what;

	/* top */
	enum screen_sort sort;
	uint32_t delay_ms;
	bool batch;
	bool no_color; /* --no-color or NO_COLOR in the environment */
};

/*
 * Fills @o from @argv (argv[0] is the program). Never exits. Returns 0, or a
 * negative errno after one sentence on stderr. Strings in @o point into @argv.
 * Call options_free() in either case.
 */
int options_parse(int argc, char **argv, struct options *o);
void options_free(struct options *o);

#endif

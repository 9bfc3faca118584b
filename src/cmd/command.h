/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_COMMAND_H
#define DAXTOP_COMMAND_H
/* command.h - a command: its options, its help, what it does. Each is in a file of its own. */
#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include "options.h"
#include "options_value.h"

struct command {
	const char *name;
	const char *args; /* of the usage ("FOLIO..."); NULL: it takes none */
	const char *synopsis; /* in the list of commands; NULL: the name */
	const char *summary; /* behind that */
	const char *doc; /* above the options in its help, and, after a \v, below them */

	const struct argp_option *options; /* rows of options.h and its own; the last one is empty */
	size_t size; /* of its struct, whose first member is a struct options */
	bool runs_program; /* the first word that is no option, or "--", begins the program to run */
	int failure; /* exit status of wrong usage, and of output that could not be written */

	/*
	 * All get the command's struct, shared options and the rest of it zero at first. They return a
	 * positive errno after a sentence on stderr. Strings point into argv. Any but run() may be NULL.
	 */
	void (*defaults)(void *options);
	int (*option)(void *options, int key, char *arg); /* its own; else ARGP_ERR_UNKNOWN */
	int (*argument)(void *options, char *arg); /* a word that is no option */
	int (*end)(void *options); /* do they go together? */
	void (*free)(void *options);
	int (*run)(const void *options); /* returns the exit status */
};

/* In the order of the list that --help prints. The first one is what daxtop alone does. */
#define COMMANDS(X) \
	X(top) X(trace) X(scan) X(holders) X(history) X(check) X(perf) X(rules) X(probes)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/* The @i-th, NULL behind the last. */
const struct command *command_get(size_t i);

struct command_line {
	const struct command *command; /* never NULL */
	void *options; /* the command's struct */
	bool done; /* --help or --version was printed: nothing more to do, exit 0 */
};

/*
 * Fills @l from @argv (argv[0] is the program). Never exits. Returns 0, or a negative errno after one
 * sentence on stderr. Call command_line_free() in either case.
 */
int command_line_parse(int argc, char **argv, struct command_line *l);
void command_line_free(struct command_line *l);

#endif

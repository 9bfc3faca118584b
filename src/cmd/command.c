// SPDX-License-Identifier: GPL-2.0-only
/* command.c - the command line: which command, its options, its arguments */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/command.h"
#include "options_check.h"

#define COMMAND_ROW(name) &command_##name,
static const struct command *const commands[] = { COMMANDS(COMMAND_ROW) };
#undef COMMAND_ROW

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What a parse in progress knows. */
struct parse {
	const struct command *command;
	void *options;
	struct argp argp;
	char name[32]; /* as in messages: "daxtop trace" */
};

const struct command *command_get(size_t i)
{
	return i < NR_COMMANDS ? commands[i] : NULL;
}

static const struct command *command_find(const char *word)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i]->name, word))
			return commands[i];
	return NULL;
}

static void print_overview(void)
{
	printf("Usage: daxtop [COMMAND] [OPTION...]\n"
	       "Shows the life of every DAX folio of the running kernel.\n"
	       "\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-15s %s\n",
		       commands[i]->synopsis ? commands[i]->synopsis : commands[i]->name,
		       commands[i]->summary);
	printf("\n"
	       "  -h, --help      print this help; daxtop COMMAND --help, daxtop help COMMAND: that of a command\n"
	       "  -V, --version   print the version\n"
	       "  --json-schema   print the JSON Schema of what --json prints\n");
}

static void complain_unknown(const char *word)
{
	char name[256];

	fprintf(stderr, "daxtop: there is no command '%s'; there are ",
		value_shown(name, sizeof(name), word));
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(stderr, "%s%s",
			i == 0		      ? ""
			: i + 1 < NR_COMMANDS ? ", "
					      : " and ",
			commands[i]->name);
	fprintf(stderr, " (daxtop --help)\n");
}

/* ---- argp ---- */

static void print_help(const struct parse *p)
{
	argp_help(&p->argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC,
		  (char *)p->name);
}

/*
 * The key of what an old spelling has become, else @key. Only who types it is told: a script may read
 * our stderr, and its author reads the man page.
 */
static int key_now(const struct parse *p, int key)
{
	const struct argp_option *old = p->command->options, *now = p->command->options;

	while (old->key != key && (old->key || old->doc))
		old++;
	if (!(old->flags & OPTION_HIDDEN) || !old->doc)
		return key;
	while (!now->name || strcmp(now->name, old->doc))
		now++;
	if (isatty(STDERR_FILENO))
		complain(p->name, "--%s is called --%s now; the old name goes with the next version",
			 old->name, now->name);
	return now->key;
}

static int parse_argument(const struct parse *p, char *arg)
{
	char name[256];

	if (p->command->argument)
		return p->command->argument(p->options, arg);
	complain(p->name, "takes no argument, but got '%s'", value_shown(name, sizeof(name), arg));
	return EINVAL;
}

static int parse_end(const struct parse *p)
{
	const struct options *o = p->options;

	if (o->tee && o->from) {
		complain(p->name,
			 "--tee writes what this kernel does, --from shows a file: choose one");
		return EINVAL;
	}
	return p->command->end ? p->command->end(p->options) : 0;
}

/* Returns a positive errno: argp hands it back as it is. ECANCELED: help was printed. */
static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	int err;

	switch (key) {
	case 'h':
		print_help(p);
		return ECANCELED;
	case 'V':
		printf("daxtop " DAXTOP_VERSION "\n");
		return ECANCELED;
	case ARGP_KEY_ARG:
		return parse_argument(p, arg);
	case ARGP_KEY_END:
		return parse_end(p);
	case ARGP_KEY_INIT:
	case ARGP_KEY_FINI:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_ERROR:
	case ARGP_KEY_ARGS:
	case ARGP_KEY_NO_ARGS:
		return ARGP_ERR_UNKNOWN;
	}
	key = key_now(p, key);
	err = options_parse(p->options, p->name, key, arg);
	if (err == ARGP_ERR_UNKNOWN && p->command->option)
		err = p->command->option(p->options, key, arg);
	return err;
}

/* ---- the command ---- */

/* What belongs to the program is not looked at: its options are its own. */
static int split_program(struct parse *p, int *argc, char **argv)
{
	struct options *o = p->options;
	int n = options_own(p->command->options, *argc, argv);

	if (n >= *argc)
		return 0;
	if (!strcmp(argv[n], "--") && n + 1 == *argc) {
		complain(p->name, "behind -- a command must follow");
		return -EINVAL;
	}
	o->command_argv = argv + n + !strcmp(argv[n], "--");
	if (!o->command_argv[0][0]) {
		complain(p->name, "CMD is empty");
		return -EINVAL;
	}
	*argc = n;
	return 0;
}

/* @argv[0] is the command's name, or daxtop's. Returns 0, -ECANCELED after the help, or another negative errno. */
static int options_fill(struct parse *p, int argc, char **argv)
{
	char sentence[512];

	if (p->command->runs_program && split_program(p, &argc, argv))
		return -EINVAL;
	/*
	 * argp and getopt say what is wrong in words of their own, on two lines, with
	 * whatever bytes were typed. So the words are checked first and argp is silent.
	 */
	if (options_check(p->command->options, argc, argv, sentence, sizeof(sentence))) {
		complain(p->name, "%s (%s --help)", sentence, p->name);
		return -EINVAL;
	}
	return -argp_parse(&p->argp, argc, argv, ARGP_SILENT, NULL, p);
}

static int parse_begin(struct parse *p, struct command_line *l)
{
	const struct command *c = l->command;

	*p = (struct parse){
		.command = c,
		.argp = { .options = c->options,
			  .parser = parse_option,
			  .args_doc = c->args,
			  .doc = c->doc },
	};
	snprintf(p->name, sizeof(p->name), "daxtop %s", c->name);
	p->options = l->options = calloc(1, c->size);
	if (!p->options) {
		complain("daxtop", "memory is short");
		return -ENOMEM;
	}
	options_default(p->options);
	if (c->defaults)
		c->defaults(p->options);
	return 0;
}

/* daxtop help [COMMAND], as of git and perf: --help, before or behind a command. */
static int help_words(int argc, char **argv, struct command_line *l, struct parse *p)
{
	char name[256];

	l->done = true;
	if (argc > 3) {
		complain("daxtop", "help takes one COMMAND, but got '%s' as well",
			 value_shown(name, sizeof(name), argv[3]));
		return -EINVAL;
	}
	if (argc < 3) {
		print_overview();
		return 0;
	}
	l->command = command_find(argv[2]);
	if (!l->command) {
		l->command = commands[0];
		complain_unknown(argv[2]);
		return -EINVAL;
	}
	if (parse_begin(p, l))
		return -ENOMEM;
	print_help(p);
	return 0;
}

int command_line_parse(int argc, char **argv, struct command_line *l)
{
	struct parse p;
	int err;

	*l = (struct command_line){ .command = commands[0] };
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		print_overview();
		l->done = true;
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "help"))
		return help_words(argc, argv, l, &p);
	/* daxtop alone, or with options only, is daxtop top */
	if (argc > 1 && argv[1][0] != '-') {
		const struct command *found = command_find(argv[1]);

		if (!found) {
			complain_unknown(argv[1]);
			return -EINVAL;
		}
		l->command = found;
		argc--;
		argv++;
	}
	err = parse_begin(&p, l);
	if (err)
		return err;
	err = options_fill(&p, argc, argv);
	l->done = err == -ECANCELED;
	return l->done ? 0 : err;
}

void command_line_free(struct command_line *l)
{
	if (l->options && l->command->free)
		l->command->free(l->options);
	free(l->options);
	l->options = NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/* options.c - the command line: a command, its options, its arguments */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "options.h"
#include "options_check.h"
#include "view/escape.h"
#include "view/names.h"

enum {
	KEY_RING_SIZE = 256,
	KEY_HISTORY_BUDGET,
	KEY_WINDOW,
	KEY_MAX_FOLIOS,
	KEY_JSON,
	KEY_STACK,
	KEY_DELAY,
	KEY_NO_COLOR,
};

#define RING_DEFAULT (8ul << 20)
#define RING_MAX (1ul << 30)
#define HISTORY_DEFAULT (64ul << 20)
#define MAX_FOLIOS_DEFAULT (16u << 20) /* of 64 bytes */
#define WINDOW_DEFAULT_MS 50
#define DELAY_DEFAULT_MS 1000
#define DELAY_MIN_MS 100

#define OPTIONS_HELP                                                                               \
	{ "help", 'h', NULL, 0, "Print this help", -1 },                                           \
	{ "version", 'V', NULL, 0, "Print the version", -1 }

#define OPTIONS_TRACING                                                                            \
	{ NULL, 0, NULL, 0, "Memory:", 5 },                                                        \
	{ "ring-size", KEY_RING_SIZE, "SIZE", 0,                                                   \
	  "Buffer between kernel and daxtop: bytes, K or M behind, a power of two (8M)", 5 },      \
	{ "window", KEY_WINDOW, "MS", 0,                                                           \
	  "How far out of order events of different CPUs may arrive (50)", 5 }

#define OPTIONS_ENGINE                                                                             \
	{ "history-budget", KEY_HISTORY_BUDGET, "SIZE", 0,                                         \
	  "Memory for the histories of all folios; the oldest steps go first (64M)", 5 },          \
	{ "max-folios", KEY_MAX_FOLIOS, "N", 0,                                                    \
	  "Keep at most N folios, count the others (16M, some 1 GiB; 0: no limit)", 5 }

#define OPTIONS_FILTER                                                                             \
	{ NULL, 0, NULL, 0, "Show only:", 2 },                                                     \
	{ "pid", 'p', "PID", 0, "what this process or thread did", 2 },                            \
	{ "comm", 'c', "NAME", 0, "what processes of this name did", 2 },                          \
	{ "device", 'd', "NAME", 0, "this device (pmem0, dax0.0)", 2 },                            \
	{ "file", 'f', "PATH", 0, "this file, or all below this directory", 2 }

static const struct argp_option top_options[] = {
	{ "sort", 's', "KEY", 0,
	  "pins, refcount, mapcount, age, last, pfn, size, device or file", 1 },
	{ "delay", KEY_DELAY, "SECONDS", 0, "Time between two pictures (1)", 1 },
	{ "batch", 'b', NULL, 0, "Text instead of a full screen, for pipes", 1 },
	{ "iterations", 'n', "N", 0, "With --batch: end after N pictures", 1 },
	{ "no-color", KEY_NO_COLOR, NULL, 0, "No colours (also: NO_COLOR in the environment)", 1 },
	OPTIONS_FILTER,
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option trace_options[] = {
	{ "count", 'n', "N", 0, "End after N events", 1 },
	{ "duration", 't', "SECONDS", 0, "End after this time", 1 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	{ "stack", KEY_STACK, NULL, 0, "Who called, below the events that have a stack", 1 },
	OPTIONS_FILTER,
	{ "event", 'e', "NAME[,NAME...]", 0, "these events", 2 },
	OPTIONS_TRACING,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option history_options[] = {
	{ "count", 'n', "N", 0, "End after N events", 1 },
	{ "duration", 't', "SECONDS", 0, "End after this time", 1 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_HELP,
	{ 0 },
};

static const struct argp_option probes_options[] = {
	{ "json", KEY_JSON, NULL, 0, "One JSON object a line", 1 },
	OPTIONS_HELP,
	{ 0 },
};

static int parse_option(int key, char *arg, struct argp_state *state);

/* argp adds a note that long options' arguments are the short ones' too: nobody asks. */
static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

#define ARGP(options_, args_, doc_)                                                                \
	{ .options = options_, .parser = parse_option, .args_doc = args_, .doc = doc_,            \
	  .help_filter = help_filter }

static const struct command_info {
	const char *name; /* as in messages */
	enum command command;
	struct argp argp;
} commands[] = {
	{ "daxtop top", COMMAND_TOP,
	  ARGP(top_options, NULL,
	       "The live screen: DAX folios with their reference counts, who holds them and what "
	       "happened to them last. The key h shows the keys.") },
	{ "daxtop trace", COMMAND_TRACE, ARGP(trace_options, NULL, "One line an event.") },
	{ "daxtop history", COMMAND_HISTORY,
	  ARGP(history_options, "FOLIO...",
	       "Follows folios and prints, at the end (Ctrl-C, -n or -t), each one's reference "
	       "count step by step.\v"
	       "FOLIO is a page frame number (0xHEX or decimal), FILE:OFFSET or "
	       "/dev/daxX.Y:OFFSET; OFFSET is bytes, decimal or 0xHEX, with K, M or G if "
	       "wanted.") },
	{ "daxtop probes", COMMAND_PROBES,
	  ARGP(probes_options, NULL,
	       "What this kernel offers: each event, the function chosen for it, what is missing "
	       "and what that costs. Exit status 0 when everything essential is there.") },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define COMMAND_WORD 7 /* behind "daxtop " */

/* What a parse in progress knows. */
struct parse {
	const struct command_info *info;
	struct options *o;
};

/* ---- values ---- */

#define complain(p, fmt, ...)                                                                      \
	fprintf(stderr, "%s: " fmt "\n", (p)->info->name, ##__VA_ARGS__)

static const char *shown(char *out, size_t outlen, const char *text)
{
	escape_columns(out, outlen, text, strlen(text), 60, ESCAPE_KEEP_START);
	return out;
}

static int parse_number(struct parse *p, const char *option, const char *arg, uint64_t least,
			uint64_t most, uint64_t *value)
{
	char name[256];
	int err = size_parse(arg, value);

	/* size_parse() would take 1K: a count has no unit */
	if (err || arg[strspn(arg, "0123456789xXabcdefABCDEF")] || *value < least ||
	    *value > most) {
		complain(p, "%s wants a number from %llu to %llu, not '%s'", option,
			 (unsigned long long)least, (unsigned long long)most,
			 shown(name, sizeof(name), arg));
		return EINVAL;
	}
	return 0;
}

static int parse_size(struct parse *p, const char *option, const char *arg, size_t *value)
{
	char name[256];
	uint64_t n;

	if (size_parse(arg, &n) || n > SIZE_MAX / 2) {
		complain(p,
			 "%s wants a size in bytes, with K, M or G behind it if wanted, not '%s'",
			 option, shown(name, sizeof(name), arg));
		return EINVAL;
	}
	*value = n;
	return 0;
}

static int parse_ring_size(struct parse *p, const char *arg, size_t *value)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int err = parse_size(p, "--ring-size", arg, value);

	if (err)
		return err;
	/* BPF_MAP_TYPE_RINGBUF takes nothing else: kernel/bpf/ringbuf.c, ringbuf_map_alloc() */
	if (*value < page || *value > RING_MAX || (*value & (*value - 1))) {
		complain(p, "--ring-size must be a power of two from %zu to %lu bytes", page,
			 RING_MAX);
		return EINVAL;
	}
	return 0;
}

/* Seconds with up to nine decimals; exact, unlike strtod(). */
static int parse_seconds(struct parse *p, const char *option, const char *arg, uint64_t least_ns,
			 uint64_t *ns)
{
	uint64_t whole = 0, part = 0, scale = 1000000000;
	const char *s = arg;
	char name[256];

	for (; *s >= '0' && *s <= '9' && whole < 1000000000; s++)
		whole = whole * 10 + (*s - '0');
	if (s != arg && *s == '.')
		for (s++; *s >= '0' && *s <= '9' && scale > 1; s++) {
			part = part * 10 + (*s - '0');
			scale /= 10;
		}
	*ns = whole * 1000000000 + part * scale;
	if (s == arg || *s || whole > 1000000000 || *ns < least_ns) {
		complain(p, "%s wants seconds, at least %g, not '%s'", option, least_ns / 1e9,
			 shown(name, sizeof(name), arg));
		return EINVAL;
	}
	return 0;
}

static int parse_events(struct parse *p, const char *arg, uint32_t *events)
{
	const char *s = arg;

	for (;;) {
		size_t len = strcspn(s, ",");
		int type = event_by_name(s, len);

		if (type < 0) {
			char name[256];

			escape_columns(name, sizeof(name), s, len, 60, ESCAPE_KEEP_START);
			fprintf(stderr, "%s: there is no event '%s'; there are", p->info->name,
				name);
			for (unsigned int i = 1; i < DX_EVENT_TYPES; i++)
				fprintf(stderr, " %s", event_name(i));
			fprintf(stderr, "\n");
			return EINVAL;
		}
		*events |= 1u << type;
		if (!s[len])
			return 0;
		s += len + 1;
	}
}

static int parse_sort(struct parse *p, const char *arg, enum screen_sort *sort)
{
	int n = screen_sort_by_name(arg);
	char name[256];

	if (n >= 0) {
		*sort = n;
		return 0;
	}
	fprintf(stderr, "%s: there is no sort key '%s'; there are", p->info->name,
		shown(name, sizeof(name), arg));
	for (unsigned int i = 0; screen_sort_name(i); i++)
		fprintf(stderr, " %s", screen_sort_name(i));
	fprintf(stderr, "\n");
	return EINVAL;
}

static int parse_string(struct parse *p, const char *option, const char *arg, const char **value)
{
	if (!*arg) {
		complain(p, "%s wants a name, not nothing", option);
		return EINVAL;
	}
	*value = arg;
	return 0;
}

static int parse_folio(struct parse *p, const char *arg)
{
	struct folio_spec *folios;
	char err[512];
	int ret;

	folios = reallocarray(p->o->folios, p->o->nr_folios + 1, sizeof(*folios));
	if (!folios) {
		complain(p, "memory is short");
		return ENOMEM;
	}
	p->o->folios = folios;
	ret = folio_spec_parse(&folios[p->o->nr_folios], arg, err, sizeof(err));
	if (ret) {
		complain(p, "%s", err);
		return -ret;
	}
	p->o->nr_folios++;
	return 0;
}

/* ---- argp ---- */

static void print_help(const struct command_info *info)
{
	argp_help(&info->argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC,
		  (char *)info->name);
}

static int parse_argument(struct parse *p, const char *arg)
{
	char name[256];

	if (p->info->command == COMMAND_HISTORY)
		return parse_folio(p, arg);
	complain(p, "takes no argument, but got '%s'", shown(name, sizeof(name), arg));
	return EINVAL;
}

static int parse_end(struct parse *p)
{
	if (p->info->command == COMMAND_HISTORY && !p->o->nr_folios) {
		complain(p, "name at least one FOLIO: a pfn, FILE:OFFSET or /dev/daxX.Y:OFFSET");
		return EINVAL;
	}
	return 0;
}

/* Returns a positive errno: argp hands it back as it is. ECANCELED: help was printed. */
static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->o;
	uint64_t n;
	int err;

	switch (key) {
	case 'h':
		print_help(p->info);
		return ECANCELED;
	case 'V':
		printf("daxtop " DAXTOP_VERSION "\n");
		return ECANCELED;
	case KEY_RING_SIZE:
		return parse_ring_size(p, arg, &o->ring_size);
	case KEY_HISTORY_BUDGET:
		return parse_size(p, "--history-budget", arg, &o->history_budget);
	case KEY_WINDOW:
		err = parse_number(p, "--window", arg, 0, 10000, &n);
		o->window_ns = n * 1000000;
		return err;
	case KEY_MAX_FOLIOS:
		err = parse_number(p, "--max-folios", arg, 0, UINT32_MAX, &n);
		o->max_folios = n;
		return err;
	case 'p':
		/* linux/threads.h: PID_MAX_LIMIT is 4 Mi */
		err = parse_number(p, "--pid", arg, 1, 4 << 20, &n);
		o->filter.pid = n;
		return err;
	case 'c':
		return parse_string(p, "--comm", arg, &o->filter.comm);
	case 'd':
		return parse_string(p, "--device", arg, &o->filter.device);
	case 'f':
		return parse_string(p, "--file", arg, &o->filter.file);
	case 'e':
		return parse_events(p, arg, &o->filter.events);
	case 'n':
		return parse_number(p, p->info->command == COMMAND_TOP ? "--iterations" : "--count",
				    arg, 1, UINT32_MAX, &o->count);
	case 't':
		return parse_seconds(p, "--duration", arg, 1000000, &o->duration_ns);
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_STACK:
		o->stack = true;
		return 0;
	case 's':
		return parse_sort(p, arg, &o->sort);
	case KEY_DELAY:
		err = parse_seconds(p, "--delay", arg, DELAY_MIN_MS * 1000000ull, &n);
		if (!err && n > 3600ull * 1000000000) {
			complain(p, "--delay is an hour at most");
			err = EINVAL;
		}
		o->delay_ms = n / 1000000;
		return err;
	case 'b':
		o->batch = true;
		return 0;
	case KEY_NO_COLOR:
		o->no_color = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(p, arg);
	case ARGP_KEY_END:
		return parse_end(p);
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- the command ---- */

static void print_overview(void)
{
	printf("Usage: daxtop [COMMAND] [OPTION...]\n"
	       "Shows the life of every DAX folio of the running kernel.\n"
	       "\n"
	       "  top             the live screen (the default)\n"
	       "  trace           one line an event\n"
	       "  history FOLIO   a folio's reference count, step by step\n"
	       "  probes          what this kernel offers\n"
	       "\n"
	       "  -h, --help      print this help; daxtop COMMAND --help: that of a command\n"
	       "  -V, --version   print the version\n");
}

static const struct command_info *command_find(const char *word)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name + COMMAND_WORD, word))
			return &commands[i];
	return NULL;
}

static void options_default(struct options *o)
{
	const char *no_color = getenv("NO_COLOR");

	memset(o, 0, sizeof(*o));
	o->ring_size = RING_DEFAULT;
	o->history_budget = HISTORY_DEFAULT;
	o->max_folios = MAX_FOLIOS_DEFAULT;
	o->window_ns = WINDOW_DEFAULT_MS * 1000000ull;
	o->delay_ms = DELAY_DEFAULT_MS;
	o->no_color = no_color && *no_color;
}

int options_parse(int argc, char **argv, struct options *o)
{
	struct parse p = { .info = &commands[0], .o = o };
	char sentence[512], name[256];
	int err;

	options_default(o);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		print_overview();
		o->done = true;
		return 0;
	}
	/* daxtop alone, or with options only, is daxtop top */
	if (argc > 1 && argv[1][0] != '-') {
		p.info = command_find(argv[1]);
		if (!p.info) {
			fprintf(stderr,
				"daxtop: there is no command '%s'; there are top, trace, history "
				"and probes (daxtop --help)\n",
				shown(name, sizeof(name), argv[1]));
			return -EINVAL;
		}
		argc--;
		argv++;
	}
	o->command = p.info->command;
	/*
	 * argp and getopt say what is wrong in words of their own, on two lines, with
	 * whatever bytes were typed. So the words are checked first and argp is silent.
	 */
	if (options_check(p.info->argp.options, argc, argv, sentence, sizeof(sentence))) {
		complain(&p, "%s (%s --help)", sentence, p.info->name);
		return -EINVAL;
	}
	err = argp_parse(&p.info->argp, argc, argv, ARGP_SILENT, NULL, &p);
	if (err == ECANCELED) {
		o->done = true;
		return 0;
	}
	return -err;
}

void options_free(struct options *o)
{
	for (size_t i = 0; i < o->nr_folios; i++)
		folio_spec_free(&o->folios[i]);
	free(o->folios);
	o->folios = NULL;
	o->nr_folios = 0;
}

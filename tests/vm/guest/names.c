// SPDX-License-Identifier: GPL-2.0-only
/* names.c - process and file names made of bytes that terminals and JSON must not get. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "names.h"
#include "pty.h"
#include "steps.h"

void evil_open(struct area *a, struct place *p)
{
	char path[300];

	area_open(a, p, 0, AREA_WRITTEN);
	snprintf(path, sizeof(path), "%.200s-" EVIL_FILE, a->path);
	must(!rename(a->path, path));
	snprintf(a->path, sizeof(a->path), "%.250s", path);
	snprintf(a->spec, sizeof(a->spec), "%s:%#llx", a->path, (unsigned long long)a->off);
	must(!prctl(PR_SET_NAME, EVIL));
}

static void evil_life(struct area *a)
{
	area_map_shared(a);
	touch_write(a->p);
	area_unmap(a);
}

void expect_plain(const char *text)
{
	struct json_tokener *tok;
	char quoted[8192];
	const char *c;

	expect_harmless(text);
	/* json-c checks UTF-8 for us. */
	for (c = text; *c;) {
		size_t n = strcspn(c, "\n");

		must(n < 8000);
		snprintf(quoted, sizeof(quoted), "\"%.*s\"", (int)n, c);
		for (size_t i = 1; i <= n; i++)
			if (quoted[i] == '"' || quoted[i] == '\\')
				quoted[i] = '_';
		tok = json_tokener_new();
		json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		if (!json_tokener_parse_ex(tok, quoted, n + 3))
			fail("a line is not valid UTF-8: %.1000s", c);
		json_tokener_free(tok);
		c += n + (c[n] == '\n');
	}
}

static void test_trace_text(struct place *p)
{
	struct daxtop *d;
	struct area a;

	evil_open(&a, p);
	d = daxtop_start(ARGS("trace"));
	evil_life(&a);
	kill(d->pid, SIGTERM); /* as good as SIGINT, for which see daxtop_stop() */
	daxtop_end(d, 0);
	if (!strstr(d->out_text, "fault"))
		fail("no fault in the text: %s", d->out_text);
	expect_plain(d->out_text);
	expect_plain(d->err_text);
}

static void test_trace_json(struct place *p)
{
	struct daxtop *d;
	struct area a;
	size_t i, n = 0;

	evil_open(&a, p);
	d = trace_start("fault");
	evil_life(&a);
	trace_stop(d, "fault");
	trace_summary(d);
	for (i = 0; i < d->nr_lines - 1; i++) {
		struct json_object *o = d->lines[i];

		n++;
		if (strcmp(field_str(o, "comm"), EVIL_JSON))
			fail("comm: got %s", json_object_to_json_string(o));
		if (!strstr(field_str(o, "file"), EVIL_FILE_JSON))
			fail("file: got %s", json_object_to_json_string(o));
	}
	if (n != 1)
		fail("got %zu faults, expected 1", n);
}

static void test_history_text(struct place *p)
{
	struct daxtop *d;
	struct area a;

	evil_open(&a, p);
	d = daxtop_start(ARGS("history", a.spec));
	evil_life(&a);
	kill(d->pid, SIGTERM);
	daxtop_end(d, 0);
	if (!strstr(d->out_text, "install"))
		fail("no install in the text: %s", d->out_text);
	expect_plain(d->out_text);
	expect_plain(d->err_text);
}

/* The history of an evil file, of which there is one of this process. */
static struct json_object *evil_history(struct daxtop *d, const struct area *a)
{
	char json[300], *cut;

	/* as JSON has it: up to what is no name that one would choose, and that */
	snprintf(json, sizeof(json), "%.280s", a->path);
	cut = strstr(json, EVIL_FILE);
	must(cut);
	snprintf(cut, sizeof(json) - (cut - json), "%s:", EVIL_FILE_JSON);
	for (size_t i = 0; i < d->nr_lines; i++)
		if (!strncmp(field_str(d->lines[i], "folio"), json, strlen(json)))
			return d->lines[i];
	fail("no history of %s in %s", json, d->out_text);
}

static void test_history_json(struct place *p)
{
	struct json_object *h;
	struct daxtop *d;
	struct area a;

	evil_open(&a, p);
	d = HISTORY_START(a.spec);
	evil_life(&a);
	history_stop(d);
	h = evil_history(d, &a);
	if (!strstr(field_str(h, "file"), EVIL_FILE_JSON))
		fail("got %s, expected the name with \\ufffd in folio and file",
		     json_object_to_json_string(h));
}

/* On the full screen: the sequences are daxtop's own, never the name's. */
static void test_top(struct place *p)
{
	struct area a;
	struct pty t;

	evil_open(&a, p);
	pty_start(&t, "xterm", 24, 160, ARGS("top"));
	pty_expect(&t, "PFN");
	area_map_shared(&a);
	touch_write(a.p);
	/* DEL, which only the file has: the end of its name fits */
	pty_expect(&t, "\\x7f");
	pty_type(&t, "q");
	pty_wait(&t);
	if (t.status)
		fail("daxtop top: got wait status %#x, expected exit 0", t.status);
	if (strstr(t.text, "\033]0;x") || strchr(t.text, 7))
		fail("the name's escape sequence reached the terminal");
	/* curses takes the screen's own sequences from ASCII */
	if (strstr(t.text, "\302\233") || strstr(t.text, "\342\200\256"))
		fail("the name's U+009B or U+202E reached the terminal");
	if (strchr(t.text, '\377'))
		fail("the name's invalid byte reached the terminal");
}

const struct test names_tests[] = {
	TEST("names/trace-text", ON_XFS, test_trace_text),
	TEST("names/trace-json", ON_FS, test_trace_json, .share = TRACES),
	TEST("names/history-text", ON_EXT4, test_history_text),
	SHARED_TEST("names/history-json", ON_EXT4, test_history_json),
	TEST("names/top", ON_EXT4, test_top),
	TESTS_END,
};

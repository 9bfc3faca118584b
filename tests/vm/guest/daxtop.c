// SPDX-License-Identifier: GPL-2.0-only
/* daxtop.c - starts the program under test and reads what it printed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daxtop.h"
#include "runner.h"
#include "../../json_schema.h"

#define READY "daxtop: ready"

static struct json_object *schema; /* of all lines of all commands */

int daxtop_stdout = -1, daxtop_stderr = -1;

void daxtop_schema_read(void)
{
	const char *text = run("%s --json-schema", daxtop_program());

	schema = json_tokener_parse(text);
	if (!schema)
		fail("--json-schema printed no JSON: %.300s", text);
}

const char *daxtop_program(void)
{
	const char *p = getenv("DAXTOP");

	return p && *p ? p : "daxtop";
}

/*
 * A test shares the open file with daxtop, and nothing locks a memfd's position: FMODE_ATOMIC_POS
 * is set by do_dentry_open() (fs/open.c), which memfds don't go through. An lseek(SEEK_END) here
 * that races with a write of daxtop's puts the position back, and the next write replaces lines.
 * With O_APPEND the position does not matter.
 */
int output_memfd(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_APPEND))
		return -1;
	return fd;
}

struct daxtop *daxtop_spawn_as(void (*prepare)(void), const char *const argv[])
{
	struct daxtop *d = calloc(1, sizeof(*d));
	const char **args;
	size_t n;

	must(d);
	for (n = 0; argv[n]; n++)
		;
	args = calloc(n + 2, sizeof(*args));
	must(args);
	args[0] = daxtop_program();
	memcpy(args + 1, argv, n * sizeof(*args));
	d->out = daxtop_stdout >= 0 ? daxtop_stdout : output_memfd("stdout");
	d->err = daxtop_stderr >= 0 ? daxtop_stderr : output_memfd("stderr");
	must(d->out >= 0 && d->err >= 0);
	fflush(stdout);
	note_start();
	d->pid = fork();
	must(d->pid >= 0);
	if (!d->pid) {
		int null = open("/dev/null", O_RDONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 0);
		dup2(d->out, 1);
		dup2(d->err, 2);
		if (prepare)
			prepare();
		execvp(args[0], (char *const *)args);
		fail("cannot run %s: %m", args[0]);
	}
	return d;
}

struct daxtop *daxtop_spawn(const char *const argv[])
{
	return daxtop_spawn_as(NULL, argv);
}

/* All of a memfd as text. */
static char *text_of(int fd, size_t *len)
{
	struct stat st;
	ssize_t size;
	char *text;

	must(!fstat(fd, &st));
	text = malloc(st.st_size + 1);
	must(text);
	size = pread(fd, text, st.st_size, 0);
	must(size >= 0);
	text[size] = '\0';
	if (len)
		*len = size;
	return text;
}

/* Is there a whole line in @text that begins with @start? */
static bool has_line(const char *text, const char *start)
{
	const char *nl;

	while ((nl = strchr(text, '\n'))) {
		if (!strncmp(text, start, strlen(start)))
			return true;
		text = nl + 1;
	}
	return false;
}

static bool has_ended(struct daxtop *d)
{
	siginfo_t info = {};

	return !waitid(P_PID, d->pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

void daxtop_ready(struct daxtop *d)
{
	int64_t start = now_ms();
	bool ready, ended;
	char *text;

	for (;;) {
		ended = has_ended(d);
		text = text_of(d->err, NULL);
		ready = has_line(text, READY);
		if (ready) {
			note("daxtop was ready after %lld ms", (long long)(now_ms() - start));
			free(text);
			return;
		}
		if (ended)
			fail("daxtop ended before it was ready, saying: %s", text);
		if (now_ms() - start > PATIENCE_MS)
			fail("daxtop was not ready within %d s, saying: %s", PATIENCE_MS / 1000,
			     text);
		free(text);
		poll_pause();
	}
}

bool daxtop_has_printed(struct daxtop *d, const char *text)
{
	char *out = text_of(d->out, NULL);
	bool found = strstr(out, text);

	free(out);
	return found;
}

bool daxtop_has_said(struct daxtop *d, const char *text)
{
	bool found = d->pid > 0 && has_ended(d);
	char *err = text_of(d->err, NULL);

	found = found || strstr(err + d->err_from, text);
	free(err);
	return found;
}

struct daxtop *daxtop_start(const char *const argv[])
{
	struct daxtop *d = daxtop_spawn(argv);

	daxtop_ready(d);
	return d;
}

void daxtop_wait(struct daxtop *d)
{
	int64_t end = now_ms() + PATIENCE_MS;
	pid_t pid;

	while (!(pid = waitpid(d->pid, &d->status, WNOHANG))) {
		if (now_ms() > end) {
			kill(d->pid, SIGKILL);
			fail("daxtop did not end within %d s", PATIENCE_MS / 1000);
		}
		poll_pause();
	}
	must(pid == d->pid);
	d->pid = -1;
	d->out_text = text_of(d->out, &d->out_len);
	d->err_text = text_of(d->err, NULL);
	if (verbose && d->err_text[0])
		note("daxtop's stderr: %s", d->err_text);
}

void daxtop_end(struct daxtop *d, int exit_status)
{
	daxtop_wait(d);
	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != exit_status)
		fail("daxtop: got wait status %#x, expected exit %d; stderr: %s", d->status,
		     exit_status, d->err_text);
}

struct daxtop *daxtop_run(int exit_status, const char *const argv[])
{
	struct daxtop *d = daxtop_spawn(argv);

	daxtop_end(d, exit_status);
	return d;
}

static struct json_object *line_parse(const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	char why[300];

	must(tok);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, line, len + 1); /* with its NUL: the end */
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) < len)
		fail("not JSON (%s): %.300s", json_tokener_error_desc(json_tokener_get_error(tok)),
		     line);
	json_tokener_free(tok);
	if (!json_object_is_type(o, json_type_object))
		fail("a line that is not an object: %.300s", line);
	if (!schema_valid(schema, o, why, sizeof(why)))
		fail("not as daxtop --json-schema has it: %s: %.1000s", why, line);
	return o;
}

/* By its bytes: these characters are nothing else's in UTF-8. */
static bool acts(const unsigned char *c)
{
	if (c[0] < ' ' || c[0] == 0x7f)
		return c[0] != '\n';
	if (c[0] == 0xc2)
		return c[1] >= 0x80 && c[1] < 0xa0; /* C1 */
	if (c[0] == 0xd8)
		return c[1] == 0x9c; /* U+061C */
	if (c[0] == 0xe2 && c[1] == 0x80)
		return (c[2] >= 0x8b && c[2] <= 0x8f) || (c[2] >= 0xa8 && c[2] <= 0xae);
	return c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xaf;
}

void expect_harmless(const char *text)
{
	for (const char *c = text; *c; c++)
		if (acts((const unsigned char *)c))
			fail("a character that acts on the terminal (byte %#x at %zu) is in the text: %.1000s",
			     (unsigned char)*c, (size_t)(c - text), c);
}

static void line_add(struct json_object ***lines, size_t *nr, struct json_object *o)
{
	*lines = reallocarray(*lines, *nr + 1, sizeof(**lines));
	must(*lines);
	(*lines)[(*nr)++] = o;
}

void daxtop_json(struct daxtop *d)
{
	char *copy = strdup(d->out_text), *line = copy, *nl;

	must(copy);
	if (strlen(d->out_text) != d->out_len)
		fail("a NUL byte stands in the JSON");
	expect_harmless(d->out_text);
	while ((nl = strchr(line, '\n'))) {
		struct json_object *o;

		*nl = '\0';
		o = line_parse(line, nl - line);
		if (!strcmp(field_str(o, "type"), "process"))
			line_add(&d->processes, &d->nr_processes, o);
		else
			line_add(&d->lines, &d->nr_lines, o);
		line = nl + 1;
	}
	if (*line)
		fail("the last line has no end: %.200s", line);
	free(copy);
}

void daxtop_stop(struct daxtop *d)
{
	kill(d->pid, SIGINT);
	daxtop_end(d, 0);
	daxtop_json(d);
}

struct daxtop *shared_start(const void *words, size_t len)
{
	struct daxtop *d = calloc(1, sizeof(*d));
	char byte;

	must(d);
	d->pid = -1;
	d->out = share_out;
	d->err = share_err;
	must(send(share_fd, words, len, 0) == (ssize_t)len);
	must(recv(share_fd, &byte, 1, 0) == 1 && byte == SHARE_GO);
	d->err_from = lseek(share_err, 0, SEEK_END);
	return d;
}

char *shared_text(size_t *len)
{
	return text_of(share_out, len);
}

void shared_stop(struct daxtop *d)
{
	char byte = SHARE_DONE;

	must(send(share_fd, &byte, 1, 0) == 1);
	must(recv(share_fd, &byte, 1, 0) == 1 && byte == SHARE_PRINT);
	d->out_text = text_of(share_out, &d->out_len);
	d->err_text = text_of(share_err, NULL);
	daxtop_json(d);
}

/* One daxtop for the histories of many tests. */
static bool shared_history;

void history_pause(void)
{
	char byte = SHARE_PAUSE;

	if (!shared_history)
		return;
	shared_history = false;
	must(send(share_fd, &byte, 1, 0) == 1);
	must(recv(share_fd, &byte, 1, 0) == 1 && byte == SHARE_GO);
}

struct daxtop *history_start(const char *const specs[])
{
	const char **argv;
	char text[4096];
	size_t n, len = 0;

	for (n = 0; specs[n]; n++) {
		must(len + strlen(specs[n]) + 1 <= sizeof(text));
		strcpy(text + len, specs[n]);
		len += strlen(specs[n]) + 1;
	}
	if (share_fd >= 0) {
		shared_history = true;
		return shared_start(text, len);
	}
	argv = calloc(n + 3, sizeof(*argv));
	must(argv);
	argv[0] = "history";
	argv[1] = "--json";
	memcpy(argv + 2, specs, (n + 1) * sizeof(*argv));
	return daxtop_start(argv);
}

void history_stop(struct daxtop *d)
{
	shared_history = false;
	if (share_fd < 0)
		daxtop_stop(d);
	else
		shared_stop(d);
}

struct daxtop *trace_start(const char *events)
{
	if (share_fd >= 0)
		return shared_start("", 1);
	return daxtop_start(ARGS("trace", "--json", "-e", events));
}

/* Is @word one of the words of @list, which have commas between them? */
static bool in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, word, len) && (!list[len] || list[len] == ','))
			return true;
	return false;
}

void trace_stop(struct daxtop *d, const char *events)
{
	const struct turn *turn = &runner_memory->turns[turn_nr];
	size_t n = 0;

	if (share_fd < 0) {
		daxtop_stop(d);
		return;
	}
	shared_stop(d);
	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *o = d->lines[i];

		if (strcmp(field_str(o, "type"), "event") ||
		    (in_list(events, field_str(o, "event")) &&
		     field_int(o, "time_ns") >= turn->from && field_int(o, "time_ns") <= turn->to))
			d->lines[n++] = o;
	}
	d->nr_lines = n;
}

/* A name that is in no line would look as one that is not there. */
static void expect_key(const char *key)
{
	struct json_object *at = schema;

	must(json_object_object_get_ex(at, "$defs", &at) &&
	     json_object_object_get_ex(at, "fields", &at) &&
	     json_object_object_get_ex(at, "properties", &at));
	if (!json_object_object_get_ex(at, key, &at))
		fail("no \"%s\" is in the schema", key);
}

static struct json_object *field(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		fail("no \"%s\" in %.600s", key, json_object_to_json_string(o));
	if (!json_object_is_type(v, type))
		fail("\"%s\" is not of type %s in %.600s", key, json_type_to_name(type),
		     json_object_to_json_string(o));
	return v;
}

const char *field_str(struct json_object *o, const char *key)
{
	return json_object_get_string(field(o, key, json_type_string));
}

int64_t field_int(struct json_object *o, const char *key)
{
	return json_object_get_int64(field(o, key, json_type_int));
}

int64_t field_int_or(struct json_object *o, const char *key, int64_t none)
{
	struct json_object *v;

	expect_key(key);
	return json_object_object_get_ex(o, key, &v) && v ? field_int(o, key) : none;
}

const char *frame_text(struct json_object *frame)
{
	const char *symbol = field_str_or_null(frame, "symbol"),
		   *why = field_str_or_null(frame, "why");
	const char *in = field_str_or_null(frame, "binary") ?: field_str_or_null(frame, "module");
	static char text[1024];

	if (symbol)
		snprintf(text, sizeof(text), "%s+0x%" PRIx64 "%s%s%s", symbol,
			 field_int(frame, "symbol_offset_bytes"), in ? " (" : "", in ?: "",
			 in ? ")" : "");
	else
		snprintf(text, sizeof(text), "%s%s%s%s%s%s", field_str(frame, "ip"),
			 in || why ? " (" : "", in ?: "", in && why ? ": " : "", why ?: "",
			 in || why ? ")" : "");
	return text;
}

bool field_bool(struct json_object *o, const char *key)
{
	return json_object_get_boolean(field(o, key, json_type_boolean));
}

const char *field_str_or_null(struct json_object *o, const char *key)
{
	struct json_object *v;

	expect_key(key);
	if (!json_object_object_get_ex(o, key, &v) || !v)
		return NULL;
	return field_str(o, key);
}

bool field_has_flag(struct json_object *o, const char *flag)
{
	struct json_object *flags;
	size_t i;

	if (!json_object_object_get_ex(o, "flags", &flags))
		return false;
	for (i = 0; i < json_object_array_length(flags); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(flags, i)), flag))
			return true;
	return false;
}

struct json_object *trace_summary(struct daxtop *d)
{
	size_t i;

	for (i = 0; i < d->nr_lines; i++)
		if (!strcmp(field_str(d->lines[i], "type"), "summary") != (i == d->nr_lines - 1))
			fail("line %zu of %zu: the summary must be the last line and only that",
			     i + 1, d->nr_lines);
	if (!d->nr_lines)
		fail("trace printed no line, expected a summary; stderr: %s", d->err_text);
	return d->lines[d->nr_lines - 1];
}

size_t trace_count(struct daxtop *d, const char *event)
{
	size_t i, n = 0;

	for (i = 0; i < d->nr_lines; i++) {
		if (strcmp(field_str(d->lines[i], "type"), "event"))
			continue;
		if (!event || !strcmp(field_str(d->lines[i], "event"), event))
			n++;
	}
	return n;
}

int64_t summary_of(struct json_object *summary, const char *event, const char *what)
{
	struct json_object *e = field(summary, "by_event", json_type_object);

	/* an event of which there was nothing is left out */
	return json_object_object_get_ex(e, event, &e) ? field_int(e, what) : 0;
}

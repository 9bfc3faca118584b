// SPDX-License-Identifier: GPL-2.0-only
/* steps.c - compares a folio's history with the steps that a test expects. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "steps.h"

#define MAX_ACTORS 8
#define MAX_FLAGS  8

struct actor {
	char name[16];
	pid_t pid;
	char comm[17];
};

static struct actor actors[MAX_ACTORS];
static size_t nr_actors;

struct step {
	char event[24];
	bool observed;
	int64_t before, after, mapcount, pins, order;
	char who[16]; /* "": not written */
	char flags[MAX_FLAGS][16]; /* with their sign */
	size_t nr_flags;
};

static struct actor *actor_find(const char *name)
{
	size_t i;

	for (i = 0; i < nr_actors; i++)
		if (!strcmp(actors[i].name, name))
			return &actors[i];
	return NULL;
}

void actor_set(const char *name, pid_t pid)
{
	struct actor *a = actor_find(name);
	char path[64];
	FILE *f;

	if (!a) {
		must(nr_actors < MAX_ACTORS);
		a = &actors[nr_actors++];
	}
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	must(f && fgets(a->comm, sizeof(a->comm), f));
	fclose(f);
	a->comm[strcspn(a->comm, "\n")] = '\0';
}

/* Reads one expected step; @s holds the values carried over from the one before. */
static void step_parse(const char *text, struct step *s)
{
	char word[64];
	int n;

	s->observed = text[0] != '~';
	if (!s->observed)
		text++;
	s->who[0] = '\0';
	s->nr_flags = 0;
	if (sscanf(text, "%23s %ld>%ld%n", s->event, &s->before, &s->after, &n) != 3)
		fail("the test's own step cannot be read: %s", text);
	for (text += n; sscanf(text, "%63s%n", word, &n) == 1; text += n) {
		switch (word[0]) {
		case 'm':
			s->mapcount = atoi(word + 1);
			break;
		case 'p':
			s->pins = atoi(word + 1);
			break;
		case 'o':
			s->order = atoi(word + 1);
			break;
		case '@':
			snprintf(s->who, sizeof(s->who), "%.15s", word + 1);
			break;
		case '+':
		case '-':
			must(s->nr_flags < MAX_FLAGS);
			snprintf(s->flags[s->nr_flags++], sizeof(s->flags[0]), "%.15s", word);
			break;
		default:
			fail("the test's own step has an unknown word: %s", word);
		}
	}
	if (s->observed && !s->who[0])
		strcpy(s->who, "self");
}

static bool actor_matches(const char *who, struct json_object *o)
{
	const char *comm = field_str(o, "comm");
	const struct actor *a;

	if (!who[0] || !strcmp(who, "*"))
		return true;
	if (!strcmp(who, "kworker"))
		return !strncmp(comm, "kworker", 7);
	a = actor_find(who);
	if (!a)
		fail("the test names the unknown actor @%s", who);
	return field_int(o, "tgid") == a->pid && !strcmp(comm, a->comm);
}

static bool step_matches(const struct step *s, struct json_object *o)
{
	size_t i;

	for (i = 0; i < s->nr_flags; i++)
		if (field_has_flag(o, s->flags[i] + 1) != (s->flags[i][0] == '+'))
			return false;
	return !strcmp(field_str(o, "event"), s->event) && field_bool(o, "observed") == s->observed &&
	       field_int(o, "refcount_before") == s->before &&
	       field_int(o, "refcount_after") == s->after &&
	       field_int(o, "mapcount") == s->mapcount && field_int(o, "pins") == s->pins &&
	       field_int(o, "order") == s->order && !field_bool(o, "after_loss") &&
	       actor_matches(s->who, o);
}

/* A buffer that is added to and never overflows. */
struct text {
	char buf[3600];
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->n += vsnprintf(t->buf + t->n, sizeof(t->buf) - t->n, fmt, ap);
	va_end(ap);
	if (t->n >= sizeof(t->buf))
		t->n = sizeof(t->buf) - 1;
}

/* A step that daxtop printed, in the notation of steps.h. */
static void step_print(struct text *t, struct json_object *o)
{
	struct json_object *flags;
	size_t i;

	add(t, "\"%s%s %ld>%ld m%ld p%ld o%ld @%s[%ld]", field_bool(o, "observed") ? "" : "~",
	    field_str(o, "event"), (long)field_int(o, "refcount_before"),
	    (long)field_int(o, "refcount_after"), (long)field_int(o, "mapcount"),
	    (long)field_int(o, "pins"), (long)field_int(o, "order"), field_str(o, "comm"),
	    (long)field_int(o, "tgid"));
	if (json_object_object_get_ex(o, "flags", &flags))
		for (i = 0; i < json_object_array_length(flags); i++)
			add(t, " +%s", json_object_get_string(json_object_array_get_idx(flags, i)));
	add(t, field_bool(o, "after_loss") ? " (after loss)\"" : "\"");
}

static const char *steps_differ(struct json_object *got, size_t at, const char *const steps[],
				size_t step)
{
	static struct text t;
	size_t i;

	t.n = 0;
	add(&t, "step %zu differs: got ", step + 1);
	if (at < json_object_array_length(got))
		step_print(&t, json_object_array_get_idx(got, at));
	else
		add(&t, "no more");
	add(&t, ", expected %s; all steps got:", steps[step] ? steps[step] : "no more");
	for (i = 0; i < json_object_array_length(got); i++) {
		add(&t, "\n#   %2zu ", i + 1);
		step_print(&t, json_object_array_get_idx(got, i));
	}
	add(&t, "\n# expected:");
	for (i = 0; steps[i]; i++)
		add(&t, "\n#   %2zu \"%s\"", i + 1, steps[i]);
	return t.buf;
}

/*
 * References of mappings that are gone, which the mmu_gather puts unseen: device-dax's last step is
 * an unmap. When a second has passed since (ZAP_SETTLED_NS, src/engine/apply/row.c), the folio's own
 * figures are without them, and when two have, a look has found them gone: steps that no
 * test expects, as it does not know how long it took.
 */
static int64_t zaps_add(int64_t zaps, const struct step *s, int64_t mapcount_before)
{
	if (!strcmp(s->event, "unmap"))
		return zaps + mapcount_before - s->mapcount;
	if (!strcmp(s->event, "zap-put"))
		return zaps - (s->before - s->after);
	return strcmp(s->event, "free") ? zaps : 0;
}

/* A look that found nothing changed since the step before. */
static bool look_quiet(struct json_object *got, size_t at)
{
	struct json_object *o = json_object_array_get_idx(got, at), *before;

	if (!at || !o || strcmp(field_str(o, "event"), "sample") || !field_bool(o, "observed"))
		return false;
	before = json_object_array_get_idx(got, at - 1);
	return field_int(o, "refcount_before") == field_int(o, "refcount_after") &&
	       field_int(o, "refcount_after") == field_int(before, "refcount_after") &&
	       field_int(o, "mapcount") == field_int(before, "mapcount") &&
	       field_int(o, "pins") == field_int(before, "pins") && !field_bool(o, "after_loss");
}

/* Has a look put the @zaps references that @s has left? It is made that step then. */
static bool zaps_put(struct json_object *got, size_t at, struct step *s, int64_t zaps)
{
	struct step put = *s;

	put.observed = false;
	put.who[0] = '\0';
	put.nr_flags = 0;
	put.before = s->after;
	put.after = s->after - zaps;
	strcpy(put.event, "zap-put");
	if (zaps <= 0 || !look_quiet(got, at + 1) ||
	    !step_matches(&put, json_object_array_get_idx(got, at)))
		return false;
	*s = put;
	return true;
}

/* Past what only a look has made, between step @last and the event @next ("": the end). */
static size_t looks_pass(struct json_object *got, size_t at, struct step *last, int64_t *zaps,
			 const char *next)
{
	if (!strcmp(next, "sample"))
		return at;
	if (strcmp(next, "zap-put") && zaps_put(got, at, last, *zaps)) {
		*zaps = 0;
		at++;
	}
	while (look_quiet(got, at))
		at++;
	return at;
}

/* The folio's own figures must be those of its last step. */
static const char *end_compare(struct json_object *history, const struct step *last, int64_t zaps)
{
	static char text[200];
	int64_t ref = last->after - (field_bool(history, "refcount_inferred") ? zaps : 0);

	if (field_int(history, "refcount") == ref &&
	    field_int(history, "mapcount") == last->mapcount &&
	    field_int(history, "pins") == last->pins)
		return NULL;
	snprintf(text, sizeof(text),
		 "the folio's own figures: got refcount %ld mapcount %ld pins %ld, expected the last step's: %ld %ld %ld",
		 (long)field_int(history, "refcount"), (long)field_int(history, "mapcount"),
		 (long)field_int(history, "pins"), (long)ref, (long)last->mapcount, (long)last->pins);
	return text;
}

const char *steps_compare(struct json_object *history, unsigned int order, const char *const steps[])
{
	struct step s = { .order = order };
	struct json_object *got;
	bool predates = false;
	int64_t zaps = 0;
	size_t i, at = 0;

	if (steps[0] && !strcmp(steps[0], "=predates")) {
		predates = true;
		steps++;
	}
	if (!json_object_object_get_ex(history, "steps", &got))
		return "the history has no \"steps\"";
	for (i = 0; steps[i]; i++, at++) {
		int64_t mapcount_before = s.mapcount;
		struct step before = s;

		step_parse(steps[i], &s);
		at = looks_pass(got, at, &before, &zaps, s.event);
		if (at >= json_object_array_length(got) ||
		    !step_matches(&s, json_object_array_get_idx(got, at)))
			return steps_differ(got, at, steps, i);
		/* this one was seen, and at a count that they were gone from */
		if (i && zaps && s.before == before.after - zaps)
			zaps = 0;
		zaps = zaps_add(zaps, &s, mapcount_before);
	}
	at = looks_pass(got, at, &s, &zaps, "");
	if (at < json_object_array_length(got))
		return steps_differ(got, at, steps, i);
	if (field_bool(history, "doubtful"))
		return "the history is marked doubtful, nothing was lost";
	if (field_int(history, "steps_dropped"))
		return "steps were dropped";
	if (field_bool(history, "predates") != predates)
		return predates ? "the history is not marked as predating the trace"
				: "the history is marked as predating the trace";
	return i ? end_compare(history, &s, zaps) : NULL;
}

struct json_object *history_get(struct daxtop *d, const char *spec)
{
	struct json_object *found = NULL;
	size_t i;

	for (i = 0; i < d->nr_lines; i++) {
		if (strcmp(field_str(d->lines[i], "type"), "history") ||
		    strcmp(field_str(d->lines[i], "folio"), spec))
			continue;
		if (found)
			fail("two histories of %s", spec);
		found = d->lines[i];
	}
	if (!found)
		fail("no history of %s among %zu lines; stderr: %s", spec, d->nr_lines, d->err_text);
	return found;
}

void history_expect(struct daxtop *d, const struct area *a, const char *const steps[])
{
	struct json_object *h = history_get(d, a->spec);
	const char *why, *error = field_str_or_null(h, "error");

	if (error)
		fail("%s: got error `%s`, expected a history", a->spec, error);
	why = steps_compare(h, a->order, steps);
	if (why)
		fail("%s: %s", a->spec, why);
	if (strcmp(field_str(h, "device"), a->place->device))
		fail("%s: got device %s, expected %s", a->spec, field_str(h, "device"),
		     a->place->device);
}

void history_expect_unseen(struct daxtop *d, const struct area *a)
{
	struct json_object *h = history_get(d, a->spec);
	const char *error = field_str_or_null(h, "error");

	if (!error || strcmp(error, "not seen"))
		fail("%s: got %.600s, expected the error `not seen`", a->spec,
		     json_object_to_json_string(h));
}

void steps_add(struct steps *s, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	must(vasprintf(&text, fmt, ap) > 0);
	va_end(ap);
	must(s->n < sizeof(s->list) / sizeof(s->list[0]) - 1);
	s->list[s->n++] = text;
}

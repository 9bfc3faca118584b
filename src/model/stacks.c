// SPDX-License-Identifier: GPL-2.0-only
/* stacks.c - stacks with names, as records told them */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/stacks.h"
#include "base/escape.h"

#define BUCKETS 4096

struct entry {
	struct entry *next;
	int32_t number;
	uint32_t tgid; /* 0: the kernel's stack */
	uint8_t exec; /* which program of the process */
	size_t nr;
	struct stack_frame frames[]; /* texts are its own */
};

struct stacks {
	void (*missing)(void *arg, int32_t number, const struct stack_who *who);
	void *arg;
	struct entry *buckets[BUCKETS];
	size_t nr;
};

struct stacks *stacks_new(void)
{
	return calloc(1, sizeof(struct stacks));
}

void stacks_set_missing(struct stacks *s,
			void (*missing)(void *arg, int32_t number, const struct stack_who *who),
			void *arg)
{
	s->missing = missing;
	s->arg = arg;
}

static void entry_free(struct entry *e)
{
	for (size_t i = 0; e && i < e->nr; i++) {
		free((char *)e->frames[i].name);
		free((char *)e->frames[i].in);
		free((char *)e->frames[i].why);
	}
	free(e);
}

void stacks_forget(struct stacks *s, bool (*gone)(void *arg, int32_t number), void *arg)
{
	for (size_t i = 0; i < BUCKETS && s->nr; i++) {
		struct entry **at = &s->buckets[i], *e;

		while ((e = *at)) {
			if (gone && !gone(arg, e->number)) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			entry_free(e);
			s->nr--;
		}
	}
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	stacks_forget(s, NULL, NULL);
	free(s);
}

size_t stacks_nr(const struct stacks *s)
{
	return s->nr;
}

/* Where it is, or where one is to be put. */
static struct entry **place_of(const struct stacks *s, int32_t number, uint32_t tgid, uint8_t exec)
{
	uint32_t hash = (uint32_t)number * 2654435761u ^ tgid * 40503u ^ exec;
	struct entry **at = (struct entry **)&s->buckets[hash % BUCKETS];

	while (*at && ((*at)->number != number || (*at)->tgid != tgid || (*at)->exec != exec))
		at = &(*at)->next;
	return at;
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static bool names_valid(const struct dx_stack_names *n, size_t len)
{
	if (len < offsetof(struct dx_stack_names, frame) || n->number < 0 || n->nr > DX_STACK_FRAMES ||
	    len < offsetof(struct dx_stack_names, frame) + n->nr * sizeof(n->frame[0]))
		return false;
	/* the kernel's are of no program */
	if (n->exec > UINT8_MAX || (!n->tgid && n->exec))
		return false;
	for (size_t i = 0; i < n->nr; i++)
		if (!ends(n->frame[i].name, sizeof(n->frame[i].name)) ||
		    !ends(n->frame[i].in, sizeof(n->frame[i].in)) ||
		    !ends(n->frame[i].why, sizeof(n->frame[i].why)))
			return false;
	return true;
}

/* NULL: it is empty, or memory is short, which costs a name */
static const char *text_copy(const char *text)
{
	return *text ? strdup(text) : NULL;
}

int stacks_put(struct stacks *s, const struct dx_stack_names *n, size_t len)
{
	struct entry *e, **at;

	if (!names_valid(n, len))
		return -EBADMSG;
	e = calloc(1, sizeof(*e) + n->nr * sizeof(e->frames[0]));
	if (!e)
		return -ENOMEM;
	e->number = n->number;
	e->tgid = n->tgid;
	e->exec = n->exec;
	e->nr = n->nr;
	for (size_t i = 0; i < e->nr; i++) {
		e->frames[i] = (struct stack_frame){
			.addr = n->frame[i].addr,
			.offset = n->frame[i].offset,
			.name = text_copy(n->frame[i].name),
			.in = text_copy(n->frame[i].in),
			.why = text_copy(n->frame[i].why),
		};
	}
	at = place_of(s, e->number, e->tgid, e->exec);
	s->nr += !*at;
	e->next = *at ? (*at)->next : NULL;
	entry_free(*at);
	*at = e;
	return 0;
}

bool stacks_find(const struct stacks *s, int32_t number, const struct stack_who *who,
		 struct stack *out)
{
	const struct entry *e = *place_of(s, number, who->tgid, who->exec);

	*out = e ? (struct stack){ .frames = e->frames, .nr = e->nr }
		 : (struct stack){ .unkept = true };
	return e;
}

static struct stack stack_get(struct stacks *s, int32_t number, const struct stack_who *who)
{
	struct stack got = { .nr = 0 };

	if (number == DX_STACK_NONE || (!s && number >= 0))
		return got;
	if (number < 0)
		return (struct stack){ .unkept = true };
	if (!stacks_find(s, number, who, &got) && s->missing) {
		s->missing(s->arg, number, who);
		stacks_find(s, number, who, &got);
	}
	return got;
}

struct stack stacks_kernel(struct stacks *s, int32_t number)
{
	static const struct stack_who kernel;

	return stack_get(s, number, &kernel);
}

struct stack stacks_user(struct stacks *s, int32_t number, const struct stack_who *who)
{
	return who->tgid ? stack_get(s, number, who) : (struct stack){ .nr = 0 };
}

char *stack_frame_format(char *out, size_t outlen, const struct stack_frame *f, bool user)
{
	const char *begin = !f->in ? "" : user ? " (" : " [", *end = !f->in ? "" : user ? ")" : "]";
	char name[256], in[128] = "", why[128] = "";

	if (f->in)
		escape_text(in, sizeof(in), f->in, strlen(f->in));
	/* daxtop's own words, unless a file says so */
	if (f->why)
		escape_text(why, sizeof(why), f->why, strlen(f->why));
	if (f->name) {
		escape_text(name, sizeof(name), f->name, strlen(f->name));
		snprintf(out, outlen, "%s+0x%" PRIx64 "%s%s%s", name, f->offset, begin, in, end);
	} else if (!f->addr) {
		snprintf(out, outlen, "(no name)");
	} else {
		snprintf(out, outlen, "0x%" PRIx64 "%s%s%s%s%s", f->addr, f->in || f->why ? " (" : "",
			 in, f->in && f->why ? ": " : "", why, f->in || f->why ? ")" : "");
	}
	return out;
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* stacks.c - stacks with names, kept from when they are first seen */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "symbol/stacks.h"
#include "view/escape.h"

#define BUCKETS	  4096
#define NOTED_MAX 16384 /* more are noted when some of them are forgotten; some 2 KiB each */

struct entry {
	struct entry *next;
	int32_t id;
	uint32_t tgid; /* 0: the kernel's stack */
	uint8_t exec; /* which program of the process */
	struct stack_frame *frames;
	const char *why[STACK_FRAMES]; /* those of stacks_put(), which are not static */
	size_t nr;
};

struct stacks {
	struct stacks_options o;
	struct ksym *ksym;
	struct usym *usym;
	bool module_came; /* the table of kernel names is older than a module */
	struct entry *buckets[BUCKETS];
	size_t nr;
	size_t refused; /* because NOTED_MAX are noted */
};

size_t stack_own_frames(struct ksym *k, const uint64_t *addr, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = ksym_name(k, addr[i], NULL, NULL);

		if (!name || (strncmp(name, "bpf_prog_", 9) && strncmp(name, "bpf_trampoline_", 15)))
			break;
	}
	return i;
}

size_t stack_user_frames(const uint64_t *addr, size_t n)
{
	size_t i = 0;

	while (i < n && addr[i] >= 4096 && addr[i] < 1ULL << 47)
		i++;
	return i;
}

struct stacks *stacks_new(const struct stacks_options *o)
{
	struct stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->o = *o;
	if (!o->read)
		return s;
	s->ksym = ksym_new(NULL);
	s->usym = usym_new(o->ask, o->arg);
	if (s->ksym && s->usym)
		return s;
	stacks_free(s);
	return NULL;
}

static void entry_free(struct entry *e)
{
	for (size_t i = 0; i < e->nr; i++) {
		free((char *)e->frames[i].name);
		free((char *)e->frames[i].in);
		free((char *)e->why[i]);
	}
	free(e->frames);
	free(e);
}

static void forget_all(struct stacks *s)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry *next;

		for (struct entry *e = s->buckets[i]; e; e = next) {
			next = e->next;
			entry_free(e);
		}
		s->buckets[i] = NULL;
	}
	s->nr = 0;
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	forget_all(s);
	ksym_free(s->ksym);
	usym_free(s->usym);
	free(s);
}

static const struct usym_who kernel;

static struct entry **bucket_of(struct stacks *s, int32_t id, const struct usym_who *who)
{
	return &s->buckets[((uint32_t)id * 2654435761u ^ who->tgid * 40503u ^ who->exec) % BUCKETS];
}

static struct entry *entry_find(struct stacks *s, int32_t id, const struct usym_who *who)
{
	for (struct entry *e = *bucket_of(s, id, who); e; e = e->next)
		if (e->id == id && e->tgid == who->tgid && e->exec == who->exec)
			return e;
	return NULL;
}

/* A name that can't be copied is as one that isn't known. */
static const char *name_copy(const char *name)
{
	return name ? strdup(name) : NULL;
}

static void kernel_fill(struct stacks *s, struct entry *e, const uint64_t *addr)
{
	for (size_t i = 0; i < e->nr; i++) {
		struct stack_frame *f = &e->frames[i];
		const char *module = NULL;

		/* the address goes no further: it tells where the kernel lies */
		f->name = name_copy(ksym_name(s->ksym, addr[i], &f->offset, &module));
		f->in = name_copy(f->name ? module : NULL);
		if (!f->name)
			f->offset = 0;
	}
}

static void user_fill(struct stacks *s, struct entry *e, const struct usym_who *who,
		      const uint64_t *addr)
{
	usym_frames(s->usym, who, addr, e->nr, e->frames);
	for (size_t i = 0; i < e->nr; i++) {
		e->frames[i].name = name_copy(e->frames[i].name);
		e->frames[i].in = name_copy(e->frames[i].in);
	}
}

static void entry_tell(const struct stacks *s, const struct entry *e)
{
	static struct dx_stack_names names;

	if (!s->o.told)
		return;
	memset(&names, 0, sizeof(names));
	names.number = e->id;
	names.tgid = e->tgid;
	names.exec = e->exec;
	names.nr = e->nr;
	for (size_t i = 0; i < e->nr; i++) {
		const struct stack_frame *f = &e->frames[i];
		struct dx_frame *to = &names.frame[i];

		to->addr = f->addr;
		to->offset = f->offset;
		snprintf(to->name, sizeof(to->name), "%s", f->name ? f->name : "");
		snprintf(to->in, sizeof(to->in), "%s", f->in ? f->in : "");
		snprintf(to->why, sizeof(to->why), "%s", f->why ? f->why : "");
	}
	s->o.told(s->o.arg, &names,
		  offsetof(struct dx_stack_names, frame) + e->nr * sizeof(names.frame[0]));
}

static bool text_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* What has no name for a reason may have one by now: who looks names up had died, or had no time. */
static void entry_refresh(struct stacks *s, struct entry *e, const struct usym_who *who)
{
	struct stack_frame now[STACK_FRAMES];
	uint64_t addr[STACK_FRAMES];
	bool same = true, why = false;
	size_t i;

	for (i = 0; i < e->nr; i++) {
		addr[i] = e->frames[i].addr;
		why |= !!e->frames[i].why;
	}
	if (!why)
		return;
	usym_frames(s->usym, who, addr, e->nr, now);
	for (i = 0; i < e->nr; i++) {
		struct stack_frame *f = &e->frames[i];

		same &= text_same(f->name, now[i].name) && text_same(f->in, now[i].in) &&
			text_same(f->why, now[i].why);
		now[i].name = name_copy(now[i].name);
		now[i].in = name_copy(now[i].in);
		free((char *)f->name);
		free((char *)f->in);
		*f = now[i];
	}
	if (!same)
		entry_tell(s, e);
}

/* NULL: no memory, or the stack is not kept */
static struct entry *entry_add(struct stacks *s, int32_t id, const struct usym_who *who)
{
	struct entry *e = calloc(1, sizeof(*e)), **bucket = bucket_of(s, id, who);
	uint64_t addr[STACK_FRAMES];
	size_t nr, own = 0;
	int got;

	if (!e)
		return NULL;
	got = s->o.read ? s->o.read(s->o.arg, id, addr, STACK_FRAMES) : -ENOENT;
	if (got < 0) {
		free(e);
		return NULL;
	}
	nr = got;
	if (who->tgid) {
		nr = stack_user_frames(addr, nr);
	} else {
		if (s->module_came)
			ksym_reset(s->ksym);
		s->module_came = false;
		own = stack_own_frames(s->ksym, addr, nr);
		nr -= own;
	}
	e->id = id;
	e->tgid = who->tgid;
	e->exec = who->exec;
	e->frames = nr ? calloc(nr, sizeof(*e->frames)) : NULL;
	if (nr && !e->frames) {
		free(e);
		return NULL;
	}
	e->nr = nr;
	if (who->tgid)
		user_fill(s, e, who, addr);
	else
		kernel_fill(s, e, addr + own);
	e->next = *bucket;
	*bucket = e;
	s->nr++;
	entry_tell(s, e);
	return e;
}

/* ---- names of somebody else's ---- */

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static bool names_valid(const struct dx_stack_names *n, size_t len)
{
	if (len < offsetof(struct dx_stack_names, frame) || n->number < 0 || n->nr > DX_STACK_FRAMES ||
	    len < offsetof(struct dx_stack_names, frame) + n->nr * sizeof(n->frame[0]))
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
	struct usym_who who;
	struct entry *e, **bucket;

	if (!names_valid(n, len))
		return -EBADMSG;
	who = (struct usym_who){ .tgid = n->tgid, .exec = n->exec };
	e = calloc(1, sizeof(*e));
	if (e && n->nr)
		e->frames = calloc(n->nr, sizeof(*e->frames));
	if (!e || (n->nr && !e->frames)) {
		free(e);
		return -ENOMEM;
	}
	e->id = n->number;
	e->tgid = n->tgid;
	e->exec = n->exec;
	e->nr = n->nr;
	for (size_t i = 0; i < e->nr; i++) {
		e->frames[i].addr = n->frame[i].addr;
		e->frames[i].offset = n->frame[i].offset;
		e->frames[i].name = text_copy(n->frame[i].name);
		e->frames[i].in = text_copy(n->frame[i].in);
		e->frames[i].why = e->why[i] = text_copy(n->frame[i].why);
	}
	/* told again: more is known now */
	for (bucket = bucket_of(s, e->id, &who); *bucket; bucket = &(*bucket)->next) {
		struct entry *old = *bucket;

		if (old->id != e->id || old->tgid != e->tgid || old->exec != e->exec)
			continue;
		*bucket = old->next;
		entry_free(old);
		s->nr--;
		break;
	}
	bucket = bucket_of(s, e->id, &who);
	e->next = *bucket;
	*bucket = e;
	s->nr++;
	return 0;
}

static struct stack stack_get(struct stacks *s, int32_t id, const struct usym_who *who)
{
	struct entry *e;

	if (id == DX_STACK_NONE || (!s && id >= 0))
		return (struct stack){ .nr = 0 };
	e = id < 0 ? NULL : entry_find(s, id, who);
	if (!e && id >= 0)
		e = entry_add(s, id, who);
	return e ? (struct stack){ .frames = e->frames, .nr = e->nr }
		 : (struct stack){ .unkept = true };
}

struct stack stacks_kernel(struct stacks *s, int32_t id)
{
	return stack_get(s, id, &kernel);
}

struct stack stacks_user(struct stacks *s, int32_t id, const struct usym_who *who)
{
	return who->tgid ? stack_get(s, id, who) : (struct stack){ .nr = 0 };
}

/* Names of stacks that the source has forgotten, as nobody refers to them. */
static void forget(struct stacks *s)
{
	uint64_t addr[STACK_FRAMES];

	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry **at = &s->buckets[i], *e;

		while ((e = *at)) {
			if (s->o.read(s->o.arg, e->id, addr, STACK_FRAMES) >= 0) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			entry_free(e);
			s->nr--;
		}
	}
}

static void note(struct stacks *s, int32_t id, const struct usym_who *who)
{
	struct entry *e;

	if (id < 0 || !s->o.read)
		return;
	e = entry_find(s, id, who);
	if (e) {
		/* a finding keeps its frames where they are */
		if (who->tgid && s->o.all_users)
			entry_refresh(s, e, who);
		return;
	}
	/* who shows each event as it comes can have them again */
	if (s->nr >= NOTED_MAX && s->o.all_users)
		forget_all(s);
	/* a look at all of them is worth it once in so many */
	if (s->nr >= NOTED_MAX && s->refused++ % NOTED_MAX == 0)
		forget(s);
	if (s->nr < NOTED_MAX)
		entry_add(s, id, who);
}

/*
 * Of a process only what broke a rule: findings show no other user stack, and looking up its names
 * takes time that is the ring's.
 */
void stacks_note(struct stacks *s, const struct dx_event *ev)
{
	const struct usym_who who = { .time = ev->time, .tgid = ev->tgid, .exec = ev->exec };

	if (ev->type == DX_MODULE)
		s->module_came = true;
	note(s, ev->stack, &kernel);
	if (ev->tgid && (s->o.all_users ? dx_event_has_ustack(ev) : ev->type == DX_VIOLATION))
		note(s, ev->ustack, &who);
}

char *stack_frame_format(char *out, size_t outlen, const struct stack_frame *f, bool user)
{
	const char *begin = !f->in ? "" : user ? " (" : " [", *end = !f->in ? "" : user ? ")" : "]";
	char name[256], in[128] = "";

	if (f->in)
		escape_text(in, sizeof(in), f->in, strlen(f->in));
	if (f->name) {
		escape_text(name, sizeof(name), f->name, strlen(f->name));
		snprintf(out, outlen, "%s+0x%" PRIx64 "%s%s%s", name, f->offset, begin, in, end);
	} else if (!f->addr) {
		snprintf(out, outlen, "(no name)");
	} else {
		snprintf(out, outlen, "0x%" PRIx64 "%s%s%s%s%s", f->addr,
			 f->in || f->why ? " (" : "", in, f->in && f->why ? ": " : "",
			 f->why ? f->why : "", f->in || f->why ? ")" : "");
	}
	return out;
}

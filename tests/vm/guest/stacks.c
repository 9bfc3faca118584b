// SPDX-License-Identifier: GPL-2.0-only
/* stacks.c - who called, when somebody makes more stacks than anybody can keep. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "forge.h"
#include "strangers.h"

#define FORGED	  18000
#define FORGED_AT 0x100000000ULL /* nothing is mapped there */

struct pinner {
	struct area *a;
	long n; /* stacks */
};

/* The page is got, and let go, from @n places that there are not. */
static void flood(struct child *c, void *arg)
{
	struct pinner *f = arg;
	struct iovec v = { f->a->p, SZ_4K };
	char buf[SZ_4K];
	int ends[2];

	(void)c;
	become_stranger();
	must(!pipe(ends));
	for (long i = 0; i < f->n; i++) {
		uint64_t frame[2] = { 0, FORGED_AT + i * SZ_4K };

		must(vmsplice_forged(ends[1], &v, frame) == SZ_4K);
		must(read(ends[0], buf, sizeof(buf)) == SZ_4K);
	}
}

/* Not static and not inlined: the name is looked for. */
__attribute__((noinline, noclone)) void stacks_honest_get(int pipe, const struct iovec *v)
{
	uint64_t frame[2] = { 0, 0 };

	must(vmsplice_forged(pipe, v, frame) == SZ_4K);
	asm volatile("");
}

/* Holds the page until it is told to let go; its names are looked up meanwhile. */
static void holds(struct child *c, void *arg)
{
	struct pinner *f = arg;
	struct iovec v = { f->a->p, SZ_4K };
	char buf[SZ_4K];
	int ends[2];

	become_stranger();
	must(!pipe(ends));
	stacks_honest_get(ends[1], &v);
	child_go(c);
	child_await(c);
	must(read(ends[0], buf, sizeof(buf)) == SZ_4K);
}

/* Waits until what was printed last has @text. */
static void await_last(struct daxtop *d, const char *text)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char tail[16384];

	for (;;) {
		off_t len = lseek(d->out, 0, SEEK_END), max = sizeof(tail) - 1;
		ssize_t n = pread(d->out, tail, max, len > max ? len - max : 0);

		tail[n > 0 ? n : 0] = '\0';
		if (strstr(tail, text))
			return;
		if (now_ms() > end)
			fail("%s was not printed; the last of it: %s", text, tail);
		poll_pause();
	}
}

struct tally {
	long gets, kept, unkept; /* of the flood */
	long flags; /* "..._not_kept", in all lines */
	uint8_t seen[FORGED];
};

static long count_text(const char *line, const char *text)
{
	long n = 0;

	for (; (line = strstr(line, text)); line += strlen(text))
		n++;
	return n;
}

/* By hand: json-c makes gigabytes of so many lines. */
static void line_tally(struct tally *t, const char *line, pid_t pid)
{
	const char *user = strstr(line, "\"user_stack\":["), *forged;
	char who[32];
	uint64_t at;

	t->flags += count_text(line, "_stack_not_kept\":true");
	snprintf(who, sizeof(who), "\"tgid\":%d,", pid);
	if (!strstr(line, "\"event\":\"get\"") || !strstr(line, who))
		return;
	t->gets++;
	/* nobody forges those */
	if (strstr(line, "\"kernel_stack_not_kept\":true"))
		fail("the kernel's stack is not kept: %s", line);
	if (strstr(line, "\"user_stack_not_kept\":true")) {
		t->unkept++;
		return;
	}
	forged = user ? strstr(user, "\"0x1") : NULL;
	at = forged ? strtoull(forged + 1, NULL, 16) - FORGED_AT : UINT64_MAX;
	if (at % SZ_4K || at / SZ_4K >= FORGED)
		fail("neither is its stack there nor is it told as not kept: %s", line);
	if (t->seen[at / SZ_4K]++)
		fail("the stack of call %llu is another one's, too: %s",
		     (unsigned long long)at / SZ_4K, line);
	t->kept++;
}

static struct json_object *tally(struct tally *t, char *text, pid_t pid)
{
	struct json_object *sum = NULL;
	char *line = text, *nl;

	for (; (nl = strchr(line, '\n')); line = nl + 1) {
		*nl = '\0';
		/* a write that replaced another one's text leaves the half of two */
		if (line[0] != '{' || nl[-1] != '}' || count_text(line, "\"schema\":") != 1)
			fail("no line as daxtop writes it: %.1500s", line);
		if (strstr(line, "\"type\":\"summary\""))
			sum = json_tokener_parse(line);
		line_tally(t, line, pid);
		*nl = '\n';
	}
	if (!sum)
		fail("there is no summary");
	return sum;
}

/*
 * daxtop stands still while the stacks come, so that they can't all be kept: each call is told,
 * with its stack or with a note that it was not kept. The stack of a later, honest call is kept.
 */
static void test_forged(struct place *p)
{
	struct tally *t = calloc(1, sizeof(*t));
	struct pinner f = { .n = FORGED }, one = { .n = 1 };
	struct json_object *sum;
	struct child c, mark, good;
	struct daxtop *d;
	struct area a;
	char text[128];
	char *at;

	must(t);
	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	f.a = one.a = &a;
	/* 5,000 records with their stacks are half of it; 13,000 without fit in the other */
	d = daxtop_start(ARGS("trace", "--json", "--stack", "--ring-size", "4M", "-e", "get,pin"));
	must(!kill(d->pid, SIGSTOP));
	child_start(&c, flood, &f);
	child_end(&c);
	/* when this one's is printed, all of those are */
	child_start(&mark, flood, &one);
	child_end(&mark);
	must(!kill(d->pid, SIGCONT));
	snprintf(text, sizeof(text), "\"tgid\":%d,", mark.pid);
	await_last(d, text);
	child_start(&good, holds, &f);
	child_await(&good);
	snprintf(text, sizeof(text), "\"tgid\":%d,", good.pid);
	await_last(d, text);
	child_go(&good);
	child_end(&good);
	kill(d->pid, SIGINT);
	daxtop_end(d, 0);
	sum = tally(t, d->out_text, c.pid);
	note("%ld kept, %ld not kept; %s", t->kept, t->unkept, json_object_to_json_string(sum));
	if (field_int(sum, "lost"))
		fail("records were lost: %s", json_object_to_json_string(sum));
	if (t->gets != FORGED || t->kept + t->unkept != FORGED)
		fail("of %d calls %ld were told, %ld with a stack and %ld without: %s", FORGED,
		     t->gets, t->kept, t->unkept, json_object_to_json_string(sum));
	if (!t->kept || !t->unkept)
		fail("%ld stacks were kept, %ld were not: neither should be none", t->kept,
		     t->unkept);
	if (field_int(sum, "stacks_not_kept") != t->flags)
		fail("got stacks_not_kept %ld, expected %ld",
		     (long)field_int(sum, "stacks_not_kept"), t->flags);
	at = strstr(d->out_text, text);
	at = at ? strstr(at, "\"user_stack\":[{") : NULL;
	at = at ? strstr(at, "\"symbol\":") : NULL;
	if (!at || strncmp(at, "\"symbol\":\"stacks_honest_get\"", 28))
		fail("the honest call has no stack of its own: %.300s", at ? at : "(nothing)");
	free(t);
	area_unmap(&a);
	area_remove(&a);
}

static void punches(struct child *c, void *arg)
{
	struct area *a = arg;

	(void)c;
	must(!fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a->off, a->len));
}

/*
 * Many stacks came and were forgotten since: those that a finding shows are there, and it is as
 * sure as before.
 */
static void test_held(struct place *p)
{
	struct pinner h = {}, f = { .n = FORGED / 2 };
	struct json_object *finding, *holders, *one, *stack;
	struct child holder, flooder, waiter;
	struct area a, other;
	struct daxtop *d;
	const char *text;
	int nr = 0;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	area_open(&other, p, 0, AREA_WRITTEN);
	area_map_shared(&other);
	touch_write(other.p);
	h.a = &a;
	f.a = &other;
	d = CHECK_START();
	child_start(&holder, holds, &h);
	child_await(&holder);
	child_start(&flooder, flood, &f);
	child_end(&flooder);
	child_start(&waiter, punches, &a);
	check_await(d, "stall-break-layout");
	check_stop(d, 1);
	child_go(&holder);
	child_end(&holder);
	child_end(&waiter);
	finding = expect_only(d, "stall-break-layout", 0, "vfs_fallocate");
	text = json_object_to_json_string(finding);
	if (strcmp(field_str(finding, "confidence"), "proven") ||
	    field_int(finding, "pid") != waiter.pid)
		fail("%d waits, which is proven: %s", waiter.pid, text);
	/* a look may find the page on his stack besides, which is not certain */
	must(json_object_object_get_ex(finding, "holders", &holders));
	for (size_t i = 0; i < json_object_array_length(holders); i++) {
		one = json_object_array_get_idx(holders, i);
		if (field_int(one, "tgid") != holder.pid)
			fail("%d is the holder: %s", holder.pid, text);
		nr += (!json_object_object_get_ex(one, "certain", &stack) ||
		       json_object_get_boolean(stack)) &&
		      json_object_object_get_ex(one, "kernel_stack", &stack) &&
		      strstr(json_object_to_json_string(stack), "vmsplice");
	}
	if (nr != 1)
		fail("it is held by one who called vmsplice(): %s", text);
	area_unmap(&a);
	area_remove(&a);
	area_unmap(&other);
	area_remove(&other);
}

const struct test stacks_tests[] = {
	TEST("stacks/forged", ON_EXT4 | ON_BOTH, test_forged),
	TEST("stacks/held", ON_EXT4 | ON_BOTH, test_held, .share = CHECKS_STALL),
	TESTS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/* baseline.c - what was there before the trace, and what came while events were lost. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"
#include "replay.h"
#include "steps.h"

/* A reference that stays until the pipe is closed. */
static void splice_in(const struct area *a, int fds[2])
{
	struct iovec iov = { .iov_base = a->p, .iov_len = 1 };

	must(!pipe2(fds, O_CLOEXEC)); /* daxtop would inherit it */
	must(vmsplice(fds[1], &iov, 1, 0) == 1);
}

/* References of the folio when nobody uses it, and with a mapping and a pipe. */
static int held_refs(const struct place *p)
{
	bool fs = p->fs;

	if (kernel_legacy())
		return 2; /* 1, the mapping has none */
	return fs ? 2 : 3;
}

/*
 * A folio that is held before daxtop starts: its history begins with its counts and its
 * file, and goes on from there.
 */
static void test_history(struct place *p)
{
	const int refs = held_refs(p), map = kernel_legacy() ? 0 : 1;
	struct json_object *h, *steps;
	struct daxtop *d;
	struct area a;
	int fds[2];

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	splice_in(&a, fds);
	d = HISTORY_START(a.spec);
	must(!close(fds[0]) && !close(fds[1]));
	area_unmap(&a);
	history_stop(d);
	h = history_get(d, a.spec);
	if (field_str_or_null(h, "error"))
		fail("no history: %s", json_object_to_json_string(h));
	if (!field_bool(h, "predates"))
		fail("it predates the trace: %s", json_object_to_json_string(h));
	must(json_object_object_get_ex(h, "steps", &steps) && json_object_array_length(steps));
	steps = json_object_array_get_idx(steps, 0);
	if (strcmp(field_str(steps, "event"), "sample") || !field_has_flag(steps, "scan") ||
	    field_int(steps, "refcount_after") != refs || field_int(steps, "mapcount") != map)
		fail("the first step should be a scan's sample, %d references, mapcount %d: %s",
		     refs, map, json_object_to_json_string(steps));
	if (p->fs && strcmp(field_str(h, "file"), a.path))
		fail("got the file %s, expected %s", field_str(h, "file"), a.path);
	area_remove(&a);
}

/* The whole of it, where each step is seen: a page of a filesystem, and what happens to it later. */
static void test_goes_on(struct place *p)
{
	struct daxtop *d;
	struct area a;
	int fds[2];

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	splice_in(&a, fds);
	d = HISTORY_START(a.spec);
	area_unmap(&a);
	must(!close(fds[0]) && !close(fds[1]));
	history_stop(d);
	HISTORY(d, &a, "=predates", "sample 2>2 m1 @*", "unmap 2>2 m0", "~zap-put 2>1", "free 1>0");
	area_remove(&a);
}

/* A page of a filesystem that is held, and one that is not. */
struct pair {
	struct area held, idle;
	int fds[2];
};

static void pair_start(struct pair *b, struct place *p)
{
	area_open(&b->idle, p, 0, AREA_WRITTEN);
	area_map_shared(&b->idle);
	touch_write(b->idle.p);
	area_unmap(&b->idle);
	area_open(&b->held, p, 0, AREA_WRITTEN);
	area_map_shared(&b->held);
	touch_write(b->held.p);
	splice_in(&b->held, b->fds);
}

static void pair_end(struct pair *b, const struct daxtop *d)
{
	char row[512];

	snprintf(row, sizeof(row), "%s:0x%lx ", b->held.path, (unsigned long)b->held.off);
	if (!strstr(d->out_text, row))
		fail("no row of %s: %s", row, d->out_text);
	if (strstr(d->out_text, b->idle.path))
		fail("a row of the idle %s: %s", b->idle.path, d->out_text);
	must(!close(b->fds[0]) && !close(b->fds[1]));
	area_remove(&b->held);
	area_remove(&b->idle);
}

/* Idle pages are not listed, and a file that was found has its path in top: on each filesystem. */
static void test_top(struct place *p)
{
	const char *const *args;
	const char **argv;
	struct pair b[2];
	struct daxtop *d;
	char path[64];

	(void)p;
	for (int i = 0; i < 2; i++) {
		must(places[i].path[0]);
		pair_start(&b[i], &places[i]);
	}
	args = ARGS("top", "--batch", "-n", "1");
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	daxtop_end(d, 0);
	replay_same(d, args, path);
	for (int i = 0; i < 2; i++)
		pair_end(&b[i], d);
}

/* What a folio of old holds is no finding of this check, however long. */
static void test_check(struct place *p)
{
	struct area a, leaked;
	struct daxtop *d;
	int fds[2], fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	splice_in(&a, fds);
	area_unmap(&a);
	d = CHECK_START();
	leak_alone(d, leak_start(&leaked, p, fd));
	inject_undo(fd);
	must(!close(fds[0]) && !close(fds[1]));
	area_remove(&a);
	area_remove(&leaked);
}

/*
 * The ring is full, daxtop stopped: a folio that is taken into use then is not told by any
 * event. It is found by the scan that the loss causes, and its history says so.
 */
static void test_loss(struct place *p)
{
	struct json_object *h, *steps, *step;
	struct area a, noise;
	struct daxtop *d;
	int fds[2];

	area_open(&a, p, 0, AREA_WRITTEN);
	area_open(&noise, p, 0, AREA_WRITTEN);
	d = daxtop_start(ARGS("history", "--json", "--ring-size", "4096", a.spec));
	must(!kill(d->pid, SIGSTOP));
	for (int i = 0; i < 200; i++) {
		area_map_shared(&noise);
		touch_write(noise.p);
		area_unmap(&noise);
	}
	area_map_shared(&a);
	touch_write(a.p);
	splice_in(&a, fds);
	must(!kill(d->pid, SIGCONT));
	daxtop_stop(d);
	h = history_get(d, a.spec);
	if (field_str_or_null(h, "error"))
		fail("a scan after the loss should have found it: %s", d->out_text);
	must(json_object_object_get_ex(h, "steps", &steps) && json_object_array_length(steps));
	step = json_object_array_get_idx(steps, 0);
	if (strcmp(field_str(step, "event"), "sample") || !field_has_flag(step, "scan") ||
	    !field_bool(step, "after_loss") || field_int(step, "refcount_after") != 2)
		fail("the first step should be a scan's sample of 2 references after a loss: %s",
		     json_object_to_json_string(steps));
	if (strcmp(field_str(h, "file"), a.path))
		fail("got the file %s, expected %s", field_str(h, "file"), a.path);
	must(!close(fds[0]) && !close(fds[1]));
	area_remove(&a);
	area_remove(&noise);
}

const struct test baseline_tests[] = {
	SHARED_TEST("baseline/history", ON_ALL | ON_BOTH, test_history),
	SHARED_TEST("baseline/goes-on", ON_FS, test_goes_on),
	TEST("baseline/top", ON_NONE | ON_BOTH, test_top),
	TEST("baseline/check", ON_ALL | ON_BOTH, test_check, .share = CHECKS, .rule = "folio-leak"),
	/* of the ring: that it is found, and its file, is in baseline/history on each place */
	TEST("baseline/loss", ON_EXT4 | ON_BOTH, test_loss),
	TESTS_END,
};

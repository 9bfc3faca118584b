// SPDX-License-Identifier: GPL-2.0-only
/* looks.c - what the live commands know of who held and who waited before they were started. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "replay.h"

#define USER 1000 /* nobody in particular */

/* A page that a process of USER has in a pipe, and one that can't truncate its file because of that. */
struct held {
	struct area a;
	uint64_t pfn;
	struct child holder, waiter;
	char name[64]; /* "PID] pipe fd N": what daxtop calls the holder */
	int fds[2]; /* the test's: what the holder says of its pipe */
};

/* The pipe is this process's alone. */
static void child_holds(struct child *c, void *arg)
{
	struct held *h = arg;
	struct iovec iov = { .iov_base = h->a.p, .iov_len = SZ_4K };
	int fds[2];

	must(!setgid(USER) && !setuid(USER));
	must(!pipe2(fds, O_CLOEXEC));
	must(vmsplice(fds[1], &iov, 1, 0) == SZ_4K);
	/* the pipe has two ends: the lower one is told */
	must(write(h->fds[1], &fds[0], sizeof(int)) == sizeof(int));
	child_go(c);
	child_await(c);
}

static void child_truncates(struct child *c, void *arg)
{
	struct held *h = arg;

	must(!setgid(USER) && !setuid(USER));
	child_await(c);
	must(!ftruncate(h->a.fd, 0));
}

static void held_start(struct held *h, struct place *p, bool waits)
{
	int fd;

	memset(h, 0, sizeof(*h));
	area_open(&h->a, p, 0, AREA_WRITTEN);
	area_map_shared(&h->a);
	touch_write(h->a.p);
	h->pfn = pfn_of(h->a.p);
	must(!pipe2(h->fds, O_CLOEXEC));
	child_start(&h->holder, child_holds, h);
	child_await(&h->holder);
	must(read(h->fds[0], &fd, sizeof(fd)) == sizeof(fd));
	area_unmap(&h->a);
	snprintf(h->name, sizeof(h->name), "[%d] pipe fd %d pipe:[", h->holder.pid, fd);
	if (!waits)
		return;
	child_start(&h->waiter, child_truncates, h);
	child_go(&h->waiter);
	if (kernel_legacy())
		wait_blocked(h->waiter.pid,
			     "ext4_break_layouts|xfs_break_dax_layouts|xfs_break_layouts");
	else
		wait_blocked(h->waiter.pid, "ext4_wait_dax_page|xfs_wait_dax_page");
}

/* The holder exits: whoever waits goes on. */
static void held_end(struct held *h)
{
	child_go(&h->holder);
	child_end(&h->holder);
	if (h->waiter.pid)
		child_end(&h->waiter);
}

static void held_remove(struct held *h)
{
	must(!close(h->fds[0]) && !close(h->fds[1]));
	area_remove(&h->a);
}

static void expect_in(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail("\"%s\" expected in: %.6000s", what, text);
}

static void expect_not_in(const char *text, const char *what)
{
	if (strstr(text, what))
		fail("\"%s\" not expected in: %.6000s", what, text);
}

/* The wait in the words of daxtop scan, and who holds the page. */
static void expect_wait_text(const char *text, const struct held *h)
{
	char line[512];

	snprintf(line, sizeof(line), "[%d] has waited ", h->waiter.pid);
	expect_in(text, line);
	snprintf(line, sizeof(line),
		 " in a layout break (truncate, hole punch) of %s:0x%lx\n    blocked by pfn 0x%lx, 4K",
		 h->a.path, (unsigned long)h->a.off, (unsigned long)h->pfn);
	expect_in(text, line);
	expect_in(text, h->name);
	expect_not_in(text, "holder unknown");
}

/* Waits until daxtop has printed it. */
static void await_print(struct daxtop *d, const char *text)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!daxtop_has_printed(d, text)) {
		if (now_ms() > end)
			fail("\"%s\" was not printed", text);
		poll_pause();
	}
}

/* From its first picture on, until the holder exits; and the same from its file. */
static void test_top(struct place *p)
{
	const char *const *args = ARGS("top", "--batch", "--delay", "0.1");
	const char *last = "";
	struct daxtop *d;
	const char **argv;
	struct held h;
	char path[64];

	held_start(&h, p, true);
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	await_print(d, "findings");
	held_end(&h);
	await_print(d, "waits 0 ");
	must(!kill(d->pid, SIGINT));
	daxtop_end(d, 0);
	expect_in(d->out_text, "  waits 1 ");
	expect_wait_text(d->out_text, &h);
	for (const char *at = d->out_text; (at = strstr(at, "waits ")); at++)
		last = at;
	expect_not_in(last, h.name);
	expect_not_in(last, "has waited");
	replay_same(d, args, path);
	held_remove(&h);
}

/* The line of this type that tells of the page; fail() if there is none, or another one. */
static struct json_object *line_before(struct daxtop *d, const char *type, uint64_t pfn)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < d->nr_lines; i++) {
		if (strcmp(field_str(d->lines[i], "type"), type) ||
		    (uint64_t)field_int_or(d->lines[i], "pfn", 0) != pfn)
			continue;
		if (found)
			fail("a second line: %s", json_object_to_json_string(d->lines[i]));
		found = d->lines[i];
	}
	if (!found)
		fail("no line \"%s\" of pfn %#lx: %.6000s", type, (unsigned long)pfn, d->out_text);
	return found;
}

/* Before the first event: who holds, and who waits. */
static void test_trace(struct place *p)
{
	const char *const *args = ARGS("trace", "--json");
	struct json_object *o;
	struct daxtop *d;
	const char **argv;
	struct held h;
	char path[64];

	held_start(&h, p, true);
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	daxtop_stop(d);
	o = line_before(d, "held", h.pfn);
	if (field_int(o, "tgid") != h.holder.pid || strcmp(field_str(o, "kind"), "pipe") ||
	    !field_bool(o, "certain") || strcmp(field_str(o, "file"), h.a.path))
		fail("the pipe of %d holds a page of %s: %s", h.holder.pid, h.a.path,
		     json_object_to_json_string(o));
	o = line_before(d, "waiting", h.pfn);
	if (field_int(o, "pid") != h.waiter.pid || strcmp(field_str(o, "wait"), "layout-break") ||
	    strcmp(field_str(o, "file"), h.a.path) || field_int(o, "offset_bytes") != h.a.off)
		fail("%d waits for %s: %s", h.waiter.pid, h.a.spec, json_object_to_json_string(o));
	replay_same(d, args, path);
	held_end(&h);
	held_remove(&h);
}

/* The stall began before: it is told with who holds the page, and whose it is can't be judged. */
static void test_check(struct place *p)
{
	const char *const *args = ARGS("check", "--json", "--stall-time", "1", "-t", "1");
	struct json_object *f, *holders, *holder;
	struct daxtop *d;
	const char **argv;
	struct held h;
	char path[64];

	held_start(&h, p, true);
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	daxtop_end(d, 124);
	daxtop_json(d);
	f = check_finding(d, "stall-break-layout", 0);
	if (!f || check_finding(d, "stall-break-layout", 1))
		fail("one stall expected: %s", d->out_text);
	if (strcmp(field_str(f, "confidence"), "inconclusive") ||
	    field_int(f, "pid") != h.waiter.pid || (uint64_t)field_int(f, "pfn") != h.pfn)
		fail("the wait of %d, inconclusive, expected: %s", h.waiter.pid,
		     json_object_to_json_string(f));
	must(json_object_object_get_ex(f, "holders", &holders));
	holder = json_object_array_length(holders) == 1 ? json_object_array_get_idx(holders, 0)
							: NULL;
	if (!holder || field_int(holder, "tgid") != h.holder.pid ||
	    strcmp(field_str(holder, "kind"), "pipe") || !field_bool(holder, "certain"))
		fail("the pipe of %d holds it: %s", h.holder.pid, json_object_to_json_string(f));
	replay_same(d, args, path);
	held_end(&h);
	held_remove(&h);
}

/* ---- a leak that is none ---- */

struct passed_on {
	struct area a;
	int fds[2];
};

static void child_takes(struct child *c, void *arg)
{
	struct passed_on *x = arg;
	struct iovec iov = { .iov_base = x->a.p, .iov_len = SZ_4K };

	(void)c;
	must(vmsplice(x->fds[1], &iov, 1, 0) == SZ_4K);
}

/* Has the pipe, and never touches the page; who put it there exits. */
static void child_keeps(struct child *c, void *arg)
{
	struct passed_on *x = arg;
	struct child taker;

	must(!setgid(USER) && !setuid(USER));
	must(!pipe2(x->fds, O_CLOEXEC));
	child_start(&taker, child_takes, x);
	child_end(&taker);
	child_go(c);
	child_await(c);
}

/*
 * A reference whose taker is gone, and that nobody maps: it would be a leak, but another process has the
 * pipe. One that is younger, and nobody's, is told of.
 */
static void test_passed_on(struct place *p)
{
	struct area leaked;
	struct child keeper;
	struct passed_on x;
	struct daxtop *d;
	int fd = inject_open();

	d = CHECK_START();
	area_open(&x.a, p, 0, AREA_WRITTEN);
	area_map_shared(&x.a);
	child_start(&keeper, child_keeps, &x);
	child_await(&keeper);
	area_unmap(&x.a);
	leak_alone(d, leak_start(&leaked, p, fd));
	child_go(&keeper);
	child_end(&keeper);
	inject_undo(fd);
	area_remove(&x.a);
	area_remove(&leaked);
}

const struct test looks_tests[] = {
	TEST("looks/top", ON_FS | ON_BOTH, test_top),
	TEST("looks/trace", ON_EXT4 | ON_BOTH, test_trace),
	TEST("looks/check", ON_XFS | ON_BOTH, test_check),
	TEST("looks/passed-on", ON_FS | ON_BOTH, test_passed_on, .share = CHECKS,
	     .rule = "folio-leak"),
	TESTS_END,
};

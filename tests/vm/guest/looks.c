// SPDX-License-Identifier: GPL-2.0-only
/* looks.c - what the live commands know of who held and who waited before they were started. */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "look_turn.h"
#include "replay.h"
#include "scan.h"
#include "steps.h"
#include "stream.h"

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

/* The stall began before: it is told with who holds the page, and is of no weight for what is watched. */
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
	daxtop_end(d, 0);
	daxtop_json(d);
	f = check_finding(d, "stall-break-layout", 0);
	if (!f || check_finding(d, "stall-break-layout", 1))
		fail("one stall expected: %s", d->out_text);
	if (strcmp(field_str(f, "confidence"), "inconclusive") || field_bool(f, "counts") ||
	    field_int(f, "pid") != h.waiter.pid || (uint64_t)field_int(f, "pfn") != h.pfn)
		fail("the wait of %d, inconclusive, expected: %s", h.waiter.pid,
		     json_object_to_json_string(f));
	must(json_object_object_get_ex(f, "holders", &holders));
	holder = json_object_array_get_idx(holders, 0);
	/* what vmsplice() left on its stack says that it could: the look can't know better */
	for (size_t i = 1; i < json_object_array_length(holders); i++)
		if (strcmp(field_str(json_object_array_get_idx(holders, i), "kind"), "stack") ||
		    field_bool(json_object_array_get_idx(holders, i), "certain"))
			fail("the pipe of %d alone holds it: %s", h.holder.pid,
			     json_object_to_json_string(f));
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

/* ---- what a look costs the ring ---- */

#define HOLDERS 4
#define TABLES	5 /* processes with a large table of descriptors */
#define TABLE	16000
#define RING \
	"2M" /* 15,000 events: fewer than come while all looks are under way, far more than in one turn */
#define PAGES	  64 /* of a round, of three events each */
#define ROUNDS	  100 /* of a holder: 19,200 events */
#define TURN_MOST (LOOK_RING_TURN + LOOK_TURN + LOOK_PLACES)

/* One descriptor, and room for thousands: a look goes through all of it. */
static void child_table(struct child *c, void *arg)
{
	struct rlimit r = { TABLE + 1, TABLE + 1 };

	(void)arg;
	must(!setrlimit(RLIMIT_NOFILE, &r));
	must(dup2(0, TABLE) == TABLE);
	must(!setgid(USER) && !setuid(USER));
	child_go(c);
	child_await(c);
}

/*
 * Faults, unmaps and frees all the time, at a pace that the ring takes if it is read. @looks: holders exit
 * meanwhile, each of which is a look more. Returns how many events were lost; *@looked: looks.
 */
static int64_t burst_lost(struct place *p, bool looks, int64_t *looked)
{
	struct held h[HOLDERS];
	struct json_object *o;
	struct daxtop *d;
	struct area a;
	char *m;

	for (int i = 0; i < HOLDERS; i++)
		held_start(&h[i], p, false);
	area_open(&a, p, 0, AREA_HOLE);
	must(!fallocate(a.fd, 0, 0, PAGES * SZ_4K));
	m = mmap(NULL, PAGES * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, 0);
	must(m != MAP_FAILED);
	must(!madvise(m, PAGES * SZ_4K, MADV_NOHUGEPAGE));
	d = CHECK_START("--ring-size", RING);
	for (int i = 0; i < HOLDERS; i++) {
		if (looks)
			held_end(&h[i]);
		for (int round = 0; round < ROUNDS; round++) {
			for (size_t k = 0; k < PAGES; k++)
				touch_write(m + k * SZ_4K);
			must(!madvise(m, PAGES * SZ_4K, MADV_DONTNEED));
			poll_pause();
		}
	}
	must(!kill(d->pid, SIGINT));
	daxtop_wait(d);
	daxtop_json(d);
	o = check_verdict(d);
	*looked = field_int(o, "looks");
	if (field_int(o, "look_turn_things") > TURN_MOST)
		fail("more than %d things were looked at between two reads of the ring: %s",
		     TURN_MOST, json_object_to_json_string(o));
	for (int i = 0; i < HOLDERS; i++) {
		if (!looks)
			held_end(&h[i]);
		held_remove(&h[i]);
	}
	must(!munmap(m, PAGES * SZ_4K));
	area_remove(&a);
	return field_int(o, "lost");
}

/* A burst while looks are under way loses no more than without: the ring is read meanwhile. */
static void test_burst(struct place *p)
{
	struct child table[TABLES];
	int64_t lost, without, looked, few;

	for (int i = 0; i < TABLES; i++) {
		child_start(&table[i], child_table, NULL);
		child_await(&table[i]);
	}
	without = burst_lost(p, false, &few);
	lost = burst_lost(p, true, &looked);
	if (looked <= few)
		fail("%lld looks without a reason, %lld with", (long long)few, (long long)looked);
	if (lost || without)
		fail("lost %lld events while %lld looks were under way, %lld with %lld",
		     (long long)lost, (long long)looked, (long long)without, (long long)few);
	for (int i = 0; i < TABLES; i++) {
		child_go(&table[i]);
		child_end(&table[i]);
	}
}

/* ---- looks that the engine asks for ---- */

/* Who took the page, and who waits for it, is among the events that were lost: a look tells. */
static void test_loss(struct place *p)
{
	struct daxtop *d;
	struct held h;
	struct area a;
	char line[64], *at;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = daxtop_start(ARGS("top", "--batch", "--delay", "0.1", "--ring-size", "4096"));
	must(!kill(d->pid, SIGSTOP));
	for (int round = 0; round < 20; round++) {
		at = mmap(NULL, 13 * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, a.off);
		must(at != MAP_FAILED);
		for (size_t i = 0; i < 13; i++)
			touch_write(at + i * SZ_4K);
		must(!munmap(at, 13 * SZ_4K));
	}
	held_start(&h, p, true);
	must(!kill(d->pid, SIGCONT));
	snprintf(line, sizeof(line), "[%d] has waited ", h.waiter.pid);
	await_print(d, line);
	held_end(&h);
	must(!kill(d->pid, SIGINT));
	daxtop_end(d, 0);
	expect_wait_text(strstr(d->out_text, line) - sizeof(h.name), &h);
	held_remove(&h);
	area_remove(&a);
}

/* Is there a record in the stream that @is says yes to? */
static bool stream_has(const char *path,
		       bool (*is)(unsigned int type, const void *payload, const void *arg),
		       const void *arg)
{
	static uint64_t payload[DX_RECORD_MAX / 8];
	struct dx_stream_header header;
	FILE *f = fopen(path, "re");
	struct dx_record r;
	bool found = false;

	must(f && fread(&header, sizeof(header), 1, f) == 1);
	while (!found && fread(&r, sizeof(r), 1, f) == 1) {
		must(r.len >= sizeof(r) && r.len <= DX_RECORD_MAX);
		/* it is being written */
		if (r.len > sizeof(r) && fread(payload, r.len - sizeof(r), 1, f) != 1)
			break;
		found = is(r.type, payload, arg);
	}
	fclose(f);
	return found;
}

static bool is_held(unsigned int type, const void *payload, const void *arg)
{
	const struct dx_holder *r = payload;
	const struct held *h = arg;

	return type == DX_REC_HOLDER && r->pfn == h->pfn && r->tgid == (uint32_t)h->holder.pid &&
	       !strcmp(r->kind, "pipe") && r->flags & DX_HOLDER_CERTAIN;
}

/* Nothing but waits is traced, so that nobody is known who holds what is waited for: a look tells. */
static void test_wait(struct place *p)
{
	const char *const *args = ARGS("trace", "--json", "-e", "break-busy");
	struct daxtop *d;
	const char **argv;
	struct held h;
	char path[64];
	int64_t end;

	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	held_start(&h, p, true);
	for (end = now_ms() + PATIENCE_MS; !stream_has(path, is_held, &h); poll_pause())
		if (now_ms() > end)
			fail("no look told of the pipe of %d", h.holder.pid);
	held_end(&h);
	daxtop_stop(d);
	replay_same(d, args, path);
	held_remove(&h);
}

/* ---- a locked entry ---- */

static void child_touches(struct child *c, void *arg)
{
	struct area *a = arg;

	must(!setgid(USER) && !setuid(USER));
	child_await(c);
	touch_write(a->p);
}

/* The line that tells of the wait; NULL: there is none. */
static struct json_object *entry_wait(struct daxtop *d, pid_t pid)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (!strcmp(field_str(d->lines[i], "type"), "waiting") &&
		    field_int(d->lines[i], "pid") == pid)
			return d->lines[i];
	return NULL;
}

static void expect_entry_wait(struct daxtop *d, pid_t pid, const struct area *a)
{
	struct json_object *o = entry_wait(d, pid);

	if (!o || strcmp(field_str(o, "wait"), "entry-lock") ||
	    strcmp(field_str(o, "file"), a->path) || field_int(o, "offset_bytes") != a->off ||
	    field_int(o, "age_ns") <= 0)
		fail("%d waits for the entry of %s: %.6000s", pid, a->spec, d->out_text);
}

/* The module has it locked, a fault of its page waits: no event tells of that, and a look does. */
static void test_entry(struct place *p)
{
	const char *const *args = ARGS("check", "--json");
	struct inject arg = { .cmd = INJECT_ENTRY_LOCK };
	int fd = inject_open();
	struct daxtop *d;
	const char **argv;
	char line[512], path[64];
	struct child c;
	struct area a;

	area_touched(&a, p, 0);
	arg.addr = (uintptr_t)a.p;
	inject_do(fd, &arg);
	child_start(&c, child_touches, &a);
	child_go(&c);
	wait_blocked(c.pid, "get_next_unlocked_entry|get_unlocked_entry");
	d = daxtop_start(ARGS("trace", "--json"));
	daxtop_stop(d);
	expect_entry_wait(d, c.pid, &a);
	d = daxtop_start(ARGS("top", "--batch", "--delay", "0.1"));
	snprintf(line, sizeof(line), "[%d] has waited ", c.pid);
	await_print(d, line);
	must(!kill(d->pid, SIGINT));
	daxtop_end(d, 0);
	snprintf(line, sizeof(line), " in a wait for a locked DAX entry of %s:0x%lx", a.path,
		 (unsigned long)a.off);
	expect_in(d->out_text, line);
	d = daxtop_run(0, ARGS("check", "--json", "-t", "1"));
	daxtop_json(d);
	expect_entry_wait(d, c.pid, &a);
	/* what it does next says that it waits no more */
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	inject_undo(fd);
	child_end(&c);
	must(!kill(d->pid, SIGINT));
	daxtop_end(d, 0);
	daxtop_json(d);
	if (entry_wait(d, c.pid))
		fail("%d waits no more: %.6000s", c.pid, d->out_text);
	replay_same(d, args, path);
	area_unmap(&a);
	area_remove(&a);
}

/* ---- what a look does not see ---- */

#define CONTEXTS \
	200 /* more AIO contexts than are read of a task: TASK_OBJECTS (bpf/look/object.bpf.c) */

static void child_contexts(struct child *c, void *arg)
{
	aio_context_t ctx[CONTEXTS] = {};

	(void)arg;
	must(!setgid(USER) && !setuid(USER));
	for (int i = 0; i < CONTEXTS; i++)
		must(!syscall(SYS_io_setup, 1, &ctx[i]));
	child_go(c);
	child_await(c);
}

static bool is_unsure(unsigned int type, const void *payload, const void *arg)
{
	const struct dx_look *l = payload;

	(void)arg;
	return type == DX_REC_LOOKED && l->flags & DX_LOOK_UNSURE;
}

/* It is told in the words of daxtop scan, and nobody is said to hold nothing. */
static void test_gap(struct place *p)
{
	static const char said[] =
		"1 tasks have more io_uring rings with buffers, or AIO contexts, than were read";
	const char *const *args = ARGS("trace", "--json");
	struct json_object *gaps;
	struct daxtop *d;
	const char **argv;
	struct child c;
	char path[64];

	(void)p;
	child_start(&c, child_contexts, NULL);
	child_await(&c);
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	daxtop_stop(d);
	must(json_object_object_get_ex(trace_summary(d), "gaps", &gaps));
	if (json_object_array_length(gaps) != 1 ||
	    strcmp(json_object_get_string(json_object_array_get_idx(gaps, 0)), said))
		fail("\"%s\" expected: %s", said, json_object_to_json_string(gaps));
	if (!stream_has(path, is_unsure, NULL))
		fail("a look with a gap is unsure");
	replay_same(d, args, path);
	child_go(&c);
	child_end(&c);
}

const struct test looks_tests[] = {
	TEST("looks/top", ON_FS | ON_BOTH, test_top),
	TEST("looks/trace", ON_EXT4 | ON_BOTH, test_trace),
	TEST("looks/check", ON_XFS | ON_BOTH, test_check),
	TEST("looks/passed-on", ON_FS | ON_BOTH, test_passed_on, .share = CHECKS,
	     .rule = "folio-leak"),
	TEST("looks/burst", ON_EXT4, test_burst, .starts = 4),
	TEST("looks/loss", ON_XFS | ON_BOTH, test_loss),
	TEST("looks/entry", ON_XFS | ON_BOTH, test_entry, .starts = 5),
	TEST("looks/gap", ON_XFS | ON_BOTH, test_gap, .starts = 2),
	TEST("looks/wait", ON_EXT4 | ON_BOTH, test_wait, .starts = 2),
	TESTS_END,
};

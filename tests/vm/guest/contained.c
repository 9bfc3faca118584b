// SPDX-License-Identifier: GPL-2.0-only
/*
 * contained.c - daxtop in a pid namespace, or where /proc and /sys are not those of its own: whoever is asked for by a
 * number is that process, and no namesake.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scan.h"

#define HOST_PROC "/tmp/gt-host-proc"

/*
 * Two of one number: the test's own process outside, and one in a pid namespace. Each has a page mapped, and in a pipe.
 */
struct namesakes {
	struct area outer, inner;
	uint64_t outer_pfn, inner_pfn;
	pid_t number; /* of the outer in the initial namespace, of the inner in its own */
	pid_t *inner_pid; /* shared: in the initial one */
};

static void private_mounts(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* The first process of a new pid namespace; the caller waits for its end. */
static void contain(void)
{
	int status;
	pid_t pid;

	must(!unshare(CLONE_NEWPID));
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (!pid)
		return;
	must(waitpid(pid, &status, 0) == pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* ---- with a /proc of the namespace, and the host's elsewhere, as containers that watch hosts have it ---- */

static void child_inner(struct child *c, void *arg)
{
	struct namesakes *n = arg;
	char number[16] = "";
	int fds[2];

	if (getpid() != n->number)
		fail("got number %d in the namespace, expected %d", getpid(), n->number);
	must(readlink(HOST_PROC "/self", number, sizeof(number) - 1) > 0);
	*n->inner_pid = atoi(number);
	must(*n->inner_pid != n->number);
	area_map_shared(&n->inner);
	touch_write(n->inner.p);
	pipe_fill(fds, &n->inner);
	child_go(c);
	for (int turn = 0; turn < 2; turn++) {
		child_await(c);
		area_unmap(&n->inner);
		area_map_shared(&n->inner);
		touch_write(n->inner.p);
		child_go(c);
	}
	child_await(c);
	pipe_drain(fds);
}

static void expect_said(struct daxtop *d, const char *words)
{
	if (!strstr(d->err_text, words))
		fail("expected `%s` on stderr, got `%s`", words, d->err_text);
}

static void expect_inner_held(const struct namesakes *n)
{
	struct json_object *f, *h;
	char number[16], said[80];
	struct daxtop *d;

	snprintf(number, sizeof(number), "%d", n->number);
	snprintf(said, sizeof(said), "process %d of this pid namespace is %d in the initial one",
		 n->number, *n->inner_pid);
	d = holders_run(1, number);
	expect_said(d, said);
	expect_nothing(d, n->outer_pfn);
	f = expect_folio(d, &n->inner, n->inner_pfn, USES(.maps = 1, .gets = 1));
	h = holder_of(f, "pipe", *n->inner_pid);
	if (!h || !field_bool(h, "certain"))
		fail("no pipe of %d: %s", *n->inner_pid, json_text(f));
	/* the namespace's first process is there and holds nothing; the last number of all is nobody's */
	expect_nothing(holders_run(0, "1"), n->inner_pfn);
	expect_said(daxtop_run(2, ARGS("holders", "4194303")),
		    "no process 4194303 in this pid namespace");
}

/* How many events of the process, by its number in the initial namespace; @event: so called, NULL: any. */
static size_t nr_events(struct daxtop *d, const char *event, pid_t tgid)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nr_lines; i++)
		n += !strcmp(field_str(d->lines[i], "type"), "event") &&
		     (!event || !strcmp(field_str(d->lines[i], "event"), event)) &&
		     field_int(d->lines[i], "tgid") == tgid;
	return n;
}

/* Both do something while daxtop runs; @outer and @inner are asked to. */
static struct daxtop *traced(struct child *outer, struct child *inner, const char *const args[])
{
	struct daxtop *d = daxtop_start(args);

	child_go(outer);
	child_await(outer);
	child_go(inner);
	child_await(inner);
	daxtop_stop(d);
	return d;
}

static void child_container(struct child *c, void *arg)
{
	struct namesakes *n = arg;
	struct child inner;
	struct daxtop *d;
	char number[16];

	area_unmap(&n->outer);
	child_await(c);
	contain();
	private_mounts();
	must(!mount("/proc", HOST_PROC, NULL, MS_BIND, NULL));
	must(!mount("proc", "/proc", "proc", 0, NULL));
	/* pid_namespaces(7) */
	run("echo %d >/proc/sys/kernel/ns_last_pid", n->number - 1);
	child_start(&inner, child_inner, n);
	child_await(&inner);
	expect_inner_held(n);

	snprintf(number, sizeof(number), "%d", n->number);
	d = traced(c, &inner, ARGS("trace", "--json", "--pid", number));
	if (!nr_events(d, "fault", *n->inner_pid) ||
	    nr_events(d, NULL, *n->inner_pid) != trace_count(d, NULL))
		fail("events of %d expected, and of no other: %s", *n->inner_pid, d->out_text);
	/* a pin of what was mapped before, by a process that no iterator of this namespace meets */
	d = traced(c, &inner, ARGS("trace", "--json"));
	expect_said(d, "initial pid namespace");
	if (!nr_events(d, "get", n->number) || !nr_events(d, "fault", *n->inner_pid))
		fail("a get of %d and a fault of %d expected: %s", n->number, *n->inner_pid,
		     d->out_text);
	child_go(&inner);
	child_end(&inner);
	daxtop_run(3, ARGS("check", "--", "sh", "-c", "true & exit 3"));
}

static void test_namesake(struct place *p)
{
	struct namesakes n = { .number = getpid() };
	struct child c;
	int fds[3][2];

	n.inner_pid = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(n.inner_pid != MAP_FAILED);
	n.inner_pfn = area_touched(&n.inner, p, place_order(p));
	area_unmap(&n.inner);
	n.outer_pfn = area_touched(&n.outer, p, place_order(p));
	run("mkdir -p " HOST_PROC);
	child_start(&c, child_container, &n);
	/* what was there before, they would have inherited */
	pipe_fill(fds[2], &n.outer);
	child_go(&c);
	for (int turn = 0; turn < 2; turn++) {
		child_await(&c);
		pipe_fill(fds[turn], &n.outer);
		child_go(&c);
	}
	child_end(&c);
	for (int i = 0; i < 3; i++)
		pipe_drain(fds[i]);
	area_unmap(&n.outer);
}

/* ---- with a /proc of others ---- */

/* Numbers there are of the initial namespace: of which the user speaks isn't known, and whose children are CMD's. */
static void child_old_proc(struct child *c, void *arg)
{
	struct daxtop *d;

	(void)c;
	(void)arg;
	contain();
	/* its own number is 2 here: in that /proc kthreadd's, which has many children */
	d = daxtop_run(3, ARGS("check", "--", "sh", "-c", "exit 3"));
	if (strstr(d->out_text, "still running"))
		fail("CMD left nothing: %s", d->out_text);
	expect_said(daxtop_run(2, ARGS("holders", "1")), "mount -t proc");
	expect_said(daxtop_run(2, ARGS("trace", "--pid", "1")), "mount -t proc");
}

static void test_old_proc(struct place *p)
{
	struct child c;

	(void)p;
	child_start(&c, child_old_proc, NULL);
	child_end(&c);
}

static const char *hidden;

static void hide(void)
{
	private_mounts();
	must(!mount("none", hidden, "tmpfs", 0, NULL));
}

/* As a process of the host has it that was moved into a container's mounts: its own /proc does not show it. */
static void test_unmounted(struct place *p)
{
	static const char *const places[] = { "/proc", "/sys" };
	char said[40];

	(void)p;
	for (size_t i = 0; i < 2; i++) {
		struct daxtop *d;

		hidden = places[i];
		snprintf(said, sizeof(said), "%s is not mounted here", hidden);
		d = daxtop_spawn_as(hide, ARGS("scan"));
		daxtop_end(d, 2);
		expect_said(d, said);
	}
}

const struct test contained_tests[] = {
	TEST("contained/namesake", ON_EXT4 | ON_BOTH, test_namesake, .starts = 6),
	TEST("contained/old-proc", ON_NONE | ON_BOTH, test_old_proc, .starts = 2),
	TEST("contained/unmounted", ON_NONE, test_unmounted),
	TESTS_END,
};

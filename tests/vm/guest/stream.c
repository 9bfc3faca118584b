// SPDX-License-Identifier: GPL-2.0-only
/* stream.c - what the stream tells once: processes, and again when they have changed; the time of day when it is set */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "place.h"
#include "replay.h"
#include "stream.h"

#define CGROUPS	 "/sys/fs/cgroup"
#define AGAIN_NS 1100000000L /* a process that goes on is asked for once a second */
#define STEP_S	 1000

static void touch_page(struct area *a)
{
	area_map_shared(a);
	touch_write(a->p);
	area_unmap(a);
}

/* In a cgroup and namespaces of its own; it has another name later. */
static void child_faults(struct child *c, void *arg)
{
	const struct timespec again = { 1, AGAIN_NS - 1000000000L };
	struct area *a = arg;

	run("echo %d >" CGROUPS "/gt-stream/cgroup.procs", getpid());
	must(!unshare(CLONE_NEWNS));
	prctl(PR_SET_NAME, "gt-before");
	child_go(c);
	child_await(c);
	touch_page(a);
	child_go(c);
	child_await(c);
	prctl(PR_SET_NAME, "gt-after");
	nanosleep(&again, NULL);
	touch_page(a);
	child_go(c);
	child_await(c);
}

static uint64_t inode_of(const char *fmt, int pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), fmt, pid);
	must(!stat(path, &st));
	return st.st_ino;
}

static void expect_number(struct json_object *o, const char *key, uint64_t want)
{
	if (field_int(o, key) != (int64_t)want)
		fail("%s: expected %lu in %s", key, (unsigned long)want,
		     json_object_to_json_string(o));
}

static void clock_step(int seconds)
{
	struct timespec t;

	must(!clock_gettime(CLOCK_REALTIME, &t));
	t.tv_sec += seconds;
	must(!clock_settime(CLOCK_REALTIME, &t));
}

/* The time of day in the stream: CLOCK_REALTIME less CLOCK_MONOTONIC, at its begin and each time it was set. */
static size_t clocks_read(const char *path, int64_t *wall, size_t max)
{
	static uint64_t payload[DX_RECORD_MAX / 8];
	FILE *f = fopen(path, "re");
	struct dx_record r;
	size_t n = 0;

	must(f && !fseek(f, sizeof(struct dx_stream_header), SEEK_SET));
	while (fread(&r, sizeof(r), 1, f) == 1) {
		must(r.len == sizeof(r) || fread(payload, r.len - sizeof(r), 1, f) == 1);
		if (r.type == DX_REC_HELLO && n < max)
			wall[n++] = ((struct dx_hello *)payload)->wall;
		else if (r.type == DX_REC_CLOCK && n < max)
			wall[n++] = ((struct dx_clock *)payload)->wall;
	}
	must(!fclose(f));
	return n;
}

static void expect_step(int64_t got, int want)
{
	if (got < (want - 1) * 1000000000LL || got > (want + 1) * 1000000000LL)
		fail("the clock was set by %d s, and the stream says %ld ns", want, (long)got);
}

static void await_printed(struct daxtop *d, const char *text)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!daxtop_has_printed(d, text)) {
		if (now_ms() > end)
			fail("daxtop did not print %s", text);
		poll_pause();
	}
}

static void test_told_once(struct place *p)
{
	const char *const args[] = { "trace", "--json", "-e", "fault,unmap", NULL };
	uint64_t cgroup, mount_ns, pid_ns;
	int64_t wall[8] = { 0 };
	const char **argv;
	struct daxtop *d;
	struct child c;
	char path[64];
	struct area a;
	size_t n;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	run("mkdir -p " CGROUPS "/gt-stream");
	afterwards("rmdir " CGROUPS "/gt-stream");
	cgroup = inode_of(CGROUPS "/gt-stream", 0);
	child_start(&c, child_faults, &a);
	child_await(&c);
	mount_ns = inode_of("/proc/%d/ns/mnt", c.pid);
	pid_ns = inode_of("/proc/%d/ns/pid", c.pid);
	must(mount_ns != inode_of("/proc/%d/ns/mnt", getpid()));
	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	clock_step(STEP_S);
	child_go(&c);
	child_await(&c);
	/* what a process is, is read after its event */
	await_printed(d, "gt-before");
	child_go(&c);
	child_await(&c);
	/* more than a second later: the clock was looked at, too */
	await_printed(d, "gt-after");
	clock_step(-STEP_S);
	touch_page(&a);
	daxtop_stop(d);
	child_go(&c);
	child_end(&c);
	/* the child before and after, and we */
	if (d->nr_processes != 3)
		fail("%zu processes, expected 3: %s", d->nr_processes, d->out_text);
	for (n = 0; n < 2; n++) {
		struct json_object *o = d->processes[n];

		expect_number(o, "tgid", c.pid);
		expect_number(o, "cgroup_id", cgroup);
		expect_number(o, "mount_ns", mount_ns);
		expect_number(o, "pid_ns", pid_ns);
		expect_number(o, "exec", field_int(d->processes[2], "exec"));
		if (strcmp(field_str(o, "comm"), n ? "gt-after" : "gt-before"))
			fail("process %zu is %s", n, field_str(o, "comm"));
		if (field_int(o, "process_start_ns") <=
		    field_int(d->processes[2], "process_start_ns"))
			fail("the child began before its parent: %s", d->out_text);
	}
	expect_number(d->processes[2], "tgid", getpid());
	n = clocks_read(path, wall, 8);
	if (n != 3)
		fail("the time of day is told %zu times, expected 3: at the begin, and set twice", n);
	expect_step(wall[1] - wall[0], STEP_S);
	expect_step(wall[2] - wall[1], -STEP_S);
	replay_same(d, args, path);
	free(argv);
}

const struct test stream_tests[] = {
	TEST("stream/told-once", ON_EXT4 | ON_BOTH, test_told_once),
	TESTS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/* locked.c - daxtop beside processes that hold locks for long: it waits for none of them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pty.h"
#include "scan.h"
#include "steps.h"
#include "strangers.h"

/* What a child that is another user's tells us. */
struct told {
	pid_t fault, unmap; /* threads */
};

struct stranger {
	struct area locked, own; /* a page whose entry is locked; one that it takes */
	uint64_t pfn; /* of the latter */
	char *spare; /* a mapping to take away */
	int unmap[2]; /* a pipe, whose end is the sign to do so */
	struct told *told;
	struct child c;
};

/* Puts its page into a pipe, which is a reference by GUP. */
static void take_page(const struct stranger *s)
{
	struct iovec v = { .iov_base = s->own.p, .iov_len = s->own.len };
	int fds[2];

	must(!pipe2(fds, O_CLOEXEC));
	must(vmsplice(fds[1], &v, 1, 0) == (ssize_t)v.iov_len);
	must(!close(fds[0]) && !close(fds[1]));
}

/* The page was taken after the start, by a process that could not be asked then. */
static void expect_taken(struct daxtop *d, const struct stranger *s)
{
	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *o = d->lines[i];

		if (!strcmp(field_str(o, "type"), "event") && !strcmp(field_str(o, "event"), "get") &&
		    field_int(o, "tgid") == s->c.pid && (uint64_t)field_int(o, "pfn") == s->pfn)
			return;
	}
	fail("no get of pfn %#llx by %d: %s", (unsigned long long)s->pfn, s->c.pid, d->out_text);
}

/* Waits until the thread has told who it is, and sleeps for good: in a fault, for a lock. */
static void wait_asleep(const pid_t *tid)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char path[64], line[512] = "", *state;

	while (now_ms() < end) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", *(volatile const pid_t *)tid);
		f = fopen(path, "re");
		state = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		if (f)
			fclose(f);
		if (state && state[1] == ' ' && state[2] == 'D')
			return;
		poll_pause();
	}
	fail("a thread does not sleep: %s", line);
}

/* ---- what looks while others hang, each to its end ---- */

static void look_around(const struct stranger *s, const char *device)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", s->c.pid);
	daxtop_run(0, ARGS("scan", "--json"));
	daxtop_wait(daxtop_spawn(ARGS("holders", "--json", pid)));
	if (s->locked.fd >= 0)
		daxtop_wait(daxtop_spawn(ARGS("holders", "--json", s->locked.path)));
	daxtop_wait(daxtop_spawn(ARGS("holders", "--json", device)));
}

static void top_runs(void)
{
	struct pty t;

	pty_start(&t, "xterm", 24, 100, ARGS("top"));
	pty_expect(&t, "PFN");
	pty_type(&t, "q");
	pty_wait(&t);
	if (t.status)
		fail("daxtop top: got wait status %#x, expected exit 0", t.status);
}

/* ---- a fault that waits with mmap_lock held, and a writer behind it ---- */

static void *thread_faults(void *arg)
{
	struct stranger *s = arg;

	*(volatile pid_t *)&s->told->fault = syscall(SYS_gettid);
	touch_write(s->locked.p);
	return NULL;
}

static void *thread_unmaps(void *arg)
{
	struct stranger *s = arg;
	char byte;

	must(!read(s->unmap[0], &byte, 1));
	*(volatile pid_t *)&s->told->unmap = syscall(SYS_gettid);
	must(!munmap(s->spare, SZ_4K));
	return NULL;
}

static void child_faults(struct child *c, void *arg)
{
	struct stranger *s = arg;
	pthread_t fault, unmap;

	become_stranger();
	touch_read(s->own.p);
	/* what needs mmap_lock comes before it is held: mappings, faults on what take_page() uses */
	take_page(s);
	s->spare = mmap(NULL, SZ_4K, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(s->spare != MAP_FAILED);
	must(!pipe2(s->unmap, O_CLOEXEC));
	must(!pthread_create(&unmap, NULL, thread_unmaps, s));
	must(!pthread_create(&fault, NULL, thread_faults, s));
	child_await(c);
	must(!close(s->unmap[1]));
	/* the page is mapped: the fast path takes it without the lock (mm/gup.c, gup_fast()) */
	child_await(c);
	take_page(s);
	must(!pthread_join(fault, NULL) && !pthread_join(unmap, NULL));
	child_go(c);
	child_await(c);
}

/*
 * A reader that holds mmap_lock keeps the VMAs as they are: the process is seen to map DAX, and is
 * marked for that. It is not one of those whose mappings could not be read.
 */
static void expect_marked(struct daxtop *d, const struct stranger *s)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char pid[48];

	snprintf(pid, sizeof(pid), "[%d]", s->c.pid);
	if (daxtop_has_said(d, pid))
		fail("daxtop has ended, or says that it could not read the mappings of %s", pid);
	snprintf(pid, sizeof(pid), "\"pid\":%d,\"tgid\":%d,", s->c.pid, s->c.pid);
	while (!daxtop_has_printed(d, pid)) {
		if (now_ms() > end)
			fail("a get by process %d is not told while its fault waits", s->c.pid);
		poll_pause();
	}
}

static void test_fault(struct place *p)
{
	struct inject arg = { .cmd = INJECT_ENTRY_LOCK };
	struct stranger s = {};
	int fd = inject_open();
	struct daxtop *d;

	area_touched(&s.locked, p, 0);
	s.pfn = area_touched(&s.own, p, 0);
	s.told = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(s.told != MAP_FAILED);
	arg.addr = (uintptr_t)s.locked.p;
	inject_do(fd, &arg);
	child_start(&s.c, child_faults, &s);
	wait_asleep(&s.told->fault);
	child_go(&s.c);
	wait_asleep(&s.told->unmap);
	d = daxtop_start(ARGS("trace", "--json", "-e", "get,pin"));
	child_go(&s.c);
	expect_marked(d, &s);
	look_around(&s, p->device);
	daxtop_run(0, ARGS("check", "-t", "1"));
	top_runs();
	inject_undo(fd);
	child_await(&s.c);
	child_go(&s.c);
	child_end(&s.c);
	daxtop_stop(d);
	expect_taken(d, &s);
	area_unmap(&s.locked);
	area_remove(&s.locked);
	area_unmap(&s.own);
	area_remove(&s.own);
}

/* ---- mmap_lock held by a writer ---- */

static void child_holds(struct child *c, void *arg)
{
	struct stranger *s = arg;

	become_stranger();
	if (s->own.p)
		touch_read(s->own.p);
	child_go(c);
	child_await(c);
	if (s->own.p)
		take_page(s);
	child_go(c);
	child_await(c);
}

static void mm_lock(int fd, struct stranger *s)
{
	struct inject arg = { .cmd = INJECT_MM_LOCK };

	child_start(&s->c, child_holds, s);
	child_await(&s->c);
	arg.pfn = s->c.pid;
	inject_do(fd, &arg);
}

static void mm_unlocked(struct stranger *s)
{
	child_go(&s->c);
	child_await(&s->c);
	child_go(&s->c);
	child_end(&s->c);
}

/* One that maps DAX, and one that does not: what that one maps is not known then. */
static void test_writer(struct place *p)
{
	struct stranger s = { .locked.fd = -1 }, other = { .locked.fd = -1 };
	int fd = inject_open();
	struct daxtop *d;
	char name[64];

	mm_lock(fd, &other);
	s.pfn = area_touched(&s.own, p, 0);
	mm_lock(fd, &s);
	d = daxtop_start(ARGS("trace", "--json", "-e", "get,pin"));
	snprintf(name, sizeof(name), "[%d]) could not be read", other.c.pid);
	if (!daxtop_has_said(d, "daxtop: the mappings of 1 process (") || !daxtop_has_said(d, name)) {
		kill(d->pid, SIGKILL);
		daxtop_wait(d);
		fail("daxtop does not say that it could not read process %d: %s", other.c.pid,
		     d->err_text);
	}
	look_around(&s, p->device);
	daxtop_run(0, ARGS("check", "-t", "1"));
	inject_undo(fd);
	mm_unlocked(&s);
	mm_unlocked(&other);
	daxtop_stop(d);
	expect_taken(d, &s);
	area_unmap(&s.own);
	area_remove(&s.own);
}

/* ---- a filesystem that can't be unmounted, a device that can't be unbound ---- */

static void live_runs(void)
{
	struct daxtop *d = daxtop_start(ARGS("trace", "--json"));

	top_runs();
	daxtop_stop(d);
}

struct umount {
	struct place *place;
	int pipe[2];
};

static void child_unmounts(struct child *c, void *arg)
{
	struct umount *u = arg;

	must(!close(u->pipe[0]) && !close(u->pipe[1]));
	child_await(c);
	must(!umount(u->place->path));
}

static void test_umount(struct place *p)
{
	struct umount u = { .place = p };
	struct stranger s = { .locked.fd = -1 };
	struct area a;

	mount_afterwards(p);
	area_touched(&a, p, 0);
	pipe_fill(u.pipe, &a);
	area_unmap(&a);
	must(!close(a.fd));
	child_start(&s.c, child_unmounts, &u);
	child_go(&s.c);
	wait_blocked(s.c.pid, "dax_break_layout_final");
	live_runs();
	look_around(&s, p->device);
	pipe_drain(u.pipe);
	child_end(&s.c);
}

static void child_unbinds(struct child *c, void *arg)
{
	(void)c;
	run("ndctl disable-namespace %s", (const char *)arg);
}

/* Asks for the range that a device of the bus nd has: resource_show(), drivers/nvdimm/pfn_devs.c, takes its lock. */
static void child_reads(struct child *c, void *arg)
{
	char text[64];
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	(void)c;
	must(fd >= 0);
	(void)!read(fd, text, sizeof(text)); /* it may be gone then */
}

/* Whoever asked for it in that time would wait as the child does. */
static void test_unbind(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_GET };
	struct stranger s = { .locked.fd = -1 };
	int fd = inject_open();
	char name[64], driver[160], resource[160];
	const char *holder;
	struct child reader;
	struct area a;

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	snprintf(driver, sizeof(driver), "/dev/%s", p->device);
	/* the bus has a number of its own for it, which need not be that of /dev */
	holder = run("cat /sys/bus/nd/devices/%s/holder", name);
	snprintf(resource, sizeof(resource), "/sys/bus/nd/devices/%.*s/resource",
		 (int)strcspn(holder, "\n"), holder);
	area_touched(&a, p, 0);
	arg.addr = (uintptr_t)a.p;
	inject_do(fd, &arg);
	area_unmap(&a);
	must(!close(a.fd));
	child_start(&s.c, child_unbinds, name);
	while (!access(driver, F_OK))
		poll_pause();
	child_start(&reader, child_reads, resource);
	wait_blocked(reader.pid, "resource_show");
	live_runs();
	look_around(&s, p->device);
	look_around(&s, name);
	wait_blocked(reader.pid, "resource_show");
	inject_undo(fd);
	child_end(&reader);
	child_end(&s.c);
}

const struct test locked_tests[] = {
	TEST("locked/fault", ON_EXT4 | ON_BOTH, test_fault, .starts = 7),
	TEST("locked/writer", ON_EXT4 | ON_BOTH, test_writer, .starts = 5),
	TEST("locked/umount", ON_EXT4, test_umount, .starts = 5),
	TEST("locked/unbind", ON_DAX4K, test_unbind, .starts = 8),
	TESTS_END,
};

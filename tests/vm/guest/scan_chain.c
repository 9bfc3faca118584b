// SPDX-License-Identifier: GPL-2.0-only
/* scan_chain.c - who stands behind whom: locks of one that waits for a page or an entry */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "replay.h"
#include "scan.h"
#include "../wchan.h"

static struct json_object *wait_line(struct daxtop *d, pid_t pid, const char *kind)
{
	struct json_object *w = wait_of(d, pid);

	if (!w)
		fail("thread %d is not said to wait: %.4000s%s", pid, d->out_text, d->err_text);
	if (strcmp(field_str(w, "wait"), kind))
		fail("%s expected: %s", kind, json_text(w));
	return w;
}

/* @w waits for @next, which waits for @last (0: it is the last). */
static void expect_chain(struct json_object *w, pid_t next, pid_t last, bool inferred)
{
	struct json_object *chain;

	must(json_object_object_get_ex(w, "chain", &chain));
	if (json_object_array_length(chain) != 1 + !!last ||
	    json_object_get_int(json_object_array_get_idx(chain, 0)) != next ||
	    (last && json_object_get_int(json_object_array_get_idx(chain, 1)) != last) ||
	    field_bool(w, "chain_inferred") != inferred)
		fail("it waits for %d%s: %s", next, last ? " and that for another" : "",
		     json_text(w));
}

static void expect_owner(struct json_object *w, pid_t pid)
{
	if (field_int_or(w, "owner_pid", 0) != pid || field_bool(w, "read_owned"))
		fail("%d has the lock for itself: %s", pid, json_text(w));
}

static void expect_behind(struct json_object *w, int n)
{
	if (field_int(w, "behind") != n)
		fail("%d expected behind it: %s", n, json_text(w));
}

/* ---- the inode's lock ---- */

struct writes {
	struct area a;
	int pipe[2];
	struct child truncates, writes[2];
};

static void child_truncates(struct child *c, void *arg)
{
	struct writes *s = arg;

	must(!close(s->pipe[0]) && !close(s->pipe[1]));
	child_await(c);
	must(!ftruncate(s->a.fd, 0));
}

static void child_writes(struct child *c, void *arg)
{
	struct writes *s = arg;

	must(!close(s->pipe[0]) && !close(s->pipe[1]));
	child_await(c);
	must(pwrite(s->a.fd, "x", 1, 0) == 1);
}

/* A live command knows the same, of a look that is in its stream, and so does who reads that. */
static void expect_live(struct writes *s)
{
	const char *const *args = ARGS("trace", "--json");
	const char **argv;
	struct daxtop *d;
	char path[64];
	unsigned int found = 0;

	argv = replay_args(args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	daxtop_stop(d);
	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *w = d->lines[i];
		pid_t pid;

		if (strcmp(field_str(w, "type"), "waiting"))
			continue;
		pid = field_int(w, "pid");
		if (pid == s->truncates.pid) {
			expect_behind(w, 2);
			found++;
		} else if (pid == s->writes[0].pid || pid == s->writes[1].pid) {
			if (strcmp(field_str(w, "wait"), "inode-lock") ||
			    strcmp(field_str(w, "file"), s->a.path))
				fail("the lock of %s expected: %s", s->a.path, json_text(w));
			expect_owner(w, s->truncates.pid);
			expect_chain(w, s->truncates.pid, 0, false);
			found++;
		}
	}
	if (found != 3)
		fail("three wait, and %u are told: %.6000s", found, d->out_text);
	replay_same(d, args, path);
}

/* truncate(2) holds it while it waits for the page in the pipe; two writes stand behind it. */
static void test_inode(struct place *p)
{
	struct writes s = {};
	struct json_object *w;
	struct daxtop *d;
	char who[64];

	area_touched(&s.a, p, 0);
	pipe_fill(s.pipe, &s.a);
	child_start(&s.truncates, child_truncates, &s);
	for (int i = 0; i < 2; i++)
		child_start(&s.writes[i], child_writes, &s);
	child_go(&s.truncates);
	wait_blocked(s.truncates.pid,
		     kernel_legacy() ? "ext4_break_layouts|xfs_break_dax_layouts|xfs_break_layouts"
				     : "ext4_wait_dax_page|xfs_wait_dax_page");
	for (int i = 0; i < 2; i++) {
		child_go(&s.writes[i]);
		wait_blocked(s.writes[i].pid, "ext4_file_write_iter|ext4_dax_write_iter|xfs_ilock");
	}
	d = SCAN();
	w = wait_line(d, s.truncates.pid, "layout-break");
	expect_behind(w, 2);
	for (int i = 0; i < 2; i++) {
		w = wait_line(d, s.writes[i].pid, "inode-lock");
		expect_owner(w, s.truncates.pid);
		expect_chain(w, s.truncates.pid, 0, false);
		if (strcmp(field_str(w, "file"), s.a.path))
			fail("%s expected: %s", s.a.path, json_text(w));
	}
	expect_live(&s);
	/* asked for by its number, the chain and what holds the page are told, in words */
	snprintf(who, sizeof(who), "%d", s.writes[1].pid);
	d = daxtop_run(1, ARGS("holders", who));
	snprintf(who, sizeof(who), "[%d] in a layout break", s.truncates.pid);
	if (!strstr(d->out_text, who) || !strstr(d->out_text, "pipe: until the pipe is read"))
		fail("who has the lock, and what ends it: %s", d->out_text);
	pipe_drain(s.pipe);
	child_end(&s.truncates);
	child_end(&s.writes[0]);
	child_end(&s.writes[1]);
	area_unmap(&s.a);
	area_remove(&s.a);
}

/* ---- mmap_lock ---- */

struct maps {
	struct area a;
	struct told {
		pid_t fault, unmap;
	} * told; /* threads of the child */
	struct child maps, reads;
	char *p; /* two pages, the child's; the first one's entry is locked */
};

static void *thread_faults(void *arg)
{
	struct maps *s = arg;

	*(volatile pid_t *)&s->told->fault = syscall(SYS_gettid);
	touch_write(s->p);
	return NULL;
}

static void child_maps(struct child *c, void *arg)
{
	struct maps *s = arg;
	pthread_t fault;

	s->p = mmap(NULL, 2 * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, s->a.fd, s->a.off);
	must(s->p != MAP_FAILED);
	must(!pthread_create(&fault, NULL, thread_faults, s));
	child_await(c);
	s->told->unmap = syscall(SYS_gettid);
	/* of the same mapping: it waits for the fault */
	must(!munmap(s->p + SZ_4K, SZ_4K));
	must(!pthread_join(fault, NULL));
}

static void child_reads(struct child *c, void *arg)
{
	struct maps *s = arg;
	char path[64], text[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", s->maps.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	child_await(c);
	must(read(fd, text, sizeof(text)) >= 0);
	close(fd);
}

static void told_blocked(const pid_t *told, const char *wchan)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!*(volatile pid_t *)told && now_ms() < end)
		poll_pause();
	wait_blocked(*(volatile pid_t *)told, wchan);
}

/* munmap(2) waits for a fault that has its VMA's lock, or the mmap_lock: that depends on kernel and filesystem. */
#define VMA  "__vma_start_exclude_readers|__vma_start_write|vms_gather_munmap_vmas|__split_vma"
#define MMAP "__vm_munmap"

/* A fault waits for a locked entry, munmap(2) for the fault, and who reads the command line for one of them. */
static void test_mmap(struct place *p)
{
	struct inject arg = { .cmd = INJECT_ENTRY_LOCK };
	struct maps s = {};
	int fd = inject_open();
	struct json_object *w;
	struct daxtop *d;
	char who[128];
	bool vma;

	area_touched(&s.a, p, 0);
	s.told = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(s.told != MAP_FAILED);
	arg.addr = (uintptr_t)s.a.p;
	inject_do(fd, &arg);
	child_start(&s.maps, child_maps, &s);
	child_start(&s.reads, child_reads, &s);
	told_blocked(&s.told->fault, "get_next_unlocked_entry|get_unlocked_entry");
	child_go(&s.maps);
	told_blocked(&s.told->unmap, VMA "|" MMAP);
	vma = wchan_is(s.told->unmap, VMA, who, sizeof(who));
	child_go(&s.reads);
	wait_blocked(s.reads.pid, "__access_remote_vm|get_mm_cmdline|access_remote_vm");
	d = SCAN();
	w = wait_line(d, s.told->fault, "entry-lock");
	expect_behind(w, 2);
	w = wait_line(d, s.reads.pid, "mmap-lock");
	/* who reads the lock leaves a name only as the last that came */
	if (vma) {
		expect_owner(w, s.told->unmap);
		expect_chain(w, s.told->unmap, s.told->fault, true);
	} else {
		expect_chain(w, s.told->fault, 0, true);
	}
	w = wait_line(d, s.told->unmap, vma ? "vma-lock" : "mmap-lock");
	expect_chain(w, s.told->fault, 0, true);
	inject_undo(fd);
	child_end(&s.maps);
	child_end(&s.reads);
	area_unmap(&s.a);
	area_remove(&s.a);
	munmap(s.told, SZ_4K);
}

/* ---- none of ours ---- */

/* A process that is blocked elsewhere is not said to wait for nothing; one that sleeps by its own will is. */
static void child_vforks(struct child *c, void *arg)
{
	int *pipe = arg;
	char byte;

	must(!close(pipe[1]));
	child_await(c);
	/* uninterruptible until the child has ended (kernel/fork.c, wait_for_vfork_done()) */
	if (!vfork())
		_exit(read(pipe[0], &byte, 1));
}

static void test_other(struct place *p)
{
	struct child blocked, sleeps;
	struct json_object *w;
	struct daxtop *d;
	char who[32];
	int pipe[2];

	(void)p;
	must(!pipe2(pipe, O_CLOEXEC));
	child_start(&blocked, child_vforks, pipe);
	child_start(&sleeps, child_vforks, pipe);
	child_go(&blocked);
	wait_blocked(blocked.pid, "__do_sys_vfork|kernel_clone|wait_for_vfork_done|do_wait_for_common|"
				  "wait_for_completion_killable|wait_for_completion_state");
	snprintf(who, sizeof(who), "%d", blocked.pid);
	d = holders_run(1, who);
	w = wait_line(d, blocked.pid, "other");
	if (strcmp(field_str(w, "task_state"), "D"))
		fail("it is blocked: %s", json_text(w));
	snprintf(who, sizeof(who), "%d", sleeps.pid);
	d = holders_run(0, who);
	if (line_of(d, "wait", 0))
		fail("it sleeps by its own will: %s", json_text(line_of(d, "wait", 0)));
	must(!close(pipe[1]));
	child_go(&sleeps);
	child_end(&blocked);
	child_end(&sleeps);
	must(!close(pipe[0]));
}

const struct test scan_chain_tests[] = {
	TEST("scan/chain-inode", ON_FS | ON_BOTH, test_inode, .share = LOOKS_APART, .starts = 4),
	TEST("scan/chain-mmap", ON_FS | ON_BOTH, test_mmap, .share = LOOKS_APART, .starts = 2),
	TEST("holders/blocked-elsewhere", ON_NONE | ON_BOTH, test_other, .starts = 2),
	TESTS_END,
};

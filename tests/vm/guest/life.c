// SPDX-License-Identifier: GPL-2.0-only
/*
 * life.c - how daxtop ends. That no BPF program stays is looked at after every
 * test (main.c); here daxtop is ended in the ways in which no other test ends it: SIGINT is what
 * daxtop_stop() sends, SIGTERM is in names.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "place.h"
#include "pty.h"
#include "steps.h"

#define MAX_PROGS 1024

/* Programs must be there while daxtop runs, or their absence afterwards says nothing. */
static void expect_attached(size_t before)
{
	uint32_t ids[MAX_PROGS];
	size_t now = bpf_programs(ids, MAX_PROGS);

	if (now <= before)
		fail("got %zu BPF programs while daxtop runs, expected more than %zu", now, before);
}

static size_t programs(void)
{
	uint32_t ids[MAX_PROGS];

	programs_settle();
	return bpf_programs(ids, MAX_PROGS);
}

/* Waits until @pid handles SIGINT itself: it is on its way to load programs. */
static void wait_catches(pid_t pid)
{
	int64_t end = now_ms() + PATIENCE_MS;
	unsigned long long caught = 0;

	while (!(caught & 1ULL << (SIGINT - 1))) {
		char path[64], line[256];
		FILE *f;

		if (now_ms() > end)
			fail("daxtop never catches SIGINT");
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		f = fopen(path, "re");
		must(f);
		while (fgets(line, sizeof(line), f) && sscanf(line, "SigCgt: %llx", &caught) != 1)
			;
		fclose(f);
		poll_pause();
	}
}

/* A signal during the start ends it there: nothing was watched, so nothing is told. */
static void test_start_sigint(struct place *p)
{
	struct daxtop *d = daxtop_spawn(ARGS("trace", "--json"));

	(void)p;
	wait_catches(d->pid);
	kill(d->pid, SIGINT);
	daxtop_end(d, 2);
	if (!strstr(d->err_text, "a signal ended it before everything was"))
		fail("got `%s`, expected that a signal ended it", d->err_text);
	if (d->out_len)
		fail("got `%s`, expected no output", d->out_text);
}

/* A start that takes long says what it is at, and takes that back. */
static void test_start_told(struct place *p)
{
	struct pty t;
	char *told;

	(void)p;
	pty_start(&t, "xterm", 24, 80, ARGS("trace", "--json"));
	wait_catches(t.pid);
	/* longer than half a second, however fast this machine is */
	kill(t.pid, SIGSTOP);
	poll(NULL, 0, 600);
	kill(t.pid, SIGCONT);
	pty_expect(&t, "daxtop: ready");
	told = strstr(t.text, "\rattaching ... ");
	if (!told || !strstr(told, "\r\033[Kdaxtop: ready"))
		fail("got `%s`, expected `attaching ...`, which goes before `ready`", t.text);
	kill(t.pid, SIGINT);
	pty_wait(&t);
}

static void test_sigkill(struct place *p)
{
	size_t before = programs();
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = daxtop_start(ARGS("trace", "--json"));
	expect_attached(before);
	area_map_shared(&a);
	touch_write(a.p);
	kill(d->pid, SIGKILL);
	area_unmap(&a);
	daxtop_wait(d);
	if (!WIFSIGNALED(d->status) || WTERMSIG(d->status) != SIGKILL)
		fail("daxtop: got wait status %#x, expected SIGKILL", d->status);
}

static void fault(struct area *a)
{
	area_map_shared(a);
	touch_write(a->p);
	area_unmap(a);
}

/* A trace into a pipe, in which there is something already. Returns the end to read from. */
static int trace_piped(struct daxtop *d, struct area *a, struct place *p)
{
	struct pollfd line = { .events = POLLIN };
	int fds[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	area_open(a, p, 0, AREA_WRITTEN);
	must(!pipe2(fds, O_CLOEXEC));
	must(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 0);
	note_start();
	d->pid = fork();
	must(d->pid >= 0);
	if (!d->pid) {
		dup2(fds[1], 1);
		dup2(null, 2);
		execlp(daxtop_program(), "daxtop", "trace", "--json", NULL);
		_exit(127);
	}
	close(fds[1]);
	d->out = d->err = null;
	/* Faults until one was seen. */
	line.fd = fds[0];
	do {
		fault(a);
		poll_pause();
	} while (!poll(&line, 1, 0));
	return fds[0];
}

/* daxtop trace | head -1 */
static void test_reader_gone(struct place *p)
{
	struct daxtop d = {};
	struct area a;

	close(trace_piped(&d, &a, p));
	/* It has nothing more to write, and ends. */
	daxtop_wait(&d);
	if (d.status && !(WIFSIGNALED(d.status) && WTERMSIG(d.status) == SIGPIPE))
		fail("daxtop: got wait status %#x, expected exit 0 or SIGPIPE", d.status);
}

/* Its reader does not read, so it waits in a write; one signal ends it all the same. */
static void test_reader_stuck(struct place *p)
{
	struct daxtop d = {};
	struct area a;
	int fd = trace_piped(&d, &a, p);

	/* some hundred bytes a line */
	for (int i = 0; i < 100; i++)
		fault(&a);
	wait_blocked(d.pid, "pipe_write|anon_pipe_write");
	kill(d.pid, SIGTERM);
	daxtop_wait(&d);
	if (!WIFEXITED(d.status) || WEXITSTATUS(d.status) != 2)
		fail("daxtop: got wait status %#x, expected exit 2: not all was written", d.status);
	must(!close(fd));
}

/* ---- on a terminal ---- */

#define LEAVE_SCREEN "\033[?1049l" /* xterm's rmcup */

static void top_start(struct pty *t)
{
	size_t before = programs();

	pty_start(t, "xterm", 24, 120, ARGS("top"));
	pty_expect(t, "\033[?1049h");
	pty_expect(t, "PFN");
	expect_attached(before);
}

static void expect_restored(struct pty *t)
{
	struct termios now;
	char *left = strstr(t->text, LEAVE_SCREEN);

	if (!left)
		fail("daxtop ended without leaving the full screen");
	must(!tcgetattr(t->master, &now));
	if (now.c_lflag != t->before.c_lflag || now.c_iflag != t->before.c_iflag ||
	    now.c_oflag != t->before.c_oflag)
		fail("terminal modes: got lflag %#x iflag %#x oflag %#x, expected %#x %#x %#x",
		     now.c_lflag, now.c_iflag, now.c_oflag, t->before.c_lflag, t->before.c_iflag,
		     t->before.c_oflag);
}

static void top_signal(int sig)
{
	struct pty t;

	top_start(&t);
	kill(t.pid, sig);
	pty_wait(&t);
	if (t.status)
		fail("daxtop top: got wait status %#x, expected exit 0", t.status);
	expect_restored(&t);
}

static void test_top_sigint(struct place *p)
{
	(void)p;
	top_signal(SIGINT);
}

static void test_top_sigterm(struct place *p)
{
	(void)p;
	top_signal(SIGTERM);
}

static void test_top_hangup(struct place *p)
{
	struct pty t;

	(void)p;
	top_start(&t);
	pty_hangup(&t);
	pty_wait(&t);
}

static void test_top_sigkill(struct place *p)
{
	struct pty t;

	(void)p;
	top_start(&t);
	kill(t.pid, SIGKILL);
	pty_wait(&t);
}

/* The screen shows a page that is mapped while it runs, until one types q. */
static void test_top_shows(struct place *p)
{
	struct area a;
	struct pty t;

	top_start(&t);
	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	pty_expect(&t, strrchr(a.path, '/') + 1);
	pty_type(&t, "q");
	pty_wait(&t);
	if (t.status)
		fail("daxtop top: got wait status %#x, expected exit 0", t.status);
	expect_restored(&t);
}

const struct test life_tests[] = {
	TEST("life/start-sigint", ON_NONE, test_start_sigint),
	TEST("life/start-told", ON_NONE, test_start_told),
	TEST("life/sigkill", ON_EXT4, test_sigkill),
	TEST("life/reader-gone", ON_EXT4, test_reader_gone),
	TEST("life/reader-stuck", ON_EXT4, test_reader_stuck),
	TEST("life/top-sigint", ON_NONE, test_top_sigint),
	TEST("life/top-sigterm", ON_NONE, test_top_sigterm),
	TEST("life/top-hangup", ON_NONE, test_top_hangup),
	TEST("life/top-sigkill", ON_NONE, test_top_sigkill),
	TEST("life/top-shows", ON_XFS, test_top_shows), /* on ext4: names/top */
	TESTS_END,
};

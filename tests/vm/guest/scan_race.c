// SPDX-License-Identifier: GPL-2.0-only
/* scan_race.c - what is looked at changes meanwhile, and daxtop is ended meanwhile: no nonsense. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scan.h"

#define ROUNDS 3 /* of what changes all the time: it is not the same twice */

/* ---- things that go ---- */

/* Runs until it is told to end. */
static bool told(struct child *c)
{
	char byte;

	must(!fcntl(c->from, F_SETFL, O_NONBLOCK));
	return read(c->from, &byte, 1) == 1;
}

static void child_unbinds(struct child *c, void *arg)
{
	const char *name = arg;

	while (!told(c)) {
		run("ndctl disable-namespace %s", name);
		run("ndctl enable-namespace %s", name);
	}
}

static void test_pgmap(struct place *p)
{
	char name[64], dev[64];
	struct child c;

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	child_start(&c, child_unbinds, name);
	for (int i = 0; i < ROUNDS; i++)
		SCAN();
	child_go(&c);
	child_end(&c);
	wait_for_path(dev);
	pgmap_of(SCAN(), p->device);
}

/* A short life: a file that is mapped, in a pipe, renamed, unlinked, and exits so. */
static void one_life(struct place *p, int nr)
{
	char path[300];
	struct area a;
	int fds[2];

	area_touched(&a, p, place_order(p));
	pipe_fill(fds, &a);
	if (p->fs) {
		snprintf(path, sizeof(path), "%s-%d", a.path, nr);
		must(!rename(a.path, path));
		must(!unlink(path));
	}
	if (nr & 1)
		area_unmap(&a);
	_exit(0);
}

static void child_lives(struct child *c, void *arg)
{
	struct place *p = arg;
	int status, nr;

	for (nr = 0; !told(c); nr++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (!pid)
			one_life(p, nr);
		must(waitpid(pid, &status, 0) == pid && !status);
	}
	note("%d processes lived", nr);
}

static void test_churn(struct place *p)
{
	struct child c;

	child_start(&c, child_lives, p);
	for (int i = 0; i < ROUNDS; i++)
		SCAN();
	child_go(&c);
	child_end(&c);
}

/* ---- between two steps of a look ---- */

static void child_lets_go(struct child *c, void *arg)
{
	int *fds = arg;

	child_await(c);
	must(!close(fds[0]) && !close(fds[1]));
	child_go(c);
	child_await(c);
}

/*
 * Of three processes that had a pipe when the files were listed, one has closed it, and one is gone
 * when its pages are read: one is left.
 */
static void test_process_goes(struct place *p)
{
	struct child closes, exits;
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fds[2];
	uint64_t pfn = area_touched(&a, p, place_order(p));

	pipe_fill(fds, &a);
	area_unmap(&a);
	child_start(&closes, child_lets_go, fds);
	child_start(&exits, child_lets_go, fds);
	d = scan_pause("dx_hold_pipe");
	child_go(&closes);
	child_await(&closes);
	child_go(&exits);
	child_await(&exits);
	child_go(&exits);
	child_end(&exits);
	scan_resume(d);
	f = expect_folio(d, &a, pfn, USES(.gets = 1));
	expect_holder(f, "pipe", getpid(), true);
	if (holder_of(f, "pipe", closes.pid) || holder_of(f, "pipe", exits.pid))
		fail("%d has closed the pipe and %d has exited: %s", closes.pid, exits.pid,
		     json_text(f));
	child_go(&closes);
	child_end(&closes);
	pipe_drain(fds);
}

#define PIPES 200

static ino_t inode_of(int fd)
{
	struct stat st;

	must(!fstat(fd, &st));
	return st.st_ino;
}

/* A holder that is a pipe is one of these. */
static void expect_pipes(struct json_object *folio, int fds[][2])
{
	struct json_object *holders, *h;

	must(json_object_object_get_ex(folio, "holders", &holders));
	for (size_t k = 0; k < json_object_array_length(holders); k++) {
		bool known = false;

		h = json_object_array_get_idx(holders, k);
		if (strcmp(field_str(h, "kind"), "pipe"))
			continue;
		for (int i = 0; i <= PIPES; i++)
			known |= inode_of(fds[i][0]) == (ino_t)field_int(h, "object_id");
		if (!known)
			fail("that pipe is closed: %s", json_text(h));
	}
}

/* The memory of closed pipes and files is handed out again, newest first, for others: those are not them. */
static void test_pipe_again(struct place *p)
{
	int before[PIPES][2], after[PIPES + 1][2], i;
	struct daxtop *d;
	struct area a, b;
	uint64_t pfn;

	area_touched(&a, p, place_order(p));
	pfn = area_touched(&b, p, place_order(p));
	pipe_fill(after[PIPES], &b);
	for (i = 0; i < PIPES; i++)
		pipe_fill(before[i], &a);
	d = scan_pause("dx_hold_pipe");
	for (i = 0; i < PIPES; i++)
		must(!close(before[i][0]) && !close(before[i][1]));
	for (i = 0; i < PIPES; i++)
		pipe_fill(after[i], &b);
	scan_resume(d);
	expect_pipes(folio_of(d, pfn), after);
	for (i = 0; i <= PIPES; i++)
		pipe_drain(after[i]);
	area_unmap(&a);
	area_unmap(&b);
}

/* ---- its own end ---- */

/* It has been waited for. */
static void expect_ended(struct daxtop *d, int sig)
{
	if (WIFSIGNALED(d->status) && WTERMSIG(d->status) == sig)
		return; /* before it could look after signals */
	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status))
		fail("signal %d: got wait status %#x, expected exit 0: %s", sig, d->status,
		     d->err_text);
	look_check(d);
}

/* While it loads its programs, if it is not faster or slower than that: no look, and nothing is shown for one. */
static void end_at_start(int sig)
{
	struct daxtop *d = daxtop_spawn(ARGS("scan", "--json"));

	usleep(100000);
	kill(d->pid, sig);
	daxtop_wait(d);
	if (WIFEXITED(d->status) && WEXITSTATUS(d->status) == 2 && !d->out_len &&
	    strstr(d->err_text, "a signal ended it before everything was loaded"))
		return;
	expect_ended(d, sig);
}

/* In the middle of a look. */
static void end_by(int sig)
{
	struct daxtop *d = scan_pause("dx_hold_pipe");

	kill(d->pid, sig);
	if (sig != SIGKILL)
		daxtop_resume(d);
	daxtop_wait(d);
	expect_ended(d, sig);
	if (WIFSIGNALED(d->status) && sig != SIGKILL)
		fail("signal %d ended a look that had begun", sig);
}

static void test_signals(struct place *p)
{
	struct area a;
	int fds[2];

	area_touched(&a, p, place_order(p));
	pipe_fill(fds, &a);
	end_at_start(SIGINT);
	end_by(SIGTERM);
	end_by(SIGKILL);
	pipe_drain(fds);
}

/* Its stdout is @fd; @reader, if there is one, goes when something came. It exits so, or by SIGPIPE. */
static void end_with_output(int fd, int reader, int exit_status, const char *more)
{
	struct daxtop d = {};
	char byte;

	note_start();
	d.pid = fork();
	must(d.pid >= 0);
	if (!d.pid) {
		dup2(fd, 1);
		execlp(daxtop_program(), "daxtop", "scan", "--json", more, NULL);
		_exit(127);
	}
	must(!close(fd));
	if (reader >= 0) {
		must(read(reader, &byte, 1) == 1);
		must(!close(reader));
	}
	d.out = d.err = open("/dev/null", O_RDONLY | O_CLOEXEC);
	daxtop_wait(&d);
	if (!(WIFSIGNALED(d.status) && WTERMSIG(d.status) == SIGPIPE) &&
	    !(WIFEXITED(d.status) && WEXITSTATUS(d.status) == exit_status))
		fail("daxtop: got wait status %#x, expected exit %d or SIGPIPE", d.status,
		     exit_status);
}

static void test_output(struct place *p)
{
	int fds[2];

	(void)p;
	must(!pipe2(fds, O_CLOEXEC));
	must(!close(fds[0]));
	end_with_output(fds[1], -1, 0, NULL);
	end_with_output(open("/dev/full", O_WRONLY | O_CLOEXEC), -1, 2, NULL);
	/* Nothing changes any more, so nothing would be written. */
	must(!pipe2(fds, O_CLOEXEC));
	end_with_output(fds[1], fds[0], 0, "--delay=1");
}

const struct test scan_race_tests[] = {
	TEST("scan/pgmap-goes", ON_DAX4K | ON_BOTH, test_pgmap, .share = LOOKS_MEANWHILE,
	     .starts = ROUNDS + 1),
	TEST("scan/churn", (ON_XFS | ON_DAX2M) | ON_BOTH, test_churn, .share = LOOKS_MEANWHILE,
	     .starts = ROUNDS),
	TEST("scan/process-goes", (ON_EXT4 | ON_DAX4K) | ON_BOTH, test_process_goes),
	TEST("scan/pipe-again", ON_EXT4 | ON_BOTH, test_pipe_again),
	TEST("scan/signals", ON_EXT4 | ON_BOTH, test_signals, .starts = 3),
	TEST("scan/no-output", ON_NONE | ON_BOTH, test_output, .starts = 3),
	TESTS_END,
};

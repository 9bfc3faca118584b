// SPDX-License-Identifier: GPL-2.0-only
/* runner.c - runs tests in processes of their own, one by one or around one daxtop. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "place.h"
#include "replay.h"
#include "runner.h"
#include "scan.h"
#include "steps.h"

#define TEST_SECONDS 600
#define MAX_PROGS    1024
#define MAX_SPECS    8192 /* bytes */

/* A test's process, from its start to its verdict. */
struct proc {
	const struct test *test;
	struct place *place;
	char name[128];
	pid_t pid;
	int outcome; /* read end */
	int share; /* our end of the socket, -1: none */
	int status;
	bool ended, hung;
	bool paused; /* its workload is not through */
	char specs[MAX_SPECS]; /* FOLIOs, each with its NUL */
	size_t specs_len;
	char after[2048]; /* what it left behind; "": nothing */
	unsigned int serial;
	int64_t start, ms; /* ms: what it took without waiting for others; 0: until its verdict */
	unsigned int starts; /* of daxtop, by then */
};

static uint32_t progs[MAX_PROGS]; /* loaded before any test */
static size_t nr_progs;

static void broken(const char *what)
{
	perror(what);
	exit(2);
}

void runner_open(void)
{
	/* the children of a test's process become ours */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		broken("guest-test: prctl");
	nr_progs = bpf_programs(progs, MAX_PROGS);
	runner_memory = mmap(NULL, sizeof(*runner_memory), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (runner_memory == MAP_FAILED)
		broken("guest-test: mmap");
}

void test_name(char *out, size_t len, const struct test *t, const struct place *p)
{
	snprintf(out, len, "%s%s%s", p ? p->name : "", p ? "/" : "", t->name);
}

static int64_t limit_ms(const struct test *t)
{
	return (t->seconds ? t->seconds : TEST_SECONDS) * 1000LL;
}

/* In the child. */
static void proc_run(const struct test *t, struct place *p)
{
	setpgid(0, 0);
	actor_set("self", getpid());
	if (p && !p->path[0])
		skip("the guest has no %s", p->name);
	t->run(p);
	if (t->rule && !check_exercised(t->rule))
		fail("it is about %s, and there was no finding of it", t->rule);
	fflush(stdout);
	_exit(0);
}

static void proc_start(struct proc *c, const struct test *t, struct place *p, int out, int err)
{
	int fds[2], socks[2] = { -1, -1 };

	memset(c, 0, sizeof(*c));
	c->test = t;
	c->place = p;
	c->start = now_ms();
	test_name(c->name, sizeof(c->name), t, p);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		broken("guest-test: pipe");
	if (out >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		broken("guest-test: socketpair");
	c->serial = ++test_serial;
	c->starts = runner_memory->starts;
	fflush(stdout);
	c->pid = fork();
	if (c->pid < 0)
		broken("guest-test: fork");
	if (!c->pid) {
		outcome_fd = fds[1];
		share_fd = socks[1];
		share_out = out;
		share_err = err;
		if (out >= 0)
			close(socks[0]);
		proc_run(t, p);
	}
	setpgid(c->pid, c->pid);
	close(fds[1]);
	if (out >= 0)
		close(socks[1]);
	c->outcome = fds[0];
	c->share = socks[0];
}

/* All of its group: a workload's child, a daxtop that did not end. */
static void proc_kill(struct proc *c)
{
	kill(-c->pid, SIGKILL);
}

/*
 * ... and waits until none is left of them: what is undone afterwards must not come before their
 * last act. One in D state outlives even SIGKILL.
 */
static void proc_gone(struct proc *c)
{
	int64_t end = now_ms() + 60000;

	proc_kill(c);
	while (waitpid(-c->pid, NULL, WNOHANG) >= 0) {
		if (now_ms() > end) {
			printf("# a process of %s does not end\n", c->name);
			return;
		}
		poll_pause();
	}
}

/* Waits for its end, at most @ms; then it counts as hung and is killed. */
static void proc_end(struct proc *c, int64_t ms)
{
	int64_t end = now_ms() + ms;

	while (!c->ended) {
		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
			c->ended = true;
		} else if (now_ms() >= end) {
			if (c->hung)
				break; /* in D state: it outlives even SIGKILL; the run goes on */
			c->hung = true;
			proc_kill(c);
			end = now_ms() + 5000;
		}
		poll_pause();
	}
}

/*
 * Waits for a message of the test. Returns its length; 0: the process ended, or
 * it said nothing for @ms and was killed.
 */
static size_t proc_receive(struct proc *c, char *text, size_t len, int64_t ms)
{
	struct pollfd fd = { .fd = c->share, .events = POLLIN };
	ssize_t n = 0;

	if (poll(&fd, 1, ms) > 0)
		n = recv(c->share, text, len, 0);
	else
		ms = 0;
	if (n > 0)
		return n;
	proc_end(c, ms);
	return 0;
}

static void proc_send(struct proc *c, char byte)
{
	/* one that ended meanwhile is seen by the next look at it */
	if (!c->ended && send(c->share, &byte, 1, MSG_NOSIGNAL) < 0 && verbose)
		perror("# send");
}

/*
 * Programs that the kernel was still taking apart when their test ended: for 3 s on 6.12, 8 s on 6.18.
 * Nobody has to wait for that; after the next test they must be gone.
 */
static struct {
	uint32_t ids[MAX_PROGS];
	size_t nr;
	char of[128];
} going;

static bool programs_gone(char *text, size_t len)
{
	char left[512];

	if (bpf_these_gone(going.ids, going.nr, left, sizeof(left)) >= 0)
		return true;
	snprintf(text, len, "BPF programs stayed after the end of %s: %s", going.of, left);
	return false;
}

/* After a test: nobody holds its programs, and those of the test before are gone. */
static void look_at_programs(const char *name, char *text, size_t len)
{
	uint32_t now[MAX_PROGS];
	char holder[128];
	size_t n;

	programs_gone(text, len);
	if (!text[0] && bpf_holder(holder, sizeof(holder)))
		snprintf(text, len, "after the end, %s has a BPF program, map or link open", holder);
	n = bpf_programs(now, MAX_PROGS);
	going.nr = 0;
	for (size_t i = 0; i < n; i++) {
		bool known = false;

		for (size_t k = 0; k < nr_progs && !known; k++)
			known = progs[k] == now[i];
		if (!known)
			going.ids[going.nr++] = now[i];
	}
	snprintf(going.of, sizeof(going.of), "%s", name);
}

void runner_close(struct runner *r)
{
	char text[1024] = "";

	if (programs_gone(text, sizeof(text)))
		return;
	printf("not ok left: %s\n", text);
	r->failed++;
}

void programs_settle(void)
{
	char text[1024] = "";

	if (!programs_gone(text, sizeof(text)))
		fail("%s", text);
}

/* @series: "6.17.|6.18." */
static bool kernel_is_of(const char *series)
{
	struct utsname u;
	size_t len;

	must(!uname(&u));
	for (;; series += len + 1) {
		len = strcspn(series, "|");
		if (!strncmp(u.release, series, len))
			return true;
		if (!series[len])
			return false;
	}
}

/* @t: the test whose work it was, NULL: nobody's. */
static void look_at_log(const struct test *t, char *text, size_t len)
{
	const char *warns = t ? t->warns : NULL, *fault;

	if (warns && t->warns_on && !kernel_is_of(t->warns_on))
		warns = NULL;
	fault = klog_fault(warns);

	if (fault && !text[0])
		snprintf(text, len, "the kernel log says: %s", fault);
}

/* A failure's text may repeat the hostile bytes that a test is about. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\n') || (unsigned char)*text > 0x7e)
			*text = '?';
}

/* Runs a command of afterwards(); its status is of no interest, as it may not have been needed. */
static void command_run(const char *command)
{
	int64_t end = now_ms() + 60000;
	pid_t pid;

	if (verbose)
		printf("# afterwards: %s\n", command);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) != pid) {
		if (now_ms() > end) {
			printf("# `%s` does not end\n", command);
			return;
		}
		poll_pause();
	}
}

/* What a test wants done when its processes are dead, whatever became of it. */
static void proc_afterwards(struct proc *c)
{
	struct runner_memory *m = runner_memory;
	unsigned int i = m->nr_afterwards < MAX_AFTERWARDS ? m->nr_afterwards : MAX_AFTERWARDS;
	unsigned int left = 0;

	while (i--) {
		if (m->afterwards[i].serial == c->serial) {
			m->afterwards[i].serial = 0;
			command_run(m->afterwards[i].command);
		}
		left += !!m->afterwards[i].serial;
	}
	if (!left)
		m->nr_afterwards = 0;
}

static void slow_note(struct runner *r, const char *name, int64_t ms)
{
	size_t n = sizeof(r->slowest) / sizeof(r->slowest[0]), i = n;

	while (i && r->slowest[i - 1].ms < ms)
		i--;
	if (i == n)
		return;
	memmove(r->slowest + i + 1, r->slowest + i, (n - i - 1) * sizeof(r->slowest[0]));
	snprintf(r->slowest[i].name, sizeof(r->slowest[i].name), "%s", name);
	r->slowest[i].ms = ms;
}

static void proc_verdict(struct proc *c, struct runner *r)
{
	char text[OUTCOME_LEN + 1] = "";
	ssize_t n = read(c->outcome, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	close(c->outcome);
	if (c->share >= 0)
		close(c->share);
	if (c->hung && text[0] != OUTCOME_FAIL)
		snprintf(text, sizeof(text), "%cgot no end within %lld s, expected one",
			 OUTCOME_FAIL, (long long)limit_ms(c->test) / 1000);
	else if (c->after[0] && text[0] != OUTCOME_FAIL)
		snprintf(text, sizeof(text), "%c%s", OUTCOME_FAIL, c->after);
	else if (c->status && text[0] != OUTCOME_FAIL)
		snprintf(text, sizeof(text), "%cgot wait status %#x, expected 0", OUTCOME_FAIL,
			 c->status);
	make_printable(text);
	if (text[0] == OUTCOME_FAIL) {
		printf("not ok %s: %s\n", c->name, text + 1);
		r->failed++;
	} else if (text[0] == OUTCOME_SKIP) {
		printf("ok %s # SKIP %s\n", c->name, text + 1);
		r->skipped++;
	} else {
		printf("ok %s\n", c->name);
		r->passed++;
	}
	if (!c->ms)
		c->ms = now_ms() - c->start;
	slow_note(r, c->name, c->ms);
	if (verbose)
		printf("# %lld ms, %u starts\n", (long long)c->ms, runner_memory->starts - c->starts);
	fflush(stdout);
}

void runner_one(struct runner *r, const struct instance *i)
{
	struct proc c;

	proc_start(&c, i->t, i->p, -1, -1);
	proc_end(&c, limit_ms(i->t));
	/* before the kill: a process that daxtop left behind may hold them */
	look_at_programs(c.name, c.after, sizeof(c.after));
	proc_gone(&c);
	proc_afterwards(&c);
	places_clean();
	look_at_log(i->t, c.after, sizeof(c.after));
	proc_verdict(&c, r);
}

/* ---- tests around one daxtop ---- */

#define CHECK_ARGS(stall) \
	"check", "--json", "--verbose", "--leak-time", "1", "--stall-time", stall, "--settle", "0.2"

/* Who shares what; ALONE is no sharing. */
static const struct sharing {
	const char *name;
	bool of_place; /* one a place */
	const char *args[12];
} sharings[NR_SHARES] = {
	[HISTORIES] = { "histories", true, { "history", "--json" } },
	/* a slow machine may take more than a second for what nobody keeps it from */
	[CHECKS] = { "checks", false, { CHECK_ARGS("60") } },
	[CHECKS_STRICT] = { "checks-strict", false, { CHECK_ARGS("60"), "--strict" } },
	[CHECKS_STALL] = { "checks-stall", false, { CHECK_ARGS("1") } },
	[TRACES] = { "traces", false, { "trace", "--json" } },
	[LOOKS] = { "looks", false, { "scan", "--json" } },
	[LOOKS_APART] = { "looks-apart", false, { "scan", "--json" } },
	[LOOKS_MEANWHILE] = { "looks-meanwhile", false, { "scan", "--json" } },
};

bool share_looks(enum share share)
{
	return share == LOOKS || share == LOOKS_APART || share == LOOKS_MEANWHILE;
}

const char *share_name(enum share share)
{
	return sharings[share].name;
}

bool share_of_place(enum share share)
{
	return sharings[share].of_place;
}

static const char **shared_args; /* for shared_daxtop(), set before its fork */

/* A process like a test's, whose workload are all the others'. What it prints comes from its file, too. */
static void shared_daxtop(struct place *p)
{
	const char **argv;
	struct daxtop *d;
	char path[64];
	char byte;

	(void)p;
	daxtop_stdout = share_out;
	daxtop_stderr = share_err;
	argv = replay_args(shared_args, path, sizeof(path), false);
	d = daxtop_start(argv);
	free(argv);
	byte = SHARE_DONE;
	must(send(share_fd, &byte, 1, 0) == 1);
	must(recv(share_fd, &byte, 1, 0) == 1);
	if (strcmp(shared_args[0], "check"))
		daxtop_stop(d);
	else
		check_shared_stop(d);
	replay_same(d, shared_args, path);
}

static const struct test shared_test = TEST("shared", ON_NONE, shared_daxtop);

/* Every word of every test that still runs. */
static const char **shared_argv(const struct sharing *s, struct proc *procs, size_t n)
{
	const char **argv = calloc(16, sizeof(*argv)), *word;
	size_t i, nr = 0;

	for (; argv && s->args[nr]; nr++)
		argv[nr] = s->args[nr];
	for (i = 0; i < n; i++) {
		for (word = procs[i].specs; word < procs[i].specs + procs[i].specs_len;
		     word += strlen(word) + 1) {
			if (!*word)
				continue;
			argv = reallocarray(argv, nr + 2, sizeof(*argv));
			if (!argv)
				broken("guest-test");
			argv[nr++] = word;
		}
	}
	argv[nr] = NULL;
	return argv;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* One test's workload, while the others wait. */
static void shared_workload(struct proc *c, struct turn *turn)
{
	int64_t start = now_ms();
	char byte = SHARE_DONE;

	turn->from = now_ns();
	proc_send(c, SHARE_GO);
	proc_receive(c, &byte, 1, limit_ms(c->test));
	turn->to = now_ns();
	c->ms += now_ms() - start + 1;
	c->paused = byte == SHARE_PAUSE;
	look_at_log(c->test, c->after, sizeof(c->after));
}

/* Starts daxtop, lets each test work, ends daxtop. False: it failed on the way. */
static bool shared_work(struct proc *daxtop, struct proc *procs, size_t n)
{
	char byte;
	size_t i;

	if (!proc_receive(daxtop, &byte, 1, limit_ms(&shared_test)))
		return false;
	for (i = 0; i < n; i++)
		if (!procs[i].ended)
			shared_workload(&procs[i], &runner_memory->turns[i]);
	for (i = 0; i < n; i++)
		if (!procs[i].ended && procs[i].paused)
			shared_workload(&procs[i], &runner_memory->turns[i]);
	proc_send(daxtop, SHARE_GO);
	proc_end(daxtop, limit_ms(&shared_test));
	return !daxtop->status && !daxtop->hung;
}

void runner_shared(struct runner *r, enum share share, const struct instance t[], size_t n,
		   struct place *place)
{
	struct proc *procs = calloc(n, sizeof(*procs)), daxtop;
	int out = output_memfd("stdout"), err = output_memfd("stderr");
	bool ok = false, any = false;
	size_t i;

	if (!procs || out < 0 || err < 0 || n > MAX_TURNS)
		broken("guest-test");
	memset(runner_memory->turns, 0, sizeof(runner_memory->turns));
	runner_memory->nr_turns = n;
	for (i = 0; i < n; i++) {
		turn_nr = i;
		proc_start(&procs[i], t[i].t, t[i].p, out, err);
		procs[i].specs_len = proc_receive(&procs[i], procs[i].specs, sizeof(procs[i].specs),
						  limit_ms(t[i].t));
		any |= procs[i].specs_len;
	}
	if (any) {
		shared_args = shared_argv(&sharings[share], procs, n);
		proc_start(&daxtop, &shared_test, NULL, out, err);
		snprintf(daxtop.name, sizeof(daxtop.name), "%s%sshared/%s",
			 place ? place->name : "", place ? "/" : "", share_name(share));
		ok = shared_work(&daxtop, procs, n);
		look_at_programs(daxtop.name, daxtop.after, sizeof(daxtop.after));
		proc_kill(&daxtop);
		look_at_log(NULL, daxtop.after, sizeof(daxtop.after));
	}
	for (i = 0; i < n; i++) {
		if (ok) {
			proc_send(&procs[i], SHARE_PRINT);
		} else if (!procs[i].ended) {
			proc_kill(&procs[i]);
			if (!procs[i].after[0])
				snprintf(procs[i].after, sizeof(procs[i].after),
					 "no daxtop: see %s", any ? daxtop.name : "the others");
		}
		proc_end(&procs[i], limit_ms(t[i].t));
		proc_gone(&procs[i]);
		proc_afterwards(&procs[i]);
		look_at_log(t[i].t, procs[i].after, sizeof(procs[i].after));
	}
	places_clean();
	if (any) {
		proc_verdict(&daxtop, r);
		free(shared_args);
	}
	for (i = 0; i < n; i++)
		proc_verdict(&procs[i], r);
	free(procs);
	close(out);
	close(err);
}

/* ---- tests that look when all is there ---- */

/* A process like a test's: looks once. */
static void shared_look(struct place *p)
{
	(void)p;
	must(!ftruncate(share_out, 0));
	daxtop_stdout = share_out;
	look_check(daxtop_run(0, sharings[LOOKS].args));
}

static const struct test look_test = TEST("look", ON_NONE, shared_look);

/* Lets it go on to its next look, or to its end; true: it wants a look. */
static bool look_wanted(struct proc *c)
{
	int64_t start = now_ms();
	char byte;
	bool wanted = proc_receive(c, &byte, 1, limit_ms(c->test));

	c->ms += now_ms() - start;
	if (verbose) {
		printf("# %s: %lld ms, %s\n", c->name, (long long)(now_ms() - start),
		       wanted ? "a look" : "its end");
		fflush(stdout);
	}
	look_at_log(c->test, c->after, sizeof(c->after));
	return wanted;
}

void runner_looks(struct runner *r, enum share share, const struct instance t[], size_t n)
{
	struct proc *procs = calloc(n, sizeof(*procs)), look;
	bool *wants = calloc(n, sizeof(*wants)), any = false, ok = true, looked = false;
	int out = output_memfd("stdout"), err = output_memfd("stderr");
	size_t i;

	if (!procs || !wants || out < 0 || err < 0)
		broken("guest-test");
	for (i = 0; i < n; i++) {
		proc_start(&procs[i], t[i].t, t[i].p, out, err);
		procs[i].ms = 1;
		any |= wants[i] = look_wanted(&procs[i]);
	}
	while (any && ok) {
		if (looked) {
			close(look.outcome);
			close(look.share);
		}
		looked = true;
		proc_start(&look, &look_test, NULL, out, err);
		snprintf(look.name, sizeof(look.name), "shared/%s%s%s", share_name(share),
			 share == LOOKS_APART ? "/" : "", share == LOOKS_APART ? t->t->name : "");
		proc_end(&look, limit_ms(&look_test));
		ok = !look.status && !look.hung;
		look_at_programs(look.name, look.after, sizeof(look.after));
		proc_kill(&look);
		look_at_log(NULL, look.after, sizeof(look.after));
		ok = ok && !look.after[0];
		any = false;
		for (i = 0; i < n && ok; i++) {
			if (!wants[i])
				continue;
			proc_send(&procs[i], SHARE_GO);
			any |= wants[i] = look_wanted(&procs[i]);
		}
	}
	for (i = 0; i < n; i++) {
		if (wants[i] && !procs[i].after[0])
			snprintf(procs[i].after, sizeof(procs[i].after), "no look: see %s",
				 look.name);
		proc_kill(&procs[i]);
		proc_end(&procs[i], limit_ms(t[i].t));
		proc_gone(&procs[i]);
		proc_afterwards(&procs[i]);
		look_at_log(t[i].t, procs[i].after, sizeof(procs[i].after));
	}
	places_clean();
	if (looked)
		proc_verdict(&look, r);
	for (i = 0; i < n; i++)
		proc_verdict(&procs[i], r);
	free(procs);
	free(wants);
	close(out);
	close(err);
}

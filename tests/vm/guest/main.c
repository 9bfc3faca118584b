// SPDX-License-Identifier: GPL-2.0-only
/* main.c - guest-test: picks tests, runs each in a process of its own, counts. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "outcome.h"
#include "place.h"
#include "steps.h"

#define TEST_SECONDS 60
#define MAX_PROGS    1024

static const struct test *const tables[] = {
	steps_tests, input_tests, fsdax_fault_tests, fsdax_huge_tests, devdax_tests, gup_tests,
	layout_tests, reflink_tests, trace_tests, names_tests, burst_tests, life_tests, pgmap_tests,
};

static unsigned int passed, failed, skipped;
static uint32_t progs[MAX_PROGS]; /* loaded before any test */
static size_t nr_progs;

/* Waits for @pid until @end (now_ms). Returns 0, or -1 when it still runs. */
static int wait_until(pid_t pid, int64_t end, int *status)
{
	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 0;
		if (now_ms() >= end)
			return -1;
		poll_pause();
	}
}

static void test_process(const struct test *t, struct place *p, int fd)
{
	setpgid(0, 0);
	outcome_fd = fd;
	actor_set("self", getpid());
	if (p && !p->path[0])
		skip("the guest has no %s", p->name);
	t->run(p);
	fflush(stdout);
	_exit(0);
}

/* What the test's process left behind that it must not; "" when all is well. */
static void test_aftermath(char *text, size_t len)
{
	char left[512];
	const char *fault;
	int64_t ms;

	ms = bpf_programs_gone(progs, nr_progs, left, sizeof(left));
	if (ms < 0)
		snprintf(text, len, "BPF programs stayed 2 s after the end: %s", left);
	else if (ms > 100)
		printf("# the BPF programs went %lld ms after the end\n", (long long)ms);
	fault = klog_fault();
	if (fault && !text[0])
		snprintf(text, len, "the kernel log says: %s", fault);
}

static void test_run(const struct test *t, struct place *p, const char *name)
{
	unsigned int seconds = t->seconds ? t->seconds : TEST_SECONDS;
	char text[OUTCOME_LEN + 1] = "", after[2048] = "";
	int64_t start = now_ms();
	int status = 0, fds[2];
	bool hung = false;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK)) {
		perror("guest-test: pipe");
		exit(2);
	}
	fflush(stdout);
	pid = fork();
	if (!pid)
		test_process(t, p, fds[1]);
	setpgid(pid, pid);
	close(fds[1]);
	if (wait_until(pid, start + seconds * 1000LL, &status)) {
		hung = true;
		kill(-pid, SIGKILL);
		/* A process in D state may outlive even this; the run goes on. */
		wait_until(pid, now_ms() + 5000, &status);
	}
	/* What is left of its group: a workload's child, a daxtop. */
	kill(-pid, SIGKILL);
	n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	places_clean();
	test_aftermath(after, sizeof(after));

	if (hung) {
		printf("not ok %s: got no end within %u s, expected one\n", name, seconds);
		failed++;
	} else if (text[0] == OUTCOME_FAIL) {
		printf("not ok %s: %s\n", name, text + 1);
		failed++;
	} else if (status) {
		printf("not ok %s: got wait status %#x, expected 0\n", name, status);
		failed++;
	} else if (after[0]) {
		printf("not ok %s: %s\n", name, after);
		failed++;
	} else if (text[0] == OUTCOME_SKIP) {
		printf("ok %s # SKIP %s\n", name, text + 1);
		skipped++;
	} else {
		printf("ok %s\n", name);
		passed++;
	}
	if (verbose)
		printf("# %lld ms\n", (long long)(now_ms() - start));
	fflush(stdout);
}

static bool picked(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, name, 0))
			return true;
	return false;
}

static void test_each(const struct test *t, struct place *p, char **patterns, bool list)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s%s", p ? p->name : "", p ? "/" : "", t->name);
	if (!picked(name, patterns))
		return;
	if (list)
		puts(name);
	else
		test_run(t, p, name);
}

int main(int argc, char **argv)
{
	const struct test *t;
	bool list = false;
	size_t i, j;
	int opt;

	while ((opt = getopt(argc, argv, "lv")) != -1) {
		if (opt == 'l')
			list = true;
		else if (opt == 'v')
			verbose = true;
		else {
			fputs("usage: guest-test [-l] [-v] [PATTERN...]\n", stderr);
			return 2;
		}
	}
	if (!list) {
		klog_open();
		nr_progs = bpf_programs(progs, MAX_PROGS);
		places_find();
		places_clean();
	}
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (t = tables[i]; t->name; t++) {
			if (t->on == ON_NONE)
				test_each(t, NULL, argv + optind, list);
			for (j = 0; j < NR_PLACES; j++)
				if (t->on & places[j].bit)
					test_each(t, &places[j], argv + optind, list);
		}
	}
	if (list)
		return 0;
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	if (!(passed + failed + skipped)) {
		fputs("guest-test: no test has such a name; `guest-test -l` lists them\n", stderr);
		return 2;
	}
	return failed ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* harness.c - what tests call: outcome, processes, commands. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../wchan.h"
#include "runner.h"

bool verbose;
int outcome_fd = -1, share_fd = -1, share_out = -1, share_err = -1;
unsigned int test_serial, turn_nr;
struct runner_memory *runner_memory;
void (*on_fail)(void);

static void outcome(char kind, const char *fmt, va_list ap)
{
	char text[OUTCOME_LEN];
	int n;

	text[0] = kind;
	n = vsnprintf(text + 1, sizeof(text) - 1, fmt, ap);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	/* One write: atomic up to PIPE_BUF, so a child's and its parent's do not mix. */
	if (write(outcome_fd, text, n + 1) < 0)
		perror("guest-test: outcome");
}

void fail(const char *fmt, ...)
{
	void (*hook)(void);
	va_list ap;

	va_start(ap, fmt);
	outcome(OUTCOME_FAIL, fmt, ap);
	va_end(ap);
	hook = on_fail;
	on_fail = NULL;
	if (hook)
		hook();
	_exit(1);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	outcome(OUTCOME_SKIP, fmt, ap);
	va_end(ap);
	_exit(0);
}

void note(const char *fmt, ...)
{
	va_list ap;

	if (!verbose)
		return;
	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
}

void afterwards(const char *fmt, ...)
{
	struct runner_memory *m = runner_memory;
	unsigned int nr = __atomic_fetch_add(&m->nr_afterwards, 1, __ATOMIC_SEQ_CST);
	va_list ap;
	int n;

	must(nr < MAX_AFTERWARDS);
	va_start(ap, fmt);
	n = vsnprintf(m->afterwards[nr].command, sizeof(m->afterwards[nr].command), fmt, ap);
	va_end(ap);
	must(n < (int)sizeof(m->afterwards[nr].command));
	m->afterwards[nr].serial = test_serial;
}

void note_start(void)
{
	__atomic_fetch_add(&runner_memory->starts, 1, __ATOMIC_SEQ_CST);
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void poll_pause(void)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
}

const char *run(const char *fmt, ...)
{
	static char text[65536];
	char line[1024], cmd[1100];
	size_t n = 0, got;
	va_list ap;
	FILE *f;
	int status;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	snprintf(cmd, sizeof(cmd), "{ %s ; } 2>&1", line);
	f = popen(cmd, "re");
	must(f);
	while ((got = fread(text + n, 1, sizeof(text) - 1 - n, f)) > 0)
		n += got;
	text[n] = '\0';
	status = pclose(f);
	if (status)
		fail("command `%s` ended with status %d: %s", line, status, text);
	return text;
}

void child_start(struct child *c, void (*fn)(struct child *c, void *arg), void *arg)
{
	int down[2], up[2];

	must(!pipe2(down, O_CLOEXEC));
	must(!pipe2(up, O_CLOEXEC));
	fflush(stdout);
	c->pid = fork();
	must(c->pid >= 0);
	if (!c->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(down[1]);
		close(up[0]);
		c->to = up[1];
		c->from = down[0];
		fn(c, arg);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	c->to = down[1];
	c->from = up[0];
}

void child_go(struct child *c)
{
	must(write(c->to, "", 1) == 1);
}

void child_await(struct child *c)
{
	char byte;
	ssize_t n;

	do {
		n = read(c->from, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		fail("the workload's other process ended early");
}

void child_end(struct child *c)
{
	int status;

	close(c->to);
	close(c->from);
	must(waitpid(c->pid, &status, 0) == c->pid);
	if (status)
		fail("the workload's child ended with status %#x", status);
}

void wait_blocked(pid_t pid, const char *wchan)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char text[128] = "";

	while (now_ms() < end) {
		if (wchan_is(pid, wchan, text, sizeof(text)))
			return;
		if (!text[0])
			break;
		poll_pause();
	}
	fail("process %d waits in `%s`, expected `%s`", pid, text, wchan);
}

long pins_released(void)
{
	long n = -1;
	char line[128];
	FILE *f;

	run("echo 1 >/proc/sys/vm/stat_refresh"); /* folds what the CPUs still have */
	f = fopen("/proc/vmstat", "re");
	must(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "nr_foll_pin_released %ld", &n) == 1)
			break;
	fclose(f);
	must(n >= 0);
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
/* pty.c - daxtop on a terminal of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daxtop.h"
#include "pty.h"

static void exec_on(int slave, const char *term, const char *const argv[])
{
	const char *args[32] = { daxtop_program() };
	size_t n;

	for (n = 0; argv[n]; n++)
		args[n + 1] = argv[n];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	must(!ioctl(slave, TIOCSCTTY, 0));
	dup2(slave, 0);
	dup2(slave, 1);
	dup2(slave, 2);
	setenv("TERM", term, 1);
	execvp(args[0], (char *const *)args);
	fail("cannot run %s: %m", args[0]);
}

void pty_start(struct pty *t, const char *term, int rows, int columns, const char *const argv[])
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };
	int slave;

	memset(t, 0, sizeof(*t));
	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	must(t->master >= 0);
	must(!grantpt(t->master) && !unlockpt(t->master));
	slave = open(ptsname(t->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(slave >= 0);
	must(!ioctl(slave, TIOCSWINSZ, &size));
	must(!tcgetattr(slave, &t->before));
	note_start();
	t->pid = fork();
	must(t->pid >= 0);
	if (!t->pid)
		exec_on(slave, term, argv);
	close(slave);
	t->text = calloc(1, 1);
}

/* Takes what is there. */
static void pty_read(struct pty *t)
{
	char buf[4096];
	ssize_t n, i;

	if (t->master < 0)
		return;
	while ((n = read(t->master, buf, sizeof(buf))) > 0) {
		t->text = realloc(t->text, t->len + n + 1);
		must(t->text);
		for (i = 0; i < n; i++)
			if (buf[i])
				t->text[t->len++] = buf[i];
		t->text[t->len] = '\0';
	}
}

static bool pty_ended(struct pty *t)
{
	siginfo_t info = {};

	return !waitid(P_PID, t->pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

void pty_expect(struct pty *t, const char *text)
{
	int64_t end = now_ms() + PATIENCE_MS;
	bool ended;

	for (;;) {
		ended = pty_ended(t);
		pty_read(t);
		if (strstr(t->text, text))
			return;
		if (ended)
			fail("daxtop ended before it printed `%s`; it printed: %.2000s", text,
			     t->text);
		if (now_ms() > end)
			fail("daxtop did not print `%s` within %d s; it printed: %.2000s", text,
			     PATIENCE_MS / 1000, t->text);
		poll_pause();
	}
}

void pty_type(struct pty *t, const char *keys)
{
	must(write(t->master, keys, strlen(keys)) == (ssize_t)strlen(keys));
}

void pty_hangup(struct pty *t)
{
	close(t->master);
	t->master = -1;
}

void pty_wait(struct pty *t)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (waitpid(t->pid, &t->status, WNOHANG) != t->pid) {
		pty_read(t);
		if (now_ms() > end) {
			kill(t->pid, SIGKILL);
			fail("daxtop did not end within %d s", PATIENCE_MS / 1000);
		}
		poll_pause();
	}
	pty_read(t);
}

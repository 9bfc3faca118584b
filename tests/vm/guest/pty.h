/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_PTY_H
#define GUEST_PTY_H
/* pty.h - daxtop on a terminal of its own. */
#include <termios.h>
#include "harness.h"

struct pty {
	pid_t pid;
	int master; /* non-blocking; -1 after pty_hangup() */
	int status; /* after pty_wait() */
	struct termios before; /* the terminal's modes before daxtop ran */
	char *text; /* all that was printed so far, NUL-terminated (NULs left out) */
	size_t len;
};

/* Starts daxtop with stdin, stdout and stderr on a new terminal, its controlling one. */
void pty_start(struct pty *t, const char *term, int rows, int columns, const char *const argv[]);
/* Reads until @text was printed; fails after 30 s or when daxtop ends. */
void pty_expect(struct pty *t, const char *text);
void pty_type(struct pty *t, const char *keys);
/* The terminal goes away. */
void pty_hangup(struct pty *t);
/* Waits for the end (20 s), reading on. */
void pty_wait(struct pty *t);

#endif

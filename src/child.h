/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CHILD_H
#define DAXTOP_CHILD_H
/*
 * child.h - runs another program, as the user who called, and waits for it and for
 * the processes it leaves behind.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "child_user.h"

struct child {
	pid_t pid; /* 0: none was started */
	bool ended;
	int status; /* as waitpid() gives it, when ended */
	unsigned int others; /* processes that it left behind and that have ended since */
	bool alone; /* no process of it is left, as of the last child_reap() */
};

/* A process that CMD has left. */
struct child_process {
	pid_t pid;
	char comm[16]; /* hostile bytes; NUL-terminated */
	char state; /* proc_pid_stat(5): R, S, D, T, ... */
};

/*
 * Before anything changes them: what signals do and which are blocked is kept, for
 * child_start() to give to the program.
 */
void child_signals_save(void);

/*
 * Is there what child_start() would run by the name @name, and may @u run it? Asked by a process
 * that is @u's. Returns as child_start() does. It says what is so now: the start can still fail, for this
 * reason or for others (an interpreter that is not there).
 */
int child_find(const char *name, const struct child_user *u, char *err, size_t errlen);

/*
 * Starts @argv (found in PATH) with our environment and descriptors; orphans of it
 * become our children. Takes over INT, TERM, HUP and QUIT, but for a HUP that is ignored: the first
 * is for the program, so one that another process sent is handed on to it (one of the terminal has
 * reached it already). Any further one, and any when the program has ended, sets stop_wanted.
 * Returns 0, or the exit status for it (enum check_status) with a sentence in @err; then nothing
 * runs. That stop_wanted is set by then is such a reason.
 */
int child_start(struct child *c, char *const *argv, const struct child_user *u, char *err,
		size_t errlen);
/* Takes note of who has ended; never waits. */
void child_reap(struct child *c);
/*
 * @pid is a child process of daxtop's own, and none that the program left: child_reap() and
 * child_left() leave it alone. Who started it waits for it, by its number, and says so then.
 */
void child_own(pid_t pid);
void child_disown(pid_t pid);
/* The signals do what they did before child_start(). */
void child_signals_give_back(void);

/*
 * The program and its descendants, those that still run: up to @max of them. Returns how many were
 * found, which may be more. Reads nothing that waits for one of them.
 */
size_t child_left(struct child_process *list, size_t max);

/* "exited with 3", "ended by SIGSEGV (core dumped)". Returns @out. */
char *child_status_format(char *out, size_t outlen, int status);
/* What a shell makes of it: the exit status, or 128 + signal. */
int child_exit_status(int status);

#endif

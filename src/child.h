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

struct child {
	pid_t pid; /* 0: none was started */
	bool ended;
	int status; /* as waitpid() gives it, when ended */
	unsigned int others; /* processes that it left behind and that have ended since */
	bool alone; /* no process of it is left, as of the last child_reap() */
};

/* Who runs it. */
struct child_user {
	bool change; /* else everything below is left as it is */
	uid_t uid;
	gid_t gid;
	char name[256]; /* "": the uid has none */
	char home[4096];
};

/*
 * @name: as that user; NULL: as who called sudo, when that is how we became root, else
 * no change. Returns 0, or a negative errno with a sentence in @err.
 */
int child_user_find(struct child_user *u, const char *name, char *err, size_t errlen);

/*
 * Before anything changes them: what signals do and which are blocked is kept, for
 * child_start() to give to the program.
 */
void child_signals_save(void);

/*
 * Is there what child_start() would run by the name @name, and may @u run it? Asked by a process
 * that is @u's. Returns 0, or a negative errno with a sentence in @err. It says what is so now: the
 * start can still fail, for this reason or for others (an interpreter that is not there).
 */
int child_find(const char *name, const struct child_user *u, char *err, size_t errlen);

/*
 * Starts @argv (found in PATH) with our environment and descriptors; orphans of it
 * become our children. Takes over INT, TERM, HUP and QUIT: a signal that another
 * process sent is handed on to it, one of the terminal has reached it already. Returns
 * 0, or a negative errno with a sentence in @err; then nothing runs.
 */
int child_start(struct child *c, char *const *argv, const struct child_user *u, char *err,
		size_t errlen);
/* Takes note of who has ended; never waits. */
void child_reap(struct child *c);
/* The signals do what they did before child_start(). */
void child_signals_give_back(void);

/* Pids of our children, up to @max: what the program left behind. Returns how many. */
size_t child_left(pid_t *pids, size_t max);

/* "exited with 3", "ended by SIGSEGV (core dumped)". Returns @out. */
char *child_status_format(char *out, size_t outlen, int status);
/* What a shell makes of it: the exit status, or 128 + signal. */
int child_exit_status(int status);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CHILD_USER_H
#define DAXTOP_CHILD_USER_H
/* child_user.h - the user that another program is run as */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child_user {
	bool change; /* else the process stays what it is: that is what is below */
	uid_t uid;
	gid_t gid;
	char name[256]; /* "": the uid has no entry in passwd(5), and so no groups but @gid */
	char home[4096];
};

/*
 * @name: as that user. NULL: as the user who called the program that made us root (sudo, run0,
 * pkexec, doas), as its variables say; without any of them, or when we are not root, no change.
 * Variables that do not say it exactly are an error: nobody is guessed. Returns 0, or a negative
 * errno with a sentence in @err.
 */
int child_user_find(struct child_user *u, const char *name, char *err, size_t errlen);

/*
 * In a child process: becomes @u, with all groups and without any capability. Returns 0 or a
 * negative errno.
 */
int child_user_become(const struct child_user *u);

/* "joe", or "uid 1000" and why no more; safe to print. Returns @out. */
char *child_user_format(char *out, size_t outlen, const struct child_user *u);

#endif

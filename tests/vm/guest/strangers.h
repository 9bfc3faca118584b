/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_STRANGERS_H
#define GUEST_STRANGERS_H
/* strangers.h - users without privileges. */

#define STRANGER 1000 /* uid and gid */

/* For a child: it is the user STRANGER from now on, and still ends with its parent. */
void become_stranger(void);
/* guest-test run anew, as one of two programs that a process runs one after the other. */

/* "guest-test exec-names ..."; returns the exit status. */
int strangers_main(char **argv);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_STRANGERS_H
#define GUEST_STRANGERS_H
/* strangers.h - guest-test run anew, as one of two programs that a process runs one after the other. */

/* "guest-test exec-names ..."; returns the exit status. */
int strangers_main(char **argv);

#endif

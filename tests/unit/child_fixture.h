/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_CHILD_FIXTURE_H
#define DAXTOP_TEST_CHILD_FIXTURE_H
/* child_fixture.h - starts programs, reads from them, waits for them: for the tests of child.h */
#include "child.h"

#define SEC 1000000000ull

extern const struct child_user nobody_else; /* no change */

/*
 * For main(): no descriptor is open but the three, and no signal is ignored. A shell's background
 * job has some ignored, and so would the programs.
 */
void child_tests_begin(void);

void start(struct child *c, char *const *argv);
void start_sh(struct child *c, const char *script);
/* Starts "sh -c script"; its standard output comes to *@fd, which is the caller's to close. */
void start_reading(struct child *c, const char *script, const struct child_user *u, int *fd);
/* Waits up to 20 s for the program itself. */
void wait_end(struct child *c);
/* All that is written to @fd as a string of @len bytes at most, its NUL included; closes it. */
void read_all(int fd, char *out, size_t len);
/* One line of it, which must be written as a whole. */
void read_line(int fd, char *out, size_t len);
/* Runs "sh -c script" as @u to its end; @want is all that it writes. */
void expect_output(const char *script, const struct child_user *u, const char *want);

#endif

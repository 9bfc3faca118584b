/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_RUNNER_H
#define GUEST_RUNNER_H
/* runner.h - between main() and the processes of the tests; not for tests. */
#include "harness.h"

#define OUTCOME_LEN  4096 /* PIPE_BUF: written at once */
#define OUTCOME_FAIL 'F'
#define OUTCOME_SKIP 'S'

/* In the test's process. */
extern int outcome_fd; /* what fail() and skip() write to */
extern int share_fd; /* a socket to the parent, which runs daxtop for us; -1: we do */
extern int share_out; /* a memfd, where the shared daxtop's stdout is */
extern unsigned int test_serial; /* of this run; no two tests use the same device pages */

/* Messages of one byte on share_fd. The test's first message is its list of FOLIOs. */
#define SHARE_GO    'G' /* to the test: daxtop is ready */
#define SHARE_DONE  'D' /* to the parent: the workload is through */
#define SHARE_PRINT 'P' /* to the test: the histories are in share_out */

struct runner {
	unsigned int passed, failed, skipped;
};

/* Remembers the BPF programs that are there before any test. */
void runner_open(void);
/* Runs one test and prints its result. */
void runner_one(struct runner *r, const struct test *t, struct place *p);
/* Runs @n tests of a place (or of none) with one daxtop and prints their results. */
void runner_shared(struct runner *r, const struct test *const t[], size_t n, struct place *p);
/* "PLACE/NAME" */
void test_name(char *out, size_t len, const struct test *t, const struct place *p);

/* ---- kernel log (klog.c) ---- */

/* Opens /dev/kmsg behind its last line. */
void klog_open(void);
/*
 * Reads what came since the last call. Returns the first line that tells of a
 * kernel fault, NULL when there is none; valid until the next call. A WARNING in a source
 * file whose name holds @warns (NULL: none) is none.
 */
const char *klog_fault(const char *warns);

#endif

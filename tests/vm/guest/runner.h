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

/*
 * Messages of one byte on share_fd. The test's first message is what it wants daxtop to be told:
 * a list of FOLIOs, or one empty word.
 */
#define SHARE_GO    'G' /* to the test: daxtop is ready, it is your turn */
#define SHARE_DONE  'D' /* to the parent: the workload is through */
#define SHARE_PAUSE 'W' /* to the parent: what is left frees blocks; let the others work before */
#define SHARE_PRINT 'P' /* to the test: what daxtop printed is in share_out */

#define MAX_TURNS      256
#define MAX_AFTERWARDS 256

/* When a test had its turn, in ns of CLOCK_MONOTONIC, as daxtop's times are. */
struct turn {
	int64_t from, to;
};

/* What the processes of tests and the parent both write. */
struct runner_memory {
	unsigned int starts; /* of daxtop */
	struct turn turns[MAX_TURNS]; /* of a shared daxtop */
	unsigned int nr_turns;
	struct {
		unsigned int serial; /* test_serial of whose it is */
		char command[512];
	} afterwards[MAX_AFTERWARDS];
	unsigned int nr_afterwards;
};
extern struct runner_memory *runner_memory;
extern unsigned int turn_nr; /* in a test's process: which is its own */
extern int share_err; /* in a test's process: the shared daxtop's stderr */

/* A test of a place, or of none. */
struct instance {
	const struct test *t;
	struct place *p;
};

struct runner {
	unsigned int passed, failed, skipped;
	struct slow {
		char name[128];
		int64_t ms;
	} slowest[10]; /* the slowest first */
};

/* Remembers the BPF programs that are there before any test. */
void runner_open(void);
/* After all tests: the last one's programs are gone, too, or that is one failure more. */
void runner_close(struct runner *r);
/* Runs one test and prints its result. */
void runner_one(struct runner *r, const struct instance *i);
/* Runs @n tests with one daxtop (of @place, NULL: of all) and prints their results. */
void runner_shared(struct runner *r, enum share share, const struct instance i[], size_t n,
		   struct place *place);
/* The same with one look for all of them, and another one for all who want another, and so on. */
void runner_looks(struct runner *r, enum share share, const struct instance i[], size_t n);
/* By looks? */
bool share_looks(enum share share);
/* "CHECKS" in lower case, as in the name of its own result. */
const char *share_name(enum share share);
/* One daxtop serves the tests of a place only? */
bool share_of_place(enum share share);
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

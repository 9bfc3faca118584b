/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_OUTCOME_H
#define GUEST_OUTCOME_H
/* outcome.h - how a test's process tells main() how it ended; not for tests. */
#include "harness.h"

#define OUTCOME_LEN  4096 /* PIPE_BUF: written at once */
#define OUTCOME_FAIL 'F'
#define OUTCOME_SKIP 'S'

extern int outcome_fd; /* write end, in the test's process */

/* ---- kernel log (klog.c) ---- */

/* Opens /dev/kmsg behind its last line. */
void klog_open(void);
/*
 * Reads what came since the last call. Returns the first line that tells of a
 * kernel fault, NULL when there is none; valid until the next call.
 */
const char *klog_fault(void);

#endif

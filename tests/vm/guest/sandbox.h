/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_SANDBOX_H
#define GUEST_SANDBOX_H
/* sandbox.h - the processes of daxtop that look up names: what they are, and what they may. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Comm (16 bytes) and parent of a process; false: it is none, or a zombie. */
bool stat_of(pid_t pid, char *comm, pid_t *parent);
/* The process @comm that is not one of @not; 0: there is none. */
pid_t find_comm(const char *comm, const pid_t not [], size_t nr);
/* Number of entries of a folder of /proc/PID. */
size_t entries(pid_t pid, const char *folder);
/* Fails unless the process has the namer's rights only. */
void expect_namer(pid_t pid);
/* Fails if the process ever used more than @max kB of memory. */
void expect_memory(pid_t pid, unsigned long max);
/* Waits for the end of a process that need not be ours; @what names it in the failure. */
void await_end(pid_t pid, const char *what);

#endif

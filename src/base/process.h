/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROCESS_H
#define DAXTOP_PROCESS_H
/* process.h - what /proc tells of a process. It may have ended: then nothing is known. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is this the initial pid namespace, whose numbers the kernel tells? */
bool process_all_seen(void);
/*
 * Are the numbers below /proc those of this process's own pid namespace? After unshare(CLONE_NEWPID) they are its
 * parent's until /proc is mounted anew (pid_namespaces(7)): what has our number there is another process.
 */
bool process_proc_ours(void);
/* A process or a thread of this number. */
bool process_is_there(uint32_t pid);
/* Path in the unified hierarchy, hostile bytes; the caller frees it. NULL: not known. */
char *process_cgroup(uint32_t tgid);
/* Returns 0, or -1 and "". */
int process_comm(uint32_t tgid, char *comm, size_t len);
/* Of a thread; @pid itself when it is not known any more. */
uint32_t process_tgid(uint32_t pid);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OWN_PID_H
#define DAXTOP_OWN_PID_H
/* own_pid.h - process numbers that users give in another pid namespace than the initial one (pid_namespaces(7)) */
#include <stdint.h>

struct look;

/*
 * *@pid is a number of this process's own pid namespace; it becomes the one that is shown, in the initial namespace, of
 * the same process, which is said on stderr. Returns 0, also in the initial namespace, where both are the same; or 2
 * (the exit status) after a sentence: there is none, or it can't be known.
 */
int own_pid_resolve(struct look *l, uint32_t *pid);
/* The same of a filter's *@pid (0: none), before there is a look. */
int own_pid_filter(uint32_t *pid);

#endif

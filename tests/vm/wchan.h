/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WCHAN_H
#define WCHAN_H
/* wchan.h - in which function of the kernel a process sleeps. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Does @pid sleep in the kernel function @names ("A|B": in one of them)? What /proc/PID/wchan says
 * is left in @text, of @len bytes; "" when the process is gone.
 */
bool wchan_is(pid_t pid, const char *names, char *text, size_t len);

#endif

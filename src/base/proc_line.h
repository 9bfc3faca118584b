/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROC_LINE_H
#define DAXTOP_PROC_LINE_H
/* proc_line.h - lines of files below /proc/PID, which have names that their owner chose; no I/O */
#include <stdbool.h>
#include <stdint.h>

/* stat: when the process began, in ns since boot. */
bool proc_line_start(const char *line, uint64_t *ns);
/* cgroup: the path in the unified hierarchy, into @line, whose newline goes. NULL: another's line. */
const char *proc_line_cgroup(char *line);
/* status: Tgid. */
bool proc_line_tgid(const char *line, uint32_t *tgid);

#endif

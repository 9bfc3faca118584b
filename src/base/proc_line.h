/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROC_LINE_H
#define DAXTOP_PROC_LINE_H
/* proc_line.h - lines of files below /proc/PID, which have names that their owner chose; no I/O */
#include <stdbool.h>
#include <stdint.h>

/* cgroup: the path in the unified hierarchy, into @line, whose newline goes. NULL: another's line. */
const char *proc_line_cgroup(char *line);
/* status: Tgid. */
bool proc_line_tgid(const char *line, uint32_t *tgid);
/* status: NSpid, in how many pid namespaces it has a number: that of this /proc, and those below it down to its own. */
bool proc_line_nspid(const char *line, unsigned int *nr);

#endif

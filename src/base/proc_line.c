// SPDX-License-Identifier: GPL-2.0-only
/* proc_line.c - lines of files below /proc/PID (Documentation/filesystems/proc.rst) */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "base/proc_line.h"

const char *proc_line_cgroup(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	return strncmp(line, "0::", 3) ? NULL : line + 3;
}

bool proc_line_tgid(const char *line, uint32_t *tgid)
{
	return sscanf(line, "Tgid: %u", tgid) == 1;
}

bool proc_line_nspid(const char *line, unsigned int *nr)
{
	const char *p = line + 6;

	if (strncmp(line, "NSpid:", 6))
		return false;
	for (*nr = 0; *(p += strspn(p, " \t\n")); (*nr)++)
		p += strcspn(p, " \t\n");
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
/* proc_line.c - lines of files below /proc/PID (Documentation/filesystems/proc.rst) */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/proc_line.h"

/* Field 22 of /proc/PID/stat: when it began, in clock ticks since boot. Behind the name, which may hold anything. */
bool proc_line_start(const char *line, uint64_t *ns)
{
	const char *p = strrchr(line, ')');

	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return false;
	*ns = strtoull(p, NULL, 10) * (1000000000ULL / sysconf(_SC_CLK_TCK));
	return true;
}

const char *proc_line_cgroup(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	return strncmp(line, "0::", 3) ? NULL : line + 3;
}

bool proc_line_tgid(const char *line, uint32_t *tgid)
{
	return sscanf(line, "Tgid: %u", tgid) == 1;
}

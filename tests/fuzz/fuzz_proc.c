// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_proc.c - lines of /proc/PID/cgroup and status */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "base/proc_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size);
	const char *path;
	unsigned int nr;
	uint32_t tgid;

	promise(line);
	proc_line_tgid(line, &tgid);
	promise(!proc_line_nspid(line, &nr) || nr <= size / 2);
	path = proc_line_cgroup(line);
	promise(!path || (!strchr(path, '\n') && path >= line && path <= line + size));
	free(line);
	return 0;
}

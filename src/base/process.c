// SPDX-License-Identifier: GPL-2.0-only
/* process.c - what /proc tells of a process */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/proc_line.h"
#include "base/process.h"

#define PROC_PID_INIT_INO 0xEFFFFFFCu /* include/linux/proc_ns.h */

static FILE *open_proc(uint32_t tgid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", tgid, name);
	return fopen(path, "re");
}

bool process_all_seen(void)
{
	static int all = -1;
	struct stat st;

	if (all < 0)
		all = !stat("/proc/self/ns/pid", &st) && st.st_ino == PROC_PID_INIT_INO;
	return all;
}

bool process_proc_ours(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned int nr = 1; /* without CONFIG_PID_NS there is no such line, and one namespace */
	char line[256];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (proc_line_nspid(line, &nr))
			break;
	fclose(f);
	return nr == 1;
}

char *process_cgroup(uint32_t tgid)
{
	char *line = NULL, *cgroup = NULL;
	size_t len = 0;
	FILE *f = tgid && process_all_seen() ? open_proc(tgid, "cgroup") : NULL;

	if (!f)
		return NULL;
	while (!cgroup && getline(&line, &len, f) > 0) {
		const char *path = proc_line_cgroup(line);

		if (path)
			cgroup = strdup(path);
	}
	free(line);
	fclose(f);
	return cgroup;
}

int process_comm(uint32_t tgid, char *comm, size_t len)
{
	FILE *f = tgid ? open_proc(tgid, "comm") : NULL;
	size_t n;

	comm[0] = 0;
	if (!f)
		return -1;
	n = fread(comm, 1, len - 1, f);
	fclose(f);
	while (n && comm[n - 1] == '\n')
		n--;
	comm[n] = 0;
	return n ? 0 : -1;
}

bool process_is_there(uint32_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	return !access(path, F_OK);
}

uint32_t process_tgid(uint32_t pid)
{
	FILE *f = open_proc(pid, "status");
	char line[256];
	uint32_t tgid = pid;

	if (!f)
		return pid;
	while (fgets(line, sizeof(line), f))
		if (proc_line_tgid(line, &tgid))
			break;
	fclose(f);
	return tgid;
}

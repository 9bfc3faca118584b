// SPDX-License-Identifier: GPL-2.0-only
/* sandbox.c - the processes of daxtop that look up names: what they are, and what they may. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness.h"
#include "sandbox.h"

bool stat_of(pid_t pid, char *comm, pid_t *parent)
{
	char path[40], line[512], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	/* one that has ended is a zombie until somebody asks for it */
	if (!p || p[2] == 'Z' || p[2] == 'X')
		return false;
	*p = 0;
	snprintf(comm, 16, "%s", strchr(line, '(') + 1);
	*parent = atoi(p + 4);
	return true;
}

pid_t find_comm(const char *comm, const pid_t not [], size_t nr)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	must(d);
	while (!found && (e = readdir(d))) {
		pid_t pid = atoi(e->d_name), parent;
		char name[16];

		if (pid <= 0 || !stat_of(pid, name, &parent) || strcmp(name, comm))
			continue;
		found = pid;
		for (size_t i = 0; i < nr; i++)
			if (not [i] == pid)
				found = 0;
	}
	closedir(d);
	return found;
}

static unsigned long status_value(pid_t pid, const char *key, int base)
{
	char path[40], line[256];
	unsigned long value = ~0ul;
	size_t len = strlen(key);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	must(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ':')
			value = strtoul(line + len + 1, NULL, base);
	fclose(f);
	return value;
}

static void expect_status(pid_t pid, const char *key, int base, unsigned long want)
{
	unsigned long got = status_value(pid, key, base);

	if (got != want)
		fail("process %d: %s is %lx, expected %lx", pid, key, got, want);
}

size_t entries(pid_t pid, const char *what)
{
	char path[64];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	d = opendir(path);
	must(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

void expect_namer(pid_t pid)
{
	static const char *const ids[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	static const char *const spaces[] = { "mnt", "net", "pid", "ipc", "uts", "cgroup" };
	char path[64], own[64], its[64];
	ssize_t n;

	expect_status(pid, "Uid", 10, 65534);
	expect_status(pid, "Gid", 10, 65534);
	expect_status(pid, "Groups", 10, 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		expect_status(pid, ids[i], 16, 0);
	expect_status(pid, "NoNewPrivs", 10, 1);
	expect_status(pid, "Seccomp", 10, 2);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, spaces[i]);
		n = readlink(path, its, sizeof(its) - 1);
		must(n > 0);
		its[n] = 0;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", spaces[i]);
		n = readlink(path, own, sizeof(own) - 1);
		must(n > 0);
		own[n] = 0;
		if (!strcmp(own, its))
			fail("the namer has our namespace %s", own);
	}
	if (entries(pid, "root") || entries(pid, "fd") != 1)
		fail("the namer has %zu files in its root and %zu descriptors, expected 0 and 1",
		     entries(pid, "root"), entries(pid, "fd"));
}

void expect_memory(pid_t pid, unsigned long max)
{
	unsigned long got = status_value(pid, "VmHWM", 10);

	if (got > max)
		fail("process %d has used %lu kB, expected %lu at most", pid, got, max);
}

void await_end(pid_t pid, const char *what)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char comm[16];
	pid_t parent;

	while (stat_of(pid, comm, &parent)) {
		if (now_ms() > end)
			fail("%s still runs", what);
		poll_pause();
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* perf_names.c - names of processes, cgroups, files and devices that were counted */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "perf_names.h"
#include "kernel/device.h"

#define FILEID_KERNFS \
	0xfe /* include/linux/exportfs.h: a cgroup's id is its handle (fs/kernfs/mount.c) */
#define PATH_LEN 4096

/* ---- cgroups ---- */

static int cgroups_open(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs fs;

		if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* Below where the hierarchy is mounted, to be freed; NULL: it has gone. */
static char *cgroup_path(int cgroups, uint64_t id)
{
	struct {
		struct file_handle h;
		uint64_t id;
	} handle = { .h = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char link[64], path[PATH_LEN], *root = NULL, *out = NULL;
	ssize_t n, base;
	int fd;

	memcpy(handle.h.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(cgroups, &handle.h, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", cgroups);
	base = readlink(link, path, sizeof(path) - 1);
	if (base > 0)
		root = strndup(path, base);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (root && n >= base && !strncmp(path, root, base)) {
		path[n] = 0;
		out = strdup(path[base] ? path + base : "/");
	}
	free(root);
	return out;
}

/* ---- files ---- */

static void file_name(const struct perf_source *s, const struct perf_key *k, struct perf_group *g)
{
	struct perf_file_at at = {};

	if (k->ino && !perf_source_file(s, k, &at) && at.name[0])
		g->file = strndup(at.name, sizeof(at.name));
}

/* ---- all ---- */

/* @cgroups: the unified hierarchy; -1: it isn't mounted. */
static void group_name(const struct perf_source *s, int cgroups, const struct perf_report *r,
		       struct perf_group *g)
{
	const struct perf_key *k = &r->row[g->first].key;
	char comm[16];

	if (k->dev)
		device_name_dev(k->dev, k->level & PERF_CHARACTER, g->device, sizeof(g->device));
	if (r->by == PERF_BY_PROCESS && !perf_source_comm(s, k->tgid, comm))
		g->comm = strndup(comm, sizeof(comm));
	if (r->by == PERF_BY_CGROUP && cgroups >= 0)
		g->cgroup = cgroup_path(cgroups, k->cgroup);
	if (r->by == PERF_BY_FILE)
		file_name(s, k, g);
}

void perf_names_find(struct perf_report *r, const struct perf_source *s)
{
	int cgroups = r->by == PERF_BY_CGROUP ? cgroups_open() : -1;

	for (size_t i = 0; i < r->nr_groups; i++)
		group_name(s, cgroups, r, &r->group[i]);
	if (cgroups >= 0)
		close(cgroups);
}

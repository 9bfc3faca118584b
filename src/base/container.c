// SPDX-License-Identifier: GPL-2.0-only
/* container.c - container and pod ids in a cgroup's path, of hex digits and dashes; who made that path */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/container.h"

#define HEX "0123456789abcdef"

char *container_id(char out[CONTAINER_ID], const char *path)
{
	out[0] = '\0';
	for (const char *p = path; *p;) {
		size_t n = strspn(p, HEX);

		if (n == CONTAINER_ID - 1) {
			memcpy(out, p, n);
			out[n] = '\0';
		}
		p += n ? n : 1;
	}
	return out;
}

/* 8-4-4-4-12 digits */
static int uid_copy(char out[POD_UID], const char *from)
{
	for (size_t i = 0; i < POD_UID - 1; i++) {
		int dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? from[i] != '-' && from[i] != '_' : !from[i] || !strchr(HEX, from[i]))
			return 0;
		out[i] = dash ? '-' : from[i];
	}
	out[POD_UID - 1] = '\0';
	return 1;
}

char *container_pod(char out[POD_UID], const char *path)
{
	for (const char *p = strstr(path, "pod"); p; p = strstr(p + 1, "pod"))
		if (uid_copy(out, p + 3))
			return out;
	out[0] = '\0';
	return out;
}

static bool is_roots(const char *folder)
{
	struct stat st;

	return !lstat(folder, &st) && S_ISDIR(st.st_mode) && !st.st_uid &&
	       !(st.st_mode & S_IWOTH) && (!st.st_gid || !(st.st_mode & S_IWGRP));
}

bool container_is_roots(const char *root, const char *path)
{
	char at[4096];
	int len = snprintf(at, sizeof(at), "%s%s", root, path);
	struct stat st;

	/* ".." leads out of the cgroup namespace that we are in, and is no name there */
	if (len < 0 || (size_t)len >= sizeof(at) || strstr(path, "/..") || lstat(at, &st))
		return false;
	/* the last one may be its owner's: to have a cgroup is not to have named it */
	for (size_t i = strlen(root); i < (size_t)len; i++) {
		bool roots;

		if (at[i] != '/')
			continue;
		at[i] = '\0';
		roots = is_roots(at);
		at[i] = '/';
		if (!roots)
			return false;
	}
	return true;
}

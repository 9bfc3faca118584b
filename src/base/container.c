// SPDX-License-Identifier: GPL-2.0-only
/* container.c - container and pod ids in a cgroup's path. What is returned is of hex digits and dashes. */
#include <string.h>
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

// SPDX-License-Identifier: GPL-2.0-only
/* limit.c - descriptors are raised before they are needed; what else runs out is said as what it is */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "limit.h"

static struct rlimit before; /* RLIMIT_NOFILE at the start */
static bool raised;

int limits_raise(unsigned int descriptors, char *err, size_t errlen)
{
	struct rlimit now, wanted;

	if (getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur >= descriptors)
		return 0;
	wanted = now;
	wanted.rlim_cur = descriptors;
	/* root may raise the hard one, up to fs.nr_open (CAP_SYS_RESOURCE) */
	if (now.rlim_max < descriptors)
		wanted.rlim_max = descriptors;
	if (setrlimit(RLIMIT_NOFILE, &wanted)) {
		snprintf(err, errlen,
			 "%u file descriptors are needed, and only %llu may be open; to raise that it lacks "
			 "CAP_SYS_RESOURCE, or fs.nr_open forbids it: raise the hard limit (ulimit -Hn %u)",
			 descriptors, (unsigned long long)now.rlim_max, descriptors);
		return -1;
	}
	if (!raised)
		before = now;
	raised = true;
	return 0;
}

void limits_give_back(void)
{
	if (raised)
		setrlimit(RLIMIT_NOFILE, &before);
}

static const struct {
	int err;
	const char *sentence;
} limits[] = {
	{ EMFILE, "no file descriptor is left: raise the limit (ulimit -n)" },
	{ ENFILE, "the system has no open file left: raise fs.file-max" },
	{ ENOMEM,
	  "memory ran out: raise this process's or its cgroup's limit (ulimit -v, memory.max)" },
	{ EAGAIN, "memory that may be locked ran out: raise the limit (ulimit -l)" },
	{ ENOSPC, "the kernel has no place left for what daxtop attaches" },
};

bool limit_reached(int rc)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (rc == -limits[i].err)
			return true;
	return false;
}

const char *limit_sentence(int rc)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (rc == -limits[i].err)
			return limits[i].sentence;
	return strerror(-rc);
}

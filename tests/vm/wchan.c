// SPDX-License-Identifier: GPL-2.0-only
/* wchan.c - in which function of the kernel a process sleeps (fs/proc/base.c, proc_pid_wchan()). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "wchan.h"

/* @names: "A|B" */
static bool is_one_of(const char *text, const char *names)
{
	size_t len;

	for (;; names += len + 1) {
		len = strcspn(names, "|");
		if (len == strlen(text) && !strncmp(text, names, len))
			return true;
		if (!names[len])
			return false;
	}
}

bool wchan_is(pid_t pid, const char *names, char *text, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, len - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return is_one_of(text, names);
}

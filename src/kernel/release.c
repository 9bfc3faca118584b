// SPDX-License-Identifier: GPL-2.0-only
/* release.c - links pinned in a filesystem of their own */
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "release.h"

/* include/uapi/linux/bpf.h of 6.5; the headers that we are built with may be older */
#define PATH_FD (1u << 14) /* BPF_F_PATH_FD */
struct obj_pin {
	uint64_t pathname;
	uint32_t bpf_fd;
	uint32_t file_flags;
	int32_t path_fd;
	uint32_t pad; /* a byte that isn't 0 is refused */
};

/* A bpf filesystem that is mounted nowhere; -1: none can be had. */
static int bpffs_open(void)
{
	int fs = fsopen("bpf", FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return fd;
}

static int link_pin(int dir, int link, size_t nr)
{
	char name[24];
	struct obj_pin a = {
		.pathname = (uintptr_t)name, .bpf_fd = link, .file_flags = PATH_FD, .path_fd = dir
	};

	snprintf(name, sizeof(name), "%zu", nr);
	return syscall(SYS_bpf, BPF_OBJ_PIN, &a, sizeof(a));
}

int links_release(const int *fd, size_t n)
{
	int dir = n ? bpffs_open() : -1;
	size_t i;

	/* the first one tells whether this kernel can: one that is not pinned is closed, and waited for */
	for (i = 0; dir >= 0 && i < n; i++)
		if (link_pin(dir, fd[i], i)) {
			close(dir);
			dir = -1;
		}
	for (i = 0; i < n; i++)
		close(fd[i]);
	return dir;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_NLDEV_H
#define DAXTOP_NLDEV_H
/* nldev.h - RDMA devices and memory regions, as rdma netlink tells them (drivers/infiniband/core/nldev.c) */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nldev_region {
	uint32_t device; /* index */
	uint32_t pid, tgid, number; /* tgid is left to the caller */
	uint64_t length;
	bool kernel; /* the kernel's own: of no process */
};

struct nldev_device {
	uint32_t index;
	char name[32]; /* hostile bytes */
};

struct nldev {
	struct nldev_device *devices;
	size_t nr_devices;
	struct nldev_region *regions;
	size_t nr_regions;
	uint32_t device; /* whose regions are being told: the caller's */
};

enum nldev_dump { NLDEV_DEVICES, NLDEV_REGIONS };

/*
 * Adds what the messages in @reply tell (@len bytes, aligned for struct nlmsghdr). Returns 1 at the
 * end of the dump, 0: more is to come, or a negative errno: the kernel's, -EPROTO for what is no
 * such message, -ENOMEM.
 */
int nldev_parse(struct nldev *r, enum nldev_dump what, const void *reply, size_t len);
/* Asks the kernel for all of them; each answer is waited for two seconds at most. Returns 0 or -errno; @r is the caller's to free. */
int nldev_read(struct nldev *r);
void nldev_free(struct nldev *r);

#endif

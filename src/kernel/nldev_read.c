// SPDX-License-Identifier: GPL-2.0-only
/*
 * nldev_read.c - asks rdma netlink. A few lines of plain netlink: two dumps are all that is asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include "nldev.h"

#define REPLY_LEN (64 * 1024)

static int send_dump(int fd, int command, const uint32_t *device)
{
	struct {
		struct nlmsghdr h;
		struct nlattr a;
		uint32_t device;
	} m = {
		.h.nlmsg_len = device ? sizeof(m) : NLMSG_HDRLEN,
		.h.nlmsg_type = RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command),
		.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.a.nla_len = NLA_HDRLEN + sizeof(m.device),
		.a.nla_type = RDMA_NLDEV_ATTR_DEV_INDEX,
		.device = device ? *device : 0,
	};

	return send(fd, &m, m.h.nlmsg_len, 0) < 0 ? -errno : 0;
}

static int dump(struct nldev *r, int fd, int command, enum nldev_dump what, const uint32_t *device)
{
	char *reply = malloc(REPLY_LEN);
	int rc = reply ? send_dump(fd, command, device) : -ENOMEM;

	while (!rc) {
		ssize_t n = recv(fd, reply, REPLY_LEN, MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || n > REPLY_LEN)
			rc = n < 0 ? -errno : -EMSGSIZE;
		else
			rc = nldev_parse(r, what, reply, n);
	}
	free(reply);
	return rc < 0 ? rc : 0;
}

int nldev_read(struct nldev *r)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA), rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	rc = dump(r, fd, RDMA_NLDEV_CMD_GET, NLDEV_DEVICES, NULL);
	for (size_t i = 0; i < r->nr_devices && !rc; i++) {
		r->device = r->devices[i].index;
		rc = dump(r, fd, RDMA_NLDEV_CMD_RES_MR_GET, NLDEV_REGIONS, &r->device);
	}
	close(fd);
	return rc;
}

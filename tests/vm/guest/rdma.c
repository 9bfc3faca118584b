// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma.c - registers memory with the kernel's software RDMA device (rdma_rxe), without
 * libibverbs: the few commands of the write() interface are structures
 * (drivers/infiniband/core/uverbs_cmd.c).
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "scan.h"

#define ACCESS_LOCAL_WRITE 1 /* IB_ACCESS_LOCAL_WRITE */

static void attr_add(struct nlmsghdr *m, int type, const char *text)
{
	struct nlattr *a = (struct nlattr *)((char *)m + NLMSG_ALIGN(m->nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + strlen(text) + 1;
	strcpy((char *)a + NLA_HDRLEN, text);
	m->nlmsg_len = NLMSG_ALIGN(m->nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* `rdma link add rxe0 type rxe netdev dummy0` */
static void link_add(void)
{
	char buf[512] __attribute__((aligned(8))) = {};
	struct nlmsghdr *m = (struct nlmsghdr *)buf;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA);

	must(fd >= 0);
	m->nlmsg_len = NLMSG_HDRLEN;
	m->nlmsg_type = RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_NEWLINK);
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	attr_add(m, RDMA_NLDEV_ATTR_DEV_NAME, "rxe0");
	attr_add(m, RDMA_NLDEV_ATTR_LINK_TYPE, "rxe");
	attr_add(m, RDMA_NLDEV_ATTR_NDEV_NAME, "dummy0");
	must(send(fd, m, m->nlmsg_len, 0) == (ssize_t)m->nlmsg_len);
	must(recv(fd, buf, sizeof(buf), 0) >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)));
	if (((struct nlmsgerr *)NLMSG_DATA(m))->error)
		fail("the kernel makes no rxe device: error %d",
		     ((struct nlmsgerr *)NLMSG_DATA(m))->error);
	must(!close(fd));
}

static void device_make(void)
{
	if (!access("/sys/class/infiniband/rxe0", F_OK))
		return;
	run("modprobe dummy numdummies=0; modprobe ib_uverbs && modprobe rdma_rxe");
	run("[ -e /sys/class/net/dummy0 ] || ip link add dummy0 type dummy; ip addr add 10.9.9.1/24 dev dummy0 && ip link set dummy0 up");
	link_add();
	wait_for_path("/sys/class/infiniband_verbs/uverbs0/dev");
}

/* The nodes are udev's to make. */
static int verbs_open(void)
{
	int fd;

	run("[ -e /dev/infiniband/uverbs0 ] || { mkdir -p /dev/infiniband && mknod /dev/infiniband/uverbs0 c "
	    "$(tr : ' ' </sys/class/infiniband_verbs/uverbs0/dev); }");
	fd = open("/dev/infiniband/uverbs0", O_RDWR | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

/* @cmd begins with room for the header, and its response is at @resp. */
static bool verb(int fd, uint32_t command, void *cmd, size_t len, size_t resp_len)
{
	struct ib_uverbs_cmd_hdr *hdr = cmd;

	*hdr = (struct ib_uverbs_cmd_hdr){ command, len / 4, resp_len / 4 };
	return write(fd, cmd, len) == (ssize_t)len;
}

bool rdma_register(struct rdma *r, void *addr, size_t len)
{
	struct ib_uverbs_get_context_resp context_resp = {};
	struct ib_uverbs_alloc_pd_resp pd_resp = {};
	struct ib_uverbs_reg_mr_resp mr_resp = {};
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		struct ib_uverbs_get_context cmd;
	} context = { .cmd.response = (uintptr_t)&context_resp };
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		struct ib_uverbs_alloc_pd cmd;
	} pd = { .cmd.response = (uintptr_t)&pd_resp };
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		struct ib_uverbs_reg_mr cmd;
	} mr = { .cmd = { .response = (uintptr_t)&mr_resp,
			  .start = (uintptr_t)addr,
			  .length = len,
			  .hca_va = (uintptr_t)addr,
			  .access_flags = ACCESS_LOCAL_WRITE } };

	device_make();
	r->fd = verbs_open();
	must(verb(r->fd, IB_USER_VERBS_CMD_GET_CONTEXT, &context, sizeof(context),
		  sizeof(context_resp)));
	must(verb(r->fd, IB_USER_VERBS_CMD_ALLOC_PD, &pd, sizeof(pd), sizeof(pd_resp)));
	r->pd = mr.cmd.pd_handle = pd_resp.pd_handle;
	if (!verb(r->fd, IB_USER_VERBS_CMD_REG_MR, &mr, sizeof(mr), sizeof(mr_resp)))
		return false;
	r->mr = mr_resp.mr_handle;
	return true;
}

void rdma_deregister(struct rdma *r)
{
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		struct ib_uverbs_dereg_mr cmd;
	} mr = { .cmd.mr_handle = r->mr };

	must(verb(r->fd, IB_USER_VERBS_CMD_DEREG_MR, &mr, sizeof(mr), 0));
	must(!close(r->fd));
}

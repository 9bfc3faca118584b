// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma.c - RDMA memory regions, as rdma netlink tells them (drivers/infiniband/core/nldev.c):
 * device, number, length and process; not their addresses, and not their pages. So a region whose
 * pages mr.c can't read is a candidate for what its process maps.
 *
 * A few lines of plain netlink: two dumps are all that is asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include "mr.h"
#include "process.h"

#define REPLY_LEN (64 * 1024)

struct region {
	uint32_t device; /* index */
	uint32_t pid, tgid, number;
	uint64_t length;
	bool kernel; /* the kernel's own: of no process */
};

struct device {
	uint32_t index;
	char name[32];
};

struct rdma {
	struct device *devices;
	size_t nr_devices;
	struct region *regions;
	size_t nr_regions;
	uint32_t device; /* whose regions are being told */
};

/* ---- attributes ---- */

typedef int (*attr_fn)(struct rdma *r, int type, const void *data, size_t len, void *arg);

static int each_attr(struct rdma *r, const void *data, size_t len, attr_fn fn, void *arg)
{
	const char *p = data;
	int rc = 0;

	while (!rc && len >= NLA_HDRLEN) {
		const struct nlattr *a = (const void *)p;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			return -EPROTO;
		rc = fn(r, a->nla_type & NLA_TYPE_MASK, p + NLA_HDRLEN, a->nla_len - NLA_HDRLEN,
			arg);
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	return rc;
}

static uint64_t number(const void *data, size_t len)
{
	uint64_t n8;
	uint32_t n4;

	if (len == sizeof(n4)) {
		memcpy(&n4, data, sizeof(n4));
		return n4;
	}
	if (len != sizeof(n8))
		return 0;
	memcpy(&n8, data, sizeof(n8));
	return n8;
}

static void *append(void **array, size_t *nr, size_t size)
{
	void *p = realloc(*array, (*nr + 1) * size);

	if (!p)
		return NULL;
	*array = p;
	p = (char *)p + (*nr)++ * size;
	memset(p, 0, size);
	return p;
}

/* ---- devices ---- */

static int device_attr(struct rdma *r, int type, const void *data, size_t len, void *arg)
{
	struct device *d = arg;

	(void)r;
	if (type == RDMA_NLDEV_ATTR_DEV_INDEX)
		d->index = number(data, len);
	else if (type == RDMA_NLDEV_ATTR_DEV_NAME)
		snprintf(d->name, sizeof(d->name), "%.*s", (int)strnlen(data, len),
			 (const char *)data);
	return 0;
}

static int add_device(struct rdma *r, const void *data, size_t len)
{
	struct device *d = append((void **)&r->devices, &r->nr_devices, sizeof(*d));

	return d ? each_attr(r, data, len, device_attr, d) : -ENOMEM;
}

/* ---- regions ---- */

static int region_attr(struct rdma *r, int type, const void *data, size_t len, void *arg)
{
	struct region *m = arg;

	(void)r;
	switch (type) {
	case RDMA_NLDEV_ATTR_RES_PID:
		m->pid = number(data, len);
		break;
	case RDMA_NLDEV_ATTR_RES_KERN_NAME:
		m->kernel = true;
		break;
	case RDMA_NLDEV_ATTR_RES_MRN:
		m->number = number(data, len);
		break;
	case RDMA_NLDEV_ATTR_RES_MRLEN:
		m->length = number(data, len);
		break;
	}
	return 0;
}

static int entry_attr(struct rdma *r, int type, const void *data, size_t len, void *arg)
{
	struct region *m;

	(void)arg;
	if (type != RDMA_NLDEV_ATTR_RES_MR_ENTRY)
		return 0;
	m = append((void **)&r->regions, &r->nr_regions, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->device = r->device;
	return each_attr(r, data, len, region_attr, m);
}

static int table_attr(struct rdma *r, int type, const void *data, size_t len, void *arg)
{
	(void)arg;
	return type == RDMA_NLDEV_ATTR_RES_MR ? each_attr(r, data, len, entry_attr, NULL) : 0;
}

static int add_regions(struct rdma *r, const void *data, size_t len)
{
	return each_attr(r, data, len, table_attr, NULL);
}

/* ---- netlink ---- */

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

/* Returns 1 at the end of the dump. */
static int one_message(struct rdma *r, const struct nlmsghdr *h,
		       int (*fn)(struct rdma *, const void *, size_t))
{
	int error;

	if (h->nlmsg_type == NLMSG_DONE)
		return 1;
	if (h->nlmsg_type != NLMSG_ERROR)
		return fn(r, NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
	memcpy(&error, NLMSG_DATA(h), sizeof(error));
	return error ? error : 1;
}

static int dump(struct rdma *r, int fd, int command, const uint32_t *device,
		int (*fn)(struct rdma *, const void *, size_t))
{
	char *reply = malloc(REPLY_LEN);
	int rc = reply ? send_dump(fd, command, device) : -ENOMEM;

	while (!rc) {
		ssize_t n = recv(fd, reply, REPLY_LEN, MSG_TRUNC);
		const struct nlmsghdr *h = (const void *)reply;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || n > REPLY_LEN)
			rc = n < 0 ? -errno : -EMSGSIZE;
		for (int left = n; !rc && NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			rc = one_message(r, h, fn);
	}
	free(reply);
	return rc < 0 ? rc : 0;
}

static int read_all(struct rdma *r)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA), rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	rc = dump(r, fd, RDMA_NLDEV_CMD_GET, NULL, add_device);
	for (size_t i = 0; i < r->nr_devices && !rc; i++) {
		r->device = r->devices[i].index;
		rc = dump(r, fd, RDMA_NLDEV_CMD_RES_MR_GET, &r->device, add_regions);
	}
	close(fd);
	return rc;
}

/* ---- holders ---- */

static const char *device_of(const struct rdma *r, const struct region *m)
{
	for (size_t i = 0; i < r->nr_devices; i++)
		if (r->devices[i].index == m->device)
			return r->devices[i].name;
	return "?";
}

/* By process, then by device. */
static int by_process(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->device < y->device ? -1 : x->device > y->device;
}

/* @nr regions of one process and one device: one candidate. */
static int add_regions_of(struct rdma *r, struct scan *s, const struct region *m, size_t nr)
{
	char comm[DX_COMM_LEN + 1];
	struct scan_holder h;
	uint64_t length = 0;

	process_comm(m->tgid, comm, sizeof(comm));
	h = look_holder(SCAN_HOLD_RDMA, m->tgid, m->tgid, comm);
	for (size_t i = 0; i < nr; i++)
		length += m[i].length;
	h.id = m->number;
	if (nr == 1)
		snprintf(h.detail, sizeof(h.detail), "%s mr %u, %llu bytes", device_of(r, m),
			 m->number, (unsigned long long)length);
	else
		snprintf(h.detail, sizeof(h.detail), "%s, %zu memory regions, %llu bytes",
			 device_of(r, m), nr, (unsigned long long)length);
	return look_add_candidates(s, &h, true);
}

static int add_all(struct rdma *r, struct scan *s)
{
	int rc = 0;

	if (r->nr_regions)
		qsort(r->regions, r->nr_regions, sizeof(*r->regions), by_process);
	for (size_t i = 0, end; i < r->nr_regions && !rc; i = end) {
		for (end = i + 1; end < r->nr_regions; end++)
			if (by_process(&r->regions[i], &r->regions[end]))
				break;
		rc = add_regions_of(r, s, &r->regions[i], end - i);
	}
	return rc;
}

/* Leaves those of the kernel out, and those that were read. */
static void drop_known(struct rdma *r, const struct mr_list *known)
{
	size_t out = 0;

	for (size_t i = 0; i < r->nr_regions; i++) {
		struct region m = r->regions[i];

		m.tgid = process_tgid(m.pid);
		if (!m.kernel && m.pid && !mr_is_known(known, m.tgid, m.number))
			r->regions[out++] = m;
	}
	r->nr_regions = out;
}

int look_rdma(struct look *l, struct scan *s, look_stop *stop)
{
	struct mr_list known = { 0 };
	struct rdma r = { 0 };
	int rc;

	if (access("/sys/module/ib_core", F_OK))
		return 0;
	rc = look_mr(l, s, &known, stop);
	if (!rc)
		rc = read_all(&r);
	drop_known(&r, &known);
	if (!rc)
		rc = add_all(&r, s);
	if (rc && rc != -EINTR)
		scan_add_gap(s, "RDMA: the memory regions could not be read: %s", programs_why(rc));
	if (r.nr_regions)
		scan_add_gap(
			s,
			"RDMA: the pages of %zu memory regions could not be read: who registered "
			"them could hold what it maps",
			r.nr_regions);
	free(known.ids);
	free(r.devices);
	free(r.regions);
	return rc;
}

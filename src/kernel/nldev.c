// SPDX-License-Identifier: GPL-2.0-only
/* nldev.c - answers of rdma netlink */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include "nldev.h"

/* ---- attributes ---- */

typedef int (*attr_fn)(struct nldev *r, int type, const void *data, size_t len, void *arg);

static int each_attr(struct nldev *r, const void *data, size_t len, attr_fn fn, void *arg)
{
	const char *p = data;
	int rc = 0;

	while (!rc && len >= NLA_HDRLEN) {
		const struct nlattr *a = (const void *)p;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			return -EPROTO;
		rc = fn(r, a->nla_type & NLA_TYPE_MASK, p + NLA_HDRLEN, a->nla_len - NLA_HDRLEN, arg);
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

static int device_attr(struct nldev *r, int type, const void *data, size_t len, void *arg)
{
	struct nldev_device *d = arg;

	(void)r;
	if (type == RDMA_NLDEV_ATTR_DEV_INDEX)
		d->index = number(data, len);
	else if (type == RDMA_NLDEV_ATTR_DEV_NAME)
		snprintf(d->name, sizeof(d->name), "%.*s", (int)strnlen(data, len),
			 (const char *)data);
	return 0;
}

static int add_device(struct nldev *r, const void *data, size_t len)
{
	struct nldev_device *d = append((void **)&r->devices, &r->nr_devices, sizeof(*d));

	return d ? each_attr(r, data, len, device_attr, d) : -ENOMEM;
}

/* ---- regions ---- */

static int region_attr(struct nldev *r, int type, const void *data, size_t len, void *arg)
{
	struct nldev_region *m = arg;

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

static int entry_attr(struct nldev *r, int type, const void *data, size_t len, void *arg)
{
	struct nldev_region *m;

	(void)arg;
	if (type != RDMA_NLDEV_ATTR_RES_MR_ENTRY)
		return 0;
	m = append((void **)&r->regions, &r->nr_regions, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->device = r->device;
	return each_attr(r, data, len, region_attr, m);
}

static int table_attr(struct nldev *r, int type, const void *data, size_t len, void *arg)
{
	(void)arg;
	return type == RDMA_NLDEV_ATTR_RES_MR ? each_attr(r, data, len, entry_attr, NULL) : 0;
}

static int add_regions(struct nldev *r, const void *data, size_t len)
{
	return each_attr(r, data, len, table_attr, NULL);
}

/* ---- messages ---- */

static int one_message(struct nldev *r, enum nldev_dump what, const struct nlmsghdr *h)
{
	size_t len = h->nlmsg_len - NLMSG_HDRLEN;
	int error;

	if (h->nlmsg_type == NLMSG_DONE)
		return 1;
	if (h->nlmsg_type != NLMSG_ERROR)
		return what == NLDEV_DEVICES ? add_device(r, NLMSG_DATA(h), len)
					     : add_regions(r, NLMSG_DATA(h), len);
	if (len < sizeof(error))
		return -EPROTO;
	memcpy(&error, NLMSG_DATA(h), sizeof(error));
	return error < 0 ? error : 1;
}

int nldev_parse(struct nldev *r, enum nldev_dump what, const void *reply, size_t len)
{
	const char *p = reply;
	int rc = 0;

	while (!rc && len >= NLMSG_HDRLEN) {
		const struct nlmsghdr *h = (const void *)p;
		size_t step = NLMSG_ALIGN(h->nlmsg_len);

		if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len)
			return -EPROTO;
		rc = one_message(r, what, h);
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	return rc;
}

void nldev_free(struct nldev *r)
{
	free(r->devices);
	free(r->regions);
	*r = (struct nldev){};
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma.c - RDMA memory regions, as rdma netlink tells them (drivers/infiniband/core/nldev.c):
 * device, number, length and process; not their addresses, and not their pages. So a region whose
 * pages mr.c can't read is a candidate for what its process maps.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kernel/nldev.h"
#include "mr.h"
#include "base/process.h"

static const char *device_of(const struct nldev *r, const struct nldev_region *m)
{
	for (size_t i = 0; i < r->nr_devices; i++)
		if (r->devices[i].index == m->device)
			return r->devices[i].name;
	return "?";
}

/* By process, then by device. */
static int by_process(const void *a, const void *b)
{
	const struct nldev_region *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->device < y->device ? -1 : x->device > y->device;
}

/* Netlink tells numbers of our own pid namespace, and no regions of others' (task_pid_vnr(), nldev.c). */
static uint32_t tgid_of(struct look *l, uint32_t pid)
{
	uint32_t tgid;

	if (process_all_seen())
		return process_tgid(pid);
	return look_process(l, pid, &tgid, NULL) ? 0 : tgid;
}

static void comm_of(struct look *l, const struct nldev_region *m, char comm[DX_COMM_LEN + 1])
{
	uint32_t tgid;

	comm[0] = comm[DX_COMM_LEN] = '\0';
	if (process_all_seen())
		process_comm(m->tgid, comm, DX_COMM_LEN + 1);
	else
		look_process(l, m->pid, &tgid, comm);
}

/* @nr regions of one process and one device: one candidate. */
static int add_regions_of(struct look *l, struct nldev *r, struct scan *s,
			  const struct nldev_region *m, size_t nr)
{
	char comm[DX_COMM_LEN + 1];
	struct scan_holder h;
	uint64_t length = 0;

	comm_of(l, m, comm);
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

static int add_all(struct look *l, struct nldev *r, struct scan *s)
{
	int rc = 0;

	if (r->nr_regions)
		qsort(r->regions, r->nr_regions, sizeof(*r->regions), by_process);
	for (size_t i = 0, end; i < r->nr_regions && !rc; i = end) {
		for (end = i + 1; end < r->nr_regions; end++)
			if (by_process(&r->regions[i], &r->regions[end]))
				break;
		rc = add_regions_of(l, r, s, &r->regions[i], end - i);
	}
	return rc;
}

/* Leaves those of the kernel out, and those that were read. */
static void drop_known(struct look *l, struct nldev *r, const struct mr_list *known)
{
	size_t out = 0;

	for (size_t i = 0; i < r->nr_regions; i++) {
		struct nldev_region m = r->regions[i];

		m.tgid = tgid_of(l, m.pid);
		if (!m.kernel && m.pid && !mr_is_known(known, m.tgid, m.number))
			r->regions[out++] = m;
	}
	r->nr_regions = out;
}

int look_rdma(struct look *l, struct scan *s, look_stop *stop)
{
	struct mr_list known = { 0 };
	struct nldev r = { 0 };
	int rc;

	if (access("/sys/module/ib_core", F_OK))
		return 0;
	rc = look_mr(l, s, &known, stop);
	if (!rc)
		rc = nldev_read(&r);
	drop_known(l, &r, &known);
	if (!rc)
		rc = add_all(l, &r, s);
	if (rc && rc != -EINTR)
		scan_add_gap(s, "RDMA: the memory regions could not be read: %s", ask_why(rc));
	if (r.nr_regions)
		scan_add_gap(s,
			     "RDMA: the pages of %zu memory regions could not be read: who registered "
			     "them could hold what it maps",
			     r.nr_regions);
	free(known.ids);
	nldev_free(&r);
	return rc;
}

// SPDX-License-Identifier: GPL-2.0-only
/* ask.c - what is read from the kernel when somebody wants to know it */
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include "base/clock.h"
#include "device.h"
#include "internal.h"
#include "programs.h"

/* bpf/ must know which GENERIC pgmaps are device-dax's: only there a base reference is nobody's to put. Has it room? */
static bool tell_devdax(struct source *s, const struct dx_pgmap *p)
{
	uint8_t one = 1;

	if (p->type != MEMORY_DEVICE_GENERIC || strncmp(p->device, "dax", 3))
		return true;
	return !bpf_map_update_elem(bpf_map__fd(s->skel->maps.devdax_pgmaps), &p->pgmap, &one,
				    BPF_ANY);
}

int source_pgmaps(struct source *s, void (*fn)(void *arg, const struct dx_pgmap *p), void *arg)
{
	struct dx_pgmap_args a = { .pgmap_array = s->init.pgmap_array, .nr_cpus = s->nr_cpus };
	uint64_t refused = 0;
	int n = 0;

	for (;;) {
		struct dx_pgmap p = {};
		int rc = programs_run(s->skel->progs.dx_next_pgmap, &a, sizeof(a));

		if (rc)
			return rc;
		if (!a.found) {
			if (s->devdax_refused < refused)
				s->devdax_refused = refused;
			return n;
		}
		if (a.again)
			continue;
		n++;
		s->understood |= a.zone_device;
		if (!fn)
			continue;
		p.pgmap = a.found;
		p.pfn = a.pfn;
		p.nr_pages = a.nr_pages;
		p.type = a.type;
		p.dying = a.dying;
		device_name(p.pfn, p.nr_pages, p.device, sizeof(p.device));
		refused += !tell_devdax(s, &p);
		p.pgmap = pgmap_id(s->ids, a.found);
		fn(arg, &p);
	}
}

uint64_t source_pgmap_number(struct source *s, uint64_t address)
{
	return pgmap_id(s->ids, address);
}

int source_pgmap_refs(struct source *s, void (*fn)(void *arg, const struct dx_event *ev), void *arg)
{
	struct dx_pgmap_args a = { .pgmap_array = s->init.pgmap_array, .nr_cpus = s->nr_cpus };

	for (;;) {
		/* the time before the look: what was got by then is in the count */
		struct dx_event ev = {
			.type = DX_PGMAP_REFS, .time = clock_now(), .stack = -1, .ustack = -1
		};
		int rc = programs_run(s->skel->progs.dx_next_pgmap, &a, sizeof(a));

		if (rc || !a.found)
			return rc;
		if (a.again || !a.refs_known)
			continue;
		ev.flags = a.dying ? DX_F_DYING : 0;
		ev.pgmap = pgmap_id(s->ids, a.found);
		ev.pgmap_type = a.type;
		ev.pfn = a.pfn;
		ev.nr = a.nr_pages >> a.vmemmap_shift;
		ev.order = a.vmemmap_shift;
		ev.addr = a.refs;
		ev.index = a.refs_base;
		fn(arg, &ev);
	}
}

int source_sample(struct source *s, uint64_t pfn, struct dx_event *ev)
{
	struct dx_sample_args a = { .pfn = pfn };
	int rc = programs_run(s->skel->progs.dx_sample, &a, sizeof(a));

	if (rc)
		return rc;
	*ev = (struct dx_event){
		.type = DX_SAMPLE,
		.time = a.found ? a.time : clock_now(),
		.flags = a.found ? 0 : DX_F_NO_FOLIO,
		.pfn = a.found ? a.head : pfn,
		.pgmap = pgmap_id(s->ids, a.pgmap),
		.pgmap_type = a.type,
		.refcount = a.refcount,
		.mapcount = a.mapcount,
		.pincount = a.pincount,
		.order = a.order,
		.nr = 1,
		.stack = -1,
		.ustack = -1,
	};
	return 0;
}

int source_task(struct source *s, uint32_t tgid, struct dx_task *out)
{
	struct dx_program_args a = { .tgid = tgid };
	uint64_t time = clock_now();
	int rc = programs_run(s->skel->progs.dx_program, &a, sizeof(a));

	if (rc || !a.found)
		return rc ? rc : -ESRCH;
	*out = (struct dx_task){
		.time = time,
		.start = a.start,
		.exec = a.exec,
		.cgroup = a.cgroup,
		.tgid = tgid,
		.pid_ns = a.pid_ns,
		.mount_ns = a.mount_ns,
	};
	memcpy(out->comm, a.comm, sizeof(out->comm));
	return 0;
}

bool source_task_gone(struct source *s, uint32_t tgid, uint64_t since, uint64_t *start)
{
	struct dx_task now;
	int rc = tgid ? source_task(s, tgid, &now) : -EINVAL;

	*start = rc ? 0 : now.start;
	return rc == -ESRCH || *start > since;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * pgmap.bpf.c - the life of a pgmap and of folios as a whole (mm/memremap.c).
 */
#include "mark.bpf.h"

#define PHYS_PFN(x) ((x) >> PAGE_SHIFT)

static __always_inline void range_grow(__u64 first, __u64 last)
{
	if (first < dev_pfn_min)
		dev_pfn_min = first;
	if (last > dev_pfn_max)
		dev_pfn_max = last;
}

static __always_inline int emit_pgmap(__u16 type, struct dev_pagemap *pgmap, __u64 at, __s32 ret)
{
	struct dx_event *e = event_new(type, 0);

	if (!e)
		return 0;
	e->pgmap = at;
	e->pgmap_type = pgmap->type;
	if (pgmap->nr_range > 0) {
		e->pfn = PHYS_PFN(pgmap->range.start);
		e->index = PHYS_PFN(pgmap->range.end) + 1 - e->pfn;
	}
	e->ret = ret;
	event_submit(e);
	return 0;
}

SEC("fexit/memremap_pages")
int BPF_PROG(dx_pgmap_add, struct dev_pagemap *pgmap, int nid, void *ret)
{
	__u64 err = (__u64)ret;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (err > (__u64)-4096)
		return emit_pgmap(DX_PGMAP_ADD, pgmap, at, (__s32)err);
	range_grow(PHYS_PFN(pgmap->range.start), PHYS_PFN(pgmap->range.end));
	return emit_pgmap(DX_PGMAP_ADD, pgmap, at, 0);
}

SEC("fentry/memunmap_pages")
int BPF_PROG(dx_pgmap_kill, struct dev_pagemap *pgmap)
{
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	return emit_pgmap(DX_PGMAP_KILL, pgmap, at, 0);
}

SEC("fexit/memunmap_pages")
int BPF_PROG(dx_pgmap_gone, struct dev_pagemap *pgmap)
{
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	return emit_pgmap(DX_PGMAP_GONE, pgmap, at, 0);
}

SEC("fexit/get_dev_pagemap")
int BPF_PROG(dx_pgmap_get, unsigned long pfn)
{
	struct dev_pagemap *pgmap;
	__u64 ret = 0;

	/* two arguments before 6.18 (fd2825b0760a and after): ask for the return value by name */
	bpf_get_func_ret(ctx, &ret);
	if (!ret)
		return 0;
	pgmap = bpf_rdonly_cast((void *)ret, bpf_core_type_id_kernel(struct dev_pagemap));
	return emit_pgmap(DX_PGMAP_GET, pgmap, ret, 0);
}

SEC("fentry/dev_pagemap_percpu_release")
int BPF_PROG(dx_pgmap_release, struct percpu_ref *ref)
{
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	at -= bpf_core_field_offset(struct dev_pagemap, ref);
	return emit_pgmap(DX_PGMAP_RELEASE,
			  bpf_rdonly_cast((void *)at, bpf_core_type_id_kernel(struct dev_pagemap)),
			  at, 0);
}

/* PRIVATE and COHERENT only call it; the task's memory is about to hold the page. */
SEC("fentry/zone_device_page_init")
int BPF_PROG(dx_page_init, struct page *page)
{
	__u64 mm = mm_current(), order = 0, pgmap = 0;
	struct dx_event *e;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (mm)
		mm_mark(mm);
	e = event_new(DX_PAGE_INIT, 0);
	if (!e)
		return 0;
	event_folio(e, folio_cast(at), at);
	/* (page, pgmap, order) from 7.0 on: the folio is made so only inside */
	if (bpf_get_func_arg_cnt(ctx) >= 3) {
		bpf_get_func_arg(ctx, 2, &order);
		bpf_get_func_arg(ctx, 1, &pgmap);
		e->order = order & 31;
		e->nr = 1 << (order & 31);
		e->pgmap = pgmap;
		e->pgmap_type = ((struct dev_pagemap *)bpf_rdonly_cast(
			(void *)pgmap, bpf_core_type_id_kernel(struct dev_pagemap)))->type;
	}
	event_submit(e);
	return 0;
}

SEC("fentry/free_zone_device_folio")
int BPF_PROG(dx_free, struct folio *folio)
{
	struct dx_event *e;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	e = event_new(DX_FREE, 0);
	if (!e)
		return 0;
	event_folio(e, folio, at);
	event_submit(e);
	return 0;
}

/* Probes in modules attach when the module is there. */
SEC("tp_btf/module_load")
int BPF_PROG(dx_module, struct module *mod)
{
	struct dx_event *e = event_new(DX_MODULE, 0);

	if (!e)
		return 0;
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), mod->name);
	event_submit(e);
	return 0;
}

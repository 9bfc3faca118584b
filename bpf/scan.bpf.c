// SPDX-License-Identifier: GPL-2.0-only
/*
 * scan.bpf.c - what is read from the kernel by asking, not by waiting.
 */
#include "emit.bpf.h"
#include "scan.h"
#include "xarray.bpf.h"

__u64 gup_fast_start, gup_fast_end;

#define GUP_FAST_MAX 16384 /* 3,568 bytes on 7.2.12 */

static __always_inline __u64 symbol(const char *name, int len, __s64 *err)
{
	__u64 addr = 0;

	*err = bpf_kallsyms_lookup_name(name, len, 0, &addr);
	return *err ? 0 : addr;
}

#define SYMBOL(name, err) symbol(name, sizeof(name), err)

/*
 * A __ksym would let libbpf find these, at the price of reading all of
 * /proc/kallsyms; the helper finds them in the kernel.
 */
SEC("syscall")
int dx_init(struct dx_init_args *a)
{
	__s64 err, unused;
	__u64 p;

	p = SYMBOL("vmemmap_base", &err);
	a->err = err;
	if (p)
		bpf_probe_read_kernel(&a->vmemmap_base, sizeof(a->vmemmap_base), (void *)p);
	vmemmap_base = a->vmemmap_base;
	a->pgmap_array = SYMBOL("pgmap_array", &unused);
	a->gup_put_folio = SYMBOL("gup_put_folio", &unused);
	/* it is followed by get_user_pages_fast_only() in mm/gup.c */
	gup_fast_start = SYMBOL("gup_fast_fallback", &unused);
	gup_fast_end = SYMBOL("get_user_pages_fast_only", &unused);
	if (gup_fast_end < gup_fast_start || gup_fast_end > gup_fast_start + GUP_FAST_MAX)
		gup_fast_end = gup_fast_start;
	a->gup_fast_start = gup_fast_start;
	a->gup_fast_end = gup_fast_end;
	a->text[DX_TEXT_UNPIN_PAGE].addr = SYMBOL("unpin_user_page", &unused);
	a->text[DX_TEXT_UNPIN_USER_FOLIO].addr = SYMBOL("unpin_user_folio", &unused);
	a->text[DX_TEXT_UNPIN_FOLIO].addr = SYMBOL("unpin_folio", &unused);
	for (int i = 0; i < DX_TEXTS; i++)
		if (a->text[i].addr)
			bpf_probe_read_kernel(a->text[i].bytes, DX_TEXT_LEN, (void *)a->text[i].addr);
	return 0;
}

/* ---- pgmap_array: an xarray from pfn to pgmap (mm/memremap.c) ---- */

struct dx_walk walk;

/* Looks into one slot: down, found, or on to the next slot, from the root where the node ends. */
static long walk_step(__u64 unused, void *arg)
{
	struct dx_walk *w = &walk;
	__u32 shift = xa_node_cast(w->node)->shift;
	__u64 slot, entry;

	if (shift > 60 || (w->node == w->root && w->index >> shift >= XA_CHUNK)) {
		w->done = 1;
		return 1;
	}
	slot = (w->index >> shift) & (XA_CHUNK - 1);
	entry = xa_slot(w->node, slot);
	if (xa_is_node(entry)) {
		w->node = entry - 2;
		return 0;
	}
	if (entry && !xa_is_internal(entry)) {
		w->found = entry;
		return 1;
	}
	/* empty, or the sibling of an entry that was met before */
	w->index = ((w->index >> shift) + 1) << shift;
	if (slot == XA_CHUNK - 1)
		w->node = w->root;
	if (slot == XA_CHUNK - 1 && !w->index)
		w->done = 1; /* beyond the last index */
	return w->done ? 1 : 0;
}

SEC("syscall")
int dx_next_pgmap(struct dx_pgmap_args *a)
{
	struct dx_walk *w = &walk;
	struct dev_pagemap *pgmap;
	struct xarray *xa;
	__u64 head;

	a->found = 0;
	if (!a->pgmap_array)
		return 0;
	xa = bpf_rdonly_cast((void *)a->pgmap_array, bpf_core_type_id_kernel(struct xarray));
	head = (__u64)xa->xa_head;
	if (!xa_is_node(head))
		return 0;
	w->root = w->node = head - 2;
	w->index = a->index;
	w->found = 0;
	w->done = 0;
	bpf_loop(1 << 16, walk_step, NULL, 0);
	if (!w->found)
		return 0;
	pgmap = bpf_rdonly_cast((void *)w->found, bpf_core_type_id_kernel(struct dev_pagemap));
	a->found = w->found;
	a->type = pgmap->type;
	a->nr_range = pgmap->nr_range;
	a->vmemmap_shift = pgmap->vmemmap_shift;
	a->pfn = pgmap->range.start >> PAGE_SHIFT;
	a->nr_pages = (pgmap->range.end >> PAGE_SHIFT) + 1 - a->pfn;
	/* the first ones may be an altmap's, which have no struct page */
	a->zone_device = page_is_zone_device(page_cast(pfn_addr(a->pfn + a->nr_pages - 1)));
	/* ranges[] may be several: go on behind the one that holds this index */
	if (w->index >= a->pfn && w->index < a->pfn + a->nr_pages)
		a->index = a->pfn + a->nr_pages;
	else
		a->index = w->index + 1;
	if (a->pfn < dev_pfn_min)
		dev_pfn_min = a->pfn;
	if (a->pfn + a->nr_pages - 1 > dev_pfn_max)
		dev_pfn_max = a->pfn + a->nr_pages - 1;
	return 0;
}

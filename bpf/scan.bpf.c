// SPDX-License-Identifier: GPL-2.0-only
/*
 * scan.bpf.c - what is read from the kernel by asking, not by waiting.
 */
#include "folio.bpf.h"
#include "scan.h"
#include "xarray.bpf.h"

__u64 gup_fast_start, gup_fast_end;
__u64 per_cpu_offset; /* address of the array */
__u8 texts[DX_TEXTS * DX_TEXT_LEN]; /* the first bytes of each, perhaps beyond its end */

#define GUP_FAST_MAX 16384 /* 3,568 bytes on 7.2.12 */

enum {
	SYM_VMEMMAP_BASE,
	SYM_PAGE_OFFSET_BASE,
	SYM_PGMAP_ARRAY,
	SYM_PER_CPU_OFFSET,
	SYM_GUP_PUT_FOLIO,
	SYM_GUP_FAST,
	SYM_GUP_FAST_ONLY, /* it follows in mm/gup.c */
	SYM_TEXT, /* DX_TEXTS of them */
	SYMS = SYM_TEXT + DX_TEXTS
};
static const char symbol_names[SYMS][SYMBOL_MAX] = {
	[SYM_VMEMMAP_BASE] = "vmemmap_base",
	[SYM_PAGE_OFFSET_BASE] = "page_offset_base",
	[SYM_PGMAP_ARRAY] = "pgmap_array",
	[SYM_PER_CPU_OFFSET] = "__per_cpu_offset",
	[SYM_GUP_PUT_FOLIO] = "gup_put_folio",
	[SYM_GUP_FAST] = "gup_fast_fallback",
	[SYM_GUP_FAST_ONLY] = "get_user_pages_fast_only",
	[SYM_TEXT + DX_TEXT_UNPIN_PAGE] = "unpin_user_page",
	[SYM_TEXT + DX_TEXT_UNPIN_USER_FOLIO] = "unpin_user_folio",
	[SYM_TEXT + DX_TEXT_UNPIN_FOLIO] = "unpin_folio",
};
__u64 symbols[SYMS];

static long symbol_step(__u64 i, void *arg)
{
	if (i >= SYMS)
		return 1;
	symbols[i] = symbol_at(symbol_names[i]);
	return 0;
}

/*
 * A __ksym would let libbpf find these, at the price of reading all of
 * /proc/kallsyms; the helper finds them in the kernel.
 */
SEC("syscall")
int dx_init(struct dx_init_args *a)
{
	__s64 err;

	err = bpf_kallsyms_lookup_name(symbol_names[SYM_VMEMMAP_BASE], SYMBOL_MAX, 0,
				       &symbols[SYM_VMEMMAP_BASE]);
	a->err = err;
	bpf_loop(SYMS, symbol_step, NULL, 0);
	if (symbols[SYM_VMEMMAP_BASE])
		vmemmap_base = word_at(symbols[SYM_VMEMMAP_BASE]);
	a->vmemmap_base = vmemmap_base;
	if (symbols[SYM_PAGE_OFFSET_BASE])
		page_offset_base = word_at(symbols[SYM_PAGE_OFFSET_BASE]);
	a->pgmap_array = symbols[SYM_PGMAP_ARRAY];
	per_cpu_offset = symbols[SYM_PER_CPU_OFFSET];
	a->gup_put_folio = symbols[SYM_GUP_PUT_FOLIO];
	gup_fast_start = symbols[SYM_GUP_FAST];
	gup_fast_end = symbols[SYM_GUP_FAST_ONLY];
	if (gup_fast_end < gup_fast_start || gup_fast_end > gup_fast_start + GUP_FAST_MAX)
		gup_fast_end = gup_fast_start;
	a->gup_fast_start = gup_fast_start;
	a->gup_fast_end = gup_fast_end;
	/* constant offsets into a context, see read_ranges() */
#pragma unroll
	for (int i = 0; i < DX_TEXTS; i++) {
		a->text[i].addr = symbols[SYM_TEXT + i];
		if (symbols[SYM_TEXT + i])
			bpf_probe_read_kernel(&texts[i * DX_TEXT_LEN], DX_TEXT_LEN,
					      (void *)symbols[SYM_TEXT + i]);
	}
	return 0;
}

/* ---- pgmap_array: an xarray from pfn to pgmap (mm/memremap.c) ---- */

struct xa_search walk; /* one walk at a time */
static long walk_step(__u64 unused, void *arg)
{
	return xa_search_step(&walk);
}

/* ---- a percpu_ref from outside (lib/percpu-refcount.c), and what is always in it ---- */

#define PERCPU_REF_FLAGS   3
#define PERCPU_COUNT_BIAS  (1ULL << 63)
#define PGMAP_ALTMAP_VALID 1 /* include/linux/memremap.h */
#define MAX_CPUS	   8192

__u64 refs_ptr, refs_sum; /* one at a time, as the walk */

static long refs_step(__u64 cpu, void *arg)
{
	__u64 offset = word_at(per_cpu_offset + cpu * 8);

	refs_sum += word_at((refs_ptr & ~(__u64)PERCPU_REF_FLAGS) + offset);
	return 0;
}

static __always_inline __u64 altmap_pages(struct dev_pagemap *pgmap)
{
	return pgmap->flags & PGMAP_ALTMAP_VALID ? pgmap->altmap.reserve + pgmap->altmap.free : 0;
}

struct dx_range ranges[DX_PGMAP_RANGES]; /* of one pgmap at a time, as the walk */
__u64 ranges_at, ranges_nr; /* pgmap->range, nr_range */
__u64 ranges_refs, ranges_shift, ranges_no_memmap; /* of their folios: pfn_len(), mm/memremap.c */

static long range_step(__u64 i, void *arg)
{
	__u64 at = ranges_at + i * sizeof(struct range), pfn, nr;

	if (i >= DX_PGMAP_RANGES)
		return 1;
	ranges[i].pfn = ranges[i].nr = 0;
	if (i >= ranges_nr)
		return 0;
	pfn = word_at(at) >> PAGE_SHIFT;
	nr = ((word_at(at + 8) + 1) >> PAGE_SHIFT) - pfn;
	ranges[i].pfn = pfn;
	ranges[i].nr = nr;
	ranges_refs += (nr - (i ? 0 : ranges_no_memmap)) >> ranges_shift;
	if (pfn < dev_pfn_min)
		dev_pfn_min = pfn;
	if (pfn + nr - 1 > dev_pfn_max)
		dev_pfn_max = pfn + nr - 1;
	return 0;
}

static __always_inline void read_ranges(struct dx_pgmap_args *a, struct dev_pagemap *pgmap)
{
	ranges_at = (__u64)&pgmap->range;
	ranges_nr = pgmap->nr_range;
	ranges_shift = pgmap->vmemmap_shift & 63;
	ranges_no_memmap = altmap_pages(pgmap);
	a->no_memmap = ranges_no_memmap;
	ranges_refs = 0;
	bpf_loop(DX_PGMAP_RANGES, range_step, NULL, 0);
	/* 6.12 wants constant offsets into a context */
#pragma unroll
	for (int i = 0; i < DX_PGMAP_RANGES; i++) {
		a->range[i].pfn = ranges[i].pfn;
		a->range[i].nr = ranges[i].nr;
	}
}

/*
 * Gets and puts go on while the CPUs are summed, so a sum can be wrong by those under way.
 * In atomic mode (killed) it is one word.
 */
static __always_inline void read_refs(struct dx_pgmap_args *a, struct dev_pagemap *pgmap)
{
	struct percpu_ref *ref = &pgmap->ref;
	__u64 data = field_word(ref, struct percpu_ref, data), count;

	refs_ptr = ref->percpu_count_ptr;
	refs_sum = 0;
	a->dying = !!(refs_ptr & PERCPU_REF_DEAD);
	a->refs_known = data && per_cpu_offset;
	if (!a->refs_known)
		return;
	bpf_loop(a->nr_cpus < MAX_CPUS ? a->nr_cpus : MAX_CPUS, refs_step, NULL, 0);
	count = ref->data->count.counter;
	/* not bit 63: puts while it is being killed push the count below the bias */
	a->refs = count > 1ULL << 62 ? count - PERCPU_COUNT_BIAS + refs_sum : count;
	a->refs_base = 1;
	if (a->type == MEMORY_DEVICE_PRIVATE || a->type == MEMORY_DEVICE_COHERENT)
		return;
	a->refs_base += ranges_refs;
	/* more than can be counted here: rather nothing than a wrong number */
	if (pgmap->nr_range > DX_PGMAP_RANGES)
		a->refs_known = 0;
}

/* ---- the counts of one folio ---- */

SEC("syscall")
int dx_sample(struct dx_sample_args *a)
{
	__u64 at, page = pfn_addr(a->pfn);
	struct folio *folio;

	a->found = 0;
	if (a->pfn < dev_pfn_min || a->pfn > dev_pfn_max || !page_is_zone_device(page_cast(page)))
		return 0;
	at = page_head(page);
	folio = folio_cast(at);
	a->time = bpf_ktime_get_ns();
	a->refcount = folio->_refcount.counter;
	if (folio_is_large(folio)) {
		a->order = folio->_flags_1 & 0xff;
		a->mapcount = folio->_large_mapcount.counter + 1;
		a->pincount = folio->_pincount.counter;
	} else {
		struct folio_counts n = folio_counts_small(at);

		a->order = 0;
		a->refcount = n.ref;
		a->mapcount = n.map;
		a->pincount = n.ref > 0 ? (__u32)n.ref / GUP_PIN_COUNTING_BIAS : 0;
	}
	a->head = addr_pfn(at);
	a->pgmap = folio_pgmap_addr(at);
	a->type = folio_pgmap(at)->type;
	a->found = 1;
	return 0;
}

SEC("syscall")
int dx_next_pgmap(struct dx_pgmap_args *a)
{
	struct xa_search *w = &walk;
	struct dev_pagemap *pgmap;
	struct xarray *xa;
	__u32 shift;

	a->found = 0;
	if (!a->pgmap_array)
		return 0;
	xa = cast(a->pgmap_array, xarray);
	xa_search_begin(w, (__u64)xa->xa_head, a->index, -1ULL);
	bpf_loop(1 << 16, walk_step, NULL, 0);
	if (!w->found)
		return 0;
	pgmap = cast(w->found, dev_pagemap);
	a->found = w->found;
	a->type = pgmap->type;
	a->nr_range = pgmap->nr_range;
	a->vmemmap_shift = pgmap->vmemmap_shift;
	a->pfn = pgmap->range.start >> PAGE_SHIFT;
	a->nr_pages = (pgmap->range.end >> PAGE_SHIFT) + 1 - a->pfn;
	/* the first ones may be an altmap's, which have no struct page */
	a->zone_device = page_is_zone_device(page_cast(pfn_addr(a->pfn + a->nr_pages - 1)));
	/* go on behind its first range; else behind the slot that has the entry of many pages */
	a->again = w->index - a->pfn >= a->nr_pages;
	shift = w->node ? xa_node_cast(w->node)->shift : 0;
	if (!a->again)
		a->index = a->pfn + a->nr_pages;
	else
		a->index = ((w->index >> (shift & 63)) + 1) << (shift & 63);
	/* the node was freed meanwhile: not from the beginning once more */
	if (a->index <= w->index)
		a->index = w->index + 1;
	/* it is being made: memremap_pages() counts its ranges as it has added each (mm/memremap.c) */
	if (!a->nr_range)
		a->again = 1;
	a->owner = field_word(pgmap, struct dev_pagemap, owner);
	a->ops = field_word(pgmap, struct dev_pagemap, ops);
	read_ranges(a, pgmap);
	read_refs(a, pgmap);
	return 0;
}

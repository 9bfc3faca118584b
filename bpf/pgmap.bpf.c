// SPDX-License-Identifier: GPL-2.0-only
/*
 * pgmap.bpf.c - the life of a pgmap and of folios as a whole (mm/memremap.c).
 */
#include "hook.bpf.h"
#include "mark.bpf.h"
#include "rule.bpf.h"

#define PHYS_PFN(x) ((x) >> PAGE_SHIFT)

static __always_inline void range_grow(__u64 first, __u64 last)
{
	if (first < dev_pfn_min)
		dev_pfn_min = first;
	if (last > dev_pfn_max)
		dev_pfn_max = last;
}

static __always_inline int emit_pgmap(void *ctx, __u16 type, struct dev_pagemap *pgmap, __u64 at,
				      __s32 ret)
{
	int stack = stack_id(ctx, 0);
	struct dx_event *e = event_new(type, 0);

	if (!e)
		return 0;
	e->stack = stack;
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

HOOK(dx_pgmap_add)
{
	struct dev_pagemap *pgmap = hook_ptr(ctx, 0, dev_pagemap);
	void *ret = (void *)hook_ret(ctx);
	__u64 err = (__u64)ret;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (err > (__u64)-4096)
		return emit_pgmap(ctx, DX_PGMAP_ADD, pgmap, at, (__s32)err);
	range_grow(PHYS_PFN(pgmap->range.start), PHYS_PFN(pgmap->range.end));
	return emit_pgmap(ctx, DX_PGMAP_ADD, pgmap, at, 0);
}

/* ---- nobody may hold or map a folio whose pgmap goes ---- */

static long gone_step(__u64 unused, void *arg)
{
	struct gone_walk *w = *(struct gone_walk **)arg;
	__u64 at = pfn_addr(w->pfn), pages = 1;
	struct folio *folio = folio_cast(at);

	if (w->pfn >= w->end)
		return 1;
	/* the first pages may be an altmap's, the last ones not yet made */
	if (page_is_zone_device(page_cast(at)) && page_head(at) == at &&
	    folio_pgmap_addr(at) == w->pgmap) {
		if (folio_is_large(folio))
			pages = 1ULL << (folio->_flags_1 & 31);
		if (folio->_refcount.counter > w->idle) {
			if (!w->in_use)
				w->first = at;
			w->in_use++;
		}
	}
	w->pfn += pages;
	return 0;
}

/*
 * memunmap_pages() waits for references on the pgmap, and folios of FS_DAX and device-dax
 * hold none: they are pulled from under whoever maps or pins them. PRIVATE, COHERENT and P2PDMA
 * hold it for each folio, so there it waits.
 */
static __noinline int gone_rules(void *ctx, struct dev_pagemap *pgmap, __u64 at)
{
	struct dx_rule_counts *c = rule_counts();
	struct task_ctx *t = task_ctx_get();
	__u32 type = pgmap->type;
	struct gone_walk *w;

	if (type != MEMORY_DEVICE_FS_DAX && !(type == MEMORY_DEVICE_GENERIC && pgmap_is_devdax(at)))
		return 0;
	if (!t)
		lost_count(DX_PGMAP_KILL);
	if (!t || !c || pgmap->nr_range != 1)
		return 0;
	w = &t->gone;
	rule_checked(c, DX_RULE_PGMAP_GONE_UNDER_PIN);
	w->pfn = PHYS_PFN(pgmap->range.start);
	w->end = PHYS_PFN(pgmap->range.end) + 1;
	w->pgmap = at;
	w->in_use = 0;
	w->idle = idle_count(type);
	bpf_loop(1 << 23, gone_step, &w, 0);
	if (!w->in_use)
		return 0;
	__sync_fetch_and_add(&c->gone_folios, w->in_use);
	/* it is one thing that happens to all of them */
	return rule_broken(ctx,
			   WHAT(DX_RULE_PGMAP_GONE_UNDER_PIN, DX_D_IN_USE) |
				   WHAT_WHERE(WHERE_PGMAP) | WHAT_NR(w->in_use),
			   w->first, COUNTS(w->idle, folio_cast(w->first)->_refcount.counter), at);
}

HOOK(dx_pgmap_kill)
{
	struct dev_pagemap *pgmap = hook_ptr(ctx, 0, dev_pagemap);
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (rules_on)
		gone_rules(ctx, pgmap, at);
	return emit_pgmap(ctx, DX_PGMAP_KILL, pgmap, at, 0);
}

HOOK(dx_pgmap_gone)
{
	struct dev_pagemap *pgmap = hook_ptr(ctx, 0, dev_pagemap);
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	return emit_pgmap(ctx, DX_PGMAP_GONE, pgmap, at, 0);
}

HOOK(dx_pgmap_get)
{
	struct dev_pagemap *pgmap;
	__u64 ret = 0;

	/* two arguments before 6.18 (fd2825b0760a and after): ask for the return value by name */
	bpf_get_func_ret(ctx, &ret);
	if (!ret)
		return 0;
	pgmap = pgmap_cast(ret);
	if (rules_on) {
		/* percpu_ref_tryget_live_rcu() refuses one that is dead */
		rule_checked(rule_counts(), DX_RULE_PGMAP_DEAD_USE);
		if (pgmap_dead(pgmap))
			rule_broken(ctx,
				    WHAT(DX_RULE_PGMAP_DEAD_USE, DX_D_PGMAP_GET) |
					    WHAT_WHERE(WHERE_PGMAP),
				    0, 0, ret);
	}
	return emit_pgmap(ctx, DX_PGMAP_GET, pgmap, ret, 0);
}

HOOK(dx_pgmap_release)
{
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	at -= bpf_core_field_offset(struct dev_pagemap, ref);
	return emit_pgmap(ctx, DX_PGMAP_RELEASE, cast(at, dev_pagemap), at, 0);
}

/* PRIVATE and COHERENT only call it; the task's memory is about to hold the page. */
HOOK(dx_page_init)
{
	struct page *page = hook_ptr(ctx, 0, page);
	__u64 mm = mm_current(), order = 0, pgmap = 0;
	struct dx_event *e;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (mm)
		mm_mark(mm);
	/* (page, pgmap, order) from 7.0 on: the folio is made so only inside */
	if (bpf_get_func_arg_cnt(ctx) >= 3) {
		bpf_get_func_arg(ctx, 2, &order);
		bpf_get_func_arg(ctx, 1, &pgmap);
	} else {
		pgmap = folio_pgmap_addr(at);
	}
	if (rules_on) {
		__u64 counts = COUNTS(0, page->_refcount.counter);

		rule_checked(rule_counts(), DX_RULE_PRIVATE_INIT);
		if (counts)
			rule_broken(ctx, WHAT(DX_RULE_PRIVATE_INIT, DX_D_REFCOUNT), at, counts, 0);
		/* free_zone_device_folio() has cleared it when the page was last freed */
		if (folio_mapping_word(at))
			rule_broken(ctx, WHAT(DX_RULE_PRIVATE_INIT, DX_D_MAPPING_BEFORE), at,
				    counts, 0);
		rule_checked(rule_counts(), DX_RULE_PGMAP_DEAD_USE);
		if (pgmap_dead(pgmap_cast(pgmap)))
			rule_broken(ctx, WHAT(DX_RULE_PGMAP_DEAD_USE, DX_D_PGMAP_GET), at, counts, 0);
	}
	e = event_new(DX_PAGE_INIT, 0);
	if (!e)
		return 0;
	event_folio(e, folio_cast(at), at);
	e->order = order & 31;
	e->nr = 1 << (order & 31);
	e->pgmap = pgmap;
	e->pgmap_type = pgmap_cast(pgmap)->type;
	event_submit(e);
	return 0;
}

/* Handed out: one reference, locked. Nobody else knows the page yet. */
HOOK(dx_page_init_end)
{
	struct page *page = hook_ptr(ctx, 0, page);
	__u64 at;
	int got;

	if (!rules_on)
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	got = page->_refcount.counter;
	if (got < 1)
		rule_broken(ctx, WHAT(DX_RULE_PRIVATE_INIT, DX_D_REFCOUNT), at, COUNTS(1, got), 0);
	if (page_flags(page) & (1UL << bpf_core_enum_value(enum pageflags, PG_locked)))
		return 0;
	return rule_broken(ctx, WHAT(DX_RULE_PRIVATE_INIT, DX_D_UNLOCKED), at, COUNTS(1, got), 0);
}

/*
 * An FS_DAX folio whose count has reached 0 may be taken again by a fault before we look: its
 * entry is still there (dax_fault_iter() takes a reference from 0). So a count above 0 is
 * no sign there, but a count below the mapcount is: of a small folio both are one word, of
 * a large one four looks must agree.
 */
static __always_inline int freed_fs_dax(void *ctx, struct folio *folio, __u64 at, int got)
{
	if (got < 0)
		return rule_broken(ctx, WHAT(DX_RULE_FREE_NONZERO, DX_D_REFCOUNT), at,
				   COUNTS(0, got), 0);
	for (int i = 0; i < 4; i++) {
		struct folio_counts n = folio_counts_small(at);

		if (folio_is_large(folio)) {
			n.map = *(volatile int *)&folio->_large_mapcount.counter + 1;
			n.ref = *(volatile int *)&folio->_refcount.counter;
		}
		if (n.map <= n.ref)
			return 0;
		got = n.map;
	}
	return rule_broken(ctx, WHAT(DX_RULE_FOLIO_OVERPUT, DX_D_FREED_MAPPED), at, COUNTS(0, got),
			   0);
}

/* The count is 0, and nobody maps it: a mapping's reference is put after its mapcount. */
static __noinline int free_rules(void *ctx, struct folio *folio, __u64 at)
{
	struct dev_pagemap *pgmap = folio_pgmap(at);
	struct dx_rule_counts *c = rule_counts();
	__u32 type = pgmap->type;
	int got;

	rule_checked(c, DX_RULE_FREE_NONZERO);
	rule_checked(c, DX_RULE_FOLIO_OVERPUT);
	got = folio->_refcount.counter;
	if (type == MEMORY_DEVICE_FS_DAX)
		return freed_fs_dax(ctx, folio, at, got);
	if (got)
		return rule_broken(ctx, WHAT(DX_RULE_FREE_NONZERO, DX_D_REFCOUNT), at,
				   COUNTS(0, got), 0);
	if (type == MEMORY_DEVICE_GENERIC) {
		/* the base reference of a device-dax folio is nobody's to put */
		if (!pgmap_is_devdax((__u64)pgmap))
			return 0;
		rule_checked(c, DX_RULE_GENERIC_OVERPUT);
		return rule_broken(ctx, WHAT(DX_RULE_GENERIC_OVERPUT, DX_D_REFCOUNT), at,
				   COUNTS(1, 0), 0);
	}
	got = folio_mapcount(folio);
	if (got <= 0)
		return 0;
	return rule_broken(ctx, WHAT(DX_RULE_FOLIO_OVERPUT, DX_D_FREED_MAPPED), at, COUNTS(0, got),
			   0);
}

/* 6.12: the base reference of an FS_DAX folio is nobody's to put. */
static __noinline int put_rules(void *ctx, struct folio *folio, __u64 at, int refs)
{
	int got;

	/* pins, which unpin_rules() has looked at */
	if (refs >= GUP_PIN_COUNTING_BIAS)
		return 0;
	rule_checked(rule_counts(), DX_RULE_FOLIO_OVERPUT);
	got = folio->_refcount.counter - refs;
	if (got >= 1)
		return 0;
	return rule_broken(ctx, WHAT(DX_RULE_FOLIO_OVERPUT, DX_D_REFCOUNT) | WHAT_NR(refs), at,
			   COUNTS(1, got), 0);
}

SEC("fentry/free_zone_device_folio")
int BPF_PROG(dx_free, struct folio *folio)
{
	struct dx_event *e;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (rules_on)
		free_rules(ctx, folio, at);
	e = event_new(DX_FREE, 0);
	if (!e)
		return 0;
	event_folio(e, folio, at);
	event_submit(e);
	return 0;
}

/*
 * 6.12 and before: an FS_DAX folio is free at 1, and put without free_zone_device_folio().
 * Its waiters are woken by the put that leaves 1. Other types return false and are put as usual.
 */
SEC("fentry/__put_devmap_managed_folio_refs")
int BPF_PROG(dx_put_managed, struct folio *folio, int refs)
{
	struct dx_event *e;
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	if (folio_pgmap(at)->type != MEMORY_DEVICE_FS_DAX)
		return 0;
	if (rules_on)
		put_rules(ctx, folio, at, refs);
	if (folio->_refcount.counter - refs != 1)
		return 0;
	e = event_new(DX_FREE, 0);
	if (!e)
		return 0;
	event_folio(e, folio, at);
	e->refcount -= refs;
	event_submit(e);
	return 0;
}

/*
 * Memory that is handed out holds its pgmap, one reference a call (drivers/pci/p2pdma.c); the
 * counts of its pages stay 0. Elsewhere than in the map of all memory there is none of it.
 */
static __always_inline int p2p_memory(void *ctx, __u16 type, __u64 vaddr, __u64 size)
{
	__u64 at;

	if (!page_offset_base || vaddr < page_offset_base)
		return 0;
	at = pfn_addr((vaddr - page_offset_base) >> PAGE_SHIFT);
	if (!page_is_zone_device(page_cast(at)))
		return 0;
	at = folio_pgmap_addr(page_head(at));
	return emit_pgmap(ctx, type, pgmap_cast(at), at, 0);
}

HOOK(dx_p2p_alloc)
{
	unsigned long size = hook_arg(ctx, 1);
	void *ret = (void *)hook_ret(ctx);

	return ret ? p2p_memory(ctx, DX_P2P_ALLOC, (__u64)ret, size) : 0;
}

HOOK(dx_p2p_free)
{
	void *addr = (void *)hook_arg(ctx, 1);
	unsigned long size = hook_arg(ctx, 2);

	return p2p_memory(ctx, DX_P2P_FREE, (__u64)addr, size);
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * install.bpf.c - a folio is put in a page table, or taken out.
 *
 * PTEs: insert_page_into_pte_locked() (mm/memory.c) runs for vm_insert_page() and
 * vmf_insert_*() only, never for the page cache or anonymous memory, so ordinary
 * faults pay nothing; folio_add_file_rmap_ptes(), the second choice, runs for all.
 */
#include "hook.bpf.h"
#include "file.bpf.h"
#include "mark.bpf.h"
#include "rule.bpf.h"

struct seen_map files_seen SEC(".maps");

#define PTE_DIRTY_ACCESSED 0x60 /* pte_none() ignores them: an erratum, arch/x86 */
#define PTE_PFN_MASK	   0x000ffffffffff000ULL

/* Outside a fault: of device-dax, or of a driver. @ref: before the install's own. */
static __noinline int install_rules(void *ctx, __u64 at, int ref)
{
	struct dev_pagemap *pgmap = folio_pgmap(at);
	struct dx_rule_counts *c = rule_counts();

	rule_checked(c, DX_RULE_INSTALL_ZERO_REF);
	rule_checked(c, DX_RULE_INSTALL_WITHOUT_REF);
	rule_checked(c, DX_RULE_PGMAP_DEAD_USE);
	if (pgmap->type == MEMORY_DEVICE_PCI_P2PDMA) {
		/* p2pmem_alloc_mmap(), drivers/pci/p2pdma.c: the allocation's reference, no other */
		rule_checked(c, DX_RULE_P2PDMA_COUNT);
		if (ref != 1)
			rule_broken(ctx, WHAT(DX_RULE_P2PDMA_COUNT, DX_D_REFCOUNT), at,
				    COUNTS(1, ref), 0);
	}
	if (pgmap_dead(pgmap))
		rule_broken(ctx, WHAT(DX_RULE_PGMAP_DEAD_USE, DX_D_INSTALL), at, COUNTS(1, ref), 0);
	return 0;
}

/*
 * What a fault's insert has made of the folio, under the entry's lock: the mapping and
 * index of this entry, or owners that share it, and its order. Others that come to share it
 * change it meanwhile: see owner_rules().
 *
 * Returns WHAT(), 0: all is right.
 */
__noinline __u64 associated_check(__u64 at, __u64 mapping, __u64 index, __u32 large, __u32 shared)
{
	struct folio *folio = folio_cast(at);
	__u32 detail = 0;

	if ((folio_is_large(folio) ? folio->_flags_1 & 0xff : 0) != (large && !legacy ? 9 : 0))
		return WHAT(DX_RULE_ENTRY_STALE_STATE, DX_D_ORDER_AFTER);
	for (int i = 0; i < 4; i++) {
		__u64 now = folio_mapping_word(at);

		if (now == mapping && folio->index == index)
			return 0;
		if (shared && folio_share(at))
			return 0;
		detail = now == mapping ? DX_D_INDEX_AFTER : DX_D_MAPPING_AFTER;
	}
	if (shared)
		return WHAT(DX_RULE_SHARE_MISMATCH, DX_D_NO_OWNER);
	return WHAT(DX_RULE_ENTRY_STALE_STATE, detail);
}

static __noinline int associated_broken(void *ctx, __u64 what, __u64 at, bool large)
{
	struct folio *folio = folio_cast(at);
	__u64 counts = 0, index = 0;

	if (what == WHAT(DX_RULE_ENTRY_STALE_STATE, DX_D_ORDER_AFTER))
		counts = COUNTS(large ? 9 : 0, folio_is_large(folio) ? folio->_flags_1 & 0xff : 0);
	else if (what == WHAT(DX_RULE_ENTRY_STALE_STATE, DX_D_INDEX_AFTER))
		index = folio->index;
	return rule_broken(ctx, what, at, counts, index);
}

static __always_inline void associated_rules(void *ctx, struct fault *f, __u64 page)
{
	__u64 at, what;

	if (folio_mapping_word(page) == f->mapping && !f->large &&
	    word_at(page + bpf_core_field_offset(struct folio, index)) == f->index)
		return;
	at = page_head(page);
	what = associated_check(at, f->mapping, f->index, f->large, f->flags & DX_F_SHARED);
	if (what)
		associated_broken(ctx, what, at, f->large);
}

/* Outside a fault that will report it: an event of its own. */
__noinline int emit_install(__u64 at, __u32 level, __u32 flags, __u64 addr)
{
	struct dx_event *e = event_new(DX_INSTALL, flags);

	if (!e)
		return 0;
	event_folio(e, folio_cast(at), at);
	e->level = level;
	e->addr = addr;
	event_submit(e);
	return 0;
}

/*
 * @f: the fault under way, NULL: none. @at: the folio's address, @page: the page's.
 * @ref, @map: before the install's own. The fault's end reports it when it is about this page.
 */
static __always_inline void installed(void *ctx, struct fault *f, __u64 at, __u64 page,
				      struct vm_area_struct *vma, __u8 level, __u32 flags, int ref,
				      int map, __u64 addr)
{
	__u64 mm = field_word(vma, struct vm_area_struct, vm_mm);

	if (!f) {
		struct task_ctx *t = task_ctx_find();

		if (t)
			f = &t->sync;
	}
	if (f && f->vmf && pfn_addr(f->pfn) == page) {
		mm_seen(f, mm);
		f->flags |= flags & (DX_F_INSTALL | DX_F_UPGRADE);
		f->ref_install = ref;
		f->map_install = map;
		f->time = bpf_ktime_get_ns();
		if (rules_on) {
			f->checked[DX_FAULT_INSTALLED]++;
			if (f->flags & DX_F_INSERT)
				associated_rules(ctx, f, page);
		}
		return;
	}
	if (!(flags & DX_F_INSTALL))
		return;
	if (rules_on)
		install_rules(ctx, at, ref);
	mm_mark(mm);
	file_mapped(field_word(vma, struct vm_area_struct, vm_file));
	emit_install(at, level, flags, addr);
}

SEC("fentry/insert_page_into_pte_locked")
int BPF_PROG(dx_install_pte, struct vm_area_struct *vma, pte_t *pte, unsigned long addr,
	     struct page *page)
{
	__u64 pteval, at, head, mkwrite = 0;
	struct folio_counts n;
	struct folio *folio;
	struct fault *f;
	__u32 flags;

	f = fault_find();
	if (f) {
		f->page = (__u64)page;
		barrier_var(f);
		at = *(volatile __u64 *)&f->page;
	} else {
		bpf_get_func_arg(ctx, 3, &at);
	}
	/* what the fault inserts is of the device */
	if ((!f || pfn_addr(f->pfn) != at) && !page_is_zone_device(page))
		return 0;
	head = at;
	if (!f || f->large || pfn_addr(f->pfn) != at)
		head = page_head(at);
	folio = folio_cast(head);
	n = folio_counts_small(head);
	if ((!f || f->large) && folio_is_large(folio))
		n.map = folio_mapcount(folio);
	pteval = pte->pte & ~PTE_DIRTY_ACCESSED;
	if (!pteval)
		flags = DX_F_INSTALL;
	/*
	 * A pgprot_t comes fifth, a struct by value, which BPF_PROG of libbpf 1.1 can't name;
	 * mkwrite comes sixth, but not on every kernel (6.12 has five).
	 */
	else if (!bpf_get_func_arg(ctx, 5, &mkwrite) && (__u8)mkwrite &&
		 (pteval & PTE_PFN_MASK) >> PAGE_SHIFT == addr_pfn(at))
		flags = DX_F_UPGRADE;
	else
		return 0;
	installed(ctx, f, head, at, vma, DX_PTE, flags, n.ref, n.map, addr);
	return 0;
}

/* ---- attempts with a page that nobody holds: the PTE's function refuses them, the others don't ---- */

static __noinline int install_zero(void *ctx, __u64 page, __u64 addr, __u32 level)
{
	__u64 at = page_head(page);
	int got = folio_cast(at)->_refcount.counter;

	if (got > 0)
		return 0;
	return rule_broken(ctx, WHAT(DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE) | WHAT_LEVEL(level), at,
			   COUNTS(1, got), addr);
}

/* validate_page_before_insert(), mm/memory.c, would refuse it in the next step. */
HOOK(dx_insert_page)
{
	unsigned long addr = hook_arg(ctx, 1);
	struct page *page = hook_ptr(ctx, 2, page);
	__u64 at;

	if (!rules_on || page->_refcount.counter > 0 || !page_is_zone_device(page))
		return 0;
	bpf_get_func_arg(ctx, 2, &at);
	return install_zero(ctx, at, addr, DX_PTE);
}

static __always_inline int insert_folio(__u64 *ctx, struct vm_fault *vmf, struct folio *folio,
					__u8 level)
{
	__u64 at;

	if (!rules_on || folio->_refcount.counter > 0 || !page_is_zone_device((struct page *)folio))
		return 0;
	bpf_get_func_arg(ctx, 1, &at);
	return install_zero(ctx, at, vmf->address, level);
}

HOOK(dx_insert_pmd)
{
	struct vm_fault *vmf = hook_ptr(ctx, 0, vm_fault);
	struct folio *folio = hook_ptr(ctx, 1, folio);

	return insert_folio(ctx, vmf, folio, DX_PMD);
}

HOOK(dx_insert_pud)
{
	struct vm_fault *vmf = hook_ptr(ctx, 0, vm_fault);
	struct folio *folio = hook_ptr(ctx, 1, folio);

	return insert_folio(ctx, vmf, folio, DX_PUD);
}

/* folio_add_file_rmap_*(): the reference was taken just before, under the page table lock. */
static __always_inline int rmap_added(__u64 *ctx, struct folio *folio, struct vm_area_struct *vma,
				      __u8 level)
{
	__u64 at;

	if (!page_is_zone_device((struct page *)folio))
		return 0;
	bpf_get_func_arg((void *)ctx, 0, &at);
	installed(ctx, fault_find(), at, at, vma, level, DX_F_INSTALL | DX_F_REF_TAKEN,
		  folio->_refcount.counter - 1, folio_mapcount(folio), 0);
	return 0;
}

SEC("fentry/folio_add_file_rmap_ptes")
int BPF_PROG(dx_rmap_add_ptes, struct folio *folio, struct page *page, int nr,
	     struct vm_area_struct *vma)
{
	return rmap_added(ctx, folio, vma, DX_PTE);
}

SEC("fentry/folio_add_file_rmap_pmd")
int BPF_PROG(dx_rmap_add_pmd, struct folio *folio, struct page *page, struct vm_area_struct *vma)
{
	return rmap_added(ctx, folio, vma, DX_PMD);
}

HOOK(dx_rmap_add_pud)
{
	struct folio *folio = hook_ptr(ctx, 0, folio);
	struct vm_area_struct *vma = hook_ptr(ctx, 2, vm_area_struct);

	return rmap_added(ctx, folio, vma, DX_PUD);
}

/*
 * A PMD of anonymous memory is split: its PTEs are mappings by now, each with a reference, but the
 * first one's is the PMD's own, whose mapping goes last (__split_huge_pmd_locked(),
 * mm/huge_memory.c). Only memory of these types is anonymous.
 */
static __noinline bool pmd_is_split(__u64 at, int map)
{
	__u32 type = folio_pgmap(at)->type;

	return (type == MEMORY_DEVICE_PRIVATE || type == MEMORY_DEVICE_COHERENT) &&
	       map > 1 << (folio_cast(at)->_flags_1 & 0xff);
}

/*
 * The mapping is still there, and its reference. @counts: COUNTS() of mappings and references;
 * @generic: the pgmap, where it is a GENERIC one.
 */
static __always_inline void unmap_rules(void *ctx, __u64 at, __u64 counts, __u64 generic, int nr,
					__u8 level)
{
	struct dx_rule_cpu *c = rule_cpu();
	int map = (__s32)counts, ref = (__s32)(counts >> 32), base = 0;

	if (!c)
		return;
	if (generic && pgmap_is_devdax(generic))
		base = 1;
	__sync_fetch_and_add(&c->unmapped[base], 1);
	if (ref < map + base)
		rule_below_mapcount(ctx, at, level == DX_PMD && pmd_is_split(at, map) ? -1 : base);
	/* others' mappings come and go, but these are there, so one load is enough */
	if (map < nr)
		rule_broken(ctx,
			    WHAT(DX_RULE_MAPCOUNT_UNDERFLOW, DX_D_NONE) | WHAT_LEVEL(level) |
				    WHAT_NR(nr),
			    at, COUNTS(nr, map), 0);
}

/* Judged by what the event says: loads of the kernel's memory are the most of what both cost. */
static __always_inline int unmapped(__u64 *ctx, struct folio *folio, int nr,
				    struct vm_area_struct *vma, __u8 level)
{
	__u64 at, counts, generic = 0;
	struct dx_event *e;

	if (!page_is_zone_device((struct page *)folio))
		return 0;
	file_of(field_word(vma, struct vm_area_struct, vm_file));
	bpf_get_func_arg((void *)ctx, 0, &at);
	e = event_new(DX_UNMAP, 0);
	if (e) {
		event_folio(e, folio, at);
		e->nr = nr;
		e->level = level;
		counts = COUNTS(e->mapcount, e->refcount);
		if (e->pgmap_type == MEMORY_DEVICE_GENERIC)
			generic = e->pgmap;
		event_submit(e);
	} else {
		counts = COUNTS(folio_mapcount(folio), folio->_refcount.counter);
		if (folio_pgmap(at)->type == MEMORY_DEVICE_GENERIC)
			generic = folio_pgmap_addr(at);
	}
	if (rules_on)
		unmap_rules(ctx, at, counts, generic, nr, level);
	return 0;
}

SEC("fentry/folio_remove_rmap_ptes")
int BPF_PROG(dx_unmap_ptes, struct folio *folio, struct page *page, int nr,
	     struct vm_area_struct *vma)
{
	return unmapped(ctx, folio, nr, vma, DX_PTE);
}

HOOK(dx_unmap_pmd)
{
	struct folio *folio = hook_ptr(ctx, 0, folio);
	struct vm_area_struct *vma = hook_ptr(ctx, 2, vm_area_struct);

	return unmapped(ctx, folio, 1, vma, DX_PMD);
}

HOOK(dx_unmap_pud)
{
	struct folio *folio = hook_ptr(ctx, 0, folio);
	struct vm_area_struct *vma = hook_ptr(ctx, 2, vm_area_struct);

	return unmapped(ctx, folio, 1, vma, DX_PUD);
}

/*
 * Nothing holds the page for the mapping. Not said of P2PDMA's memory, which drivers such
 * as vfio map by its registers' pfns as well, nor of GENERIC memory of others than
 * device-dax, whose drivers (Xen, mshv_vtl) may count as they like.
 */
/* @where: user address | enum dx_level (addresses are of pages) */
static __noinline int pfn_rules(void *ctx, struct fault *f, __u64 page, __u64 head, __u64 where)
{
	struct dev_pagemap *pgmap = folio_pgmap(head);
	struct dx_rule_counts *c = rule_counts();
	__u64 level = WHAT_LEVEL(where & 3);
	__u32 type = pgmap->type;
	int got;

	if (type == MEMORY_DEVICE_PCI_P2PDMA ||
	    (type == MEMORY_DEVICE_GENERIC && !pgmap_is_devdax((__u64)pgmap)))
		return 0;
	rule_checked(c, DX_RULE_INSTALL_ZERO_REF);
	rule_checked(c, DX_RULE_INSTALL_WITHOUT_REF);
	rule_checked(c, DX_RULE_PGMAP_DEAD_USE);
	if (f && f->vmf && pfn_addr(f->pfn) == page && f->flags & DX_F_INSERT)
		associated_rules(ctx, f, page);
	where &= ~3ULL;
	if (pgmap_dead(pgmap))
		rule_broken(ctx, WHAT(DX_RULE_PGMAP_DEAD_USE, DX_D_INSTALL) | level, head,
			    COUNTS(1, 0), where);
	got = folio_cast(head)->_refcount.counter;
	if (got <= 0)
		return rule_broken(ctx, WHAT(DX_RULE_INSTALL_ZERO_REF, DX_D_BARE_PFN) | level, head,
				   COUNTS(1, got), where);
	/* legacy kernels map DAX this way in each fault: a count is enough */
	if (legacy && !strict) {
		if (c)
			__sync_fetch_and_add(&c->broken[DX_RULE_INSTALL_WITHOUT_REF], 1);
		return 0;
	}
	return rule_broken(ctx, WHAT(DX_RULE_INSTALL_WITHOUT_REF, DX_D_BARE_PFN) | level, head,
			   COUNTS(got + 1, got), where);
}

/*
 * A bare pfn. Drivers map their registers this way, and those pfns have no
 * struct page to look at: the range test comes first.
 */
static __always_inline int installed_pfn(void *ctx, struct vm_area_struct *vma, __u64 addr,
					 __u64 pfn, __u8 level)
{
	__u64 mm = field_word(vma, struct vm_area_struct, vm_mm);
	struct page *page;
	struct dx_event *e;
	__u32 flags = 0;
	struct fault *f;
	__u64 head;

	pfn &= PFN_T_MASK;
	if (pfn < dev_pfn_min || pfn > dev_pfn_max)
		return 0;
	page = page_cast(pfn_addr(pfn));
	if (!page_is_zone_device(page))
		return 0;
	head = page_head(pfn_addr(pfn));
	f = fault_find();
	if (f && f->vmf && f->pfn == pfn) {
		struct vm_fault *vmf = cast(f->vmf, vm_fault);

		/* wp_pfn_shared(), mm/memory.c: the PTE is there, it becomes writable */
		if (vmf->flags & FAULT_FLAG_MKWRITE)
			flags = DX_F_UPGRADE;
		mm_seen(f, mm);
	} else {
		mm_mark(mm);
		file_mapped(field_word(vma, struct vm_area_struct, vm_file));
	}
	if (rules_on && !flags)
		pfn_rules(ctx, f, pfn_addr(pfn), head, (addr & ~3ULL) | level);
	e = event_new(DX_INSTALL_PFN, flags);
	if (!e)
		return 0;
	event_folio(e, folio_cast(head), head);
	e->level = level;
	e->addr = addr;
	event_submit(e);
	return 0;
}

HOOK(dx_install_pfn)
{
	struct vm_area_struct *vma = hook_ptr(ctx, 0, vm_area_struct);
	unsigned long addr = hook_arg(ctx, 1);
	unsigned long pfn = hook_arg(ctx, 2);

	return installed_pfn(ctx, vma, addr, pfn, DX_PTE);
}

HOOK(dx_install_pfn_pmd)
{
	struct vm_fault *vmf = hook_ptr(ctx, 0, vm_fault);
	unsigned long pfn = hook_arg(ctx, 1);

	return installed_pfn(ctx, vmf->vma, vmf->address, pfn, DX_PMD);
}

HOOK(dx_install_pfn_pud)
{
	struct vm_fault *vmf = hook_ptr(ctx, 0, vm_fault);
	unsigned long pfn = hook_arg(ctx, 1);

	return installed_pfn(ctx, vmf->vma, vmf->address, pfn, DX_PUD);
}

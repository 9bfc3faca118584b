// SPDX-License-Identifier: GPL-2.0-only
/*
 * install.bpf.c - a folio is put in a page table, or taken out.
 *
 * PTEs: insert_page_into_pte_locked() (mm/memory.c) runs for vm_insert_page() and
 * vmf_insert_*() only, never for the page cache or anonymous memory, so ordinary
 * faults pay nothing; folio_add_file_rmap_ptes(), the second choice, runs for all.
 */
#include "file.bpf.h"
#include "mark.bpf.h"

struct seen_map files_seen SEC(".maps");

#define PTE_DIRTY_ACCESSED 0x60 /* pte_none() ignores them: an erratum, arch/x86 */
#define PTE_PFN_MASK	   0x000ffffffffff000ULL

/* Outside a fault that will report it: an event of its own. */
static __always_inline void emit_install(struct folio *folio, __u64 at, __u8 level, __u32 flags,
					 __u64 addr)
{
	struct dx_event *e = event_new(DX_INSTALL, flags);

	if (!e)
		return;
	event_folio(e, folio, at);
	e->level = level;
	e->addr = addr;
	event_submit(e);
}

/*
 * @f: the fault under way, NULL: none. @at: the folio's address, @page: the page's.
 * @ref, @map: before the install's own. The fault's end reports it when it is about this page.
 */
static __always_inline void installed(struct fault *f, struct folio *folio, __u64 at, __u64 page,
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
		return;
	}
	if (!(flags & DX_F_INSTALL))
		return;
	mm_mark(mm);
	file_of_vma(vma);
	emit_install(folio, at, level, flags, addr);
}

SEC("fentry/insert_page_into_pte_locked")
int BPF_PROG(dx_install_pte, struct vm_area_struct *vma, pte_t *pte, unsigned long addr,
	     struct page *page)
{
	/* a pgprot_t comes fifth: a struct by value, which BPF_PROG of libbpf 1.1 can't name */
	bool mkwrite = (__u8)ctx[5];
	__u64 pteval, at, head;
	struct folio_counts n;
	struct folio *folio;
	struct fault *f;
	__u32 flags;

	if (!page_is_zone_device(page))
		return 0;
	f = fault_find();
	if (f) {
		f->page = (__u64)page;
		barrier_var(f);
		at = *(volatile __u64 *)&f->page;
	} else {
		bpf_get_func_arg(ctx, 3, &at);
	}
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
	else if (mkwrite && (pteval & PTE_PFN_MASK) >> PAGE_SHIFT == addr_pfn(at))
		flags = DX_F_UPGRADE;
	else
		return 0;
	installed(f, folio, head, at, vma, DX_PTE, flags, n.ref, n.map, addr);
	return 0;
}

/* folio_add_file_rmap_*(): the reference was taken just before, under the page table lock. */
static __always_inline int rmap_added(__u64 *ctx, struct folio *folio, struct vm_area_struct *vma,
				      __u8 level)
{
	__u64 at;

	if (!page_is_zone_device((struct page *)folio))
		return 0;
	bpf_get_func_arg((void *)ctx, 0, &at);
	installed(fault_find(), folio, at, at, vma, level, DX_F_INSTALL | DX_F_REF_TAKEN,
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

SEC("fentry/folio_add_file_rmap_pud")
int BPF_PROG(dx_rmap_add_pud, struct folio *folio, struct page *page, struct vm_area_struct *vma)
{
	return rmap_added(ctx, folio, vma, DX_PUD);
}

static __always_inline int unmapped(__u64 *ctx, struct folio *folio, int nr,
				    struct vm_area_struct *vma, __u8 level)
{
	struct dx_event *e;
	__u64 at;

	if (!page_is_zone_device((struct page *)folio))
		return 0;
	file_of_vma(vma);
	bpf_get_func_arg((void *)ctx, 0, &at);
	e = event_new(DX_UNMAP, 0);
	if (!e)
		return 0;
	event_folio(e, folio, at);
	e->nr = nr;
	e->level = level;
	event_submit(e);
	return 0;
}

SEC("fentry/folio_remove_rmap_ptes")
int BPF_PROG(dx_unmap_ptes, struct folio *folio, struct page *page, int nr,
	     struct vm_area_struct *vma)
{
	return unmapped(ctx, folio, nr, vma, DX_PTE);
}

SEC("fentry/folio_remove_rmap_pmd")
int BPF_PROG(dx_unmap_pmd, struct folio *folio, struct page *page, struct vm_area_struct *vma)
{
	return unmapped(ctx, folio, 1, vma, DX_PMD);
}

SEC("fentry/folio_remove_rmap_pud")
int BPF_PROG(dx_unmap_pud, struct folio *folio, struct page *page, struct vm_area_struct *vma)
{
	return unmapped(ctx, folio, 1, vma, DX_PUD);
}

/*
 * A bare pfn. Drivers map their registers this way, and those pfns have no
 * struct page to look at: the range test comes first.
 */
static __always_inline int installed_pfn(__u64 addr, __u64 pfn, __u8 level)
{
	struct page *page;
	struct dx_event *e;
	__u64 head;

	pfn &= PFN_T_MASK;
	if (pfn < dev_pfn_min || pfn > dev_pfn_max)
		return 0;
	page = page_cast(pfn_addr(pfn));
	if (!page_is_zone_device(page))
		return 0;
	head = page_head(pfn_addr(pfn));
	e = event_new(DX_INSTALL_PFN, 0);
	if (!e)
		return 0;
	event_folio(e, folio_cast(head), head);
	e->level = level;
	e->addr = addr;
	event_submit(e);
	return 0;
}

SEC("fentry/insert_pfn")
int BPF_PROG(dx_install_pfn, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
{
	return installed_pfn(addr, pfn, DX_PTE);
}

SEC("fentry/vmf_insert_pfn_pmd")
int BPF_PROG(dx_install_pfn_pmd, struct vm_fault *vmf, unsigned long pfn)
{
	return installed_pfn(vmf->address, pfn, DX_PMD);
}

SEC("fentry/vmf_insert_pfn_pud")
int BPF_PROG(dx_install_pfn_pud, struct vm_fault *vmf, unsigned long pfn)
{
	return installed_pfn(vmf->address, pfn, DX_PUD);
}

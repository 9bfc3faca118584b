// SPDX-License-Identifier: GPL-2.0-only
/* daxtop_inject: pages in page tables that should not be there, and GUP of them. */

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "internal.h"

#if !PLAIN_PFN
#include <linux/pfn_t.h>
#endif

/* mm/internal.h */
#define INJECT_FOLL_TOUCH (1 << 16)
#define INJECT_FOLL_PIN	  (1 << 19)

static void window_unmap(struct session *s, struct undo *u)
{
	unmap_mapping_range(s->windows, u->start, u->size, 1);
}

int window_touch(struct session *s, struct inject *arg, struct page *page,
		 vm_fault_t (*fault)(struct vm_fault *, struct page *),
		 vm_fault_t (*huge_fault)(struct vm_fault *, struct page *))
{
	struct vm_area_struct *vma;
	struct undo *u;
	char byte;
	int err = -EFAULT;

	u = undo_add(s, window_unmap);
	if (!u)
		return -ENOMEM;
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, arg->window);
	if (vma && vma->vm_file && vma->vm_file->private_data == s) {
		u->size = huge_fault ? PMD_SIZE : PAGE_SIZE;
		u->start = (loff_t)linear_page_index(vma, arg->window) << PAGE_SHIFT;
		err = 0;
		if (huge_fault &&
		    (!IS_ALIGNED(arg->window, PMD_SIZE) || arg->window + PMD_SIZE > vma->vm_end))
			err = -EINVAL;
	}
	mmap_read_unlock(current->mm);
	if (err)
		goto drop;
	s->page = page;
	s->fault = fault;
	s->huge_fault = huge_fault;
	s->result = 0;
	s->faulted = false;
	s->faulter = current;
	/*
	 * In the kernel, so a SIGBUS is an error here and no signal. The fault changes
	 * the session, which the compiler can't know.
	 */
	barrier();
	err = get_user(byte, (char __user *)arg->window);
	barrier();
	s->faulter = NULL;
	arg->ret = s->result;
	/* Something is mapped there already. */
	if (!err && !s->faulted)
		err = -EBUSY;
	if (err)
		goto drop;
	return 0;
drop:
	undo_drop(u);
	return err;
}

vm_fault_t install_honest(struct vm_fault *vmf, struct page *page)
{
	int err = vm_insert_page(vmf->vma, vmf->address, page);

	return err ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

static noinline vm_fault_t inject_install_page(struct vm_fault *vmf, struct page *page)
{
	int err = vm_insert_page(vmf->vma, vmf->address, page);

	return err ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

static noinline vm_fault_t inject_install_finish(struct vm_fault *vmf, struct page *page)
{
	/* finish_fault() maps it; the reference that goes with it is missing. */
	vmf->page = page;
	return 0;
}

static noinline vm_fault_t inject_install_mixed(struct vm_fault *vmf, struct page *page)
{
#if PLAIN_PFN
	vm_fault_t ret = vmf_insert_mixed(vmf->vma, vmf->address, page_to_pfn(page));
#else
	vm_fault_t ret = vmf_insert_mixed(vmf->vma, vmf->address, pfn_to_pfn_t(page_to_pfn(page)));
#endif
	barrier(); /* no tail call: we want to be in the stack */
	return ret;
}

static noinline vm_fault_t inject_install_pfn(struct vm_fault *vmf, struct page *page)
{
	vm_fault_t ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));

	barrier();
	return ret;
}

static noinline vm_fault_t inject_install_pfn_pmd(struct vm_fault *vmf, struct page *page)
{
#if PLAIN_PFN
	vm_fault_t ret = vmf_insert_pfn_pmd(vmf, page_to_pfn(page), false);
#else
	vm_fault_t ret = vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(page_to_pfn(page)), false);
#endif
	barrier();
	return ret;
}

#if REFCOUNTED_DAX
static noinline vm_fault_t inject_install_mkwrite(struct vm_fault *vmf, struct page *page)
{
	vm_fault_t ret = vmf_insert_page_mkwrite(vmf, page, false);

	barrier();
	return ret;
}

static noinline vm_fault_t inject_install_pmd(struct vm_fault *vmf, struct page *page)
{
	vm_fault_t ret = vmf_insert_folio_pmd(vmf, page_folio(page), false);

	barrier();
	return ret;
}
#endif

/*
 * zero_take: an idle page whose refcount is 0 from here on. Returns what must be added
 * again: 0, or 1 where idle pages have 1 (6.12; device-dax); negative when it is not idle.
 */
static int zero_take(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (folio_mapcount(folio))
		return -EBUSY;
	if (!folio_ref_count(folio))
		return 0;
	if (REFCOUNTED_DAX && page_to_pgmap(page)->type != MEMORY_DEVICE_GENERIC)
		return -EBUSY;
	return folio_ref_freeze(folio, 1) ? 1 : -EBUSY;
}

static void count_restore(struct session *s, struct undo *u)
{
	folio_ref_add(page_folio(u->page), u->count);
}

/* zero_try: an install at refcount 0 that the kernel is expected to refuse. */
static int zero_try(struct session *s, struct inject *arg, struct page *page,
		    vm_fault_t (*fault)(struct vm_fault *, struct page *))
{
	int taken = zero_take(page), err;

	if (taken < 0)
		return taken;
	err = window_touch(s, arg, page, fault, NULL);
	folio_ref_add(page_folio(page), taken);
	/* Refused is what we came for; what got mapped has its reference. */
	return err == -EFAULT && arg->ret == VM_FAULT_SIGBUS ? 0 : err;
}

/*
 * inject_install_zero: a PTE at refcount 0, until the undo. Below the page fault in the
 * stack of the install, where inject_install_finish() has returned already.
 */
static noinline int inject_install_zero(struct session *s, struct inject *arg, struct page *page)
{
	int taken = zero_take(page), err;
	struct undo *u;

	if (taken < 0)
		return taken;
	err = window_touch(s, arg, page, inject_install_finish, NULL);
	if (err) {
		folio_ref_add(page_folio(page), taken);
		return err;
	}
	/* Undone before the PTE: the zap finds the reference that it drops. */
	u = undo_add(s, count_restore);
	if (!u) {
		folio_ref_add(page_folio(page), taken + 1);
		return -ENOMEM;
	}
	u->page = page;
	u->count = taken + 1;
	return 0;
}

static void page_unpin(struct session *s, struct undo *u)
{
	unpin_user_page(u->page);
}

/* pin_remember: what a GUP call returned is answered and, if it worked, undone later. */
static int pin_remember(struct session *s, struct inject *arg, struct page *page, long got)
{
	struct undo *u;

	arg->ret = got;
	if (got != 1)
		return 0;
	u = undo_add(s, page_unpin);
	if (!u) {
		unpin_user_page(page);
		return -ENOMEM;
	}
	u->page = page;
	return 0;
}

static noinline int inject_longterm(struct session *s, struct inject *arg, struct page *page)
{
	long (*gup)(struct mm_struct * mm, unsigned long start, unsigned long nr_pages,
		    unsigned int flags, struct page **pages, int *locked);
	struct page *got = NULL;
	long n;
	int err;

	gup = symbol_find("__get_user_pages");
	if (!gup)
		return -ENOENT;
	err = window_touch(s, arg, page, install_honest, NULL);
	if (err)
		return err;
	mmap_read_lock(current->mm);
	n = gup(current->mm, arg->window, 1, INJECT_FOLL_PIN | INJECT_FOLL_TOUCH | FOLL_LONGTERM,
		&got, NULL);
	mmap_read_unlock(current->mm);
	return pin_remember(s, arg, got, n);
}

static noinline int inject_grab_zero(struct session *s, struct inject *arg, struct page *page)
{
	struct page *got = NULL;
	int err = inject_install_zero(s, arg, page);

	if (err)
		return err;
	mmap_read_lock(current->mm);
	arg->ret = get_user_pages(arg->window, 1, 0, &got);
	mmap_read_unlock(current->mm);
	if (arg->ret == 1)
		put_page(got);
	return 0;
}

int install_do(struct session *s, struct inject *arg, struct page *page)
{
	switch (arg->cmd) {
	case INJECT_INSTALL_PAGE:
		return zero_try(s, arg, page, inject_install_page);
	case INJECT_INSTALL_FINISH:
		return inject_install_zero(s, arg, page);
	case INJECT_INSTALL_MIXED:
		return window_touch(s, arg, page, inject_install_mixed, NULL);
	case INJECT_INSTALL_PFN:
		return window_touch(s, arg, page, inject_install_pfn, NULL);
	case INJECT_INSTALL_PFN_PMD:
		if (!IS_ALIGNED(arg->pfn, HPAGE_PMD_NR))
			return -EINVAL;
		return window_touch(s, arg, page, NULL, inject_install_pfn_pmd);
	case INJECT_GRAB_ZERO:
		return inject_grab_zero(s, arg, page);
	case INJECT_LONGTERM:
		return inject_longterm(s, arg, page);
#if REFCOUNTED_DAX
	case INJECT_INSTALL_MKWRITE:
		return zero_try(s, arg, page, inject_install_mkwrite);
	case INJECT_INSTALL_PMD:
		if (folio_ref_count(page_folio(page)) || folio_order(page_folio(page)) != PMD_ORDER)
			return -EBUSY;
		return window_touch(s, arg, page, NULL, inject_install_pmd);
#endif
	}
	return -EOPNOTSUPP;
}

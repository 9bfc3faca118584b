// SPDX-License-Identifier: GPL-2.0-only
/*
 * daxtop_inject: breaks the refcount rules of DAX pages on a stock kernel, one at a
 * time, for the tests of daxtop. Never load it on a machine that you need.
 *
 * A test opens /dev/daxtop_inject, gives commands by ioctl (inject.h) and takes them
 * back with INJECT_UNDO; close() and the end of the process do it as well. Undo BEFORE
 * unmapping what a command worked on: the counts must be right when the kernel zaps
 * them. Whatever is broken is broken in a function called inject_WHAT(), which is
 * therefore in the stack.
 *
 * What each breaks: inject.h.
 *
 * To break one rule and no other:
 * - idle page: fault it in, learn the pfn, munmap; the entry stays and pfn says which;
 * - FREE_NONZERO: of an idle fsdax page after FOLIO_GET, not of one that is mapped
 *   (freed while mapped is a rule, too), nor of device-dax (GENERIC at 0);
 * - SHARE shows at the next fault of another file that shares the page: fault it
 *   before the undo;
 * - STALE_MAPPING: fault, REMOVE_HONEST, poison the pfn, fault again;
 * - INSTALL_*PMD: in 2M of a window where no small page was before.
 *
 * Warnings in the kernel's log that belong to it, once a boot each: GRAB_ZERO
 * (try_grab_folio), STALE_MAPPING (dax_insert_entry), REMOVE_BUSY
 * (dax_disassociate_entry); on 6.12 also FREE_NONZERO and the FOLIO_PUT of an idle
 * device-dax page (free_zone_device_folio, which leaves the page at 0 until the undo).
 *
 * What a module can't break on a stock kernel:
 * - a successful zero-reference install by insert_page(): validate_page_before_insert()
 *   refuses each;
 * - dax_insert_entry() of an entry over a folio with a stale order: the PTE that comes
 *   next would map a large folio that nobody made, and nothing can undo that;
 * - FOLL_LONGTERM by the exported GUP: check_and_migrate_movable_pages() unpins the page
 *   and tries again for ever, so LONGTERM calls what is below it;
 * - get_dev_pagemap() of a dead pgmap: percpu_ref_tryget_live() refuses.
 */

#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/* Sessions until now. The windows of each are at offsets of their own, to be unmapped alone. */
static atomic_t sessions;

struct undo *undo_add(struct session *s, void (*fn)(struct session *, struct undo *))
{
	struct undo *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (u) {
		u->fn = fn;
		list_add_tail(&u->list, &s->undos);
	}
	return u;
}

void undo_drop(struct undo *u)
{
	list_del(&u->list);
	kfree(u);
}

static void session_undo(struct session *s)
{
	struct undo *u, *next;

	mutex_lock(&s->lock);
	list_for_each_entry_safe_reverse(u, next, &s->undos, list)
	{
		u->fn(s, u);
		undo_drop(u);
	}
	mutex_unlock(&s->lock);
}

void *symbol_find(const char *name)
{
	struct kprobe kp = { .symbol_name = name };
	void *addr;

	if (register_kprobe(&kp))
		return NULL;
	addr = kp.addr;
	unregister_kprobe(&kp);
	return addr;
}

/*
 * pfn_of: what the caller's page table has at addr, 0 for nothing. By hand: GUP would
 * take a reference, and be an event in the trace of the test.
 */
static unsigned long pfn_of(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	unsigned long pfn = 0;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t *pte;

	mmap_read_lock(mm);
	if (pgd_none(*pgd_offset(mm, addr)))
		goto out;
	p4d = p4d_offset(pgd_offset(mm, addr), addr);
	if (p4d_none(*p4d))
		goto out;
	pud = pud_offset(p4d, addr);
	if (!pud_present(*pud))
		goto out;
	if (pud_leaf(*pud)) {
		pfn = pud_pfn(*pud) + ((addr & ~PUD_MASK) >> PAGE_SHIFT);
		goto out;
	}
	pmd = pmd_offset(pud, addr);
	if (!pmd_present(*pmd))
		goto out;
	if (pmd_leaf(*pmd)) {
		pfn = pmd_pfn(*pmd) + ((addr & ~PMD_MASK) >> PAGE_SHIFT);
		goto out;
	}
	pte = pte_offset_kernel(pmd, addr);
	if (pte_present(*pte))
		pfn = pte_pfn(*pte);
out:
	mmap_read_unlock(mm);
	return pfn;
}

static int inject_do(struct session *s, struct inject *arg)
{
	bool own = arg->cmd >= INJECT_DEAD_GET;
	struct page *page = NULL;

	arg->ret = 0;
	arg->count = 0;
	if (!own) {
		if (arg->addr)
			arg->pfn = pfn_of(arg->addr);
		if (!arg->pfn || !pfn_valid(arg->pfn))
			return -EFAULT;
		page = pfn_to_page(arg->pfn);
		if (!is_zone_device_page(page))
			return -EFAULT;
		arg->count = page_count(page);
	}
	switch (arg->cmd) {
	case INJECT_INSTALL_MKWRITE ... INJECT_FOLIO_GET - 1:
		return install_do(s, arg, page);
	case INJECT_FOLIO_GET ... INJECT_REMOVE_BUSY - 1:
		return folio_do(s, arg, page);
	case INJECT_REMOVE_BUSY ... INJECT_PGMAP_GET - 1:
		return entry_do(s, arg, page);
	case INJECT_PGMAP_GET ... INJECT_PGMAP_PUT:
		return pgmap_do(s, arg, page);
	case INJECT_DEAD_GET ... INJECT_RANGES:
	case INJECT_PRIVATE_HONEST ... INJECT_PRIVATE_FREE:
		return own_do(s, arg, NULL);
	case INJECT_MOVE_PRIVATE:
		return move_do(s, arg);
	case INJECT_P2P_ALLOC ... INJECT_P2P_COUNT:
		return p2p_do(s, arg, NULL);
	case INJECT_MM_LOCK:
		return mm_do(s, arg);
	}
	return -EINVAL;
}

static long inject_ioctl(struct file *file, unsigned int cmd, unsigned long data)
{
	struct session *s = file->private_data;
	struct inject arg;
	int err;

	if (current->mm != s->mm)
		return -EPERM;
	switch (cmd) {
	case INJECT_UNDO:
		session_undo(s);
		return 0;
	case INJECT_DO:
		if (copy_from_user(&arg, (void __user *)data, sizeof(arg)))
			return -EFAULT;
		mutex_lock(&s->lock);
		err = inject_do(s, &arg);
		mutex_unlock(&s->lock);
		if (copy_to_user((void __user *)data, &arg, sizeof(arg)))
			err = -EFAULT;
		return err;
	}
	return -ENOTTY;
}

static vm_fault_t window_fault(struct vm_fault *vmf)
{
	struct session *s = vmf->vma->vm_file->private_data;

	if (s->faulter != current || !s->fault)
		return VM_FAULT_SIGBUS;
	s->faulted = true;
	s->result = s->fault(vmf, s->page);
	return s->result;
}

static vm_fault_t window_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct session *s = vmf->vma->vm_file->private_data;

	if (s->faulter != current || !s->huge_fault || order != PMD_ORDER)
		return VM_FAULT_FALLBACK;
	s->faulted = true;
	s->result = s->huge_fault(vmf, s->page);
	return s->result;
}

static int window_refuse(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct window_ops = {
	.fault = window_fault,
	.huge_fault = window_huge_fault,
	.mremap = window_refuse,
};

static int inject_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct session *s = file->private_data;

	if (!(vma->vm_flags & VM_SHARED) ||
	    vma->vm_pgoff + vma_pages(vma) > WINDOWS_SIZE >> PAGE_SHIFT)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND |
				  (vma->vm_pgoff >= INJECT_WINDOW_PFN >> PAGE_SHIFT ? VM_PFNMAP
										    : VM_MIXEDMAP));
	vma->vm_pgoff += s->windows_start >> PAGE_SHIFT;
	vma->vm_ops = &window_ops;
	return 0;
}

/*
 * The process ends and nobody undid: the mappings are still there at this moment. What
 * was moved is given back by them only, so that waits for the file's release.
 */
static void mm_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct session *s = container_of(notifier, struct session, notifier);

	if (!s->moved)
		session_undo(s);
}

static const struct mmu_notifier_ops notifier_ops = {
	.release = mm_release,
};

static int inject_open(struct inode *inode, struct file *file)
{
	struct session *s;
	int err = -ENOMEM;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		goto fail;
	mutex_init(&s->lock);
	INIT_LIST_HEAD(&s->undos);
	s->mm = current->mm;
	s->windows = file->f_mapping;
	s->windows_start = (loff_t)atomic_inc_return(&sessions) * WINDOWS_SIZE;
	s->notifier.ops = &notifier_ops;
	err = mmu_notifier_register(&s->notifier, s->mm);
	if (err)
		goto fail;
	mmgrab(s->mm);
	file->private_data = s;
	return 0;
fail:
	kfree(s);
	return err;
}

/* At each close(2); release comes only when the windows are unmapped, too. */
static int inject_flush(struct file *file, fl_owner_t id)
{
	struct session *s = file->private_data;

	if (current->mm == s->mm)
		session_undo(s);
	return 0;
}

static int inject_release(struct inode *inode, struct file *file)
{
	struct session *s = file->private_data;

	session_undo(s);
	mmu_notifier_unregister(&s->notifier, s->mm);
	mmdrop(s->mm);
	kfree(s);
	return 0;
}

static const struct file_operations inject_fops = {
	.owner = THIS_MODULE,
	.open = inject_open,
	.flush = inject_flush,
	.release = inject_release,
	.unlocked_ioctl = inject_ioctl,
	.mmap = inject_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
};

static struct miscdevice inject_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "daxtop_inject",
	.fops = &inject_fops,
	.mode = 0600,
};

static int __init inject_init(void)
{
	int err = p2p_register();

	if (err)
		return err;
	err = misc_register(&inject_device);
	if (err)
		p2p_unregister();
	return err;
}

static void __exit inject_exit(void)
{
	misc_deregister(&inject_device);
	p2p_unregister();
}

module_init(inject_init);
module_exit(inject_exit);

MODULE_DESCRIPTION("Breaks the refcount rules of DAX pages, for the tests of daxtop");
MODULE_LICENSE("GPL");

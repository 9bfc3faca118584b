// SPDX-License-Identifier: GPL-2.0-only
/* daxtop_inject: entries of a DAX file that are removed, or stay, against the rules. */

#include <linux/dax.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

#include "internal.h"

/* struct place - the entry of a folio in a file */
struct place {
	struct file *file;
	struct address_space *mapping;
	pgoff_t index;
	unsigned long nr;
};

/* place_get: the file that the caller has at addr, which maps page. Holds the file. */
static int place_get(struct place *p, unsigned long addr, struct page *page)
{
	struct vm_area_struct *vma;
	int err = -EFAULT;

	p->nr = folio_nr_pages(page_folio(page));
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (addr && vma && vma->vm_file && dax_mapping(vma->vm_file->f_mapping)) {
		p->file = get_file(vma->vm_file);
		p->mapping = p->file->f_mapping;
		p->index = linear_page_index(vma, addr) & ~(p->nr - 1);
		err = 0;
	}
	mmap_read_unlock(current->mm);
	return err;
}

static loff_t place_start(struct place *p)
{
	return (loff_t)p->index << PAGE_SHIFT;
}

static loff_t place_end(struct place *p)
{
	return ((loff_t)(p->index + p->nr) << PAGE_SHIFT) - 1;
}

static void reference_put(struct session *s, struct undo *u)
{
	put_page(u->page);
}

static noinline int inject_remove_busy(struct session *s, unsigned long addr, struct page *page)
{
	struct place p;
	struct undo *u;
	int err = place_get(&p, addr, page);

	if (err)
		return err;
	u = undo_add(s, reference_put);
	if (!u) {
		fput(p.file);
		return -ENOMEM;
	}
	u->page = page;
	folio_get(page_folio(page));
	filemap_invalidate_lock(p.mapping);
	unmap_mapping_pages(p.mapping, p.index, p.nr, false);
#if REFCOUNTED_DAX
	dax_delete_mapping_range(p.mapping, place_start(&p), place_end(&p));
#else
	truncate_inode_pages_range(p.mapping, place_start(&p), place_end(&p));
#endif
	filemap_invalidate_unlock(p.mapping);
	fput(p.file);
	return 0;
}

/* remove_honest: as the file systems do it, with the layout broken before. */
static int remove_honest(struct inject *arg, struct page *page)
{
	struct place p;
	int err = place_get(&p, arg->addr, page);

	if (err)
		return err;
	filemap_invalidate_lock(p.mapping);
#if REFCOUNTED_DAX
	err = dax_break_layout(p.mapping->host, place_start(&p), place_end(&p), NULL);
	if (err == -ERESTARTSYS)
		err = -EBUSY;
#else
	if (dax_layout_busy_page_range(p.mapping, place_start(&p), place_end(&p))) {
		err = -EBUSY;
	} else {
		unmap_mapping_pages(p.mapping, p.index, p.nr, false);
		truncate_inode_pages_range(p.mapping, place_start(&p), place_end(&p));
	}
#endif
	filemap_invalidate_unlock(p.mapping);
	fput(p.file);
	return err;
}

#if REFCOUNTED_DAX
/* fs/dax.c: DAX_EMPTY, a place that a fault has reserved. */
#define EMPTY_ENTRY xa_mk_value(1UL << 3)

static struct task_struct *late_task;
static struct place late_place;

/* Runs when dax_delete_mapping_range() returns to dax_break_layout(). */
static int entry_come_late(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned long flags;

	if (late_task != current)
		return 0;
	xa_lock_irqsave(&late_place.mapping->i_pages, flags);
	__xa_store(&late_place.mapping->i_pages, late_place.index, EMPTY_ENTRY, GFP_ATOMIC);
	xa_unlock_irqrestore(&late_place.mapping->i_pages, flags);
	return 0;
}

static noinline int inject_break_incomplete(struct inject *arg, struct page *page)
{
	struct kretprobe probe = {
		.kp.symbol_name = "dax_delete_mapping_range",
		.handler = entry_come_late,
		.maxactive = 4,
	};
	int err = place_get(&late_place, arg->addr, page);
	struct xarray *entries;

	if (err)
		return err;
	err = register_kretprobe(&probe);
	if (err)
		goto put;
	entries = &late_place.mapping->i_pages;
	filemap_invalidate_lock(late_place.mapping);
	late_task = current;
	arg->ret = dax_break_layout(late_place.mapping->host, place_start(&late_place),
				    place_end(&late_place), NULL);
	late_task = NULL;
	xa_lock_irq(entries);
	if (xa_load(entries, late_place.index) == EMPTY_ENTRY)
		__xa_erase(entries, late_place.index);
	else if (!arg->ret)
		err = -ENOENT;
	xa_unlock_irq(entries);
	filemap_invalidate_unlock(late_place.mapping);
	unregister_kretprobe(&probe);
put:
	fput(late_place.file);
	return err;
}
#endif

/* What dax_lock_mapping_entry() gave, and where. */
struct locked {
	struct place p;
	dax_entry_t cookie;
};

static void entry_unlock(struct session *s, struct undo *u)
{
	void (*unlock)(struct address_space *, unsigned long, dax_entry_t) =
		symbol_find("dax_unlock_mapping_entry");
	struct locked *l = u->data;

	if (unlock)
		unlock(l->p.mapping, l->p.index, l->cookie);
	fput(l->p.file);
	kfree(l);
}

/* Neither function is exported. */
static noinline int inject_entry_lock(struct session *s, unsigned long addr, struct page *page)
{
	dax_entry_t (*lock)(struct address_space *, unsigned long, struct page **) =
		symbol_find("dax_lock_mapping_entry");
	struct locked *l;
	struct undo *u;
	int err;

	if (!lock)
		return -ENOENT;
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	err = place_get(&l->p, addr, page);
	if (err) {
		kfree(l);
		return err;
	}
	u = undo_add(s, entry_unlock);
	if (u)
		l->cookie = lock(l->p.mapping, l->p.index, &page);
	if (!u || !l->cookie || l->cookie == ~0UL) {
		if (u)
			undo_drop(u);
		fput(l->p.file);
		kfree(l);
		return u ? -EBUSY : -ENOMEM;
	}
	u->data = l;
	return 0;
}

int entry_do(struct session *s, struct inject *arg, struct page *page)
{
	switch (arg->cmd) {
	case INJECT_REMOVE_BUSY:
		return inject_remove_busy(s, arg->addr, page);
	case INJECT_ENTRY_LOCK:
		return inject_entry_lock(s, arg->addr, page);
	case INJECT_REMOVE_HONEST:
		return remove_honest(arg, page);
#if REFCOUNTED_DAX
	case INJECT_BREAK_INCOMPLETE:
		return inject_break_incomplete(arg, page);
#endif
	}
	return -EOPNOTSUPP;
}

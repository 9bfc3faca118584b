/* SPDX-License-Identifier: GPL-2.0-only */
/* daxtop_inject: what its files share; see main.c. */
#ifndef DAXTOP_INJECT_INTERNAL_H
#define DAXTOP_INJECT_INTERNAL_H

#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/version.h>

#include "inject.h"

/* FS DAX pages are idle at 0, mappings hold references (38607c62b34b, 6.15). */
#define REFCOUNTED_DAX (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0))
/* No pfn_t any more (6.17). */
#define PLAIN_PFN (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0))
/* get_dev_pagemap() lost its second argument (6.18). */
#define PGMAP_GET_ONE_ARG (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0))
/* zone_device_page_init() takes pgmap and order, dev_pagemap_ops frees folios (7.0). */
#define FOLIO_PGMAP (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0))

/* Both kinds of window (inject.h). */
#define WINDOWS_SIZE 0x80000000LL

struct session;

/* struct undo - one thing to take back; @fn frees nothing but what it took back */
struct undo {
	struct list_head list;
	void (*fn)(struct session *s, struct undo *u);
	struct page *page;
	struct dev_pagemap *pgmap;
	void *data;
	long count;
	loff_t start, size;
};

/* struct session - one open file */
struct session {
	struct mutex lock;
	struct list_head undos;
	struct mmu_notifier notifier;
	struct mm_struct *mm;
	struct address_space *windows;
	loff_t windows_start; /* of WINDOWS_SIZE */
	/* While the command touches its window: who, how, what came of it. */
	struct task_struct *faulter;
	vm_fault_t (*fault)(struct vm_fault *vmf, struct page *page);
	vm_fault_t (*huge_fault)(struct vm_fault *vmf, struct page *page);
	struct page *page;
	bool faulted;
	bool moved;
	vm_fault_t result;
};

/*
 * Commands: called with the session's lock held. @page is what addr or pfn named, or
 * NULL for those of a pgmap of our own. They return 0 or -errno.
 */
int install_do(struct session *s, struct inject *arg, struct page *page);
int folio_do(struct session *s, struct inject *arg, struct page *page);
int entry_do(struct session *s, struct inject *arg, struct page *page);
int pgmap_do(struct session *s, struct inject *arg, struct page *page);
int own_do(struct session *s, struct inject *arg, struct page *page);
int p2p_do(struct session *s, struct inject *arg, struct page *page);
int mm_do(struct session *s, struct inject *arg);
int move_do(struct session *s, struct inject *arg);
int p2p_register(void);
void p2p_unregister(void);

/* undo_add: an empty record at the end of the session's list, or NULL. */
struct undo *undo_add(struct session *s, void (*fn)(struct session *, struct undo *));
/* undo_drop: forgets the record that was added last. */
void undo_drop(struct undo *u);

/*
 * window_touch: reads a byte of the window so that @fault or @huge_fault installs @page
 * there. Adds the record that unmaps it again. Returns 0 when the page is mapped.
 */
int window_touch(struct session *s, struct inject *arg, struct page *page,
		 vm_fault_t (*fault)(struct vm_fault *, struct page *),
		 vm_fault_t (*huge_fault)(struct vm_fault *, struct page *));
vm_fault_t install_honest(struct vm_fault *vmf, struct page *page);

/* symbol_find: address of a function that is not exported, or NULL. */
void *symbol_find(const char *name);

static inline struct dev_pagemap *page_to_pgmap(struct page *page)
{
#if REFCOUNTED_DAX
	return page_pgmap(page);
#else
	return page->pgmap;
#endif
}

#endif

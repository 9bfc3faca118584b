// SPDX-License-Identifier: GPL-2.0-only
/*
 * daxtop_inject: anonymous memory moved to a device's, as drivers of GPUs and lib/test_hmm.c do.
 * Nothing is broken here. A 2M page is moved as one folio.
 */

#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

/* 2M folios of PRIVATE memory, MIGRATE_VMA_SELECT_COMPOUND: 7.0 */
#if FOLIO_PGMAP && IS_ENABLED(CONFIG_DEVICE_PRIVATE)

/* struct moved - memory of a device of our own, and the folios that were moved to it */
struct moved {
	struct dev_pagemap pgmap;
	struct resource *res;
	unsigned long next, end; /* pfns that were not handed out yet */
	unsigned long src[HPAGE_PMD_NR], dst[HPAGE_PMD_NR];
};

/* Handed out once only: nothing is to do. */
static void moved_folio_free(struct folio *folio)
{
}

/* Nothing is behind our PRIVATE memory: what comes back are zeros. */
static vm_fault_t moved_to_ram(struct vm_fault *vmf)
{
	struct moved *m = container_of(page_pgmap(vmf->page), struct moved, pgmap);
	unsigned int order = vmf->pte ? 0 : folio_order(page_folio(vmf->page));
	struct migrate_vma args = {
		.vma = vmf->vma,
		.start = ALIGN_DOWN(vmf->address, PAGE_SIZE << order),
		.pgmap_owner = m,
		.fault_page = vmf->page,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE |
			 (order ? MIGRATE_VMA_SELECT_COMPOUND : 0),
	};
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct folio *folio;

	args.end = args.start + (PAGE_SIZE << order);
	args.src = kcalloc(1UL << order, sizeof(*args.src), GFP_KERNEL);
	args.dst = kcalloc(1UL << order, sizeof(*args.dst), GFP_KERNEL);
	if (!args.src || !args.dst || migrate_vma_setup(&args))
		goto out;
	if (args.src[0] & MIGRATE_PFN_MIGRATE) {
		folio = vma_alloc_folio(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, order, vmf->vma,
					args.start);
		if (folio) {
			folio_lock(folio);
			args.dst[0] = migrate_pfn(folio_pfn(folio)) |
				      (order ? MIGRATE_PFN_COMPOUND : 0) |
				      (args.src[0] & MIGRATE_PFN_WRITE);
			ret = 0;
		}
	} else {
		ret = 0; /* somebody was faster, or holds it: the fault is repeated */
	}
	migrate_vma_pages(&args);
	migrate_vma_finalize(&args);
out:
	kfree(args.src);
	kfree(args.dst);
	return ret;
}

static const struct dev_pagemap_ops moved_ops = {
	.folio_free = moved_folio_free,
	.migrate_to_ram = moved_to_ram,
};

/* It waits until nobody maps or holds a folio of it. */
static void moved_free(struct session *s, struct undo *u)
{
	struct moved *m = u->data;

	memunmap_pages(&m->pgmap);
	release_mem_region(m->res->start, resource_size(m->res));
	kvfree(m);
}

static int moved_make(struct session *s, struct moved **made)
{
	struct moved *m = kvzalloc(sizeof(*m), GFP_KERNEL);
	struct undo *u = NULL;
	void *at = ERR_PTR(-ENOMEM);

	if (!m)
		return -ENOMEM;
	m->res = request_free_mem_region(&iomem_resource, HPAGE_PMD_SIZE, "daxtop_inject");
	if (IS_ERR(m->res)) {
		kvfree(m);
		return -ENOMEM;
	}
	m->pgmap.type = MEMORY_DEVICE_PRIVATE;
	m->pgmap.range = (struct range){ m->res->start, m->res->end };
	m->next = PHYS_PFN(m->pgmap.range.start);
	m->end = PHYS_PFN(m->pgmap.range.end + 1);
	m->pgmap.nr_range = 1;
	m->pgmap.ops = &moved_ops;
	m->pgmap.owner = m;
	u = undo_add(s, moved_free);
	if (!u)
		goto fail;
	at = memremap_pages(&m->pgmap, numa_node_id());
	if (IS_ERR(at))
		goto fail;
	u->data = m;
	*made = m;
	return 0;
fail:
	if (u)
		undo_drop(u);
	release_mem_region(m->res->start, resource_size(m->res));
	kvfree(m);
	return PTR_ERR(at);
}

/* A folio for what src[i] says. Returns its pages. */
static unsigned long folio_move(struct moved *m, unsigned long i)
{
	bool large = m->src[i] & MIGRATE_PFN_COMPOUND;
	unsigned long nr = large ? HPAGE_PMD_NR : 1;
	struct folio *folio;

	if (!(m->src[i] & MIGRATE_PFN_MIGRATE) || m->next + nr > m->end)
		return nr;
	folio = pfn_folio(m->next);
	m->next += nr;
	zone_device_folio_init(folio, &m->pgmap, large ? HPAGE_PMD_ORDER : 0);
	m->dst[i] = migrate_pfn(folio_pfn(folio)) | (m->src[i] & MIGRATE_PFN_WRITE) |
		    (large ? MIGRATE_PFN_COMPOUND : 0);
	return nr;
}

int move_do(struct session *s, struct inject *arg)
{
	struct migrate_vma args = {
		.start = arg->window,
		.end = arg->window + HPAGE_PMD_SIZE,
		.flags = MIGRATE_VMA_SELECT_SYSTEM | MIGRATE_VMA_SELECT_COMPOUND,
	};
	struct moved *m;
	int err = moved_make(s, &m);

	if (err)
		return err;
	/* Only unmapping gives the folios back: see mm_release(). */
	s->moved = true;
	arg->pfn = m->next;
	args.pgmap_owner = m;
	args.src = m->src;
	args.dst = m->dst;
	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, args.start);
	err = -EFAULT;
	if (args.vma && args.vma->vm_end >= args.end)
		err = migrate_vma_setup(&args);
	if (!err) {
		for (unsigned long i = 0; i < HPAGE_PMD_NR;)
			i += folio_move(m, i);
		migrate_vma_pages(&args);
		for (unsigned long i = 0; i < HPAGE_PMD_NR; i++)
			if (m->src[i] & MIGRATE_PFN_MIGRATE && m->dst[i])
				arg->ret += m->dst[i] & MIGRATE_PFN_COMPOUND ? HPAGE_PMD_NR : 1;
		migrate_vma_finalize(&args);
	}
	mmap_read_unlock(current->mm);
	return err;
}

#else

int move_do(struct session *s, struct inject *arg)
{
	return -EOPNOTSUPP;
}

#endif

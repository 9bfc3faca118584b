// SPDX-License-Identifier: GPL-2.0-only
/*
 * daxtop_inject: wrong references of a pgmap, and pgmaps of our own for what a real
 * one would not survive. Those describe addresses without memory behind them.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "internal.h"

static struct dev_pagemap *pgmap_take(unsigned long pfn)
{
#if PGMAP_GET_ONE_ARG
	return get_dev_pagemap(pfn);
#else
	return get_dev_pagemap(pfn, NULL);
#endif
}

static void pgmap_put(struct session *s, struct undo *u)
{
	put_dev_pagemap(u->pgmap);
}

static noinline int inject_pgmap_get(struct session *s, struct page *page)
{
	struct dev_pagemap *pgmap = pgmap_take(page_to_pfn(page));
	struct undo *u;

	if (!pgmap)
		return -EBUSY;
	u = undo_add(s, pgmap_put);
	if (!u) {
		put_dev_pagemap(pgmap);
		return -ENOMEM;
	}
	u->pgmap = pgmap;
	return 0;
}

static void pgmap_get(struct session *s, struct undo *u)
{
	percpu_ref_get(&u->pgmap->ref);
}

static noinline int inject_pgmap_put(struct session *s, struct page *page)
{
	struct undo *u = undo_add(s, pgmap_get);

	if (!u)
		return -ENOMEM;
	u->pgmap = page_to_pgmap(page);
	percpu_ref_put(&u->pgmap->ref);
	return 0;
}

int pgmap_do(struct session *s, struct inject *arg, struct page *page)
{
	return arg->cmd == INJECT_PGMAP_GET ? inject_pgmap_get(s, page) : inject_pgmap_put(s, page);
}

/* struct own - a pgmap of our own */
struct own {
	struct dev_pagemap pgmap;
	struct range more; /* pgmap.ranges[1], if it has two */
	struct resource *res, *res_more;
	struct page *page; /* the one that we use */
	struct completion gone;
	bool killed;
};

/* What folio_free() leaves behind, if PRIVATE_FREE asked for it. */
static struct address_space freed_mapping;
static bool free_with_mapping;

static vm_fault_t own_migrate(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static noinline void inject_private_free(struct folio *folio)
{
	if (free_with_mapping)
		folio->mapping = &freed_mapping;
}

#if FOLIO_PGMAP
static const struct dev_pagemap_ops own_ops = {
	.folio_free = inject_private_free,
	.migrate_to_ram = own_migrate,
};
#else
static void own_page_free(struct page *page)
{
	inject_private_free(page_folio(page));
}

static const struct dev_pagemap_ops own_ops = {
	.page_free = own_page_free,
	.migrate_to_ram = own_migrate,
};
#endif

/* Undone last: nobody uses the pgmap any more. */
static void own_free(struct session *s, struct undo *u)
{
	struct own *own = u->data;

	if (own->killed)
		wait_for_completion(&own->gone);
	else
		memunmap_pages(&own->pgmap);
	release_mem_region(own->res->start, resource_size(own->res));
	if (own->res_more)
		release_mem_region(own->res_more->start, resource_size(own->res_more));
	kfree(own);
}

static int own_make(struct session *s, enum memory_type type, struct inject *arg, struct own **made)
{
	struct own *own = kzalloc(sizeof(*own), GFP_KERNEL);
	struct undo *u = NULL;
	void *err;

	if (!own)
		return -ENOMEM;
	init_completion(&own->gone);
	own->res = request_free_mem_region(&iomem_resource, PAGE_SIZE, "daxtop_inject");
	if (IS_ERR(own->res)) {
		err = own->res;
		goto fail;
	}
	own->pgmap.type = type;
	own->pgmap.range.start = own->res->start;
	own->pgmap.range.end = own->res->end;
	own->pgmap.nr_range = 1;
	own->pgmap.ops = &own_ops;
	own->pgmap.owner = own;
	err = memremap_pages(&own->pgmap, NUMA_NO_NODE);
	if (IS_ERR(err))
		goto fail_region;
	own->page = pfn_to_page(own->res->start >> PAGE_SHIFT);
	arg->pfn = page_to_pfn(own->page);
	u = undo_add(s, own_free);
	if (!u) {
		memunmap_pages(&own->pgmap);
		err = ERR_PTR(-ENOMEM);
		goto fail_region;
	}
	u->data = own;
	arg->count = page_count(own->page);
	*made = own;
	return 0;
fail_region:
	release_mem_region(own->res->start, resource_size(own->res));
fail:
	kfree(own);
	return PTR_ERR(err);
}

static int own_killer(void *data)
{
	struct own *own = data;

	memunmap_pages(&own->pgmap);
	complete(&own->gone);
	return 0;
}

static void own_unhold(struct session *s, struct undo *u)
{
	put_dev_pagemap(u->pgmap);
}

/*
 * own_hold: the reference that makes memunmap_pages() wait. Taken before anything that
 * needs the struct pages, so that it is dropped after it.
 */
static int own_hold(struct session *s, struct own *own)
{
	struct undo *u = undo_add(s, own_unhold);

	if (!u)
		return -ENOMEM;
	u->pgmap = pgmap_take(page_to_pfn(own->page));
	if (!u->pgmap) {
		undo_drop(u);
		return -EBUSY;
	}
	return 0;
}

static int own_kill(struct own *own)
{
	struct task_struct *task = kthread_run(own_killer, own, "daxtop_inject");

	if (IS_ERR(task))
		return PTR_ERR(task);
	own->killed = true;
	while (!percpu_ref_is_dying(&own->pgmap.ref))
		msleep(1);
	return 0;
}

static noinline int inject_dead_get(struct session *s, struct own *own)
{
	struct undo *u = undo_add(s, pgmap_put);

	if (!u)
		return -ENOMEM;
	u->pgmap = &own->pgmap;
	percpu_ref_get(&own->pgmap.ref);
	return 0;
}

static noinline int inject_dead_install(struct session *s, struct inject *arg, struct own *own)
{
	int err = window_touch(s, arg, own->page, install_honest, NULL);

	barrier();
	return err;
}

static void page_unpin(struct session *s, struct undo *u)
{
	unpin_user_page(u->page);
}

static noinline int inject_dead_pin(struct session *s, struct inject *arg)
{
	struct page *page = NULL;
	struct undo *u = undo_add(s, page_unpin);

	if (!u)
		return -ENOMEM;
	mmap_read_lock(current->mm);
	arg->ret = pin_user_pages(arg->window, 1, 0, &page);
	mmap_read_unlock(current->mm);
	if (arg->ret == 1)
		u->page = page;
	else
		undo_drop(u);
	return 0;
}

static void own_page_init(struct own *own)
{
#if FOLIO_PGMAP
	zone_device_page_init(own->page, &own->pgmap, 0);
#else
	zone_device_page_init(own->page);
#endif
}

static void own_page_put(struct session *s, struct undo *u)
{
	put_page(u->page);
}

static noinline int inject_dead_init(struct session *s, struct own *own)
{
	struct undo *u = undo_add(s, own_page_put);

	if (!u)
		return -ENOMEM;
	u->page = own->page;
	own_page_init(own);
	unlock_page(own->page);
	return 0;
}

static noinline void inject_gone_pinned(struct own *own)
{
	memunmap_pages(&own->pgmap);
	own->killed = true;
	complete(&own->gone);
}

static int gone_pinned(struct session *s, struct inject *arg, struct own *own)
{
	struct page *page = NULL;
	int err = window_touch(s, arg, own->page, install_honest, NULL);

	if (err)
		return err;
	mmap_read_lock(current->mm);
	arg->ret = pin_user_pages(arg->window, 1, 0, &page);
	mmap_read_unlock(current->mm);
	/* The PTE can't stay: the zap would look for the struct page. The pin does. */
	unmap_mapping_range(s->windows, s->windows_start, WINDOWS_SIZE, 1);
	if (arg->ret == 1)
		inject_gone_pinned(own);
	return 0;
}

static noinline void inject_private_init(struct own *own, bool broken)
{
	if (broken)
		page_ref_inc(own->page);
	own_page_init(own);
	unlock_page(own->page);
}

static struct resource *region_take(void)
{
	struct resource *res = request_free_mem_region(&iomem_resource, PAGE_SIZE, "daxtop_inject");

	return IS_ERR(res) ? NULL : res;
}

/* Free regions are taken from above: the last one is the lowest. */
static int ranges_do(struct session *s, struct inject *arg)
{
	struct own *own = kzalloc(sizeof(*own), GFP_KERNEL), *between;
	struct undo *u;
	void *err;

	BUILD_BUG_ON(offsetof(struct own, more) !=
		     offsetof(struct own, pgmap.range) + sizeof(struct range));
	if (!own)
		return -ENOMEM;
	init_completion(&own->gone);
	own->res_more = region_take();
	if (!own->res_more || own_make(s, MEMORY_DEVICE_GENERIC, arg, &between))
		goto fail;
	own->res = region_take();
	u = own->res ? undo_add(s, own_free) : NULL;
	if (!u)
		goto fail;
	own->pgmap.type = MEMORY_DEVICE_GENERIC;
	own->pgmap.range = (struct range){ own->res->start, own->res->end };
	own->more = (struct range){ own->res_more->start, own->res_more->end };
	own->pgmap.nr_range = 2;
	own->pgmap.ops = &own_ops;
	own->pgmap.owner = own;
	err = memremap_pages(&own->pgmap, NUMA_NO_NODE);
	if (IS_ERR(err)) {
		undo_drop(u);
		goto fail;
	}
	u->data = own;
	own->page = pfn_to_page(own->res_more->start >> PAGE_SHIFT);
	arg->pfn = page_to_pfn(own->page);
	return window_touch(s, arg, own->page, install_honest, NULL);
fail:
	if (own->res)
		release_mem_region(own->res->start, resource_size(own->res));
	if (own->res_more)
		release_mem_region(own->res_more->start, resource_size(own->res_more));
	kfree(own);
	return -ENOMEM;
}

int own_do(struct session *s, struct inject *arg, struct page *page)
{
	bool private = arg->cmd >= INJECT_PRIVATE_HONEST || arg->cmd == INJECT_DEAD_INIT;
	struct own *own;
	int err;

	if ((arg->cmd == INJECT_DEAD_INIT && !FOLIO_PGMAP) ||
	    (private && !IS_ENABLED(CONFIG_DEVICE_PRIVATE)))
		return -EOPNOTSUPP;
	if (arg->cmd == INJECT_RANGES)
		return ranges_do(s, arg);
	err = own_make(s, private ? MEMORY_DEVICE_PRIVATE : MEMORY_DEVICE_GENERIC, arg, &own);
	if (err)
		return err;
	if (arg->cmd <= INJECT_DEAD_INIT) {
		err = own_hold(s, own);
		if (!err && arg->cmd == INJECT_DEAD_PIN)
			err = window_touch(s, arg, own->page, install_honest, NULL);
		if (!err)
			err = own_kill(own);
		if (err)
			return err;
	}
	switch (arg->cmd) {
	case INJECT_DEAD_GET:
		return inject_dead_get(s, own);
	case INJECT_DEAD_INSTALL:
		return inject_dead_install(s, arg, own);
	case INJECT_DEAD_PIN:
		return inject_dead_pin(s, arg);
	case INJECT_DEAD_INIT:
		return inject_dead_init(s, own);
	case INJECT_GONE_PINNED:
		return gone_pinned(s, arg, own);
	}
	inject_private_init(own, arg->cmd == INJECT_PRIVATE_INIT);
	free_with_mapping = arg->cmd == INJECT_PRIVATE_FREE;
	put_page(own->page);
	/* What it left is met when the page is handed out again. */
	if (free_with_mapping)
		inject_private_init(own, false);
	free_with_mapping = false;
	if (arg->cmd == INJECT_PRIVATE_FREE)
		put_page(own->page);
	return 0;
}

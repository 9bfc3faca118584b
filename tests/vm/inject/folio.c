// SPDX-License-Identifier: GPL-2.0-only
/* daxtop_inject: wrong counts and fields of a folio. */

#include <linux/fs.h>

#include "internal.h"

/* What 6.12 puts into the mapping of a shared DAX page (include/linux/page-flags.h). */
#define SHARED_MAPPING (REFCOUNTED_DAX ? NULL : (void *)1)

/* Looks like a mapping without a host, so dax_mapping() says no. */
static struct address_space stale_mapping;

static void reference_put(struct session *s, struct undo *u)
{
	put_page(u->page);
}

/* pool_owned: its last put gives memory back to an allocator. */
static bool pool_owned(struct page *page)
{
	enum memory_type type = page_to_pgmap(page)->type;

	return type != MEMORY_DEVICE_FS_DAX && type != MEMORY_DEVICE_GENERIC;
}

static noinline int inject_folio_get(struct session *s, struct page *page)
{
	struct undo *u;

	if (pool_owned(page) && !page_count(page))
		return -EBUSY;
	u = undo_add(s, reference_put);
	if (!u)
		return -ENOMEM;
	u->page = page;
	/* Not folio_get(), which has an opinion about 0 with DEBUG_VM. */
	folio_ref_inc(page_folio(page));
	return 0;
}

static void count_add(struct session *s, struct undo *u)
{
	folio_ref_add(page_folio(u->page), u->count);
}

static noinline int inject_folio_put(struct session *s, struct page *page)
{
	struct folio *folio = page_folio(page);
	int before = folio_ref_count(folio);
	struct undo *u;

	if (before < 1 || (pool_owned(page) && before < 2))
		return -EBUSY;
	u = undo_add(s, count_add);
	if (!u)
		return -ENOMEM;
	u->page = page;
	put_page(page);
	/* The kernel itself gives a GENERIC page its 1 again. */
	u->count = before - folio_ref_count(folio);
	return 0;
}

static void pincount_add(struct session *s, struct undo *u)
{
	atomic_inc(&page_folio(u->page)->_pincount);
}

static noinline int inject_unpin(struct session *s, struct page *page)
{
	struct folio *folio = page_folio(page);
	struct undo *u;

	if (folio_test_large(folio)) {
		u = undo_add(s, pincount_add);
		if (!u)
			return -ENOMEM;
		u->page = page;
		folio_ref_inc(folio);
	} else {
		/* far below 0, where no put stops at; raised before, it would be a pin */
		u = undo_add(s, count_add);
		if (!u)
			return -ENOMEM;
		u->page = page;
		u->count = GUP_PIN_COUNTING_BIAS;
	}
	unpin_user_page(page);
	return 0;
}

static void share_take(struct session *s, struct undo *u)
{
#if REFCOUNTED_DAX
	if (!page_folio(u->page)->mapping)
		page_folio(u->page)->share--;
#else
	if (u->page->mapping == SHARED_MAPPING)
		u->page->share--;
#endif
}

static noinline int inject_share(struct session *s, struct page *page)
{
	struct folio *folio = page_folio(page);
	struct undo *u;

#if REFCOUNTED_DAX
	if (folio->mapping || !folio->share)
		return -EBUSY;
#else
	if (folio->mapping != SHARED_MAPPING || !page->share)
		return -EBUSY;
#endif
	u = undo_add(s, share_take);
	if (!u)
		return -ENOMEM;
	u->page = page;
#if REFCOUNTED_DAX
	folio->share++;
#else
	page->share++;
#endif
	return 0;
}

static void mapping_clear(struct session *s, struct undo *u)
{
	if (u->page->mapping == &stale_mapping)
		u->page->mapping = NULL;
}

static noinline int inject_stale_mapping(struct session *s, struct page *page)
{
	struct undo *u;

	if (PageCompound(page) || page->mapping)
		return -EBUSY;
	u = undo_add(s, mapping_clear);
	if (!u)
		return -ENOMEM;
	u->page = page;
	page->mapping = &stale_mapping;
	return 0;
}

static noinline int inject_free_nonzero(struct page *page)
{
	void (*release)(struct folio * folio) = symbol_find("free_zone_device_folio");
	struct folio *folio = page_folio(page);
	int before = folio_ref_count(folio);

	if (!release)
		return -ENOENT;
	if (before < 1 || pool_owned(page))
		return -EBUSY;
	release(folio);
	/* Of a GENERIC folio it sets the count. */
	folio_ref_add(folio, before - folio_ref_count(folio));
	return 0;
}

/* At once back as it was: what the kernel zaps later must be counted. */
static noinline int inject_unmap_uncounted(struct page *page, unsigned long addr)
{
	void (*add)(struct folio *, struct page *, int, struct vm_area_struct *) =
		symbol_find("folio_add_file_rmap_ptes");
	void (*remove)(struct folio *, struct page *, int, struct vm_area_struct *) =
		symbol_find("folio_remove_rmap_ptes");
	struct folio *folio = page_folio(page);
	struct vm_area_struct *vma;
	int err = -EBUSY;

	if (!REFCOUNTED_DAX)
		return -EOPNOTSUPP;
	if (!add || !remove)
		return -ENOENT;
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma && !folio_test_large(folio) && folio_mapcount(folio) == 1) {
		atomic_dec(&folio->_mapcount);
		remove(folio, page, 1, vma);
		atomic_inc(&folio->_mapcount);
		add(folio, page, 1, vma);
		err = 0;
	}
	mmap_read_unlock(current->mm);
	return err;
}

int folio_do(struct session *s, struct inject *arg, struct page *page)
{
	switch (arg->cmd) {
	case INJECT_FOLIO_GET:
		return inject_folio_get(s, page);
	case INJECT_FOLIO_PUT:
		return inject_folio_put(s, page);
	case INJECT_UNPIN:
		return inject_unpin(s, page);
	case INJECT_SHARE:
		return inject_share(s, page);
	case INJECT_STALE_MAPPING:
		return inject_stale_mapping(s, page);
	case INJECT_FREE_NONZERO:
		return inject_free_nonzero(page);
	case INJECT_UNMAP_UNCOUNTED:
		return inject_unmap_uncounted(page, arg->addr);
	}
	return -EOPNOTSUPP;
}

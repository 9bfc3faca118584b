// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk.bpf.c - looks at every struct page of a pgmap, in pieces.
 *
 * No lock and no reference is taken. What is read may change at any time, or be freed
 * with its device: such loads give 0 (the fault handler of BPF's own loads), so a page
 * that has gone is not ZONE_DEVICE.
 */
#include "folio.bpf.h"
#include "scan.h"

struct dx_folio walk_found[DX_WALK_FOUND];
struct dx_walk walking; /* one at a time */

/*
 * Zone of the pages; 0: ZONE_DEVICE. Another one for tests/bench/walk_bench.c only, which
 * walks ordinary memory. Constant when the program is loaded, so it costs nothing.
 */
const volatile __u32 walk_zone;

static __always_inline bool in_zone(const struct page *page)
{
	return page_zone(page) == (walk_zone ?: bpf_core_enum_value(enum zone_type, ZONE_DEVICE));
}

/*
 * A time of its own for each folio, for those who put events in order with it. Reading the
 * clock is half of the work on a folio in use; without it, all have the time when
 * their piece began.
 */
const volatile bool walk_times = true;

/* memory_failure() marks the head (mm/memory-failure.c, mf_generic_kill_procs(), mf_dax_kill_procs()). */
static __always_inline bool is_poisoned(const struct page *page)
{
	return page_flags(page) & (1UL << bpf_core_enum_value(enum pageflags, PG_hwpoison));
}

/* @pgmap 0: whatever it is. The word is read either way. */
static __always_inline bool pgmap_matches(__u64 at, __u64 pgmap)
{
	return folio_pgmap_addr(at) == pgmap || !pgmap;
}

/* Its order and counts, as one look has them. */
static __always_inline void folio_read(struct dx_folio *f, __u64 at)
{
	struct folio *folio = folio_cast(at);
	struct address_space *mapping;
	struct inode *inode;

	f->share = folio_share(at);
	mapping = folio_mapping(at);
	f->mapping = (__u64)mapping;
	f->index = mapping ? folio->index : 0;
	f->ino = 0;
	f->dev = 0;
	f->gen = 0;
	f->flags = 0;
	if (!mapping)
		return;
	inode = mapping->host;
	f->ino = inode->i_ino;
	f->gen = inode->i_generation;
	f->dev = inode_dev(inode);
	if (!inode->i_nlink)
		f->flags |= DX_FOLIO_DELETED;
	if ((inode->i_mode & 00170000) == 0020000)
		f->flags |= DX_FOLIO_DEVICE;
}

struct counts {
	__s32 ref, map, pin;
};

static __always_inline struct counts counts_read(__u64 at, struct folio *folio, bool large)
{
	struct folio_counts n;
	struct counts c;

	if (large) {
		c.map = folio->_large_mapcount.counter + 1;
		c.ref = folio->_refcount.counter;
		c.pin = folio->_pincount.counter;
		return c;
	}
	n = folio_counts_small(at);
	c.map = n.map;
	c.ref = n.ref;
	c.pin = n.ref > 0 ? (__u32)n.ref / GUP_PIN_COUNTING_BIAS : 0;
	return c;
}

static __always_inline bool in_use(const struct dx_walk *w, const struct counts *c)
{
	return c->ref != w->a.idle || c->map > 0;
}

/* The counts are read again, because their time must be known, and it costs a call. */
__noinline int found_add(__u64 at, __u32 order, __u32 poisoned)
{
	struct dx_walk *w = &walking;
	__u64 time = walk_times ? bpf_ktime_get_ns() : w->time;
	struct counts c = counts_read(at, folio_cast(at), order);
	struct dx_folio *f;

	if (in_use(w, &c)) {
		w->a.in_use++;
		w->a.mapped += c.map > 0;
		w->a.pinned += c.pin > 0;
	} else if (!poisoned) {
		return 0;
	}
	f = &walk_found[w->a.found & (DX_WALK_FOUND - 1)];
	w->a.found++;
	f->pfn = w->a.pfn;
	f->time = time;
	f->order = order;
	f->refcount = c.ref;
	f->mapcount = c.map;
	f->pincount = c.pin;
	folio_read(f, at);
	if (poisoned)
		f->flags |= DX_FOLIO_POISONED;
	return 0;
}

static long walk_page(__u64 unused, void *arg)
{
	struct dx_walk *w = &walking;
	__u64 at = pfn_addr(w->a.pfn), pages = 1, mapping;
	struct folio *folio = folio_cast(at);
	struct counts c;
	__u32 order = 0, poisoned;

	if (w->a.pfn >= w->a.end || !w->left || w->a.found >= DX_WALK_FOUND)
		return 1;
	w->left--;
	/*
	 * Not ZONE_DEVICE: the first pages may be an altmap's, the last ones not yet made, all
	 * of them gone. A tail: it was made large just now.
	 */
	if (!in_zone(page_cast(at)) || page_head(at) != at || !pgmap_matches(at, w->a.pgmap)) {
		w->a.other++;
		w->a.pfn++;
		return 0;
	}
	if (folio_is_large(folio)) {
		order = folio->_flags_1 & 31;
		pages = 1ULL << order;
		w->a.pages[order == 9 ? 1 : order == 18 ? 2 : 3] += pages;
	} else {
		w->a.pages[0]++;
	}
	c = counts_read(at, folio, order);
	poisoned = is_poisoned(page_cast(at));
	if (poisoned || in_use(w, &c)) {
		found_add(at, order, poisoned);
	} else {
		mapping = folio_mapping_word(at);
		if (mapping && !(mapping & 3))
			w->a.mapping = mapping;
	}
	w->a.pfn += pages;
	return 0;
}

SEC("syscall")
int dx_walk(struct dx_walk_args *a)
{
	struct dx_walk *w = &walking;

	__builtin_memset(w, 0, sizeof(*w));
	w->a.pfn = a->pfn;
	w->a.end = a->end;
	w->a.pgmap = a->pgmap;
	w->a.idle = a->idle;
	w->left = a->budget;
	w->time = bpf_ktime_get_ns();
	/* a head may be below @pfn, when the range asked for begins inside its folio */
	if (w->a.pfn < w->a.end) {
		__u64 at = pfn_addr(w->a.pfn), head = addr_pfn(page_head(at));

		if (in_zone(page_cast(at)) && head < w->a.pfn && w->a.pfn - head < 1 << 18)
			w->a.pfn = head;
	}
	bpf_loop(1 << 23, walk_page, NULL, 0);
	a->pfn = w->a.pfn;
	a->found = w->a.found;
	a->steps = a->budget - w->left;
	for (int i = 0; i < 4; i++)
		a->pages[i] = w->a.pages[i];
	a->other = w->a.other;
	a->in_use = w->a.in_use;
	a->mapped = w->a.mapped;
	a->pinned = w->a.pinned;
	a->mapping = w->a.mapping;
	return 0;
}

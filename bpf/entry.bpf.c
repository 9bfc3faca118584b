// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry.bpf.c - DAX entries of a mapping: inserted, removed (fs/dax.c).
 */
#include "hook.bpf.h"
#include "emit.bpf.h"
#include "entry.bpf.h"
#include "rule.bpf.h"
#include "xarray.bpf.h"

#define IOMAP_F_SHARED 4 /* include/linux/iomap.h */

static __always_inline bool page_is_large(__u64 page)
{
	return page_head(page) != page || folio_is_large(folio_cast(page));
}

/*
 * Where no entry was, nobody may have the page: no mapping, order 0, and nobody who
 * holds it (dax_associate_entry(), dax_folio_init()). Under the lock of the xarray.
 */
static __noinline int insert_broken(void *ctx, __u64 page)
{
	__u64 head = page_head(page);
	struct folio *folio = folio_cast(head);
	__u64 share = index_stays ? 0 : folio_share(page);
	__s32 got;

	/* what stayed of an earlier life can't be told from owners too many, and harms nobody: index is set anew */
	if (share)
		rule_broken(ctx, WHAT(DX_RULE_SHARE_MISMATCH, DX_D_SHARE_AFTER), head,
			    COUNTS(0, share), 0);
	else if (folio_mapping_word(page))
		rule_broken(ctx, WHAT(DX_RULE_ENTRY_STALE_STATE, DX_D_MAPPING_BEFORE), head, 0, 0);
	if (page_is_large(page)) {
		got = folio_is_large(folio) ? folio->_flags_1 & 0xff : 0;
		rule_broken(ctx, WHAT(DX_RULE_ENTRY_STALE_STATE, DX_D_ORDER_BEFORE), head,
			    COUNTS(0, got), 0);
	}
	got = folio->_refcount.counter;
	if (got != legacy)
		rule_broken(ctx, WHAT(DX_RULE_IDLE_NONZERO, DX_D_REFCOUNT), head,
			    COUNTS(legacy, got), 0);
	return 0;
}

static __noinline int left_drop(__u64 page)
{
	struct dx_rule_counts *c = rule_counts();

	if (!bpf_map_delete_elem(&left_indexes, &page) && c)
		__sync_fetch_and_add(&c->left_gone, 1);
	return 0;
}

static __noinline int left_keep(__u64 page, __u64 index)
{
	struct dx_rule_counts *c = rule_counts();
	__u64 *left = bpf_map_lookup_elem(&left_indexes, &page);

	if (left)
		*left = index;
	else if (!bpf_map_update_elem(&left_indexes, &page, &index, BPF_NOEXIST) && c)
		__sync_fetch_and_add(&c->left_kept, 1);
	return 0;
}

/*
 * A page without a mapping whose index has stayed looks shared (dax_folio_is_shared()): a shared
 * insert is taken for a further owner's, and dax_associate_entry() counts on from the index. The page gets no mapping, the count
 * stays wrong for as long as shared owners come and go. It is told of pages only
 * whose last entry was seen to go.
 */
static __always_inline void index_left(__u64 value, __u64 index, __u32 flags)
{
	__u64 page = pfn_addr(value >> DAX_SHIFT);

	if (!index_stays || value & (DAX_PMD | DAX_ZERO_PAGE | DAX_EMPTY) || flags & DX_F_SHARED)
		return;
	if (index)
		left_keep(page, index);
	else
		left_drop(page);
}

static __noinline int index_counted(void *ctx, struct fault *f, __u64 page)
{
	__u64 share = folio_share(page), *left = bpf_map_lookup_elem(&left_indexes, &page);

	if (!left)
		return 0;
	if (!share || share != *left)
		return left_drop(page);
	/* so does that kernel, each time: a count is enough */
	if (!strict) {
		struct dx_rule_counts *c = rule_counts();

		if (c)
			__sync_fetch_and_add(&c->broken[DX_RULE_SHARE_MISMATCH], 1);
		return 0;
	}
	return rule_broken(ctx,
			   WHAT(DX_RULE_SHARE_MISMATCH, DX_D_STALE_INDEX) |
				   WHAT_WHERE(WHERE_INODE) | WHAT_NR(share),
			   page, f->index,
			   word_at(f->mapping + bpf_core_field_offset(struct address_space, host)));
}

static __always_inline void insert_rules(void *ctx, struct fault *f, __u64 page, bool shared,
					 struct xa_state *xas)
{
	f->mapping = field_word(xas, struct xa_state, xa) -
		     bpf_core_field_offset(struct address_space, i_pages);
	f->index = xas->xa_index;
	f->checked[shared ? DX_FAULT_SHARED : DX_FAULT_FRESH]++;
	if (index_stays && shared && !f->large)
		index_counted(ctx, f, page);
	else if (index_stays)
		left_drop(page);
	if (shared)
		return;
	if (f->ref_first != legacy || folio_mapping_word(page) ||
	    (!index_stays && folio_cast(page)->index) || page_is_large(page))
		insert_broken(ctx, page);
}

/*
 * Old @entry is empty or a zero page, or the range is shared: the new one takes
 * its place, and the folio is associated with the mapping (dax_associate_entry).
 * Otherwise the entry was there already, a fault after munmap.
 */
SEC("fentry/dax_insert_entry")
int BPF_PROG(dx_insert_entry, struct xa_state *xas, struct vm_fault *vmf,
	     const struct iomap_iter *iter, void *entry, unsigned long pfn, unsigned long flags)
{
	struct fault *f = fault_begin();
	__u64 old = entry_value((__u64)entry), page;
	bool shared;

	if (!f) {
		lost_count(DX_INSERT);
		return 0;
	}
	pfn &= PFN_T_MASK;
	f->vmf = (__u64)vmf;
	f->pfn = pfn;
	f->replaced = 0;
	f->ref_install = 0;
	f->map_install = 0;
	if (flags & DAX_ZERO_PAGE) {
		f->flags = DX_F_ZERO;
		return 0;
	}
	shared = iter->iomap.flags & IOMAP_F_SHARED;
	f->flags = shared ? DX_F_SHARED : 0;
	if (old & (DAX_ZERO_PAGE | DAX_EMPTY))
		f->flags |= DX_F_INSERT;
	else if (shared && old >> DAX_SHIFT != pfn) {
		f->flags |= DX_F_INSERT;
		/* it is unmapped first: the fault's end tells */
		f->replaced = old;
		f->replaced_at = xas->xa_index;
		f->replaced_flags = DX_F_REPLACED;
		f->replaced_left = entry_owners_left(old, &f->replaced_flags);
		index_left(old, xas->xa_index, f->replaced_flags);
	}
	f->large = (flags | old) & DAX_PMD;
	page = pfn_addr(pfn);
	if (f->large)
		page = page_head(page);
	f->ref_first = folio_cast(page)->_refcount.counter;
	if (rules_on && f->flags & DX_F_INSERT)
		insert_rules(ctx, f, pfn_addr(pfn), shared, xas);
	return 0;
}

/* ---- removal: the range is known from outside, the entry from inside ---- */

HOOK(dx_delete_range)
{
	struct task_ctx *t = task_ctx_get();

	if (t)
		t->mapping = hook_arg(ctx, 0);
	else
		lost_count(DX_REMOVE);
	return 0;
}

HOOK(dx_delete_range_end)
{
	struct task_ctx *t = task_ctx_find();

	if (t)
		t->mapping = 0;
	return 0;
}

/*
 * An entry's folio has a mapping, or a count of owners that share it, and the entry's
 * order. Under the lock of the xarray; but an owner in another file can come in this moment
 * (dax_folio_make_shared()): the mapping goes before the count is set, so four looks
 * must agree.
 */
static __always_inline int owner_rules(void *ctx, __u64 value)
{
	__u64 at = page_head(pfn_addr(value >> DAX_SHIFT));
	struct folio *folio = folio_cast(at);
	__u32 wanted = value & DAX_PMD && !legacy ? 9 : 0;
	__u32 got = folio_is_large(folio) ? folio->_flags_1 & 0xff : 0;

	rule_checked(rule_counts(), DX_RULE_SHARE_MISMATCH);
	if (got != wanted)
		return rule_broken(ctx, WHAT(DX_RULE_SHARE_MISMATCH, DX_D_ORDER_AFTER), at,
				   COUNTS(wanted, got), 0);
	for (int i = 0; i < 4; i++)
		if (folio_mapping_word(at) || folio_share(at))
			return 0;
	return rule_broken(ctx, WHAT(DX_RULE_SHARE_MISMATCH, DX_D_NO_OWNER), at,
			   COUNTS(wanted, got), 0);
}

/* Each entry that dax_delete_mapping_range() is about to disassociate. */
HOOK(dx_delete_entry)
{
	struct xa_state *xas = hook_ptr(ctx, 0, xa_state);
	void *ret = (void *)hook_ret(ctx);
	struct task_ctx *t = task_ctx_find();
	__u64 value = entry_value((__u64)ret);
	__u32 flags = 0;
	__s32 left;

	if (!t || !t->mapping || !ret || value & (DAX_ZERO_PAGE | DAX_EMPTY))
		return 0;
	left = entry_owners_left(value, &flags);
	if (rules_on)
		owner_rules(ctx, value);
	index_left(value, xas->xa_index, flags);
	emit_remove(value, word_at(t->mapping + bpf_core_field_offset(struct address_space, host)),
		    xas->xa_index, left, flags);
	return 0;
}

/*
 * The last entry goes, under the lock of the xarray (dax_folio_put(), fs/dax.c): nobody may
 * have the folio any more, and it falls apart into what it was made of.
 */
static __always_inline int removed_rules(void *ctx, __u64 at, int idle)
{
	int got;

	if (!rules_on)
		return 0;
	rule_checked(rule_counts(), DX_RULE_REMOVED_WHILE_REFERENCED);
	got = folio_cast(at)->_refcount.counter;
	if (got > idle)
		rule_broken(ctx, WHAT(DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_REFCOUNT), at,
			    COUNTS(idle, got), 0);
	return 0;
}

/* 7.1 and after: a function of its own. */
HOOK(dx_reset_order)
{
	__u64 at;

	bpf_get_func_arg(ctx, 0, &at);
	return removed_rules(ctx, at, 0);
}

HOOK(dx_reset_order_end)
{
	int order = hook_arg(ctx, 1);
	__u32 detail = 0, got = 0;
	__u64 at, tail;

	if (!rules_on)
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	tail = at + (order > 0 && order <= 18 ? (STRUCT_PAGE_SIZE << order) - STRUCT_PAGE_SIZE : 0);
	if (page_is_large(at) || page_is_large(tail)) {
		detail = DX_D_ORDER_AFTER;
		got = order;
	} else if (folio_mapping_word(at) || folio_mapping_word(tail)) {
		detail = DX_D_MAPPING_AFTER;
	} else if (word_at(at + bpf_core_field_offset(struct folio, index))) {
		detail = DX_D_SHARE_AFTER;
	} else if (!folio_pgmap_addr(at) || folio_pgmap_addr(tail) != folio_pgmap_addr(at)) {
		detail = DX_D_PGMAP_AFTER;
	}
	if (detail)
		rule_broken(ctx, WHAT(DX_RULE_REMOVED_WHILE_REFERENCED, detail), at, COUNTS(0, got),
			    0);
	return 0;
}

/*
 * 6.15 to 7.0: both are inlined. The entry that dax_delete_mapping_range() is about to disassociate;
 * one that __dax_invalidate_entry() takes is not seen under the lock.
 */
SEC("fexit/wait_entry_unlocked_exclusive")
int dx_last_entry(__u64 *ctx)
{
	__u64 ret = hook_ret(ctx), value = entry_value(ret);
	struct task_ctx *t = task_ctx_find();
	__u32 flags = 0;

	if (!t || !t->mapping || !ret || value & (DAX_ZERO_PAGE | DAX_EMPTY) ||
	    entry_owners_left(value, &flags))
		return 0;
	return removed_rules(ctx, page_head(pfn_addr(value >> DAX_SHIFT)), 0);
}

/* 6.12 and before: one call an entry, which is 512 pages with a PMD. */
static long removed_page(__u64 i, void *arg)
{
	__u64 *first_and_bad = arg; /* page, the first one that is held */

	if (folio_cast(first_and_bad[0] + i * STRUCT_PAGE_SIZE)->_refcount.counter <= 1)
		return 0;
	first_and_bad[1] = first_and_bad[0] + i * STRUCT_PAGE_SIZE;
	return 1;
}

SEC("fentry/dax_disassociate_entry")
int BPF_PROG(dx_disassociate, void *entry, struct address_space *mapping, bool trunc)
{
	__u64 value = entry_value((__u64)entry), pages[2] = {};
	struct task_ctx *t;

	/* a fault's new entry */
	if (!trunc && value & (DAX_ZERO_PAGE | DAX_EMPTY))
		return 0;
	t = task_ctx_find();
	if (t && t->entry) {
		/* what __dax_invalidate_entry() removes: under the lock, when nobody has it locked any more */
		t->entry = (__u64)entry;
		t->entry_flags = 0;
		t->entry_left = entry_owners_left(value, &t->entry_flags);
	}
	if (!trunc || value & (DAX_ZERO_PAGE | DAX_EMPTY))
		return 0;
	pages[0] = pfn_addr(value >> DAX_SHIFT);
	pages[1] = pages[0];
	bpf_loop(value & DAX_PMD ? 512 : 1, removed_page, pages, 0);
	return removed_rules(ctx, pages[1], 1);
}

/*
 * __dax_invalidate_entry() may decide against it (a dirty entry that is not
 * truncated), so what stands there before is kept until it says 1. The entry is looked
 * up without the lock; get_next_unlocked_entry() would give it under the lock, but
 * runs in every fault.
 */
HOOK(dx_invalidate)
{
	struct address_space *mapping = hook_ptr(ctx, 0, address_space);
	unsigned long index = hook_arg(ctx, 1);
	struct task_ctx *t = task_ctx_get();

	if (!t) {
		lost_count(DX_REMOVE);
		return 0;
	}
	t->entry = xa_load(field_word(&mapping->i_pages, struct xarray, xa_head), index);
	t->entry_flags = 0;
	t->entry_left = entry_owners_left(entry_value(t->entry), &t->entry_flags);
	return 0;
}

/* The folio was split when the entry went; its head page stands where the entry said. */
HOOK(dx_invalidate_end)
{
	struct address_space *mapping = hook_ptr(ctx, 0, address_space);
	unsigned long index = hook_arg(ctx, 1);
	int ret = hook_ret(ctx);
	struct task_ctx *t = task_ctx_find();
	__u64 value;

	if (!t || !t->entry)
		return 0;
	value = entry_value(t->entry);
	t->entry = 0;
	if (ret != 1)
		return 0;
	/* a fault was at it: what it has become before it went was not seen */
	if (value & DAX_LOCKED)
		lost_count(DX_REMOVE);
	else if (!(value & (DAX_ZERO_PAGE | DAX_EMPTY))) {
		index_left(value, index, t->entry_flags);
		emit_remove(value, field_word(mapping, struct address_space, host), index,
			    t->entry_left, t->entry_flags);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry.bpf.c - DAX entries of a mapping: inserted, removed (fs/dax.c).
 */
#include "emit.bpf.h"
#include "entry.bpf.h"
#include "xarray.bpf.h"


#define IOMAP_F_SHARED	4 /* include/linux/iomap.h */

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
	}
	f->large = (flags | old) & DAX_PMD;
	page = pfn_addr(pfn);
	if (f->large)
		page = page_head(page);
	f->ref_first = folio_cast(page)->_refcount.counter;
	return 0;
}

/* ---- removal: the range is known from outside, the entry from inside ---- */

SEC("fentry/dax_delete_mapping_range")
int BPF_PROG(dx_delete_range, struct address_space *mapping)
{
	struct task_ctx *t = task_ctx_get();

	if (t)
		t->mapping = (__u64)mapping;
	else
		lost_count(DX_REMOVE);
	return 0;
}

SEC("fexit/dax_delete_mapping_range")
int BPF_PROG(dx_delete_range_end, struct address_space *mapping)
{
	struct task_ctx *t = task_ctx_find();

	if (t)
		t->mapping = 0;
	return 0;
}

/* Each entry that dax_delete_mapping_range() is about to disassociate. */
SEC("fexit/wait_entry_unlocked_exclusive")
int BPF_PROG(dx_delete_entry, struct xa_state *xas, void *entry, void *ret)
{
	struct task_ctx *t = task_ctx_find();
	__u64 value = entry_value((__u64)ret);
	struct address_space *mapping;
	__u32 flags = 0;
	__s32 left;

	if (!t || !t->mapping || !ret || value & (DAX_ZERO_PAGE | DAX_EMPTY))
		return 0;
	mapping = bpf_rdonly_cast((void *)t->mapping, bpf_core_type_id_kernel(struct address_space));
	left = entry_owners_left(value, &flags);
	emit_remove(value, mapping->host, xas->xa_index, left, flags);
	return 0;
}

/*
 * __dax_invalidate_entry() may decide against it (a dirty entry that is not
 * truncated), so what stands there before is kept until it says 1. The entry is looked
 * up without the lock; get_next_unlocked_entry() would give it under the lock, but
 * runs in every fault.
 */
SEC("fentry/__dax_invalidate_entry")
int BPF_PROG(dx_invalidate, struct address_space *mapping, unsigned long index)
{
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
SEC("fexit/__dax_invalidate_entry")
int BPF_PROG(dx_invalidate_end, struct address_space *mapping, unsigned long index, bool trunc,
	     int ret)
{
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
	else if (!(value & (DAX_ZERO_PAGE | DAX_EMPTY)))
		emit_remove(value, mapping->host, index, t->entry_left, t->entry_flags);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry.bpf.c - DAX entries of a mapping: inserted, removed (fs/dax.c).
 */
#include "emit.bpf.h"
#include "file.bpf.h"

/* fs/dax.c: DAX_SHIFT and the flags below it; an xarray value is n << 1 | 1 */
#define DAX_LOCKED	1
#define DAX_PMD		2
#define DAX_ZERO_PAGE	4
#define DAX_EMPTY	8
#define DAX_SHIFT	4
#define IOMAP_F_SHARED	4 /* include/linux/iomap.h */

static __always_inline __u64 entry_value(__u64 entry)
{
	return entry >> 1;
}

/* One owner less. @index: of the entry, folio->index being a share count when shared. */
static __always_inline void emit_remove(__u64 value, struct address_space *mapping, __u64 index,
					__u32 flags)
{
	__u64 head = page_head(pfn_addr(value >> DAX_SHIFT));
	struct folio *folio = folio_cast(head);
	struct dx_event *e;
	__s32 left = 0;

	/* dax_folio_is_shared(): no mapping, and the union's word is a count */
	if (!folio->mapping && folio->share) {
		left = folio->share - 1;
		flags |= DX_F_SHARED;
	}
	e = event_new(DX_REMOVE, flags);
	if (!e)
		return;
	event_folio(e, folio, head);
	event_inode(e, mapping->host);
	e->index = index;
	e->ret = left;
	e->nr = value & DAX_PMD ? 512 : 1;
	event_submit(e);
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
	struct task_ctx *t = task_ctx_get();
	__u64 old = entry_value((__u64)entry);
	struct vm_area_struct *vma;
	bool shared;

	if (!t)
		return 0;
	vma = vmf->vma;
	file_seen(t, vma->vm_file);
	bpf_get_func_arg(ctx, 1, &t->vmf);
	t->pfn = pfn;
	t->flags = 0;
	if (flags & DAX_ZERO_PAGE) {
		t->flags = DX_F_ZERO;
		return 0;
	}
	shared = iter->iomap.flags & IOMAP_F_SHARED;
	t->ref_first = folio_cast(page_head(pfn_addr(pfn)))->_refcount.counter;
	if (old & (DAX_ZERO_PAGE | DAX_EMPTY))
		t->flags = DX_F_INSERT;
	else if (shared && old >> DAX_SHIFT != pfn) {
		t->flags = DX_F_INSERT;
		emit_remove(old, vma->vm_file->f_mapping, xas->xa_index, DX_F_REPLACED);
	}
	if (shared)
		t->flags |= DX_F_SHARED;
	return 0;
}

/* ---- removal: the range is known from outside, the entry from inside ---- */

SEC("fentry/dax_delete_mapping_range")
int BPF_PROG(dx_delete_range, struct address_space *mapping)
{
	struct task_ctx *t = task_ctx_get();

	if (t)
		bpf_get_func_arg(ctx, 0, &t->mapping);
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

	if (!t || !t->mapping || !ret || value & (DAX_ZERO_PAGE | DAX_EMPTY))
		return 0;
	emit_remove(value, (void *)bpf_rdonly_cast((void *)t->mapping,
						   bpf_core_type_id_kernel(struct address_space)),
		    xas->xa_index, 0);
	return 0;
}

/* __dax_invalidate_entry() may decide against it: a dirty entry that is not truncated. */
SEC("fentry/__dax_invalidate_entry")
int BPF_PROG(dx_invalidate, struct address_space *mapping, unsigned long index)
{
	struct task_ctx *t = task_ctx_get();

	if (t) {
		t->entry = 0;
		t->index = index;
		t->invalidate = 1;
	}
	return 0;
}

SEC("fexit/get_next_unlocked_entry")
int BPF_PROG(dx_invalidate_entry, struct xa_state *xas, unsigned int order, void *ret)
{
	struct task_ctx *t = task_ctx_find();

	if (t && t->invalidate)
		t->entry = (__u64)ret;
	return 0;
}

/*
 * The entry is gone when it returns 1, but so is the folio's state; the lock
 * was held throughout, so the state that matters (refcount) is sampled
 * now and the order taken from the entry.
 */
SEC("fexit/__dax_invalidate_entry")
int BPF_PROG(dx_invalidate_end, struct address_space *mapping, unsigned long index, bool trunc,
	     int ret)
{
	struct task_ctx *t = task_ctx_find();
	__u64 value;

	if (!t)
		return 0;
	t->invalidate = 0;
	value = entry_value(t->entry);
	if (ret != 1 || !t->entry || value & (DAX_ZERO_PAGE | DAX_EMPTY))
		return 0;
	emit_remove(value, mapping, index, 0);
	return 0;
}

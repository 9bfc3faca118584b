/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_XARRAY_BPF_H
#define DAXTOP_XARRAY_BPF_H
/*
 * xarray.bpf.h - reads an xarray without its lock (include/linux/xarray.h). What is
 * found may be gone a moment later; a caller that needs it to be true asks
 * again or checks what came of it.
 */
#include "folio.bpf.h"
#include "scan.h"

#define XA_CHUNK_SHIFT 6 /* CONFIG_BASE_SMALL is off */
#define XA_CHUNK       (1 << XA_CHUNK_SHIFT)
#define XA_DEPTH       11 /* 64-bit index */

static __always_inline bool xa_is_internal(__u64 entry)
{
	return (entry & 3) == 2;
}

static __always_inline bool xa_is_node(__u64 entry)
{
	return xa_is_internal(entry) && entry > 4096;
}

/* A sibling names the slot that holds the entry of several slots. */
static __always_inline bool xa_is_sibling(__u64 entry)
{
	return xa_is_internal(entry) && entry >> 2 < XA_CHUNK - 1;
}

static __always_inline struct xa_node *xa_node_cast(__u64 addr)
{
	return cast(addr, xa_node);
}

static __always_inline __u64 xa_slot(__u64 node, __u64 slot)
{
	return word_at(node + bpf_core_field_offset(struct xa_node, slots) + slot * 8);
}

/* The entry at @index, 0: none. @head: the value of xa_head. Global: see rule_tell(). */
__noinline __u64 xa_load(__u64 head, __u64 index)
{
	__u64 entry = head;

	for (int i = 0; i < XA_DEPTH; i++) {
		__u64 node = entry - 2;
		__u32 shift;

		if (!xa_is_node(entry))
			break;
		shift = xa_node_cast(node)->shift;
		if (shift > 60 || (i == 0 && index >> shift >= XA_CHUNK))
			return 0;
		entry = xa_slot(node, (index >> shift) & (XA_CHUNK - 1));
		if (xa_is_sibling(entry))
			entry = xa_slot(node, entry >> 2);
	}
	return xa_is_internal(entry) ? 0 : entry;
}

/* ---- struct xa_search (scan.h): the first entry from an index on ---- */

static __always_inline void xa_search_begin(struct xa_search *w, __u64 head, __u64 index, __u64 last)
{
	w->root = w->node = xa_is_node(head) ? head - 2 : 0;
	w->index = index;
	w->last = last;
	w->found = 0;
	w->done = 0;
	if (!w->node) {
		/* a tree of one entry, at index 0 */
		if (!index && head && !xa_is_internal(head))
			w->found = head;
		w->done = 1;
	}
}

/* Looks into one slot: down, found, or on to the next slot, from the root where the node ends. */
static __always_inline long xa_search_step(struct xa_search *w)
{
	__u64 slot, entry;
	__u32 shift;

	if (w->done)
		return 1;
	shift = xa_node_cast(w->node)->shift;
	if (shift > 60 || (w->node == w->root && w->index >> shift >= XA_CHUNK)) {
		w->done = 1;
		return 1;
	}
	slot = (w->index >> shift) & (XA_CHUNK - 1);
	entry = xa_slot(w->node, slot);
	if (xa_is_node(entry)) {
		w->node = entry - 2;
		return 0;
	}
	if (entry && !xa_is_internal(entry)) {
		w->found = entry;
		return 1;
	}
	/* empty, or the sibling of an entry that was met before */
	w->index = ((w->index >> shift) + 1) << shift;
	if (slot == XA_CHUNK - 1)
		w->node = w->root;
	if (!w->index || w->index > w->last)
		w->done = 1;
	return w->done ? 1 : 0;
}

#endif

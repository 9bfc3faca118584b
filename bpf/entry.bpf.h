/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENTRY_BPF_H
#define DAXTOP_ENTRY_BPF_H
/* entry.bpf.h - how the removal of a DAX entry is told */
#include "entry_value.bpf.h"
#include "task.bpf.h"

/* Owners after one goes; sets DX_F_SHARED when the entry is shared. Valid before it goes. */
static __always_inline __s32 entry_owners_left(__u64 value, __u32 *flags)
{
	__u64 share;

	if (value & (DAX_ZERO_PAGE | DAX_EMPTY) || !value)
		return 0;
	share = folio_share(page_head(pfn_addr(value >> DAX_SHIFT)));
	if (!share)
		return 0;
	*flags |= DX_F_SHARED;
	return share - 1;
}

/*
 * @index: of the entry (folio->index is a share count when shared). The order is the
 * entry's: the folio may be split already.
 */
static __always_inline int emit_remove(__u64 value, __u64 inode, __u64 index, __s32 left, __u32 flags)
{
	__u64 head = page_head(pfn_addr(value >> DAX_SHIFT));
	struct dx_event *e = event_new(DX_REMOVE, flags);

	if (!e)
		return 0;
	event_counts(e, folio_cast(head), head);
	event_inode_links(e, cast(inode, inode));
	e->index = value & DAX_PMD ? index & ~511UL : index;
	e->ret = left;
	e->order = value & DAX_PMD ? 9 : 0;
	e->nr = value & DAX_PMD ? 512 : 1;
	event_submit(e);
	return 0;
}

#endif

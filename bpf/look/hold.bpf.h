/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_HOLD_BPF_H
#define DAXTOP_HOLD_BPF_H
/*
 * hold.bpf.h - pages found in an object, as pieces in a global array.
 *
 * Nothing is locked: what is read may be freed and be something else the next moment.
 * A pointer to a page is believed only when it points into the struct pages of a pgmap, and
 * what an object had is told only when it is still the same one afterwards.
 */
#include "folio.bpf.h"
#include "look_object.h"

extern struct dx_held held[DX_HELD_MAX];
extern __u64 object_ops[DX_OBJECT_OPS];

extern struct dx_hold hold;

/* The address of @ptr's @field, as a number. */
#define field_at(ptr, type, field) ((__u64)(ptr) + bpf_core_field_offset(type, field))

static __always_inline void hold_begin(__u64 object)
{
	__builtin_memset(&hold, 0, sizeof(hold));
	hold.object = object;
}

static __always_inline bool hold_full(void)
{
	return hold.found >= DX_HELD_MAX;
}

static __always_inline bool page_is_ours(__u64 page)
{
	__u64 pfn;

	if (page < vmemmap_base || page & (STRUCT_PAGE_SIZE - 1))
		return false;
	pfn = addr_pfn(page);
	return pfn >= dev_pfn_min && pfn <= dev_pfn_max && page_is_zone_device(page_cast(page));
}

/*
 * The first of @nr pages from @page on, all of them as far as one large folio goes. @refs: of each
 * page, or taken once. Returns how many. A global function: the verifier looks at it once, not
 * again from each place that calls it.
 */
__noinline __u64 hold_some(__u64 page, __u64 nr, bool each, __u32 refs)
{
	__u64 pfn, head = 0, at, end;
	struct dx_held *h;

	if (!page_is_ours(page))
		return 1;
	pfn = addr_pfn(page);
	at = page_head(page);
	if (folio_is_large(folio_cast(at))) {
		head = addr_pfn(at);
		end = head + (1ULL << (folio_cast(at)->_flags_1 & 31));
		if (end <= pfn)
			return 1; /* it is just being split */
		if (nr > end - pfn)
			nr = end - pfn;
		if (each)
			refs *= nr;
	} else {
		nr = 1;
	}
	if (hold.found) {
		h = &held[(hold.found - 1) & (DX_HELD_MAX - 1)];
		if (h->object == hold.object && h->index == hold.index && h->head == head &&
		    h->pfn + h->nr == pfn && h->flags == hold.flags &&
		    (!hold.addr || h->addr + (h->nr << PAGE_SHIFT) == hold.addr) &&
		    (head || h->refs == refs)) {
			h->nr += nr;
			if (head)
				h->refs += refs;
			return nr;
		}
	}
	if (hold_full()) {
		hold.cut = 1;
		return nr;
	}
	h = &held[hold.found & (DX_HELD_MAX - 1)];
	hold.found++;
	h->pfn = pfn;
	h->nr = nr;
	h->object = hold.object;
	h->head = head;
	h->addr = hold.addr;
	h->since = hold.since;
	h->kioctx = hold.kioctx;
	h->queue = hold.queue;
	h->refs = refs;
	h->index = hold.index;
	h->tgid = hold.tgid;
	h->pid = hold.pid;
	h->flags = hold.flags;
	__builtin_memcpy(h->comm, hold.comm, sizeof(h->comm));
	return nr;
}

__noinline int owner_task(__u64 task)
{
	struct task_struct *t = cast(task, task_struct);

	if (!task)
		return 0;
	hold.tgid = t->tgid;
	hold.pid = t->pid;
	bpf_probe_read_kernel(hold.comm, sizeof(hold.comm), t->comm);
	return 0;
}

static __always_inline void hold_page(__u64 page)
{
	hold_some(page, 1, true, 1);
}

static long hold_bytes_step(__u64 i, void *arg)
{
	__u64 n;

	if (!hold.left)
		return 1;
	n = hold_some(hold.page, hold.left, hold.each, hold.refs);
	hold.page += n * STRUCT_PAGE_SIZE;
	hold.left -= n;
	if (hold.addr)
		hold.addr += n << PAGE_SHIFT;
	if (!hold.each)
		hold.refs = 0;
	return 0;
}

#define HOLD_PAGES (1 << 18) /* small ones, of one bvec: 1 GiB */

/*
 * The pages of @len bytes from @offset in @page, which may be in the middle of a folio
 * and go on into the next one. @each: @refs references of each page, else in all. Ordinary memory
 * costs no loop.
 */
__noinline int hold_bytes(__u64 page, __u64 offset, __u64 len, bool each, __u32 refs)
{
	page += (offset >> PAGE_SHIFT) * STRUCT_PAGE_SIZE;
	if (!len || !page_is_ours(page))
		return 0;
	offset &= (1 << PAGE_SHIFT) - 1;
	hold.page = page;
	hold.left = (offset + len + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
	hold.each = each;
	hold.refs = refs;
	bpf_loop(HOLD_PAGES, hold_bytes_step, NULL, 0);
	if (hold.left)
		hold.cut = 1;
	return 0;
}

/*
 * Is @file still open as it was? Its address and its object's may be another one's by now; a pipe, a
 * socket and a ring have an inode with a number of their own.
 */
__noinline bool hold_file_is(__u64 addr, __u64 private, __u32 ops, __u64 ino)
{
	struct file *file = cast(addr, file);

	return ops < DX_OBJECT_OPS && object_ops[ops] &&
	       field_word(file, struct file, private_data) == private &&
	       field_word(file, struct file, f_op) == object_ops[ops] && file->f_inode->i_ino == ino;
}

#endif

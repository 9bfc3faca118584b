/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MARK_BPF_H
#define DAXTOP_MARK_BPF_H
/*
 * mark.bpf.h - which address spaces may hold ZONE_DEVICE pages.
 *
 * GUP is hot and nearly always about ordinary memory. Looking at each
 * page of a call costs some 12 instructions a page; not looking could miss one.
 * So every mm that gets a ZONE_DEVICE page mapped is marked (install, fork, a
 * look at all VMAs at the start), and a call on an unmarked mm leaves after one
 * byte's test. A mark too many costs a look; a mark is never missing.
 */
#include "task.bpf.h"

#define MARKS  4096
#define EEXIST 17

struct mms_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* struct mm_struct * */
	__type(value, __u8);
};
extern struct mms_map mms SEC(".maps");
extern __u32 mm_marks[MARKS]; /* marked mms by hash */
extern __u64 mms_gone; /* marks taken back: what a task remembers may be one of them */

static __always_inline __u64 mm_current(void)
{
	return field_word(bpf_get_current_task_btf(), struct task_struct, mm);
}

static __always_inline __u32 mm_hash(__u64 mm)
{
	return mm >> 8 & (MARKS - 1); /* struct mm_struct has more than 1 KiB */
}

static __always_inline bool mm_marked(__u64 mm)
{
	return mm_marks[mm_hash(mm)];
}

/* Without room in the map the mark is made all the same, and never taken back. */
__noinline int mm_mark(__u64 mm)
{
	__u8 one = 1;

	if (bpf_map_update_elem(&mms, &mm, &one, BPF_NOEXIST) != -EEXIST)
		__sync_fetch_and_add(&mm_marks[mm_hash(mm)], 1);
	return 0;
}

static __always_inline void mm_seen(struct fault *f, __u64 mm)
{
	if (f->mm == mm && f->mm_gone == mms_gone)
		return;
	f->mm_gone = mms_gone;
	mm_mark(mm);
	f->mm = mm;
}

#endif

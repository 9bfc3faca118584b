// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.bpf.c - layout breaks, and waits for an entry that somebody has locked (fs/dax.c).
 *
 * These are rare, and who waits here may wait long: so their begins stand in a map by thread.
 */
#include "perf/count.bpf.h"

struct wait {
	__u64 begin; /* ns */
	__u32 waited; /* a busy page was found */
	__u32 pad;
};
struct waits_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* thread, and PERF_BREAK or PERF_ENTRY_LOCK above it */
	__type(value, struct wait);
};
struct waits_map perf_waits SEC(".maps");

static __always_inline __u64 wait_key(__u32 what)
{
	return (__u64)what << 32 | (__u32)bpf_get_current_task_btf()->pid;
}

static __always_inline int wait_begin(__u32 what)
{
	struct wait w = { .begin = bpf_ktime_get_ns() };
	__u64 key = wait_key(what);

	bpf_map_update_elem(&perf_waits, &key, &w, BPF_ANY);
	return 0;
}

static __noinline int wait_end(__u32 what, __u64 inode, __u32 result)
{
	struct perf_key k = { .what = what, .result = result };
	__u64 key = wait_key(what), ns = NOT_TIMED;
	struct wait *w = bpf_map_lookup_elem(&perf_waits, &key);

	if (w) {
		ns = bpf_ktime_get_ns() - w->begin;
		if (w->waited)
			k.result = PERF_R_WAITED;
		bpf_map_delete_elem(&perf_waits, &key);
	}
	key_who(&k);
	key_file(&k, inode);
	perf_count(&k, inode, 0, ns, PERF_FIRST);
	return 0;
}

/* ---- layout breaks: filesystems with DAX break those of each inode; without S_DAX nothing happens ---- */

SEC("fentry/dax_break_layout")
int BPF_PROG(perf_break, struct inode *inode)
{
	return inode->i_flags & S_DAX ? wait_begin(PERF_BREAK) : 0;
}

SEC("fexit/dax_break_layout")
int BPF_PROG(perf_break_end, struct inode *inode)
{
	__u64 at;

	if (!(inode->i_flags & S_DAX))
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	return wait_end(PERF_BREAK, at, PERF_R_DONE);
}

/* The last link and descriptor have gone. */
SEC("fentry/dax_break_layout_final")
int BPF_PROG(perf_break_final, struct inode *inode)
{
	return inode->i_flags & S_DAX ? wait_begin(PERF_BREAK) : 0;
}

SEC("fexit/dax_break_layout_final")
int BPF_PROG(perf_break_final_end, struct inode *inode)
{
	__u64 at;

	if (!(inode->i_flags & S_DAX))
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	return wait_end(PERF_BREAK, at, PERF_R_DONE);
}

/* A page is busy: who breaks the layout waits for it, and asks again. */
SEC("fexit/dax_layout_busy_page_range")
int BPF_PROG(perf_busy, struct address_space *mapping, long long start, long long end,
	     struct page *page)
{
	__u64 key = wait_key(PERF_BREAK);
	struct wait *w = page ? bpf_map_lookup_elem(&perf_waits, &key) : NULL;

	if (w)
		w->waited = 1;
	return 0;
}

/* ---- entries that are locked: bit DAX_LOCKED of an xarray's value, which is shifted by one ---- */

#define ENTRY_LOCKED 2

static __always_inline int entry_begin(__u64 *ctx)
{
	__u64 entry = 0;

	bpf_get_func_arg(ctx, 1, &entry);
	return entry & ENTRY_LOCKED ? wait_begin(PERF_ENTRY_LOCK) : 0;
}

static __always_inline int entry_end(__u64 *ctx, struct xa_state *xas)
{
	__u64 entry = 0, pages;

	bpf_get_func_arg(ctx, 1, &entry);
	if (!(entry & ENTRY_LOCKED))
		return 0;
	pages = field_word(xas, struct xa_state, xa);
	return wait_end(PERF_ENTRY_LOCK,
			word_at(pages - bpf_core_field_offset(struct address_space, i_pages) +
				bpf_core_field_offset(struct address_space, host)),
			PERF_R_WAITED);
}

SEC("fentry/wait_entry_unlocked_exclusive")
int perf_removal_waits(__u64 *ctx)
{
	return entry_begin(ctx);
}

SEC("fexit/wait_entry_unlocked_exclusive")
int BPF_PROG(perf_removal_waits_end, struct xa_state *xas)
{
	return entry_end(ctx, xas);
}

SEC("fentry/wait_entry_unlocked")
int perf_entry_waits(__u64 *ctx)
{
	return entry_begin(ctx);
}

SEC("fexit/wait_entry_unlocked")
int BPF_PROG(perf_entry_waits_end, struct xa_state *xas)
{
	return entry_end(ctx, xas);
}

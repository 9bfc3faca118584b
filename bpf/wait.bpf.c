// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.bpf.c - layout breaks: truncate, hole punch and evict wait for busy
 * folios (fs/dax.c, dax_break_layout()).
 */
#include "hook.bpf.h"
#include "rule.bpf.h"
#include "entry.bpf.h"
#include "xarray.bpf.h"

#define LLONG_MAX 0x7fffffffffffffffLL

/* task_ctx.layout: inside one; no DX_F_*, beside which it stands */
#define LAYOUT_BREAK (1u << 31)

static __always_inline int break_begin(__u32 flags)
{
	struct task_ctx *t = task_ctx_get();

	if (t)
		t->layout = LAYOUT_BREAK | flags;
	else
		lost_count(DX_BREAK_BUSY);
	return 0;
}

static long left_step(__u64 unused, void *arg)
{
	return xa_search_step(*(struct xa_search **)arg);
}

/*
 * The range has no entry left: dax_delete_mapping_range() took them, and the caller keeps
 * faults out (the invalidate_lock, and XFS' mmap lock).
 */
static __noinline int break_rules(void *ctx, struct inode *inode, __u64 start, __u64 end)
{
	struct task_ctx *t = task_ctx_get();
	struct xa_search *w;
	__u64 at = 0, inode_at;

	if (!t) {
		lost_count(DX_BREAK_DONE);
		return 0;
	}
	w = &t->search;
	rule_checked(rule_counts(), DX_RULE_BREAK_INCOMPLETE);
	xa_search_begin(w, field_word(&inode->i_mapping->i_pages, struct xarray, xa_head),
			start >> PAGE_SHIFT, end == LLONG_MAX ? -1ULL : end >> PAGE_SHIFT);
	bpf_loop(1 << 20, left_step, &w, 0);
	if (!w->found || w->index > w->last || !(w->found & 1))
		return 0;
	if (!((w->found >> 1) & (DAX_ZERO_PAGE | DAX_EMPTY)))
		at = page_head(pfn_addr(w->found >> 1 >> DAX_SHIFT));
	bpf_get_func_arg(ctx, 0, &inode_at);
	return rule_broken(ctx,
			   WHAT(DX_RULE_BREAK_INCOMPLETE, DX_D_ENTRY_LEFT) | WHAT_WHERE(WHERE_INODE),
			   at, w->index, inode_at);
}

static __always_inline int break_end(void *ctx, struct inode *inode, __u64 start, __u64 end,
				     __u32 flags, int ret)
{
	struct task_ctx *t = task_ctx_find();
	struct dx_event *e;

	if (t)
		t->layout = 0;
	/* filesystems with DAX break the layout of every inode; without S_DAX nothing happens */
	if (!(inode->i_flags & S_DAX))
		return 0;
	if (rules_on && !ret)
		break_rules(ctx, inode, start, end);
	e = event_new(DX_BREAK_DONE, flags);
	if (!e)
		return 0;
	event_inode_links(e, inode);
	e->index = start >> PAGE_SHIFT;
	e->addr = end >> PAGE_SHIFT;
	e->ret = ret;
	event_submit(e);
	return 0;
}

/*
 * Without a callback that waits, nobody waits. The verifier of 6.18 and before refuses to load a pointer
 * to a function from the arguments (btf_ctx_access(), kernel/bpf/btf.c: "is not a struct"), so it
 * is asked for as a number.
 */
static __always_inline __u32 break_flags(void *ctx)
{
	__u64 cb = 0;

	bpf_get_func_arg(ctx, 3, &cb);
	return cb ? 0 : DX_F_NOWAIT;
}

HOOK(dx_break)
{
	return break_begin(break_flags(ctx));
}

HOOK(dx_break_end)
{
	struct inode *inode = hook_ptr(ctx, 0, inode);
	long long start = hook_arg(ctx, 1);
	long long end = hook_arg(ctx, 2);
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return break_end(ctx, inode, start, end, break_flags(ctx), ret);
}

HOOK(dx_break_final)
{
	return break_begin(DX_F_FINAL);
}

HOOK(dx_break_final_end)
{
	struct inode *inode = hook_ptr(ctx, 0, inode);

	return break_end(ctx, inode, 0, LLONG_MAX, DX_F_FINAL, 0);
}

/*
 * 6.14 and before: each filesystem breaks its layouts itself (ext4_break_layouts(),
 * xfs_break_dax_layouts()), asking again after each wait, so no page ends it.
 */
static __noinline struct task_ctx *busy_legacy(struct task_ctx *t, __u64 page, struct inode *inode)
{
	struct dx_event *e;

	if (page) {
		t = task_ctx_get();
		if (t)
			t->layout = LAYOUT_BREAK;
		else
			lost_count(DX_BREAK_BUSY);
		return t;
	}
	if (!t || !t->layout)
		return NULL;
	t->layout = 0;
	e = event_new(DX_BREAK_DONE, 0);
	if (!e)
		return NULL;
	event_inode_links(e, inode);
	e->addr = -1ULL >> PAGE_SHIFT;
	event_submit(e);
	return NULL;
}

/* A page: something in the range is busy, and the caller will wait for this one. */
HOOK(dx_busy)
{
	struct address_space *mapping = hook_ptr(ctx, 0, address_space);
	struct task_ctx *t = task_ctx_find();
	struct dx_event *e;
	__u64 at = 0;
	int stack;

	bpf_get_func_ret(ctx, &at);
	if (legacy)
		t = busy_legacy(t, at, mapping->host);
	if (!at || !t || !t->layout)
		return 0;
	stack = stack_id(ctx, 0);
	e = event_new(DX_BREAK_BUSY, t->layout & ~LAYOUT_BREAK);
	if (!e)
		return 0;
	event_folio(e, folio_cast(at), at);
	event_inode_links(e, mapping->host);
	e->stack = stack;
	event_submit(e);
	return 0;
}

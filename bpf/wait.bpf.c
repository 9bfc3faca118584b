// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.bpf.c - layout breaks: truncate, hole punch and evict wait for busy
 * folios (fs/dax.c, dax_break_layout()).
 */
#include "task.bpf.h"

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

static __always_inline int break_end(struct inode *inode, __u64 start, __u64 end, __u32 flags,
				     int ret)
{
	struct task_ctx *t = task_ctx_find();
	struct dx_event *e;

	if (t)
		t->layout = 0;
	/* filesystems with DAX break the layout of every inode; without S_DAX nothing happens */
	if (!(inode->i_flags & S_DAX))
		return 0;
	e = event_new(DX_BREAK_DONE, flags);
	if (!e)
		return 0;
	event_inode(e, inode);
	e->index = start >> PAGE_SHIFT;
	e->addr = end >> PAGE_SHIFT;
	e->ret = ret;
	event_submit(e);
	return 0;
}

SEC("fentry/dax_break_layout")
int BPF_PROG(dx_break, struct inode *inode, long long start, long long end, void *cb)
{
	return break_begin(cb ? 0 : DX_F_NOWAIT);
}

SEC("fexit/dax_break_layout")
int BPF_PROG(dx_break_end, struct inode *inode, long long start, long long end, void *cb, int ret)
{
	return break_end(inode, start, end, cb ? 0 : DX_F_NOWAIT, ret);
}

SEC("fentry/dax_break_layout_final")
int BPF_PROG(dx_break_final, struct inode *inode)
{
	return break_begin(DX_F_FINAL);
}

SEC("fexit/dax_break_layout_final")
int BPF_PROG(dx_break_final_end, struct inode *inode)
{
	return break_end(inode, 0, -1ULL, DX_F_FINAL, 0);
}

/* A page: something in the range is busy, and the caller will wait for this one. */
SEC("fexit/dax_layout_busy_page_range")
int BPF_PROG(dx_busy, struct address_space *mapping, long long start, long long end,
	     struct page *ret)
{
	struct task_ctx *t = task_ctx_find();
	struct dx_event *e;
	__u64 at = 0;

	bpf_get_func_ret(ctx, &at);
	if (!at || !t || !t->layout)
		return 0;
	e = event_new(DX_BREAK_BUSY, t->layout & ~LAYOUT_BREAK);
	if (!e)
		return 0;
	event_folio(e, folio_cast(at), at);
	event_inode(e, mapping->host);
	e->stack = bpf_get_stackid(ctx, &stacks, BPF_F_FAST_STACK_CMP);
	event_submit(e);
	return 0;
}

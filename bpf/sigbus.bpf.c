// SPDX-License-Identifier: GPL-2.0-only
/* sigbus.bpf.c - SIGBUS for DAX memory, with the reason, and memory that turns out to be bad */
#include "hook.bpf.h"
#include "sigbus.bpf.h"

#define ENOSPC 28
#define SIGBUS 7 /* include/uapi/asm-generic/signal.h */

/* The fault that this task failed with at @addr ends in a signal. */
__noinline int sigbus_failed(__u64 addr)
{
	struct task_ctx *t = task_ctx_find();
	struct dx_event *e;

	if (!t || !t->failed.addr || t->failed.addr != addr >> PAGE_SHIFT << PAGE_SHIFT ||
	    t->failed.faults != task_faults())
		return 0;
	t->failed.addr = 0;
	e = event_new(DX_SIGBUS, DX_F_NO_FOLIO);
	if (!e)
		return 0;
	e->ino = t->failed.ino;
	e->dev = t->failed.dev;
	e->gen = t->failed.gen;
	e->index = t->failed.index;
	e->addr = addr;
	e->ret = t->failed.why;
	event_submit(e);
	return 0;
}

/*
 * The page turns out to be bad; @task, if it is not 0, gets SIGBUS as it maps it at @addr. Global, so that it is
 * verified once for all programs of its kind.
 */
__noinline int poison_tell(__u64 pfn, __u64 task, __u64 addr)
{
	struct dx_event *e = event_new(task ? DX_SIGBUS : DX_POISON, 0);
	__u64 at = page_head(pfn_addr(pfn));

	if (!e)
		return 0;
	event_folio(e, folio_cast(at), at);
	barrier(); /* the compiler would take the folio's index again, or the record's: see inode_dev() */
	e->index += pfn - e->pfn;
	if (task) {
		e->tgid = cast(task, task_struct)->tgid;
		e->pid = cast(task, task_struct)->pid;
		bpf_probe_read_kernel(e->comm, sizeof(e->comm), cast(task, task_struct)->comm);
		e->addr = addr;
		e->ret = DX_SIGBUS_POISON;
	}
	event_submit(e);
	return 0;
}

/* (sig, code, addr): by the task itself, mostly SIGSEGV */
HOOK(dx_force_sig)
{
	if (hook_arg(ctx, 0) != SIGBUS)
		return 0;
	return sigbus_failed(hook_arg(ctx, 2));
}

/* (code, addr, lsb): a fault on bad memory (arch/x86/mm/fault.c, do_sigbus()), or memory_failure() in the task that maps it */
HOOK(dx_force_mceerr)
{
	struct task_ctx *t = task_ctx_find();

	if (!t)
		return 0;
	if (t->poison)
		return poison_tell(t->poison, bpf_get_current_task(), hook_arg(ctx, 1));
	return sigbus_failed(hook_arg(ctx, 1));
}

/* (code, addr, lsb, task): memory_failure() found @task mapping the page (mm/memory-failure.c, kill_proc()) */
HOOK(dx_send_mceerr)
{
	struct task_ctx *t = task_ctx_find();

	if (!t || !t->poison)
		return 0;
	return poison_tell(t->poison, hook_arg(ctx, 3), hook_arg(ctx, 1));
}

/* (pfn, flags) */
HOOK(dx_poison)
{
	__u64 pfn = hook_arg(ctx, 0);
	struct task_ctx *t;

	if (pfn < dev_pfn_min || pfn > dev_pfn_max || !page_is_zone_device(page_cast(pfn_addr(pfn))))
		return 0;
	t = task_ctx_get();
	if (t)
		t->poison = pfn;
	else
		lost_count(DX_SIGBUS);
	return poison_tell(pfn, 0, 0);
}

HOOK(dx_poison_end)
{
	struct task_ctx *t = task_ctx_find();

	if (t)
		t->poison = 0;
	return 0;
}

/* ---- no space: dax_fault_return() makes a VM_FAULT_SIGBUS of every errno but two (fs/dax.c) ---- */

static __always_inline int no_space(void)
{
	struct task_ctx *t = task_ctx_get();

	if (t)
		t->no_space = task_faults() + 1;
	return 0;
}

/* (inode, flags, map, ret): blocks were looked up, or allocated */
SEC("raw_tp/ext4_ext_map_blocks_exit")
int dx_ext4_no_space(__u64 *ctx)
{
	return (int)ctx[3] == -ENOSPC ? no_space() : 0;
}

/* The last resort of xfs_trans_alloc(), which tries once more after it. */
SEC("raw_tp/xfs_blockgc_flush_all")
int dx_xfs_no_space(__u64 *ctx)
{
	(void)ctx;
	return no_space();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.bpf.c - the end of a filesystem's DAX fault: one record for all that
 * happened inside it.
 */
#include "emit.bpf.h"
#include "file.bpf.h"

#define VM_FAULT_FALLBACK  0x0800 /* include/linux/mm_types.h, enum vm_fault_reason */
#define VM_FAULT_NEEDDSYNC 0x2000

__u64 pmd_fallbacks; /* PMD faults that were retried as PTE faults; paced, not exact between CPUs */

static __always_inline int fault_done(struct inode *inode, struct vm_fault *vmf, __u64 vmf_at,
				      int ret, __u8 level)
{
	struct task_ctx *t = task_ctx_find();
	bool known = t && t->vmf == vmf_at && !(t->flags & DX_F_ZERO);
	__u32 flags = vmf->flags & FAULT_FLAG_WRITE ? DX_F_WRITE : 0;
	struct dx_event *e;

	if (t && t->vmf == vmf_at)
		flags |= t->flags;
	if (!known)
		flags |= DX_F_NO_FOLIO;
	e = event_new(DX_FAULT, flags);
	if (!e)
		goto out;
	if (known) {
		__u64 head = page_head(pfn_addr(t->pfn));

		event_folio(e, folio_cast(head), head);
		e->ref_first = t->ref_first;
		if (flags & (DX_F_INSTALL | DX_F_UPGRADE)) {
			e->ref_install = t->ref_install;
			e->map_install = t->map_install;
			e->since = e->time - t->time;
		}
	}
	event_inode(e, inode);
	e->index = level == DX_PTE ? vmf->pgoff : vmf->pgoff & ~511UL;
	e->level = level;
	e->addr = vmf->address;
	e->ret = ret;
	event_submit(e);
out:
	if (t) {
		/* MAP_SYNC: dax_finish_sync_fault() installs after the journal's commit */
		if (ret & VM_FAULT_NEEDDSYNC)
			t->flags &= ~DX_F_INSERT;
		else
			t->vmf = 0;
	}
	return 0;
}

SEC("tp_btf/dax_pte_fault_done")
int BPF_PROG(dx_pte_fault_done, struct inode *inode, struct vm_fault *vmf, int ret)
{
	return fault_done(inode, vmf, (__u64)ctx[1], ret, DX_PTE);
}

SEC("tp_btf/dax_pmd_fault_done")
int BPF_PROG(dx_pmd_fault_done, struct inode *inode, struct vm_fault *vmf, unsigned long max_pgoff,
	     int ret)
{
	if (ret & VM_FAULT_FALLBACK) {
		pmd_fallbacks++;
		return 0;
	}
	return fault_done(inode, vmf, (__u64)ctx[1], ret, DX_PMD);
}

SEC("tp_btf/dax_insert_pfn_mkwrite")
int BPF_PROG(dx_sync_fault_done, struct inode *inode, struct vm_fault *vmf, int ret)
{
	return fault_done(inode, vmf, (__u64)ctx[1], ret, DX_PTE);
}

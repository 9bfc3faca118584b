// SPDX-License-Identifier: GPL-2.0-only
/*
 * devdax.bpf.c - device-dax's fault handler. It lives in a module (device_dax)
 * that may be loaded after daxtop: see source_load_late().
 */
#include "sigbus.bpf.h"

SEC("fexit/dev_dax_huge_fault")
int BPF_PROG(dx_dev_fault, struct vm_fault *vmf, unsigned int order, int ret)
{
	struct dx_event *e;

	if (ret & VM_FAULT_FALLBACK)
		return 0;
	if (ret & VM_FAULT_SIGBUS)
		failed_note(vmf, vmf->vma->vm_file->f_mapping->host, DX_SIGBUS_OTHER);
	e = event_new(DX_DEV_FAULT, vmf->flags & FAULT_FLAG_WRITE ? DX_F_WRITE : 0);
	if (!e)
		return 0;
	event_inode(e, vmf->vma->vm_file->f_mapping->host);
	e->index = vmf->pgoff & ~((1UL << order) - 1);
	e->level = order >= 18 ? DX_PUD : order >= 9 ? DX_PMD : DX_PTE;
	e->order = order;
	e->addr = vmf->address;
	e->ret = ret;
	e->flags |= DX_F_NO_FOLIO;
	event_submit(e);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SIGBUS_BPF_H
#define DAXTOP_SIGBUS_BPF_H
/*
 * sigbus.bpf.h - a fault that failed, and why.
 *
 * The filesystem may try again (ext4_dax_huge_fault() does when there was no space), and a system call that
 * touches the memory returns EFAULT. So the fault's end notes what is known, and the signal
 * tells of it (sigbus.bpf.c).
 */
#include "task.bpf.h"

/* Faults of this task that ended well (mm/memory.c, mm_account_fault()): between a failed one and its signal there is none. */
static __always_inline __u64 task_faults(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->min_flt + task->maj_flt;
}

/* @why: DX_SIGBUS_OTHER where only the filesystem can know. */
static __always_inline void failed_note(const struct vm_fault *vmf, const struct inode *inode,
					__u32 why)
{
	struct task_ctx *t = task_ctx_get();

	if (!t) {
		lost_count(DX_SIGBUS);
		return;
	}
	if (why == DX_SIGBUS_OTHER && t->no_space == task_faults() + 1)
		why = DX_SIGBUS_NO_SPACE;
	t->no_space = 0;
	t->failed.addr = vmf->address >> PAGE_SHIFT << PAGE_SHIFT;
	t->failed.faults = task_faults();
	t->failed.ino = inode->i_ino;
	t->failed.dev = inode_dev(inode);
	t->failed.gen = inode->i_generation;
	t->failed.index = vmf->pgoff;
	t->failed.why = why;
}

#endif

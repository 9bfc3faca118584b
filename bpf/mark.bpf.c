// SPDX-License-Identifier: GPL-2.0-only
/* mark.bpf.c - keeps the marks of mark.bpf.h: fork, exit, and what was there before. */
#include "hook.bpf.h"
#include "mark.bpf.h"

struct mms_map mms SEC(".maps");
__u32 mm_marks[MARKS];
__u64 mms_gone;

#define VM_MIXEDMAP 0x10000000 /* vm_insert_page(): P2PDMA */

/* A private DAX mapping's page table is copied by fork without a fault. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(dx_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 from = field_word(parent, struct task_struct, mm);
	__u64 to = field_word(child, struct task_struct, mm);

	if (from && to && from != to && mm_marked(from))
		mm_mark(to);
	return 0;
}

/* The address may be used again by another one. */
HOOK(dx_exit_mmap)
{
	__u64 key;

	bpf_get_func_arg(ctx, 0, &key);
	if (mm_marks[mm_hash(key)] && !bpf_map_delete_elem(&mms, &key)) {
		__sync_fetch_and_add(&mm_marks[mm_hash(key)], -1);
		__sync_fetch_and_add(&mms_gone, 1);
	}
	return 0;
}

SEC("iter/task_vma")
int dx_mark_vmas(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct file *file;

	if (!ctx->task || !vma)
		return 0;
	file = vma->vm_file;
	if (vma->vm_flags & VM_MIXEDMAP)
		goto mark;
	if (!file)
		return 0;
	if (!(file->f_inode->i_flags & S_DAX) && !(file->f_mapping->host->i_flags & S_DAX))
		return 0;
mark:
	mm_mark(field_word(vma, struct vm_area_struct, vm_mm));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* mark.bpf.c - keeps the marks of mark.bpf.h: fork, exit, and what was there before. */
#include "hook.bpf.h"
#include "maple.bpf.h"
#include "mark.bpf.h"

struct mms_map mms SEC(".maps");
__u32 mm_marks[MARKS];
__u64 mms_gone;
struct dx_mark_skipped marks_skipped;
bool marks_done; /* the look at what was there; until then fork marks every child, as its parent may be looked at later */

#define VM_MIXEDMAP 0x10000000 /* vm_insert_page(): P2PDMA */

/* A private DAX mapping's page table is copied by fork without a fault. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(dx_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 from = field_word(parent, struct task_struct, mm);
	__u64 to = field_word(child, struct task_struct, mm);

	if (from && to && from != to && (mm_marked(from) || !marks_done))
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

/* ---- what was there before: an mm whose VMAs could not all be met is marked, whatever it maps ---- */

struct dx_maple_walk maple_walk;

/* An inode's S_DAX; @mapping: of a file, whose inode may be another one than the file's own. */
static __always_inline bool vma_may_be_dax(__u64 addr)
{
	struct vm_area_struct *vma = cast(addr, vm_area_struct);
	__u64 at = field_word(vma, struct vm_area_struct, vm_file), mapping;
	struct file *file = cast(at, file);

	/* without a file: the vDSO's data, which vm_insert_page() maps, too (lib/vdso/datastore.c) */
	if (!at)
		return false;
	if (vma->vm_flags & VM_MIXEDMAP)
		return true;
	at = field_word(file, struct file, f_inode);
	if (cast(at, inode)->i_flags & S_DAX)
		return true;
	mapping = field_word(file, struct file, f_mapping);
	at = field_word(cast(mapping, address_space), struct address_space, host);
	return cast(at, inode)->i_flags & S_DAX;
}

static bool maple_vma(__u64 vma, void *arg)
{
	return vma_may_be_dax(vma);
}

SEC("iter/task")
int dx_mark_mms(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct dx_maple_walk *w = &maple_walk;
	struct dx_mark_skipped *s = &marks_skipped;

	if (!task || !maple_begin(task))
		return 0;
	bpf_loop(MAPLE_TRIES, maple_try, NULL, 0);
	if (w->ended || !w->certain)
		mm_mark(w->mm);
	if (w->ended || w->certain)
		return 0;
	if (!s->nr++) {
		s->tgid = task->tgid;
		__builtin_memcpy(s->comm, task->group_leader->comm, sizeof(s->comm));
	}
	return 0;
}

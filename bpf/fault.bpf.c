// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.bpf.c - the end of a filesystem's DAX fault: one record for all that
 * happened inside it.
 */
#include "entry.bpf.h"
#include "file.bpf.h"
#include "rule.bpf.h"
#include "sigbus.bpf.h"

/* The counts at the end; from the folio again, as one of them looked wrong. */
static __noinline int ended_broken(void *ctx, __u64 at)
{
	if (pgmap_dead(folio_pgmap(at)))
		rule_broken(ctx, WHAT(DX_RULE_PGMAP_DEAD_USE, DX_D_INSTALL), at, 0, 0);
	return legacy ? 0 : rule_below_mapcount(ctx, at, 0);
}

/*
 * @ref, @map: as at the end. Nothing can have been mapped through a pgmap that is
 * dying, and what is mapped is held (a mapping of a legacy kernel holds nothing).
 */
static __always_inline void ended_rules(void *ctx, struct fault *f, __u64 page, __u64 pgmap,
					int ref, int map)
{
	f->checked[DX_FAULT_ENDED]++;
	if ((ref < map && !legacy) || (f->flags & DX_F_INSTALL && pgmap_dead(pgmap_cast(pgmap))))
		ended_broken(ctx, page);
}

/* The ring is full: the record is lost, the rules are not. */
static __noinline int ended_unseen(void *ctx, struct fault *f)
{
	__u64 page = page_head(pfn_addr(f->pfn));
	struct folio *folio = folio_cast(page);
	int map = folio_mapcount(folio);

	ended_rules(ctx, f, page, folio_pgmap_addr(page), folio->_refcount.counter, map);
	return 0;
}

/*
 * Arguments of a BTF tracepoint are trusted, and for each pointer that is loaded from a trusted
 * one the verifier of 6.12 looks through all of the kernel's BTF for the name of a type that
 * would keep it so (kernel/bpf/btf.c, btf_nested_type_is_trusted()). Plain words are
 * loaded as before, without a fault handler.
 */
static __always_inline struct inode *inode_cast(const struct inode *inode)
{
	return cast(inode, inode);
}

static __always_inline __u64 fault_file(struct vm_fault *vmf)
{
	return word_at(field_word(vmf, struct vm_fault, vma) +
		       bpf_core_field_offset(struct vm_area_struct, vm_file));
}

/* A global function takes no pointer for a number. */
static __always_inline __u64 pointer_number(struct fault *f, const void *pointer)
{
	f->page = (__u64)pointer;
	barrier_var(f);
	return *(volatile __u64 *)&f->page;
}

/* Rare, and a global function: see rule_tell(). */
__noinline int emit_replaced(__u64 value, __u64 inode, __u64 index, __s32 left, __u32 flags)
{
	return emit_remove(value, inode, index, left, flags);
}

/* @f: what is known of this fault, NULL: nothing. */
static __always_inline void emit_fault(__u64 *ctx, struct fault *f, struct inode *inode,
				       struct vm_fault *vmf, int ret, __u8 level)
{
	__u32 flags = vmf->flags & FAULT_FLAG_WRITE ? DX_F_WRITE : 0;
	struct dx_event *e;

	if (f) {
		flags |= f->flags;
		if (f->flags & DX_F_ZERO)
			flags |= DX_F_NO_FOLIO;
		/* insert_pmd() on a PMD that is there makes it writable, and nothing else */
		if (level == DX_PMD && !legacy && !(flags & (DX_F_INSTALL | DX_F_ZERO)) &&
		    flags & DX_F_WRITE && ret & VM_FAULT_NOPAGE)
			flags |= DX_F_UPGRADE;
		if (f->replaced)
			emit_replaced(f->replaced, pointer_number(f, inode), f->replaced_at,
				      f->replaced_left, f->replaced_flags);
	} else {
		flags |= DX_F_NO_FOLIO;
	}
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		lost_count(DX_FAULT);
		if (rules_on && f && !(flags & DX_F_NO_FOLIO))
			ended_unseen(ctx, f);
		return;
	}
	event_who(e, DX_FAULT, flags);
	/* each field once: see event_new() */
	e->nr = 1;
	e->stack = -1;
	*(__u32 *)&e->order = 0;
	if (f && !(flags & DX_F_NO_FOLIO)) {
		__u64 page = pfn_addr(f->pfn);

		if (f->large) {
			page = page_head(page);
			event_counts(e, folio_cast(page), page);
		} else {
			event_counts_small(e, page);
		}
		if (rules_on)
			ended_rules(ctx, f, page, e->pgmap, e->refcount, e->mapcount);
		e->ref_first = f->ref_first;
		e->ref_install = f->ref_install;
		e->map_install = f->map_install;
		e->since = f->flags & (DX_F_INSTALL | DX_F_UPGRADE) ? e->time - f->time : 0;
	} else {
		e->pfn = 0;
		e->pgmap = 0;
		e->refcount = 0;
		e->mapcount = 0;
		e->pincount = 0;
		e->ref_first = 0;
		e->ref_install = 0;
		e->map_install = 0;
		e->since = 0;
	}
	e->ino = inode->i_ino;
	/* volatile: else the compiler makes one load of two kinds of pointer, which the verifier refuses */
	if (f)
		e->dev = *(volatile __u32 *)&f->dev;
	else
		e->dev = inode_dev(inode_cast(inode));
	*(__u64 *)&e->gen = inode->i_generation; /* and zero */
	e->index = level == DX_PTE ? vmf->pgoff : vmf->pgoff & ~511UL;
	e->level = level;
	e->addr = vmf->address;
	e->ret = ret;
	event_submit(e);
}

/*
 * MAP_SYNC: dax_finish_sync_fault() installs after the journal's commit, or fails
 * unseen. What is known waits in task storage, so that no slot outlives its fault.
 */
static __noinline int fault_keep(struct fault *f, __u32 level)
{
	struct task_ctx *t = task_ctx_get();

	if (!t) {
		lost_count(DX_FAULT);
		return 0;
	}
	t->sync = *f;
	t->sync.flags &= ~DX_F_INSERT; /* told already */
	t->sync.level = level;
	return 0;
}

/* Rare. The path goes before the record that names the inode: a fault that fails early has no slot. */
static __noinline int fault_failed(__u64 *ctx, __u32 ret)
{
	struct inode *inode = cast(ctx[0], inode);
	struct vm_fault *vmf = cast(ctx[1], vm_fault);
	__u32 why = DX_SIGBUS_OTHER;

	file_mapped(fault_file(vmf));
	if (ret & VM_FAULT_HWPOISON)
		why = DX_SIGBUS_POISON;
	else if (vmf->pgoff >= (inode->i_size + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT)
		why = DX_SIGBUS_BEYOND_EOF;
	failed_note(vmf, inode, why);
	return 0;
}

static __always_inline int fault_done(void *ctx, struct inode *inode, __u64 inode_at,
				      struct vm_fault *vmf, __u64 vmf_at, int ret, __u8 level)
{
	struct fault *slot = fault_find();
	struct fault *f = slot && slot->vmf == vmf_at ? slot : NULL;

	if (slot && !file_is_seen(slot, inode_at, inode))
		file_check(slot, fault_file(vmf), pointer_number(slot, inode));
	if (ret & (VM_FAULT_SIGBUS | VM_FAULT_HWPOISON))
		fault_failed(ctx, ret);
	emit_fault(ctx, f, inode, vmf, ret, level);
	if (f && ret & VM_FAULT_NEEDDSYNC)
		fault_keep(f, level);
	if (slot)
		fault_end(slot);
	return 0;
}

SEC("tp_btf/dax_pte_fault_done")
int BPF_PROG(dx_pte_fault_done, struct inode *inode, struct vm_fault *vmf, int ret)
{
	return fault_done(ctx, inode, ctx[0], vmf, ctx[1], ret, DX_PTE);
}

SEC("tp_btf/dax_pmd_fault_done")
int BPF_PROG(dx_pmd_fault_done, struct inode *inode, struct vm_fault *vmf, unsigned long max_pgoff,
	     int ret)
{
	/* a PTE fault follows, which tells of itself */
	if (ret & VM_FAULT_FALLBACK)
		return 0;
	return fault_done(ctx, inode, ctx[0], vmf, ctx[1], ret, DX_PMD);
}

/* The second half of a MAP_SYNC fault: dax_insert_pfn_mkwrite(), PTE or PMD. */
SEC("tp_btf/dax_insert_pfn_mkwrite")
int BPF_PROG(dx_sync_fault_done, struct inode *inode, struct vm_fault *vmf, int ret)
{
	struct task_ctx *t = task_ctx_find();
	__u32 level = DX_PTE;

	if (t && t->sync.vmf == ctx[1]) {
		level = t->sync.level;
		t->sync.replaced = 0;
		emit_fault(ctx, &t->sync, inode, vmf, ret, level);
		t->sync.vmf = 0;
	} else {
		emit_fault(ctx, NULL, inode, vmf, ret, level);
	}
	return 0;
}

/*
 * A slot whose fault never ended: its last program was skipped, because the kernel lets
 * no program run in two tasks of one CPU at once (__bpf_prog_enter_recur(), and one of
 * them may be preempted). A task takes its own slot again; after its end nobody would.
 */
static long slot_forget(__u32 at, void *unused)
{
	struct task_struct *task;
	struct fault *f;
	__u64 owner;

	(void)unused;
	f = (struct fault *)&faults[(at & (DX_FAULT_SLOTS - 1)) * DX_FAULT_WORDS];
	owner = f->owner;
	if (!(owner & 1))
		return 0;
	task = kfunc_task_from_pid(owner >> 1);
	if (task)
		kfunc_task_release(task);
	else
		__sync_val_compare_and_swap(&f->owner, owner, 0);
	return 0;
}

/* For user space, which calls it when it sees a busy slot. */
SEC("syscall")
int dx_forget_faults(void *ctx)
{
	(void)ctx;
	bpf_loop(DX_FAULT_SLOTS, slot_forget, NULL, 0);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.bpf.c - who maps a file, and which of its pages: without mmap_lock, which the task
 * that hangs may hold.
 *
 * The mappings of a file are a red-black tree (mapping->i_mmap), the files of a filesystem
 * a list, the page tables what the hardware reads. They are walked while they change. A
 * node that is not what it must be ends the walk; a page table is believed when, afterwards,
 * the entry above still leads to it and the mapping is still the same one.
 */
#include "inode.bpf.h"
#include "look_vma.h"
#include "turn.bpf.h"

/* ---- the mappings of a file ---- */

struct look_vma look_vmas[LOOK_VMAS];

enum { RB_HERE, RB_LEFT, RB_UP };

struct look_tree tree; /* one walk at a time */

#define TREE_STEPS (1 << 16) /* moves in a piece */

static __always_inline struct vm_area_struct *vma_cast(__u64 addr)
{
	return cast(addr, vm_area_struct);
}

static __always_inline __u64 vma_mapping(struct vm_area_struct *vma)
{
	__u64 file = field_word(vma, struct vm_area_struct, vm_file);

	return file ? field_word(file_cast(file), struct file, f_mapping) : 0;
}

static __always_inline __u64 rb_right(__u64 node)
{
	return word_at(node + bpf_core_field_offset(struct rb_node, rb_right));
}

static __always_inline __u64 rb_left(__u64 node)
{
	return word_at(node + bpf_core_field_offset(struct rb_node, rb_left));
}

static __always_inline __u64 rb_parent(__u64 node)
{
	return word_at(node + bpf_core_field_offset(struct rb_node, __rb_parent_color)) & ~3ULL;
}

static __always_inline __u64 rb_vma(__u64 node)
{
	return node - bpf_core_field_offset(struct vm_area_struct, shared.rb);
}

/* One mapping, or one move towards the next one in order (lib/rbtree.c, rb_next()). */
static long tree_step(__u64 unused, void *arg)
{
	__u64 node = tree.node, parent, right, left;
	struct vm_area_struct *vma;
	struct look_vma *v;

	if (tree.move == RB_LEFT) {
		left = rb_left(node);
		if (left)
			tree.node = left;
		else
			tree.move = RB_HERE;
		return 0;
	}
	if (tree.move == RB_UP) {
		parent = rb_parent(node);
		if (!parent) {
			tree.done = 1;
			return 1;
		}
		tree.node = parent;
		if (node != rb_right(parent))
			tree.move = RB_HERE;
		return 0;
	}
	if (tree.found >= LOOK_VMAS)
		return 1;
	vma = vma_cast(rb_vma(node));
	if (vma_mapping(vma) != tree.mapping) {
		tree.lost = 1;
		return 1;
	}
	v = &look_vmas[tree.found++ % LOOK_VMAS];
	v->vma = rb_vma(node);
	v->mm = field_word(vma, struct vm_area_struct, vm_mm);
	v->start = vma->vm_start;
	v->end = vma->vm_end;
	v->pgoff = vma->vm_pgoff;
	right = rb_right(node);
	tree.move = right ? RB_LEFT : RB_UP;
	if (right)
		tree.node = right;
	return 0;
}

SEC("syscall")
int dx_look_vmas(struct look_vmas_args *a)
{
	__u64 at = a->cursor;

	a->found = a->lost = 0;
	a->there = !!mapping_inode(&a->id);
	a->cursor = 0;
	if (!a->there)
		return 0;
	if (!at)
		at = word_at(a->id.mapping +
			     bpf_core_field_offset(struct address_space, i_mmap.rb_leftmost));
	if (!at)
		return 0;
	tree.mapping = a->id.mapping;
	tree.node = at;
	tree.found = tree.lost = tree.done = 0;
	tree.move = RB_HERE;
	bpf_loop(TREE_STEPS, tree_step, NULL, 0);
	a->found = tree.found;
	a->lost = tree.lost;
	/* not at the end: in the middle of moves it can't stop, so more than a tree has is a loop */
	if (!tree.done && !tree.lost) {
		if (tree.move == RB_HERE)
			a->cursor = tree.node;
		else
			a->lost = 1;
	}
	return 0;
}

/* ---- mapped DAX files of a filesystem ---- */

struct look_mapping_id look_inodes[LOOK_INODES];

struct look_list list;

#define LIST_STEPS 16384

static long list_step(__u64 unused, void *arg)
{
	__u64 addr, next, mapping;
	struct inode *inode;

	if (list.node == list.head || list.found >= LOOK_INODES)
		return 1;
	addr = list.node - bpf_core_field_offset(struct inode, i_sb_list);
	inode = inode_cast(addr);
	next = word_at(list.node);
	/* taken out (list_del_init()), or freed */
	if (field_word(inode, struct inode, i_sb) != list.sb || !next || next == list.node) {
		list.lost = 1;
		return 1;
	}
	list.node = next;
	if (!(inode->i_flags & S_DAX))
		return 0;
	mapping = field_word(inode, struct inode, i_mapping);
	if (!word_at(mapping + bpf_core_field_offset(struct address_space, i_mmap.rb_root)))
		return 0;
	mapping_id(&look_inodes[list.found++ % LOOK_INODES], mapping, inode);
	return 0;
}

SEC("syscall")
int dx_look_inodes(struct look_inodes_args *a)
{
	__u64 inode;

	a->found = a->lost = 0;
	if (!a->sb) {
		inode = mapping_inode(&a->id);
		a->sb = inode ? field_word(inode_cast(inode), struct inode, i_sb) : 0;
	}
	if (!a->sb)
		return 0;
	list.sb = a->sb;
	list.head = a->sb + bpf_core_field_offset(struct super_block, s_inodes);
	list.node = a->cursor ? a->cursor : word_at(list.head);
	list.found = list.lost = 0;
	if (list.node)
		bpf_loop(LIST_STEPS, list_step, NULL, 0);
	a->found = list.found;
	a->lost = list.lost;
	a->cursor = list.node == list.head || list.lost ? 0 : list.node;
	return 0;
}

/* ---- page tables (arch/x86/include/asm/pgtable_types.h) ---- */

#define PT_PRESENT  (1 << 0)
#define PT_PSE	    (1 << 7)
#define PT_PROTNONE (1 << 8)
#define PT_PFN	    0x000ffffffffff000ULL

#define SHIFT_4K   12
#define SHIFT_2M   21
#define SHIFT_1G   30
#define SHIFT_PGD4 39 /* of four levels */
#define SHIFT_PGD5 48

struct look_pte look_ptes[LOOK_PTES];
__u64 pt_mask; /* of the address in an entry; without AMD's encryption bit */

struct look_pt pt;

/* mprotect(PROT_NONE) keeps the page, with the address inverted (pgtable-invert.h). */
static __always_inline __u64 pt_addr(__u64 e)
{
	return (e & PT_PRESENT ? e : ~e) & pt_mask;
}

static __always_inline bool pt_here(__u64 e)
{
	return e & (PT_PRESENT | PT_PROTNONE);
}

static __always_inline __u64 pt_entry_at(__u64 table, __u64 shift)
{
	return table + (((pt.a.addr >> shift) & 511) << 3);
}

/* A page table's physical address, as the kernel reads it. */
static __always_inline __u64 pt_table(__u64 e)
{
	return page_offset_base + (e & pt_mask);
}

static __always_inline void pt_skip(__u64 shift)
{
	pt.a.addr = ((pt.a.addr >> shift) + 1) << shift;
}

/* What stands in the last table holds only if that is still the one in use. */
__noinline int pt_table_end(void)
{
	__u64 e;

	if (!pt.table)
		return 0;
	e = word_at(pt.above);
	if (!(e & PT_PRESENT) || e & PT_PSE || pt_table(e) != pt.table)
		pt.a.found = pt.mark;
	pt.table = 0;
	pt.mark = pt.a.found;
	return 0;
}

__noinline int pt_found(__u64 pfn, __u64 nr)
{
	__u64 addr = pt.a.addr, cut;
	struct look_pte *p;

	if (nr > (pt.a.end - addr) >> SHIFT_4K)
		nr = (pt.a.end - addr) >> SHIFT_4K;
	if (pfn < pt.a.pfn_first) {
		cut = pt.a.pfn_first - pfn;
		if (cut >= nr)
			return 0;
		pfn += cut;
		addr += cut << SHIFT_4K;
		nr -= cut;
	}
	if (pfn > pt.a.pfn_last || !nr)
		return 0;
	if (nr - 1 > pt.a.pfn_last - pfn)
		nr = pt.a.pfn_last - pfn + 1;
	if (pt.a.found > pt.mark) {
		p = &look_ptes[(pt.a.found - 1) % LOOK_PTES];
		if (p->pfn + p->nr == pfn && p->addr + (p->nr << SHIFT_4K) == addr) {
			p->nr += nr;
			return 0;
		}
	}
	p = &look_ptes[pt.a.found++ % LOOK_PTES];
	p->addr = addr;
	p->pfn = pfn;
	p->nr = nr;
	return 0;
}

/* A leaf, a hole, or a table below: returns where that is, 0 when this address is done. */
__noinline __u64 pt_down(__u64 table, __u64 shift)
{
	__u64 at = pt_entry_at(table, shift), e = word_at(at), offset;

	if (!(e & PT_PRESENT) && (shift > SHIFT_1G || !(e & PT_PROTNONE))) {
		pt_skip(shift);
		return 0;
	}
	if (shift <= SHIFT_1G && e & PT_PSE) {
		/* bit 12 of a large leaf is PAT */
		offset = pt.a.addr & ((1ULL << shift) - 1);
		pt_found(((pt_addr(e) >> shift << shift) + offset) >> SHIFT_4K,
			 ((1ULL << shift) - offset) >> SHIFT_4K);
		pt_skip(shift);
		return 0;
	}
	if (!(e & PT_PRESENT)) {
		pt_skip(shift);
		return 0;
	}
	if (shift == SHIFT_2M)
		pt.above = at;
	return pt_table(e);
}

static long pt_step(__u64 unused, void *arg)
{
	__u64 table, e;

	if (pt.a.addr >= pt.a.end || !pt.a.budget || pt.a.found >= LOOK_PTES)
		return 1;
	pt.a.budget--;
	if (!pt.table) {
		table = pt.pgd;
		pt.mark = pt.a.found;
		if (pt.levels5)
			table = pt_down(table, SHIFT_PGD5);
		if (table)
			table = pt_down(table, SHIFT_PGD4);
		if (table)
			table = pt_down(table, SHIFT_1G);
		if (table)
			table = pt_down(table, SHIFT_2M);
		pt.table = table;
		return 0;
	}
	e = word_at(pt_entry_at(pt.table, SHIFT_4K));
	if (pt_here(e))
		pt_found(pt_addr(e) >> SHIFT_4K, 1);
	pt.a.addr += 1 << SHIFT_4K;
	if (!(pt.a.addr & ((1 << SHIFT_2M) - 1)))
		pt_table_end();
	return 0;
}

static __always_inline bool vma_is(const struct look_ptes_args *a)
{
	struct vm_area_struct *vma = vma_cast(a->v.vma);

	return field_word(vma, struct vm_area_struct, vm_mm) == a->v.mm &&
	       vma->vm_start == a->v.start && vma->vm_end == a->v.end &&
	       vma->vm_pgoff == a->v.pgoff && vma_mapping(vma) == a->mapping;
}

static __always_inline void pt_begin(void)
{
	__u64 at = 0, encrypted = 0;

	if (pt_mask)
		return;
	if (!bpf_kallsyms_lookup_name("sme_me_mask", sizeof("sme_me_mask"), 0, &at) && at)
		encrypted = word_at(at);
	pt_mask = PT_PFN & ~encrypted;
}

SEC("syscall")
int dx_look_ptes(struct look_ptes_args *a)
{
	a->found = 0;
	a->steps = 0;
	a->gone = !vma_is(a);
	if (a->gone || !page_offset_base)
		return 0;
	pt_begin();
	pt.a.addr = a->addr;
	pt.a.end = a->end < a->v.end ? a->end : a->v.end;
	pt.a.pfn_first = a->pfn_first;
	pt.a.pfn_last = a->pfn_last;
	pt.a.budget = a->budget;
	pt.a.found = 0;
	pt.mark = 0;
	pt.table = 0;
	pt.pgd = word_at(a->v.mm + bpf_core_field_offset(struct mm_struct, pgd));
	/*
	 * With four levels a kernel address begins at 0xffff800000000000, and page_offset_base
	 * is above; with five it is at 0xff11000000000000, or randomized within the lowest part of
	 * that range (arch/x86/mm/kaslr.c, kernel_randomize_memory()).
	 */
	pt.levels5 = page_offset_base < 0xffff800000000000ULL;
	bpf_loop(1 << 23, pt_step, NULL, 0);
	pt_table_end();
	a->found = pt.a.found;
	a->steps = a->budget - pt.a.budget;
	a->addr = pt.a.addr;
	a->gone = !vma_is(a);
	return 0;
}

/* ---- whose an mm is ---- */

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h: it has borrowed it */

SEC("iter/task")
int dx_look_mms(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *leader;
	struct look_mm_task r = {};

	if (turn_over())
		return 1;
	if (!task || task->flags & PF_KTHREAD)
		return 0;
	r.mm = field_word(task, struct task_struct, mm);
	if (!r.mm)
		return 0;
	/* the first thread stands for all, unless it has exited */
	leader = task->group_leader;
	if (task->pid != task->tgid && field_word(leader, struct task_struct, mm))
		return 0;
	r.tgid = task->tgid;
	r.start = leader->start_boottime;
	__builtin_memcpy(r.comm, leader->comm, sizeof(r.comm));
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

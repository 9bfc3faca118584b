// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.bpf.c - DAX faults: how long, of which size, how they ended, and why one of 2M fell back.
 *
 * dax_iomap_fault() (fs/dax.c) is called for each try: of 1G, of 2M, then of 4K. Why a try of 2M fell back is
 * what dax_iomap_pmd_fault() decided, in its order: dax_fault_check_fallback() looks at the fault, the mapping and the
 * file's size, which stay as they are as long as the fault's locks are held, so the same is asked of them at
 * the exit; if they allow it, grab_mapping_entry() refuses for a 4K entry, and the filesystem is not asked for an extent
 * then; else it is the extent, as the filesystem gave it.
 */
#include "perf/count.bpf.h"

#define PMD_ORDER 9
#define PMD_SIZE  (1UL << (PMD_ORDER + PAGE_SHIFT))
#define PMD_PAGES (1UL << PMD_ORDER)

/* include/linux/mm.h, mm_types.h */
#define VM_SHARED	  0x8
#define VM_FAULT_DONE_COW 0x001000
#define VM_FAULT_OOM	  0x000001
/* include/linux/iomap.h */
#define IOMAP_HOLE	0
#define IOMAP_UNWRITTEN 3

SEC("fentry/dax_iomap_fault")
int BPF_PROG(perf_fault, struct vm_fault *vmf, unsigned int order)
{
	slot_begin(order);
	return 0;
}

/* What the filesystem says lies there. Of others than DAX faults too, so as short as can be. */
SEC("tp_btf/iomap_iter_dstmap")
int BPF_PROG(perf_extent, struct inode *inode, struct iomap *iomap)
{
	bool mine;
	struct perf_slot *s = slot_find(&mine);

	if (!mine || s->order != PMD_ORDER)
		return 0;
	s->offset = iomap->offset;
	s->length = iomap->length;
	s->type = iomap->type;
	return 0;
}

/* dax_fault_check_fallback(), and what comes behind it. @mine: @s is of this fault. */
static __noinline int pmd_cause(struct vm_fault *vmf, const struct inode *inode,
				const struct perf_slot *s, bool mine)
{
	const struct vm_area_struct *vma = vmf->vma;
	__u64 at = vmf->address & ~(PMD_SIZE - 1), index = vmf->pgoff & ~(PMD_PAGES - 1);
	__u64 pages = ((__u64)inode->i_size + (1UL << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
	bool write = vmf->flags & FAULT_FLAG_WRITE;

	if ((vmf->pgoff ^ (vmf->address >> PAGE_SHIFT)) & (PMD_PAGES - 1))
		return PERF_C_ADDRESS;
	if (write && !(vma->vm_flags & VM_SHARED))
		return PERF_C_PRIVATE;
	if (at < vma->vm_start || at + PMD_SIZE > vma->vm_end)
		return PERF_C_VMA;
	if ((index | (PMD_PAGES - 1)) >= pages)
		return PERF_C_FILE_SIZE;
	if (!mine)
		return PERF_C_UNKNOWN;
	if (s->type == SLOT_NO_EXTENT)
		return PERF_C_ENTRY;
	/* dax_fault_iter(): a read of these maps zeroes */
	if (!write && (s->type == IOMAP_HOLE || s->type == IOMAP_UNWRITTEN))
		return PERF_C_HOLE;
	if (s->offset + s->length < (index << PAGE_SHIFT) + PMD_SIZE)
		return PERF_C_EXTENT_LENGTH;
	return PERF_C_EXTENT_ALIGN; /* dax_iomap_direct_access() */
}

static __noinline int fault_cause(struct vm_fault *vmf, const struct inode *inode, __u32 order,
				  __u32 ret)
{
	__u64 pages = ((__u64)inode->i_size + (1UL << PAGE_SHIFT) - 1) >> PAGE_SHIFT;

	if (ret & VM_FAULT_FALLBACK) {
		bool mine;
		struct perf_slot *s = slot_find(&mine);

		if (order > PMD_ORDER)
			return PERF_C_NO_PUD;
		return pmd_cause(vmf, inode, s, mine);
	}
	if (ret & VM_FAULT_HWPOISON)
		return PERF_C_POISON;
	if (ret & VM_FAULT_SIGBUS)
		return vmf->pgoff >= pages ? PERF_C_BEYOND_EOF : PERF_C_UNKNOWN;
	/* !pmd_none(): neither mapped nor failed */
	return !ret && order == PMD_ORDER ? PERF_C_TABLE : PERF_C_NONE;
}

static __always_inline __u32 fault_result(__u32 ret)
{
	if (ret & VM_FAULT_NEEDDSYNC)
		return PERF_R_COMMIT;
	if (ret & VM_FAULT_FALLBACK)
		return PERF_R_FALLBACK;
	if (ret & (VM_FAULT_SIGBUS | VM_FAULT_HWPOISON))
		return PERF_R_SIGBUS;
	if (ret & VM_FAULT_ERROR)
		return PERF_R_ERROR;
	if (ret & VM_FAULT_DONE_COW)
		return PERF_R_COPIED;
	return ret & VM_FAULT_NOPAGE ? PERF_R_INSTALLED : PERF_R_RETRY;
}

static __always_inline __u8 order_level(__u32 order)
{
	return order >= 18 ? DX_PUD : order >= PMD_ORDER ? DX_PMD : DX_PTE;
}

static __always_inline __u64 fault_inode(struct vm_fault *vmf)
{
	__u64 file = field_word(vmf->vma, struct vm_area_struct, vm_file);
	__u64 mapping = word_at(file + bpf_core_field_offset(struct file, f_mapping));

	return word_at(mapping + bpf_core_field_offset(struct address_space, host));
}

static __always_inline int fault_end(struct perf_key *k, __u64 inode, __u32 order)
{
	__u64 ns = NOT_TIMED, begin;
	bool mine, still;
	struct perf_slot *s = slot_find(&mine);

	begin = *(volatile __u64 *)&s->begin;
	slot_find(&still);
	/* before and after: so is the time */
	if (mine && still)
		ns = bpf_ktime_get_ns() - begin;
	key_who(k);
	key_file(k, inode);
	perf_count(k, inode, k->result == PERF_R_INSTALLED ? 1UL << order : 0, ns, PERF_FIRST);
	return 0;
}

SEC("fexit/dax_iomap_fault")
int BPF_PROG(perf_fault_end, struct vm_fault *vmf, unsigned int order, void *pfnp, void *errp,
	     void *ops, int ret)
{
	__u64 inode = fault_inode(vmf);
	struct perf_key k = {
		.what = PERF_FAULT,
		.result = fault_result(ret),
		.level = order_level(order),
	};

	if (!(ret & VM_FAULT_NOPAGE))
		k.cause = fault_cause(vmf, cast(inode, inode), order, ret);
	return fault_end(&k, inode, order);
}

/* ---- device-dax: drivers/dax/device.c ---- */

SEC("fentry/dev_dax_huge_fault")
int BPF_PROG(perf_dev_fault, struct vm_fault *vmf, unsigned int order)
{
	slot_begin(order);
	return 0;
}

/* __dev_dax_pmd_fault(): a page of the device is smaller, or the page reaches beyond the mapping. */
static __always_inline __u32 dev_cause(struct vm_fault *vmf, __u32 order, __u32 ret)
{
	__u64 size = 1UL << (order + PAGE_SHIFT), at = vmf->address & ~(size - 1);

	if (ret & VM_FAULT_HWPOISON)
		return PERF_C_POISON;
	if (ret & VM_FAULT_FALLBACK)
		return at < vmf->vma->vm_start || at + size > vmf->vma->vm_end ? PERF_C_VMA
									       : PERF_C_DEVICE_ALIGN;
	return ret & VM_FAULT_SIGBUS ? PERF_C_UNKNOWN : PERF_C_NONE;
}

SEC("fexit/dev_dax_huge_fault")
int BPF_PROG(perf_dev_fault_end, struct vm_fault *vmf, unsigned int order, int ret)
{
	struct perf_key k = {
		.what = PERF_FAULT,
		.result = fault_result(ret),
		.level = order_level(order),
	};

	if (!(ret & VM_FAULT_NOPAGE))
		k.cause = dev_cause(vmf, order, ret);
	return fault_end(&k, fault_inode(vmf), order);
}

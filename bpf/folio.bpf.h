/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FOLIO_BPF_H
#define DAXTOP_FOLIO_BPF_H
/*
 * folio.bpf.h - every accessor of struct page and struct folio, with what
 * differs between kernels.
 *
 * A page that is not ZONE_DEVICE must leave after a few instructions, so the
 * test for it is one load, one shift and one compare.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "cast.bpf.h"
#include "memory.h"

/* Set by dx_init() before anything is attached; addresses are in kallsyms, not in BTF. */
extern __u64 vmemmap_base; /* of struct page 0 */
extern __u64 page_offset_base; /* where all memory is mapped; 0: not known */
extern __u64 dev_pfn_min, dev_pfn_max; /* the pgmaps' pfns lie between */
/* Bit of page->flags where the zone number begins; from BTF, see src/kernel/btf_kernel.h. */
extern const volatile __u32 zone_shift;

/* percpu_ref.percpu_count_ptr, include/linux/percpu-refcount.h */
#define PERCPU_REF_DEAD 2
#define S_DAX		(1 << 13) /* include/linux/fs.h; device-dax sets it too (dax_open) */
/* up to 6.16 a pfn argument is a pfn_t, with flags in the top bits (fd2825b0760a and after) */
#define PFN_T_MASK	 ((1ULL << 52) - 1)
#define STRUCT_PAGE_SIZE 64 /* 6.1 to 7.3; user space refuses a kernel where BTF says otherwise */

/* 6.17 and before: a plain word (memdesc_flags_t: commit 53fbef56e07d, 6.18) */
struct page___word {
	unsigned long flags;
} __attribute__((preserve_access_index));
/* 6.14 and before: page->pgmap, page->share (changed by 38607c62b34b and the series before it) */
struct page___legacy {
	struct dev_pagemap *pgmap;
	unsigned long share;
} __attribute__((preserve_access_index));
/* 7.0 and before: pointer | 1; from 7.1 compound_info, a mask | 1 where struct page's size is a power of two */
struct page___head {
	unsigned long compound_head;
} __attribute__((preserve_access_index));

static __always_inline struct page *page_cast(__u64 addr)
{
	return cast(addr, page);
}

static __always_inline struct folio *folio_cast(__u64 addr)
{
	return cast(addr, folio);
}

/*
 * A word as a number. Struct page's second word is a union that begins with a
 * list_head, and the verifier takes what is loaded there for a pointer; through a
 * struct that is one plain word it is a number.
 */
static __always_inline __u64 word_at(__u64 addr)
{
	return cast(addr, pgprot)->pgprot;
}

/* The pointer that stands in @ptr's @field, as a number. */
#define field_word(ptr, type, field) \
	(cast((void *)(ptr) + bpf_core_field_offset(type, field), pgprot)->pgprot)

/* The compiler keeps nothing it knows of @x: the verifier wants to see checks and offsets of a context. */
#define opaque(x) asm volatile("" : "+r"(x))

#define SYMBOL_MAX 32 /* longest name that is asked for, padded with zeros */

/* The address of a symbol; 0: not there, or its module is not loaded. */
static __always_inline __u64 symbol_at(const char name[SYMBOL_MAX])
{
	__u64 addr = 0;

	return bpf_kallsyms_lookup_name(name, SYMBOL_MAX, 0, &addr) ? 0 : addr;
}

static __always_inline __u64 pfn_addr(__u64 pfn)
{
	return vmemmap_base + pfn * STRUCT_PAGE_SIZE;
}

static __always_inline __u64 addr_pfn(__u64 page)
{
	return (page - vmemmap_base) / STRUCT_PAGE_SIZE;
}

static __always_inline unsigned long page_flags(const struct page *page)
{
	if (bpf_core_field_exists(page->flags.f))
		return page->flags.f;
	return ((const struct page___word *)page)->flags;
}

static __always_inline unsigned int page_zone(const struct page *page)
{
	return (page_flags(page) >> zone_shift) & 7;
}

static __always_inline bool page_is_zone_device(const struct page *page)
{
	return page_zone(page) == bpf_core_enum_value(enum zone_type, ZONE_DEVICE);
}

/* Address of the head page of the page at @addr. */
static __always_inline __u64 page_head(__u64 addr)
{
	__u64 v;

	if (bpf_core_field_exists(struct page, compound_info))
		v = word_at(addr + bpf_core_field_offset(struct page, compound_info));
	else
		v = word_at(addr + bpf_core_field_offset(struct page___head, compound_head));
	if (!(v & 1))
		return addr;
	return v >> 32 == 0xffffffff ? addr & v : v - 1;
}

static __always_inline struct dev_pagemap *pgmap_cast(__u64 addr)
{
	return cast(addr, dev_pagemap);
}

/* Of the folio whose head page is at @addr; valid on a head page only. */
static __always_inline __u64 folio_pgmap_addr(__u64 addr)
{
	if (bpf_core_field_exists(struct folio, pgmap))
		return word_at(addr + bpf_core_field_offset(struct folio, pgmap));
	return word_at(addr + bpf_core_field_offset(struct page___legacy, pgmap));
}

static __always_inline struct dev_pagemap *folio_pgmap(__u64 addr)
{
	return pgmap_cast(folio_pgmap_addr(addr));
}

#define PAGE_MAPPING_DAX_SHARED 1 /* 6.14 and before: include/linux/page-flags.h */

static __always_inline __u64 folio_mapping_word(__u64 addr)
{
	return word_at(addr + bpf_core_field_offset(struct folio, mapping));
}

/*
 * Owners of a folio that several entries of different files share (fs/dax.c,
 * dax_folio_is_shared()): it has no mapping then, and the union's word is a count. 0: it
 * is not shared.
 */
static __always_inline __u64 folio_share(__u64 addr)
{
	__u64 mapping = folio_mapping_word(addr);

	if (bpf_core_field_exists(struct folio, share))
		return mapping ? 0 : word_at(addr + bpf_core_field_offset(struct folio, share));
	if (mapping != PAGE_MAPPING_DAX_SHARED)
		return 0;
	return word_at(addr + bpf_core_field_offset(struct page___legacy, share));
}

/* NULL for an anonymous or movable mapping too (bits 0 and 1 set: PRIVATE, COHERENT). */
static __always_inline struct address_space *folio_mapping(__u64 addr)
{
	__u64 v = folio_mapping_word(addr);

	if (!v || v & 3)
		return NULL;
	return cast(v, address_space);
}

static __always_inline bool folio_is_large(const struct folio *folio)
{
	return page_flags((const struct page *)folio) &
	       (1UL << bpf_core_enum_value(enum pageflags, PG_head));
}

/*
 * _mapcount and _refcount of an order-0 folio in one load: they are neighbours in every
 * kernel (struct page), and a load of kernel memory is eight instructions.
 */
struct folio_counts {
	__s32 map, ref;
};

static __always_inline struct folio_counts folio_counts_small(__u64 addr)
{
	__u64 word = word_at(addr + bpf_core_field_offset(struct folio, _mapcount));

	return (struct folio_counts){ .map = (__s32)word + 1, .ref = (__s32)(word >> 32) };
}

static __always_inline int folio_mapcount(const struct folio *folio)
{
	if (folio_is_large(folio))
		return folio->_large_mapcount.counter + 1;
	return folio->_mapcount.counter + 1;
}

/*
 * dev_t that a user sees: a device-dax inode is a character device. Without the barrier the compiler may make
 * one load of both, which verifiers up to 6.12 refuse ("same insn cannot be used with different pointers").
 */
static __always_inline __u32 inode_dev(const struct inode *inode)
{
	__u32 dev;

	if ((inode->i_mode & 00170000) == 0020000) {
		dev = inode->i_rdev;
		barrier_var(dev);
	} else {
		dev = inode->i_sb->s_dev;
		barrier_var(dev);
	}
	return dev;
}

#endif

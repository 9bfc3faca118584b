/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_VMA_H
#define DAXTOP_LOOK_VMA_H
/* look_vma.h - what bpf/look/vma.bpf.c tells of mappings. Both sides include it. */
#include "look_inode.h"

/* ---- mappings of a file ---- */

struct look_vma {
	__dx_u64 vma, mm; /* kernel addresses */
	__dx_u64 start, end; /* user addresses */
	__dx_u64 pgoff; /* pages */
};
#define LOOK_VMAS 1024 /* places in the global look_vmas */

/* A piece of a walk over a file's mappings. Call again until cursor is 0. */
struct look_vmas_args {
	struct look_mapping_id id; /* in */
	__dx_u64 cursor; /* in and out: the next one; 0 to begin */
	__dx_u32 found; /* out: places used */
	__dx_u32 there; /* out; 0: it is not that inode any more */
	__dx_u32 lost; /* out: the tree changed under the walk: begin again */
	__dx_u32 pad;
};

/* ---- mapped DAX files of a filesystem ---- */

#define LOOK_INODES 256 /* places in the global look_inodes */
struct look_inodes_args {
	__dx_u64 sb; /* in; 0: that of @id */
	struct look_mapping_id id; /* in */
	__dx_u64 cursor; /* in and out: the next inode; 0 to begin, and at the end */
	__dx_u32 found; /* out */
	__dx_u32 lost; /* out: the list changed under the walk */
};

/* ---- page tables ---- */

struct look_pte {
	__dx_u64 addr, pfn, nr; /* pages */
};
#define LOOK_PTES 2048

struct look_ptes_args {
	struct look_vma v; /* in */
	__dx_u64 mapping; /* in: what it maps */
	__dx_u64 pfn_first, pfn_last; /* in: no others are wanted */
	__dx_u64 addr, end; /* in: of addresses; out: addr where the next piece begins */
	__dx_u64 budget; /* in: entries to read */
	__dx_u32 found; /* out: places used in the global look_ptes */
	__dx_u32 gone; /* out: the mapping changed: nothing of this piece holds */
	__dx_u64 steps; /* out */
};

/* ---- work of the walks under way; in globals, see struct xa_search (scan.h) ---- */

struct look_tree {
	__dx_u64 mapping, node;
	__dx_u32 found, lost, move, done;
};

struct look_list {
	__dx_u64 sb, head, node;
	__dx_u32 found, lost;
};

struct look_pt {
	struct look_ptes_args a;
	__dx_u64 pgd; /* address */
	/* address of the entry that leads to the last table, and that table; 0: none */
	__dx_u64 above, table;
	__dx_u32 mark; /* what was found before that table */
	__dx_u32 levels5;
};

/* ---- whose an mm is ---- */

struct look_mm_task {
	__dx_u64 mm;
	__dx_u64 start; /* ns, CLOCK_BOOTTIME: tells a pid that is used again */
	__dx_u32 tgid;
	char comm[DX_COMM_LEN];
	__dx_u32 pad;
};

#endif

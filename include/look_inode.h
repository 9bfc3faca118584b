/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_INODE_H
#define DAXTOP_LOOK_INODE_H
/* look_inode.h - what bpf/look/inode.bpf.c tells of inodes. Both sides include it. */
#include "event.h"

/* Which inode is meant. Its address may belong to another one by now: all of it is compared. */
struct look_mapping_id {
	__dx_u64 mapping; /* struct address_space * */
	__dx_u64 ino;
	__dx_u32 dev, gen; /* ino and dev 0: a device-dax whose number is not known */
};

#define LOOK_NAMES 64 /* components of a path that are kept, the file's own first */
#define LOOK_NAME  256

struct look_name {
	__dx_u32 len;
	char text[LOOK_NAME];
};

/* The path in the filesystem; names stand in the global look_names. */
struct look_path_args {
	struct look_mapping_id id; /* in; out: with the numbers that it has */
	/* out */
	__dx_u32 there; /* 0: it is not that inode any more */
	__dx_u32 device; /* a character device: no path */
	__dx_u32 nlink;
	__dx_u32 named; /* it has a dentry */
	__dx_u32 hashed; /* ... that is a name still: it was not unlinked */
	__dx_u32 names; /* how many */
	__dx_u32 whole; /* up to the filesystem's root */
	__dx_u32 pad;
};

/* Work of a walk under way; in a global, see struct xa_search (scan.h). */
struct look_path_walk {
	__dx_u64 inode, root; /* root: sb->s_root */
	__dx_u64 alias; /* in the list of the inode's dentries */
	__dx_u64 dentry; /* where it is, upwards */
	__dx_u32 nr, whole, hashed, pad;
};

/*
 * Where in a file a page is: asked for pages that have no index, as files share them. A piece
 * of a search through its entries: call again until it is found, or next is 0.
 */
struct look_index_args {
	struct look_mapping_id id; /* in */
	__dx_u64 pfn; /* in */
	__dx_u64 next; /* in and out: page offset to go on from; 0 to begin, and at the end */
	__dx_u64 index; /* out: page offset */
	__dx_u32 found; /* out */
	__dx_u32 pad;
};

/* The file behind an address of this process. */
struct look_file_args {
	__dx_u64 addr; /* in: in a mapping of the file */
	/* out */
	struct look_mapping_id id; /* mapping 0: not found */
	__dx_u32 flags, mode; /* i_flags, i_mode */
	__dx_s32 err; /* of bpf_find_vma() */
	__dx_u32 pad;
};

/* Superblocks of block devices, one a call. */
struct look_sb_args {
	__dx_u64 cursor; /* in and out: 0 to begin, and at the end */
	/* out */
	__dx_u64 sb; /* 0: none, ask on while cursor is not 0 */
	__dx_u32 dev; /* s_dev */
	__dx_u32 pad;
	char disk[32];
	char fstype[16];
};

#endif

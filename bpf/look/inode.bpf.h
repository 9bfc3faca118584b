/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_INODE_BPF_H
#define DAXTOP_LOOK_INODE_BPF_H
/*
 * inode.bpf.h - an inode from the address of its mapping, some time after that was read.
 * Nothing is held: every answer is checked against what the caller knows of it.
 */
#include "folio.bpf.h"
#include "look_inode.h"

#define S_IFMT	00170000
#define S_IFCHR 0020000

static __always_inline struct inode *inode_cast(__u64 addr)
{
	return cast(addr, inode);
}

static __always_inline struct address_space *mapping_cast(__u64 addr)
{
	return cast(addr, address_space);
}

static __always_inline struct super_block *super_cast(__u64 addr)
{
	return cast(addr, super_block);
}

static __always_inline struct file *file_cast(__u64 addr)
{
	return cast(addr, file);
}

static __always_inline void mapping_id(struct look_mapping_id *id, __u64 mapping, struct inode *inode)
{
	id->mapping = mapping;
	id->ino = inode->i_ino;
	id->dev = inode_dev(inode);
	id->gen = inode->i_generation;
}

__noinline __u64 inode_find(__u64 mapping, __u64 ino, __u32 dev, __u32 gen)
{
	__u64 addr = field_word(mapping_cast(mapping), struct address_space, host);
	struct inode *inode = inode_cast(addr);

	if (!addr || field_word(inode, struct inode, i_mapping) != mapping)
		return 0;
	if (!ino && !dev)
		return (inode->i_mode & S_IFMT) == S_IFCHR ? addr : 0;
	if (inode->i_ino != ino || inode->i_generation != gen || inode_dev(inode) != dev)
		return 0;
	return addr;
}

/* Address of the inode whose mapping that is; 0: it is not that inode any more. */
static __always_inline __u64 mapping_inode(const struct look_mapping_id *id)
{
	return inode_find(id->mapping, id->ino, id->dev, id->gen);
}

#endif

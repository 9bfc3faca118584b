/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_DENTRY_BPF_H
#define DAXTOP_DENTRY_BPF_H
/* dentry.bpf.h - names of inodes */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "cast.bpf.h"

/* 6.12: inside d_u; an anonymous union on 7.2 */
struct dentry___d_u {
	union {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

static __always_inline struct dentry *dentry_cast(__u64 addr)
{
	return cast(addr, dentry);
}

/* Of its place in its inode's list of names. */
static __always_inline __u64 alias_offset(void)
{
	if (bpf_core_field_exists(struct dentry, d_alias))
		return bpf_core_field_offset(struct dentry, d_alias);
	return bpf_core_field_offset(struct dentry___d_u, d_u.d_alias);
}

#endif

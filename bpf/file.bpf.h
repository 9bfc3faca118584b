/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FILE_BPF_H
#define DAXTOP_FILE_BPF_H
/*
 * file.bpf.h - a path for an inode, sent before the first event that names the
 * inode.
 *
 * bpf_d_path() is refused in these functions (its allow list), so the dentries
 * are walked here, while the mapping keeps the file open.
 */
#include "dentry.bpf.h"
#include "task.bpf.h"

struct seen_key {
	__u64 ino;
	__u32 dev;
	__u32 gen;
};
struct seen {
	__u64 inode; /* where it was: after it was evicted and read again it is elsewhere */
	__u64 time; /* when the path was sent, ns */
};
struct seen_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct seen_key);
	__type(value, struct seen);
};
extern struct seen_map files_seen SEC(".maps");

/* User space looks at a name again before it shows it; this is for a name that it has forgotten. */
#define FILE_AGAIN_NS 1000000000ULL

/* The address may be used again, and the number too. */
static __always_inline __u64 file_id(__u64 ino, __u32 gen)
{
	return ino ^ (__u64)gen << 32;
}

#define FILE_STEPS    40 /* names */
#define FILE_NAME_MAX 255
#define FILE_FIRST    (DX_PATH_LEN - 2 - FILE_NAME_MAX) /* where the file's own name is put */

/*
 * One dentry up (fs/d_path.c does it under locks; we may see a race, not crash). Names are put before
 * one another, as there. All that is known of the walk is in the record, because the verifier does
 * not follow values in ring memory; on the stack it would walk every one of them: e.addr: the
 * dentry; e.pgmap: the filesystem's root; path_len: where the path begins; e.index: where it ends, 0:
 * nowhere yet.
 */
static long file_up(__u64 unused, void *arg)
{
	struct dx_file_event *to = *(struct dx_file_event **)arg;
	__u64 d = to->e.addr, parent;
	__u32 at = to->path_len, len;

	if (d == to->e.pgmap) {
		to->path_flags = 0;
		return 1;
	}
	parent = field_word(dentry_cast(d), struct dentry, d_parent);
	if (!parent || parent == d)
		return 1;
	len = dentry_cast(d)->d_name.len & FILE_NAME_MAX; /* NAME_MAX is 255 */
	if (!to->e.index)
		to->e.index = at + 1 + len;
	else
		at -= 1 + len;
	/* too long: the first ones are left out, what it is called stays */
	if (at > FILE_FIRST)
		return 1;
	to->path[at] = '/';
	bpf_probe_read_kernel(&to->path[at + 1], len, dentry_cast(d)->d_name.name);
	to->path_len = at;
	to->e.addr = parent;
	return 0;
}

/* d_unlinked(): this name of it is gone, others may be left. */
static __always_inline bool dentry_is_unlinked(__u64 dentry)
{
	return !field_word(&dentry_cast(dentry)->d_hash, struct hlist_bl_node, pprev);
}

static __always_inline int file_send(__u64 file, struct inode *inode)
{
	struct dx_file_event *to = bpf_ringbuf_reserve(&events, sizeof(*to), 0);
	__u64 dentry = word_at(file + bpf_core_field_offset(struct file, f_path.dentry)), super;
	__u32 at, len;

	if (!to) {
		lost_count(DX_FILE);
		return -1;
	}
	to->path_flags = DX_PATH_TRUNCATED;
	to->path_len = FILE_FIRST;
	to->e.index = 0;
	to->e.addr = dentry;
	/* not @inode's: of device-dax that is an inode of the kernel's own, which has no name (drivers/dax/super.c) */
	super = field_word(dentry_cast(dentry), struct dentry, d_sb);
	to->e.pgmap = field_word(cast(super, super_block), struct super_block, s_root);
	bpf_loop(FILE_STEPS, file_up, &to, 0);
	at = to->path_len;
	len = to->e.index ? to->e.index - at : 0;
	if (at <= FILE_FIRST && len < DX_PATH_LEN)
		bpf_probe_read_kernel(to->path, len, &to->path[at]);
	to->path_len = len;
	if (!inode->i_nlink || dentry_is_unlinked(dentry))
		to->path_flags |= DX_PATH_DELETED;
	__builtin_memset(&to->e, 0, sizeof(to->e));
	event_who(&to->e, DX_FILE, 0);
	to->e.stack = -1;
	to->e.nr = 1;
	to->e.addr = field_word(inode, struct inode, i_mapping);
	to->e.arg = cast(super, super_block)->s_dev;
	event_inode(&to->e, inode);
	event_submit(to);
	return 0;
}

/*
 * The inode is new, or new to this task: has its path been sent lately? @f remembers that it
 * was. A global function, as rule_tell().
 */
__noinline int file_check(struct fault *f, __u64 file, __u64 addr)
{
	struct inode *inode = cast(addr, inode);
	struct seen_key key = { .ino = inode->i_ino,
				.dev = inode_dev(inode),
				.gen = inode->i_generation };
	struct seen now = { .inode = addr, .time = bpf_ktime_get_ns() }, *sent;

	if (!f)
		return 0;
	f->dev = key.dev;
	sent = bpf_map_lookup_elem(&files_seen, &key);
	if (!sent || sent->inode != addr || now.time - sent->time >= FILE_AGAIN_NS) {
		if (file_send(file, inode))
			return 0;
		bpf_map_update_elem(&files_seen, &key, &now, BPF_ANY);
	}
	f->inode = addr;
	f->inode_id = file_id(key.ino, key.gen);
	return 0;
}

/* A task that stays with a file pays two compares. */
static __always_inline bool file_is_seen(const struct fault *f, __u64 addr, const struct inode *inode)
{
	return f->inode == addr && f->inode_id == file_id(inode->i_ino, inode->i_generation);
}

/* For a mapping outside a fault that is being followed. Inline: each munmap does it. */
static __always_inline void file_of(__u64 file)
{
	struct fault *f, *under_way;
	__u64 mapping, inode;

	if (!file)
		return;
	/* a fault that unmaps what it replaces has its slot */
	under_way = fault_find();
	f = under_way ? under_way : fault_begin();
	if (!f)
		return;
	mapping = word_at(file + bpf_core_field_offset(struct file, f_mapping));
	inode = word_at(mapping + bpf_core_field_offset(struct address_space, host));
	if (!file_is_seen(f, inode, cast(inode, inode)))
		file_check(f, file, inode);
	if (!under_way)
		fault_end(f);
}

/* The same for what is rarer. A global function: see rule_tell(). */
__noinline int file_mapped(__u64 file)
{
	file_of(file);
	return 0;
}

#endif

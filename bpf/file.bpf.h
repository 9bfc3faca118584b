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
#include "task.bpf.h"

struct seen_key {
	__u64 ino;
	__u32 dev;
	__u32 gen;
};
struct seen_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct seen_key);
	__type(value, __u64); /* when the path was sent, ns */
};
extern struct seen_map files_seen SEC(".maps");

#define FILE_AGAIN_NS	1000000000ULL /* a rename shows in the next task's event after this */
#define FILE_COMPONENTS 24
#define FILE_NAME_MAX	255

struct file_walk {
	__u64 dentry, mount; /* where it is, upwards */
	__u64 up[FILE_COMPONENTS]; /* dentries met, the file's first */
	__u32 flags; /* DX_PATH_* */
	__u32 done;
	/*
	 * to->path_flags: how many of up[] are in use; to->path_len: bytes written
	 * to path; to->e.index: bytes that are still to come. Kept there because the verifier does not follow values in
	 * ring memory: on the stack it would walk every one of them (30,000
	 * instructions, 0.5 s a program in the laboratory, instead of 1,000).
	 */
	struct dx_file_event *to;
};

static __always_inline struct dentry *dentry_cast(__u64 addr)
{
	return bpf_rdonly_cast((void *)addr, bpf_core_type_id_kernel(struct dentry));
}

/* One dentry up, or out of a mount (fs/d_path.c does it under locks; we may see a race, not crash). */
static long file_up(__u64 unused, void *arg)
{
	struct file_walk *w = arg;
	struct mount *mnt = bpf_rdonly_cast((void *)w->mount, bpf_core_type_id_kernel(struct mount));
	__u64 d = w->dentry, parent;
	__u32 n = w->to->path_flags;

	if (d == field_word(&mnt->mnt, struct vfsmount, mnt_root)) {
		parent = field_word(mnt, struct mount, mnt_parent);
		if (parent == w->mount)
			goto done;
		w->dentry = field_word(mnt, struct mount, mnt_mountpoint);
		w->mount = parent;
		return 0;
	}
	parent = field_word(dentry_cast(d), struct dentry, d_parent);
	if (!parent || parent == d)
		goto done;
	if (n >= FILE_COMPONENTS)
		return 1;
	w->up[n] = d;
	w->to->path_flags = n + 1;
	w->to->e.index += 1 + (dentry_cast(d)->d_name.len & FILE_NAME_MAX);
	w->dentry = parent;
	return 0;
done:
	w->done = 1;
	return 1;
}

/* "/name" of the topmost dentry that is left. */
static long file_down(__u64 unused, void *arg)
{
	struct file_walk *w = arg;
	__u32 n = w->to->path_flags - 1, off = w->to->path_len, len;
	struct dentry *dentry;

	if (n >= FILE_COMPONENTS)
		return 1;
	w->to->path_flags = n;
	dentry = dentry_cast(w->up[n]);
	len = dentry->d_name.len & FILE_NAME_MAX; /* NAME_MAX is 255 */
	/* too long: the first ones are left out, what it is called stays */
	if (off > DX_PATH_LEN - 2 - FILE_NAME_MAX || off + w->to->e.index > DX_PATH_LEN - 1) {
		w->flags |= DX_PATH_TRUNCATED;
		w->to->e.index -= 1 + len;
		return 0;
	}
	w->to->e.index -= 1 + len;
	w->to->path[off] = '/';
	bpf_probe_read_kernel(&w->to->path[off + 1], len, dentry->d_name.name);
	w->to->path_len = off + 1 + len;
	return 0;
}

static __noinline int file_send(struct file *file, struct inode *inode)
{
	struct file_walk w = {};

	w.to = bpf_ringbuf_reserve(&events, sizeof(*w.to), 0);
	if (!w.to) {
		lost_count(DX_FILE);
		return -1;
	}
	w.to->path_flags = 0;
	w.to->path_len = 0;
	w.to->e.index = 0;
	w.dentry = field_word(&file->f_path, struct path, dentry);
	w.mount = field_word(&file->f_path, struct path, mnt) - bpf_core_field_offset(struct mount, mnt);
	bpf_loop(FILE_COMPONENTS + 16, file_up, &w, 0);
	if (!w.done)
		w.flags |= DX_PATH_TRUNCATED;
	bpf_loop(FILE_COMPONENTS, file_down, &w, 0);
	if (!inode->i_nlink)
		w.flags |= DX_PATH_DELETED;
	__builtin_memset(&w.to->e, 0, sizeof(w.to->e));
	event_who(&w.to->e, DX_FILE, 0);
	w.to->e.stack = -1;
	w.to->e.nr = 1;
	event_inode(&w.to->e, inode);
	w.to->path_flags = w.flags;
	event_submit(w.to);
	return 0;
}

/* The inode is new, or new to this task: has its path been sent lately? */
static __noinline int file_check(struct file *file, struct inode *inode)
{
	struct seen_key key = { .ino = inode->i_ino, .dev = inode_dev(inode), .gen = inode->i_generation };
	__u64 now = bpf_ktime_get_ns();
	__u64 *sent = bpf_map_lookup_elem(&files_seen, &key);

	if (sent && now - *sent < FILE_AGAIN_NS)
		return 0;
	if (file_send(file, inode))
		return -1;
	bpf_map_update_elem(&files_seen, &key, &now, BPF_ANY);
	return 0;
}

static __noinline int file_check_vma(struct vm_area_struct *vma, struct inode *inode)
{
	return file_check(vma->vm_file, inode);
}

/* @f remembers the last one, so a task that stays with a file pays two compares. */
static __always_inline void file_seen(struct fault *f, __u64 addr, struct inode *inode,
				      struct vm_area_struct *vma)
{
	/* the address may be used again, and the number too */
	__u64 id = inode->i_ino ^ (__u64)inode->i_generation << 32;

	if (f->inode == addr && f->inode_id == id)
		return;
	f->dev = inode_dev(inode);
	if (file_check_vma(vma, inode))
		return;
	f->inode = addr;
	f->inode_id = id;
}

/* For a mapping outside a fault that is being followed. */
static __always_inline void file_of_vma(struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;
	struct fault *f, *under_way;
	struct address_space *mapping;

	if (!file)
		return;
	/* a fault that unmaps what it replaces has its slot */
	under_way = fault_find();
	f = under_way ? under_way : fault_begin();
	if (!f)
		return;
	mapping = file->f_mapping;
	file_seen(f, field_word(mapping, struct address_space, host), mapping->host, vma);
	if (!under_way)
		fault_end(f);
}

#endif

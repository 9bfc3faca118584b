// SPDX-License-Identifier: GPL-2.0-only
/*
 * inode.bpf.c - the path of an inode whose mapping was met, the inode behind a mapped
 * file, and the filesystems there are.
 *
 * No lock is taken: a rename may pass under the walk. User space asks until two answers
 * are the same.
 */
#include "bpf/look/inode.bpf.h"

struct look_name look_names[LOOK_NAMES];

/* 6.12: inside d_u; an anonymous union on 7.2 */
struct dentry___d_u {
	union {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

#define ALIASES 64 /* names of one inode that are looked at */

struct path_walk {
	__u64 inode, root; /* root: sb->s_root */
	__u64 dentry; /* where it is, upwards; first the list of aliases */
	__u32 nr, whole;
};
static struct path_walk path_walking; /* one at a time; see struct xa_search on why it is a global */

static __always_inline struct dentry *path_dentry(__u64 addr)
{
	return bpf_rdonly_cast((void *)addr, bpf_core_type_id_kernel(struct dentry));
}

static __always_inline __u64 alias_offset(void)
{
	if (bpf_core_field_exists(struct dentry, d_alias))
		return bpf_core_field_offset(struct dentry, d_alias);
	return bpf_core_field_offset(struct dentry___d_u, d_u.d_alias);
}

/* The first name that is this inode's and hangs in the tree: a disconnected one has no parent. */
static long alias_step(__u64 unused, void *arg)
{
	struct path_walk *w = &path_walking;
	__u64 d = w->dentry - alias_offset(), parent;

	if (!w->dentry)
		return 1;
	parent = field_word(path_dentry(d), struct dentry, d_parent);
	if (field_word(path_dentry(d), struct dentry, d_inode) == w->inode && parent &&
	    parent != d) {
		w->dentry = d;
		w->nr = 1;
		return 1;
	}
	w->dentry = word_at(w->dentry + bpf_core_field_offset(struct hlist_node, next));
	return 0;
}

static long path_up(__u64 unused, void *arg)
{
	struct path_walk *w = &path_walking;
	__u64 d = w->dentry, parent;
	struct look_name *name;
	__u32 len;

	parent = field_word(path_dentry(d), struct dentry, d_parent);
	if (d == w->root || !parent || parent == d) {
		w->whole = d == w->root;
		return 1;
	}
	if (w->nr >= LOOK_NAMES)
		return 1;
	name = &look_names[w->nr++ % LOOK_NAMES];
	len = path_dentry(d)->d_name.len & (LOOK_NAME - 1); /* NAME_MAX is 255 */
	name->len = len;
	bpf_probe_read_kernel(name->text, len, path_dentry(d)->d_name.name);
	w->dentry = parent;
	return 0;
}

SEC("syscall")
int dx_look_path(struct look_path_args *a)
{
	struct path_walk *w = &path_walking;
	struct inode *inode;

	a->there = a->device = a->nlink = a->named = a->names = a->whole = 0;
	__builtin_memset(w, 0, sizeof(*w));
	w->inode = mapping_inode(&a->id);
	if (!w->inode)
		return 0;
	inode = inode_cast(w->inode);
	a->nlink = inode->i_nlink;
	a->device = (inode->i_mode & S_IFMT) == S_IFCHR;
	w->root = field_word(inode->i_sb, struct super_block, s_root);
	w->dentry = field_word(&inode->i_dentry, struct hlist_head, first);
	if (!a->device)
		bpf_loop(ALIASES, alias_step, NULL, 0);
	a->named = w->nr;
	if (w->nr) {
		w->nr = 0;
		bpf_loop(LOOK_NAMES + 1, path_up, NULL, 0);
		a->names = w->nr;
		a->whole = w->whole;
	}
	a->there = mapping_inode(&a->id) == w->inode;
	return 0;
}

/* ---- what an address of ours maps ---- */

static struct look_file_args file_found;

static long file_of_vma_found(struct task_struct *task, struct vm_area_struct *vma, void *arg)
{
	struct look_file_args *a = &file_found;
	__u64 file = field_word(vma, struct vm_area_struct, vm_file), mapping, host;

	if (!file)
		return 0;
	mapping = field_word(file_cast(file), struct file, f_mapping);
	host = field_word(mapping_cast(mapping), struct address_space, host);
	mapping_id(&a->id, mapping, inode_cast(host));
	a->flags = inode_cast(host)->i_flags;
	a->mode = inode_cast(host)->i_mode;
	return 0;
}

SEC("syscall")
int dx_look_file(struct look_file_args *a)
{
	__builtin_memset(&file_found, 0, sizeof(file_found));
	a->err = bpf_find_vma(bpf_get_current_task_btf(), a->addr, file_of_vma_found, NULL, 0);
	a->id = file_found.id;
	a->flags = file_found.flags;
	a->mode = file_found.mode;
	return 0;
}

/* ---- filesystems ---- */

/* The list is short, and its order does not change: new ones come last (fs/super.c, sget_fc()). */
SEC("syscall")
int dx_look_super(struct look_sb_args *a)
{
	struct super_block *sb;
	struct block_device *bdev;
	__u64 head = 0, node, disk;

	a->sb = 0;
	if (bpf_kallsyms_lookup_name("super_blocks", sizeof("super_blocks"), 0, &head) || !head) {
		a->cursor = 0;
		return 0;
	}
	node = a->cursor ? a->cursor : word_at(head);
	a->cursor = 0;
	if (!node || node == head)
		return 0;
	sb = super_cast(node - bpf_core_field_offset(struct super_block, s_list));
	a->cursor = word_at(node);
	if (a->cursor == head)
		a->cursor = 0;
	bdev = sb->s_bdev;
	disk = field_word(bdev, struct block_device, bd_disk);
	if (!field_word(sb, struct super_block, s_bdev) || !disk)
		return 0;
	a->dev = sb->s_dev;
	bpf_probe_read_kernel_str(
		a->disk, sizeof(a->disk),
		(void *)(disk + bpf_core_field_offset(struct gendisk, disk_name)));
	bpf_probe_read_kernel_str(a->fstype, sizeof(a->fstype), sb->s_type->name);
	a->sb = (__u64)sb;
	return 0;
}

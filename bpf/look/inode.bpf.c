// SPDX-License-Identifier: GPL-2.0-only
/*
 * inode.bpf.c - the path of an inode whose mapping was met, the inode behind a mapped
 * file, and the filesystems there are.
 *
 * No lock is taken: a rename may pass under the walk. User space asks until two answers
 * are the same.
 */
#include "dentry.bpf.h"
#include "entry_value.bpf.h"
#include "inode.bpf.h"
#include "xarray.bpf.h"

struct look_name look_names[LOOK_NAMES];

#define ALIASES 64 /* names of one inode that are looked at */

struct look_path_walk path_walking; /* one at a time */

/*
 * The first name that is this inode's and hangs in the tree: a disconnected one has no parent. One that
 * was unlinked (d_unlinked()) only if there is no other.
 */
static long alias_step(__u64 unused, void *arg)
{
	struct look_path_walk *w = &path_walking;
	__u64 d = w->alias - alias_offset(), parent;

	if (!w->alias)
		return 1;
	parent = field_word(dentry_cast(d), struct dentry, d_parent);
	if (field_word(dentry_cast(d), struct dentry, d_inode) == w->inode && parent && parent != d) {
		bool hashed = field_word(&dentry_cast(d)->d_hash, struct hlist_bl_node, pprev);

		if (hashed || !w->dentry)
			w->dentry = d;
		w->hashed = hashed;
		if (hashed)
			return 1;
	}
	w->alias = word_at(w->alias + bpf_core_field_offset(struct hlist_node, next));
	return 0;
}

static long path_up(__u64 unused, void *arg)
{
	struct look_path_walk *w = &path_walking;
	__u64 d = w->dentry, parent;
	struct look_name *name;
	__u32 len;

	parent = field_word(dentry_cast(d), struct dentry, d_parent);
	if (d == w->root || !parent || parent == d) {
		w->whole = d == w->root;
		return 1;
	}
	if (w->nr >= LOOK_NAMES)
		return 1;
	name = &look_names[w->nr++ % LOOK_NAMES];
	len = dentry_cast(d)->d_name.len & (LOOK_NAME - 1); /* NAME_MAX is 255 */
	name->len = len;
	bpf_probe_read_kernel(name->text, len, dentry_cast(d)->d_name.name);
	w->dentry = parent;
	return 0;
}

SEC("syscall")
int dx_look_path(struct look_path_args *a)
{
	struct look_path_walk *w = &path_walking;
	struct look_mapping_id id = a->id;
	struct inode *inode;
	__u32 device, there;

	__builtin_memset(w, 0, sizeof(*w));
	w->inode = mapping_inode(&id);
	inode = inode_cast(w->inode);
	device = (inode->i_mode & S_IFMT) == S_IFCHR;
	a->device = device;
	a->nlink = inode->i_nlink;
	w->root = field_word(inode->i_sb, struct super_block, s_root);
	w->alias = field_word(&inode->i_dentry, struct hlist_head, first);
	if (w->inode && !device)
		bpf_loop(ALIASES, alias_step, NULL, 0);
	a->named = !!w->dentry;
	a->hashed = w->hashed;
	if (w->dentry)
		bpf_loop(LOOK_NAMES + 1, path_up, NULL, 0);
	there = w->inode && mapping_inode(&id) == w->inode;
	mapping_id(&id, id.mapping, inode);
	opaque(a);
	a->id = id;
	a->names = w->nr;
	a->whole = w->whole;
	a->there = there;
	return 0;
}

/* ---- where in a file a page is ---- */

#define PMD_PAGES 512

struct xa_search entries; /* one at a time */
__u64 entry_pfn;

static long entry_step(__u64 unused, void *arg)
{
	__u64 e, value, pfn, nr;
	__u32 shift;

	if (!xa_search_step(&entries))
		return 0;
	e = entries.found;
	if (!e)
		return 1;
	value = entry_value(e);
	pfn = value >> DAX_SHIFT;
	nr = value & DAX_PMD ? PMD_PAGES : 1;
	if (e & 1 && !(value & (DAX_ZERO_PAGE | DAX_EMPTY)) && entry_pfn - pfn < nr) {
		entries.index = (entries.index & ~(nr - 1)) + entry_pfn - pfn;
		return 1;
	}
	/* the next slot, as xa_search_step() does behind an empty one */
	entries.found = 0;
	shift = xa_node_cast(entries.node)->shift;
	if (shift > 60)
		return 1;
	if (((entries.index >> shift) & (XA_CHUNK - 1)) == XA_CHUNK - 1)
		entries.node = entries.root;
	entries.index = ((entries.index >> shift) + 1) << shift;
	return !entries.index;
}

#define INDEX_STEPS (1 << 16)

SEC("syscall")
int dx_look_index(struct look_index_args *a)
{
	struct look_mapping_id id = a->id;
	__u64 root, from = a->next;

	entries.found = 0;
	entries.done = 1;
	entry_pfn = a->pfn;
	if (mapping_inode(&id)) {
		root = field_word(&mapping_cast(id.mapping)->i_pages, struct xarray, xa_head);
		xa_search_begin(&entries, root, from, -1ULL);
		if (entries.found)
			entries.found = entries.found >> (DAX_SHIFT + 1) == entry_pfn;
		else
			bpf_loop(INDEX_STEPS, entry_step, NULL, 0);
	}
	opaque(a);
	a->next = !entries.found && !entries.done && entries.index > from ? entries.index : 0;
	a->index = entries.index;
	a->found = !!entries.found;
	return 0;
}

/* ---- what an address of ours maps ---- */

struct look_file_args file_found;

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

struct look_sb_args super_found;

/* The list is short, and its order does not change: new ones come last (fs/super.c, sget_fc()). */
SEC("syscall")
int dx_look_super(struct look_sb_args *a)
{
	struct look_sb_args *f = &super_found;
	__u64 head = 0, node = a->cursor, disk;
	struct super_block *sb;

	__builtin_memset(f, 0, sizeof(*f));
	if (!bpf_kallsyms_lookup_name("super_blocks", sizeof("super_blocks"), 0, &head) && head &&
	    !node)
		node = word_at(head);
	if (head && node && node != head) {
		sb = super_cast(node - bpf_core_field_offset(struct super_block, s_list));
		f->cursor = word_at(node);
		if (f->cursor == head)
			f->cursor = 0;
		f->dev = sb->s_dev;
		disk = field_word(sb->s_bdev, struct block_device, bd_disk);
		if (field_word(sb, struct super_block, s_bdev) && disk) {
			bpf_probe_read_kernel_str(
				f->disk, sizeof(f->disk),
				(void *)(disk + bpf_core_field_offset(struct gendisk, disk_name)));
			bpf_probe_read_kernel_str(f->fstype, sizeof(f->fstype), sb->s_type->name);
			f->sb = (__u64)sb;
		}
	}
	opaque(a);
	*a = *f;
	return 0;
}

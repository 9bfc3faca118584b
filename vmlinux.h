/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__
/*
 * The kernel types that bpf/ reads, trimmed to the members that it reads: made by make vmlinux
 * from bpf/vmlinux.list and the BTF of Debian's 7.3.4+deb13-amd64.
 * Offsets do not matter: every access is relocated by CO-RE; what other kernels name differently
 * stands in bpf/ as a flavour (struct x___old) with the commit that changed it.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef unsigned char __u8;
typedef short unsigned int __u16;
typedef unsigned int __u32;
typedef long long unsigned int __u64;
typedef signed char __s8;
typedef short int __s16;
typedef int __s32;
typedef long long int __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;
typedef _Bool bool;
typedef u32 __kernel_dev_t;
typedef __kernel_dev_t dev_t;
typedef short unsigned int umode_t;
typedef int __kernel_pid_t;
typedef __kernel_pid_t pid_t;
enum {
	false = 0,
	true = 1,
};
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};
enum {
	BPF_F_NO_PREALLOC = 1,
};
enum {
	BPF_F_USER_STACK = 256,
};
enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};
enum {
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
};
enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};
enum zone_type {
	ZONE_DEVICE = 4,
};
enum pageflags {
	PG_locked = 0,
	PG_head = 6,
	PG_hwpoison = 21,
};
typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;
typedef struct {
	long unsigned int f;
} memdesc_flags_t;
typedef long unsigned int pteval_t;
typedef struct {
	pteval_t pte;
} pte_t;
typedef long unsigned int pgprotval_t;
struct pgprot {
	pgprotval_t pgprot;
};
struct list_head {
	struct list_head *next;
	struct list_head *prev;
};
struct hlist_node {
	struct hlist_node *next;
};
struct hlist_head {
	struct hlist_node *first;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
struct rb_node {
	long unsigned int __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};
struct rb_root {
	struct rb_node *rb_node;
};
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};
struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *, unsigned int, int, void *);
struct wait_queue_entry {
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};
struct wait_bit_key {
	long unsigned int *flags;
};
struct wait_bit_queue_entry {
	struct wait_bit_key key;
	struct wait_queue_entry wq_entry;
};
struct range {
	u64 start;
	u64 end;
};
struct percpu_ref_data {
	atomic_long_t count;
};
struct percpu_ref {
	long unsigned int percpu_count_ptr;
	struct percpu_ref_data *data;
};
struct vmem_altmap {
	const long unsigned int reserve;
	long unsigned int free;
};
enum memory_type {
	MEMORY_DEVICE_PRIVATE = 1,
	MEMORY_DEVICE_COHERENT = 2,
	MEMORY_DEVICE_FS_DAX = 3,
	MEMORY_DEVICE_GENERIC = 4,
	MEMORY_DEVICE_PCI_P2PDMA = 5,
};
struct swait_queue_head {
	struct list_head task_list;
};
struct completion {
	unsigned int done;
	struct swait_queue_head wait;
};
struct dev_pagemap {
	struct vmem_altmap altmap;
	struct percpu_ref ref;
	struct completion done;
	enum memory_type type;
	unsigned int flags;
	long unsigned int vmemmap_shift;
	const struct dev_pagemap_ops *ops;
	void *owner;
	int nr_range;
	struct range range;
};
struct rw_semaphore {
	atomic_long_t count;
	atomic_long_t owner;
	struct rwsem_waiter *first_waiter;
};
enum rwsem_waiter_type {
	RWSEM_WAITING_FOR_WRITE = 0,
};
struct rwsem_waiter {
	struct list_head list;
	struct task_struct *task;
	enum rwsem_waiter_type type;
};
struct file_system_type {
	const char *name;
};
struct gendisk {
	char disk_name[32];
	struct request_queue *queue;
};
struct block_device {
	struct gendisk *bd_disk;
	atomic_t bd_openers;
	dev_t bd_dev;
};
struct super_block {
	struct list_head s_list;
	dev_t s_dev;
	struct file_system_type *s_type;
	struct dentry *s_root;
	struct block_device *s_bdev;
	struct list_head s_inodes;
};
typedef long long int __kernel_loff_t;
typedef __kernel_loff_t loff_t;
struct inode {
	umode_t i_mode;
	unsigned int i_flags;
	struct super_block *i_sb;
	struct address_space *i_mapping;
	u64 i_ino;
	const unsigned int i_nlink;
	dev_t i_rdev;
	u32 i_generation;
	struct rw_semaphore i_rwsem;
	struct list_head i_sb_list;
	struct hlist_head i_dentry;
	loff_t i_size;
};
struct xarray {
	void *xa_head;
};
struct exceptional_entry_key {
	struct xarray *xa;
	long unsigned int entry_start;
};
typedef struct wait_queue_entry wait_queue_entry_t;
struct wait_exceptional_entry_queue {
	wait_queue_entry_t wait;
	struct exceptional_entry_key key;
};
struct xa_state {
	struct xarray *xa;
	long unsigned int xa_index;
};
struct xa_node {
	unsigned char shift;
	void *slots[64];
};
struct address_space {
	struct inode *host;
	struct rw_semaphore invalidate_lock;
	struct xarray i_pages;
	struct rb_root_cached i_mmap;
};
struct page {
	memdesc_flags_t flags;
	long unsigned int compound_info;
	atomic_t _mapcount;
	atomic_t _refcount;
};
struct folio {
	memdesc_flags_t flags;
	struct dev_pagemap *pgmap;
	struct address_space *mapping;
	long unsigned int index;
	long unsigned int share;
	atomic_t _mapcount;
	atomic_t _refcount;
	long unsigned int _flags_1;
	atomic_t _large_mapcount;
	atomic_t _pincount;
};
struct qstr {
	u32 len;
	const unsigned char *name;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	const struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	struct hlist_node d_alias;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct address_space *f_mapping;
	struct inode *f_inode;
	const struct path f_path;
	const struct file_operations *f_op;
	void *private_data;
};
struct seqcount {
	unsigned int sequence;
};
typedef struct seqcount seqcount_t;
enum maple_type {
	maple_leaf_64 = 1,
	maple_arange_64 = 3,
};
struct maple_range_64 {
	long unsigned int pivot[15];
	void *slot[16];
};
struct maple_arange_64 {
	long unsigned int pivot[9];
	void *slot[10];
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct maple_tree {
	void *ma_root;
};
typedef long unsigned int pgdval_t;
typedef struct {
	pgdval_t pgd;
} pgd_t;
struct mm_struct {
	struct maple_tree mm_mt;
	pgd_t *pgd;
	int map_count;
	struct rw_semaphore mmap_lock;
	seqcount_t mm_lock_seq;
	struct kioctx_table *ioctx_table;
	struct task_struct *owner;
};
typedef long unsigned int vm_flags_t;
struct vm_area_struct {
	long unsigned int vm_start;
	long unsigned int vm_end;
	struct mm_struct *vm_mm;
	const vm_flags_t vm_flags;
	long unsigned int vm_pgoff;
	struct file *vm_file;
	struct {
		struct rb_node rb;
	} shared;
};
enum fault_flag {
	FAULT_FLAG_WRITE = 1,
	FAULT_FLAG_MKWRITE = 2,
};
struct vm_fault {
	struct vm_area_struct *vma;
	long unsigned int pgoff;
	long unsigned int address;
	enum fault_flag flags;
};
struct iomap {
	loff_t offset;
	u64 length;
	u16 type;
	u16 flags;
};
struct iomap_iter {
	struct iomap iomap;
};
struct sched_info {
	long long unsigned int last_arrival;
};
struct thread_struct {
	long unsigned int sp;
};
struct kernfs_node {
	u64 id;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct ns_common {
	unsigned int inum;
};
struct pid_namespace {
	struct ns_common ns;
};
struct upid {
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[0];
};
struct mnt_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};
struct task_struct {
	unsigned int __state;
	void *stack;
	unsigned int flags;
	struct sched_info sched_info;
	struct mm_struct *mm;
	long unsigned int blocker;
	pid_t pid;
	pid_t tgid;
	struct task_struct *group_leader;
	u64 start_time;
	u64 start_boottime;
	char comm[16];
	u64 self_exec_id;
	struct thread_struct thread;
	struct files_struct *files;
	struct io_uring_task *io_uring;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
	long unsigned int min_flt;
	long unsigned int maj_flt;
	void *worker_private;
};
struct module {
	char name[56];
};
struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

/* ---- objects that hold pages: bpf/look/ ---- */

typedef unsigned int pipe_index_t;
struct pipe_inode_info {
	pipe_index_t head;
	pipe_index_t tail;
	unsigned int ring_size;
	struct pipe_buffer *bufs;
};
struct pipe_buffer {
	struct page *page;
	unsigned int offset;
	unsigned int len;
	const struct pipe_buf_operations *ops;
};
struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};
struct refcount_struct {
	atomic_t refs;
};
typedef struct refcount_struct refcount_t;
struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};
struct io_file_table {
	struct io_rsrc_data data;
};
struct work_struct;
typedef void (*work_func_t)(struct work_struct *);
struct work_struct {
	work_func_t func;
};
struct io_ring_ctx {
	struct io_rsrc_data buf_table;
	struct io_file_table file_table;
	struct work_struct exit_work;
};
struct io_mapped_ubuf {
	u64 ubuf;
	unsigned int nr_bvecs;
	unsigned int folio_shift;
	refcount_t refs;
	void *priv;
	struct bio_vec bvec[0];
};
struct io_rsrc_node {
	int refs;
	long unsigned int file_ptr;
	struct io_mapped_ubuf *buf;
};
struct io_uring_task {
	struct task_struct *task;
	struct xarray xa;
};
struct io_tctx_node {
	struct io_ring_ctx *ctx;
};
struct io_kiocb {
	struct io_uring_task *tctx;
};
struct kiocb {
	struct file *ki_filp;
	void (*ki_complete)(struct kiocb *, long int);
};
struct aio_kiocb {
	struct kioctx *ki_ctx;
};
struct kioctx_cpu {
	unsigned int reqs_available;
};
struct kioctx {
	struct kioctx_cpu *cpu;
	unsigned int nr_events;
	atomic_t reqs_available;
	unsigned int completed_events;
};
struct kioctx_table {
	unsigned int nr;
	struct kioctx *table[0];
};
typedef unsigned int sk_buff_data_t;
struct sk_buff {
	struct sk_buff *next;
	struct sk_buff *prev;
	char cb[48];
	sk_buff_data_t end;
	unsigned char *head;
};
struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
};
struct scm_fp_list {
	short int count;
	struct file *fp[253];
};
struct unix_skb_parms {
	struct scm_fp_list *fp;
};
struct sock {
	struct sk_buff_head sk_error_queue;
	struct sk_buff_head sk_receive_queue;
	struct sk_buff_head sk_write_queue;
	struct rb_root tcp_rtx_queue;
	u16 sk_protocol;
	u16 sk_type;
};
struct socket {
	struct file *file;
	struct sock *sk;
};
struct kthread {
	void *data;
};
struct worker {
	struct work_struct *current_work;
	work_func_t current_func;
};
typedef long unsigned int netmem_ref;
struct skb_frag {
	netmem_ref netmem;
	unsigned int len;
	unsigned int offset;
};
typedef struct skb_frag skb_frag_t;
struct skb_shared_info {
	__u8 flags;
	__u8 nr_frags;
	struct sk_buff *frag_list;
	skb_frag_t frags[17];
};
struct bdev_inode {
	struct block_device bdev;
	struct inode vfs_inode;
};
struct request_queue {
	unsigned int nr_hw_queues;
	struct blk_mq_hw_ctx **queue_hw_ctx;
	struct gendisk *disk;
};
struct bvec_iter {
	unsigned int bi_size;
	unsigned int bi_idx;
	unsigned int bi_offset;
};
struct bio;
typedef void bio_end_io_t(struct bio *);
struct bio {
	struct bio *bi_next;
	short unsigned int bi_flags;
	struct bio_vec *bi_io_vec;
	struct bvec_iter bi_iter;
	bio_end_io_t *bi_end_io;
	void *bi_private;
	short unsigned int bi_vcnt;
};
typedef __u32 blk_opf_t;
struct request {
	struct request_queue *q;
	blk_opf_t cmd_flags;
	struct bio *bio;
	u64 start_time_ns;
	u64 io_start_time_ns;
	atomic_t ref;
};
struct blk_mq_tags {
	unsigned int nr_tags;
	struct request **static_rqs;
};
struct blk_mq_hw_ctx {
	struct blk_mq_tags *tags;
	struct blk_mq_tags *sched_tags;
};
struct blkdev_dio {
	struct kiocb *iocb;
	unsigned int flags;
	struct bio bio;
};
struct iomap_dio {
	struct kiocb *iocb;
	bool wait_for_completion;
	struct {
		struct task_struct *waiter;
	} submit;
};
struct swait_queue {
	struct task_struct *task;
	struct list_head task_list;
};

#pragma clang attribute pop
#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * page.bpf.c - finds struct page 0 of a kernel whose kallsyms have no data (without
 * CONFIG_KALLSYMS_ALL vmemmap_base is not there): from one page whose pfn is known. A
 * SEC("syscall") program of walk_bench, run once; attached to nothing.
 */
#include "folio.bpf.h"
#include "page.h"

char LICENSE[] SEC("license") = "GPL";

/* The way from a task to the page in its pipe, include/linux/{sched,fdtable,pipe_fs_i}.h. */
struct task_struct___page {
	void *files;
} __attribute__((preserve_access_index));
struct files_struct___page {
	void *fdt;
} __attribute__((preserve_access_index));
struct fdtable___page {
	unsigned int max_fds;
	void **fd;
} __attribute__((preserve_access_index));
struct file___page {
	void *private_data;
} __attribute__((preserve_access_index));
struct pipe_inode_info___page {
	void *bufs;
} __attribute__((preserve_access_index));
struct pipe_buffer___page {
	void *page;
} __attribute__((preserve_access_index));

#define FOLLOW(at, type, field) word_at((at) + bpf_core_field_offset(type, field))

/* The pipe is fresh, so what is in it is in its first buffer. */
SEC("syscall")
int page_in_pipe(struct page_in_pipe *a)
{
	__u64 at = FOLLOW((__u64)bpf_get_current_task(), struct task_struct___page, files);

	at = FOLLOW(at, struct files_struct___page, fdt);
	at = FOLLOW(at, struct fdtable___page, fd);
	at = word_at(at + a->fd * 8ULL);
	at = FOLLOW(at, struct file___page, private_data);
	at = FOLLOW(at, struct pipe_inode_info___page, bufs);
	a->page = FOLLOW(at, struct pipe_buffer___page, page);
	return 0;
}

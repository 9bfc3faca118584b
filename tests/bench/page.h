/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_BENCH_PAGE_H
#define DAXTOP_BENCH_PAGE_H
/* page.h - arguments of page_in_pipe(); both sides include it after linux/types.h or vmlinux.h */

struct page_in_pipe {
	unsigned long long page; /* out: address of the struct page, 0: none */
	unsigned int fd, pad; /* in: a pipe's end, of the caller */
};

#endif

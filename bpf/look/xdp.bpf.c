// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp.bpf.c - pages of an AF_XDP socket's memory (XDP_UMEM_REG): one long-term pin of each, from
 * registration until the last socket that shares it has gone (net/xdp/xdp_umem.c, xdp_umem_pin_pages()).
 */
#include "hold.bpf.h"

/* Not in a kernel without CONFIG_XDP_SOCKETS. */
struct xdp_umem___look {
	struct page **pgs;
	unsigned int npgs;
} __attribute__((preserve_access_index));
struct xdp_sock___look {
	struct xdp_umem___look *umem;
} __attribute__((preserve_access_index));

#define UMEM_PIECE (1 << 16) /* pages at a time */

struct {
	__u64 pages, at, nr, left;
} umem_walk;

static long umem_step(__u64 unused, void *arg)
{
	if (umem_walk.at >= umem_walk.nr || !umem_walk.left || hold_full())
		return 1;
	hold_page(word_at(umem_walk.pages + umem_walk.at * 8));
	umem_walk.at++;
	umem_walk.left--;
	return 0;
}

/* A socket's memory is set once; xsk_release() takes the socket from its file before it puts it. */
static __always_inline __u64 umem_of(struct dx_hold_args *a)
{
	__u64 sk = field_word(a->private, struct socket, sk);

	if (!sk || !bpf_core_field_exists(struct xdp_sock___look, umem) ||
	    !hold_file_is(a->file, a->private, a->ops, a->ino))
		return 0;
	return field_word(sk, struct xdp_sock___look, umem);
}

/* next: 1 + pages done. */
SEC("syscall")
int dx_hold_xdp(struct dx_hold_args *a)
{
	__u64 umem = umem_of(a), at = a->next ? a->next - 1 : 0;

	hold_begin(umem);
	hold.flags = DX_HELD_PIN;
	a->found = a->cut = 0;
	a->next = 0;
	a->gone = !umem;
	if (!umem)
		return 0;
	umem_walk.pages = field_word(umem, struct xdp_umem___look, pgs);
	umem_walk.nr = (__u32)word_at(field_at(umem, struct xdp_umem___look, npgs));
	umem_walk.at = at;
	umem_walk.left = UMEM_PIECE;
	bpf_loop(UMEM_PIECE + 1, umem_step, NULL, 0);
	if (umem_walk.at < umem_walk.nr)
		a->next = 1 + umem_walk.at;
	a->found = hold.found;
	a->cut = hold.cut;
	a->gone = umem_of(a) != umem;
	return 0;
}

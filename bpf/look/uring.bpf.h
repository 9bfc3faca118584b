/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_URING_BPF_H
#define DAXTOP_LOOK_URING_BPF_H
/* uring.bpf.h - where a ring (struct io_ring_ctx) has its registered buffers */
#include "hold.bpf.h"

/* 6.12 and before: an array of buffers (commit 3597f2786b68 made them nodes, 6.13) */
struct io_ring_ctx___old {
	struct io_mapped_ubuf **user_bufs;
	unsigned int nr_user_bufs;
} __attribute__((preserve_access_index));

static __always_inline bool ring_has_nodes(void)
{
	return bpf_core_field_exists(struct io_ring_ctx, buf_table);
}

static __always_inline __u64 ring_table(__u64 ctx)
{
	if (ring_has_nodes())
		return field_word(ctx, struct io_ring_ctx, buf_table.nodes);
	if (bpf_core_field_exists(struct io_ring_ctx___old, user_bufs))
		return field_word(ctx, struct io_ring_ctx___old, user_bufs);
	return 0;
}

/* How many places the table has. */
static __always_inline __u64 ring_buffers(__u64 ctx)
{
	struct io_ring_ctx *c = cast(ctx, io_ring_ctx);

	if (ring_has_nodes())
		return c->buf_table.nr;
	if (bpf_core_field_exists(struct io_ring_ctx___old, user_bufs))
		return ((struct io_ring_ctx___old *)c)->nr_user_bufs;
	return 0;
}

#endif

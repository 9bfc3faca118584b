// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring.bpf.c - io_uring's registered buffers (io_uring/rsrc.c). Each bvec has one pin, of its
 * page, or of the whole folio when the pages of a folio were put together in one bvec
 * (folio_shift; io_release_ubuf() takes one pin of each).
 */
#include "hold.bpf.h"
#include "xarray.bpf.h"

/* 6.12 and before: an array of buffers (commit 3597f2786b68 made them nodes, 6.13) */
struct io_ring_ctx___old {
	struct io_mapped_ubuf **user_bufs;
	unsigned int nr_user_bufs;
} __attribute__((preserve_access_index));

#define URING_STEPS (1 << 15)

struct dx_uring_walk uring;

static __always_inline void uring_table(__u64 ctx)
{
	struct io_ring_ctx *c = hold_cast(ctx, struct io_ring_ctx);

	if (bpf_core_field_exists(struct io_ring_ctx, buf_table)) {
		uring.table = field_word(ctx, struct io_ring_ctx, buf_table.nodes);
		uring.nr = c->buf_table.nr;
	} else if (bpf_core_field_exists(struct io_ring_ctx___old, user_bufs)) {
		uring.table = field_word(ctx, struct io_ring_ctx___old, user_bufs);
		uring.nr = ((struct io_ring_ctx___old *)c)->nr_user_bufs;
	}
}

/* struct io_mapped_ubuf of the buffer, 0: none */
static __always_inline __u64 uring_buffer(void)
{
	__u64 slot = word_at(uring.table + uring.buffer * 8);

	if (!slot || !bpf_core_field_exists(struct io_ring_ctx, buf_table))
		return slot;
	return field_word(slot, struct io_rsrc_node, buf);
}

static __always_inline void uring_next(void)
{
	uring.buffer++;
	uring.bvec = 0;
}

/* One bvec. */
static long uring_step(__u64 unused, void *arg)
{
	struct io_mapped_ubuf *imu;
	struct bio_vec *bv;
	__u64 addr, page, shift;

	if (uring.buffer >= uring.nr || !uring.left || hold_full())
		return 1;
	uring.left--;
	addr = uring_buffer();
	imu = hold_cast(addr, struct io_mapped_ubuf);
	/* a buffer of the kernel's (ublk) has another private pointer, and no pins */
	if (!addr || uring.bvec >= imu->nr_bvecs ||
	    (bpf_core_field_exists(struct io_mapped_ubuf, priv) &&
	     field_word(addr, struct io_mapped_ubuf, priv) != addr)) {
		uring_next();
		return 0;
	}
	bv = hold_cast(field_at(addr, struct io_mapped_ubuf, bvec) +
			       uring.bvec * bpf_core_type_size(struct bio_vec),
		       struct bio_vec);
	shift = imu->folio_shift & 63;
	hold.object = addr;
	hold.index = uring.buffer;
	hold.flags = DX_HELD_PIN;
	/* bvecs are in the order of the buffer, all but the first and last of one size */
	hold.addr = imu->ubuf & ~0xfffULL;
	page = field_word(bv, struct bio_vec, bv_page);
	if (uring.bvec) {
		__u64 first = hold_cast(field_at(addr, struct io_mapped_ubuf, bvec), struct bio_vec)
				      ->bv_len;

		hold.addr = imu->ubuf + first + ((uring.bvec - 1) << shift);
	}
	hold_bytes(page, bv->bv_offset, bv->bv_len, false, 1);
	uring.bvec++;
	return 0;
}

/* Found by a task: is the ring still in its xarray? */
static __always_inline bool uring_is_tasks(__u64 task, __u64 ctx)
{
	__u64 rings = field_word(task, struct task_struct, io_uring), node;

	if (!rings)
		return false;
	node = xa_load(word_at(field_at(rings, struct io_uring_task, xa.xa_head)), ctx);
	return node && field_word(node, struct io_tctx_node, ctx) == ctx;
}

static __always_inline bool uring_is_there(struct dx_hold_args *a)
{
	return a->file ? hold_file_is(a->file, a->private, a->ops)
		       : uring_is_tasks(a->task, a->private);
}

/* next: 1 + number of the buffer, in the upper half its bvec. */
SEC("syscall")
int dx_hold_uring(struct dx_hold_args *a)
{
	hold_begin(0);
	uring.table = uring.nr = 0;
	uring.buffer = a->next ? (__u32)a->next - 1 : 0;
	uring.bvec = a->next >> 32;
	uring.left = URING_STEPS;
	a->next = 0;
	a->found = a->cut = 0;
	a->gone = !uring_is_there(a);
	if (a->gone)
		return 0;
	uring_table(a->private);
	bpf_loop(URING_STEPS + 1, uring_step, NULL, 0);
	if (uring.buffer < uring.nr)
		a->next = (1 + uring.buffer) | uring.bvec << 32;
	a->found = hold.found;
	a->cut = hold.cut;
	a->gone = !uring_is_there(a);
	return 0;
}

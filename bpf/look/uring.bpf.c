// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring.bpf.c - io_uring's registered buffers (io_uring/rsrc.c). Each bvec has one pin, of its
 * page, or of the whole folio when the pages of a folio were put together in one bvec
 * (folio_shift; io_release_ubuf() takes one pin of each).
 */
#include "uring.bpf.h"
#include "xarray.bpf.h"

#define URING_STEPS (1 << 15)

struct dx_uring_walk uring;

static __always_inline __u64 uring_slot(void)
{
	return word_at(uring.table + uring.buffer * 8);
}

/*
 * struct io_mapped_ubuf of the slot, 0: none. One that is just being freed is still in its slot:
 * its count goes first (io_reset_rsrc_node(), io_buffer_unmap()), then its pins, and
 * what it was made of is kept for the next one.
 */
__noinline __u64 slot_buffer(__u64 slot)
{
	__u64 addr = slot;

	if (slot && ring_has_nodes()) {
		if (cast(slot, io_rsrc_node)->refs <= 0)
			return 0;
		addr = field_word(slot, struct io_rsrc_node, buf);
	}
	if (!addr || (bpf_core_field_exists(struct io_mapped_ubuf, refs) &&
		      cast(addr, io_mapped_ubuf)->refs.refs.counter <= 0))
		return 0;
	/* a buffer of the kernel's (ublk) has another private pointer, and no pins */
	if (bpf_core_field_exists(struct io_mapped_ubuf, priv) &&
	    field_word(addr, struct io_mapped_ubuf, priv) != addr)
		return 0;
	return addr;
}

static __always_inline bool buffer_begin(void)
{
	uring.slot = uring_slot();
	uring.imu = slot_buffer(uring.slot);
	uring.mark = hold.found;
	return uring.imu;
}

/* What was found in a buffer holds only if it is still the one in its slot, in the table in use. */
__noinline int buffer_end(void)
{
	if (!uring.imu)
		return 0;
	if (ring_table(uring.ctx) != uring.table || ring_buffers(uring.ctx) <= uring.buffer ||
	    uring_slot() != uring.slot || slot_buffer(uring.slot) != uring.imu) {
		hold.found = uring.mark;
		hold.cut = 1; /* there may be another one now */
	}
	uring.imu = 0;
	return 0;
}

static __always_inline void uring_next(void)
{
	buffer_end();
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
	if (!uring.imu && !buffer_begin()) {
		uring_next();
		return 0;
	}
	addr = uring.imu;
	imu = cast(addr, io_mapped_ubuf);
	if (uring.bvec >= imu->nr_bvecs) {
		uring_next();
		return 0;
	}
	bv = cast(field_at(addr, struct io_mapped_ubuf, bvec) +
			  uring.bvec * bpf_core_type_size(struct bio_vec),
		  bio_vec);
	shift = imu->folio_shift & 63;
	hold.object = addr;
	hold.index = uring.buffer;
	hold.flags = DX_HELD_PIN;
	/* bvecs are in the order of the buffer, all but the first and last of one size */
	hold.addr = imu->ubuf & ~0xfffULL;
	page = field_word(bv, struct bio_vec, bv_page);
	if (uring.bvec) {
		__u64 first = cast(field_at(addr, struct io_mapped_ubuf, bvec), bio_vec)->bv_len;

		hold.addr = imu->ubuf + first + ((uring.bvec - 1) << shift);
	}
	hold_bytes(page, bv->bv_offset, bv->bv_len, false, 1);
	uring.bvec++;
	return 0;
}

/* Found by a task: is the ring still in its xarray, or its work? */
__noinline bool uring_is_tasks(__u64 task, __u64 ctx)
{
	__u64 rings = field_word(task, struct task_struct, io_uring), node;

	if (ring_of_worker(task) == ctx)
		return true;
	if (!rings)
		return false;
	node = xa_load(word_at(field_at(rings, struct io_uring_task, xa.xa_head)), ctx);
	return node && field_word(node, struct io_tctx_node, ctx) == ctx;
}

static __always_inline bool uring_is_there(struct dx_hold_args *a)
{
	return a->file ? hold_file_is(a->file, a->private, a->ops, a->ino)
		       : uring_is_tasks(a->task, a->private);
}

/* next: 1 + number of the buffer, in the upper half its bvec. */
SEC("syscall")
int dx_hold_uring(struct dx_hold_args *a)
{
	bool there;

	hold_begin(0);
	uring.ctx = a->private;
	uring.imu = 0;
	uring.buffer = a->next ? (__u32)a->next - 1 : 0;
	uring.bvec = a->next >> 32;
	uring.left = URING_STEPS;
	a->next = 0;
	a->found = a->cut = 0;
	there = uring_is_there(a);
	opaque(a);
	a->gone = !there;
	if (!there)
		return 0;
	uring.table = ring_table(uring.ctx);
	uring.nr = ring_buffers(uring.ctx);
	bpf_loop(URING_STEPS + 1, uring_step, NULL, 0);
	buffer_end();
	if (uring.buffer < uring.nr)
		a->next = (1 + uring.buffer) | uring.bvec << 32;
	a->found = hold.found;
	a->cut = hold.cut;
	there = uring_is_there(a);
	opaque(a);
	a->gone = !there;
	return 0;
}

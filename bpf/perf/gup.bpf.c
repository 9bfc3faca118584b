// SPDX-License-Identifier: GPL-2.0-only
/*
 * gup.bpf.c - GUP and what gives back its pins, by the call (mm/gup.c).
 *
 * A call is about DAX memory if its first or its last page is. One that is about ordinary memory leaves
 * after two loads. It isn't timed: a clock at the entry would be paid by all of them.
 */
#include "perf/count.bpf.h"

#define FOLL_GET (1 << 1) /* include/linux/mm_types.h; FOLL_PIN: mm/internal.h */
#define FOLL_PIN (1 << 19)

extern __u64 gup_fast_start, gup_fast_end;

/* @at: of a struct page; of its file the inode's address, 0: it has none. */
static __always_inline __u64 page_inode(__u64 at)
{
	__u64 mapping = (__u64)folio_mapping(page_head(at));

	return mapping ? word_at(mapping + bpf_core_field_offset(struct address_space, host)) : 0;
}

static __always_inline bool page_is_dax(__u64 at)
{
	return at && page_is_zone_device(page_cast(at));
}

/* @at: of a page of it. */
static __noinline int count_pages(__u64 at, __u64 pages, __u32 what, __u32 result)
{
	struct perf_key k = { .what = what, .result = result };
	__u64 inode = page_inode(at);

	key_who(&k);
	key_file(&k, inode);
	perf_count(&k, inode, pages, pages, 0);
	return 0;
}

/* The DAX page at an end of an array of @n > 0, 0: neither is. */
static __always_inline __u64 array_page(__u64 pages, __u64 n)
{
	__u64 at = word_at(pages);

	if (page_is_dax(at))
		return at;
	if (n == 1)
		return 0;
	at = word_at(pages + (n - 1) * sizeof(__u64));
	return page_is_dax(at) ? at : 0;
}

static __always_inline __u32 foll_result(__u32 foll)
{
	return foll & FOLL_PIN ? PERF_R_PIN : PERF_R_GET;
}

SEC("fexit/gup_fast_fallback")
int perf_gup_fast(__u64 *ctx)
{
	__s32 ret = ctx[4];
	__u32 foll = ctx[2];
	__u64 pages, at;

	if (ret <= 0 || !(foll & (FOLL_GET | FOLL_PIN)))
		return 0;
	bpf_get_func_arg(ctx, 3, &pages);
	at = array_page(pages, ret);
	return at ? count_pages(at, ret, PERF_GUP_FAST, foll_result(foll)) : 0;
}

/* Is gup_fast_fallback() one of the callers? Asked for DAX memory only. */
static __noinline bool inside_gup_fast(void *ctx)
{
	__u64 ip[12] = {};
	long n = bpf_get_stack(ctx, ip, sizeof(ip), 0);

	for (int i = 0; i < 12; i++)
		if (i * 8 < n && ip[i] >= gup_fast_start && ip[i] < gup_fast_end)
			return true;
	return false;
}

SEC("fexit/__get_user_pages")
int BPF_PROG(perf_gup_slow, struct mm_struct *mm, unsigned long start, unsigned long nr,
	     unsigned int foll, struct page **pages, int *locked, long ret)
{
	__u64 array, at;

	if (ret <= 0 || !(foll & (FOLL_GET | FOLL_PIN)))
		return 0;
	bpf_get_func_arg(ctx, 4, &array);
	at = array ? array_page(array, ret) : 0;
	if (!at)
		return 0;
	return count_pages(at, ret, inside_gup_fast(ctx) ? PERF_GUP_FALLBACK : PERF_GUP_SLOW,
			   foll_result(foll));
}

/* ---- unpins ---- */

SEC("fentry/unpin_user_pages")
int perf_unpin_pages(__u64 *ctx)
{
	__u64 n = ctx[1], pages, at;

	if (!n)
		return 0;
	bpf_get_func_arg(ctx, 0, &pages);
	at = array_page(pages, n);
	return at ? count_pages(at, n, PERF_UNPIN, PERF_R_DONE) : 0;
}

/* Without make_dirty it calls unpin_user_pages(). */
SEC("fentry/unpin_user_pages_dirty_lock")
int perf_unpin_dirty(__u64 *ctx)
{
	__u64 n = ctx[1], pages, at;

	if (!n || !(ctx[2] & 0xff))
		return 0;
	bpf_get_func_arg(ctx, 0, &pages);
	at = array_page(pages, n);
	return at ? count_pages(at, n, PERF_UNPIN, PERF_R_DONE) : 0;
}

/* RDMA's memory regions (drivers/infiniband/core/umem.c). */
SEC("fentry/unpin_user_page_range_dirty_lock")
int perf_unpin_range(__u64 *ctx)
{
	__u64 n = ctx[1], at;

	if (!n)
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	return page_is_dax(at) ? count_pages(at, n, PERF_UNPIN, PERF_R_DONE) : 0;
}

/* ---- direct I/O: a bio's pages, when it ends (block/bio.c) ---- */

#define BIO_VECS_MAX 1024 /* above BIO_MAX_VECS, 256 */

struct vecs {
	__u64 at, pages;
	__u32 i, n;
};

static long vec_step(__u64 unused, void *arg)
{
	struct vecs *v = arg;
	struct bio_vec *bv = cast(v->at + v->i * sizeof(struct bio_vec), bio_vec);

	if (v->i >= v->n)
		return 1;
	v->pages += ((__u64)bv->bv_offset + bv->bv_len + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
	v->i++;
	return 0;
}

static __noinline int bio_pages(__u64 vec, __u64 page, __u32 n)
{
	struct vecs v = { .at = vec, .n = n };

	bpf_loop(BIO_VECS_MAX, vec_step, &v, 0);
	return count_pages(page, v.pages, PERF_UNPIN, PERF_R_DONE);
}

SEC("fentry/__bio_release_pages")
int BPF_PROG(perf_unpin_bio, struct bio *bio)
{
	__u64 vec = field_word(bio, struct bio, bi_io_vec);
	__u32 n = bio->bi_vcnt;
	__u64 at = n ? field_word(vec, struct bio_vec, bv_page) : 0;

	return page_is_dax(at) ? bio_pages(vec, at, n) : 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SCAN_H
#define DAXTOP_SCAN_H
/*
 * scan.h - arguments of the programs that user space runs once, by
 * BPF_PROG_RUN on a SEC("syscall") program. Both sides include it after event.h.
 */
#include "event.h"

#define DX_TEXT_LEN 256

/* Functions whose text tells whether gup_put_folio() is inlined into them. */
enum dx_text { DX_TEXT_UNPIN_PAGE, DX_TEXT_UNPIN_USER_FOLIO, DX_TEXT_UNPIN_FOLIO, DX_TEXTS };

struct dx_init_args {
	/* out; 0: not found in kallsyms, or kallsyms is closed to us */
	__dx_u64 vmemmap_base; /* value */
	__dx_u64 pgmap_array; /* address of the xarray */
	__dx_u64 gup_put_folio; /* address of the function */
	__dx_u64 gup_fast_start, gup_fast_end; /* text of gup_fast_fallback() */
	__dx_s64 err; /* of the look-up of vmemmap_base, -errno */
	struct {
		__dx_u64 addr;
		__dx_u8 bytes[DX_TEXT_LEN]; /* the first ones, perhaps beyond its end */
	} text[DX_TEXTS];
};

/* Walks pgmap_array. Call again until found is 0. */
struct dx_pgmap_args {
	__dx_u64 pgmap_array; /* in */
	__dx_u64 index; /* in and out: pfn to go on from; 0 to begin */
	__dx_u64 found; /* out: address of the pgmap, 0: no more */
	__dx_u64 pfn, nr_pages; /* out: first range */
	__dx_u32 type; /* out: enum memory_type */
	__dx_u32 nr_range; /* out */
	__dx_u32 zone_device, pad; /* out: its last page says that it is ZONE_DEVICE */
	__dx_u64 vmemmap_shift; /* out */
};

/*
 * Where dx_next_pgmap() is: one walk at a time. A global of BPF's, because the
 * verifier does not follow the values of globals through the loop.
 */
struct dx_walk {
	__dx_u64 root, node, index, found;
	__dx_u32 done, pad;
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SCAN_H
#define DAXTOP_SCAN_H
/*
 * scan.h - arguments of the programs that user space runs once, by
 * BPF_PROG_RUN on a SEC("syscall") program. Both sides include it after event.h.
 */
#include "event.h"

/*
 * The slots of faults under way (bpf/task.bpf.h), words of a global array. The first
 * words of each count what its owners' faults have checked; the sum over all slots is
 * exact.
 */
enum dx_fault_count {
	DX_FAULT_FRESH, /* entries inserted where none was, not shared */
	DX_FAULT_SHARED, /* ... shared */
	DX_FAULT_INSTALLED, /* pages put in a page table, or made writable there */
	DX_FAULT_ENDED, /* counts looked at, at the end */
	DX_FAULT_COUNTS
};
#define DX_FAULT_OWNER DX_FAULT_COUNTS /* the word behind them: pid << 1 | a fault is under way */
#define DX_FAULT_SLOTS 1024
#define DX_FAULT_WORDS 22

/* Address spaces whose VMAs could not be read at the start, and that are marked for that (bpf/mark.bpf.c). */
struct dx_mark_skipped {
	__dx_u32 nr; /* processes */
	__dx_u32 tgid; /* the first of them */
	char comm[16];
};

#define DX_MAPLE_DEPTH 16 /* a power of two; five levels are 100,000 VMAs and more */

/* A node of a maple tree, on the way down. */
struct dx_maple_level {
	__dx_u64 node; /* with its type in the low bits */
	__dx_u64 max; /* last address of it */
	__dx_u64 slot; /* the next one */
};
/* A look at the VMAs of one mm. */
struct dx_maple_walk {
	struct dx_maple_level level[DX_MAPLE_DEPTH];
	__dx_u64 mm;
	__dx_u64 vmas; /* met */
	__dx_u32 depth;
	__dx_u32 ended; /* by one of them */
	__dx_u32 done; /* all were met */
	__dx_u32 certain;
};

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
		__dx_u64 addr; /* its bytes stand in the global texts */
	} text[DX_TEXTS];
};

#define DX_PGMAP_RANGES 8 /* with more, the references are not known */

struct dx_range {
	__dx_u64 pfn, nr; /* pages */
};

/* Walks pgmap_array. Call again until found is 0; what has again set is a pgmap's other range, or not one yet. */
struct dx_pgmap_args {
	__dx_u64 pgmap_array; /* in */
	__dx_u64 index; /* in and out: pfn to go on from; 0 to begin */
	__dx_u64 found; /* out: address of the pgmap, 0: no more */
	__dx_u64 pfn, nr_pages; /* out: first range */
	__dx_u32 type; /* out: enum memory_type */
	__dx_u32 nr_range; /* out */
	__dx_u32 zone_device; /* out: its last page says that it is ZONE_DEVICE */
	__dx_u32 again; /* out: this is not where its first range is: that tells it; or it has none yet */
	__dx_u64 vmemmap_shift; /* out */
	__dx_u64 nr_cpus; /* in: possible ones */
	__dx_s64 refs; /* out: outstanding references, as its percpu_ref has them */
	__dx_s64 refs_base; /* out: those that are always there; see DX_PGMAP_REFS */
	__dx_u32 refs_known, dying; /* out */
	__dx_u64 owner, ops; /* out: kernel addresses, 0: none */
	__dx_u64 no_memmap; /* out: pages at the start of the first range that an altmap keeps: no struct pages */
	struct dx_range range[DX_PGMAP_RANGES]; /* out: the first ones of nr_range */
};

/*
 * A search in an xarray (bpf/xarray.bpf.h). In a map or a global of BPF's, because there
 * the verifier does not follow its values through the loop.
 */
struct xa_search {
	__dx_u64 root, node; /* node: 0 when the tree is a lone entry */
	__dx_u64 index; /* in: from here on; out: of what was found */
	__dx_u64 last; /* no further than this */
	__dx_u64 found; /* the entry, 0: none */
	__dx_u32 done, pad;
};

/* Counts of the folio that @pfn is in, now. */
struct dx_sample_args {
	__dx_u64 pfn; /* in */
	__dx_u32 found; /* out; 0: no ZONE_DEVICE page is there */
	__dx_s32 refcount, mapcount, pincount; /* out; as in struct dx_event */
	__dx_u64 head; /* out: pfn of the head page */
	__dx_u64 pgmap, time; /* out */
	__dx_u32 type, order; /* out */
};

/* Process @tgid now: since when there is this one, which program it runs, and where. */
struct dx_program_args {
	__dx_u32 tgid; /* in */
	__dx_u32 found; /* out; 0: there is no such process */
	__dx_u64 start; /* out: ns, CLOCK_MONOTONIC */
	__dx_u64 exec; /* out: task_struct.self_exec_id */
	__dx_u64 cgroup; /* out: id in the unified hierarchy */
	__dx_u32 pid_ns,
		mount_ns; /* out: inode numbers, as in /proc/PID/ns; 0: it has ended and has none */
	char comm[16]; /* out: of the thread that stands for it */
};

/*
 * A folio that a walk over struct pages found (bpf/walk.bpf.h). Counts as in struct
 * dx_event, but for pins of a small folio: they are refcount / GUP_PIN_COUNTING_BIAS.
 */
struct dx_folio {
	__dx_u64 pfn; /* head page */
	__dx_u64 mapping; /* struct address_space *, 0: none; an id only */
	__dx_u64 index; /* page offset in it; 0 without a mapping */
	__dx_u64 share; /* owners when files share it, else 0 */
	__dx_u64 ino; /* of mapping, 0: not known */
	__dx_u64 time; /* ns, CLOCK_MONOTONIC: before its counts were read; just before, with walk_times */
	__dx_s32 refcount, mapcount, pincount;
	__dx_u32 dev; /* as struct dx_event's */
	__dx_u32 gen; /* i_generation: an inode's number is used again */
	__dx_u8 order;
	__dx_u8 flags; /* DX_FOLIO_* */
	__dx_u16 pad;
};
#define DX_FOLIO_DELETED  1 /* its file has no link left */
#define DX_FOLIO_DEVICE	  2 /* the mapping is a device-dax's, not a file's */
#define DX_FOLIO_POISONED 4 /* PG_hwpoison: it may be idle */

/* @idle: dx_walk_args.idle */
static inline int dx_folio_is_idle(const struct dx_folio *f, __dx_s32 idle)
{
	return f->refcount == idle && f->mapcount <= 0;
}

#define DX_WALK_FOUND 2048 /* places in the global walk_found */

/*
 * One piece of a walk over struct pages. Ends at @end, after @budget struct pages or when
 * walk_found is full; call again with what it left.
 */
struct dx_walk_args {
	__dx_u64 pfn; /* in: from here; out: where the next piece begins */
	__dx_u64 end; /* in: before this */
	__dx_u64 pgmap; /* in: folios of this one only; 0: of all, for tests/bench/walk_bench.c */
	__dx_u32 budget; /* in */
	__dx_s32 idle; /* in: refcount of a folio that nobody uses */
	__dx_u32 found; /* out: folios in walk_found: those that are not idle, or poisoned */
	__dx_u32 pad;
	/* out: sums, of this piece */
	__dx_u64 steps; /* struct pages read */
	__dx_u64 pages[4]; /* pages in folios of order 0, 9, 18, others */
	__dx_u64 other; /* pages that are not this pgmap's, or have no struct page */
	__dx_u64 in_use; /* folios that are not idle */
	__dx_u64 mapped, pinned; /* ... and those of them that are */
	__dx_u64 mapping; /* out: the last one seen in any folio, idle ones too; 0: none */
};

/* Work of a piece under way; in a global, see struct xa_search. */
struct dx_walk {
	struct dx_walk_args a;
	__dx_u64 left; /* of the budget */
	__dx_u64 time; /* when it began */
};

/* The name of a kernel address, as the kernel has it. */
#define DX_SYMBOL_LEN 128
struct dx_symbol_args {
	__dx_u64 addr; /* in; the name is in the global symbol_name afterwards */
};

#endif

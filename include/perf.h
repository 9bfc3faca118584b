/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PERF_H
#define DAXTOP_PERF_H
/*
 * perf.h - what bpf/perf/ counts: the keys and values of its maps, and the tables of their names.
 *
 * A key is what happened, how it ended, and who and which file it was for; a value is a count and a log2
 * histogram. The kernel sums, user space reads sums: no event is sent.
 */
#include "event.h"

/*
 * X(constant, name, histogram is of time, title, plural of what is counted)
 * Of calls, a histogram is of their pages: a clock at the entry of GUP would be paid by ordinary memory.
 */
/* clang-format off */
#define PERF_WHATS(X) \
	X(FAULT, "fault", 1, "FAULTS") \
	X(GUP_FAST, "gup-fast", 0, "GUP, FAST PATH") \
	X(GUP_FALLBACK, "gup-fallback", 0, "GUP, FROM THE FAST PATH INTO THE SLOW ONE") \
	X(GUP_SLOW, "gup-slow", 0, "GUP, SLOW PATH AT ONCE") \
	X(UNPIN, "unpin", 0, "UNPINS") \
	X(BREAK, "layout-break", 1, "LAYOUT BREAKS") \
	X(ENTRY_LOCK, "entry-lock", 1, "WAITS FOR A LOCKED ENTRY")

/* X(constant, name): how it ended */
#define PERF_RESULTS(X) \
	X(INSTALLED, "installed") \
	X(COPIED, "copied") /* a private write: an ordinary page is mapped */ \
	X(COMMIT, "commit") /* MAP_SYNC: VM_FAULT_NEEDDSYNC, mapped after the journal's commit */ \
	X(FALLBACK, "fallback") \
	X(RETRY, "retry") \
	X(SIGBUS, "sigbus") \
	X(ERROR, "error") \
	X(PIN, "pin") \
	X(GET, "get") \
	X(DONE, "done") \
	X(WAITED, "waited")

/*
 * X(constant, name, what it was, what would change it): why a fault of 2M or 1G fell back or was tried
 * again, or got SIGBUS. In the order in which dax_iomap_pmd_fault() (fs/dax.c) decides.
 */
#define PERF_CAUSES(X) \
	X(NONE, "", "", "") \
	X(ADDRESS, "address", "the address is not where the file's offset is, modulo 2M", \
	  "map at an address that differs from the file's offset by a multiple of 2M (mmap does it for mappings of 2M and more on a DAX file; a hint or MAP_FIXED prevents it)") \
	X(PRIVATE, "private-write", "a write to a private mapping copies ordinary pages of 4K", \
	  "map with MAP_SHARED, or read only") \
	X(VMA, "vma-edge", "the 2M reach beyond the mapping's edge", \
	  "map whole 2M of the file, from an offset that is a multiple of 2M") \
	X(FILE_SIZE, "file-size", "the 2M reach beyond the file's end", \
	  "make the file's size a multiple of 2M (truncate, fallocate)") \
	X(ENTRY, "4k-entry", "the file has a 4K entry in these 2M: another fault or mapping was of 4K before", \
	  "let no 4K fault come first: map the same 2M alike in all processes; entries go with truncate, hole punch, or when the inode leaves memory") \
	X(HOLE, "hole", "a read of a hole that is shorter than these 2M, or without a huge zero page", \
	  "allocate the file before (fallocate), or write to it first") \
	X(EXTENT_LENGTH, "extent-length", "the extent ends within these 2M", \
	  "allocate in pieces of 2M: XFS: mkfs.xfs -d su=2m,sw=1 or an extent size hint (xfs_io -c 'extsize 2m'); ext4: mkfs.ext4 -E stride=512,stripe_width=512 and fallocate") \
	X(EXTENT_ALIGN, "extent-alignment", "the extent is not at a multiple of 2M of the device's memory", \
	  "align extents: the namespace and partition at 2M (ndctl create-namespace --align=2M), XFS: mkfs.xfs -d su=2m,sw=1 and an extent size hint of 2M; ext4: mkfs.ext4 -E stride=512,stripe_width=512") \
	X(TABLE, "page-table", "a page table of 4K pages was there already when the fault had come so far: it was tried again", \
	  "nothing: two threads met") \
	X(NO_PUD, "filesystem", "filesystems map 2M at most", \
	  "device-dax with an alignment of 1G maps 1G") \
	X(DEVICE_ALIGN, "device-alignment", "the device-dax device has a smaller alignment", \
	  "create the namespace with that alignment (ndctl create-namespace -m devdax -a 2M)") \
	X(BEYOND_EOF, "beyond-eof", "the address is beyond the file's end", \
	  "truncate or write the file to its size before it is touched") \
	X(POISON, "poison", "the memory is bad", \
	  "ndctl list -M tells the bad blocks; write whole blocks there to clear them") \
	X(UNKNOWN, "unknown", "the filesystem or the driver refused it, or memory was short", \
	  "daxtop trace tells each one")
/* clang-format on */

enum perf_what {
#define PERF_WHAT_CONSTANT(constant, ...) PERF_##constant,
	PERF_WHATS(PERF_WHAT_CONSTANT)
#undef PERF_WHAT_CONSTANT
		PERF_WHAT_NR
};

enum perf_result {
#define PERF_RESULT_CONSTANT(constant, ...) PERF_R_##constant,
	PERF_RESULTS(PERF_RESULT_CONSTANT)
#undef PERF_RESULT_CONSTANT
		PERF_RESULT_NR
};

enum perf_cause {
#define PERF_CAUSE_CONSTANT(constant, ...) PERF_C_##constant,
	PERF_CAUSES(PERF_CAUSE_CONSTANT)
#undef PERF_CAUSE_CONSTANT
		PERF_CAUSE_NR
};

/* perf_key.level: enum dx_level, and that @dev is of a character device (device-dax) */
#define PERF_LEVEL     0x7f
#define PERF_CHARACTER 0x80

/* Without padding: it is hashed and compared as bytes. */
struct perf_key {
	__dx_u8 what, result, cause, level;
	__dx_u32 tgid; /* 0: nobody's, an interrupt's */
	__dx_u64 ino; /* 0: of no file that is known */
	__dx_u32 dev, gen;
	__dx_u64 cgroup; /* id: inode number of its folder in the unified hierarchy */
};
_Static_assert(sizeof(struct perf_key) == 32, "no padding");

/*
 * Bucket 0 is below 2^(PERF_FIRST + 1) ns, or 0 and 1 pages; bucket i is [2^(i + first), 2^(i + first + 1));
 * the last one has no end. first is PERF_FIRST for times, 0 for pages.
 */
#define PERF_BUCKETS 32
#define PERF_FIRST   7

struct perf_value {
	__dx_u64 count; /* more than the sum of the buckets: some could not be timed */
	__dx_u64 pages; /* of 4K */
	__dx_u64 sum, max; /* of what the histogram is of: ns or pages */
	__dx_u64 bucket[PERF_BUCKETS];
};

/* A process as it was when it was first met. */
struct perf_task {
	char comm[16];
};

struct perf_file {
	__dx_u64 ino;
	__dx_u32 dev, gen;
};
struct perf_file_at {
	char name[64]; /* the last part of a path to it; NUL-terminated unless it is longer */
};

#endif

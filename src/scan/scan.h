/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SCAN_SCAN_H
#define DAXTOP_SCAN_SCAN_H
/*
 * scan.h - what one look at the kernel found: pgmaps, folios that are not idle, files,
 * who holds them, who waits for them; and what follows from it.
 *
 * Pure: no I/O. src/look/ fills it in (scan_add_*()), scan_finish() relates the
 * parts, the views read it. One thread. Functions that add return 0 (or an id > 0) or a
 * negative errno (-ENOMEM); strings and structures are copied.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"
#include "holder.h"
#include "wait_kind.h"
#include <scan.h> /* include/scan.h: struct dx_folio, struct dx_range */

struct scan;

/* ---- what is wanted ---- */

/* Which folios are listed. All zero: every one that is not idle. Strings are the caller's. */
struct scan_filter {
	const char *device; /* "pmem0", "dax0.0" */
	uint64_t pfn_first, pfn_last; /* both 0: all */
	uint32_t dev; /* a file: dev and ino; a filesystem: dev alone */
	uint64_t ino;
	uint64_t mapping; /* of the file, an id: to find the pages that it shares with others */
	uint32_t gen; /* with ino */
	int32_t min_refs; /* more references than those of an idle one, at least so many */
	bool pinned; /* only those with a pin, or a reference that no mapping explains */
	uint32_t tgid; /* a process of which every wait is wanted; 0: none */
};

struct scan *scan_new(const struct scan_filter *filter, bool legacy);
void scan_free(struct scan *s);
const struct scan_filter *scan_filter_of(const struct scan *s); /* pfn_last: never 0 */

/* ---- pgmaps ---- */

struct scan_pgmap {
	uint64_t pgmap; /* kernel address: an id only */
	uint8_t type; /* enum memory_type */
	bool dying; /* killed: memunmap_pages() waits for its references */
	bool refs_known;
	bool devdax; /* a GENERIC one of device-dax */
	bool vanished; /* it went while it was looked at: the rest is not all */
	bool partly; /* not all of it was walked (stopped, another range was asked for, or there are too many) */
	uint32_t openers; /* of its block device, mounts among them */
	int64_t bad_bytes; /* of it in bad blocks; -1: not known */
	int64_t refs, refs_base; /* outstanding; those that are always there; see DX_PGMAP_REFS */
	uint32_t nr_range; /* may be more than DX_PGMAP_RANGES */
	struct dx_range range[DX_PGMAP_RANGES];
	uint64_t no_memmap; /* pages of the first range without a struct page (altmap) */
	uint32_t vmemmap_shift;
	char device[32]; /* "pmem0", "dax0.0", "0000:00:04.0"; "": not known */
	char driver[32]; /* "nd_pmem", "device_dax"; "": not known */
	char owner[64], ops[64]; /* names or 0x addresses, hostile bytes; "": none */

	/* summed by scan_walked() */
	uint64_t steps; /* struct pages read */
	uint64_t pages[4]; /* pages in folios of order 0, 9, 18, others */
	uint64_t other; /* pages without a folio of this pgmap */
	uint64_t in_use, mapped, pinned; /* folios; without regard to the filter */
	uint64_t pins; /* listed folios' */

	/* by scan_finish() */
	uint64_t in_use_pages; /* pages of folios that are not idle */
	int64_t explained; /* references beyond refs_base that folios in use explain (PRIVATE, COHERENT, P2PDMA) */
	int64_t unexplained; /* refs - refs_base - explained, >= 0; only if refs_known */
};

/* Is this one to be walked at all, and from where to where? *@first > *@last: nothing of it. */
bool scan_wants(const struct scan *s, const struct scan_pgmap *p);
void scan_clip(const struct scan *s, uint64_t *first, uint64_t *last);
/* Returns its index, to be used below, or -errno. */
int scan_add_pgmap(struct scan *s, const struct scan_pgmap *p);
/* A piece was walked: sums are added, folios that pass the filter are kept. */
int scan_walked(struct scan *s, int pgmap, const struct dx_walk_args *piece,
		const struct dx_folio *f);
struct scan_pgmap *scan_pgmap(struct scan *s, int pgmap);
size_t scan_nr_pgmaps(const struct scan *s);
/* Index of the pgmap that @pfn lies in, -1: none. */
int scan_pgmap_of(const struct scan *s, uint64_t pfn);

/* ---- files: whatever has a struct address_space ---- */

struct scan_file {
	uint64_t mapping; /* kernel address: an id only */
	uint64_t ino;
	uint32_t dev, gen;
	bool device; /* device-dax; its name is the pgmap's */
	bool gone; /* it could not be looked at any more: removed in between */
	char *path; /* hostile bytes, NULL: not known */
	uint32_t path_flags,
		path_tgid; /* DX_PATH_*, DX_PATH_DELETED also without a path; with DX_PATH_NAMESPACE whose */
	/* by scan_finish(): of the listed folios */
	uint64_t folios, pages, pins, gets;
	uint64_t first, last; /* page offsets */
};
/* Id (1, 2, ...) of the file with this mapping, made if new. */
int scan_file_id(struct scan *s, uint64_t mapping, uint32_t dev, uint64_t ino, uint32_t gen);
struct scan_file *scan_file(struct scan *s, int id); /* NULL for 0 */
size_t scan_nr_files(const struct scan *s); /* ids go from 1 to this */
int scan_file_path(struct scan *s, int id, const char *path, uint32_t flags, uint32_t tgid);

/* ---- folios: runs of equal ones ---- */

/* @nr folios of one order, one behind the other in memory and in the file, with equal counts. */
struct scan_folio {
	uint64_t pfn; /* of the first */
	uint64_t nr; /* folios */
	uint64_t index; /* page offset of the first in the file */
	int file; /* id, 0: none */
	int pgmap; /* index */
	uint8_t order;
	uint8_t type; /* enum memory_type */
	bool pins_exact; /* a large folio's; a small one's are refcount / 1024 */
	int32_t refcount, mapcount, pincount; /* of each */
	int32_t idle; /* refcount when nobody uses it */
	uint64_t share;
	uint64_t time; /* ns: when it was looked at */

	/* by scan_finish(): of each folio */
	int32_t map_refs; /* references that its mappings hold */
	int32_t gets; /* references that are neither the idle one's, a mapping's nor a pin's */
	int32_t held_pins, held_gets; /* those found in some object (certain holders) */
	int32_t unknown; /* pins and gets that no certain holder explains, >= 0 */
	uint32_t nr_holders; /* certain and candidates; scan_folio_holders() lists them */
	uint32_t left_out; /* candidates more, which it does not list */
	uint32_t nr_waits;
	bool overput; /* fewer references than the idle one's and the mappings' together */
	bool moving; /* by scan_confirm(): what was unexplained was not so at another look */
};
/*
 * Folios that several files share have no file of their own. When one file is asked for, @fn
 * says of each: 1: it is that file's, at page offset *@index; 0: it is not; 2: not known. Before scan_finish().
 */
int scan_pick_shared(struct scan *s, int (*fn)(void *arg, uint64_t pfn, uint64_t *index), void *arg);
size_t scan_nr_folios(const struct scan *s); /* runs; after scan_finish() ordered by pfn */
const struct scan_folio *scan_folio(const struct scan *s, size_t i);

/* Memory that is bad (PG_hwpoison), idle or not, of the range and file that are asked for. */
struct scan_poison {
	uint64_t pfn; /* of the folio's head */
	uint64_t index; /* page offset in the file */
	int file; /* id, 0: none */
	int pgmap; /* index */
	uint8_t order;
};
size_t scan_nr_poisoned(const struct scan *s); /* in the order of pfn, a device after the other */
const struct scan_poison *scan_poisoned(const struct scan *s, size_t i);

/* ---- holders ---- */

enum scan_hold {
#define HOLD_CONSTANT(constant, ...) SCAN_HOLD_##constant,
	HOLDERS(HOLD_CONSTANT)
#undef HOLD_CONSTANT
		SCAN_HOLDS
};
const char *scan_hold_name(enum scan_hold kind); /* "mapping", "pipe", "io_uring", ... */

struct scan_holder {
	uint8_t kind; /* enum scan_hold */
	bool certain; /* the page itself was found in the object; else the process could hold it */
	bool pin; /* its references are pins */
	uint64_t pfn, nr; /* pages that it holds; candidate without pages: 0, 0 */
	uint32_t refs; /* references or pins of each page (of the folio, if that is large); 0: none, or a mapping */
	int file; /* id; candidates: of which file, 0: any */
	int pgmap; /* candidates without a file: of which device; -1: any */
	uint64_t first, last; /* candidates: page offsets in the file or device that it could hold */
	uint64_t object; /* kernel address: the same object in several processes is one holder; 0: none */
	uint32_t tgid, pid; /* of the initial pid namespace; 0: not known, or the kernel's own */
	char comm[DX_COMM_LEN + 1]; /* hostile bytes */
	char *cgroup; /* path, hostile bytes; NULL: not known */
	int fd; /* -1: none */
	uint64_t id; /* inode number of the pipe or socket, MR number, buffer's index ... */
	uint64_t addr; /* user address of the first page; 0: none */
	uint64_t since; /* ns, CLOCK_MONOTONIC; 0: not known */
	char detail[96]; /* "buffer 3", "write to nullb0"; hostile bytes; "": none */
};
/* A second one of the same object, process, kind and pages is dropped; neighbours are joined. */
int scan_add_holder(struct scan *s, const struct scan_holder *h);
size_t scan_nr_holders(const struct scan *s);
const struct scan_holder *scan_holder(const struct scan *s, size_t i);
/* Holders of run @i of folios, the certain ones first; stops when @fn returns non-zero and returns that. */
int scan_folio_holders(const struct scan *s, size_t i,
		       int (*fn)(const struct scan_holder *h, void *arg), void *arg);
/* Does its mapping have the bad page: in its page table (certain), or where that was before it was found to be bad? */
bool scan_maps_poison(const struct scan_holder *h, const struct scan_poison *p);

/* ---- who has how much: pins and references that were found in an object, without mappings ---- */

enum scan_by { SCAN_BY_PROCESS, SCAN_BY_CGROUP };

struct scan_held {
	uint32_t tgid; /* by process: 0: the kernel's own, or not known */
	const char *comm; /* by process, hostile bytes; the holder's */
	const char *cgroup; /* path, hostile bytes, NULL: not known; the holder's */
	uint64_t folios, pins, gets;
	uint64_t since; /* of the oldest whose age is known, ns, CLOCK_MONOTONIC; 0: of none */
};
/*
 * Over the runs that @wanted picks (NULL: all), the largest first. What several processes share (a pipe) is each one's, and once a
 * cgroup's. Returns 0 with *@held (to be freed; valid as long as the scan) and *@nr, or -ENOMEM.
 */
int scan_held_by(const struct scan *s, enum scan_by by, bool (*wanted)(void *arg, size_t run),
		 void *arg, struct scan_held **held, size_t *nr);

/* ---- waits: tasks that are blocked now ---- */

enum scan_wait_kind {
#define WAIT_CONSTANT(constant, ...) SCAN_WAIT_##constant,
	WAITS(WAIT_CONSTANT)
#undef WAIT_CONSTANT
		SCAN_WAITS
};
const char *scan_wait_name(enum scan_wait_kind kind);

#define SCAN_STACK 32
struct scan_wait {
	uint8_t kind;
	char state; /* 'S', 'D', ... */
	uint32_t tgid, pid;
	char comm[DX_COMM_LEN + 1];
	char *cgroup; /* NULL: not known */
	uint64_t since; /* ns, CLOCK_MONOTONIC: it went to sleep; 0: not known */
	uint64_t pfn; /* what it waits for; 0: not known */
	int32_t refcount; /* of that folio, with pfn */
	int file; /* id, 0: none, or not known */
	uint64_t index; /* SCAN_WAIT_ENTRY, and of pfn: page offset in the file */
	uint8_t entry; /* SCAN_WAIT_ENTRY: enum wait_entry */
	int pgmap; /* -1: not known */
	uint64_t stack[SCAN_STACK]; /* kernel addresses, innermost first */
	uint32_t nr_stack;

	/* of the locks */
	uint64_t lock; /* an id only; 0: none */
	bool writes; /* it wants the lock for itself */
	bool read_owned; /* readers have it: the owner was the last that came, and may have let go */
	uint32_t owner_tgid, owner_pid; /* who has it; 0: not known */
	char owner_comm[DX_COMM_LEN + 1];
	uint32_t mm_tgid; /* whose address space it is, with SCAN_WAIT_MMAP; 0: not known */

	/* scan_finish() */
	int next; /* the wait that who has the lock is in; -1: none, or not known */
	bool inferred; /* who has it can't be read: next is the wait that explains this one */
	uint32_t behind; /* waits that end when this one does */
};
int scan_add_wait(struct scan *s, const struct scan_wait *w);
size_t scan_nr_waits(const struct scan *s);
const struct scan_wait *scan_wait(const struct scan *s, size_t i);
/* The wait at the end of @i's chain; @i itself, if nothing is known of who has what it waits for. After scan_finish(). */
size_t scan_wait_root(const struct scan *s, size_t i);
/* Is it for something of DAX's, not a lock? */
bool scan_wait_is_dax(const struct scan_wait *w);
/*
 * Locks are waited for all the time. Is wait @i one of DAX's, or does its chain end in one of them, or has it waited long
 * by @now for a lock of a DAX file? After scan_finish().
 */
bool scan_wait_matters(const struct scan *s, size_t i, uint64_t now);
/* Runs of folios that block wait @i (by pfn; for memunmap the pgmap's). Returns as above. */
int scan_wait_folios(const struct scan *s, size_t i, int (*fn)(size_t folio, void *arg), void *arg);

/* ---- mounts ---- */

struct scan_mount {
	uint32_t dev; /* kernel dev_t */
	char *point; /* hostile bytes */
	char *root; /* of the mount, in the filesystem */
	char fstype[16];
	char device[32]; /* "pmem0" */
};
int scan_add_mount(struct scan *s, const struct scan_mount *m);
size_t scan_nr_mounts(const struct scan *s);
const struct scan_mount *scan_mount(const struct scan *s, size_t i);

/* ---- what could not be looked at ---- */

/* A sentence without a full stop: "sockets: this kernel's sk_buff is not known". */
int scan_add_gap(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t scan_nr_gaps(const struct scan *s);
/* A gap that somebody may be in of whom there is no other sign: "nobody" is no answer then. */
void scan_set_unsure(struct scan *s);
bool scan_is_unsure(const struct scan *s);
const char *scan_gap(const struct scan *s, size_t i);

/* ---- the end: relates what was added; then everything may be read ---- */
int scan_finish(struct scan *s);

/*
 * The counts of a folio and its holders are not read in one instant: a direct write may have
 * ended in between. So what nothing explains is looked at again.
 */
/* The pages between which something is not explained; false: all of it is. After scan_finish(). */
bool scan_unexplained(const struct scan *s, uint64_t *first, uint64_t *last);
/* @later has these pages: what is explained there, or gone, is not claimed here any more. */
int scan_confirm(struct scan *s, const struct scan *later);

/* ---- may a device be unbound? ---- */

enum scan_unbind {
	SCAN_UNBIND_FREE, /* nobody uses it */
	SCAN_UNBIND_SIGBUS, /* it works; @nr processes that map it get SIGBUS at their next access */
	SCAN_UNBIND_OPEN, /* its block device is in use: swap, device mapper, a raw open */
	SCAN_UNBIND_MOUNTED, /* a filesystem is on it: to be unmounted first */
	SCAN_UNBIND_HANGS, /* it waits for @nr folios' references, or the pgmap's */
	SCAN_UNBIND_PULLS, /* it would pull memory from under @nr live pins and references; 7.2 oopses afterwards */
	SCAN_UNBIND_UNKNOWN, /* not all of it could be looked at */
};
struct scan_verdict {
	enum scan_unbind what;
	uint64_t nr; /* see there: folios, pins, processes */
	uint64_t folios; /* ... of so many folios */
	int64_t refs; /* SCAN_UNBIND_HANGS: references of the pgmap that nothing explains */
	uint64_t openers; /* processes that have the device open, of whatever verdict */
	bool under_way; /* somebody waits in memunmap_pages() already */
	const char *mount; /* SCAN_UNBIND_MOUNTED: where, hostile bytes */
};
/* Of the device of @pgmap: a PCI device has one for each BAR, and all go with it. */
void scan_verdict(const struct scan *s, int pgmap, struct scan_verdict *v);

/* ---- what changed between two looks with the same filter ---- */

struct scan_change {
	const struct scan_folio *before, *after; /* of one folio: nr is 1; NULL: it was, or is, idle */
	int file; /* id in the scan that has it: after's, else before's */
};
/* In the order of pfn. Returns what @fn returned when that is not 0. */
int scan_changes(struct scan *before, struct scan *after,
		 int (*fn)(const struct scan_change *c, void *arg), void *arg);

#endif

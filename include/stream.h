/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STREAM_H
#define DAXTOP_STREAM_H
/*
 * stream.h - everything that may change what daxtop says, as records in one order: what a source
 * gives, what engine_feed() takes, what stands in a file (--tee).
 *
 * A record is a struct dx_record and its payload, padded to a multiple of 8 bytes. All numbers are
 * of the writer's byte order. A reader skips a type that it does not know by its length. No kernel
 * address stands in a record: a pgmap is a number that the watcher gave it.
 *
 * A file begins with a struct dx_stream_header. Whether it can be read stands there: DX_STREAM_ABI
 * grows when a record's layout or meaning changes, not when a type is added.
 */
#include "event.h"
#include "rule.h"

#define DX_STREAM_MAGIC	     "daxtop\r\n" /* 8 bytes, no NUL: a transfer as text damages it */
#define DX_STREAM_ABI	     1
#define DX_STREAM_BYTE_ORDER 0x01020304u

struct dx_stream_header {
	char magic[8];
	__dx_u32 abi;
	__dx_u32 byte_order; /* DX_STREAM_BYTE_ORDER, as the writer has it */
};

/* Explicit values: they stand in files. Append, never renumber. */
enum dx_record_type {
	DX_REC_NONE = 0,
	DX_REC_HELLO = 1, /* struct dx_hello: the first record, once */
	DX_REC_EVENT = 2, /* struct dx_event, of any type but DX_FILE */
	DX_REC_FILE = 3, /* struct dx_file_event, cut behind its path */
	DX_REC_PGMAP = 4, /* struct dx_pgmap: one was found, or its device's name */
	DX_REC_LOST = 5, /* struct dx_lost */
	DX_REC_MISSED = 6, /* struct dx_missed */
	DX_REC_COUNTERS = 7, /* struct dx_rule_counts: totals since the beginning */
	DX_REC_TIME = 8, /* struct dx_time: what happened before is in the stream, but for what came late */
	DX_REC_ASK = 9, /* struct dx_ask: the engine may ask now; answers are events */
	DX_REC_ENDING = 10, /* struct dx_time: somebody wants to end */
	DX_REC_END = 11, /* struct dx_time: nothing comes any more */
	DX_RECORD_TYPES
};

struct dx_record {
	__dx_u32 len; /* bytes of header and payload; a multiple of 8 */
	__dx_u16 type; /* enum dx_record_type */
	__dx_u16 zero;
};

#define DX_RECORD_MAX 65536u /* bytes: longer is none */

/* dx_hello.flags: what this kernel does, so far as it changes what records mean */
#define DX_HELLO_LEGACY	     (1u << 0) /* an idle FS DAX folio has the refcount 1 (up to 6.14) */
#define DX_HELLO_INDEX_STAYS (1u << 1) /* a page's index stays when its last entry goes (6.15 to 7.0) */

struct dx_hello {
	char boot_id[40]; /* /proc/sys/kernel/random/boot_id; each of these ends with NUL */
	char host[72];
	char machine[16]; /* utsname.machine */
	char kernel[72]; /* utsname.release */
	__dx_u64 start; /* ns, CLOCK_MONOTONIC: everything is attached since */
	__dx_s64 wall; /* ns: CLOCK_REALTIME less CLOCK_MONOTONIC, at the start */
	__dx_s32 utc_offset; /* s, east of Greenwich, at the start */
	__dx_u32 page_shift;
	__dx_u32 flags; /* DX_HELLO_* */
	__dx_u32 nr_cpus;
};

#define DX_DEVICE_LEN 32

struct dx_pgmap {
	__dx_u64 pgmap; /* its number, as in dx_event.pgmap; not 0 */
	__dx_u64 pfn, nr_pages; /* the first range */
	__dx_u32 type; /* enum memory_type */
	__dx_u32 dying; /* 1: it was killed */
	char device[DX_DEVICE_LEN]; /* "pmem0"; "": not known. Ends with NUL */
};

/* @nr events of @type could not be sent by @cpu; noticed at @time. */
struct dx_lost {
	__dx_u64 time; /* ns, CLOCK_MONOTONIC, as all times here */
	__dx_u64 nr;
	__dx_u32 cpu;
	__dx_u32 type; /* enum dx_event_type */
};

/* @nr runs of a program that tells of @type were skipped by the kernel; DX_NONE: one that tells of nothing. */
struct dx_missed {
	__dx_u64 time;
	__dx_u64 nr;
	__dx_u32 type;
	__dx_u32 zero;
};

struct dx_time {
	__dx_u64 time;
};

struct dx_ask {
	__dx_u32 max; /* so many questions at most */
	__dx_u32 zero;
};

_Static_assert(sizeof(struct dx_record) == 8, "struct dx_record");
_Static_assert(sizeof(struct dx_hello) == 232, "struct dx_hello");
_Static_assert(sizeof(struct dx_pgmap) == 64, "struct dx_pgmap");
_Static_assert(sizeof(struct dx_rule_counts) % 8 == 0, "struct dx_rule_counts");

#endif

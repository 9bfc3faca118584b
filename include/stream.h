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
#define DX_STREAM_ABI	     4
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
	DX_REC_TIME =
		8, /* struct dx_time: what happened before is in the stream, but for what came late */
	DX_REC_ASK = 9, /* struct dx_ask: the engine may ask now; answers are events */
	DX_REC_ENDING = 10, /* struct dx_time: somebody wants to end */
	DX_REC_END = 11, /* struct dx_time: nothing comes any more */
	/* what the engine passes over, and those who show need */
	DX_REC_READY = 12, /* struct dx_time: what was there before has been looked at */
	DX_REC_PATH =
		13, /* struct dx_path: what a file is that the command line names. Before the HELLO */
	DX_REC_DEVICE = 14, /* struct dx_device: the name of a device number that the next event has */
	DX_REC_STACK =
		15, /* struct dx_stack_names: before the first event that names it; again when more is known */
	DX_REC_UNKEPT = 16, /* struct dx_unkept: total since the beginning */
	DX_REC_PROBE =
		17, /* struct dx_probe: how a row of the probe table is; again when that changes */
	DX_REC_COMMAND = 18, /* struct dx_command: what became of check's CMD */
	DX_REC_PICTURE = 19, /* struct dx_picture: top drew one here */
	/* struct dx_task: before the first event of a process; again when it has become another */
	DX_REC_TASK = 20,
	DX_REC_CLOCK = 21, /* struct dx_clock: CLOCK_REALTIME was set, or the zone has another offset */
	/* what one look at pipes, rings, sockets, requests, memory regions and blocked tasks found */
	DX_REC_LOOK = 22, /* struct dx_look: the next ones up to DX_REC_LOOKED are its findings */
	DX_REC_HOLDER = 23, /* struct dx_holder */
	DX_REC_WAIT = 24, /* struct dx_wait */
	DX_REC_GAP = 25, /* struct dx_gap */
	DX_REC_LOOKED = 26, /* struct dx_look, as it began: they are all there */
	DX_RECORD_TYPES
};

struct dx_record {
	__dx_u32 len; /* bytes of header and payload; a multiple of 8 */
	__dx_u16 type; /* enum dx_record_type */
	__dx_u16 zero;
};

#define DX_RECORD_MAX 65536u /* bytes: longer is none */

/* dx_hello.flags: what this kernel does, so far as it changes what records mean */
#define DX_HELLO_LEGACY (1u << 0) /* an idle FS DAX folio has the refcount 1 (up to 6.14) */
/* a page's index stays when its last entry goes (6.15 to 7.0) */
#define DX_HELLO_INDEX_STAYS (1u << 1)

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

struct dx_path {
	__dx_u64 ino; /* as stat() has it */
	__dx_u32 dev; /* kernel dev_t; of a character device its own */
	__dx_u32 kind; /* enum dx_path_kind */
	__dx_u32 gen; /* i_generation */
	__dx_u32 gen_known; /* 0: the filesystem does not tell it */
	char path[DX_PATH_LEN]; /* as it was given; ends with NUL */
};

enum dx_path_kind {
	DX_PATH_OTHER = 0,
	DX_PATH_REGULAR = 1,
	DX_PATH_DIRECTORY = 2,
	DX_PATH_CHARACTER = 3
};

struct dx_device {
	__dx_u32 dev; /* kernel dev_t */
	__dx_u32 character; /* 1: of a character device */
	char name[DX_DEVICE_LEN]; /* ends with NUL */
};

#define DX_FRAME_NAME 128

/* A kernel function without a name has no address here either: that would tell where the kernel lies. */
struct dx_frame {
	__dx_u64 addr; /* of a process; kernel: 0 */
	__dx_u64 offset; /* into the function */
	char name[DX_FRAME_NAME]; /* "": not known; each of these ends with NUL */
	char in[DX_FRAME_NAME]; /* kernel module or file */
	char why[64]; /* why name or file is not known */
};

struct dx_stack_names {
	__dx_s32 number; /* as in dx_event.stack, ustack */
	__dx_u32 tgid; /* whose; 0: the kernel's */
	__dx_u32 exec; /* as in dx_event.exec */
	__dx_u32 nr; /* frames, innermost first; at most DX_STACK_FRAMES */
	struct dx_frame frame[DX_STACK_FRAMES]; /* the record ends behind the last one */
};

/* Times that an event named a stack that is not kept. */
struct dx_unkept {
	__dx_u64 nr;
};

struct dx_probe {
	__dx_u32 row; /* of the table */
	__dx_u32 state; /* enum probe_state */
	__dx_s32 chosen; /* the candidate that is attached, -1: none is */
	__dx_u32 zero;
	char event[64]; /* the row's, which a reader's table must have there */
	char why[320];
};

struct dx_picture {
	__dx_u64 time;
	__dx_s64 wall; /* s since 1970, UTC */
	__dx_s32 utc_offset; /* s, east of Greenwich, then */
	__dx_u32 zero;
};

/* What it is by @time, which is after the event if that says another comm. */
struct dx_task {
	__dx_u64 time; /* ns: when it was asked for */
	__dx_u64 start; /* ns: when the process began */
	__dx_u64 exec; /* task_struct.self_exec_id: grows with each exec() */
	__dx_u64 cgroup; /* id in the unified hierarchy: the inode number of its folder */
	__dx_u32 tgid;
	__dx_u32 pid_ns, mount_ns; /* inode numbers, as in /proc/PID/ns; 0: it has none any more */
	__dx_u32 zero;
	char comm[DX_COMM_LEN]; /* of the thread that stands for it; hostile bytes, maybe no NUL */
};

struct dx_clock {
	__dx_u64 time;
	__dx_s64 wall; /* ns: CLOCK_REALTIME less CLOCK_MONOTONIC, from now on */
	__dx_s32 utc_offset; /* s, east of Greenwich */
	__dx_u32 zero;
};

/* Holders of a look that a reader keeps; of the others it says that there are some. */
#define DX_LOOK_HOLDERS 16384u

/* dx_look.flags */
#define DX_LOOK_UNSURE \
	(1u << 0) /* somebody may be where it could not look: "nobody" is no answer */

struct dx_look {
	__dx_u64 begin, end; /* ns */
	__dx_u64 first,
		last; /* pages: who maps their files, and so could hold them, was looked for, too; first > last: of none */
	__dx_u32 flags; /* DX_LOOK_* */
	/* of its findings' making, with the ring read meanwhile: between two reads of the ring, at most */
	__dx_u32 turn_things; /* tasks, descriptors, words of stacks, runs of programs */
	__dx_u64 turn_ns;
};

/* dx_holder.flags */
#define DX_HOLDER_CERTAIN \
	(1u << 0) /* the pages were found in the object; else its process could hold them */
#define DX_HOLDER_PIN (1u << 1) /* its references are pins */

/* An object of a process (or of the kernel) with references of pages. */
struct dx_holder {
	__dx_u64 pfn, nr; /* pages; nr 0, of one that is not certain only: see first */
	__dx_u64 first,
		last; /* without nr: page offsets in the file, or the pgmap, that it could hold */
	__dx_u64 pgmap; /* its number; without nr: 0: any */
	__dx_u64 ino; /* without nr: of this file; 0: any */
	__dx_u64 id; /* inode number of the pipe or socket, number of the memory region or buffer */
	__dx_u64 since; /* ns; 0: not known */
	__dx_u64 start; /* ns: when the process began; 0: not known */
	__dx_u32 dev; /* of ino; kernel dev_t */
	__dx_u32 object; /* the same number: the same object, in another process. 0: it is none that can be shared */
	__dx_u32 refs; /* references of each page (of the folio, if that is large) */
	__dx_u32 flags; /* DX_HOLDER_* */
	__dx_u32 tgid, pid; /* of the initial pid namespace; 0: the kernel's own, or not known */
	__dx_s32 fd; /* -1: none */
	__dx_u32 gen; /* of ino */
	char kind[16]; /* "pipe": as daxtop holders calls it; ends with NUL */
	char comm[DX_COMM_LEN]; /* hostile bytes, maybe no NUL */
	char detail[96]; /* more of it, hostile bytes; ends with NUL */
};

/* Explicit values, as above. */
enum dx_wait_kind {
	DX_WAIT_BREAK = 1, /* layout break: truncate, hole punch */
	DX_WAIT_EVICT = 2, /* the last one: unlink, umount, unbind */
	DX_WAIT_MEMUNMAP = 3, /* memunmap_pages(), for references of the pgmap */
	DX_WAIT_ENTRY = 4, /* for a locked entry */
	/* of locks: those that end in one of the waits above, and those of a DAX file that take long */
	DX_WAIT_INODE = 5, /* i_rwsem */
	DX_WAIT_INVALIDATE = 6, /* invalidate_lock */
	DX_WAIT_MMAP = 7, /* mmap_lock */
	DX_WAIT_VMA = 8, /* a VMA: faults have it */
	DX_WAIT_LOCK = 9, /* another rw_semaphore */
	DX_WAIT_KINDS
};

/* A task that is blocked. */
struct dx_wait {
	__dx_u64 time; /* ns: it was so then */
	__dx_u64 since; /* ns: it went to sleep; 0: not known */
	__dx_u64 pfn; /* head page of the folio; 0: not known, or there is none */
	__dx_u64 pgmap; /* its number; 0: not known */
	__dx_u64 ino, index;
	__dx_s32 refcount, mapcount, pincount; /* of the folio, as in struct dx_event */
	__dx_u32 dev;
	__dx_u32 kind; /* enum dx_wait_kind */
	__dx_u32 tgid, pid;
	__dx_u32 gen; /* of ino */
	__dx_u8 order;
	char state; /* 'S', 'D' */
	__dx_u8 entry; /* DX_WAIT_ENTRY: enum wait_entry (wait_kind.h) */
	__dx_u8 writes; /* locks: it wants it for itself */
	__dx_u8 read_owned; /* ... readers have it: the owner was the last that came, and may have let go */
	__dx_u8 zero[3];
	char comm[DX_COMM_LEN]; /* hostile bytes, maybe no NUL */
	/* of the locks */
	__dx_u32 owner_tgid, owner_pid; /* who has it; 0: not known */
	__dx_u32 mm_tgid; /* whose address space it is, with DX_WAIT_MMAP and DX_WAIT_VMA; 0: not known */
	__dx_u32 zero2;
	char owner_comm[DX_COMM_LEN]; /* hostile bytes, maybe no NUL */
};

/* What a look could not look at: a sentence without a full stop. */
struct dx_gap {
	char text[256]; /* ends with NUL */
};

#define DX_LEFT_MAX 16

struct dx_command {
	__dx_s32 status; /* as waitpid() gives it */
	__dx_u32 ran; /* 1: there was one */
	__dx_u32 unjudged; /* 1: something looked wrong, and the time to judge it was not there */
	__dx_u32 nr_left; /* processes of it that went on */
	__dx_u32 uid, gid;
	__dx_u32 became; /* 1: it ran as them, who are not who daxtop is */
	__dx_u32 zero;
	char user[256]; /* each of these ends with NUL */
	char name[DX_PATH_LEN];
	char cut[128]; /* why it was not waited for; "": it was */
	struct {
		__dx_s32 pid;
		char state;
		char zero[3];
		char comm[DX_COMM_LEN];
	} left[DX_LEFT_MAX]; /* some of them */
};

/*
 * What is wrong with the length of a record, in words; NULL: nothing. A payload that is longer than its type is of
 * a later daxtop, which says more there.
 */
static inline const char *dx_record_wrong(const struct dx_record *r)
{
	static const __dx_u16 least[DX_RECORD_TYPES] = {
		[DX_REC_HELLO] = sizeof(struct dx_hello),
		[DX_REC_EVENT] = sizeof(struct dx_event),
		[DX_REC_FILE] = __builtin_offsetof(struct dx_file_event, path),
		[DX_REC_PGMAP] = sizeof(struct dx_pgmap),
		[DX_REC_LOST] = sizeof(struct dx_lost),
		[DX_REC_MISSED] = sizeof(struct dx_missed),
		[DX_REC_COUNTERS] = sizeof(struct dx_rule_counts),
		[DX_REC_TIME] = sizeof(struct dx_time),
		[DX_REC_ASK] = sizeof(struct dx_ask),
		[DX_REC_ENDING] = sizeof(struct dx_time),
		[DX_REC_END] = sizeof(struct dx_time),
		[DX_REC_READY] = sizeof(struct dx_time),
		[DX_REC_PATH] = sizeof(struct dx_path),
		[DX_REC_DEVICE] = sizeof(struct dx_device),
		[DX_REC_STACK] = __builtin_offsetof(struct dx_stack_names, frame),
		[DX_REC_UNKEPT] = sizeof(struct dx_unkept),
		[DX_REC_PROBE] = sizeof(struct dx_probe),
		[DX_REC_COMMAND] = sizeof(struct dx_command),
		[DX_REC_PICTURE] = sizeof(struct dx_picture),
		[DX_REC_TASK] = sizeof(struct dx_task),
		[DX_REC_CLOCK] = sizeof(struct dx_clock),
		[DX_REC_LOOK] = sizeof(struct dx_look),
		[DX_REC_HOLDER] = sizeof(struct dx_holder),
		[DX_REC_WAIT] = sizeof(struct dx_wait),
		[DX_REC_GAP] = sizeof(struct dx_gap),
		[DX_REC_LOOKED] = sizeof(struct dx_look),
	};

	if (r->len < sizeof(*r) || r->len > DX_RECORD_MAX)
		return "a record is shorter than its header, or longer than any";
	if (r->type < DX_RECORD_TYPES && r->len - sizeof(*r) < least[r->type])
		return "a record is shorter than its type needs";
	return NULL;
}

_Static_assert(sizeof(struct dx_record) == 8, "struct dx_record");
_Static_assert(sizeof(struct dx_hello) == 232, "struct dx_hello");
_Static_assert(sizeof(struct dx_pgmap) == 64, "struct dx_pgmap");
_Static_assert(sizeof(struct dx_frame) == 336, "struct dx_frame");
_Static_assert(sizeof(struct dx_stack_names) == 16 + 336 * DX_STACK_FRAMES, "struct dx_stack_names");
_Static_assert(sizeof(struct dx_probe) == 400, "struct dx_probe");
_Static_assert(sizeof(struct dx_command) % 8 == 0, "struct dx_command");
_Static_assert(sizeof(struct dx_task) == 64, "struct dx_task");
_Static_assert(sizeof(struct dx_clock) == 24, "struct dx_clock");
_Static_assert(sizeof(struct dx_rule_counts) % 8 == 0, "struct dx_rule_counts");
_Static_assert(sizeof(struct dx_look) == 48, "struct dx_look");
_Static_assert(sizeof(struct dx_holder) == 232, "struct dx_holder");
_Static_assert(sizeof(struct dx_wait) == 136, "struct dx_wait");

#endif

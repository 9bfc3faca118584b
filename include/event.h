/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_EVENT_H
#define DAXTOP_EVENT_H
/*
 * event.h - the one record that travels from bpf/ through the ring to the
 * engine and the views.
 *
 * Both sides include this file; the sizes and offsets at the end are asserted
 * by both compilers. Fields are fixed width and naturally aligned, there is no
 * implicit padding. A field that has no meaning for an event is 0, except where
 * a comment names another value.
 *
 * What is a sample and what is an operation: refcount, mapcount and pincount
 * are read from struct folio at @time, at the point that events.def
 * gives. The event's own effect (one reference added by an install, 1,024 by
 * a pin of a small folio, ...) is known from the operation; engine/ applies it.
 */

#ifndef __VMLINUX_H__
#include <stdint.h>
typedef uint8_t __dx_u8;
typedef uint16_t __dx_u16;
typedef uint32_t __dx_u32;
typedef uint64_t __dx_u64;
typedef int32_t __dx_s32;
typedef int64_t __dx_s64;
#else
typedef __u8 __dx_u8;
typedef __u16 __dx_u16;
typedef __u32 __dx_u32;
typedef __u64 __dx_u64;
typedef __s32 __dx_s32;
typedef __s64 __dx_s64;
#endif

#include "memory.h"

#define DX_COMM_LEN 16

/* What a record of a type holds, for events.def. */
#define EV_FOLIO      1 /* a folio and its counts, unless DX_F_NO_FOLIO */
#define EV_PLACED     2 /* ... which is where one of its order can be; else the engine refuses it */
#define EV_PFN	      4 /* memory, by its first page, without counts */
#define EV_NR	      8 /* nr, also without a folio */
#define EV_PAGES      16 /* nr is never 0 */
#define EV_LEVEL      32
#define EV_ADDR	      64 /* addr is a user address */
#define EV_RET	      128
#define EV_NO_OFFSET  256 /* index is no offset in a file */
#define EV_USER_STACK 512

enum dx_event_type {
	DX_NONE = 0,
#define EVENT(constant, number, ...) DX_##constant = number,
#include "events.def"
#undef EVENT
	DX_EVENT_TYPES,
	/* No event: the addresses of a stack, struct dx_stack_event. Comes before the first record that names it. */
	DX_STACK = 256
};

/* dx_event.flags */
#define DX_F_INSERT    (1u << 0) /* the fault inserted an entry */
#define DX_F_INSTALL   (1u << 1) /* the fault installed a mapping */
#define DX_F_UPGRADE   (1u << 2) /* the mapping was there: made writable */
#define DX_F_WRITE     (1u << 3) /* write fault / FOLL_WRITE */
#define DX_F_SHARED    (1u << 4) /* the entry is shared (reflink) */
#define DX_F_REF_TAKEN (1u << 5) /* see DX_INSTALL */
#define DX_F_LONGTERM  (1u << 6) /* FOLL_LONGTERM */
#define DX_F_REMOTE    (1u << 7) /* GUP on another process's memory */
#define DX_F_FINAL     (1u << 8) /* dax_break_layout_final() */
#define DX_F_ZERO      (1u << 9) /* the zero page: no folio of the device */
#define DX_F_SLOW      (1u << 10) /* GUP's slow path (page walk under a lock) */
#define DX_F_REPLACED  (1u << 11) /* DX_REMOVE: a write to a shared entry */
#define DX_F_DYING     (1u << 12) /* the pgmap was killed (memunmap_pages) */
#define DX_F_NOWAIT    (1u << 13) /* layout break that may not wait */
#define DX_F_NO_FOLIO  (1u << 14) /* pfn, refcount ... are not known here */
#define DX_F_SCAN      (1u << 15) /* DX_SAMPLE: nobody asked; a walk over struct pages met it */
#define DX_F_UNLINKED \
	(1u << 16) /* DX_REMOVE, DX_BREAK_BUSY, DX_BREAK_DONE: the file has no link left */

/* dx_event.level: the page table level of an install or unmap */
enum dx_level { DX_PTE = 0, DX_PMD = 1, DX_PUD = 2 };

/* dx_event.ret of a DX_SIGBUS: why. X(constant, number, name). */
#define DX_SIGBUS_REASONS(X)                                     \
	X(OTHER, 0, "other") /* the kernel keeps it to itself */ \
	X(BEYOND_EOF, 1, "beyond-eof")                           \
	X(NO_SPACE, 2, "no-space")                               \
	X(POISON, 3, "poison")

enum dx_sigbus_reason {
#define SIGBUS_CONSTANT(constant, number, name) DX_SIGBUS_##constant = number,
	DX_SIGBUS_REASONS(SIGBUS_CONSTANT)
#undef SIGBUS_CONSTANT
		DX_SIGBUS_REASON_END
};

struct dx_event {
	__dx_u16 type; /* enum dx_event_type */
	__dx_u16 cpu;
	__dx_u32 flags; /* DX_F_* */
	__dx_u64 time; /* ns, CLOCK_MONOTONIC (bpf_ktime_get_ns) */
	__dx_u32 tgid; /* process, of the initial pid namespace */
	__dx_u32 pid; /* thread; in an interrupt (a bio's end unpins there) the one interrupted, 0 on an idle CPU */
	char comm[DX_COMM_LEN]; /* of the thread; hostile bytes, maybe no NUL */
	__dx_u64 pfn; /* head page of the folio */
	__dx_u64 pgmap; /* in the ring the address of struct dev_pagemap; elsewhere its number (stream.h) */
	__dx_s32 refcount;
	__dx_s32 mapcount; /* 0: not mapped (the kernel's -1 is hidden) */
	__dx_s32 pincount; /* large folio: _pincount; small: refcount >> 10 */
	__dx_u32 nr; /* pages or references concerned, >= 1 */
	__dx_u64 ino; /* inode, 0: not known */
	__dx_u64 index; /* page offset in file or device */
	__dx_u32 dev; /* kernel dev_t (major << 20 | minor); device-dax: its rdev */
	__dx_u8 order; /* 0, 9, 18 */
	__dx_u8 pgmap_type; /* enum memory_type, 0: not known */
	__dx_u8 level; /* enum dx_level */
	__dx_u8 exec; /* with ustack: low bits of task_struct.self_exec_id, which program it was of the process */
	__dx_u64 addr; /* user address, or see the type */
	__dx_s32 stack; /* number of a DX_STACK, or DX_STACK_NONE, DX_STACK_UNKEPT */
	__dx_s32 ret; /* see the type */
	__dx_u32 since; /* DX_FAULT: ns from the install to @time */
	__dx_s32 ref_first; /* DX_FAULT, see there */
	union {
		__dx_s32 ref_install; /* DX_FAULT */
		__dx_u32 arg; /* DX_PIN, DX_GET: FOLL_* as the kernel has them; DX_VIOLATION: enum dx_rule; DX_FILE: see there */
	};
	union {
		__dx_s32 map_install; /* DX_FAULT */
		__dx_s32 ustack; /* DX_PIN, DX_GET, DX_VIOLATION: the user's, as stack */
	};
	__dx_u32 gen; /* with ino: i_generation, as an inode's number is used again */
	__dx_u32 zero;
};

#define DX_PATH_LEN 1024

/*
 * A name of a file. In the ring the path in its filesystem, whose dev_t is e.arg (e.dev of a device node is its own),
 * and e.addr is the address of the inode's mapping; in the stream the path that a user of this machine can open,
 * unless a flag says otherwise.
 */
struct dx_file_event {
	struct dx_event e; /* type DX_FILE; ino, dev, gen; arg: with DX_PATH_NAMESPACE the process */
	__dx_u32 path_len; /* without the NUL; 0: no name is known any more */
	__dx_u32 path_flags; /* DX_PATH_* */
	char path[DX_PATH_LEN];
};
#define DX_PATH_DELETED	  (1u << 0) /* this was its last name: it has been unlinked, or replaced */
#define DX_PATH_TRUNCATED (1u << 1) /* leading components are missing */
#define DX_PATH_NAMESPACE (1u << 2) /* in the mount namespace of process e.arg, not in ours */
#define DX_PATH_CONTAINER (1u << 3) /* ... whose root is another one, too */
#define DX_PATH_HIDDEN \
	(1u << 4) /* no mount that was found shows it: "[pmem0]/path in its filesystem" */
#define DX_PATH_UNCHECKED \
	(1u << 5) /* the inode is not in memory any more: its name when it was last */

/* dx_event.stack and ustack, else >= 0 */
#define DX_STACK_NONE	(-1)
#define DX_STACK_UNKEPT (-2) /* there was one, and it could not be sent */

#define DX_STACK_FRAMES 32 /* the innermost ones */

struct dx_stack_event {
	__dx_u16 type; /* DX_STACK, where struct dx_event has its type */
	__dx_u16 cpu;
	__dx_u32 nr; /* frames, 1 ... DX_STACK_FRAMES */
	__dx_u64 hash; /* of them, with a key of this run; not 0 */
	__dx_u64 ip[DX_STACK_FRAMES]; /* innermost first; 0 behind nr */
};

/* What records call the stack by: the same as long as daxtop runs. Another one has it too in 1 of 2^31 cases. */
static inline __dx_s32 dx_stack_number(__dx_u64 hash)
{
	return hash >> 33;
}

/* Hashes of what was sent of late, in bpf/: a number's stand in this place or the next. 0: free. */
#define DX_STACK_PLACES 16384
static inline __dx_u32 dx_stack_place(__dx_s32 number)
{
	return number & (DX_STACK_PLACES - 2);
}

static inline int dx_event_has_ustack(const struct dx_event *e)
{
	static const __dx_u32 types =
#define EVENT(constant, number, name, carries, ...) ((carries)&EV_USER_STACK ? 1u << number : 0) |
#include "events.def"
#undef EVENT
		0;

	return e->type < DX_EVENT_TYPES && types >> e->type & 1;
}

#define DX_ASSERT_OFF(f, o) \
	_Static_assert(__builtin_offsetof(struct dx_event, f) == (o), "dx_event." #f)
_Static_assert(DX_EVENT_TYPES <= 32, "sets of events are 32 bits");
_Static_assert(sizeof(struct dx_event) == 136, "struct dx_event");
DX_ASSERT_OFF(time, 8);
DX_ASSERT_OFF(comm, 24);
DX_ASSERT_OFF(pfn, 40);
DX_ASSERT_OFF(refcount, 56);
DX_ASSERT_OFF(ino, 72);
DX_ASSERT_OFF(dev, 88);
DX_ASSERT_OFF(addr, 96);
DX_ASSERT_OFF(since, 112);
DX_ASSERT_OFF(map_install, 124);
DX_ASSERT_OFF(gen, 128);
_Static_assert(sizeof(struct dx_stack_event) == 16 + 8 * DX_STACK_FRAMES, "struct dx_stack_event");
_Static_assert(sizeof(struct dx_file_event) == 136 + 8 + DX_PATH_LEN, "struct dx_file_event");

#endif

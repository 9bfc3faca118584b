/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_WAIT_KIND_H
#define DAXTOP_WAIT_KIND_H
/*
 * wait_kind.h - what a blocked task can wait for, a row each. Enum, names, words, the table in daxtop-scan(1)
 * (`make man`) and the list in tests come from the rows.
 */

/* clang-format off */
/*
 * X(constant, name, in words behind "in", more for the man page)
 * Those of DAX come first; of the locks, whoever has one may be in a wait of those.
 */
#define WAITS(X) \
	X(BREAK, "layout-break", "a layout break (truncate, hole punch)", \
	  "for a page of the file that somebody holds") \
	X(EVICT, "evict", "an evict (unlink, umount, unbind)", \
	  "the last break of a file that goes: for any of its pages") \
	X(MEMUNMAP, "memunmap", "memunmap_pages (unbind)", \
	  "for references of the device's memory") \
	X(ENTRY, "entry-lock", "a wait for a locked DAX entry", \
	  "a fault, a write or a writeback of the same page has it") \
	X(INODE, "inode-lock", "a wait for the inode's lock (i_rwsem)", \
	  "write(2), truncate(2) and their like have it, of this file") \
	X(INVALIDATE, "invalidate-lock", "a wait for the invalidate_lock", \
	  "of the file's mapping: faults read it, truncate and hole punch write") \
	X(MMAP, "mmap-lock", "a wait for the mmap_lock", \
	  "of a process's address space: mmap(2), munmap(2), a fault, or who reads /proc/PID/cmdline") \
	X(VMA, "vma-lock", "a wait for faults in a mapping to end (VMA lock)", \
	  "munmap(2) and its like, in the same process") \
	X(LOCK, "lock", "a wait for a lock (rw_semaphore)", \
	  "another one, behind which a wait of DAX's stands") \
	X(OTHER, "other", "a wait that is none of DAX's", \
	  "told only of a process that was asked for by its number")
#define WAITS_OF_DAX 4 /* so many come first */
/* clang-format on */

/* A DAX entry that somebody waits for, as it is at the moment of the look. */
enum wait_entry {
	WAIT_ENTRY_UNKNOWN, /* it waits for none, or which one was not found */
	WAIT_ENTRY_LOCKED,
	WAIT_ENTRY_UNLOCKED, /* or gone: whoever waits has not run yet */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * daxtop_inject: what a test says to /dev/daxtop_inject. Kernel and user space share
 * this file. main.c tells what each command breaks.
 */
#ifndef DAXTOP_INJECT_H
#define DAXTOP_INJECT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Explicit values: they are in the kernel's log when a command fails. */
enum inject_cmd {
	/* Into the window (see below). */
	INJECT_INSTALL_MKWRITE = 1,
	INJECT_INSTALL_PAGE = 2,
	INJECT_INSTALL_FINISH = 3,
	INJECT_INSTALL_PMD = 4,
	INJECT_INSTALL_MIXED = 5,
	INJECT_INSTALL_PFN = 6,
	INJECT_INSTALL_PFN_PMD = 7,
	INJECT_GRAB_ZERO = 8,
	INJECT_LONGTERM = 9,
	/* Counts and fields of one folio. */
	INJECT_FOLIO_GET = 20,
	INJECT_FOLIO_PUT = 21,
	INJECT_UNPIN = 22,
	INJECT_SHARE = 23,
	INJECT_STALE_MAPPING = 24,
	INJECT_FREE_NONZERO = 25,
	/* Entries of a file. */
	INJECT_REMOVE_BUSY = 40,
	INJECT_BREAK_INCOMPLETE = 41,
	INJECT_REMOVE_HONEST = 42,
	INJECT_ENTRY_LOCK = 43,
	/* The pgmap of a pfn. */
	INJECT_PGMAP_GET = 60,
	INJECT_PGMAP_PUT = 61,
	/* A pgmap that the module makes for itself. */
	INJECT_DEAD_GET = 62,
	INJECT_DEAD_INSTALL = 63,
	INJECT_DEAD_PIN = 64,
	INJECT_DEAD_INIT = 65,
	INJECT_GONE_PINNED = 66,
	INJECT_RANGES = 67,
	INJECT_PRIVATE_HONEST = 80,
	INJECT_PRIVATE_INIT = 81,
	INJECT_PRIVATE_FREE = 82,
	/* Memory of an emulated PCI device. */
	INJECT_P2P_ALLOC = 100,
	INJECT_P2P_HONEST = 101,
	INJECT_P2P_COUNT = 102,
	/* The address space of a process. */
	INJECT_MM_LOCK = 120,
};

/*
 * struct inject - one command and its answer
 *
 * @cmd:    enum inject_cmd
 * @count:  out: refcount of the folio when the command began
 * @addr:   in: user address in a DAX mapping of the caller that is present in its
 *          page table, or 0: @pfn says which page. The commands on entries of a file
 *          always want @addr. Those below DEAD_GET make a page of their own
 * @pfn:    in, when @addr is 0; out: the page. MM_LOCK: in: the process
 * @window: in: address in a mapping of /dev/daxtop_inject, for the commands that
 *          install; PMD-aligned for INSTALL_PMD and INSTALL_PFN_PMD
 * @ret:    out: what the kernel's function returned, where it returns something:
 *          vm_fault_t of an install (2 is VM_FAULT_SIGBUS, 0x100 VM_FAULT_NOPAGE),
 *          -errno or number of pages of GUP
 */
struct inject {
	__u32 cmd;
	__s32 count;
	__u64 addr;
	__u64 pfn;
	__u64 window;
	__s64 ret;
};

/*
 * 0, or -1 with errno: EOPNOTSUPP this kernel has no such function; EBUSY the page is
 * not in the state that the command asks for; EFAULT no DAX page or no window there;
 * ENOENT the kernel hides a function that the command calls.
 */
#define INJECT_DO _IOWR('x', 1, struct inject)
/* Undoes all that this open file did, the last first. close() does it, too. */
#define INJECT_UNDO _IO('x', 2)

/* Offsets for mmap (MAP_SHARED): VM_PFNMAP for INSTALL_PFN, VM_MIXEDMAP for the others. */
#define INJECT_WINDOW	  0
#define INJECT_WINDOW_PFN 0x40000000

#endif

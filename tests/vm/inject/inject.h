/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * daxtop_inject: what a test says to /dev/daxtop_inject. Kernel and user space share
 * this file.
 */
#ifndef DAXTOP_INJECT_H
#define DAXTOP_INJECT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Command            breaks (rule)            how; "idle" is refcount 0, on 6.12 it is 1
 * INSTALL_MKWRITE    install-zero-ref         vmf_insert_page_mkwrite() of an idle page; the
 *                                             kernel refuses: ret 2. Not on 6.12
 * INSTALL_PAGE       install-zero-ref         vm_insert_page() of an idle page; refused as well
 * INSTALL_FINISH     install-zero-ref         the fault handler hands an idle page over without
 *                                             a reference: nothing checks, the PTE is at refcount 0
 * INSTALL_PMD        install-zero-ref         vmf_insert_folio_pmd() of an idle 2M folio: nothing
 *                                             checks without DEBUG_VM. Not on 6.12
 * INSTALL_MIXED      install-without-ref      vmf_insert_mixed(): special PTE
 * INSTALL_PFN        install-without-ref      vmf_insert_pfn() in a VM_PFNMAP window
 * INSTALL_PFN_PMD    install-without-ref      vmf_insert_pfn_pmd() of a 2M-aligned pfn
 * GRAB_ZERO          grab-nonpositive         INSTALL_FINISH, then get_user_pages() of it: WARN,
 *                                             ret -12 (breaks install-zero-ref, too: no other way
 *                                             leads try_grab_folio() to a page at 0)
 * LONGTERM           longterm-on-fsdax        __get_user_pages(FOLL_PIN | FOLL_LONGTERM) of an
 *                                             honestly mapped page in the window, where the VMA
 *                                             isn't fsdax and the check of folios comes later
 * FOLIO_GET          idle-nonzero, leak       folio_get()
 * FOLIO_PUT          generic-overput, or too  put_page() of a reference that we don't have; the
 *                    few references           page must have at least one
 * UNPIN              pin-imbalance            unpin_user_page() without a pin: the refcount of a
 *                                             small page is far below 0 until the undo
 * SHARE              share-mismatch           one more in share of a shared page
 * STALE_MAPPING      entry-stale-state        mapping set on an idle page without an entry
 * FREE_NONZERO       free-nonzero             free_zone_device_folio() of a page with references
 *                                             (on 6.12 it WARNs and does nothing to fsdax)
 * UNMAP_UNCOUNTED    mapcount-underflow       the rmap of a mapped small page is removed while its
 *                                             mapcount is 0, and put right. Not on 6.12
 * REMOVE_BUSY        removed-while-referenced folio_get(), unmap, then the entry is removed as by
 *                                             a file system that forgot dax_break_layout(): WARN
 * BREAK_INCOMPLETE   break-incomplete         dax_break_layout() of the page's range, and an
 *                                             empty entry comes into it behind the removal, as of
 *                                             a fault that nobody locked out. Not on 6.12
 * REMOVE_HONEST      nothing                  unmaps the page and removes its entry, so that the
 *                                             next fault finds the same page without one (for
 *                                             STALE_MAPPING); EBUSY when somebody holds it
 * ENTRY_LOCK         nothing                  locks the page's entry, as memory_failure() does, until
 *                                             the undo
 * PGMAP_GET          pgmap-leak               get_dev_pagemap()
 * PGMAP_PUT          pgmap-underflow          percpu_ref_put()
 * DEAD_GET           pgmap-dead-use           percpu_ref_get() of a killed pgmap (inlined: only the
 *                                             count shows it). All DEAD_*: a pgmap of the module's
 *                                             own whose memunmap_pages() waits for a holder
 * DEAD_INSTALL       pgmap-dead-use           vm_insert_page() of a page of it
 * DEAD_PIN           pgmap-dead-use           pin_user_pages() of a page that was mapped before
 * DEAD_INIT          pgmap-dead-use           zone_device_page_init() of a PRIVATE page. Not on
 *                                             6.12, which refuses
 * GONE_PINNED        pgmap-gone-under-pin     memunmap_pages() of an own GENERIC pgmap with a
 *                                             pinned page, which is then never touched again
 * RANGES             nothing                  an own GENERIC pgmap of two ranges, with another one
 *                                             between them; a page of the second range is mapped
 * PRIVATE_HONEST     nothing                  zone_device_page_init(), unlock, put of an own page.
 *                                             All PRIVATE_*: Debian's 6.12 has no DEVICE_PRIVATE
 * PRIVATE_INIT       private-init             the same, with refcount 1 before
 * PRIVATE_FREE       private-init             the same, folio_free() leaves mapping set
 * MOVE_PRIVATE       nothing                  anonymous memory, 2M at @window, becomes a PRIVATE pgmap's; a
 *                                             2M page as one folio. @ret: pages that were moved. Unmap
 *                                             it before the undo. Not on 6.12
 * P2P_ALLOC          nothing                  pci_alloc_p2pmem(). All P2P_*: not on 6.12
 * P2P_HONEST         nothing                  such a page mapped: count 0, 1, 2, 1
 * P2P_COUNT          p2pdma-count             the same with one reference too many: 0, 2, 3, 2
 * MM_LOCK            nothing                  takes mmap_lock of a process for writing, until the undo
 *
 * Explicit values: they are in the kernel's log when a command fails.
 */
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
	INJECT_UNMAP_UNCOUNTED = 26,
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
	INJECT_MOVE_PRIVATE = 83,
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

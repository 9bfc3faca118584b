/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_HOOK_H
#define DAXTOP_HOOK_H
/*
 * hook.h - kernel functions that are watched by one program together, where the kernel can do that.
 *
 * Each update of ftrace, at the begin and at the end of a link, costs 15 million instructions on
 * 7.3, whether it is about one function or fifty. A link of type tracing_multi (Linux 7.2) carries
 * one program for many functions and tells it by a cookie which one it is. Elsewhere each hook is a
 * program of its own. Functions that ordinary memory runs through, and most of a fault's, are not
 * here: a program that is shared finds out where it is first, in some 60 instructions.
 *
 * A row: the group, the program's section, its name, the function.
 */
#define DX_HOOKS(X)                                                    \
	X(ENTRY, fentry, dx_delete_range, dax_delete_mapping_range)    \
	X(EXIT, fexit, dx_delete_range_end, dax_delete_mapping_range)  \
	X(EXIT, fexit, dx_delete_entry, wait_entry_unlocked_exclusive) \
	X(ENTRY, fentry, dx_reset_order, dax_folio_reset_order)        \
	X(EXIT, fexit, dx_reset_order_end, dax_folio_reset_order)      \
	X(ENTRY, fentry, dx_invalidate, __dax_invalidate_entry)        \
	X(EXIT, fexit, dx_invalidate_end, __dax_invalidate_entry)      \
	X(ENTRY, fentry, dx_insert_page, insert_page)                  \
	X(ENTRY, fentry, dx_insert_pmd, vmf_insert_folio_pmd)          \
	X(ENTRY, fentry, dx_insert_pud, vmf_insert_folio_pud)          \
	X(ENTRY, fentry, dx_rmap_add_pud, folio_add_file_rmap_pud)     \
	X(ENTRY, fentry, dx_unmap_pmd, folio_remove_rmap_pmd)          \
	X(ENTRY, fentry, dx_unmap_pud, folio_remove_rmap_pud)          \
	X(ENTRY, fentry, dx_install_pfn, insert_pfn)                   \
	X(ENTRY, fentry, dx_install_pfn_pmd, vmf_insert_pfn_pmd)       \
	X(ENTRY, fentry, dx_install_pfn_pud, vmf_insert_pfn_pud)       \
	X(ENTRY, fentry, dx_exit_mmap, exit_mmap)                      \
	X(EXIT, fexit, dx_add_pins, folio_add_pins)                    \
	X(EXIT, fexit, dx_add_pin, folio_add_pin)                      \
	X(ENTRY, fentry, dx_unpin_folio, unpin_folio)                  \
	X(EXIT, fexit, dx_pgmap_add, memremap_pages)                   \
	X(ENTRY, fentry, dx_pgmap_kill, memunmap_pages)                \
	X(EXIT, fexit, dx_pgmap_gone, memunmap_pages)                  \
	X(EXIT, fexit, dx_pgmap_get, get_dev_pagemap)                  \
	X(ENTRY, fentry, dx_pgmap_release, dev_pagemap_percpu_release) \
	X(ENTRY, fentry, dx_page_init, zone_device_page_init)          \
	X(EXIT, fexit, dx_page_init_end, zone_device_page_init)        \
	X(EXIT, fexit, dx_p2p_alloc, pci_alloc_p2pmem)                 \
	X(ENTRY, fentry, dx_p2p_free, pci_free_p2pmem)                 \
	X(ENTRY, fentry, dx_break, dax_break_layout)                   \
	X(EXIT, fexit, dx_break_end, dax_break_layout)                 \
	X(ENTRY, fentry, dx_break_final, dax_break_layout_final)       \
	X(EXIT, fexit, dx_break_final_end, dax_break_layout_final)     \
	X(EXIT, fexit, dx_busy, dax_layout_busy_page_range)            \
	X(ENTRY, fentry, dx_force_sig, force_sig_fault)                \
	X(ENTRY, fentry, dx_force_mceerr, force_sig_mceerr)            \
	X(ENTRY, fentry, dx_send_mceerr, send_sig_mceerr)              \
	X(ENTRY, fentry, dx_poison, memory_failure)                    \
	X(EXIT, fexit, dx_poison_end, memory_failure)

enum dx_hook_group { DX_HOOK_ENTRY, DX_HOOK_EXIT, DX_HOOK_GROUPS };

/* The cookies: dx_delete_range_hook, ... */
#define DX_HOOK_NUMBER(group, section, name, function) name##_hook,
enum dx_hook { DX_HOOKS(DX_HOOK_NUMBER) DX_NR_HOOKS };
#undef DX_HOOK_NUMBER

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* probe.c - the table */
#include <string.h>
#include "probe.h"

/* clang-format off */
#define ONE(t, ...) { { .target = (t), .programs = { __VA_ARGS__ } } }
#define TWO(t1, p1, t2, p2) { { .target = (t1), .programs = { p1 } }, \
			      { .target = (t2), .programs = { p2 } } }

static const struct probe all[] = {
	{ "fault, PTE", "faults, and the counts at their end", true, NULL,
	  ONE("fs_dax:dax_pte_fault_done", "dx_pte_fault_done") },
	{ "fault, PMD", "2M faults", true, NULL,
	  ONE("fs_dax:dax_pmd_fault_done", "dx_pmd_fault_done") },
	{ "fault, MAP_SYNC", "the second half of synchronous faults", false, NULL,
	  ONE("fs_dax:dax_insert_pfn_mkwrite", "dx_sync_fault_done") },
	{ "fault, device-dax", "device-dax faults (their installs are seen)", false, "device_dax",
	  ONE("dev_dax_huge_fault", "dx_dev_fault") },
	{ "entry inserted", "which file and offset a folio belongs to", true, NULL,
	  ONE("dax_insert_entry", "dx_insert_entry") },
	{ "entry removed, range", "truncate, hole punch, evict: entries stay listed", true, NULL,
	  ONE("dax_delete_mapping_range", "dx_delete_range", "dx_delete_range_end", "dx_delete_entry") },
	{ "entry removed, one", "entries removed by invalidation stay listed", false, NULL,
	  ONE("__dax_invalidate_entry", "dx_invalidate", "dx_invalidate_entry", "dx_invalidate_end") },
	{ "install, PTE", "4K mappings: their references look unexplained", true, NULL,
	  TWO("insert_page_into_pte_locked", "dx_install_pte",
	      "folio_add_file_rmap_ptes", "dx_rmap_add_ptes") },
	{ "install, PMD", "2M mappings: their references look unexplained", true, NULL,
	  ONE("folio_add_file_rmap_pmd", "dx_rmap_add_pmd") },
	{ "install, PUD", "1G mappings", false, NULL,
	  ONE("folio_add_file_rmap_pud", "dx_rmap_add_pud") },
	{ "unmap, PTE", "when 4K mappings go", true, NULL,
	  ONE("folio_remove_rmap_ptes", "dx_unmap_ptes") },
	{ "unmap, PMD", "when 2M mappings go", true, NULL,
	  ONE("folio_remove_rmap_pmd", "dx_unmap_pmd") },
	{ "unmap, PUD", "when 1G mappings go", false, NULL,
	  ONE("folio_remove_rmap_pud", "dx_unmap_pud") },
	{ "bare pfn, PTE", "mappings without a reference", false, NULL,
	  ONE("insert_pfn", "dx_install_pfn") },
	{ "bare pfn, PMD", "2M mappings without a reference", false, NULL,
	  ONE("vmf_insert_pfn_pmd", "dx_install_pfn_pmd") },
	{ "bare pfn, PUD", "1G mappings without a reference", false, NULL,
	  ONE("vmf_insert_pfn_pud", "dx_install_pfn_pud") },
	{ "GUP, fast", "pins and references: O_DIRECT, io_uring, RDMA, vmsplice", true, NULL,
	  TWO("gup_fast_fallback", "dx_gup_fast", "try_grab_folio_fast", "dx_grab_fast") },
	{ "GUP, slow", "pins and references taken by a page walk", true, NULL,
	  TWO("__get_user_pages", "dx_gup_slow", "try_grab_folio", "dx_grab") },
	{ "pin again", "further pins on a pinned folio", false, NULL,
	  ONE("folio_add_pin", "dx_add_pin") },
	{ "pin again, many", "further pins on a pinned folio", false, NULL,
	  ONE("folio_add_pins", "dx_add_pins") },
	{ "unpin, array", "releases by unpin_user_pages() and alike: pins look held", true, NULL,
	  ONE("gup_put_folio", "dx_gup_put") },
	{ "unpin, page", "releases by unpin_user_page(): pins look held", true, NULL,
	  ONE("unpin_user_page", "dx_unpin_page") },
	{ "unpin, user folio", "releases by unpin_user_folio() (block I/O, io_uring): pins look held", false, NULL,
	  ONE("unpin_user_folio", "dx_unpin_user_folio") },
	{ "unpin, folio", "releases by unpin_folio(): pins look held", false, NULL,
	  ONE("unpin_folio", "dx_unpin_folio") },
	{ "folio freed", "when a count reaches 0", true, NULL,
	  ONE("free_zone_device_folio", "dx_free") },
	{ "page init", "PRIVATE and COHERENT folios handed out", false, NULL,
	  ONE("zone_device_page_init", "dx_page_init") },
	{ "pgmap added", "devices that appear", true, NULL,
	  ONE("memremap_pages", "dx_pgmap_add") },
	{ "pgmap removed", "devices that go, and the wait for them", true, NULL,
	  ONE("memunmap_pages", "dx_pgmap_kill", "dx_pgmap_gone") },
	{ "pgmap get", "who takes references on a pgmap", false, NULL,
	  ONE("get_dev_pagemap", "dx_pgmap_get") },
	{ "pgmap released", "the last reference of a pgmap", false, NULL,
	  ONE("dev_pagemap_percpu_release", "dx_pgmap_release") },
	{ "layout break", "when truncate and hole punch end waiting", false, NULL,
	  ONE("dax_break_layout", "dx_break", "dx_break_end") },
	{ "layout break, final", "when evict ends waiting", false, NULL,
	  ONE("dax_break_layout_final", "dx_break_final", "dx_break_final_end") },
	{ "busy folio", "what a layout break waits for", true, NULL,
	  ONE("dax_layout_busy_page_range", "dx_busy") },
	{ "fork", "GUP on memory that a child inherited", true, NULL,
	  ONE("sched:sched_process_fork", "dx_fork") },
	{ "exit", "GUP gets slower with time", false, NULL,
	  ONE("exit_mmap", "dx_exit_mmap") },
	{ "existing mappings", "GUP on mappings that are older than daxtop", true, NULL,
	  ONE("iterator over all VMAs", "dx_mark_vmas") },
	{ "module loaded", "probes in modules that come later", false, NULL,
	  ONE("module:module_load", "dx_module") },
};
/* clang-format on */

size_t probe_table(struct probe *table, size_t max)
{
	size_t n = sizeof(all) / sizeof(all[0]);

	_Static_assert(sizeof(all) / sizeof(all[0]) <= PROBE_MAX, "PROBE_MAX");
	if (n > max)
		n = max;
	memcpy(table, all, n * sizeof(all[0]));
	for (size_t i = 0; i < n; i++) {
		table[i].state = PROBE_MISSING;
		table[i].chosen = -1;
	}
	return n;
}

const char *probe_state_name(enum probe_state state)
{
	static const char *const names[] = {
		[PROBE_ATTACHED] = "attached",
		[PROBE_MISSING] = "missing",
		[PROBE_WAITING] = "waiting",
		[PROBE_UNNEEDED] = "not needed",
	};

	return names[state];
}

const char *probe_kind(const char *section)
{
	if (!strncmp(section, "fentry/", 7))
		return "fentry";
	if (!strncmp(section, "fexit/", 6))
		return "fexit";
	if (!strncmp(section, "iter/", 5))
		return "iterator";
	return "tracepoint";
}

bool probe_essential_ok(const struct probe *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].essential && table[i].state == PROBE_MISSING)
			return false;
	return true;
}

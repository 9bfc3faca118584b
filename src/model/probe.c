// SPDX-License-Identifier: GPL-2.0-only
/* probe.c - the table */
#include <stdio.h>
#include <string.h>
#include "event.h"
#include "model/probe.h"

/* clang-format off */
#define ONE(t, ...) .candidates = { { .target = (t), .programs = { __VA_ARGS__ } } }
#define TWO(t1, p1, t2, p2) .candidates = { { .target = (t1), .programs = { p1 } }, \
					    { .target = (t2), .programs = { p2 } } }

#define LEGACY .regimes = 1u << REGIME_LEGACY
#define SINCE_6_15 .regimes = 1u << REGIME_TRANSITION | 1u << REGIME_CURRENT
#define MUST .essential = true
#define MAY  .essential = false

/* ---- which events of `trace --event` a row is for: by what its programs do, not by their names ---- */

#define E(type) (1u << DX_##type)
/* Broken rules come from everywhere; so does what makes daxtop read a count by itself (engine_asks()). */
#define OF_ALL (E(VIOLATION) | E(SAMPLE) | E(PGMAP_REFS) | E(TASK_GONE))
/* A GUP call is looked at when its mm was marked (bpf/mark.bpf.h). */
#define PINS (E(PIN) | E(GET))
/*
 * A fault's record is made by the programs of its entry, its installs and its end (struct fault,
 * bpf/task.bpf.h); without one of them the others tell of half a fault, or of an install outside of one.
 * They send the file's path before it (bpf/file.bpf.h).
 */
#define FAULTS (E(FAULT) | E(INSERT) | E(INSTALL))
/* These name a file by its number: its path was sent by a fault, by an install outside of one, or by an unmap. */
#define BY_INODE (E(SIGBUS) | E(POISON) | E(REMOVE) | E(UNMAP) | E(INSTALL_PFN) | PINS | E(UNPIN) | E(FREE) | E(BREAK_BUSY) | \
		  E(BREAK_DONE) | E(DEV_FAULT) | E(FILE))
#define BREAKS (E(BREAK_BUSY) | E(BREAK_DONE))
/* Without it a row is for every event: names of devices, modules. */
#define FOR(events) .serves = OF_ALL | (events)

static const struct probe all[] = {
	{ .event = "fault, PTE", .tells = DX_FAULT, .costs = "faults, and the counts at their end", MUST, FOR(FAULTS | BY_INODE),
	  ONE("fs_dax:dax_pte_fault_done", "dx_pte_fault_done") },
	{ .event = "fault, PMD", .tells = DX_FAULT, .costs = "2M faults", MUST, FOR(FAULTS | BY_INODE),
	  ONE("fs_dax:dax_pmd_fault_done", "dx_pmd_fault_done") },
	{ .event = "fault, MAP_SYNC", .tells = DX_FAULT, .costs = "the second half of synchronous faults", MAY, FOR(FAULTS | BY_INODE),
	  ONE("fs_dax:dax_insert_pfn_mkwrite", "dx_sync_fault_done") },
	{ .event = "fault, device-dax", .tells = DX_DEV_FAULT, .costs = "device-dax faults (their installs are seen)", MAY, .module = "device_dax", FOR(E(DEV_FAULT) | E(SIGBUS)),
	  ONE("dev_dax_huge_fault", "dx_dev_fault") },
	{ .event = "entry inserted", .tells = DX_INSERT, .costs = "which file and offset a folio belongs to", MUST, FOR(FAULTS | BY_INODE),
	  ONE("dax_insert_entry", "dx_insert_entry") },
	{ .event = "entry removed, range", .tells = DX_REMOVE, .costs = "truncate, hole punch, evict: entries stay listed", MUST, SINCE_6_15, FOR(E(REMOVE)),
	  ONE("dax_delete_mapping_range", "dx_delete_range", "dx_delete_range_end", "dx_delete_entry") },
	{ .event = "entry removed, one", .tells = DX_REMOVE, .costs = "entries removed by invalidation stay listed", MAY, FOR(E(REMOVE)),
	  ONE("__dax_invalidate_entry", "dx_invalidate", "dx_invalidate_end") },
	/* dx_disassociate() completes what "entry removed, one" tells on a legacy kernel */
	{ .event = "last entry removed", .costs = "whether a folio is idle when it leaves its file", MAY, FOR(E(REMOVE)),
	  .candidates = { { .target = "dax_folio_reset_order", .programs = { "dx_reset_order", "dx_reset_order_end" } },
			  { .target = "dax_disassociate_entry", .programs = { "dx_disassociate" } },
			  { .target = "wait_entry_unlocked_exclusive", .programs = { "dx_last_entry" } } } },
	{ .event = "install, attempts", .costs = "attempts to map a 4K page without a reference", MAY, SINCE_6_15, .judging = true, FOR(0),
	  ONE("insert_page", "dx_insert_page") },
	{ .event = "install, PMD attempts", .costs = "attempts to map a 2M folio without a reference", MAY, SINCE_6_15, FOR(0),
	  ONE("vmf_insert_folio_pmd", "dx_insert_pmd") },
	{ .event = "install, PUD attempts", .costs = "attempts to map a 1G folio without a reference", MAY, SINCE_6_15, FOR(0),
	  ONE("vmf_insert_folio_pud", "dx_insert_pud") },
	{ .event = "install, PTE", .tells = DX_INSTALL, .costs = "4K mappings: their references look unexplained", MUST, FOR(FAULTS | BY_INODE),
	  TWO("insert_page_into_pte_locked", "dx_install_pte",
	      "folio_add_file_rmap_ptes", "dx_rmap_add_ptes") },
	{ .event = "install, PMD", .tells = DX_INSTALL, .costs = "2M mappings: their references look unexplained", MUST, FOR(FAULTS | BY_INODE),
	  ONE("folio_add_file_rmap_pmd", "dx_rmap_add_pmd") },
	{ .event = "install, PUD", .tells = DX_INSTALL, .costs = "1G mappings", MAY, FOR(FAULTS | BY_INODE),
	  ONE("folio_add_file_rmap_pud", "dx_rmap_add_pud") },
	{ .event = "unmap, PTE", .tells = DX_UNMAP, .costs = "when 4K mappings go", MUST, FOR(BY_INODE),
	  ONE("folio_remove_rmap_ptes", "dx_unmap_ptes") },
	{ .event = "unmap, PMD", .tells = DX_UNMAP, .costs = "when 2M mappings go", MUST, FOR(BY_INODE),
	  ONE("folio_remove_rmap_pmd", "dx_unmap_pmd") },
	{ .event = "unmap, PUD", .tells = DX_UNMAP, .costs = "when 1G mappings go", MAY, FOR(BY_INODE),
	  ONE("folio_remove_rmap_pud", "dx_unmap_pud") },
	{ .event = "bare pfn, PTE", .tells = DX_INSTALL_PFN, .costs = "mappings without a reference", MAY, FOR(BY_INODE),
	  ONE("insert_pfn", "dx_install_pfn") },
	{ .event = "bare pfn, PMD", .tells = DX_INSTALL_PFN, .costs = "2M mappings without a reference", MAY, FOR(BY_INODE),
	  ONE("vmf_insert_pfn_pmd", "dx_install_pfn_pmd") },
	{ .event = "bare pfn, PUD", .tells = DX_INSTALL_PFN, .costs = "1G mappings without a reference", MAY, FOR(BY_INODE),
	  ONE("vmf_insert_pfn_pud", "dx_install_pfn_pud") },
	{ .event = "GUP", .tells = DX_PIN, FOR(PINS),
	  .costs = "pins and references: O_DIRECT, io_uring, RDMA, vmsplice, ptrace", MUST,
	  .candidates = { { .target = "gup_fast_fallback", .programs = { "dx_gup_fast", "dx_gup_slow" } },
			  { .target = "try_grab_folio_fast", .programs = { "dx_grab_fast", "dx_grab" } } } },
	{ .event = "grab", .costs = "attempts of GUP to take a page without a reference", MAY, FOR(0),
	  ONE("try_grab_folio", "dx_grab_try") },
	{ .event = "pin again", .tells = DX_PIN, .costs = "further pins on a pinned folio", MAY, FOR(E(PIN)),
	  ONE("folio_add_pin", "dx_add_pin") },
	{ .event = "pin again, many", .tells = DX_PIN, .costs = "further pins on a pinned folio", MAY, FOR(E(PIN)),
	  ONE("folio_add_pins", "dx_add_pins") },
	{ .event = "unpin, array", .tells = DX_UNPIN, .costs = "releases by unpin_user_pages() and alike: pins look held", MUST, FOR(E(UNPIN)),
	  ONE("gup_put_folio", "dx_gup_put") },
	{ .event = "unpin, page", .tells = DX_UNPIN, .costs = "releases by unpin_user_page(): pins look held", MUST, FOR(E(UNPIN)),
	  ONE("unpin_user_page", "dx_unpin_page") },
	{ .event = "unpin, user folio", .tells = DX_UNPIN, .costs = "releases by unpin_user_folio() (block I/O, io_uring): pins look held", MAY, FOR(E(UNPIN)),
	  ONE("unpin_user_folio", "dx_unpin_user_folio") },
	{ .event = "unpin, folio", .tells = DX_UNPIN, .costs = "releases by unpin_folio(): pins look held", MAY, FOR(E(UNPIN)),
	  ONE("unpin_folio", "dx_unpin_folio") },
	{ .event = "folio freed", .tells = DX_FREE, .costs = "when a count reaches 0", MUST, FOR(E(FREE)),
	  ONE("free_zone_device_folio", "dx_free") },
	{ .event = "folio freed, at one", .tells = DX_FREE, .costs = "when the count of a filesystem's folio falls to 1", MUST, LEGACY, FOR(E(FREE)),
	  ONE("__put_devmap_managed_folio_refs", "dx_put_managed") },
	{ .event = "page init", .tells = DX_PAGE_INIT, .costs = "PRIVATE and COHERENT folios handed out", MAY, FOR(E(PAGE_INIT) | PINS),
	  ONE("zone_device_page_init", "dx_page_init", "dx_page_init_end") },
	{ .event = "pgmap added", .tells = DX_PGMAP_ADD, .costs = "devices that appear", MUST,
	  ONE("memremap_pages", "dx_pgmap_add") },
	{ .event = "pgmap removed", .tells = DX_PGMAP_KILL, .costs = "devices that go, and the wait for them", MUST,
	  ONE("memunmap_pages", "dx_pgmap_kill", "dx_pgmap_gone") },
	{ .event = "pgmap get", .tells = DX_PGMAP_GET, .costs = "who takes references on a pgmap", MAY, FOR(E(PGMAP_GET)),
	  ONE("get_dev_pagemap", "dx_pgmap_get") },
	{ .event = "pgmap released", .tells = DX_PGMAP_RELEASE, .costs = "the last reference of a pgmap", MAY, FOR(E(PGMAP_RELEASE)),
	  ONE("dev_pagemap_percpu_release", "dx_pgmap_release") },
	{ .event = "P2PDMA memory", .tells = DX_P2P_ALLOC, .costs = "what holds a pgmap of PCI peer-to-peer memory", MAY, FOR(E(P2P_ALLOC) | E(P2P_FREE)),
	  ONE("pci_alloc_p2pmem", "dx_p2p_alloc", "dx_p2p_free") },
	{ .event = "layout break", .tells = DX_BREAK_DONE, .costs = "when truncate and hole punch end waiting", MAY, SINCE_6_15, FOR(BREAKS),
	  ONE("dax_break_layout", "dx_break", "dx_break_end") },
	{ .event = "layout break, final", .tells = DX_BREAK_DONE, .costs = "when evict ends waiting", MAY, SINCE_6_15, FOR(BREAKS),
	  ONE("dax_break_layout_final", "dx_break_final", "dx_break_final_end") },
	{ .event = "busy folio", .tells = DX_BREAK_BUSY, .costs = "what a layout break waits for", MUST, FOR(BREAKS),
	  ONE("dax_layout_busy_page_range", "dx_busy") },
	{ .event = "SIGBUS", .tells = DX_SIGBUS, .costs = "who gets SIGBUS for DAX memory, and why", MAY, FOR(E(SIGBUS)),
	  ONE("force_sig_fault", "dx_force_sig") },
	{ .event = "SIGBUS, bad memory", .tells = DX_SIGBUS, .costs = "who gets SIGBUS for bad memory", MAY, FOR(E(SIGBUS)),
	  ONE("force_sig_mceerr", "dx_force_mceerr", "dx_send_mceerr") },
	{ .event = "no space, ext4", .tells = DX_SIGBUS, .costs = "no-space as the reason of a SIGBUS on ext4", MAY, .module = "ext4", FOR(E(SIGBUS)),
	  ONE("ext4:ext4_ext_map_blocks_exit", "dx_ext4_no_space") },
	{ .event = "no space, XFS", .tells = DX_SIGBUS, .costs = "no-space as the reason of a SIGBUS on XFS", MAY, .module = "xfs", FOR(E(SIGBUS)),
	  ONE("xfs:xfs_blockgc_flush_all", "dx_xfs_no_space") },
	{ .event = "poison", .tells = DX_POISON, .costs = "memory that turns out to be bad, and who maps it", MAY, FOR(E(POISON) | E(SIGBUS)),
	  ONE("memory_failure", "dx_poison", "dx_poison_end") },
	{ .event = "fork", .tells = DX_PIN, .costs = "GUP on memory that a child inherited", MUST, FOR(PINS),
	  ONE("sched:sched_process_fork", "dx_fork") },
	{ .event = "exit", .costs = "GUP gets slower with time", MAY, FOR(PINS),
	  ONE("exit_mmap", "dx_exit_mmap") },
	{ .event = "existing mappings", .costs = "GUP on mappings that are older than daxtop", MUST, FOR(PINS),
	  ONE("iterator over all processes", "dx_mark_mms") },
	{ .event = "module loaded", .tells = DX_MODULE, .costs = "probes in modules that come later", MAY,
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

void probe_choose(struct probe *table, size_t n, enum regime regime, bool judge, uint32_t events)
{
	for (size_t i = 0; i < n; i++) {
		struct probe *p = &table[i];

		if (p->regimes && !(p->regimes & 1u << regime)) {
			p->state = PROBE_UNNEEDED;
			snprintf(p->why, sizeof(p->why),
				 "kernels of the %s regime don't work this way", regime_name(regime));
		} else if (p->judging && !judge) {
			p->state = PROBE_UNNEEDED;
			snprintf(p->why, sizeof(p->why),
				 "daxtop check attaches it: it costs every fault something");
		} else if (events && p->serves && !(p->serves & events)) {
			p->state = PROBE_LEFT_OUT;
			snprintf(p->why, sizeof(p->why), "the events of --event don't need it");
		}
	}
}

bool candidate_has(const struct probe_candidate *c, const char *program)
{
	for (int i = 0; i < PROBE_PROGRAMS && c->programs[i]; i++)
		if (!strcmp(c->programs[i], program))
			return true;
	return false;
}

static bool has_program(const struct probe *p, const char *name)
{
	for (int c = 0; c < PROBE_CANDIDATES; c++)
		if (candidate_has(&p->candidates[c], name))
			return true;
	return false;
}

bool probe_program_wanted(const struct probe *table, size_t n, const char *program)
{
	for (size_t i = 0; i < n; i++)
		if (has_program(&table[i], program))
			return table[i].state != PROBE_UNNEEDED && table[i].state != PROBE_LEFT_OUT;
	return true;
}

const char *probe_state_name(enum probe_state state)
{
	static const char *const names[] = {
		[PROBE_ATTACHED] = "attached", [PROBE_MISSING] = "missing",
		[PROBE_WAITING] = "waiting",   [PROBE_UNNEEDED] = "not needed",
		[PROBE_LEFT_OUT] = "left out",
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

const char *regime_name(enum regime r)
{
	return r == REGIME_LEGACY ? "legacy" : r == REGIME_TRANSITION ? "transition" : "current";
}

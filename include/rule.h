/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_RULE_H
#define DAXTOP_RULE_H
/*
 * rule.h - the rules' numbers, what a violation says, and the counters that bpf/
 * keeps. Both sides include it after event.h. What each rule means stands in
 * src/rule/.
 */
#include "event.h"

/* Explicit values: they will stand in recordings. Append, never renumber. */
enum dx_rule {
	DX_RULE_NONE = 0,
	/* decided in bpf/, at the point itself */
	DX_RULE_INSTALL_ZERO_REF = 1,
	DX_RULE_INSTALL_WITHOUT_REF = 2,
	DX_RULE_IDLE_NONZERO = 3,
	DX_RULE_FREE_NONZERO = 4,
	DX_RULE_FOLIO_OVERPUT = 5,
	DX_RULE_ENTRY_STALE_STATE = 6,
	DX_RULE_SHARE_MISMATCH = 7,
	DX_RULE_REMOVED_WHILE_REFERENCED = 8,
	DX_RULE_BREAK_INCOMPLETE = 9,
	DX_RULE_LONGTERM_ON_FSDAX = 10,
	DX_RULE_GENERIC_OVERPUT = 11,
	DX_RULE_PRIVATE_INIT = 12,
	DX_RULE_P2PDMA_COUNT = 13,
	DX_RULE_PIN_IMBALANCE = 14,
	DX_RULE_GRAB_NONPOSITIVE = 15,
	DX_RULE_PGMAP_DEAD_USE = 16,
	DX_RULE_PGMAP_GONE_UNDER_PIN = 17,
	/* decided in engine/, from history, samples and age */
	DX_RULE_FOLIO_LEAK = 18,
	DX_RULE_PGMAP_LEAK = 19,
	DX_RULE_PGMAP_UNDERFLOW = 20,
	DX_RULE_STALL_BREAK_LAYOUT = 21,
	DX_RULE_STALL_EVICT = 22,
	DX_RULE_STALL_MEMUNMAP = 23,
	DX_RULES
};

/* How exactly a rule was broken: dx_event.ret of a DX_VIOLATION. */
enum dx_detail {
	DX_D_NONE = 0,
	DX_D_BARE_PFN = 1, /* install-*: insert_pfn() and alike */
	DX_D_PAGE = 2, /* install-*: insert_page(), vmf_insert_folio_*() */
	DX_D_MAPPING_BEFORE = 3, /* entry-stale-state: mapping set before the insert */
	DX_D_ORDER_BEFORE = 4, /* entry-stale-state: got: order before the insert */
	DX_D_MAPPING_AFTER = 5, /* mapping is not what it must be after an insert or removal */
	DX_D_INDEX_AFTER = 6, /* entry-stale-state: index (addr: the index found) */
	DX_D_ORDER_AFTER = 7, /* got: order; wanted: order */
	DX_D_SHARE_AFTER = 8, /* got: share count left or found */
	DX_D_NO_OWNER = 9, /* share-mismatch: neither mapping nor share count */
	DX_D_PGMAP_AFTER = 10, /* removed-while-referenced: the pgmap pointer was not restored */
	DX_D_REFCOUNT = 11, /* got: refcount; wanted: refcount */
	DX_D_UNLOCKED = 12, /* private-init: handed out unlocked */
	DX_D_UNPIN = 13, /* pin-imbalance: nr unpinned, got: pins there were */
	DX_D_PINCOUNT = 14, /* pin-imbalance: got: _pincount above refcount */
	DX_D_FREED_MAPPED = 15, /* folio-overput: got: mapcount at free */
	DX_D_BELOW_MAPCOUNT =
		16, /* got: refcount; wanted: at least as many as mappings (and device-dax's one) */
	DX_D_INSTALL = 17, /* pgmap-dead-use: installed */
	DX_D_PIN = 18, /* pgmap-dead-use: pinned or got by GUP */
	DX_D_PGMAP_GET = 19, /* pgmap-dead-use: get_dev_pagemap(), zone_device_page_init() */
	DX_D_NO_FLAG = 20, /* p2pdma-count: GUP without FOLL_PCI_P2PDMA */
	DX_D_ENTRY_LEFT = 21, /* break-incomplete: an entry at index */
	DX_D_IN_USE = 22, /* pgmap-gone-under-pin: got: refcount, wanted: idle count */
	DX_D_STALE_INDEX = 23, /* share-mismatch: got: the index that owners are counted on from */
	DX_DETAILS
};

/*
 * The map "rules", one element a CPU: how often each rule was checked and broken
 * since the programs were attached. Complete even when the ring is full.
 */
struct dx_rule_counts {
	__dx_u64 checked[DX_RULES];
	__dx_u64 broken[DX_RULES];
	/* Folios pinned or mapped when their pgmap went (pgmap-gone-under-pin), all of them. */
	__dx_u64 gone_folios;
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_RULE_H
#define DAXTOP_RULE_H
/*
 * rule.h - the rules' numbers, what a violation says, and the counters that bpf/
 * keeps. Both sides include it after event.h. What each rule means stands in
 * src/rule/.
 */
#include "event.h"

/* rules.def has them. */
enum dx_rule {
	DX_RULE_NONE = 0,
#define RULE(constant, number, ...) DX_RULE_##constant = number,
#include "rules.def"
#undef RULE
	DX_RULES
};

/* Sets of them, a bit each: by where they are judged. */
#define RULE_ENGINE(bit)   0
#define RULE_STANDING(bit) 0
#define RULE_WAIT(bit)	   0
#define RULE_POINT(bit)	   bit
static const __dx_u32 dx_rules_at_point = /* in bpf/: records and counters tell of them */
#define RULE(constant, number, id, section, judged, ...) judged(1u << number) |
#include "rules.def"
	0;
#undef RULE_POINT
#undef RULE_WAIT
#define RULE_POINT(bit) 0
#define RULE_WAIT(bit)	bit
static const __dx_u32 dx_rules_of_waits = /* somebody waits too long */
#include "rules.def"
	0;
#undef RULE
#undef RULE_ENGINE
#undef RULE_STANDING
#undef RULE_WAIT
#undef RULE_POINT

static inline int dx_rule_in(unsigned int rule, __dx_u32 rules)
{
	return rule < DX_RULES && rules & 1u << rule;
}

/* clang-format off */
/* How exactly a rule was broken: dx_event.ret of a DX_VIOLATION. X(constant, number, name). */
#define DX_RULE_DETAILS(X) \
	X(NONE, 0, "none") \
	X(BARE_PFN, 1, "bare-pfn") /* install-*: insert_pfn() and alike */ \
	X(PAGE, 2, "page") /* install-*: insert_page(), vmf_insert_folio_*() */ \
	X(MAPPING_BEFORE, 3, "mapping-before") /* entry-stale-state: mapping set before the insert */ \
	X(ORDER_BEFORE, 4, "order-before") /* entry-stale-state: got: order before the insert */ \
	X(MAPPING_AFTER, 5, "mapping-after") /* mapping is not what it must be after an insert or removal */ \
	X(INDEX_AFTER, 6, "index-after") /* entry-stale-state: index (addr: the index found) */ \
	X(ORDER_AFTER, 7, "order-after") /* got: order; wanted: order */ \
	X(SHARE_AFTER, 8, "share-after") /* got: share count left or found */ \
	X(NO_OWNER, 9, "no-owner") /* share-mismatch: neither mapping nor share count */ \
	X(PGMAP_AFTER, 10, "pgmap-after") /* removed-while-referenced: the pgmap pointer was not restored */ \
	X(REFCOUNT, 11, "refcount") /* got: refcount; wanted: refcount */ \
	X(UNLOCKED, 12, "unlocked") /* private-init: handed out unlocked */ \
	X(UNPIN, 13, "unpin") /* pin-imbalance: nr unpinned, got: pins there were */ \
	X(PINCOUNT, 14, "pincount") /* pin-imbalance: got: _pincount above refcount */ \
	X(FREED_MAPPED, 15, "freed-mapped") /* folio-overput: got: mapcount at free */ \
	X(BELOW_MAPCOUNT, 16, "below-mapcount") /* got: refcount; wanted: at least as many as mappings (and device-dax's one) */ \
	X(INSTALL, 17, "install") /* pgmap-dead-use: installed */ \
	X(PIN, 18, "pin") /* pgmap-dead-use: pinned or got by GUP */ \
	X(PGMAP_GET, 19, "pgmap-get") /* pgmap-dead-use: get_dev_pagemap(), zone_device_page_init() */ \
	X(NO_FLAG, 20, "no-flag") /* p2pdma-count: GUP without FOLL_PCI_P2PDMA */ \
	X(ENTRY_LEFT, 21, "entry-left") /* break-incomplete: an entry at index */ \
	X(IN_USE, 22, "in-use") /* pgmap-gone-under-pin: got: refcount, wanted: idle count */ \
	X(STALE_INDEX, 23, "stale-index") /* share-mismatch: got: the index that owners are counted on from */
/* clang-format on */
enum dx_detail {
#define DETAIL_CONSTANT(constant, number, name) DX_D_##constant = number,
	DX_RULE_DETAILS(DETAIL_CONSTANT)
#undef DETAIL_CONSTANT
		DX_DETAILS
};

/*
 * How often each rule was checked and broken since the programs were attached. Complete even when the
 * ring is full.
 */
struct dx_rule_counts {
	__dx_u64 checked[DX_RULES];
	__dx_u64 broken[DX_RULES];
	/* Folios pinned or mapped when their pgmap went (pgmap-gone-under-pin), all of them. */
	__dx_u64 gone_folios;
	/* Pages whose stale index was taken down (left_indexes), and those of them that have it no more. */
	__dx_u64 left_kept, left_gone;
};

/* The map "rules" has one of a CPU. */
struct dx_rule_cpu {
	struct dx_rule_counts counts; /* but for what follows */
	__dx_u64 unmapped[2]; /* each of them is a check of two rules; [1]: of device-dax's memory */
};

#define DX_INDEXES_MAX \
	16384 /* in left_indexes; then the one that was not looked at for longest goes, and nobody says so */

/* So many stale indexes were forgotten at least. @c: of all CPUs together. */
static inline __dx_u64 dx_left_forgotten(const struct dx_rule_counts *c)
{
	return c->left_kept > c->left_gone + DX_INDEXES_MAX
		       ? c->left_kept - c->left_gone - DX_INDEXES_MAX
		       : 0;
}

#endif

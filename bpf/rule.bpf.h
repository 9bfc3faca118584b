/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_RULE_BPF_H
#define DAXTOP_RULE_BPF_H
/*
 * rule.bpf.h - rules that need only the folio at hand: counted per CPU, so that no
 * violation is lost with the ring; a record goes out of the first ones and of
 * samples.
 *
 * Counts that other CPUs change are judged from one load, or, where there are two,
 * only when they are wrong in several looks in a row (rule_below_mapcount()).
 */
#include "emit.bpf.h"
#include "rule.h"
#include "stack.bpf.h"

struct rules_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dx_rule_cpu);
};
/* How many violations a kind and place has had: the first ones are told, then 1 in 2^n. */
struct place {
	__u32 rule, detail;
	__s32 stack;
	__u32 pad;
};
struct places_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct place);
	__type(value, __u64);
};
/* pgmaps of device-dax, told by user space: the only GENERIC ones whose folios rest at 1. */
struct devdax_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* struct dev_pagemap * */
	__type(value, __u8);
};
/* Order-0 pages whose last entry has gone, and the index that stayed; see index_stays. */
struct left_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DX_INDEXES_MAX);
	__type(key, __u64); /* address of struct page */
	__type(value, __u64);
};
extern struct rules_map rules SEC(".maps");
extern struct places_map places SEC(".maps");
extern struct devdax_map devdax_pgmaps SEC(".maps");
extern struct left_map left_indexes SEC(".maps");
extern const volatile bool rules_on; /* the bench compares */
extern const volatile bool legacy; /* an FS_DAX folio is idle at 1 (rules.md: 6.14 and before) */
/*
 * dax_folio_put() clears the mapping of an order-0 folio and leaves its index (fs/dax.c, 6.15 to 7.0; then
 * dax_folio_reset_order() clears both). It is the word of the share count.
 */
extern const volatile bool index_stays;
extern const volatile bool strict; /* tell of what the legacy regime does by design, too */

#define PLACE_FIRST 4 /* violations of a place that are told, each */

static __always_inline struct dx_rule_cpu *rule_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rules, &zero);
}

static __always_inline struct dx_rule_counts *rule_counts(void)
{
	struct dx_rule_cpu *c = rule_cpu();

	return c ? &c->counts : NULL;
}

/* Atomic: tasks preempt each other in a program. */
static __always_inline void rule_checked(struct dx_rule_counts *c, enum dx_rule rule)
{
	if (c)
		__sync_fetch_and_add(&c->checked[rule], 1);
}

/*
 * A violation is handed on in registers. By its address on the stack the verifier would follow
 * it, and all that is called with it, anew from each place where a rule can be broken
 * (from 7.1 on: kernel/bpf/liveness.c, analyze_subprog()).
 *
 * What: rule, detail, what the place is, level and number of pages.
 */
enum where { WHERE_ADDR, WHERE_PGMAP, WHERE_INODE };

#define WHAT(rule, detail)   ((__u64)(rule) | (__u64)(detail) << 8)
#define WHAT_WHERE(where)    ((__u64)(where) << 16)
#define WHAT_LEVEL(level)    ((__u64)(level) << 24)
#define WHAT_NR(nr)	     ((__u64)(__u32)(nr) << 32)
#define COUNTS(wanted, got)  ((__u64)(__u32)(wanted) | (__u64)(__u32)(got) << 32)
#define STACKS(kernel, user) ((__u64)(__u32)(kernel) | (__u64)(__u32)(user) << 32)

/* The first of a place, and then 1 in 2^n. */
static __always_inline bool place_tells(__u32 rule, __u32 detail, __s32 stack)
{
	struct place key = { .rule = rule, .detail = detail, .stack = stack };
	__u64 *n = bpf_map_lookup_elem(&places, &key), one = 1;

	if (!n) {
		bpf_map_update_elem(&places, &key, &one, BPF_ANY);
		return true;
	}
	one = __sync_fetch_and_add(n, 1) + 1;
	return one <= PLACE_FIRST || !(one & (one - 1));
}

/*
 * Counts it; sends a record of it perhaps. @at: the folio's head page, 0: none. @where: the
 * user's address, or the pgmap, or the inode; with that @counts is a page offset, and the value got
 * stands in the place of the number. A global
 * function, here and elsewhere: the verifier looks at it once, not again from each caller.
 */
__noinline int rule_tell(__u64 what, __u64 at, __u64 counts, __u64 where, __u64 stacks)
{
	struct dx_rule_counts *c = rule_counts();
	__u32 rule = what & 0xff, detail = what >> 8 & 0xff, kind = what >> 16 & 0xff;
	__u64 inode = 0, mapping;
	struct dx_event *e;

	/* what is compared is what indexes: clang 19 takes the byte out of @what again, unbounded */
	barrier_var(rule);
	if (!c || rule >= DX_RULES)
		return 0;
	__sync_fetch_and_add(&c->broken[rule], 1);
	if (!place_tells(rule, detail, (__s32)stacks))
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		lost_count(DX_VIOLATION);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	event_who(e, DX_VIOLATION, at ? 0 : DX_F_NO_FOLIO);
	if (at) {
		event_counts(e, folio_cast(at), at);
		mapping = (__u64)folio_mapping(at);
		if (mapping) {
			inode = word_at(mapping + bpf_core_field_offset(struct address_space, host));
			e->index = folio_cast(at)->index;
		}
	}
	e->arg = rule;
	e->ret = detail;
	e->level = what >> 24 & 0xff;
	e->nr = what >> 32 ? what >> 32 : 1;
	e->stack = (__s32)stacks;
	event_ustack(e, stacks >> 32);
	if (kind == WHERE_INODE) {
		inode = where;
		if (counts)
			e->index = counts;
		e->since = what >> 32;
		e->nr = 1;
	} else {
		e->ref_first = (__s32)counts;
		e->since = (__s32)(counts >> 32);
		if (kind == WHERE_PGMAP)
			e->pgmap = where;
		else
			e->addr = where;
	}
	if (inode)
		event_inode(e, cast(inode, inode));
	event_submit(e);
	return 0;
}

static __noinline int rule_broken(void *ctx, __u64 what, __u64 at, __u64 counts, __u64 where)
{
	__s32 stack = stack_id(ctx, 0);
	__s32 user = stack_id(ctx, BPF_F_USER_STACK);

	return rule_tell(what, at, counts, where, STACKS(stack, user));
}

/* ---- what is idle, what is dead ---- */

static __always_inline int idle_count(__u32 type)
{
	return memory_idle_count(type, legacy);
}

/* memunmap_pages() killed it: no new reference may come, nothing new may be mapped. */
static __always_inline bool pgmap_dead(const struct dev_pagemap *pgmap)
{
	return pgmap->ref.percpu_count_ptr & PERCPU_REF_DEAD;
}

static __always_inline bool pgmap_is_devdax(__u64 pgmap)
{
	return bpf_map_lookup_elem(&devdax_pgmaps, &pgmap);
}

/*
 * A mapping's reference is taken before its mapcount and put after it (copy_present_ptes(),
 * insert_page_into_pte_locked(), zap_present_folio_ptes()), so refcount >= mapcount
 * at every moment. Of a small folio both are one word. Of a large one they are two loads,
 * between which others can map and unmap: only when four looks agree, each with the
 * mapcount before and after, it is said. The caller has seen it once. Not for
 * a legacy FS_DAX folio, whose mappings hold nothing.
 *
 * @base: references that are there besides (1: device-dax's own; -1: a mapping has none).
 * Returns COUNTS(), 0: right.
 */
__noinline __u64 below_mapcount(__u64 at, int base)
{
	struct folio *folio = folio_cast(at);
	struct folio_counts n = folio_counts_small(at);
	int wanted = 0, ref = 0;

	if (folio_is_large(folio)) {
		for (int i = 0; i < 4; i++) {
			int before = *(volatile int *)&folio->_large_mapcount.counter + 1;
			int after;

			ref = *(volatile int *)&folio->_refcount.counter;
			after = *(volatile int *)&folio->_large_mapcount.counter + 1;
			wanted = base + (before < after ? before : after);
			if (ref >= wanted)
				return 0;
		}
	} else {
		ref = n.ref;
		wanted = base + n.map;
		if (ref >= wanted)
			return 0;
	}
	return COUNTS(wanted, ref);
}

static __always_inline int rule_below_mapcount(void *ctx, __u64 at, int base)
{
	__u64 counts = below_mapcount(at, base);

	if (!counts)
		return 0;
	return rule_broken(ctx,
			   WHAT(base > 0 ? DX_RULE_GENERIC_OVERPUT : DX_RULE_FOLIO_OVERPUT,
				DX_D_BELOW_MAPCOUNT),
			   at, counts, 0);
}

#endif

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

struct rules_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dx_rule_counts);
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
extern struct rules_map rules SEC(".maps");
extern struct places_map places SEC(".maps");
extern struct devdax_map devdax_pgmaps SEC(".maps");
extern const volatile bool rules_on; /* the bench compares */
extern const volatile bool legacy; /* an FS_DAX folio is idle at 1 (rules.md: 6.14 and before) */
extern const volatile bool strict; /* tell of what the legacy regime does by design, too */

#define PLACE_FIRST 4 /* violations of a place that are told, each */

static __always_inline struct dx_rule_counts *rule_counts(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rules, &zero);
}

/* Atomic: tasks preempt each other in a program. */
static __always_inline void rule_checked(struct dx_rule_counts *c, enum dx_rule rule)
{
	if (c)
		__sync_fetch_and_add(&c->checked[rule], 1);
}

/* A violation, as its point knows it. Zeroed but for what is said. */
struct violation {
	__u64 at; /* address of the folio's head page, 0: none */
	__u64 pgmap; /* 0: the folio's */
	__u64 addr, index;
	struct inode *inode; /* NULL: the folio's mapping's */
	__u32 rule; /* enum dx_rule */
	__u32 detail; /* enum dx_detail */
	__s32 wanted, got;
	__u32 nr, level;
};

/* The first of a place, and then 1 in 2^n. */
static __always_inline bool place_tells(const struct violation *v, __s32 stack)
{
	struct place key = { .rule = v->rule, .detail = v->detail, .stack = stack };
	__u64 *n = bpf_map_lookup_elem(&places, &key), one = 1;

	if (!n) {
		bpf_map_update_elem(&places, &key, &one, BPF_ANY);
		return true;
	}
	one = __sync_fetch_and_add(n, 1) + 1;
	return one <= PLACE_FIRST || !(one & (one - 1));
}

/* Counts it; sends a record of it perhaps. */
static __noinline int rule_tell(const struct violation *v, __s32 stack, __s32 ustack)
{
	struct dx_rule_counts *c = rule_counts();
	__u32 rule = v->rule;
	struct dx_event *e;

	if (!c || rule >= DX_RULES)
		return 0;
	__sync_fetch_and_add(&c->broken[rule], 1);
	if (!place_tells(v, stack))
		return 0;
	e = event_new(DX_VIOLATION, 0);
	if (!e)
		return 0;
	if (v->at) {
		event_folio(e, folio_cast(v->at), v->at);
	} else {
		e->flags |= DX_F_NO_FOLIO;
	}
	if (v->pgmap)
		e->pgmap = v->pgmap;
	if (v->inode)
		event_inode(e, v->inode);
	if (v->index)
		e->index = v->index;
	e->addr = v->addr;
	e->arg = v->rule;
	e->ret = v->detail;
	e->ref_first = v->wanted;
	e->since = v->got;
	e->nr = v->nr ? v->nr : 1;
	e->level = v->level;
	e->stack = stack;
	e->ustack = ustack;
	event_submit(e);
	return 0;
}

static __noinline int rule_broken(void *ctx, const struct violation *v)
{
	__s32 stack = bpf_get_stackid(ctx, &stacks, BPF_F_FAST_STACK_CMP);

	return rule_tell(v, stack,
			 bpf_get_stackid(ctx, &stacks, BPF_F_FAST_STACK_CMP | BPF_F_USER_STACK));
}

/* ---- what is idle, what is dead ---- */

static __always_inline int idle_count(__u32 type)
{
	if (type == MEMORY_DEVICE_GENERIC)
		return 1;
	return legacy && type == MEMORY_DEVICE_FS_DAX;
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
 * @base: references that are there besides (1: device-dax's own).
 */
static __noinline int rule_below_mapcount(void *ctx, __u64 at, int base)
{
	struct violation v = { .rule = base ? DX_RULE_GENERIC_OVERPUT : DX_RULE_FOLIO_OVERPUT,
			       .detail = DX_D_BELOW_MAPCOUNT, .at = at };
	struct folio *folio = folio_cast(at);
	struct folio_counts n = folio_counts_small(at);

	if (folio_is_large(folio)) {
		for (int i = 0; i < 4; i++) {
			int before = *(volatile int *)&folio->_large_mapcount.counter + 1;
			int ref = *(volatile int *)&folio->_refcount.counter;
			int after = *(volatile int *)&folio->_large_mapcount.counter + 1;

			v.got = ref;
			v.wanted = base + (before < after ? before : after);
			if (v.got >= v.wanted)
				return 0;
		}
	} else {
		v.got = n.ref;
		v.wanted = base + n.map;
		if (v.got >= v.wanted)
			return 0;
	}
	return rule_broken(ctx, &v);
}

#endif

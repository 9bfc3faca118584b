/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_EMIT_BPF_H
#define DAXTOP_EMIT_BPF_H
/*
 * emit.bpf.h - the maps that every program shares, and how a record is made.
 *
 * Helper calls are the larger part of an event's cost, so a record takes three
 * (reserve, time, submit); who and where come from loads.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "event.h"
#include "folio.bpf.h"

struct stack_frames {
	__u64 ip[DX_STACK_FRAMES];
};

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
};
struct lost_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DX_EVENT_TYPES);
	__type(key, __u32);
	__type(value, __u64);
};

/* defined in maps.bpf.c */
extern struct ring_map events SEC(".maps");
extern struct lost_map lost SEC(".maps");
extern const volatile __u32 wakeup_mask;
extern __u32 submitted;

static __always_inline void lost_count(__u32 type)
{
	__u64 *n = bpf_map_lookup_elem(&lost, &type);

	if (n)
		__sync_fetch_and_add(n, 1); /* tasks preempt each other here */
}

static __always_inline void event_who(struct dx_event *e, __u16 type, __u32 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();

	e->type = type;
	e->cpu = bpf_get_smp_processor_id();
	e->flags = flags;
	e->tgid = task->tgid;
	e->pid = task->pid;
	*(__u64 *)&e->comm[0] = *(__u64 *)&task->comm[0];
	*(__u64 *)&e->comm[8] = *(__u64 *)&task->comm[8];
	e->time = bpf_ktime_get_ns();
}

/* A user stack, and whose: addresses of one program mean nothing in the next. */
static __always_inline void event_ustack(struct dx_event *e, __s32 ustack)
{
	e->ustack = ustack;
	e->exec = bpf_get_current_task_btf()->self_exec_id;
}

/* A record with everything set: who and when, the rest 0. NULL: lost and counted. */
static __always_inline struct dx_event *event_new(__u16 type, __u32 flags)
{
	struct dx_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		lost_count(type);
		return NULL;
	}
	event_who(e, type, flags);
	e->pfn = 0;
	e->pgmap = 0;
	e->refcount = 0;
	e->mapcount = 0;
	e->pincount = 0;
	e->nr = 1;
	e->ino = 0;
	e->index = 0;
	e->dev = 0;
	*(__u32 *)&e->order = 0; /* order, pgmap_type, level, exec */
	e->addr = 0;
	e->stack = DX_STACK_NONE;
	e->ret = 0;
	e->since = 0;
	e->ref_first = 0;
	e->arg = 0;
	e->map_install = 0;
	*(__u64 *)&e->gen = 0; /* gen, zero */
	return e;
}

/*
 * The reader is woken once in wakeup_mask + 1 records, and looks by itself every
 * few ms: a wakeup a record costs more than the record. The counter may lose
 * increments between CPUs; it only paces.
 */
static __always_inline void event_submit(void *e)
{
	__u64 f = (++submitted & wakeup_mask) ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;

	bpf_ringbuf_submit(e, f);
}

static __always_inline void event_inode(struct dx_event *e, const struct inode *inode)
{
	e->ino = inode->i_ino;
	e->dev = inode_dev(inode);
	e->gen = inode->i_generation;
}

/* ... of an event that says whether the file has a name left. */
static __always_inline void event_inode_links(struct dx_event *e, const struct inode *inode)
{
	event_inode(e, inode);
	if (!inode->i_nlink)
		e->flags |= DX_F_UNLINKED;
}

/* What an order-0 folio counts; @addr: of its struct page. */
static __always_inline void event_counts_small(struct dx_event *e, __u64 addr)
{
	struct dev_pagemap *pgmap = folio_pgmap(addr);
	struct folio_counts n = folio_counts_small(addr);

	e->pfn = addr_pfn(addr);
	e->refcount = n.ref;
	e->mapcount = n.map;
	e->pincount = n.ref > 0 ? (__u32)n.ref / GUP_PIN_COUNTING_BIAS : 0;
	e->pgmap = (__u64)pgmap;
	e->pgmap_type = pgmap->type;
}

/* The same of a folio of any order. */
static __always_inline void event_counts(struct dx_event *e, const struct folio *folio, __u64 addr)
{
	event_counts_small(e, addr);
	if (folio_is_large(folio)) {
		e->order = folio->_flags_1 & 0xff;
		e->mapcount = folio->_large_mapcount.counter + 1;
		e->pincount = folio->_pincount.counter;
	}
}

/* The same, and whose page it is. */
static __always_inline void event_folio(struct dx_event *e, const struct folio *folio, __u64 addr)
{
	struct address_space *mapping = folio_mapping(addr);

	event_counts(e, folio, addr);
	if (mapping) {
		event_inode(e, mapping->host);
		e->index = folio->index;
	}
}

#endif

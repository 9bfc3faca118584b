// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin.bpf.c - GUP: references and pins taken, pins dropped (mm/gup.c).
 *
 * Watched by the call, looking into the array of pages that it filled: a
 * program a page costs more than a third of an ordinary registration.
 */
#include "hook.bpf.h"
#include "mark.bpf.h"
#include "rule.bpf.h"

#define FOLL_WRITE	(1 << 0)
#define FOLL_GET	(1 << 1) /* include/linux/mm_types.h; FOLL_PIN: mm/internal.h, 6.12 on */
#define FOLL_LONGTERM	(1 << 8)
#define FOLL_PCI_P2PDMA (1 << 10)
#define EOPNOTSUPP	95
#define FOLL_PIN	(1 << 19)

/* Text of gup_fast_fallback(), set by dx_init(); 0: not known. */
extern __u64 gup_fast_start, gup_fast_end;

/*
 * Is gup_fast_fallback() one of the callers? Its exit reports all the pages that it
 * returns, so what its slow path takes, and what its fast path takes back after a
 * race with fork, must not be told twice. Asked for ZONE_DEVICE folios only.
 */
static __noinline bool inside_gup_fast(void *ctx)
{
	__u64 ip[12] = {};
	long n = bpf_get_stack(ctx, ip, sizeof(ip), 0);

	for (int i = 0; i < 12; i++)
		if (i * 8 < n && ip[i] >= gup_fast_start && ip[i] < gup_fast_end)
			return true;
	return false;
}

/*
 * A large folio's pins are in both counts: try_grab_folio() adds to the refcount
 * first, gup_put_folio() takes from it last. Two loads, so four looks must agree.
 */
static __always_inline bool pins_above(const struct folio *folio)
{
	for (int i = 0; i < 4; i++) {
		int before = *(volatile int *)&folio->_pincount.counter;
		int ref = *(volatile int *)&folio->_refcount.counter;
		int after = *(volatile int *)&folio->_pincount.counter;

		if (ref >= (before < after ? before : after))
			return false;
	}
	return true;
}

/* What was taken may be taken: once for a run of pages of one folio. */
__noinline int grab_rules(__u64 head, __u64 addr, __u32 run, __u32 foll, __u64 stacks)
{
	struct folio *folio = folio_cast(head);
	struct dev_pagemap *pgmap = folio_pgmap(head);
	struct dx_rule_counts *n = rule_counts();
	__u64 nr = WHAT_NR(run);
	__u32 type = pgmap->type;

	rule_checked(n, DX_RULE_PGMAP_DEAD_USE);
	if (pgmap_dead(pgmap))
		rule_tell(WHAT(DX_RULE_PGMAP_DEAD_USE, DX_D_PIN) | nr, head, 0, addr, stacks);
	if (foll & FOLL_PIN) {
		rule_checked(n, DX_RULE_PIN_IMBALANCE);
		if (folio_is_large(folio) && pins_above(folio))
			rule_tell(WHAT(DX_RULE_PIN_IMBALANCE, DX_D_PINCOUNT) | nr, head,
				  COUNTS(0, folio->_pincount.counter), addr, stacks);
	}
	if (type == MEMORY_DEVICE_FS_DAX && foll & FOLL_LONGTERM) {
		rule_checked(n, DX_RULE_LONGTERM_ON_FSDAX);
		rule_tell(WHAT(DX_RULE_LONGTERM_ON_FSDAX, DX_D_PIN) | nr, head, 0, addr, stacks);
	}
	if (type == MEMORY_DEVICE_PCI_P2PDMA) {
		rule_checked(n, DX_RULE_P2PDMA_COUNT);
		if (!(foll & FOLL_PCI_P2PDMA))
			rule_tell(WHAT(DX_RULE_P2PDMA_COUNT, DX_D_NO_FLAG) | nr, head, 0, addr,
				  stacks);
	}
	return 0;
}

static __always_inline void emit_grab(struct gup_call *c)
{
	struct folio *folio = folio_cast(c->head);
	struct dx_event *e;

	if (rules_on)
		grab_rules(c->head, c->addr, c->run, c->foll, STACKS(c->stack, c->ustack));
	e = event_new(c->foll & FOLL_PIN ? DX_PIN : DX_GET, c->flags);
	if (!e)
		return;
	event_folio(e, folio, c->head);
	e->nr = c->run;
	e->addr = c->addr + ((c->i - c->run) << PAGE_SHIFT);
	e->arg = c->foll;
	e->stack = c->stack;
	event_ustack(e, c->ustack);
	e->ret = c->ret;
	event_submit(e);
}

static __always_inline __u64 page_at(const struct gup_call *c, __u64 i)
{
	return word_at(c->pages + i * 8);
}

/* One page more; a folio's run ends: tell it. i == n closes the last one. */
static long grab_step(__u64 unused, void *arg)
{
	struct gup_call *c = *(struct gup_call **)arg;
	__u64 head = 0;

	if (c->i < c->n) {
		__u64 at = page_at(c, c->i);
		struct page *page = page_cast(at);

		if (at && page_is_zone_device(page))
			head = page_head(at);
	}
	if (c->run && head != c->head) {
		emit_grab(c);
		c->run = 0;
	}
	if (head) {
		c->head = head;
		c->run++;
	}
	c->i++;
	return c->i > c->n ? 1 : 0;
}

#define FIND_AT_ONCE 8 /* a step of bpf_loop() costs as much as the look at two pages */

static long find_step(__u64 unused, void *arg)
{
	struct gup_call *c = *(struct gup_call **)arg;
	__u64 i = c->i, n = c->n;

	for (int k = 0; k < FIND_AT_ONCE && i < n; k++, i++) {
		__u64 at = page_at(c, i);

		if (at && page_is_zone_device(page_cast(at)))
			break;
		if (k == FIND_AT_ONCE - 1 && i + 1 < n) {
			c->i = i + 1;
			return 0;
		}
	}
	c->i = i;
	return 1;
}

/* @pages, @n: what the call filled; the mm is marked. */
static __always_inline int grabbed(void *ctx, __u64 pages, __u64 addr, __u64 n, __u64 foll_flags)
{
	__u32 foll = foll_flags, flags = foll_flags >> 32;
	struct task_ctx *t = task_ctx_get();
	struct gup_call *c;

	if (!t) {
		lost_count(DX_PIN);
		return 0;
	}
	c = &t->gup;
	c->pages = pages;
	c->addr = addr;
	c->n = n;
	c->i = 0;
	c->run = 0;
	bpf_loop(n / FIND_AT_ONCE + 1, find_step, &c, 0);
	if (c->i >= c->n)
		return 0;
	if ((flags & DX_F_SLOW) && inside_gup_fast(ctx))
		return 0;
	if (foll & FOLL_WRITE)
		flags |= DX_F_WRITE;
	if (foll & FOLL_LONGTERM)
		flags |= DX_F_LONGTERM;
	c->foll = foll;
	c->flags = flags;
	c->ret = n;
	c->stack = stack_take(ctx, &t->stack, 0);
	c->ustack = stack_take(ctx, &t->stack, BPF_F_USER_STACK);
	bpf_loop(n - c->i + 1, grab_step, &c, 0);
	return 0;
}

static __noinline int gup_fast_marked(__u64 *ctx)
{
	__u32 foll = ctx[2];
	__s32 ret = ctx[4];
	__u64 at;

	if (ret <= 0 || !(foll & (FOLL_GET | FOLL_PIN)))
		return 0;
	bpf_get_func_arg(ctx, 3, &at);
	return grabbed(ctx, at, ctx[0], ret, foll);
}

/* As short as can be, with few registers to save: this is what ordinary memory pays. */
SEC("fexit/gup_fast_fallback")
int dx_gup_fast(__u64 *ctx)
{
	if (mm_marked(mm_current()))
		return gup_fast_marked(ctx);
	return 0;
}

SEC("fexit/__get_user_pages")
int BPF_PROG(dx_gup_slow, struct mm_struct *mm, unsigned long start, unsigned long nr,
	     unsigned int foll, struct page **pages, int *locked, long ret)
{
	__u64 flags = DX_F_SLOW;
	__u64 of, at;

	bpf_get_func_arg(ctx, 0, &of);
	if (!mm_marked(of))
		return 0;
	bpf_get_func_arg(ctx, 4, &at);
	/* check_vma_flags(), mm/gup.c: refused, as it must be */
	if (rules_on && foll & FOLL_LONGTERM && ret == -EOPNOTSUPP)
		rule_checked(rule_counts(), DX_RULE_LONGTERM_ON_FSDAX);
	if (ret <= 0 || !at || !(foll & (FOLL_GET | FOLL_PIN)))
		return 0;
	if (of != mm_current())
		flags |= DX_F_REMOTE;
	return grabbed(ctx, at, start, ret, flags << 32 | foll);
}

/* ---- one folio at a time: the forms that do not go through an array ---- */

static __always_inline int added(__u64 *ctx, struct folio *folio, __u32 nr, __u32 foll, __u32 flags)
{
	struct gup_call c = { .run = nr, .foll = foll, .flags = flags, .i = nr, .ret = nr };

	if (!page_is_zone_device((struct page *)folio))
		return 0;
	bpf_get_func_arg(ctx, 0, &c.head);
	c.stack = stack_id(ctx, 0);
	c.ustack = stack_id(ctx, BPF_F_USER_STACK);
	emit_grab(&c);
	return 0;
}

HOOK(dx_add_pins)
{
	struct folio *folio = hook_ptr(ctx, 0, folio);
	unsigned int pins = hook_arg(ctx, 1);
	int ret = hook_ret(ctx);

	return ret ? 0 : added(ctx, folio, pins, FOLL_PIN, 0);
}

HOOK(dx_add_pin)
{
	struct folio *folio = hook_ptr(ctx, 0, folio);

	return added(ctx, folio, 1, FOLL_PIN, 0);
}

/* Second choices where a call can't be watched: a program a page. */
SEC("fexit/try_grab_folio_fast")
int BPF_PROG(dx_grab_fast, struct page *page, int refs, unsigned int foll, struct folio *ret)
{
	struct gup_call c = { .run = refs, .foll = foll, .i = refs, .ret = refs };

	bpf_get_func_ret(ctx, &c.head);
	if (!c.head || !(foll & (FOLL_GET | FOLL_PIN)) || !page_is_zone_device(page))
		return 0;
	c.stack = stack_id(ctx, 0);
	c.ustack = stack_id(ctx, BPF_F_USER_STACK);
	emit_grab(&c);
	return 0;
}

SEC("fexit/try_grab_folio")
int BPF_PROG(dx_grab, struct folio *folio, int refs, unsigned int foll, int ret)
{
	if (ret || !(foll & (FOLL_GET | FOLL_PIN)))
		return 0;
	return added(ctx, folio, refs, foll, DX_F_SLOW);
}

/* ---- a page that nobody holds can't be grabbed ---- */

SEC("fentry/try_grab_folio")
int BPF_PROG(dx_grab_try, struct folio *folio, int refs, unsigned int foll)
{
	__u64 at;
	int got;

	if (!rules_on || !page_is_zone_device((struct page *)folio))
		return 0;
	rule_checked(rule_counts(), DX_RULE_GRAB_NONPOSITIVE);
	got = folio->_refcount.counter;
	if (got > 0)
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	return rule_broken(ctx, WHAT(DX_RULE_GRAB_NONPOSITIVE, DX_D_REFCOUNT) | WHAT_NR(refs), at,
			   COUNTS(1, got), 0);
}

/* ---- unpin: softirq too, so no task context here ---- */

/* @nr pins are about to go: they must be there. */
static __noinline int unpin_rules(void *ctx, __u64 at, __u32 nr)
{
	struct folio *folio = folio_cast(at);
	__s32 got;

	rule_checked(rule_counts(), DX_RULE_PIN_IMBALANCE);
	if (folio_is_large(folio))
		got = folio->_pincount.counter;
	else
		got = folio->_refcount.counter >> 10; /* GUP_PIN_COUNTING_BIAS */
	if (got >= (__s32)nr)
		return 0;
	return rule_broken(ctx, WHAT(DX_RULE_PIN_IMBALANCE, DX_D_UNPIN) | WHAT_NR(nr), at,
			   COUNTS(nr, got), 0);
}

/* gup_fast_fallback() takes pages back by gup_put_folio() only (mm/gup.c): see there. */
static __always_inline int unpinned(__u64 *ctx, struct folio *folio, __u64 head, __u32 nr)
{
	struct dx_event *e;

	if (rules_on)
		unpin_rules(ctx, head, nr);
	e = event_new(DX_UNPIN, 0);
	if (!e)
		return 0;
	event_folio(e, folio, head);
	e->nr = nr;
	event_submit(e);
	return 0;
}

static __always_inline int unpin_folio_nr(__u64 *ctx, struct folio *folio, __u32 nr)
{
	__u64 head;

	if (!page_is_zone_device((struct page *)folio))
		return 0;
	bpf_get_func_arg(ctx, 0, &head);
	return unpinned(ctx, folio, head, nr);
}

SEC("fentry/gup_put_folio")
int BPF_PROG(dx_gup_put, struct folio *folio, int refs, unsigned int foll)
{
	if (!(foll & FOLL_PIN) || !page_is_zone_device((struct page *)folio) || inside_gup_fast(ctx))
		return 0;
	return unpin_folio_nr(ctx, folio, refs);
}

SEC("fentry/unpin_user_page")
int BPF_PROG(dx_unpin_page, struct page *page)
{
	__u64 at, head;

	if (!page_is_zone_device(page))
		return 0;
	bpf_get_func_arg(ctx, 0, &at);
	head = page_head(at);
	return unpinned(ctx, folio_cast(head), head, 1);
}

SEC("fentry/unpin_user_folio")
int BPF_PROG(dx_unpin_user_folio, struct folio *folio, unsigned long npages)
{
	return unpin_folio_nr(ctx, folio, npages);
}

HOOK(dx_unpin_folio)
{
	struct folio *folio = hook_ptr(ctx, 0, folio);

	return unpin_folio_nr(ctx, folio, 1);
}

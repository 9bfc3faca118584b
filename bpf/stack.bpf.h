/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STACK_BPF_H
#define DAXTOP_STACK_BPF_H
/*
 * stack.bpf.h - who called: a stack's addresses go to user space once, by the ring, before the first
 * record that names the stack.
 *
 * A BPF stack map keeps what it has until somebody deletes it, has a place a hash bucket, and
 * compares 32 bits of a hash without a key (kernel/bpf/stackmap.c, __bpf_get_stackid()): whoever
 * forges user stacks fills it, and takes the places of others.
 */
#include "emit.bpf.h"

/* Hashes of what was sent of late: dx_stack_place(). User space clears those that it forgets. */
extern __u64 stacks_sent[DX_STACK_PLACES];
/* Of this run: who forges stacks can't know where they go. */
extern const volatile __u32 stack_key[2 * DX_STACK_FRAMES + 1];

/*
 * NH (Black and others, "UMAC: Fast and Secure Message Authentication", 1999): for any two stacks,
 * whoever chose them, one key in 2^32 at most makes the sums equal.
 */
static __always_inline __u64 stack_hash_begin(__u32 n)
{
	return n * (__u64)stack_key[2 * DX_STACK_FRAMES];
}

/* Of half @i, which is even, and the one behind it: a load of 32 bits is cheaper than taking them out of 64. */
static __always_inline __u64 stack_hash_halves(const __u64 *ip, __u32 i)
{
	const __u32 *word = (const __u32 *)ip;

	return (__u64)(word[i] + stack_key[i]) * (word[i + 1] + stack_key[i + 1]);
}

static __always_inline __u64 stack_hash_end(__u64 h)
{
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ULL;
	return (h ^ h >> 29) | 1;
}

/*
 * Half of the ring is for other records than user stacks: who forges them in masses makes no event's loss
 * worse, and costs only user stacks, each of which is told as not kept. The kernel's stacks are few,
 * and nobody makes them up.
 */
static __always_inline bool stack_room(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) <=
	       bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 2;
}

static __always_inline bool stack_is_sent(__u64 h)
{
	__u32 at = dx_stack_place(dx_stack_number(h));

	return stacks_sent[at] == h || stacks_sent[at + 1] == h;
}

/* To be filled with @n addresses and submitted by stack_submit(). */
static __always_inline struct dx_stack_event *stack_event(__u32 n, __u64 h, __u64 flags)
{
	struct dx_stack_event *e;

	if (flags & BPF_F_USER_STACK && !stack_room())
		return NULL;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return NULL;
	e->type = DX_STACK;
	e->cpu = bpf_get_smp_processor_id();
	e->nr = n;
	e->hash = h;
	return e;
}

static __always_inline void stack_submit(struct dx_stack_event *e, __u64 h)
{
	__u32 at = dx_stack_place(dx_stack_number(h));

	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	/* two that do so at once may send one of theirs again */
	stacks_sent[at + 1] = stacks_sent[at];
	stacks_sent[at] = h;
}

/* The number of the stack with hash @h, which goes to user space before it, if it was not sent. */
static __always_inline int stack_number(const struct stack_frames *f, __u32 n, __u64 h, __u64 flags)
{
	struct dx_stack_event *e;

	h = stack_hash_end(h);
	if (stack_is_sent(h))
		return dx_stack_number(h);
	e = stack_event(n, h, flags);
	if (!e)
		return DX_STACK_UNKEPT;
	/* a copy by a helper is one call for the verifier */
	bpf_probe_read_kernel(e->ip, sizeof(e->ip), f->ip);
	stack_submit(e, h);
	return dx_stack_number(h);
}

/*
 * What bpf_get_stack() has put into @f: @bytes are what it returned, 0 where there is no stack (a kernel thread has no
 * user stack), and an error where the kernel's buffer is in use by a task that was preempted
 * (kernel/events/callchain.c, get_callchain_entry()). It makes 0 of what it has no frames for.
 *
 * A global function, which the verifier looks at once and not again from each place that calls it.
 */
__noinline int stack_sum(struct stack_frames *f, long bytes, __u64 flags)
{
	__u32 n;
	__u64 h;

	if (!f || bytes <= 0)
		return bytes ? DX_STACK_UNKEPT : DX_STACK_NONE;
	n = bytes / 8;
	if (n > DX_STACK_FRAMES) /* never: the verifier must know */
		return DX_STACK_UNKEPT;
	h = stack_hash_begin(n);
	for (__u32 i = 0; i < 2 * n; i += 2)
		h += stack_hash_halves(f->ip, i);
	return stack_number(f, n, h, flags);
}

/*
 * The number of the stack of this moment (@flags: 0 or BPF_F_USER_STACK), or DX_STACK_NONE,
 * DX_STACK_UNKEPT. To be called before the event's record is reserved,
 * so that the stack comes first; another CPU that finds it sent reserves its event behind it, too.
 *
 * Not a function: that would be a frame more, which the kernel's unwinder finds by
 * looking it up in all of its tables (arch/x86/kernel/unwind_orc.c, orc_find()).
 */
static __always_inline int stack_take(void *ctx, struct stack_frames *f, __u64 flags)
{
	return stack_sum(f, bpf_get_stack(ctx, f, sizeof(*f), flags), flags);
}

struct stack_hashing {
	const struct stack_frames *f;
	__u64 h;
};

static long stack_hash_step(__u64 i, void *arg)
{
	struct stack_hashing *s = arg;

	if (i >= DX_STACK_FRAMES)
		return 1;
	s->h += stack_hash_halves(s->f->ip, 2 * i);
	return 0;
}

/*
 * As stack_sum(). Many programs have it in them and few run it, so it is made for the verifier: a loop by bpf_loop()
 * is looked at once, not for each number of rounds.
 */
__noinline int stack_send(struct stack_frames *f, long bytes, __u64 flags)
{
	struct stack_hashing s = { .f = f };
	__u32 n;

	if (!f || bytes <= 0)
		return bytes ? DX_STACK_UNKEPT : DX_STACK_NONE;
	n = bytes / 8;
	s.h = stack_hash_begin(n);
	bpf_loop(n, stack_hash_step, &s, 0);
	return stack_number(f, n, s.h, flags);
}

/*
 * As stack_take(), where it is rare, and a frame more does not matter.
 *
 * Not global itself: in a program for many functions a global function can't be given the context
 * (kernel/bpf/btf.c, btf_validate_prog_ctx_type() doesn't know BPF_TRACE_FENTRY_MULTI, 7.3).
 */
static __noinline int stack_id(void *ctx, __u64 flags)
{
	struct stack_frames f;

	return stack_send(&f, bpf_get_stack(ctx, &f, sizeof(f), flags), flags);
}

#endif

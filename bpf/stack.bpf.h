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
static __always_inline __u64 stack_hash(const __u64 *ip, __u32 n)
{
	const __u32 *word = (const __u32 *)ip;
	__u64 h = n * (__u64)stack_key[2 * DX_STACK_FRAMES];

	/* by halves: a load of 32 bits is cheaper than taking them out of 64 */
	for (__u32 i = 0; i < 2 * n; i += 2)
		h += (__u64)(word[i] + stack_key[i]) * (word[i + 1] + stack_key[i + 1]);
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
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) <= bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 2;
}

/* The number of the stack @ip of @n addresses, which goes through the ring if it was not sent of late. */
static __always_inline int stack_send(const __u64 *ip, __u32 n, __u64 flags)
{
	__u64 h = stack_hash(ip, n);
	__u32 at = dx_stack_place(dx_stack_number(h));
	struct dx_stack_event *e;

	if (stacks_sent[at] == h || stacks_sent[at + 1] == h)
		return dx_stack_number(h);
	if (flags & BPF_F_USER_STACK && !stack_room())
		return DX_STACK_UNKEPT;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return DX_STACK_UNKEPT;
	e->type = DX_STACK;
	e->cpu = bpf_get_smp_processor_id();
	e->nr = n;
	e->hash = h;
	__builtin_memcpy(e->ip, ip, sizeof(e->ip));
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	/* two that do so at once may send one of theirs again */
	stacks_sent[at + 1] = stacks_sent[at];
	stacks_sent[at] = h;
	return dx_stack_number(h);
}

/*
 * The number of the stack of this moment (@flags: 0 or BPF_F_USER_STACK), or DX_STACK_NONE,
 * DX_STACK_UNKEPT. @ip: room for DX_STACK_FRAMES. To be called before the event's record is reserved,
 * so that the stack comes first; another CPU that finds it sent reserves its event behind it, too.
 *
 * bpf_get_stack() returns 0 where there is none (a kernel thread has no user stack), and an error
 * where the kernel's buffer is in use by a task that was preempted (kernel/events/callchain.c,
 * get_callchain_entry()). It makes 0 of what it has no frames for.
 */
static __always_inline int stack_take(void *ctx, __u64 *ip, __u64 flags)
{
	long bytes = bpf_get_stack(ctx, ip, DX_STACK_FRAMES * sizeof(*ip), flags);
	__u32 n;

	if (bytes <= 0)
		return bytes ? DX_STACK_UNKEPT : DX_STACK_NONE;
	n = bytes / 8;
	if (n > DX_STACK_FRAMES) /* never: the verifier must know */
		return DX_STACK_UNKEPT;
	return stack_send(ip, n, flags);
}

struct stack_frames {
	__u64 ip[DX_STACK_FRAMES];
};

/* A global function: the verifier looks at it once, not again from each place that calls it. */
__noinline int stack_send_frames(struct stack_frames *f, __u32 n, __u64 flags)
{
	if (!f || n > DX_STACK_FRAMES)
		return DX_STACK_UNKEPT;
	return stack_send(f->ip, n, flags);
}

/*
 * As stack_take(), where it is rare. A function is a frame more, which the kernel's unwinder finds by
 * looking it up in all of its tables (arch/x86/kernel/unwind_orc.c, orc_find()): where pins are
 * counted one less is worth it.
 *
 * Not global itself: in a program for many functions a global function can't be given the context
 * (kernel/bpf/btf.c, btf_validate_prog_ctx_type() doesn't know BPF_TRACE_FENTRY_MULTI, 7.3).
 */
static __noinline int stack_id(void *ctx, __u64 flags)
{
	struct stack_frames f;
	long bytes = bpf_get_stack(ctx, &f, sizeof(f), flags & BPF_F_USER_STACK);

	if (bytes <= 0)
		return bytes ? DX_STACK_UNKEPT : DX_STACK_NONE;
	return stack_send_frames(&f, bytes / 8, flags);
}

#endif

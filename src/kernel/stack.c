// SPDX-License-Identifier: GPL-2.0-only
/* stack.c - stacks by number: those that bpf/ has sent, until nobody refers to them */
#include <errno.h>
#include "base/clock.h"
#include "internal.h"

/* The program that finds a stack there does not send it (bpf/stack.bpf.h). */
static void clear(void *arg, int32_t number)
{
	const struct source *s = arg;
	__u64 *place = &s->skel->bss->stacks_sent[dx_stack_place(number)];

	for (int i = 0; i < 2; i++) {
		__u64 hash = __atomic_load_n(&place[i], __ATOMIC_RELAXED);

		if (hash && dx_stack_number(hash) == number)
			__atomic_compare_exchange_n(&place[i], &hash, 0, false, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int source_stacks_open(struct source *s)
{
	s->stacks = stackset_new(STACKSET_MAX, (struct stackset_sent){ clear, s });
	return s->stacks ? 0 : -ENOMEM;
}

int source_stack(struct source *s, int32_t id, uint64_t *addr, size_t max)
{
	return id == DX_STACK_NONE ? 0 : stackset_get(s->stacks, id, addr, max);
}

bool source_stack_use(struct source *s, int32_t id)
{
	return id == DX_STACK_NONE || stackset_use(s->stacks, id);
}

static void hold(void *arg, int32_t id)
{
	stackset_hold(arg, id);
}

void source_stacks_forget(struct source *s,
			  void (*each)(void *arg, void (*fn)(void *fn_arg, int32_t id), void *fn_arg),
			  void *arg)
{
	uint64_t now = clock_now();

	if (!stackset_crowded(s->stacks, now))
		return;
	each(arg, hold, s->stacks);
	stackset_sweep(s->stacks, now, *s->consumed, s->produced);
}

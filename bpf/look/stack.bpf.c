// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack.bpf.c - ZONE_DEVICE pages on the kernel stacks of tasks that sleep: a call that is under
 * way keeps the pages that it has taken in local variables (process_vm_rw_single_vec(),
 * __blkdev_direct_IO_simple()).
 *
 * A word on a stack may as well be left over from a call that has returned, so this is no
 * proof.
 */
#include "hold.bpf.h"
#include "look_stack.h"
#include "turn.bpf.h"

#define STACK_WORDS \
	2048 /* THREAD_SIZE is 16 KiB (arch/x86/include/asm/page_64_types.h) without KASAN */

struct look_stack_pages stacked; /* one at a time */

static long stacked_step(__u64 i, void *arg)
{
	__u64 word, pfn;

	if (i >= stacked.nr)
		return 1;
	word = word_at(stacked.at + i * 8);
	if (!page_is_ours(word))
		return 0;
	pfn = addr_pfn(word);
	if (stacked.found && stacked.pfn[(stacked.found - 1) & (LOOK_STACK_PAGES - 1)] == pfn)
		return 0;
	if (stacked.found >= LOOK_STACK_PAGES)
		return 1;
	stacked.pfn[stacked.found & (LOOK_STACK_PAGES - 1)] = pfn;
	stacked.found++;
	return 0;
}

SEC("iter/task")
int dx_look_stacks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 sp, stack, arrival;

	if (turn_over())
		return 1;
	if (!task || !task->__state)
		return 0;
	arrival = task->sched_info.last_arrival;
	sp = task->thread.sp & ~7ULL;
	stack = field_word(task, struct task_struct, stack);
	if (!stack || sp < stack || sp >= stack + STACK_WORDS * 8)
		return 0;
	stacked.found = 0;
	stacked.at = sp;
	stacked.nr = (stack + STACK_WORDS * 8 - sp) / 8;
	looked_at += stacked.nr;
	bpf_loop(STACK_WORDS, stacked_step, NULL, 0);
	/* it ran meanwhile: what was there may be gone */
	if (!stacked.found || task->sched_info.last_arrival != arrival || !task->__state)
		return 0;
	stacked.tgid = task->tgid;
	stacked.pid = task->pid;
	stacked.last_arrival = arrival;
	__builtin_memcpy(stacked.comm, task->comm, sizeof(stacked.comm));
	bpf_seq_write(ctx->meta->seq, &stacked, sizeof(stacked));
	return 0;
}

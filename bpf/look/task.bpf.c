// SPDX-License-Identifier: GPL-2.0-only
/*
 * task.bpf.c - tasks that are blocked in DAX's waits, or for a lock that who is may have.
 *
 * Which wait it is, the names of the frames on its stack tell (user space asks for
 * them). What it waits for stands on that stack too: the entry of the wait queue that it
 * sleeps in is a local variable of the waiter.
 */
#include "entry_value.bpf.h"
#include "folio.bpf.h"
#include "inode.bpf.h"
#include "look_task.h"
#include "turn.bpf.h"
#include "xarray.bpf.h"

#define TASK_SLEEPS	     3 /* include/linux/sched.h: TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE */
#define TASK_UNINTERRUPTIBLE 2
#define TASK_NOLOAD	     0x400 /* TASK_IDLE: a kernel thread without work */
#define THREAD_WORDS \
	2048 /* THREAD_SIZE is 16 KiB (arch/x86/include/asm/page_64_types.h) without KASAN */
#define FRAMES_WITHIN  12 /* of the innermost frames one must be a wait's */
#define FUNCTION_BYTES 4096

/* Where such waits sleep, as far as kallsyms has them; static ones may be inlined or renamed. */
#define WAIT_FUNCTIONS 32 /* a power of two */
__u64 wait_function[WAIT_FUNCTIONS];
__u64 var_wake, entry_wake; /* what such entries have as their func */

static const char wait_names[][SYMBOL_MAX] = {
	"dax_break_layout",
	"dax_break_layout_final",
	"ext4_wait_dax_page",
	"ext4_break_layouts",
	"xfs_wait_dax_page",
	"xfs_break_dax_layouts",
	"xfs_break_layouts",
	"fuse_wait_dax_page",
	"fuse_dax_break_layouts",
	"memunmap_pages",
	"get_next_unlocked_entry",
	"get_unlocked_entry",
	"wait_entry_unlocked_exclusive",
	"wait_entry_unlocked",
	"dax_lock_folio",
	"dax_lock_mapping_entry",
	"__vma_start_write",
	"__vma_start_exclude_readers", /* where the former waits from 7.2 on */
	/* the first of those functions follow it in fs/dax.c, should they be renamed (.isra.0) */
	"wake_exceptional_entry_func",
};
#define WAIT_NAMES (sizeof(wait_names) / sizeof(wait_names[0]))
_Static_assert(WAIT_NAMES <= WAIT_FUNCTIONS, "WAIT_FUNCTIONS");
#define VMA_NAMES (WAIT_NAMES - 3) /* the first of the two */
__u32 wait_found;
__u32 wait_tgid; /* a process that is told of whatever it waits for; 0: none */

static long wait_step(__u64 i, void *arg)
{
	if (i >= WAIT_NAMES)
		return 1;
	wait_function[i] = symbol_at(wait_names[i]);
	if (wait_function[i])
		wait_found++;
	return 0;
}

SEC("syscall")
int dx_look_wait_init(struct look_wait_init_args *a)
{
	static const char var[SYMBOL_MAX] = "var_wake_function";

	wait_found = 0;
	bpf_loop(WAIT_NAMES, wait_step, NULL, 0);
	entry_wake = wait_function[WAIT_NAMES - 1];
	var_wake = symbol_at(var);
	a->found = wait_found;
	a->pgmap_size = bpf_core_type_size(struct dev_pagemap);
	a->pgmap_done = bpf_core_field_offset(struct dev_pagemap, done);
	return 0;
}

SEC("syscall")
int dx_look_clock(struct look_clock_args *a)
{
	struct task_struct *task = bpf_get_current_task_btf();

	a->arrival = task->sched_info.last_arrival;
	a->now = bpf_ktime_get_ns();
	return 0;
}

struct look_blocked blocked; /* one at a time */
struct look_blocking blocking;

#include "lock.bpf.h"

/* Is one of the innermost frames near one of the functions? */
static long frame_step(__u64 i, void *arg)
{
	__u64 at, f;

	if (i / WAIT_FUNCTIONS >= blocking.frame)
		return 1;
	at = blocked.stack[(i / WAIT_FUNCTIONS) % LOOK_STACK];
	f = wait_function[i % WAIT_FUNCTIONS];
	if (!f || at - f >= FUNCTION_BYTES)
		return 0;
	blocking.hit = 1 + i % WAIT_FUNCTIONS;
	return 1;
}

/* It is in a queue: its neighbour says so. What is left of an earlier wait is not. */
static __always_inline bool is_queued(__u64 entry)
{
	__u64 node = entry + bpf_core_field_offset(struct wait_queue_entry, entry);
	__u64 next = word_at(node);

	return next && next != node &&
	       word_at(next + bpf_core_field_offset(struct list_head, prev)) == node;
}

static __always_inline bool is_waiter(__u64 entry)
{
	return word_at(entry + bpf_core_field_offset(struct wait_queue_entry, private)) ==
		       blocking.task &&
	       is_queued(entry);
}

/* init_wait_var_entry(), kernel/sched/wait_bit.c: of ___wait_var_event(page, ...) in wait_page_idle() */
static __always_inline long waits_for_page(__u64 func)
{
	__u64 entry = func - bpf_core_field_offset(struct wait_queue_entry, func);
	__u64 key, page;

	if (!is_waiter(entry))
		return 0;
	key = word_at(entry - bpf_core_field_offset(struct wait_bit_queue_entry, wq_entry) +
		      bpf_core_field_offset(struct wait_bit_queue_entry, key.flags));
	/* the page, or its _refcount (6.12) */
	page = pfn_addr(addr_pfn(key));
	if (key < vmemmap_base || !page_is_zone_device(page_cast(page)))
		return 0;
	blocked.what.page = page;
	return 1;
}

static __always_inline long waits_for_entry(__u64 func)
{
	__u64 entry = func - bpf_core_field_offset(struct wait_queue_entry, func);

	if (!is_waiter(entry))
		return 0;
	blocked.what.xa =
		word_at(entry + bpf_core_field_offset(struct wait_exceptional_entry_queue, key.xa));
	blocked.what.index = word_at(
		entry + bpf_core_field_offset(struct wait_exceptional_entry_queue, key.entry_start));
	return 1;
}

static __always_inline void entry_state(void)
{
	__u64 head = word_at(blocked.what.xa + bpf_core_field_offset(struct xarray, xa_head));
	__u64 entry = xa_load(head, blocked.what.index);

	blocked.entry = entry & 1 && entry_value(entry) & DAX_LOCKED ? WAIT_ENTRY_LOCKED
								     : WAIT_ENTRY_UNLOCKED;
}

/*
 * An argument of the functions that wait, which some frame has saved. Only for what has no
 * other sign of its file: a page that files share, or a page that was not found.
 */
static __always_inline bool is_dax_inode(__u64 word)
{
	struct inode *inode = inode_cast(word);
	__u64 mapping;

	if (word & 7 || word < page_offset_base)
		return false;
	mapping = field_word(inode, struct inode, i_mapping);
	return mapping && inode->i_flags & S_DAX &&
	       field_word(mapping_cast(mapping), struct address_space, host) == word;
}

static long stack_step(__u64 i, void *arg)
{
	__u64 word, k = i;

	if (i >= blocking.nr)
		return 1;
	word = word_at(blocking.at + i * 8);
	if (i < LOOK_WORDS) {
		opaque(k);
		blocked.word[k & (LOOK_WORDS - 1)] = word;
		blocked.nr_word = i + 1;
	}
	if (!blocked.what.inode && is_dax_inode(word))
		blocked.what.inode = word;
	if (word && word == blocking.task && !blocking.waiter)
		note_waiter(blocking.at + i * 8);
	if (blocked.what.page || blocked.what.xa)
		return 0;
	if (word && word == var_wake)
		waits_for_page(blocking.at + i * 8);
	if (word && word == entry_wake)
		waits_for_entry(blocking.at + i * 8);
	return 0;
}

static __always_inline void blocked_file(struct dx_folio *f, __u64 addr)
{
	struct address_space *mapping = cast(addr, address_space);
	struct inode *inode = mapping->host;

	f->mapping = addr;
	f->ino = inode->i_ino;
	f->gen = inode->i_generation;
	f->dev = inode_dev(inode);
	if (!inode->i_nlink)
		f->flags |= DX_FOLIO_DELETED;
}

static __always_inline void blocked_folio(struct dx_folio *f)
{
	__u64 at = page_head(blocked.what.page), mapping;
	struct folio *folio = folio_cast(at);

	f->pfn = addr_pfn(at);
	f->refcount = folio->_refcount.counter;
	mapping = (__u64)folio_mapping(at);
	if (!mapping)
		return;
	f->index = folio->index;
	blocked_file(f, mapping);
}

__u64 looked_at, turn_begun;

SEC("iter/task")
int dx_look_waits(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 sp, stack, arrival;
	__u32 state;
	long n;

	if (turn_over())
		return 1;
	if (!task)
		return 0;
	state = task->__state;
	if (!(state & TASK_SLEEPS) || state & TASK_NOLOAD)
		return 0;
	__builtin_memset(&blocked.what, 0, sizeof(blocked.what));
	__builtin_memset(&blocked.folio, 0, sizeof(blocked.folio));
	__builtin_memset(&blocked.lock, 0, sizeof(blocked.lock));
	blocked.nr_word = 0;
	blocked.entry = WAIT_ENTRY_UNKNOWN;
	__builtin_memset(&blocking, 0, sizeof(blocking));
	arrival = task->sched_info.last_arrival;
	sp = task->thread.sp;
	n = bpf_get_task_stack(task, blocked.stack, sizeof(blocked.stack), 0);
	if (n <= 0)
		return 0;
	blocked.nr_stack = n / 8;
	looked_at += blocked.nr_stack;
	blocking.frame = blocked.nr_stack < FRAMES_WITHIN ? blocked.nr_stack : FRAMES_WITHIN;
	bpf_loop(FRAMES_WITHIN * WAIT_FUNCTIONS, frame_step, NULL, 0);
	/* no frame tells of a semaphore: those of the scheduler and of locks are left out (stack_trace_save_tsk()) */
	if (!blocking.hit && !(state & TASK_UNINTERRUPTIBLE))
		return 0;
	stack = field_word(task, struct task_struct, stack);
	blocking.task = (__u64)task;
	if (sp >= stack && sp < stack + THREAD_WORDS * 8) {
		blocking.at = sp & ~7ULL;
		blocking.nr = (stack + THREAD_WORDS * 8 - blocking.at) / 8;
		looked_at += blocking.nr;
		bpf_loop(THREAD_WORDS, stack_step, NULL, 0);
	}
	if (!blocking.hit && !blocking.waiter && task->tgid != wait_tgid)
		return 0;
	if (blocked.what.page) {
		blocked_folio(&blocked.folio);
	} else if (blocked.what.xa) {
		blocked_file(&blocked.folio,
			     blocked.what.xa - bpf_core_field_offset(struct address_space, i_pages));
		entry_state();
	}
	if (blocking.waiter) {
		__u64 mapping = lock_of(&blocked.lock, task);

		if (mapping)
			blocked_file(&blocked.folio, mapping);
	} else if (blocking.hit > VMA_NAMES) {
		vma_lock_of(&blocked.lock, task);
	}
	blocked.what.index_known = blocked.folio.mapping != 0;
	if (!blocked.folio.mapping && blocked.what.inode && !blocked.lock.lock)
		blocked_file(&blocked.folio,
			     field_word(inode_cast(blocked.what.inode), struct inode, i_mapping));
	/* it ran meanwhile: this was not one wait */
	if (task->sched_info.last_arrival != arrival || task->thread.sp != sp ||
	    !(task->__state & TASK_SLEEPS))
		return 0;
	blocked.tgid = task->tgid;
	blocked.pid = task->pid;
	blocked.state = state;
	blocked.last_arrival = arrival;
	__builtin_memcpy(blocked.comm, task->comm, sizeof(blocked.comm));
	bpf_seq_write(ctx->meta->seq, &blocked, sizeof(blocked));
	return 0;
}

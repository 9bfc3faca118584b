/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_LOCK_BPF_H
#define DAXTOP_LOOK_LOCK_BPF_H
/*
 * lock.bpf.h - the lock that a task sleeps for, and who has it.
 *
 * Nothing is held: a lock may be given away while it is looked at. Who waits has slept all the time, which the
 * caller checks at the end; an owner is told if a task of that address still has its number.
 */
#include "folio.bpf.h"
#include "inode.bpf.h"
#include "look_task.h"

/* Up to 7.0; later the first waiter stands in the semaphore, and the list has no head. */
struct rw_semaphore___list {
	struct list_head wait_list;
};

/* include/linux/hung_task.h, since 6.16: what task_struct.blocker has in its lowest bits */
#define BLOCKER_TYPE_MASK	  0x3
#define BLOCKER_TYPE_RWSEM_READER 0x2

/* kernel/locking/rwsem.c: lowest bits of the owner */
#define RWSEM_READER_OWNED 1
#define RWSEM_OWNER_FLAGS  7

#define RING_STEPS 512

/* @at: a word of the stack which is the task: of a struct rwsem_waiter, in a list? */
static __always_inline void note_waiter(__u64 at)
{
	__u64 waiter = at - bpf_core_field_offset(struct rwsem_waiter, task), next;

	next = word_at(waiter + bpf_core_field_offset(struct rwsem_waiter, list.next));
	if (next && word_at(next + bpf_core_field_offset(struct list_head, prev)) == waiter)
		blocking.waiter = waiter;
}

/* A waiter stands on the stack of the task that it names; what doesn't is the list's head. */
static __always_inline bool is_head(__u64 node)
{
	__u64 task = word_at(node + bpf_core_field_offset(struct rwsem_waiter, task));
	__u64 stack = task ? field_word(cast(task, task_struct), struct task_struct, stack) : 0;

	return !stack || node - stack >= THREAD_WORDS * 8;
}

/* Up to the list's head, or to the waiter that is looked for. */
static long waiter_step(__u64 i, void *arg)
{
	if (i && (blocking.node == blocking.first || (!blocking.first && is_head(blocking.node))))
		return 1;
	blocking.node = word_at(blocking.node + bpf_core_field_offset(struct list_head, next));
	return !blocking.node;
}

/* ... goes round where there is no head, so that it is found if it is there at all. */
static __always_inline void waiters_walk(__u64 first)
{
	blocking.first = first;
	blocking.node = blocking.waiter + bpf_core_field_offset(struct rwsem_waiter, list);
	bpf_loop(RING_STEPS, waiter_step, NULL, 0);
}

/* From 7.1 on: is this word of the stack the semaphore, whose first waiter is in the list of ours? */
static long semaphore_step(__u64 i, void *arg)
{
	__u64 sem = word_at(blocking.at + i * 8), first;

	if (i >= blocking.nr)
		return 1;
	if (sem & 7 || sem < page_offset_base)
		return 0;
	first = word_at(sem + bpf_core_field_offset(struct rw_semaphore, first_waiter));
	if (!first || is_head(first))
		return 0;
	waiters_walk(first);
	if (blocking.node != first)
		return 0;
	blocking.sem = sem;
	return 1;
}

/* Address of the semaphore; 0: not found. */
static __always_inline __u64 semaphore(struct task_struct *task)
{
	if (bpf_core_field_exists(struct task_struct, blocker)) {
		__u64 blocker = task->blocker;

		/* it is kept of uninterruptible waits only (kernel/locking/rwsem.c) */
		if (blocker & BLOCKER_TYPE_RWSEM_READER)
			return blocker & ~(__u64)BLOCKER_TYPE_MASK;
	}
	if (bpf_core_field_exists(struct rw_semaphore___list, wait_list)) {
		waiters_walk(0);
		if (!blocking.node || !is_head(blocking.node))
			return 0;
		return blocking.node - bpf_core_field_offset(struct rw_semaphore___list, wait_list);
	}
	if (bpf_core_field_exists(struct rw_semaphore, first_waiter))
		bpf_loop(THREAD_WORDS, semaphore_step, NULL, 0);
	return blocking.sem;
}

static __always_inline bool is_dax_mapping(__u64 mapping)
{
	__u64 host = field_word(mapping_cast(mapping), struct address_space, host);
	struct inode *inode = inode_cast(host);

	return host && field_word(inode, struct inode, i_mapping) == mapping &&
	       inode->i_flags & S_DAX;
}

/* The mapping of the DAX file whose lock @sem is; 0: it is no such file's. */
static __always_inline __u64 lock_mapping(struct look_lock *l, __u64 sem)
{
	__u64 inode = sem - bpf_core_field_offset(struct inode, i_rwsem), mapping;

	mapping = field_word(inode_cast(inode), struct inode, i_mapping);
	if (mapping && field_word(mapping_cast(mapping), struct address_space, host) == inode &&
	    is_dax_mapping(mapping)) {
		l->kind = LOOK_LOCK_INODE;
		return mapping;
	}
	mapping = sem - bpf_core_field_offset(struct address_space, invalidate_lock);
	if (is_dax_mapping(mapping)) {
		l->kind = LOOK_LOCK_INVALIDATE;
		return mapping;
	}
	return 0;
}

/* Does the task at @task have the address space at @mm? */
static __always_inline bool has_mm(__u64 task, __u64 mm)
{
	return task && field_word(cast(task, task_struct), struct task_struct, mm) == mm;
}

static __always_inline void lock_owner(struct look_lock *l, __u64 at)
{
	struct task_struct *task = cast(at, task_struct), *same;

	l->owner_tgid = task->tgid;
	l->owner_pid = task->pid;
	__builtin_memcpy(l->owner_comm, task->comm, sizeof(l->owner_comm));
	/* a reader's name stays there when it has let go, and may have exited */
	same = l->owner_pid ? kfunc_task_from_pid(l->owner_pid) : NULL;
	if ((__u64)same != at)
		l->owner_pid = l->owner_tgid = 0;
	if (same)
		kfunc_task_release(same);
}

/* Fills @l; returns the mapping of the file whose lock it is, 0: of none. */
static __always_inline __u64 lock_of(struct look_lock *l, struct task_struct *task)
{
	__u64 sem = semaphore(task), mm, owner, mapping;
	__u32 pid;

	if (!sem)
		return 0;
	l->lock = sem;
	l->kind = LOOK_LOCK_OTHER;
	l->writes =
		(__u32)word_at(blocking.waiter + bpf_core_field_offset(struct rwsem_waiter, type)) ==
		bpf_core_enum_value(enum rwsem_waiter_type, RWSEM_WAITING_FOR_WRITE);
	owner = word_at(sem + bpf_core_field_offset(struct rw_semaphore, owner));
	l->read_owned = owner & RWSEM_READER_OWNED;
	owner &= ~(__u64)RWSEM_OWNER_FLAGS;
	if (owner)
		lock_owner(l, owner);
	mapping = lock_mapping(l, sem);
	if (mapping)
		return mapping;
	mm = sem - bpf_core_field_offset(struct mm_struct, mmap_lock);
	pid = task->tgid;
	if (!has_mm((__u64)task, mm)) {
		__u64 other = bpf_core_field_exists(struct mm_struct, owner)
				      ? word_at(mm + bpf_core_field_offset(struct mm_struct, owner))
				      : 0;

		if (!other || other & 7 || other < page_offset_base || !has_mm(other, mm)) {
			/* 6.12: a VMA has a semaphore of its own, which a fault reads */
			if (l->read_owned && owner &&
			    has_mm(owner, field_word(task, struct task_struct, mm)))
				l->kind = LOOK_LOCK_VMA;
			l->mm_tgid = l->kind == LOOK_LOCK_VMA ? pid : 0;
			return 0;
		}
		pid = cast(other, task_struct)->tgid;
	}
	l->kind = LOOK_LOCK_MMAP;
	l->mm_tgid = pid;
	return 0;
}

/* vma_start_write() waits for those who read one of its own VMAs: mm/mmap_lock.c */
static __always_inline void vma_lock_of(struct look_lock *l, struct task_struct *task)
{
	l->lock = field_word(task, struct task_struct, mm);
	l->kind = LOOK_LOCK_VMA;
	l->writes = 1;
	l->read_owned = 1;
	l->mm_tgid = task->tgid;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* daxtop_inject: a lock of an address space that its owner holds for long. */

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "internal.h"

static void mm_unlock(struct session *s, struct undo *u)
{
	mmap_write_unlock(u->data);
	mmput(u->data);
}

int mm_do(struct session *s, struct inject *arg)
{
	struct pid *pid = find_get_pid(arg->pfn);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm = task ? get_task_mm(task) : NULL;
	struct undo *u = mm ? undo_add(s, mm_unlock) : NULL;

	if (task)
		put_task_struct(task);
	put_pid(pid);
	if (!u) {
		if (mm)
			mmput(mm);
		return mm ? -ENOMEM : -ESRCH;
	}
	mmap_write_lock(mm);
	u->data = mm;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* program.bpf.c - which program a process runs: its number says nothing of that */
#include "emit.bpf.h"
#include "scan.h"

extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

/*
 * begin_new_exec() adds one to self_exec_id, and its threads have begun with it (fs/exec.c). A thread that
 * executes takes the leader's place and its start_time (de_thread()).
 */
SEC("syscall")
int dx_program(struct dx_program_args *a)
{
	struct task_struct *task = bpf_task_from_pid(a->tgid);

	a->found = 0;
	if (!task)
		return 0;
	a->start = task->start_time;
	a->exec = task->self_exec_id;
	a->found = 1;
	bpf_task_release(task);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* program.bpf.c - which program a process runs, and where: its number says nothing of that */
#include "emit.bpf.h"
#include "scan.h"

/* task_active_pid_ns(); a pid has a number in each namespace from the initial one down to its own. */
static __u32 pid_ns_of(const struct task_struct *task)
{
	const struct pid *pid = BPF_CORE_READ(task, thread_pid);
	const struct upid *own;

	if (!pid)
		return 0;
	own = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	      BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);
	return BPF_CORE_READ(own, ns, ns.inum);
}

/*
 * begin_new_exec() adds one to self_exec_id, and its threads have begun with it (fs/exec.c). A thread that
 * executes takes the leader's place and its start_time (de_thread()).
 */
SEC("syscall")
int dx_program(struct dx_program_args *a)
{
	struct task_struct *task = kfunc_task_from_pid(a->tgid);
	__u64 comm[2] = {};

	a->found = 0;
	if (!task)
		return 0;
	a->start = task->start_time;
	a->exec = task->self_exec_id;
	a->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	a->pid_ns = pid_ns_of(task);
	a->mount_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
	__builtin_memcpy(a->comm, comm, sizeof(a->comm));
	a->found = 1;
	kfunc_task_release(task);
	return 0;
}

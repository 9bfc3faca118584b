// SPDX-License-Identifier: GPL-2.0-only
/* process.c - processes by their numbers in this process's own pid namespace */
#include <errno.h>
#include <string.h>
#include "base/process.h"
#include "internal.h"

static int process_add(void *arg, const void *record)
{
	memcpy(arg, record, sizeof(struct look_mm_task));
	return 0;
}

/*
 * An iterator of one task takes the number in the namespace of who opens it (kernel/bpf/task_iter.c,
 * bpf_iter_attach_task()), and its program reads task_struct.tgid, which is that of the initial one.
 */
int look_process(struct look *l, uint32_t pid, uint32_t *tgid, char *comm)
{
	struct look_mm_task task = {};
	/* the first thread stands for all */
	uint32_t first = process_proc_ours() ? process_tgid(pid) : pid;
	int rc = ask_each(l->asker, ASK_MMS, first, sizeof(task), process_add, &task);

	if (!rc && !task.tgid)
		rc = -ESRCH;
	*tgid = rc ? 0 : task.tgid;
	if (comm)
		memcpy(comm, task.comm, DX_COMM_LEN);
	return rc;
}

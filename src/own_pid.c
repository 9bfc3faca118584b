// SPDX-License-Identifier: GPL-2.0-only
/* own_pid.c - a number may be one process's here and another one's in the initial pid namespace */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/process.h"
#include "look/look.h"
#include "look_session.h"
#include "own_pid.h"

int own_pid_resolve(struct look *l, uint32_t *pid)
{
	uint32_t tgid;
	int rc;

	if (process_all_seen())
		return 0;
	/* ps shows numbers of one namespace then, and $! of sh another's: which is meant? */
	if (!process_proc_ours()) {
		fprintf(stderr,
			"daxtop: /proc is not that of this pid namespace, so which process %u is meant is not known: "
			"mount it (mount -t proc proc /proc)\n",
			*pid);
		return 2;
	}
	rc = look_process(l, *pid, &tgid, NULL);
	if (rc == -ESRCH)
		fprintf(stderr, "daxtop: there is no process %u in this pid namespace\n", *pid);
	else if (rc)
		fprintf(stderr, "daxtop: process %u could not be looked for: %s\n", *pid,
			strerror(-rc));
	else
		fprintf(stderr,
			"daxtop: process %u of this pid namespace is %u in the initial one, whose numbers are shown\n",
			*pid, tgid);
	if (rc)
		return 2;
	*pid = tgid;
	return 0;
}

int own_pid_filter(uint32_t *pid)
{
	struct look_session l;
	int status;

	if (!*pid || process_all_seen())
		return 0;
	status = look_session_open(&l);
	if (status)
		return status;
	status = own_pid_resolve(l.look, pid);
	look_session_close(&l);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * paused.c - daxtop, stopped just before it runs one of its BPF programs: what it has read by then
 * it has read, and the rest it has not. So a test can change the world in between.
 */
#include <linux/bpf.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daxtop.h"

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

static void traced(void)
{
	must(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* The name of the program behind its descriptor @fd. */
static void program_name(pid_t pid, int fd, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = { .info = { .info_len = sizeof(info), .info = (uintptr_t)&info } };
	int pidfd = syscall(SYS_pidfd_open, pid, 0), copy;

	must(pidfd >= 0);
	copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	must(copy >= 0);
	attr.info.bpf_fd = copy;
	must(!syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)));
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	must(!close(copy) && !close(pidfd));
}

/* Is it about to run the program @prog? */
static bool runs(pid_t pid, const char *prog)
{
	struct __ptrace_syscall_info at;
	char name[BPF_OBJ_NAME_LEN];
	union bpf_attr attr = {};
	struct iovec mine = { &attr, sizeof(attr.test) }, theirs;

	must(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(at), &at) > 0);
	if (at.op != PTRACE_SYSCALL_INFO_ENTRY || at.entry.nr != SYS_bpf ||
	    at.entry.args[0] != BPF_PROG_TEST_RUN)
		return false;
	theirs = (struct iovec){ (void *)(uintptr_t)at.entry.args[1], sizeof(attr.test) };
	must(process_vm_readv(pid, &mine, 1, &theirs, 1, 0) > 0);
	program_name(pid, attr.test.prog_fd, name);
	return !strncmp(name, prog, BPF_OBJ_NAME_LEN - 1);
}

struct daxtop *daxtop_pause(const char *prog, const char *const argv[])
{
	struct daxtop *d = daxtop_spawn_as(traced, argv);
	int status, sig = 0;

	must(waitpid(d->pid, &status, 0) == d->pid && WIFSTOPPED(status)); /* its exec */
	must(!ptrace(PTRACE_SETOPTIONS, d->pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (;;) {
		must(!ptrace(PTRACE_SYSCALL, d->pid, 0, sig));
		must(waitpid(d->pid, &status, 0) == d->pid);
		if (!WIFSTOPPED(status))
			fail("daxtop ended without running %s: wait status %#x", prog, status);
		sig = WSTOPSIG(status) == SYSCALL_STOP ? 0 : WSTOPSIG(status);
		if (!sig && runs(d->pid, prog))
			return d;
	}
}

void daxtop_resume(struct daxtop *d)
{
	must(!ptrace(PTRACE_DETACH, d->pid, 0, 0));
}

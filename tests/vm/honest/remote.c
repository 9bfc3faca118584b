// SPDX-License-Identifier: GPL-2.0-only
/* remote.c - one process reaches into another one's DAX memory; futexes in it. */
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

static void span_mapped(struct span *s)
{
	span_pool(s, one_in(3) ? 512 : 16);
	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
}

/*
 * For those that take and put a plain reference. Linux 6.12 puts theirs by folio_put(), and only
 * put_page() wakes who waits for a DAX page to be idle (put_devmap_managed_folio_refs()): a
 * truncate of the same file would wait for ever. There, nobody truncates theirs.
 */
static void span_mapped_get(struct span *s)
{
	if (!legacy || !job.place->fs) {
		span_mapped(s);
		return;
	}
	span_own(s, 16 * SZ_4K);
	must(span_map(s, RW, MAP_SHARED) ? 0 : -1);
}

/* A child that touches its memory, until it is killed. */
static pid_t victim_fork(const struct span *s)
{
	pid_t pid = child_fork();

	if (!pid) {
		for (;;) {
			span_touch(s, 4);
			madvise(s->p, s->len, MADV_DONTNEED);
			pause_rnd(500);
		}
	}
	return pid;
}

static void run_process_vm(void)
{
	while (job_on()) {
		char buf[3 * SZ_4K];
		struct span s;
		unsigned int i;
		pid_t pid;

		span_mapped(&s);
		pid = victim_fork(&s);
		for (i = 0; i < 10; i++) {
			size_t len = 1 + rnd(2 * SZ_4K);
			struct iovec mine = { buf, len };
			struct iovec theirs = { span_at(&s, 3 * SZ_4K) + rnd(SZ_4K), len };

			if (one_in(2))
				may(process_vm_readv(pid, &mine, 1, &theirs, 1, 0), EFAULT);
			else
				may(process_vm_writev(pid, &mine, 1, &theirs, 1, 0), EFAULT);
		}
		child_kill(pid);
		span_end(&s);
		job_did();
	}
}

static void run_proc_mem(void)
{
	while (job_on()) {
		char path[64], buf[SZ_4K];
		struct span s;
		unsigned int i;
		pid_t pid;
		int fd;

		span_mapped_get(&s);
		pid = victim_fork(&s);
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		fd = open(path, O_RDWR | O_CLOEXEC);
		must(fd);
		for (i = 0; i < 10; i++) {
			off_t at = (off_t)(uintptr_t)span_at(&s, 2 * SZ_4K) + rnd(SZ_4K);

			if (one_in(2))
				may(pread(fd, buf, sizeof(buf), at), EIO, EFAULT);
			else
				may(pwrite(fd, buf, sizeof(buf), at), EIO, EFAULT);
		}
		child_kill(pid);
		close(fd);
		span_end(&s);
		job_did();
	}
}

static void run_ptrace(void)
{
	while (job_on()) {
		struct span s;
		unsigned int i;
		int status;
		pid_t pid;

		span_mapped_get(&s);
		pid = victim_fork(&s);
		must(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
		must(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
		must(waitpid(pid, &status, 0));
		if (!WIFSTOPPED(status))
			job_fail("the traced process did not stop: %#x", status);
		for (i = 0; i < 20; i++) {
			char *at = span_at(&s, SZ_4K) + rnd(500) * 8;

			/* -1 is a word, too. */
			errno = 0;
			ptrace(PTRACE_PEEKDATA, pid, at, NULL);
			may(errno ? -1 : 0, EIO, EFAULT);
			may(ptrace(PTRACE_POKEDATA, pid, at, (void *)0x123456789L), EIO, EFAULT);
		}
		if (one_in(2))
			must(ptrace(PTRACE_DETACH, pid, NULL, NULL));
		child_kill(pid);
		span_end(&s);
		job_did();
	}
}

/* Shared futexes are told apart by inode and offset, which needs the page for a moment. */
static void run_futex(void)
{
	while (job_on()) {
		struct timespec t = { 0, 2000000 };
		struct span s;
		unsigned int i;
		uint32_t *word;
		pid_t pid;

		span_mapped_get(&s);
		word = (uint32_t *)span_at(&s, SZ_4K);
		pid = child_fork();
		if (!pid) {
			for (i = 0; i < 4; i++) {
				/* Any value that another job has put there will do. */
				may(syscall(SYS_futex, word, FUTEX_WAIT, 0, &t, NULL, 0), EAGAIN,
				    ETIMEDOUT, EFAULT, EINTR);
				touch_write((char *)word);
			}
			_exit(0);
		}
		for (i = 0; i < 8; i++) {
			may(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
			may(syscall(SYS_futex, word, FUTEX_REQUEUE, 1, 1, word + 8, 0), EFAULT);
			touch_write((char *)word);
			pause_rnd(500);
		}
		child_wait(pid, false);
		span_end(&s);
		job_did();
	}
}

/* What a monitor does: walks the page tables of others by /proc. */
static void run_proc_maps(void)
{
	static const char *const files[] = { "smaps", "smaps_rollup", "numa_maps", "pagemap",
					     "maps" };

	while (job_on()) {
		struct span s;
		size_t i;
		pid_t pid;

		span_mapped(&s);
		pid = victim_fork(&s);
		for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
			char path[64], buf[4096];
			int fd;

			snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			may(fd, ENOENT);
			if (fd < 0)
				continue;
			if (i == 3)
				must(pread(fd, buf, sizeof(buf), (off_t)((uintptr_t)s.p / SZ_4K * 8)));
			else
				while (must(read(fd, buf, sizeof(buf))) > 0)
					;
			close(fd);
		}
		child_kill(pid);
		span_end(&s);
		job_did();
	}
}

const struct kind remote_kinds[] = {
	KIND("process-vm", AT_ALL, run_process_vm), KIND("proc-mem", AT_ALL, run_proc_mem),
	KIND("ptrace", AT_ALL, run_ptrace),	    KIND("futex", AT_ALL, run_futex),
	KIND("proc-maps", AT_ALL, run_proc_maps),   KINDS_END,
};

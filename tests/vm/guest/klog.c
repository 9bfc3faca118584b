// SPDX-License-Identifier: GPL-2.0-only
/* klog.c - the kernel log, and the BPF programs that the kernel holds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "runner.h"

static int kmsg = -1;

/*
 * What the kernel itself finds to take too long. Tests make tasks wait, and a look takes up to 20 s;
 * a virtual CPU that the host gives no time is no lockup of this kernel. The last two are the
 * most that can be asked for (a soft lockup is twice the threshold).
 */
static const struct {
	const char *path, *seconds;
} patience[] = {
	{ "/proc/sys/kernel/hung_task_timeout_secs", "600" },
	{ "/proc/sys/kernel/watchdog_thresh", "60" },
	{ "/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout", "300" },
};

void klog_open(void)
{
	int fd;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0) {
		perror("guest-test: /dev/kmsg");
		exit(2);
	}
	lseek(kmsg, 0, SEEK_END);
	for (size_t i = 0; i < sizeof(patience) / sizeof(patience[0]); i++) {
		ssize_t len = (ssize_t)strlen(patience[i].seconds);

		fd = open(patience[i].path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, patience[i].seconds, len) != len) {
			fprintf(stderr, "guest-test: %s: %s\n", patience[i].path, strerror(errno));
			exit(2);
		}
		close(fd);
	}
}

const char *klog_fault(const char *warns)
{
	static const char *const words[] = { "WARNING:",
					     "BUG:",
					     "Oops",
					     "Call Trace",
					     "general protection fault",
					     "Kernel panic",
					     "refcount_t:",
					     "blocked for more than" };
	static char fault[1024];
	char line[8192];
	bool wanted = false; /* a trace that belongs to what was expected */
	ssize_t n;
	size_t i;

	fault[0] = '\0';
	/* One record a read; EPIPE: records were overwritten, go on with the next. */
	while ((n = read(kmsg, line, sizeof(line) - 1)) != 0) {
		if (n < 0) {
			if (errno == EPIPE)
				continue;
			break;
		}
		line[n] = '\0';
		if (strstr(line, "WARNING:"))
			wanted = warns && strstr(line, warns);
		if (wanted && (strstr(line, "WARNING:") || strstr(line, "Call Trace")))
			continue;
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!fault[0] && strstr(line, words[i]))
				snprintf(fault, sizeof(fault), "%.1000s", line);
	}
	return fault[0] ? fault : NULL;
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

size_t bpf_programs(uint32_t *ids, size_t max)
{
	union bpf_attr attr;
	uint32_t id = 0;
	size_t n = 0;

	while (n < max) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (sys_bpf(BPF_PROG_GET_NEXT_ID, &attr))
			break;
		id = attr.next_id;
		ids[n++] = id;
	}
	return n;
}

void bpf_program_name(uint32_t id, char *out, size_t len)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = { .prog_id = id };
	int fd;

	snprintf(out, len, "id %u", id);
	fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	if (!sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		snprintf(out, len, "id %u (%.15s)", id, info.name);
	close(fd);
}

uint32_t bpf_program_id(void)
{
	const struct bpf_insn zero[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insn_cnt = 2,
				.insns = (uintptr_t)zero,
				.license = (uintptr_t) "GPL" };
	struct bpf_prog_info info = {};
	int fd = sys_bpf(BPF_PROG_LOAD, &attr);

	must(fd >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	must(!sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr));
	close(fd);
	return info.id;
}

static bool id_known(uint32_t id, const uint32_t *ids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/*
 * The kernel frees a program after an RCU grace period and from a worker, which takes
 * seconds on a busy machine; one that stays, stays for ever.
 */
int64_t bpf_these_gone(const uint32_t *ids, size_t n, char *left, size_t len)
{
	int64_t start = now_ms();
	uint32_t now[1024];
	size_t i, m, used;
	char name[64];

	do {
		m = bpf_programs(now, 1024);
		used = 0;
		left[0] = '\0';
		for (i = 0; i < m; i++) {
			if (!id_known(now[i], ids, n))
				continue;
			bpf_program_name(now[i], name, sizeof(name));
			if (used < len)
				used += snprintf(left + used, len - used, "%s%s", used ? ", " : "",
						 name);
		}
		if (!left[0])
			return now_ms() - start;
		poll_pause();
	} while (now_ms() - start < PATIENCE_MS);
	return -1;
}

/* Is one of its descriptors a BPF object ("anon_inode:bpf-prog", "anon_inode:bpf_link")? */
static bool has_bpf(const char *pid)
{
	char path[300], target[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		found = !strncmp(target, "anon_inode:bpf", 14);
	}
	if (d)
		closedir(d);
	return found;
}

bool bpf_holder(char *who, size_t len)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		char path[300], comm[32] = "";
		FILE *f;

		if (e->d_name[0] < '1' || e->d_name[0] > '9' || !has_bpf(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = fopen(path, "re");
		if (f && fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		if (f)
			fclose(f);
		snprintf(who, len, "process %s (%s)", e->d_name, comm);
		found = true;
	}
	if (d)
		closedir(d);
	return found;
}

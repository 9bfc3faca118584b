// SPDX-License-Identifier: GPL-2.0-only
/*
 * start_shim.c - preloaded (LD_PRELOAD) into a program whose start is measured: notes when
 * libbpf opens and loads objects, each bpf(2) that belongs to a phase, and each close() of a
 * link. bench_start makes phases of them.
 *
 * libbpf calls bpf(2) by syscall() and closes by close(), both through its procedure linkage
 * table. A failure here leaves the program alone: bench_start finds no records then.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "start.h"

#define FDS 4096

static struct start_log *start_log;
/* What a descriptor of bpf(2)'s is. Threads of the program use different ones. */
static struct {
	bool link;
	char name[START_NAME];
} fds[FDS];
/* The kernel is told the first 15 letters of it. */
static __thread const char *whole_name;

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void note(const struct start_call *call)
{
	uint32_t i;
	int saved = errno;

	if (!start_log)
		return;
	i = __atomic_fetch_add(&start_log->nr, 1, __ATOMIC_RELAXED);
	if (i < START_CALLS) {
		start_log->calls[i] = *call;
		start_log->calls[i].end = start_now();
		start_log->calls[i].pid = getpid();
	}
	errno = saved;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv(START_LOG);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = mmap(NULL, sizeof(*start_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return;
	start_log = at;
	/* what it starts itself, CMD of daxtop check, is not looked into */
	unsetenv("LD_PRELOAD");
	note(&(struct start_call){ .what = START_MAIN, .begin = start_now() });
}

/* ---- bpf(2) ---- */

/* Which phase a command belongs to; 0: to that of what goes on around it. */
static enum start_what what_of(int cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_MAP_FREEZE:
	case BPF_BTF_LOAD:
		return START_MAP;
	case BPF_PROG_LOAD:
		return START_LOAD;
	case BPF_RAW_TRACEPOINT_OPEN:
		return START_LINK;
	case BPF_LINK_CREATE:
		/* an iterator attaches to nothing: it runs when it is read */
		return attr->link_create.attach_type == BPF_TRACE_ITER ? 0 : START_LINK;
	}
	return 0;
}

static const char *name_of(int cmd, const union bpf_attr *attr)
{
	uint32_t fd;

	switch (cmd) {
	case BPF_PROG_LOAD:
		return whole_name ? whole_name : attr->prog_name;
	case BPF_RAW_TRACEPOINT_OPEN:
		fd = attr->raw_tracepoint.prog_fd;
		return fd < FDS ? fds[fd].name : "";
	case BPF_LINK_CREATE:
		fd = attr->link_create.prog_fd;
		return fd < FDS ? fds[fd].name : "";
	}
	return "";
}

long syscall(long nr, ...)
{
	static long (*real)(long nr, ...);
	struct start_call call = {};
	long a[6], rc;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!real)
		real = next("syscall");
	if (nr == SYS_bpf && start_log)
		call.what = what_of(a[0], (void *)a[1]);
	if (!call.what)
		return real(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	snprintf(call.name, sizeof(call.name), "%s", name_of(a[0], (void *)a[1]));
	call.insns = call.what == START_LOAD ? ((union bpf_attr *)a[1])->insn_cnt : 0;
	call.begin = start_now();
	rc = real(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	call.result = rc;
	note(&call);
	if (rc >= 0 && rc < FDS && (call.what == START_LOAD || call.what == START_LINK)) {
		fds[rc].link = call.what == START_LINK;
		memcpy(fds[rc].name, call.name, START_NAME);
	}
	return rc;
}

int close(int fd)
{
	static int (*real)(int fd);
	struct start_call call = { .what = START_UNLINK };

	if (!real)
		real = next("close");
	if (fd < 0 || fd >= FDS || !fds[fd].link)
		return real(fd);
	memcpy(call.name, fds[fd].name, START_NAME);
	fds[fd].link = false;
	call.begin = start_now();
	call.result = real(fd);
	note(&call);
	return call.result;
}

/* bpf/bpf.h declares it, in libbpf 1.5 with const options, in 1.7 without. */
int bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
		  const struct bpf_insn *insns, size_t nr, void *opts)
{
	int (*real)(enum bpf_prog_type type, const char *name, const char *license,
		    const struct bpf_insn *insns, size_t nr, void *opts) = next("bpf_prog_load");
	int rc;

	whole_name = name;
	rc = real(type, name, license, insns, nr, opts);
	whole_name = NULL;
	return rc;
}

/* ---- libbpf's own work ---- */

/* A function of libbpf whose time is that of START_OPEN. */
#define OPENING(type, name, parameters, ...)          \
	type name parameters                          \
	{                                             \
		struct start_call call = {            \
			.what = START_OPEN,           \
			.begin = start_now(),         \
		};                                    \
		type(*real) parameters = next(#name); \
		type rc = real(__VA_ARGS__);          \
                                                      \
		note(&call);                          \
		return rc;                            \
	}

OPENING(int, bpf_object__open_skeleton,
	(struct bpf_object_skeleton * s, const struct bpf_object_open_opts *o), s, o)
OPENING(int, bpf_object__load_skeleton, (struct bpf_object_skeleton * s), s)
OPENING(struct bpf_object *, bpf_object__open_mem,
	(const void *at, size_t len, const struct bpf_object_open_opts *o), at, len, o)
OPENING(int, bpf_object__load, (struct bpf_object * o), o)

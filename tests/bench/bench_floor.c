// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_floor.c - the least that watching a kernel function can cost: an empty program.
 *
 *	bench_floor learn	what is attached now, a line a program
 *	bench_floor attach FILE	attaches an empty program for each of those lines
 *
 * Learnt from the kernel while daxtop is attached, so the list can't differ from
 * what daxtop does. A line: attach type, BTF object, type in it, the program's name.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#define FUNCTIONS_MAX 256

/*
 * Links of many functions, Linux 7.2: include/uapi/linux/bpf.h. The headers that we are built with
 * may be older.
 */
#define LINK_TYPE_TRACING_MULTI 15
#define FENTRY_MULTI		59
#define FEXIT_MULTI		60
#define BY_NAME			1000 /* no attach type: a raw tracepoint, by its name instead of the program's */

struct multi_info {
	__u32 type, id, prog_id, pad;
	__u32 attach_type, count, btf_obj_id, pad2;
	__u64 ids, addrs, cookies;
};

struct multi_create {
	__u32 prog_fd, target_fd, attach_type, flags;
	__u64 ids, cookies;
	__u32 count, pad;
};

/* The functions of a link; @name: its program's. */
static void learn_multi(int fd, const char *name)
{
	__u32 ids[FUNCTIONS_MAX], len;
	struct multi_info info = { .count = FUNCTIONS_MAX, .ids = (unsigned long)ids };

	len = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, (void *)&info, &len))
		err(2, "the functions of %s can't be read", name);
	for (__u32 i = 0; i < info.count; i++)
		printf("%u %u %u %s\n", info.attach_type, info.btf_obj_id, ids[i], name);
}

/* The program behind a link. */
static void learn_link(__u32 id)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog = {};
	char tracepoint[64] = "";
	__u32 link_len = sizeof(link), prog_len = sizeof(prog);
	int fd = bpf_link_get_fd_by_id(id), prog_fd, attach;

	link.raw_tracepoint.tp_name = (unsigned long)tracepoint;
	link.raw_tracepoint.tp_name_len = sizeof(tracepoint);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &link, &link_len))
		err(2, "link %u can't be read", id);
	if (link.type == BPF_LINK_TYPE_ITER) {
		close(fd); /* runs when it is read, not by itself */
		return;
	}
	prog_fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (prog_fd < 0 || bpf_obj_get_info_by_fd(prog_fd, &prog, &prog_len))
		err(2, "program %u can't be read", link.prog_id);
	close(prog_fd);
	if (link.type == LINK_TYPE_TRACING_MULTI) {
		learn_multi(fd, prog.name);
		close(fd);
		return;
	}
	close(fd);
	if (prog.type == BPF_PROG_TYPE_RAW_TRACEPOINT) {
		printf("%d 0 0 %s\n", BY_NAME, tracepoint);
		return;
	}
	if (prog.type != BPF_PROG_TYPE_TRACING || !prog.attach_btf_id)
		errx(2, "program %s is of type %u, which bench_floor doesn't know", prog.name,
		     prog.type);
	/* the kernel tells the attach type of trampolines only */
	attach = link.type == BPF_LINK_TYPE_TRACING ? (int)link.tracing.attach_type
						    : BPF_TRACE_RAW_TP;
	printf("%d %u %u %s\n", attach, prog.attach_btf_obj_id, prog.attach_btf_id, prog.name);
}

static int learn(void)
{
	__u32 id = 0;
	int n = 0;

	for (; !bpf_link_get_next_id(id, &id); n++)
		learn_link(id);
	if (errno != ENOENT)
		err(2, "the links can't be listed");
	if (!n)
		errx(2, "nothing is attached");
	return 0;
}

static const struct bpf_insn empty[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* Functions that go together. */
struct multi {
	__u32 id[FUNCTIONS_MAX], n;
};

static void attach_multi(int attach, const struct multi *m)
{
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = attach);
	struct multi_create a = { .attach_type = attach, .ids = (unsigned long)m->id, .count = m->n };
	int prog;

	if (!m->n)
		return;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "bench_empty", "GPL", empty,
			     sizeof(empty) / sizeof(empty[0]), &o);
	if (prog < 0)
		err(2, "an empty program for many functions can't be loaded");
	a.prog_fd = prog;
	/* the link stays open as long as we live */
	if (syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a)) < 0)
		err(2, "an empty program can't be attached to %u functions", m->n);
}

static void attach_empty(int attach, __u32 obj, __u32 type, const char *name)
{
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = attach, .attach_btf_id = type);
	int prog;

	o.attach_btf_obj_fd = bpf_btf_get_fd_by_id(obj);
	if (o.attach_btf_obj_fd == (__u32)-1)
		err(2, "%s: BTF object %u", name, obj);
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "bench_empty", "GPL", empty,
			     sizeof(empty) / sizeof(empty[0]), &o);
	if (prog < 0)
		err(2, "%s: an empty program can't be loaded", name);
	/* the link stays open as long as we live */
	if (bpf_raw_tracepoint_open(NULL, prog) < 0)
		err(2, "%s: an empty program can't be attached", name);
}

static void attach_by_name(const char *tracepoint)
{
	int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "bench_empty", "GPL", empty,
				 sizeof(empty) / sizeof(empty[0]), NULL);

	/* the link stays open as long as we live */
	if (prog < 0 || bpf_raw_tracepoint_open(tracepoint, prog) < 0)
		err(2, "%s: an empty program can't be attached", tracepoint);
}

static int attach(const char *path)
{
	struct multi entry = { .n = 0 }, exit = { .n = 0 };
	char name[64];
	unsigned int obj, type;
	int attach, n = 0, fields;
	FILE *f = fopen(path, "re");

	if (!f)
		err(2, "%s", path);
	while ((fields = fscanf(f, "%d %u %u %63s", &attach, &obj, &type, name)) == 4) {
		struct multi *m = attach == FENTRY_MULTI  ? &entry
				  : attach == FEXIT_MULTI ? &exit
							  : NULL;

		if (m && m->n == FUNCTIONS_MAX)
			errx(2, "%s has more than %d functions", path, FUNCTIONS_MAX);
		if (m)
			m->id[m->n++] = type;
		else if (attach == BY_NAME)
			attach_by_name(name);
		else
			attach_empty(attach, obj, type, name);
		n++;
	}
	attach_multi(FENTRY_MULTI, &entry);
	attach_multi(FEXIT_MULTI, &exit);
	if (fields != EOF || !n)
		errx(2, "%s is not what bench_floor learn has written", path);
	/* a shell starts what runs beside it with this one ignored */
	signal(SIGINT, SIG_DFL);
	fprintf(stderr, "bench_floor: ready: %d\n", n);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "learn"))
		return learn();
	if (argc == 3 && !strcmp(argv[1], "attach"))
		return attach(argv[2]);
	errx(2, "usage: bench_floor learn | attach FILE");
}

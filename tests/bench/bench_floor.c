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
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#define ATTACH_MAX 256

/* The program behind a link. */
static void learn_link(__u32 id)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog = {};
	__u32 link_len = sizeof(link), prog_len = sizeof(prog);
	int fd = bpf_link_get_fd_by_id(id), prog_fd, attach;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &link, &link_len))
		err(2, "link %u can't be read", id);
	close(fd);
	if (link.type == BPF_LINK_TYPE_ITER)
		return; /* runs when it is read, not by itself */
	prog_fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (prog_fd < 0 || bpf_obj_get_info_by_fd(prog_fd, &prog, &prog_len))
		err(2, "program %u can't be read", link.prog_id);
	close(prog_fd);
	if (prog.type != BPF_PROG_TYPE_TRACING || !prog.attach_btf_id)
		errx(2, "program %s is of type %u, which bench_floor doesn't know", prog.name, prog.type);
	/* the kernel tells the attach type of trampolines only */
	attach = link.type == BPF_LINK_TYPE_TRACING ? (int)link.tracing.attach_type : BPF_TRACE_RAW_TP;
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

static void attach_empty(int attach, __u32 obj, __u32 type, const char *name)
{
	static const struct bpf_insn empty[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
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

static int attach(const char *path)
{
	char name[64];
	unsigned int obj, type;
	int attach, n = 0, fields;
	FILE *f = fopen(path, "re");

	if (!f)
		err(2, "%s", path);
	while ((fields = fscanf(f, "%d %u %u %63s", &attach, &obj, &type, name)) == 4) {
		attach_empty(attach, obj, type, name);
		n++;
	}
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

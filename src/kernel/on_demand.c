// SPDX-License-Identifier: GPL-2.0-only
/* on_demand.c - programs that are verified when they are first run */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "limit.h"
#include "on_demand.h"
#include "refusal.h"

#define LOG_SIZE (1 << 20) /* of a longer log the kernel keeps the end (since 6.4) */

static struct kept {
	const struct bpf_program *prog;
	struct kept *next;
	enum { KEPT, LOADED, REFUSED } state;
	struct bpf_prog_load_opts opts; /* has copies of both infos */
	size_t nr;
	struct bpf_insn insns[];
} * all;

bool on_demand_is(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL ||
	       bpf_program__expected_attach_type(prog) == BPF_TRACE_ITER;
}

static struct kept *kept_of(const struct bpf_program *prog)
{
	struct kept *k = all;

	while (k && k->prog != prog)
		k = k->next;
	return k;
}

/* ---- keep ---- */

static void *copy_of(const void *at, size_t size)
{
	void *copy = malloc(size ? size : 1);

	return copy ? memcpy(copy, at, size) : NULL;
}

static void kept_free(struct kept *k)
{
	free((void *)k->opts.func_info);
	free((void *)k->opts.line_info);
	free(k);
}

/* Whoever needs them (a callback's address may be taken of a function with information only) has them. */
static int infos_keep(struct bpf_prog_load_opts *o)
{
	size_t functions = (size_t)o->func_info_cnt * o->func_info_rec_size;
	size_t lines = (size_t)o->line_info_cnt * o->line_info_rec_size;

	o->func_info = functions ? copy_of(o->func_info, functions) : NULL;
	o->line_info = lines ? copy_of(o->line_info, lines) : NULL;
	return (functions && !o->func_info) || (lines && !o->line_info) ? -ENOMEM : 0;
}

int on_demand_keep(struct bpf_program *prog, struct bpf_prog_load_opts *opts)
{
	/* r0 = 0; exit */
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	size_t nr = bpf_program__insn_cnt(prog);
	struct kept *k = calloc(1, sizeof(*k) + nr * sizeof(k->insns[0]));

	if (!k)
		return -ENOMEM;
	k->prog = prog;
	k->nr = nr;
	memcpy(k->insns, bpf_program__insns(prog), nr * sizeof(k->insns[0]));
	/* a newer libbpf's is longer */
	memcpy(&k->opts, opts, opts->sz < sizeof(k->opts) ? opts->sz : sizeof(k->opts));
	k->opts.sz = sizeof(k->opts);
	if (infos_keep(&k->opts) || bpf_program__set_insns(prog, nothing, 2)) {
		kept_free(k);
		return -ENOMEM;
	}
	opts->func_info = opts->line_info = NULL;
	opts->func_info_cnt = opts->line_info_cnt = 0;
	k->next = all;
	all = k;
	return 0;
}

void on_demand_forget(const struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		struct kept **at = &all, *k;

		while (*at && (*at)->prog != prog)
			at = &(*at)->next;
		k = *at;
		if (!k)
			continue;
		*at = k->next;
		kept_free(k);
	}
}

/* ---- load ---- */

static int load(struct kept *k)
{
	return bpf_prog_load(bpf_program__type(k->prog), bpf_program__name(k->prog), "GPL",
			     k->insns, k->nr, &k->opts);
}

/* Once more, for the verifier's word: it is dear to make, and rarely wanted. */
static int load_again(struct kept *k)
{
	char *log = calloc(1, LOG_SIZE);
	int fd;

	k->opts.log_buf = log;
	k->opts.log_size = log ? LOG_SIZE : 0;
	k->opts.log_level = log ? 1 : 0;
	fd = load(k);
	if (fd < 0 && log && getenv("DAXTOP_LIBBPF"))
		fprintf(stderr, "%s\n", log);
	if (fd < 0 && log)
		refusal_add(bpf_program__name(k->prog), log);
	k->opts.log_buf = NULL;
	k->opts.log_size = k->opts.log_level = 0;
	free(log);
	return fd;
}

int on_demand_load(const struct bpf_program *prog)
{
	struct kept *k = kept_of(prog);
	int fd, rc;

	if (!k || k->state != KEPT)
		return k && k->state == REFUSED ? -ENOSYS : 0;
	fd = load(k);
	if (fd < 0 && !limit_reached(fd) && fd != -EINTR)
		fd = load_again(k);
	if (fd < 0 && (limit_reached(fd) || fd == -EINTR))
		return fd;
	if (fd < 0) {
		k->state = REFUSED;
		return -ENOSYS;
	}
	/* libbpf goes on with the descriptor that it knows */
	rc = dup3(fd, bpf_program__fd(prog), O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	if (!rc)
		k->state = LOADED;
	return rc;
}

bool on_demand_refused(const struct bpf_program *prog)
{
	const struct kept *k = kept_of(prog);

	return k && k->state == REFUSED;
}

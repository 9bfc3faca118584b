// SPDX-License-Identifier: GPL-2.0-only
/* asker.c - loads what is asked by hand, runs it, reads iterators */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "asker.h"
#include "btf_kernel.h"
#include "btf_names.h"
#include "limit.h"
#include "on_demand.h"
#include "preflight.h"
#include "programs.h"
#include "walk.h"
#include "look.skel.h"

/* its programs, maps, iterators, types of modules, and what the process had */
#define DESCRIPTORS 256

struct asker {
	const struct btf_names *types; /* the kernel's */
	enum regime regime;
	uint32_t zone_shift;
	struct look_bpf *skel;
	struct dx_init_args init;
	unsigned int nr_cpus;
	bool mr;
	void (*between)(void *arg, uint64_t things);
	void *between_arg;
	uint64_t runs; /* of programs that are no iterators */
	uint64_t told; /* things that between() was told of */
	struct answers answers;
};

/* By question: the size of its struct. */
static const size_t sizes[ASK_QUESTIONS] = {
#define ASK_SIZE(question, program, args) [ASK_##question] = sizeof(struct args),
	QUESTIONS(ASK_SIZE) ITERATORS(ASK_SIZE)
};

/* NULL: there is none. */
static struct bpf_program *program(const struct asker *k, enum question q)
{
	struct bpf_program *const programs[ASK_QUESTIONS] = {
#define ASK_PROGRAM(question, program, ...) [ASK_##question] = k->skel->progs.program,
		QUESTIONS(ASK_PROGRAM) ITERATORS(ASK_PROGRAM)
#define HOLD_PROGRAM(kind, holder, name, program) \
	[ASK_HOLD + DX_OBJECT_##kind] = k->skel->progs.dx_hold_##program,
#define NO_PROGRAM(...)
			OBJECTS(HOLD_PROGRAM, NO_PROGRAM)
	};

	return q < ASK_QUESTIONS ? programs[q] : NULL;
}

/* ---- load ---- */

static struct bpf_object *open_object(void *arg, const struct bpf_object_open_opts *opts)
{
	struct asker *k = arg;

	k->skel = look_bpf__open_opts(opts);
	return k->skel ? k->skel->obj : NULL;
}

static void choose(void *arg)
{
	struct asker *k = arg;

	k->skel->rodata->zone_shift = k->zone_shift;
	k->skel->rodata->walk_times = false; /* no events to put in order */
	k->skel->rodata->legacy = k->regime == REGIME_LEGACY;
	if (!k->mr)
		bpf_program__set_autoload(k->skel->progs.dx_next_mr, false);
}

static int load_object(void *arg)
{
	struct asker *k = arg;

	return look_bpf__load(k->skel);
}

static void close_object(void *arg)
{
	struct asker *k = arg;

	if (k->skel)
		on_demand_forget(k->skel->obj);
	look_bpf__destroy(k->skel);
	k->skel = NULL;
}

struct asker *asker_open(bool mr, char *err, size_t errlen)
{
	static const struct programs_object o = { open_object, choose, load_object, close_object };
	struct asker *k = calloc(1, sizeof(*k));
	int cpus = libbpf_num_possible_cpus();

	if (!k || cpus <= 0) {
		snprintf(err, errlen, "no memory to start with");
		free(k);
		return NULL;
	}
	programs_init();
	k->nr_cpus = cpus;
	k->mr = mr;
	if (limits_raise(DESCRIPTORS, err, errlen))
		goto fail;
	k->types = preflight_types(err, errlen);
	if (!k->types)
		goto fail;
	k->regime = regime_of(k->types);
	if (preflight_btf(k->types, err, errlen) ||
	    pages_known(k->types, &k->zone_shift, err, errlen) ||
	    programs_load(&o, k, k->types, err, errlen) ||
	    pages_init(k->skel->progs.dx_init, &k->init, err, errlen))
		goto fail;
	k->answers = (struct answers){
		.symbol = k->skel->bss->symbol_name,
		.names = k->skel->bss->look_names,
		.inodes = k->skel->bss->look_inodes,
		.vmas = k->skel->bss->look_vmas,
		.ptes = k->skel->bss->look_ptes,
		.held = k->skel->bss->held,
		.inside = k->skel->bss->inside,
		.disks = k->skel->bss->disks,
		.tag_sets = (const uint64_t *)k->skel->bss->tag_sets,
		.ops = (const uint64_t *)k->skel->bss->object_ops,
		.end = (const uint64_t *)k->skel->bss->object_end,
	};
	return k;
fail:
	asker_close(k);
	return NULL;
}

void asker_close(struct asker *k)
{
	if (!k)
		return;
	close_object(k);
	free(k);
}

/* ---- what it is ---- */

enum regime asker_regime(const struct asker *k)
{
	return k->regime;
}

const struct btf_names *asker_types(const struct asker *k)
{
	return k->types;
}

unsigned int asker_nr_cpus(const struct asker *k)
{
	return k->nr_cpus;
}

const struct answers *asker_answers(const struct asker *k)
{
	return &k->answers;
}

uint64_t asker_pgmap_array(const struct asker *k)
{
	return k->init.pgmap_array;
}

void asker_between(struct asker *k, void (*fn)(void *arg, uint64_t things), void *arg)
{
	k->between = fn;
	k->between_arg = arg;
}

void asker_turn(struct asker *k)
{
	uint64_t things = k->skel->bss->looked_at + k->runs;

	if (k->between)
		k->between(k->between_arg, things - k->told);
	k->told = things;
}

void asker_step(struct asker *k)
{
	k->runs++;
	asker_turn(k);
}

/* ---- questions ---- */

int ask_at_once(struct asker *k, enum question q, void *args, size_t len)
{
	struct bpf_program *prog = program(k, q);
	size_t size = q >= ASK_HOLD ? sizeof(struct dx_hold_args) : sizes[q];

	return prog && len == size ? programs_run(prog, args, len) : -EINVAL;
}

int ask(struct asker *k, enum question q, void *args, size_t len)
{
	asker_turn(k);
	k->runs++;
	return ask_at_once(k, q, args, len);
}

int ask_each(struct asker *k, enum question q, uint32_t tid, size_t size,
	     int (*fn)(void *arg, const void *record), void *arg)
{
	size_t have = 0, room = 64 * size;
	char *buf;
	int fd, rc;

	if (size != sizes[q])
		return -EINVAL;
	buf = malloc(room);
	fd = buf ? programs_iterate(program(k, q), tid) : -ENOMEM;
	rc = fd < 0 ? fd : 0;
	while (!rc) {
		size_t at = 0;
		ssize_t n;

		asker_turn(k);
		n = read(fd, buf + have, room - have);
		/* EAGAIN: it has ended in time, without output (bpf/look/turn.bpf.h); go on */
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			rc = -errno;
		if (n <= 0)
			break;
		have += n;
		for (; !rc && have - at >= size; at += size)
			rc = fn(arg, buf + at);
		have -= at;
		memmove(buf, buf + at, have);
	}
	free(buf);
	if (fd >= 0)
		close(fd);
	return rc;
}

int ask_fd(const struct asker *k, enum question q)
{
	struct bpf_program *prog = program(k, q);

	return prog ? programs_fd(prog) : -1;
}

bool ask_is_known(const struct asker *k, enum question q)
{
	return program(k, q);
}

bool ask_was_refused(const struct asker *k, enum question q)
{
	struct bpf_program *prog = program(k, q);

	return prog && (bpf_program__fd(prog) < 0 || on_demand_refused(prog));
}

const char *ask_why(int rc)
{
	return programs_why(rc);
}

/* ---- what an answer needs besides ---- */

void asker_walk(const struct asker *k, struct walk *w)
{
	w->prog = k->skel->progs.dx_walk;
	w->found = k->skel->bss->walk_found;
}

void asker_files_from(struct asker *k, int fd)
{
	k->skel->bss->files_from = fd;
}

void asker_waits_of(struct asker *k, uint32_t tgid)
{
	k->skel->bss->wait_tgid = tgid;
}

uint64_t asker_objects_cut(struct asker *k)
{
	uint64_t cut = k->skel->bss->objects_cut;

	k->skel->bss->objects_cut = 0;
	return cut;
}

uint64_t asker_mapped_unsure(struct asker *k)
{
	uint64_t unsure = k->skel->bss->mapped_unsure;

	k->skel->bss->mapped_unsure = 0;
	return unsure;
}

bool asker_knows_bio_pinned(struct asker *k)
{
	k->skel->data->bio_pinned = btf_bio_pinned(k->types);
	return k->skel->data->bio_pinned < BIO_PINNED_NONE;
}

// SPDX-License-Identifier: GPL-2.0-only
/* perf_source.c - the object that counts: load, attach, sums over CPUs */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "kernel/perf_source.h"
#include "base/progress.h"
#include "base/stop.h"
#include "btf_kernel.h"
#include "btf_names.h"
#include "limit.h"
#include "on_demand.h"
#include "preflight.h"
#include "programs.h"
#include "refusal.h"
#include "release.h"
#include "walk.h"
#include "perf.skel.h"

/*
 * What is counted together, or not at all: title, module, programs. Of a module that is not loaded nothing can
 * be counted.
 */
/* clang-format off */
#define PARTS(X) \
	X("faults of filesystems", NULL, "perf_fault", "perf_fault_end") \
	X("why faults of 2M fall back: extents", NULL, "perf_extent") \
	X("faults of device-dax", "device_dax", "perf_dev_fault", "perf_dev_fault_end") \
	X("GUP, fast path", NULL, "perf_gup_fast") \
	X("GUP, slow path", NULL, "perf_gup_slow") \
	X("unpins: unpin_user_pages", NULL, "perf_unpin_pages", "perf_unpin_dirty") \
	X("unpins: memory regions", NULL, "perf_unpin_range") \
	X("unpins: direct I/O", NULL, "perf_unpin_bio") \
	X("layout breaks", NULL, "perf_break", "perf_break_end", "perf_busy") \
	X("layout breaks of files that go", NULL, "perf_break_final", "perf_break_final_end") \
	X("waits for locked entries, of removals", NULL, "perf_removal_waits", "perf_removal_waits_end") \
	X("waits for locked entries, of others", NULL, "perf_entry_waits", "perf_entry_waits_end")
/* clang-format on */

#define PART_PROGRAMS 3

static const struct part {
	const char *title, *module;
	const char *programs[PART_PROGRAMS];
} parts[] = {
#define PART(title, module, ...) { title, module, { __VA_ARGS__ } },
	PARTS(PART)
};
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

/* programs and links, maps, types of modules, and what the process had */
#define DESCRIPTORS 256

struct perf_source {
	uint32_t max_keys;
	const struct btf_names *types;
	enum regime regime;
	uint32_t zone_shift;
	struct perf_bpf *skel;
	unsigned int nr_cpus;
	int link[NR_PARTS * PART_PROGRAMS];
	size_t nr_links;
	int released; /* what still holds them, -1: nothing does */
	char why[NR_PARTS][160]; /* it is not counted; "": it is */
};

/* ---- load ---- */

static struct bpf_object *open_object(void *arg, const struct bpf_object_open_opts *opts)
{
	struct perf_source *s = arg;

	s->skel = perf_bpf__open_opts(opts);
	return s->skel ? s->skel->obj : NULL;
}

static struct bpf_program *program(const struct perf_source *s, const char *name)
{
	return bpf_object__find_program_by_name(s->skel->obj, name);
}

static void choose(void *arg)
{
	struct perf_source *s = arg;

	for (size_t i = 0; i < NR_PARTS; i++) {
		const struct part *p = &parts[i];
		bool all = true;

		for (int k = 0; k < PART_PROGRAMS && p->programs[k]; k++) {
			struct bpf_program *prog = program(s, p->programs[k]);

			if (p->module && !bpf_program__autoload(prog))
				programs_choose_module(s->types, prog, p->module);
			all &= bpf_program__autoload(prog);
		}
		for (int k = 0; !all && k < PART_PROGRAMS && p->programs[k]; k++)
			bpf_program__set_autoload(program(s, p->programs[k]), false);
	}
	s->skel->rodata->zone_shift = s->zone_shift;
	bpf_map__set_max_entries(s->skel->maps.perf_values, s->max_keys);
	bpf_map__set_max_entries(s->skel->maps.perf_tasks, s->max_keys);
	bpf_map__set_max_entries(s->skel->maps.perf_files, s->max_keys);
}

static int load_object(void *arg)
{
	struct perf_source *s = arg;

	return perf_bpf__load(s->skel);
}

static void close_object(void *arg)
{
	struct perf_source *s = arg;

	if (s->skel)
		on_demand_forget(s->skel->obj);
	perf_bpf__destroy(s->skel);
	s->skel = NULL;
}

/* ---- attach ---- */

/* Returns 0 or -errno. */
static int attach_one(struct perf_source *s, const struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);

	if (fd < 0)
		return -ENOENT;
	fd = bpf_link_create(fd, 0, bpf_program__expected_attach_type(prog), NULL);
	if (fd < 0)
		return fd;
	s->link[s->nr_links++] = fd;
	return 0;
}

/* @prog: could not be attached with @rc, and the others of the part are not then. */
static void say_missing(struct perf_source *s, size_t i, const struct bpf_program *prog, int rc)
{
	const char *section = bpf_program__section_name(prog);
	const char *target = strchr(section, '/') ? strchr(section, '/') + 1 : section;
	const char *refused = NULL;

	for (int k = 0; k < PART_PROGRAMS && parts[i].programs[k]; k++)
		if (refusal_of(parts[i].programs[k]))
			refused = parts[i].programs[k];
	if (refused)
		snprintf(s->why[i], sizeof(s->why[i]), "the verifier refused %s: %s", refused,
			 refusal_of(refused));
	else if (rc != -ENOENT)
		snprintf(s->why[i], sizeof(s->why[i]), "%s: %s", target, limit_sentence(rc));
	else if (parts[i].module)
		snprintf(s->why[i], sizeof(s->why[i]), "module %s was not loaded", parts[i].module);
	else
		snprintf(s->why[i], sizeof(s->why[i]), "this kernel has no %s", target);
}

/* All programs of it, or none. Returns 0, or -errno: a limit was reached. */
static int attach_part(struct perf_source *s, size_t i)
{
	const struct part *p = &parts[i];
	size_t first = s->nr_links;

	for (int k = 0; k < PART_PROGRAMS && p->programs[k]; k++) {
		const struct bpf_program *prog = program(s, p->programs[k]);
		int rc = attach_one(s, prog);

		if (!rc)
			continue;
		say_missing(s, i, prog, rc);
		while (s->nr_links > first)
			close(s->link[--s->nr_links]);
		return limit_reached(rc) ? rc : 0;
	}
	return 0;
}

static int attach(struct perf_source *s, char *err, size_t errlen)
{
	for (size_t i = 0; i < NR_PARTS; i++) {
		int rc = stop_wanted ? -EINTR : attach_part(s, i);

		progress_step("attaching them", i + 1, NR_PARTS);
		if (rc == -EINTR)
			snprintf(err, errlen, "a signal ended it before everything was attached");
		else if (rc)
			snprintf(err, errlen, "the BPF programs could not be attached: %s",
				 limit_sentence(rc));
		if (rc)
			return -1;
	}
	if (s->why[0][0]) {
		snprintf(err, errlen, "nothing of DAX can be counted on this kernel: %s", s->why[0]);
		return -1;
	}
	return 0;
}

/* ---- open, close ---- */

struct perf_source *perf_source_open(uint32_t max_keys, char *err, size_t errlen)
{
	static const struct programs_object o = { open_object, choose, load_object, close_object };
	struct perf_source *s = calloc(1, sizeof(*s));
	int cpus = libbpf_num_possible_cpus();

	if (!s || cpus <= 0) {
		snprintf(err, errlen, "no memory to start with");
		free(s);
		return NULL;
	}
	programs_init();
	s->max_keys = max_keys;
	s->nr_cpus = cpus;
	s->released = -1;
	if (limits_raise(DESCRIPTORS, err, errlen))
		goto fail;
	progress_step("reading the kernel's types", 0, 0);
	s->types = preflight_types(err, errlen);
	if (!s->types)
		goto fail;
	s->regime = regime_of(s->types);
	if (preflight_btf(s->types, err, errlen) ||
	    pages_known(s->types, &s->zone_shift, err, errlen) ||
	    programs_load(&o, s, s->types, err, errlen))
		goto fail;
	if (programs_run(s->skel->progs.perf_init, NULL, 0)) {
		snprintf(err, errlen, "the kernel refused to run a BPF program");
		goto fail;
	}
	if (attach(s, err, errlen))
		goto fail;
	return s;
fail:
	perf_source_close(s);
	return NULL;
}

void perf_source_detach(struct perf_source *s)
{
	if (s->nr_links)
		s->released = links_release(s->link, s->nr_links);
	s->nr_links = 0;
}

void perf_source_close(struct perf_source *s)
{
	if (!s)
		return;
	perf_source_detach(s);
	close_object(s);
	if (s->released >= 0)
		close(s->released);
	free(s);
}

/* ---- what it is ---- */

enum regime perf_source_regime(const struct perf_source *s)
{
	return s->regime;
}

void perf_source_gaps(const struct perf_source *s,
		      void (*fn)(void *arg, const char *what, const char *why), void *arg)
{
	for (size_t i = 0; i < NR_PARTS; i++)
		if (s->why[i][0])
			fn(arg, parts[i].title, s->why[i]);
	if (!s->skel->bss->gup_fast_start)
		fn(arg, "GUP that went from the fast path into the slow one",
		   "kernel addresses are hidden (kernel.kptr_restrict), so it is among the slow path's");
}

void perf_source_attached(const struct perf_source *s, unsigned int *attached, unsigned int *all)
{
	*attached = 0;
	*all = NR_PARTS;
	for (size_t i = 0; i < NR_PARTS; i++)
		*attached += !s->why[i][0];
}

uint64_t perf_source_missed(const struct perf_source *s)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, s->skel->obj) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

/* ---- the counts ---- */

static void value_add(struct perf_value *to, const struct perf_value *v)
{
	to->count += v->count;
	to->pages += v->pages;
	to->sum += v->sum;
	if (to->max < v->max)
		to->max = v->max;
	for (int i = 0; i < PERF_BUCKETS; i++)
		to->bucket[i] += v->bucket[i];
}

/* @cpu: room for a value of each CPU. Returns 0 or -errno. */
static int value_read(const struct perf_source *s, const struct bpf_map *map, const void *key,
		      struct perf_value *cpu, struct perf_value *sum)
{
	if (bpf_map_lookup_elem(bpf_map__fd(map), key, cpu))
		return -errno;
	memset(sum, 0, sizeof(*sum));
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		value_add(sum, &cpu[i]);
	return 0;
}

int perf_source_each(const struct perf_source *s,
		     int (*fn)(void *arg, const struct perf_key *k, const struct perf_value *v),
		     void *arg)
{
	const struct bpf_map *map = s->skel->maps.perf_values;
	struct perf_value *cpu = calloc(s->nr_cpus, sizeof(*cpu)), sum;
	struct perf_key key, *last = NULL;
	int rc = cpu ? 0 : -ENOMEM;

	/* keys are never deleted, so none is met twice */
	while (!rc && !bpf_map_get_next_key(bpf_map__fd(map), last, &key)) {
		rc = value_read(s, map, &key, cpu, &sum);
		rc = rc ? rc : fn(arg, &key, &sum);
		last = &key;
	}
	free(cpu);
	return rc;
}

int perf_source_others(const struct perf_source *s, struct perf_value *v)
{
	struct perf_value *cpu = calloc(s->nr_cpus, sizeof(*cpu));
	int rc = cpu ? 0 : -ENOMEM;

	for (uint32_t what = 0; !rc && what < PERF_WHAT_NR; what++)
		rc = value_read(s, s->skel->maps.perf_others, &what, cpu, &v[what]);
	free(cpu);
	return rc;
}

int perf_source_comm(const struct perf_source *s, uint32_t tgid, char comm[16])
{
	struct perf_task t;

	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.perf_tasks), &tgid, &t))
		return -ENOENT;
	memcpy(comm, t.comm, sizeof(t.comm));
	return 0;
}

int perf_source_file(const struct perf_source *s, const struct perf_key *k, struct perf_file_at *at)
{
	const struct perf_file f = { .ino = k->ino, .dev = k->dev, .gen = k->gen };

	return bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.perf_files), &f, at) ? -ENOENT : 0;
}

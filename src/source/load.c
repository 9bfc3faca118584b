// SPDX-License-Identifier: GPL-2.0-only
/* load.c - which programs go into the kernel, and how */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "programs.h"
#include "stop.h"

#define LOAD_ATTEMPTS 6

int source_page_known(const struct btf *btf, uint32_t *zone_shift, char *err, size_t errlen)
{
	*zone_shift = btf_zone_shift(btf);
	if (*zone_shift && btf_sizeof(btf, "page") == 64)
		return 0;
	snprintf(err, errlen,
		 "this kernel's struct page can't be read: its BTF doesn't tell where the "
		 "zone stands, or its size is not 64 bytes");
	return -1;
}

/*
 * Its types can be had only when its init has returned (kernel/bpf/btf.c,
 * btf_try_get_module()), which is some time after module:module_load, and a moment after it
 * is called live (btf_module_notify()): hence MODULE_TRIES.
 */
bool source_module_is_live(const struct probe *p)
{
	char path[96], state[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", p->module);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(state, sizeof(state), f))
		state[0] = 0;
	fclose(f);
	return !strcmp(state, "live\n");
}

/* A candidate is of use where the ones before it can't be had: what their programs attach to isn't all there. */
static bool candidate_there(struct bpf_object *obj, const struct probe_candidate *c)
{
	for (int i = 0; i < PROBE_PROGRAMS && c->programs[i]; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(obj, c->programs[i]);

		if (!prog || !bpf_program__autoload(prog))
			return false;
	}
	return true;
}

/* Programs of a second choice, where the first one is there. If it can't be attached after all: source_load_late(). */
static void leave_second_choices(struct source *s)
{
	for (size_t i = 0; i < s->nr_probes; i++) {
		const struct probe *p = &s->probes[i];
		int c = 0;

		while (c < PROBE_CANDIDATES && p->candidates[c].target &&
		       !candidate_there(s->skel->obj, &p->candidates[c]))
			c++;
		while (++c < PROBE_CANDIDATES && p->candidates[c].target)
			for (int k = 0; k < PROBE_PROGRAMS && p->candidates[c].programs[k]; k++)
				bpf_program__set_autoload(bpf_object__find_program_by_name(
								  s->skel->obj,
								  p->candidates[c].programs[k]),
							  false);
	}
}

/* Of a module that is there already, and not built in. One that comes later: source_modules(). */
static void choose_of_modules(struct source *s)
{
	for (size_t i = 0; i < s->nr_probes; i++) {
		const struct probe *p = &s->probes[i];
		struct bpf_program *prog;

		if (!p->module || p->state != PROBE_MISSING)
			continue;
		prog = bpf_object__find_program_by_name(s->skel->obj, p->candidates[0].programs[0]);
		if (!bpf_program__autoload(prog) && source_module_is_live(p))
			programs_choose_module(s->btf, prog, p->module);
	}
}

/* Programs that BTF gives no target for are not loaded; nor are @refused ones, and those of no use here. */
static int choose_programs(struct source *s, char refused[][64], size_t nr_refused)
{
	struct bpf_program *prog;

	if (programs_choose(s->btf, s->skel->obj))
		return -ENOMEM;
	s->index_stays =
		s->regime != REGIME_LEGACY && !bpf_program__autoload(s->skel->progs.dx_reset_order);
	choose_of_modules(s);
	bpf_object__for_each_program(prog, s->skel->obj) {
		if (!probe_program_wanted(s->probes, s->nr_probes, bpf_program__name(prog)))
			bpf_program__set_autoload(prog, false);
		for (size_t i = 0; i < nr_refused; i++)
			if (!strcmp(refused[i], bpf_program__name(prog)))
				bpf_program__set_autoload(prog, false);
	}
	leave_second_choices(s);
	hooks_choose(s);
	return 0;
}

static void settings_set(const struct source *s, struct daxtop_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.events, s->o.ring_size);
	skel->rodata->zone_shift = s->zone_shift;
	skel->rodata->legacy = s->regime == REGIME_LEGACY;
	skel->rodata->index_stays = s->index_stays;
	if (!s->index_stays)
		bpf_map__set_max_entries(skel->maps.left_indexes, 1);
	skel->rodata->strict = s->o.strict;
	skel->rodata->rules_on = !s->o.no_rules;
}

int source_stopped(char *err, size_t errlen)
{
	snprintf(err, errlen, "a signal ended it before everything was attached");
	return -1;
}

/*
 * By trial: a program that this kernel's verifier refuses is left out and the
 * rest is loaded again.
 */
int source_load(struct source *s, char *err, size_t errlen)
{
	char refused[LOAD_ATTEMPTS][64];

	if (source_page_known(s->btf, &s->zone_shift, err, errlen))
		return -1;
	for (size_t n = 0; n < LOAD_ATTEMPTS; n++) {
		int rc;

		s->skel = daxtop_bpf__open();
		if (!s->skel) {
			snprintf(err, errlen, "the BPF programs could not be opened: %s",
				 strerror(errno));
			return -1;
		}
		if (choose_programs(s, refused, n)) {
			snprintf(err, errlen, "no memory to start with");
			return -1;
		}
		settings_set(s, s->skel);
		programs_refused()[0] = 0;
		rc = daxtop_bpf__load(s->skel);
		programs_chosen();
		if (!rc)
			return 0;
		daxtop_bpf__destroy(s->skel);
		s->skel = NULL;
		if (stop_wanted)
			return source_stopped(err, errlen);
		if (rc == -ENOMEM) {
			snprintf(
				err, errlen,
				"the kernel has no memory for a ring of %zu bytes: try a smaller --ring-size",
				s->o.ring_size);
			return -1;
		}
		if (!programs_refused()[0]) {
			snprintf(err, errlen, "the BPF programs could not be loaded: %s (%s)",
				 strerror(-rc), programs_message());
			return -1;
		}
		snprintf(refused[n], sizeof(refused[n]), "%s", programs_refused());
	}
	snprintf(err, errlen,
		 "this kernel refuses too many of the BPF programs; the last one was %s (%s)",
		 programs_refused(), programs_message());
	return -1;
}

/* An object of its own, with the maps and variables of the others. */
int source_load_late(struct source *s, struct probe *p, int c)
{
	struct daxtop_bpf *late = s->nr_late < LATE_MAX ? daxtop_bpf__open() : NULL;
	struct bpf_map *from, *to = NULL;
	struct bpf_program *prog;

	if (!late) {
		snprintf(p->why, sizeof(p->why), "%s", strerror(errno));
		return -1;
	}
	if (programs_choose(s->btf, late->obj))
		goto fail;
	bpf_object__for_each_program(prog, late->obj)
		if (!candidate_has(&p->candidates[c], bpf_program__name(prog)))
			bpf_program__set_autoload(prog, false);
		else if (!bpf_program__autoload(prog) && p->module)
			programs_choose_module(s->btf, prog, p->module);
	settings_set(s, late);
	bpf_object__for_each_map(from, s->skel->obj) {
		to = bpf_object__next_map(late->obj, to);
		if (bpf_map__reuse_fd(to, bpf_map__fd(from)))
			goto fail;
	}
	if (daxtop_bpf__load(late))
		goto fail;
	programs_chosen();
	s->late[s->nr_late++] = late;
	return 0;
fail:
	programs_chosen();
	snprintf(p->why, sizeof(p->why), "%.150s", programs_message());
	daxtop_bpf__destroy(late);
	return -1;
}

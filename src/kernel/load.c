// SPDX-License-Identifier: GPL-2.0-only
/* load.c - which programs go into the kernel, and how */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "internal.h"
#include "limit.h"
#include "on_demand.h"
#include "programs.h"
#include "types.h"

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
			programs_choose_module(s->types, prog, p->module);
	}
}

/* Those that no probe wants and those of no use here are not loaded. */
static void choose_programs(struct source *s)
{
	struct bpf_program *prog;

	s->index_stays =
		s->regime != REGIME_LEGACY && !programs_target(s->skel->progs.dx_reset_order);
	choose_of_modules(s);
	bpf_object__for_each_program(prog, s->skel->obj)
		if (!probe_program_wanted(s->probes, s->nr_probes, bpf_program__name(prog)))
			bpf_program__set_autoload(prog, false);
	leave_second_choices(s);
	hooks_choose(s);
}

/* Early in a boot there may be no random bytes yet: then those of the address space's layout must do. */
static void key_set(void *key, size_t len)
{
	void *here = &here;

	if (getrandom(key, len, GRND_NONBLOCK) != (ssize_t)len)
		memcpy(key, &here, sizeof(here));
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
	key_set(skel->rodata->stack_key, sizeof(skel->rodata->stack_key));
}

static struct bpf_object *open_object(void *arg, const struct bpf_object_open_opts *opts)
{
	struct source *s = arg;

	s->skel = daxtop_bpf__open_opts(opts);
	return s->skel ? s->skel->obj : NULL;
}

static void choose(void *arg)
{
	struct source *s = arg;

	choose_programs(s);
	settings_set(s, s->skel);
}

static int load_object(void *arg)
{
	struct source *s = arg;

	return daxtop_bpf__load(s->skel);
}

static void close_object(void *arg)
{
	struct source *s = arg;

	if (s->skel)
		on_demand_forget(s->skel->obj);
	daxtop_bpf__destroy(s->skel);
	s->skel = NULL;
}

int source_load(struct source *s, char *err, size_t errlen)
{
	static const struct programs_object o = { open_object, choose, load_object, close_object };
	int rc;

	if (pages_known(s->types, &s->zone_shift, err, errlen))
		return -1;
	rc = programs_load(&o, s, s->types, err, errlen);
	/* libbpf speaks of the map that could not be made */
	if (rc == -ENOMEM && strstr(programs_message(), "'events'"))
		snprintf(err, errlen,
			 "the kernel has no memory for a ring of %zu bytes: try a smaller --ring-size",
			 s->o.ring_size);
	return rc ? -1 : 0;
}

/* An object of its own, with the maps and variables of the others. */
int source_load_late(struct source *s, struct probe *p, int c)
{
	struct types_file types = { .fd = -1 };
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types.path);
	int rc = s->nr_late < LATE_MAX ? types_open(&types) : -ENOSPC;
	struct daxtop_bpf *late = rc ? NULL : daxtop_bpf__open_opts(&opts);
	struct bpf_map *from, *to = NULL;
	struct bpf_program *prog;

	if (!late) {
		rc = rc ? rc : -errno;
		snprintf(p->why, sizeof(p->why), "%s", limit_sentence(rc));
		types_close(&types);
		return rc;
	}
	rc = programs_choose(s->types, late->obj);
	rc = rc ? rc : types_fill(&types, late->obj, s->types);
	if (rc)
		goto fail;
	bpf_object__for_each_program(prog, late->obj)
		if (!candidate_has(&p->candidates[c], bpf_program__name(prog)))
			bpf_program__set_autoload(prog, false);
		else if (!bpf_program__autoload(prog) && p->module)
			programs_choose_module(s->types, prog, p->module);
	settings_set(s, late);
	bpf_object__for_each_map(from, s->skel->obj) {
		to = bpf_object__next_map(late->obj, to);
		rc = bpf_map__reuse_fd(to, bpf_map__fd(from));
		if (rc)
			goto fail;
	}
	rc = daxtop_bpf__load(late);
	if (rc)
		goto fail;
	programs_chosen();
	types_close(&types);
	s->late[s->nr_late++] = late;
	return 0;
fail:
	programs_chosen();
	types_close(&types);
	snprintf(p->why, sizeof(p->why), "%.150s",
		 limit_reached(rc) ? limit_sentence(rc) : programs_message());
	daxtop_bpf__destroy(late);
	return rc;
}

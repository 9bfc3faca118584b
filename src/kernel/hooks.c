// SPDX-License-Identifier: GPL-2.0-only
/* hooks.c - one program for many functions, by links of type tracing_multi (Linux 7.2) */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "internal.h"
#include "limit.h"
#include "programs.h"
#include "refusal.h"

/* include/uapi/linux/bpf.h of 7.2: link_create.tracing_multi; libbpf knows it from 1.8 */
struct link_create_multi {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t targets; /* types of functions */
	uint64_t cookies;
	uint32_t n;
	uint32_t pad;
};

#define NAME(group, section, name, function) #name,
static const char *const names[] = { DX_HOOKS(NAME) };
#define GROUP(group, section, name, function) DX_HOOK_##group,
static const enum dx_hook_group groups[] = { DX_HOOKS(GROUP) };

static const struct {
	const char *program;
	int attach_type;
} shared[DX_HOOK_GROUPS] = {
	[DX_HOOK_ENTRY] = { "dx_multi_entry", PROGRAMS_FENTRY_MULTI },
	[DX_HOOK_EXIT] = { "dx_multi_exit", PROGRAMS_FEXIT_MULTI },
};

static struct bpf_program *shared_program(const struct source *s, int group)
{
	return bpf_object__find_program_by_name(s->skel->obj, shared[group].program);
}

static bool kernel_has_multi(const struct source *s)
{
	return btf_names_find(s->types, "bpf_tracing_multi_link", BTF_KIND_STRUCT);
}

void hooks_choose(struct source *s)
{
	bool multi = kernel_has_multi(s);
	size_t n[DX_HOOK_GROUPS] = { 0 };

	memset(s->hook_target, 0, sizeof(s->hook_target));
	for (int i = 0; i < DX_NR_HOOKS; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(s->skel->obj, names[i]);

		/* the group's program was refused by the verifier */
		if (!multi || !bpf_program__autoload(shared_program(s, groups[i])))
			continue;
		if (!bpf_program__autoload(prog))
			continue;
		s->hook_target[i] = programs_target(prog);
		bpf_program__set_autoload(prog, false);
		n[groups[i]]++;
	}
	for (int g = 0; g < DX_HOOK_GROUPS; g++)
		if (!n[g])
			bpf_program__set_autoload(shared_program(s, g), false);
}

struct hook_group *hooks_of(struct source *s, const char *program, enum dx_hook *hook)
{
	for (int i = 0; i < DX_NR_HOOKS; i++) {
		if (strcmp(names[i], program) || !s->hook_target[i])
			continue;
		*hook = i;
		return &s->group[groups[i]];
	}
	return NULL;
}

void hooks_tell_refused(struct source *s)
{
	for (int i = 0; i < DX_NR_HOOKS; i++) {
		const char *says = refusal_of(shared[groups[i]].program);

		for (size_t k = 0; says && k < s->nr_probes; k++) {
			struct probe *p = &s->probes[k];

			if (p->state == PROBE_ATTACHED &&
			    candidate_has(&p->candidates[p->chosen], names[i]))
				snprintf(p->why, sizeof(p->why),
					 "alone, as the verifier refused %s: %s",
					 shared[groups[i]].program, says);
		}
	}
}

static int link_create(const struct source *s, int group, const struct hook_group *g)
{
	struct link_create_multi a = {
		.prog_fd = bpf_program__fd(shared_program(s, group)),
		.attach_type = shared[group].attach_type,
		.targets = (uintptr_t)g->target,
		.cookies = (uintptr_t)g->cookie,
		.n = g->n,
	};
	int fd = syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a));

	return fd < 0 ? -errno : fd;
}

/* The probe of which @program is one waits for no group any more: it has to be attached alone. */
static void probe_leave(struct source *s, enum dx_hook hook, int rc)
{
	s->hook_target[hook] = 0;
	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (p->state != PROBE_ATTACHED ||
		    !candidate_has(&p->candidates[p->chosen], names[hook]))
			continue;
		p->state = PROBE_MISSING;
		snprintf(p->why, sizeof(p->why), "%s: %s", p->candidates[p->chosen].target,
			 strerror(-rc));
	}
}

/* One function that can't be attached fails all: each by itself tells which. */
static void leave_out_refused(struct source *s, int group, struct hook_group *g)
{
	struct hook_group one = { .n = 1 };
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		int fd;

		one.target[0] = g->target[i];
		one.cookie[0] = g->cookie[i];
		fd = link_create(s, group, &one);
		if (fd < 0) {
			probe_leave(s, g->cookie[i], fd);
			continue;
		}
		close(fd);
		g->target[n] = g->target[i];
		g->cookie[n++] = g->cookie[i];
	}
	g->n = n;
}

int hooks_attach(struct source *s)
{
	for (int i = 0; i < DX_HOOK_GROUPS; i++) {
		struct hook_group *g = &s->group[i];
		int fd;

		if (!g->n)
			continue;
		fd = link_create(s, i, g);
		if (fd < 0 && !limit_reached(fd)) {
			leave_out_refused(s, i, g);
			if (!g->n)
				continue;
			fd = link_create(s, i, g);
		}
		if (fd < 0)
			return fd;
		s->link[s->nr_links++] = fd;
	}
	return 0;
}

uint64_t hooks_missed(struct source *s)
{
	uint64_t sum = 0;

	for (int i = 0; i < DX_HOOK_GROUPS; i++) {
		struct hook_group *g = &s->group[i];
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (!g->n ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(shared_program(s, i)), &info, &len))
			continue;
		sum += info.recursion_misses - g->missed_seen;
		g->missed_seen = info.recursion_misses;
	}
	return sum;
}

// SPDX-License-Identifier: GPL-2.0-only
/* attach.c - candidates in order, by trial */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "internal.h"
#include "btf_kernel.h"
#include "limit.h"
#include "base/progress.h"
#include "refusal.h"
#include "release.h"
#include "base/stop.h"

#define MODULE_TRIES 8 /* at a module that came, each a check later */

struct bpf_program *source_program(const struct source *s, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(s->skel->obj, name);

	for (size_t i = 0; prog && bpf_program__fd(prog) < 0; i++)
		prog = i < s->nr_late ? bpf_object__find_program_by_name(s->late[i]->obj, name)
				      : NULL;
	return prog;
}

static bool is_raw(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

/* Those that wait for their groups are attached by hooks_attach(); iterators run last. Returns 0, or -errno. */
static int attach_program(struct source *s, const struct bpf_program *prog)
{
	int fd;

	if (!strcmp(probe_kind(bpf_program__section_name(prog)), "iterator"))
		return 0;
	if (is_raw(prog))
		fd = bpf_raw_tracepoint_open(strchr(bpf_program__section_name(prog), '/') + 1,
					     bpf_program__fd(prog));
	else
		fd = bpf_link_create(bpf_program__fd(prog), 0,
				     bpf_program__expected_attach_type(prog), NULL);
	if (fd < 0)
		return fd;
	s->link[s->nr_links++] = fd;
	return 0;
}

/* Why it is not in the kernel. */
static void say_unloaded(const struct source *s, const char *program, char *why, size_t len)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(s->skel->obj, program);
	const char *says = refusal_of(program), *section = bpf_program__section_name(prog);

	if (says)
		snprintf(why, len, "the verifier refused %s: %s", program, says);
	else
		snprintf(why, len, "this kernel has no %s",
			 strchr(section, '/') ? strchr(section, '/') + 1 : section);
}

/* Why a link could not be made. */
static const char *attach_why(int rc)
{
	/* BPF_MAX_TRAMP_LINKS, include/linux/bpf.h */
	return rc == -E2BIG ? "as many BPF programs as the kernel allows are attached to it"
			    : limit_sentence(rc);
}

/* All programs of the candidate, or none: returns 0 or -errno. */
static int attach_candidate(struct source *s, struct probe *p, int c)
{
	const struct probe_candidate *cand = &p->candidates[c];
	size_t first = s->nr_links, waiting[DX_HOOK_GROUPS];
	int rc = 0;

	for (int g = 0; g < DX_HOOK_GROUPS; g++)
		waiting[g] = s->group[g].n;
	for (int i = 0; !rc && i < PROBE_PROGRAMS && cand->programs[i]; i++) {
		struct bpf_program *prog;
		struct hook_group *group;
		enum dx_hook hook;

		group = hooks_of(s, cand->programs[i], &hook);
		if (group) {
			group->target[group->n] = s->hook_target[hook];
			group->cookie[group->n++] = hook;
			continue;
		}
		prog = source_program(s, cand->programs[i]);
		rc = prog ? attach_program(s, prog) : -ENOENT;
		if (!prog)
			say_unloaded(s, cand->programs[i], p->why, sizeof(p->why));
		else if (rc)
			snprintf(p->why, sizeof(p->why), "%s: %s", cand->target, attach_why(rc));
	}
	if (!rc)
		return 0;
	while (s->nr_links > first)
		close(s->link[--s->nr_links]);
	for (int g = 0; g < DX_HOOK_GROUPS; g++)
		s->group[g].n = waiting[g];
	return rc;
}

static bool candidate_loaded(const struct source *s, const struct probe_candidate *c)
{
	for (int i = 0; i < PROBE_PROGRAMS && c->programs[i]; i++)
		if (!source_program(s, c->programs[i]))
			return false;
	return true;
}

/* Once is enough: the verifier says the same again. */
static bool candidate_refused(const struct source *s, struct probe *p, int c)
{
	for (int i = 0; i < PROBE_PROGRAMS && p->candidates[c].programs[i]; i++)
		if (refusal_of(p->candidates[c].programs[i])) {
			say_unloaded(s, p->candidates[c].programs[i], p->why, sizeof(p->why));
			return true;
		}
	return false;
}

/*
 * Tries the candidates in order; sets state, chosen and why of @p. Returns 0 when
 * one is attached, -ENOENT when none could be, or another -errno: a limit was reached, and there is no
 * use in going on.
 */
static int attach_probe(struct source *s, struct probe *p)
{
	char said[sizeof(p->why)] = ""; /* of each candidate, as much as fits */

	for (int c = p->first; c < PROBE_CANDIDATES && p->candidates[c].target; c++) {
		int rc = candidate_refused(s, p, c) ? -ENOENT : 0;

		/* a second choice was not loaded, as the first one was there */
		if (!rc && c > 0 && !candidate_loaded(s, &p->candidates[c]))
			rc = source_load_late(s, p, c);
		rc = rc ? rc : attach_candidate(s, p, c);
		if (limit_reached(rc)) {
			p->state = PROBE_MISSING;
			return rc;
		}
		if (rc) {
			if (said[0])
				strncat(said, "; ", sizeof(said) - strlen(said) - 1);
			strncat(said, p->why, sizeof(said) - strlen(said) - 1);
			continue;
		}
		p->state = PROBE_ATTACHED;
		p->chosen = c;
		p->why[0] = 0;
		return 0;
	}
	memcpy(p->why, said, sizeof(p->why));
	p->state = PROBE_MISSING;
	return -ENOENT;
}

/* ---- modules ---- */

static void probe_waits(struct probe *p)
{
	p->state = PROBE_WAITING;
	snprintf(p->why, sizeof(p->why), "attaches when module %s is loaded", p->module);
}

int source_modules(struct source *s)
{
	int n = 0;

	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];
		bool loaded;

		if (p->state != PROBE_WAITING)
			continue;
		/* with the others: it was there, or is built in */
		loaded = candidate_loaded(s, &p->candidates[0]);
		if (!loaded && !source_module_is_live(p))
			continue;
		p->why[0] = 0;
		if ((loaded || !source_load_late(s, p, 0)) && !attach_probe(s, p))
			n++;
		else if (loaded && is_raw(source_program(s, p->candidates[0].programs[0])))
			probe_waits(p); /* it is asked for by its name, so whether it is there is seen by that only */
		else
			p->state = s->ready && ++s->module_tries < MODULE_TRIES ? PROBE_WAITING
										: PROBE_MISSING;
	}
	return n;
}

/* ---- all of them ---- */

/* The probe of @target would count twice what the one of @by sees. */
static void drop_covered(struct source *s, const char *target, const char *by)
{
	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (strcmp(p->candidates[0].target, target))
			continue;
		p->state = PROBE_UNNEEDED;
		snprintf(p->why, sizeof(p->why), "it calls %s, which is watched", by);
	}
}

/*
 * gup_put_folio() is inlined into its one-folio callers on some kernels and called by
 * them on others.
 */
static void drop_covered_unpins(struct source *s)
{
	static const char *const targets[DX_TEXTS] = {
		[DX_TEXT_UNPIN_PAGE] = "unpin_user_page",
		[DX_TEXT_UNPIN_USER_FOLIO] = "unpin_user_folio",
		[DX_TEXT_UNPIN_FOLIO] = "unpin_folio",
	};

	for (int t = 0; t < DX_TEXTS; t++)
		if (s->init.gup_put_folio &&
		    text_calls(s->skel->bss->texts + t * DX_TEXT_LEN, DX_TEXT_LEN,
			       s->init.text[t].addr, s->init.gup_put_folio))
			drop_covered(s, targets[t], "gup_put_folio");
}

/* Probes of which a hook could not go with its group. Returns 0 or -errno, as source_attach(). */
static int attach_alone(struct source *s)
{
	int rc;

	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (p->state != PROBE_MISSING || p->chosen < 0)
			continue;
		if (stop_wanted)
			return -EINTR;
		rc = source_load_late(s, p, p->chosen);
		rc = rc ? rc : attach_candidate(s, p, p->chosen);
		if (limit_reached(rc))
			return rc;
		if (!rc) {
			p->state = PROBE_ATTACHED;
			p->why[0] = 0;
		} else {
			p->chosen = -1;
		}
	}
	return 0;
}

int source_attach(struct source *s)
{
	int rc;

	drop_covered_unpins(s);
	for (size_t i = 0; i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (stop_wanted)
			return -EINTR;
		progress_step("attaching them", i + 1, s->nr_probes);
		if (p->state != PROBE_MISSING)
			continue;
		/* by the call only if its slow path can be told from others */
		p->first = !strcmp(p->event, "GUP") && s->init.gup_fast_end <= s->init.gup_fast_start;
		if (p->module) {
			probe_waits(p);
			continue;
		}
		rc = attach_probe(s, p);
		if (limit_reached(rc))
			return rc;
		if (!strcmp(p->event, "GUP") && p->chosen == 1)
			drop_covered(s, "folio_add_pins", "try_grab_folio"); /* mm/gup.c */
	}
	source_modules(s);
	rc = hooks_attach(s);
	rc = rc ? rc : attach_alone(s);
	hooks_tell_refused(s);
	/* what is mapped from here on is marked by its install */
	return rc ? rc : source_mark(s);
}

void source_detach(struct source *s)
{
	if (!s->nr_links)
		return;
	if (s->produced)
		s->end = *s->produced;
	s->released = links_release(s->link, s->nr_links);
	s->nr_links = 0;
}

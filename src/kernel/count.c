// SPDX-License-Identifier: GPL-2.0-only
/* count.c - the counters that bpf/ and the kernel keep: lost, missed, rules */
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include "internal.h"
#include "programs.h"

unsigned int source_nr_cpus(const struct source *s)
{
	return s->nr_cpus;
}

int source_lost(struct source *s,
		void (*fn)(void *arg, unsigned int cpu, unsigned int type, uint64_t n), void *arg)
{
	int fd = bpf_map__fd(s->skel->maps.lost);

	for (uint32_t type = 0; type < DX_EVENT_TYPES; type++) {
		uint64_t *seen = s->lost_seen + (size_t)type * s->nr_cpus;

		if (bpf_map_lookup_elem(fd, &type, s->lost_now))
			return -errno;
		for (unsigned int cpu = 0; cpu < s->nr_cpus; cpu++) {
			uint64_t n = s->lost_now[cpu] - seen[cpu];

			seen[cpu] = s->lost_now[cpu];
			if (n && fn)
				fn(arg, cpu, type, n);
		}
	}
	/* rules about their folios are not checked: what they would have told of is lost */
	if (s->devdax_refused > s->devdax_lost && fn)
		fn(arg, 0, DX_VIOLATION, s->devdax_refused - s->devdax_lost);
	s->devdax_lost = s->devdax_refused;
	return 0;
}

void source_missed(struct source *s, void (*fn)(void *arg, unsigned int type, uint64_t n), void *arg)
{
	uint64_t shared;

	for (size_t i = 0; i < s->nr_probes; i++) {
		const struct probe *p = &s->probes[i];
		uint64_t sum = 0;

		if (p->state != PROBE_ATTACHED)
			continue;
		for (int k = 0; k < PROBE_PROGRAMS && p->candidates[p->chosen].programs[k]; k++) {
			enum dx_hook hook;
			struct bpf_program *prog =
				hooks_of(s, p->candidates[p->chosen].programs[k], &hook)
					? NULL
					: source_program(s, p->candidates[p->chosen].programs[k]);
			struct bpf_prog_info info = {};
			uint32_t len = sizeof(info);

			if (prog && !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
				sum += info.recursion_misses;
		}
		if (sum > s->missed_seen[i])
			fn(arg, p->tells, sum - s->missed_seen[i]);
		s->missed_seen[i] = sum;
	}
	/* of one of many functions */
	shared = hooks_missed(s);
	if (shared)
		fn(arg, DX_VIOLATION, shared);
}

/* A word of a fault's slot (bpf/task.bpf.h); they are ours to read while the programs go on. */
static uint64_t fault_word(const struct source *s, size_t slot, size_t word)
{
	return *(volatile __u64 *)&s->skel->bss->faults[slot * DX_FAULT_WORDS + word];
}

void source_forget_faults(struct source *s)
{
	for (size_t slot = 0; slot < DX_FAULT_SLOTS; slot++)
		if (fault_word(s, slot, DX_FAULT_OWNER) & 1) {
			programs_run(s->skel->progs.dx_forget_faults, NULL, 0);
			return;
		}
}

/* The checks of faults are counted in their slots. */
static void faults_add(const struct source *s, struct dx_rule_counts *total)
{
	static const struct {
		unsigned int count, rule;
	} means[] = {
		{ DX_FAULT_FRESH, DX_RULE_ENTRY_STALE_STATE },
		{ DX_FAULT_FRESH, DX_RULE_IDLE_NONZERO },
		{ DX_FAULT_SHARED, DX_RULE_SHARE_MISMATCH },
		{ DX_FAULT_INSTALLED, DX_RULE_INSTALL_ZERO_REF },
		{ DX_FAULT_INSTALLED, DX_RULE_INSTALL_WITHOUT_REF },
		{ DX_FAULT_INSTALLED, DX_RULE_PGMAP_DEAD_USE },
		{ DX_FAULT_ENDED, DX_RULE_FOLIO_OVERPUT },
	};
	uint64_t sum[DX_FAULT_COUNTS] = { 0 };

	for (size_t slot = 0; slot < DX_FAULT_SLOTS; slot++)
		for (size_t i = 0; i < DX_FAULT_COUNTS; i++)
			sum[i] += fault_word(s, slot, i);
	for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++)
		if (means[i].rule != DX_RULE_FOLIO_OVERPUT || s->regime != REGIME_LEGACY)
			total->checked[means[i].rule] += sum[means[i].count];
}

static void rules_add(struct dx_rule_counts *total, const struct dx_rule_cpu *cpu)
{
	const struct dx_rule_counts *c = &cpu->counts;

	for (unsigned int rule = 0; rule < DX_RULES; rule++) {
		total->checked[rule] += c->checked[rule];
		total->broken[rule] += c->broken[rule];
	}
	total->checked[DX_RULE_MAPCOUNT_UNDERFLOW] += cpu->unmapped[0] + cpu->unmapped[1];
	total->checked[DX_RULE_FOLIO_OVERPUT] += cpu->unmapped[0];
	total->checked[DX_RULE_GENERIC_OVERPUT] += cpu->unmapped[1];
	total->gone_folios += c->gone_folios;
	total->left_kept += c->left_kept;
	total->left_gone += c->left_gone;
}

int source_rules(struct source *s, struct dx_rule_counts *total)
{
	struct dx_rule_cpu cpu[s->nr_cpus];
	uint32_t zero = 0;

	memset(total, 0, sizeof(*total));
	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.rules), &zero, cpu))
		return -errno;
	for (unsigned int i = 0; i < s->nr_cpus; i++)
		rules_add(total, &cpu[i]);
	faults_add(s, total);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule.c - how often each rule was checked and broken, and what else the one who
 * asks for a verdict must know.
 *
 * Rules that are decided at the point itself are counted in bpf/, so their numbers
 * are whole when the ring is not; the others are judged here: judge/.
 */
#include "engine/query/snapshot.h"
#include "engine/verdict.h"

static bool rule_is_own(unsigned int rule)
{
	return !dx_rule_in(rule, dx_rules_at_point);
}

/* Not what nothing is claimed of. */
static bool finding_breaks(const struct engine_finding *f)
{
	return f->confidence != ENGINE_INCONCLUSIVE && finding_counts(f);
}

void snapshot_rule_get(const struct snapshot *s, enum dx_rule rule, struct engine_rule *out)
{
	const struct engine *e = &s->e;
	*out = (struct engine_rule){ 0 };
	if ((unsigned int)rule >= DX_RULES)
		return;
	out->checked = e->rule[rule].checked;
	if (rule_is_own(rule)) {
		for (uint32_t i = 0; i < e->findings->nr; i++)
			if (e->findings->node[i].f.rule == rule)
				out->samples += finding_breaks(&e->findings->node[i].f);
		out->broken = out->samples + e->rule[rule].refused;
	} else {
		out->samples = e->rule[rule].samples;
		out->broken = e->counted.broken[rule];
		if (out->checked < e->counted.checked[rule])
			out->checked = e->counted.checked[rule];
		out->note =
			!e->opt.strict && ((rule == DX_RULE_INSTALL_WITHOUT_REF && e->opt.legacy) ||
					   (rule == DX_RULE_SHARE_MISMATCH && e->opt.index_stays));
	}
	/* the counters are read now and then, records come when they come */
	if (out->broken < out->samples)
		out->broken = out->samples;
	if (out->checked < out->broken)
		out->checked = out->broken;
}

bool engine_inconclusive(const struct engine *e, const char **why)
{
	const char *text = NULL;

	if (e->st.lost)
		text = "events were lost";
	else if (e->st.folios_refused)
		text = "there were more folios than are kept";
	else if (e->holders.refused)
		text = "there were more holders than are kept";
	else if (e->memory_refused || e->no_memory)
		text = "memory was short";
	if (why)
		*why = text;
	return text;
}

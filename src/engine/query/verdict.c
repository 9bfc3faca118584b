// SPDX-License-Identifier: GPL-2.0-only
/* verdict.c - what was found and what was not seen, and what that amounts to */
#include <stdio.h>
#include <string.h>
#include "engine/verdict.h"
#include "rule/rule.h"

/* ---- facts ---- */

bool finding_is_stall(const struct engine_finding *f)
{
	return dx_rule_in(f->rule, dx_rules_of_waits);
}

bool finding_counts(const struct engine_finding *f)
{
	return !f->note && (!f->over || finding_is_stall(f));
}

bool verdict_asks(const struct verdict_terms *t, const struct engine_finding *f)
{
	return (t->rules & 1u << f->rule) && (!t->only_proven || f->confidence == ENGINE_PROVEN);
}

bool verdict_weighs(const struct verdict_terms *t, const struct engine_finding *f)
{
	return !f->before || t->rules_named;
}

static void tally_add(struct verdict_tally *t, const struct engine_finding *f)
{
	if (!finding_counts(f))
		t->over += !f->note;
	else if (f->confidence == ENGINE_PROVEN)
		t->proven++;
	else if (f->confidence == ENGINE_SUSPECTED)
		t->suspected++;
	else if (!t->inconclusive++)
		t->why = f->why;
}

void verdict_count(struct verdict_facts *facts, const struct verdict_terms *t,
		   const struct engine_finding *f)
{
	if (!verdict_weighs(t, f)) {
		facts->before += t->rules >> f->rule & 1;
	} else if (verdict_asks(t, f)) {
		tally_add(&facts->tally[f->rule], f);
		tally_add(&facts->tally[DX_RULE_NONE], f);
	} else if (t->rules & 1u << f->rule) {
		facts->unproven += finding_counts(f);
	}
}

/* ---- a rule ---- */

static void rule_decide(const struct verdict_facts *facts, const struct verdict_terms *t,
			enum dx_rule rule, struct verdict_rule *out)
{
	const struct verdict_tally *tally = &facts->tally[rule];
	const struct engine_rule *r = &facts->rule[rule];
	bool in_engine = rule_get(rule)->in_engine;

	out->checked = r->checked;
	out->broken = tally->proven + tally->suspected;
	if (r->note)
		out->by_design = r->broken > out->broken ? r->broken - out->broken : 0;
	else if (!in_engine && out->broken < r->broken)
		out->broken = r->broken;
	else if (in_engine && r->broken > r->samples) /* found, and no memory to keep it */
		out->broken += r->broken - r->samples;
	if (out->broken) {
		out->state = RULE_BROKEN;
	} else if (t->unchecked[rule]) {
		out->state = RULE_NOT_CHECKED;
		snprintf(out->why, sizeof(out->why), "%s", t->unchecked[rule]);
	} else if (tally->inconclusive) {
		out->state = RULE_UNSURE;
		snprintf(out->why, sizeof(out->why), "%u inconclusive: %s", tally->inconclusive,
			 tally->why ? tally->why : "not all was seen");
	} else if (in_engine && facts->inconclusive) {
		out->state = RULE_UNSURE;
		snprintf(out->why, sizeof(out->why), "%s", facts->inconclusive);
	} else {
		out->state = r->checked ? RULE_KEPT : RULE_NOT_EXERCISED;
	}
}

/* ---- all of them ---- */

static void why_set(struct verdict *v, const char *fmt, const char *s)
{
	if (!v->why[0])
		snprintf(v->why, sizeof(v->why), fmt, s);
}

static void rule_count(const struct verdict_facts *facts, const struct verdict_terms *t,
		       enum dx_rule rule, struct verdict *v)
{
	const struct verdict_tally *tally = &facts->tally[rule];
	struct verdict_rule *row = &v->rule[rule];

	if (!(t->rules & 1u << rule)) {
		v->left_out++;
		return;
	}
	rule_decide(facts, t, rule, row);
	if (row->state == RULE_BROKEN && !tally->proven && !tally->suspected)
		v->broken_rules++;
	if (row->state == RULE_NOT_CHECKED) {
		v->not_checked++;
		if (t->rules_named)
			why_set(v, "%s can't be checked on this kernel", rule_get(rule)->id);
	} else if (row->checked || row->state == RULE_BROKEN) {
		v->exercised++;
		return;
	} else {
		v->not_exercised++;
	}
	if (t->exercised & 1u << rule)
		why_set(v, "%s was not exercised, which is required", rule_get(rule)->id);
}

/*
 * A rule that is checked on an idle system as well is exercised by nobody's work: it counts when
 * no other is judged.
 */
static bool nothing_happened(const struct verdict_facts *facts, uint32_t rules)
{
	bool others = false, standing = false;

	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		const struct engine_rule *r = &facts->rule[i];

		if (!(rules & 1u << i))
			continue;
		if (!rule_get(i)->standing && (r->checked || r->broken))
			return false;
		others |= !rule_get(i)->standing;
		standing |= rule_get(i)->standing && r->checked;
	}
	return others || !standing;
}

static void exit_decide(const struct verdict_terms *t, struct verdict *v)
{
	if (v->proven || v->suspected || v->broken_rules) {
		v->kind = VERDICT_BROKEN;
		v->decided = DECIDED_FINDINGS;
		v->exit = t->error_exitcode;
	} else if (v->why[0]) {
		v->kind = VERDICT_INCONCLUSIVE;
		v->decided = DECIDED_NOT_ALL_SEEN;
		v->exit = VERDICT_NOT_ALL_SEEN;
	} else if (t->command) {
		v->decided = DECIDED_COMMAND;
		v->exit = t->command_exit;
	} else {
		v->decided = DECIDED_RULES_KEPT;
	}
}

void verdict_decide(const struct verdict_facts *facts, const struct verdict_terms *t,
		    struct verdict *v)
{
	const struct verdict_tally *all = &facts->tally[DX_RULE_NONE];

	memset(v, 0, sizeof(*v));
	v->proven = all->proven;
	v->suspected = all->suspected;
	v->inconclusive = all->inconclusive;
	v->over = all->over;
	v->unproven = facts->unproven;
	v->before = facts->before;
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		rule_count(facts, t, i, v);
	v->nothing = nothing_happened(facts, t->rules);
	v->nothing_seen = nothing_happened(facts, ~0u);
	if (t->some_exercised && v->nothing)
		why_set(v, "%s", "nothing was exercised, which is required");
	if (facts->inconclusive)
		why_set(v, "%s", facts->inconclusive);
	if (v->inconclusive)
		why_set(v, "%s", "there are findings that can't be judged");
	if (t->blind)
		why_set(v, "%s", "essential probes are missing on this kernel");
	if (t->command && t->cut)
		why_set(v, "%s", "CMD was not waited for to its end");
	if (t->unjudged)
		why_set(v, "%s",
			"a signal ended the waiting before it was known whether what looks wrong stays so");
	exit_decide(t, v);
}

struct gather {
	struct verdict_facts facts;
	const struct verdict_terms *terms;
};

static int finding_take(const struct engine_finding *f, void *arg)
{
	struct gather *g = arg;

	verdict_count(&g->facts, g->terms, f);
	return 0;
}

void snapshot_verdict(const struct snapshot *s, const struct verdict_terms *t, struct verdict *v)
{
	struct gather g = { .terms = t };

	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		snapshot_rule_get(s, i, &g.facts.rule[i]);
	snapshot_inconclusive(s, &g.facts.inconclusive);
	snapshot_findings(s, finding_take, &g);
	verdict_decide(&g.facts, t, v);
}

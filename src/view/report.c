// SPDX-License-Identifier: GPL-2.0-only
/* report.c - the snapshot behind a report, and what it amounts to */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check_status.h"
#include "view/escape.h"
#include "view/report.h"

/* ---- taking it ---- */

struct collect {
	struct report *r;
	size_t room;
};

static int finding_take(const struct engine_finding *f, void *arg)
{
	struct collect *c = arg;
	struct report *r = c->r;

	if (!(r->rules & 1u << f->rule))
		return 0;
	if (r->only_proven && f->confidence != ENGINE_PROVEN) {
		r->unproven += finding_counts(f);
		return 0;
	}
	if (r->nr_findings == c->room) {
		size_t room = c->room ? c->room * 2 : 16;
		struct held_finding *findings = reallocarray(r->findings, room, sizeof(*findings));

		if (!findings)
			return -ENOMEM;
		r->findings = findings;
		c->room = room;
	}
	r->findings[r->nr_findings++] = (struct held_finding){ .f = *f };
	return 0;
}

static int holder_take(const struct engine_holder *h, void *arg)
{
	struct held_finding *f = arg;
	struct engine_holder *holders = reallocarray(f->holders, f->nr_holders + 1, sizeof(*holders));

	if (!holders)
		return -ENOMEM;
	f->holders = holders;
	f->holders[f->nr_holders++] = *h;
	return 0;
}

int report_collect(struct report *r, struct engine *e)
{
	struct collect c = { .r = r };
	int err;

	r->unproven = 0;
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		engine_rule_get(e, i, &r->table[i]);
	if (!engine_inconclusive(e, &r->inconclusive))
		r->inconclusive = NULL;
	err = engine_findings(e, finding_take, &c);
	for (size_t i = 0; !err && i < r->nr_findings; i++) {
		struct held_finding *f = &r->findings[i];

		if (f->f.folio.pfn && engine_holders(e, f->f.folio.pfn, holder_take, f) == -ENOMEM)
			err = -ENOMEM;
	}
	return err;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->nr_findings; i++)
		free(r->findings[i].holders);
	free(r->findings);
	r->findings = NULL;
	r->nr_findings = 0;
}

/* ---- a rule ---- */

struct tally {
	unsigned int proven, suspected, inconclusive, over;
	const char *why; /* of the first that is inconclusive */
};

/* @rule: DX_RULE_NONE is all of them */
static void findings_tally(const struct report *r, enum dx_rule rule, struct tally *t)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < r->nr_findings; i++) {
		const struct engine_finding *f = &r->findings[i].f;

		if (rule != DX_RULE_NONE && f->rule != rule)
			continue;
		if (!finding_counts(f)) {
			t->over += !f->note;
		} else if (f->confidence == ENGINE_PROVEN) {
			t->proven++;
		} else if (f->confidence == ENGINE_SUSPECTED) {
			t->suspected++;
		} else {
			if (!t->inconclusive++)
				t->why = f->why;
		}
	}
}

void report_rule_get(const struct report *r, enum dx_rule rule, struct report_rule *out)
{
	const struct engine_rule *t = &r->table[rule];
	bool in_engine = rule_get(rule)->in_engine;
	struct tally tally;

	memset(out, 0, sizeof(*out));
	findings_tally(r, rule, &tally);
	out->checked = t->checked;
	out->broken = tally.proven + tally.suspected;
	if (t->note)
		out->by_design = t->broken > out->broken ? t->broken - out->broken : 0;
	else if (!in_engine && out->broken < t->broken)
		out->broken = t->broken;
	else if (in_engine && t->broken > t->samples) /* found, and no memory to keep it */
		out->broken += t->broken - t->samples;
	if (out->broken) {
		out->state = RULE_BROKEN;
	} else if (rule_unchecked(rule, r->regime, r->probes, r->nr_probes, out->why,
				  sizeof(out->why))) {
		out->state = RULE_NOT_CHECKED;
	} else if (tally.inconclusive) {
		out->state = RULE_UNSURE;
		snprintf(out->why, sizeof(out->why), "%u inconclusive: %s", tally.inconclusive,
			 tally.why ? tally.why : "not all was seen");
	} else if (in_engine && r->inconclusive) {
		out->state = RULE_UNSURE;
		snprintf(out->why, sizeof(out->why), "%s", r->inconclusive);
	} else {
		out->state = t->checked ? RULE_KEPT : RULE_NOT_EXERCISED;
	}
}

/* ---- the verdict ---- */

static void why_set(struct verdict *v, const char *fmt, const char *s)
{
	if (!v->why[0])
		snprintf(v->why, sizeof(v->why), fmt, s);
}

static void rule_count(const struct report *r, enum dx_rule rule, struct verdict *v)
{
	struct report_rule row;
	struct tally t;

	if (!(r->rules & 1u << rule)) {
		v->left_out++;
		return;
	}
	report_rule_get(r, rule, &row);
	findings_tally(r, rule, &t);
	if (row.state == RULE_BROKEN && !t.proven && !t.suspected)
		v->broken_rules++;
	if (row.state == RULE_NOT_CHECKED) {
		v->not_checked++;
		if (r->rules_named)
			why_set(v, "%s can't be checked on this kernel", rule_get(rule)->id);
	} else if (row.checked || row.state == RULE_BROKEN) {
		v->exercised++;
		return;
	} else {
		v->not_exercised++;
	}
	if (r->exercised & 1u << rule)
		why_set(v, "%s was not exercised, which is required", rule_get(rule)->id);
}

/*
 * A rule that is checked on an idle system as well is exercised by nobody's work: it counts when
 * no other is judged.
 */
static bool nothing_happened(const struct report *r, uint32_t rules)
{
	bool others = false, standing = false;

	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		const struct engine_rule *t = &r->table[i];

		if (!(rules & 1u << i))
			continue;
		if (!rule_get(i)->standing && (t->checked || t->broken))
			return false;
		others |= !rule_get(i)->standing;
		standing |= rule_get(i)->standing && t->checked;
	}
	return others || !standing;
}

static void exit_decide(const struct report *r, struct verdict *v)
{
	if (v->proven || v->suspected || v->broken_rules) {
		v->kind = VERDICT_BROKEN;
		v->decided = DECIDED_FINDINGS;
		v->exit = r->error_exitcode;
	} else if (v->why[0]) {
		v->kind = VERDICT_INCONCLUSIVE;
		v->decided = DECIDED_NOT_ALL_SEEN;
		v->exit = CHECK_NOT_ALL_SEEN;
	} else if (r->command) {
		v->decided = DECIDED_COMMAND;
		v->exit = child_exit_status(r->status);
	} else {
		v->decided = DECIDED_RULES_KEPT;
	}
}

void report_verdict(const struct report *r, struct verdict *v)
{
	struct tally t;

	memset(v, 0, sizeof(*v));
	findings_tally(r, DX_RULE_NONE, &t);
	v->proven = t.proven;
	v->suspected = t.suspected;
	v->inconclusive = t.inconclusive;
	v->over = t.over;
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		rule_count(r, i, v);
	v->nothing = nothing_happened(r, r->rules);
	v->nothing_seen = nothing_happened(r, ~0u);
	if (r->some_exercised && v->nothing)
		why_set(v, "%s", "nothing was exercised, which is required");
	if (r->inconclusive)
		why_set(v, "%s", r->inconclusive);
	if (v->inconclusive)
		why_set(v, "%s", "there are findings that can't be judged");
	if (!probe_essential_ok(r->probes, r->nr_probes))
		why_set(v, "%s", "essential probes are missing on this kernel");
	if (r->command && r->cut)
		why_set(v, "%s", "CMD was not waited for to its end");
	if (r->unjudged)
		why_set(v, "%s",
			"a signal ended the waiting before it was known whether what looks wrong stays so");
	exit_decide(r, v);
}

char *report_command_format(char *out, size_t outlen, const struct report *r)
{
	char name[512], how[64], user[320], as[340] = "";

	escape_columns(name, sizeof(name), r->command, strlen(r->command), 80, ESCAPE_KEEP_END);
	if (r->user)
		snprintf(as, sizeof(as), ", run as %s,",
			 child_user_format(user, sizeof(user), r->user));
	if (r->cut)
		snprintf(out, outlen, "%s%s was not waited for to its end: %s", name, as, r->cut);
	else
		snprintf(out, outlen, "%s%s %s", name, as,
			 child_status_format(how, sizeof(how), r->status));
	return out;
}

// SPDX-License-Identifier: GPL-2.0-only
/* report.c - the snapshot behind a report, and what it amounts to */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "child.h"
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

	if (!(r->rules & 1u << f->rule) || (r->only_proven && f->confidence != ENGINE_PROVEN))
		return 0;
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
	} else if (rule_unchecked(rule, r->regime, r->probes, r->nr_probes, out->why, sizeof(out->why))) {
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

void report_verdict(const struct report *r, struct verdict *v)
{
	struct tally t;

	memset(v, 0, sizeof(*v));
	findings_tally(r, DX_RULE_NONE, &t);
	v->proven = t.proven;
	v->suspected = t.suspected;
	v->inconclusive = t.inconclusive;
	v->over = t.over;
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		struct report_rule row;

		if (!(r->rules & 1u << i))
			continue;
		report_rule_get(r, i, &row);
		findings_tally(r, i, &t);
		if (row.state == RULE_BROKEN && !t.proven && !t.suspected)
			v->broken_rules++;
		if (row.state == RULE_NOT_CHECKED && r->rules_named)
			why_set(v, "%s can't be checked on this kernel", rule_get(i)->id);
	}
	if (r->inconclusive)
		why_set(v, "%s", r->inconclusive);
	if (v->inconclusive)
		why_set(v, "%s", "there are findings that can't be judged");
	if (!probe_essential_ok(r->probes, r->nr_probes))
		why_set(v, "%s", "essential probes are missing on this kernel");
	v->clean = !v->proven && !v->suspected && !v->broken_rules && !v->why[0];
	if (v->proven || v->suspected || v->broken_rules)
		v->exit = 1;
	else if (v->why[0])
		v->exit = 3;
	else if (r->propagate && r->command)
		v->exit = child_exit_status(r->status);
}

char *report_command_format(char *out, size_t outlen, const struct report *r)
{
	char name[512], how[64];

	escape_columns(name, sizeof(name), r->command, strlen(r->command), 80, ESCAPE_KEEP_END);
	snprintf(out, outlen, "%s %s", name, child_status_format(how, sizeof(how), r->status));
	return out;
}

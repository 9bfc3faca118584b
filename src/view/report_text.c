// SPDX-License-Identifier: GPL-2.0-only
/* report_text.c - the report as text, and as KTAP */
#include <inttypes.h>
#include <string.h>
#include "view/names.h"
#include "view/report.h"

#define TEXT_MAX 1024

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- the table ---- */

static void row_remark(char *out, size_t outlen, const struct rule *rule, const struct report_rule *row)
{
	char n[32];

	out[0] = '\0';
	if (row->by_design)
		snprintf(out, outlen, "%s: %s time%s", rule->note,
			 thousands_format(n, sizeof(n), row->by_design), plural(row->by_design));
	else if (row->state == RULE_NOT_CHECKED)
		snprintf(out, outlen, "not checked: %s", row->why);
	else if (row->state == RULE_NOT_EXERCISED)
		snprintf(out, outlen, "not exercised");
	else if (row->state == RULE_UNSURE)
		snprintf(out, outlen, "%s", row->why);
}

static void table_print(FILE *out, const struct report *r)
{
	fprintf(out, "%-26s %14s %10s\n", "RULE", "CHECKED", "BROKEN");
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		char checked[32], broken[32], remark[512];
		struct report_rule row;

		if (!(r->rules & 1u << i))
			continue;
		report_rule_get(r, i, &row);
		row_remark(remark, sizeof(remark), rule_get(i), &row);
		thousands_format(checked, sizeof(checked), row.checked);
		thousands_format(broken, sizeof(broken), row.broken);
		if (row.state == RULE_NOT_CHECKED)
			strcpy(checked, "-"), strcpy(broken, "-");
		fprintf(out, "%-26s %14s %10s%s%s\n", rule_get(i)->id, checked, broken,
			remark[0] ? "  " : "", remark);
	}
}

static struct finding_context report_context(const struct report *r)
{
	return (struct finding_context){ .start = r->start, .now = r->now, .stacks = r->stacks };
}

/* ---- the verdict ---- */

static void loss_format(char *out, size_t outlen, const struct report *r)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; r->counts && i < DX_EVENT_TYPES; i++)
		lost += r->counts->lost[i];
	snprintf(out, outlen, "lost %" PRIu64 ", missed program runs %" PRIu64, lost,
		 r->counts ? r->counts->missed_runs : 0);
}

/* Said beside the verdict, which rests on counts and not on stacks. */
static void unkept_print(FILE *out, const char *indent, const struct report *r)
{
	char text[160];

	if (r->counts && r->counts->stacks_unkept)
		fprintf(out, "%s%s\n", indent, view_unkept_format(text, sizeof(text), r->counts->stacks_unkept));
}

static void verdict_format(char *out, size_t outlen, const struct report *r, const struct verdict *v)
{
	char loss[96], rest[160] = "";

	loss_format(loss, sizeof(loss), r);
	if (v->over)
		snprintf(rest, sizeof(rest), "; %u leak%s went away", v->over, plural(v->over));
	if (v->proven || v->suspected) {
		unsigned int n = v->proven + v->suspected + v->inconclusive;

		snprintf(out, outlen, "BROKEN: %u finding%s (%u proven, %u suspected, %u inconclusive)%s; %s", n,
			 plural(n), v->proven, v->suspected, v->inconclusive, rest, loss);
	} else if (v->broken_rules) {
		snprintf(out, outlen,
			 "BROKEN: %u rule%s, of which no record came through (try a larger --ring-size); %s",
			 v->broken_rules, plural(v->broken_rules), loss);
	} else if (!v->clean) {
		snprintf(out, outlen, "INCONCLUSIVE: %s; %u inconclusive finding%s%s; %s", v->why,
			 v->inconclusive, plural(v->inconclusive), rest, loss);
	} else {
		snprintf(out, outlen, "CLEAN: no rule was broken%s; %s", rest, loss);
	}
}

static void command_print(FILE *out, const char *indent, const struct report *r)
{
	char text[640];

	if (!r->command)
		return;
	fprintf(out, "%s%s\n", indent, report_command_format(text, sizeof(text), r));
	if (!r->nr_left)
		return;
	fprintf(out, "%sstill running, not waited for any longer:", indent);
	for (size_t i = 0; i < r->nr_left; i++)
		fprintf(out, " %d", r->left[i]);
	fprintf(out, "\n");
}

static void regime_print(FILE *out, const char *indent, const struct report *r)
{
	fprintf(out, "%skernel %s, regime %s\n", indent, r->kernel ? r->kernel : "?", regime_name(r->regime));
	if (r->regime == REGIME_LEGACY)
		fprintf(out,
			"%san idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
			"%sand a mapping takes no reference\n",
			indent, indent);
}

void view_report_text(FILE *out, const struct report *r)
{
	struct finding_context context = report_context(r);
	char text[TEXT_MAX];
	struct verdict v;

	report_verdict(r, &v);
	regime_print(out, "", r);
	fprintf(out, "\n");
	table_print(out, r);
	for (size_t i = 0; i < r->nr_findings; i++) {
		if (r->findings[i].f.note)
			continue;
		fputc('\n', out);
		view_finding_text(out, "", &r->findings[i], &context);
	}
	fprintf(out, "\n");
	command_print(out, "", r);
	unkept_print(out, "", r);
	verdict_format(text, sizeof(text), r, &v);
	fprintf(out, "%s\n", text);
}

/* ---- KTAP: Documentation/dev-tools/ktap.rst ---- */

/* '#' begins a directive: a name may hold one, so it stands in diagnostic lines only. */
static void ktap_findings(FILE *out, const struct report *r, enum dx_rule rule)
{
	struct finding_context context = report_context(r);

	for (size_t i = 0; i < r->nr_findings; i++) {
		const struct engine_finding *f = &r->findings[i].f;

		if (f->rule != rule || f->note)
			continue;
		view_finding_text(out, "# ", &r->findings[i], &context);
	}
}

void view_report_ktap(FILE *out, const struct report *r)
{
	unsigned int n = 0, passed = 0, failed = 0, skipped = 0;
	char text[TEXT_MAX];
	struct verdict v;

	report_verdict(r, &v);
	fprintf(out, "KTAP version 1\n1..%d\n", __builtin_popcount(r->rules));
	regime_print(out, "# ", r);
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		const struct rule *rule = rule_get(i);
		struct report_rule row;

		if (!(r->rules & 1u << i))
			continue;
		n++;
		report_rule_get(r, i, &row);
		ktap_findings(out, r, i);
		if (row.state == RULE_BROKEN) {
			failed++;
			fprintf(out, "not ok %u %s # checked %" PRIu64 ", broken %" PRIu64 "\n", n, rule->id,
				row.checked, row.broken);
		} else if (row.state == RULE_KEPT) {
			passed++;
			fprintf(out, "ok %u %s # checked %" PRIu64, n, rule->id, row.checked);
			if (row.by_design)
				fprintf(out, ", %s %" PRIu64, rule->note, row.by_design);
			fprintf(out, "\n");
		} else {
			skipped++;
			fprintf(out, "ok %u %s # SKIP %s%s\n", n, rule->id,
				row.state == RULE_NOT_EXERCISED ? "not exercised" :
				row.state == RULE_UNSURE	? "inconclusive: " :
								  "not checked: ",
				row.why);
		}
	}
	fprintf(out, "# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", passed, failed, skipped);
	command_print(out, "# ", r);
	unkept_print(out, "# ", r);
	verdict_format(text, sizeof(text), r, &v);
	fprintf(out, "# %s\n", text);
}

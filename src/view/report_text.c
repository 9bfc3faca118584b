// SPDX-License-Identifier: GPL-2.0-only
/* report_text.c - the report as text, and as KTAP */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include "base/escape.h"
#include "view/names.h"
#include "view/report.h"

#define TEXT_MAX 1024

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- the table ---- */

static void row_remark(char *out, size_t outlen, const struct rule *rule,
		       const struct verdict_rule *row)
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
		const struct verdict_rule *row = &r->verdict.rule[i];

		if (!(r->terms.rules & 1u << i))
			continue;
		row_remark(remark, sizeof(remark), rule_get(i), row);
		thousands_format(checked, sizeof(checked), row->checked);
		thousands_format(broken, sizeof(broken), row->broken);
		if (row->state == RULE_NOT_CHECKED)
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
	char missed[MISSED_MAX];

	for (unsigned int i = 0; r->counts && i < DX_EVENT_TYPES; i++)
		lost += r->counts->lost[i];
	snprintf(out, outlen, "lost %" PRIu64 ", %s", lost,
		 missed_format(missed, sizeof(missed), r->counts ? r->counts->missed_runs : 0));
}

/* What the verdict is not about: "; 22 left out, 1 not exercised". */
static void scope_format(char *out, size_t outlen, const struct verdict *v)
{
	const struct {
		unsigned int n;
		const char *what;
	} parts[] = {
		{ v->left_out, "left out" },
		{ v->not_checked, "can't be checked on this kernel" },
		{ v->nothing ? 0 : v->not_exercised, "not exercised" },
	};
	const char *before = "; ";
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].n)
			continue;
		len += snprintf(out + len, outlen - len, "%s%u %s", before, parts[i].n,
				parts[i].what);
		before = ", ";
	}
	if (v->unproven)
		len += snprintf(out + len, outlen - len, "; %u finding%s not proven left out",
				v->unproven, plural(v->unproven));
	if (v->before)
		len += snprintf(out + len, outlen - len,
				"; %u wait%s from before the trace not judged", v->before,
				plural(v->before));
	if (v->over)
		snprintf(out + len, outlen - len, "; %u leak%s went away", v->over, plural(v->over));
}

static void clean_format(char *out, size_t outlen, const struct verdict *v)
{
	unsigned int judged = v->exercised + v->not_exercised,
		     all = judged + v->not_checked + v->left_out;
	char which[64] = "";

	if (judged < all)
		snprintf(which, sizeof(which), " for %u of %u rules", judged, all);
	if (!v->nothing)
		snprintf(out, outlen, "CLEAN%s: %s was broken", which,
			 judged < all ? "none of them" : "no rule");
	else
		snprintf(out, outlen, "CLEAN%s, but nothing was exercised: %s", which,
			 v->nothing_seen ? "no use of DAX memory was seen"
					 : "what was seen of DAX memory concerns none of them");
}

/* Said beside the verdict, which rests on counts and not on stacks. */
static void unkept_print(FILE *out, const char *indent, const struct report *r)
{
	char text[160];

	if (r->counts && r->counts->stacks_unkept)
		fprintf(out, "%s%s\n", indent,
			view_unkept_format(text, sizeof(text), r->counts->stacks_unkept));
	if (r->counts && r->counts->indexes_forgotten)
		fprintf(out, "%s%s\n", indent,
			view_forgotten_format(text, sizeof(text), r->counts->indexes_forgotten));
	if (r->counts)
		view_gaps_text(out, indent, &r->counts->looks);
}

static void verdict_format(char *out, size_t outlen, const struct report *r, const struct verdict *v)
{
	char loss[192], head[512], scope[256];
	unsigned int n = v->proven + v->suspected + v->inconclusive;

	if (v->proven || v->suspected)
		snprintf(head, sizeof(head),
			 "BROKEN: %u finding%s (%u proven, %u suspected, %u inconclusive)", n,
			 plural(n), v->proven, v->suspected, v->inconclusive);
	else if (v->broken_rules)
		snprintf(head, sizeof(head),
			 "BROKEN: %u rule%s, of which no record came through (try a larger --ring-size)",
			 v->broken_rules, plural(v->broken_rules));
	else if (v->kind == VERDICT_INCONCLUSIVE)
		snprintf(head, sizeof(head), "INCONCLUSIVE: %s; %u inconclusive finding%s", v->why,
			 v->inconclusive, plural(v->inconclusive));
	else
		clean_format(head, sizeof(head), v);
	scope_format(scope, sizeof(scope), v);
	loss_format(loss, sizeof(loss), r);
	snprintf(out, outlen, "%s%s; %s", head, scope, loss);
}

static const char *state_means(char state)
{
	switch (state) {
	case 'D':
		return "waits in the kernel";
	case 'T':
		return "stopped";
	case 't':
		return "stopped by a tracer";
	case 'S':
		return "sleeps";
	case 'R':
		return "runs";
	}
	return "in no state known here";
}

static void left_print(FILE *out, const char *indent, const struct report *r)
{
	size_t n = r->nr_left < REPORT_LEFT_MAX ? r->nr_left : REPORT_LEFT_MAX;

	if (!n)
		return;
	fprintf(out, "%sstill running, not waited for any longer:\n", indent);
	for (size_t i = 0; i < n; i++) {
		const struct child_process *p = &r->left[i];
		char comm[80];

		escape_text(comm, sizeof(comm), p->comm, strlen(p->comm));
		fprintf(out, "%s    %d %s: %c, %s\n", indent, p->pid, comm, p->state,
			state_means(p->state));
	}
	if (r->nr_left > n)
		fprintf(out, "%s    and %zu more\n", indent, r->nr_left - n);
}

static void exit_print(FILE *out, const char *indent, const struct report *r, const struct verdict *v)
{
	static const char *const decided[] = {
		[DECIDED_FINDINGS] = "for findings",
		[DECIDED_NOT_ALL_SEEN] = "the verdict is inconclusive",
		[DECIDED_COMMAND] = "CMD's own",
		[DECIDED_RULES_KEPT] = "no rule was broken",
	};
	char how[64];

	fprintf(out, "%sexit status %d: %s", indent, v->exit, decided[v->decided]);
	if (v->decided == DECIDED_COMMAND && WIFSIGNALED(r->status))
		fprintf(out, ", %s", child_status_format(how, sizeof(how), r->status));
	fputc('\n', out);
}

static void end_print(FILE *out, const char *indent, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	char text[TEXT_MAX];

	if (r->command) {
		fprintf(out, "%s%s\n", indent, report_command_format(text, sizeof(text), r));
		left_print(out, indent, r);
	}
	unkept_print(out, indent, r);
	exit_print(out, indent, r, v);
	verdict_format(text, sizeof(text), r, v);
	fprintf(out, "%s%s\n", indent, text);
}

static void regime_print(FILE *out, const char *indent, const struct report *r)
{
	fprintf(out, "%skernel %s, regime %s\n", indent, r->kernel ? r->kernel : "?",
		regime_name(r->regime));
	if (r->regime == REGIME_LEGACY)
		fprintf(out,
			"%san idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
			"%sand a mapping takes no reference\n",
			indent, indent);
}

void view_report_text(FILE *out, const struct report *r)
{
	struct finding_context context = report_context(r);

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
	end_print(out, "", r);
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

	fprintf(out, "KTAP version 1\n1..%d\n", __builtin_popcount(r->terms.rules));
	regime_print(out, "# ", r);
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		const struct rule *rule = rule_get(i);
		const struct verdict_rule *row = &r->verdict.rule[i];

		if (!(r->terms.rules & 1u << i))
			continue;
		n++;
		ktap_findings(out, r, i);
		if (row->state == RULE_BROKEN) {
			failed++;
			fprintf(out, "not ok %u %s # checked %" PRIu64 ", broken %" PRIu64 "\n", n,
				rule->id, row->checked, row->broken);
		} else if (row->state == RULE_KEPT) {
			passed++;
			fprintf(out, "ok %u %s # checked %" PRIu64, n, rule->id, row->checked);
			if (row->by_design)
				fprintf(out, ", %s %" PRIu64, rule->note, row->by_design);
			fprintf(out, "\n");
		} else {
			skipped++;
			fprintf(out, "ok %u %s # SKIP %s%s\n", n, rule->id,
				row->state == RULE_NOT_EXERCISED ? "not exercised"
				: row->state == RULE_UNSURE	 ? "inconclusive: "
								 : "not checked: ",
				row->why);
		}
	}
	fprintf(out, "# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", passed, failed,
		skipped);
	end_print(out, "# ", r);
}

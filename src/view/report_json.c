// SPDX-License-Identifier: GPL-2.0-only
/* report_json.c - the report as JSON lines, schema 1 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <json-c/json.h>
#include "view/finding.h"
#include "view/json.h"
#include "view/json_add.h"
#include "view/names.h"
#include "view/report.h"

#define PAGE_SHIFT 12

static void add_bool(struct json_object *o, const char *key, bool value, bool *failed)
{
	json_add(o, key, json_object_new_boolean(value), failed);
}

static void add_text(struct json_object *o, const char *key, const char *s, bool *failed)
{
	json_add_string(o, key, s, s ? strlen(s) : 0, failed);
}

static void array_add(struct json_object *array, struct json_object *o, bool *failed)
{
	if (!array || !o || json_object_array_add(array, o)) {
		json_object_put(o);
		*failed = true;
	}
}

static void add_stack(struct json_object *o, const char *key, struct stack s, bool user, bool *failed)
{
	struct json_object *frames = json_object_new_array();
	char unkept[32];

	for (size_t i = 0; i < s.nr; i++) {
		const struct stack_frame *f = &s.frames[i];
		struct json_object *frame = json_object_new_object();

		/* the kernel's are told to nobody */
		if (user)
			json_add_hex(frame, "addr", f->addr, failed);
		add_text(frame, "name", f->name, failed);
		if (f->name)
			json_add_uint(frame, "offset", f->offset, failed);
		if (f->in)
			add_text(frame, user ? "file" : "module", f->in, failed);
		if (f->why)
			add_text(frame, "why", f->why, failed);
		array_add(frames, frame, failed);
	}
	json_add(o, key, frames, failed);
	if (!s.unkept)
		return;
	snprintf(unkept, sizeof(unkept), "%s_not_kept", key);
	add_bool(o, unkept, true, failed);
}

static int rule_write(FILE *out, const struct report *r, enum dx_rule rule)
{
	static const char *const states[] = {
		[RULE_KEPT] = "kept",
		[RULE_BROKEN] = "broken",
		[RULE_UNSURE] = "inconclusive",
		[RULE_NOT_EXERCISED] = "not-exercised",
		[RULE_NOT_CHECKED] = "not-checked",
	};
	struct report_rule row;
	struct json_object *o;
	bool failed;

	report_rule_get(r, rule, &row);
	o = json_start("rule", &failed);
	add_text(o, "rule", rule_get(rule)->id, &failed);
	add_text(o, "state", states[row.state], &failed);
	json_add_uint(o, "checked", row.checked, &failed);
	json_add_uint(o, "broken", row.broken, &failed);
	if (row.by_design)
		json_add_uint(o, "by_design", row.by_design, &failed);
	if (row.why[0])
		add_text(o, "why", row.why, &failed);
	return json_finish(out, o, failed);
}

static void add_folio(struct json_object *o, const struct engine_finding *f, bool *failed)
{
	const struct engine_folio *x = &f->folio;

	if (x->pfn) {
		json_add_uint(o, "pfn", x->pfn, failed);
		json_add_int(o, "order", x->order, failed);
		json_add_int(o, "refcount", x->refcount, failed);
		json_add_int(o, "mapcount", x->mapcount, failed);
		json_add_int(o, "pins", x->pincount, failed);
		add_bool(o, "predates", x->predates, failed);
	}
	add_text(o, "device", x->device, failed);
	if (f->pgmap)
		json_add_hex(o, "pgmap", f->pgmap, failed);
	if (!x->path && !x->ino && !x->dev)
		return;
	add_text(o, "file", x->path, failed);
	if (x->path)
		add_bool(o, "deleted", x->path_deleted, failed);
	json_add_dev(o, "dev", x->dev, failed);
	if (x->ino)
		json_add_uint(o, "ino", x->ino, failed);
	json_add_uint(o, "offset", x->index << PAGE_SHIFT, failed);
}

static void add_holders(struct json_object *o, const struct report *r, const struct held_finding *rf,
			bool *failed)
{
	struct json_object *holders = json_object_new_array();

	for (size_t i = 0; i < rf->nr_holders; i++) {
		const struct engine_holder *h = &rf->holders[i];
		struct json_object *one = json_object_new_object();

		json_add_uint(one, "pid", h->pid, failed);
		json_add_uint(one, "tgid", h->tgid, failed);
		json_add_string(one, "comm", h->comm, DX_COMM_LEN, failed);
		add_text(one, "kind", h->pin ? "pin" : "get", failed);
		add_bool(one, "longterm", h->longterm, failed);
		add_bool(one, "gone", h->gone, failed);
		json_add_uint(one, "nr", h->nr, failed);
		json_add_uint(one, "since_ns", h->since, failed);
		json_add_uint(one, "age_ns", r->now > h->since ? r->now - h->since : 0, failed);
		add_stack(one, "stack", stacks_kernel(r->stacks, h->stack), false, failed);
		array_add(holders, one, failed);
	}
	json_add(o, "holders", holders, failed);
}

static void add_times(struct json_object *o, const struct report *r, const struct engine_finding *f,
		      bool *failed)
{
	json_add_uint(o, "count", f->count, failed);
	json_add_uint(o, "first_ns", f->first_time, failed);
	json_add_uint(o, "last_ns", f->last_time, failed);
	add_bool(o, "over", f->over, failed);
	if (f->over)
		json_add_uint(o, "end_ns", f->end_time, failed);
	if (finding_age(f, r->now))
		json_add_uint(o, "age_ns", finding_age(f, r->now), failed);
}

static int finding_write(FILE *out, const struct report *r, const struct held_finding *rf)
{
	const struct engine_finding *f = &rf->f;
	const struct usym_who who = { .time = f->first_time, .tgid = f->tgid, .exec = f->exec };
	char sentence[FINDING_MAX];
	struct json_object *o;
	bool failed;

	o = json_start("finding", &failed);
	json_add_uint(o, "finding", f->nr, &failed);
	add_text(o, "rule", rule_name(f->rule), &failed);
	if (f->detail != DX_D_NONE && detail_name(f->detail))
		add_text(o, "detail", detail_name(f->detail), &failed);
	add_text(o, "confidence", confidence_name(f->confidence), &failed);
	if (f->why)
		add_text(o, "why", f->why, &failed);
	add_bool(o, "note", f->note, &failed);
	add_bool(o, "counts", finding_counts(f), &failed);
	add_times(o, r, f, &failed);
	add_text(o, "says", finding_sentence(sentence, sizeof(sentence), f, r->now), &failed);
	add_folio(o, f, &failed);
	json_add_int(o, "wanted", f->wanted, &failed);
	json_add_int(o, "got", f->got, &failed);
	json_add_uint(o, "nr", f->nr_refs, &failed);
	if (f->rule == DX_RULE_FOLIO_LEAK)
		add_bool(o, "leaked_pins", f->leaked_pins, &failed);
	if (f->addr)
		json_add_uint(o, "addr", f->addr, &failed);
	if (f->rule == DX_RULE_INSTALL_ZERO_REF || f->rule == DX_RULE_INSTALL_WITHOUT_REF)
		add_text(o, "level", level_name(f->level), &failed);
	json_add_uint(o, "pid", f->pid, &failed);
	json_add_uint(o, "tgid", f->tgid, &failed);
	json_add_string(o, "comm", f->comm, DX_COMM_LEN, &failed);
	add_stack(o, "stack", stacks_kernel(r->stacks, f->stack), false, &failed);
	add_stack(o, "user_stack", stacks_user(r->stacks, f->ustack, &who), true, &failed);
	add_holders(o, r, rf, &failed);
	return json_finish(out, o, failed);
}

static void add_left(struct json_object *command, const struct report *r, bool *failed)
{
	struct json_object *left = json_object_new_array();

	for (size_t i = 0; i < r->nr_left && i < REPORT_LEFT_MAX; i++) {
		struct json_object *one = json_object_new_object();

		json_add_int(one, "pid", r->left[i].pid, failed);
		add_text(one, "comm", r->left[i].comm, failed);
		add_text(one, "state", (char[]){ r->left[i].state, '\0' }, failed);
		array_add(left, one, failed);
	}
	json_add(command, "left", left, failed);
	if (r->nr_left > REPORT_LEFT_MAX)
		json_add_uint(command, "left_more", r->nr_left - REPORT_LEFT_MAX, failed);
}

static void add_command(struct json_object *o, const struct report *r, bool *failed)
{
	struct json_object *command = json_object_new_object();

	add_text(command, "name", r->command, failed);
	if (r->user) {
		if (r->user->name[0])
			add_text(command, "user", r->user->name, failed);
		json_add_uint(command, "uid", r->user->uid, failed);
		json_add_uint(command, "gid", r->user->gid, failed);
	}
	if (r->cut)
		add_text(command, "not_waited_for", r->cut, failed);
	else if (WIFSIGNALED(r->status))
		json_add_int(command, "signal", WTERMSIG(r->status), failed);
	else
		json_add_int(command, "status", WEXITSTATUS(r->status), failed);
	add_left(command, r, failed);
	json_add(o, "command", command, failed);
}

static void add_scope(struct json_object *o, const struct verdict *v, bool *failed)
{
	struct json_object *rules = json_object_new_object();

	json_add_uint(rules, "exercised", v->exercised, failed);
	json_add_uint(rules, "not_exercised", v->not_exercised, failed);
	json_add_uint(rules, "not_checked", v->not_checked, failed);
	json_add_uint(rules, "left_out", v->left_out, failed);
	json_add(o, "rules", rules, failed);
}

static int verdict_write(FILE *out, const struct report *r)
{
	static const char *const kinds[] = {
		[VERDICT_CLEAN] = "clean",
		[VERDICT_BROKEN] = "broken",
		[VERDICT_INCONCLUSIVE] = "inconclusive",
	};
	static const char *const decided[] = {
		[DECIDED_FINDINGS] = "findings",
		[DECIDED_NOT_ALL_SEEN] = "inconclusive",
		[DECIDED_COMMAND] = "command",
		[DECIDED_RULES_KEPT] = "rules-kept",
	};
	struct json_object *o;
	struct verdict v;
	uint64_t lost = 0;
	bool failed;

	report_verdict(r, &v);
	for (unsigned int i = 0; r->counts && i < DX_EVENT_TYPES; i++)
		lost += r->counts->lost[i];
	o = json_start("verdict", &failed);
	json_add_int(o, "exit", v.exit, &failed);
	add_text(o, "decided_by", decided[v.decided], &failed);
	add_text(o, "verdict", kinds[v.kind], &failed);
	if (v.why[0])
		add_text(o, "why", v.why, &failed);
	json_add_uint(o, "proven", v.proven, &failed);
	json_add_uint(o, "suspected", v.suspected, &failed);
	json_add_uint(o, "inconclusive", v.inconclusive, &failed);
	json_add_uint(o, "over", v.over, &failed);
	if (r->only_proven)
		json_add_uint(o, "unproven_left_out", r->unproven, &failed);
	add_scope(o, &v, &failed);
	json_add_uint(o, "lost", lost, &failed);
	json_add_uint(o, "missed_runs", r->counts ? r->counts->missed_runs : 0, &failed);
	json_add_uint(o, "stacks_not_kept", r->counts ? r->counts->stacks_unkept : 0, &failed);
	add_text(o, "kernel", r->kernel, &failed);
	add_text(o, "regime", regime_name(r->regime), &failed);
	json_add_uint(o, "start_ns", r->start, &failed);
	json_add_uint(o, "end_ns", r->now, &failed);
	if (r->command)
		add_command(o, r, &failed);
	return json_finish(out, o, failed);
}

int view_report_json(FILE *out, const struct report *r)
{
	int err = 0;

	for (unsigned int i = DX_RULE_NONE + 1; !err && i < DX_RULES; i++)
		if (r->rules & 1u << i)
			err = rule_write(out, r, i);
	for (size_t i = 0; !err && i < r->nr_findings; i++)
		err = finding_write(out, r, &r->findings[i]);
	return err ? err : verdict_write(out, r);
}

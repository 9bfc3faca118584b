// SPDX-License-Identifier: GPL-2.0-only
/* report_json.c - the report as JSON lines, schema 2 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <json-c/json.h>
#include "view/file.h"
#include "view/finding.h"
#include "view/held.h"
#include "view/json.h"
#include "view/json_add.h"
#include "view/names.h"
#include "view/report.h"

static void add_stack(struct json_object *o, struct stack s, bool user, bool *failed)
{
	json_add_frames(o, s.frames, s.nr, s.unkept, user, failed);
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
	const struct verdict_rule *row = &r->verdict.rule[rule];
	struct json_object *o;
	bool failed;

	o = json_start("rule", &failed);
	json_add_text(o, KEY_RULE, rule_get(rule)->id, &failed);
	json_add_text(o, KEY_RULE_STATE, states[row->state], &failed);
	json_add_uint(o, KEY_CHECKED, row->checked, &failed);
	json_add_uint(o, KEY_BROKEN, row->broken, &failed);
	if (row->by_design)
		json_add_uint(o, KEY_BY_DESIGN, row->by_design, &failed);
	if (row->why[0])
		json_add_text(o, KEY_WHY, row->why, &failed);
	return json_finish(out, o, failed);
}

static void add_folio(struct json_object *o, const struct engine_finding *f, bool *failed)
{
	const struct engine_folio *x = &f->folio;
	const struct view_file file = view_file_of(x);

	if (x->pfn) {
		json_add_uint(o, KEY_PFN, x->pfn, failed);
		json_add_uint(o, KEY_FOLIOS, f->nr_folios, failed);
		json_add_int(o, KEY_ORDER, x->order, failed);
		json_add_int(o, KEY_REFCOUNT, x->refcount, failed);
		json_add_int(o, KEY_MAPCOUNT, x->mapcount, failed);
		json_add_int(o, KEY_PINS, x->pincount, failed);
		json_add_bool(o, KEY_PREDATES, x->predates, failed);
	}
	json_add_text(o, KEY_DEVICE, x->device, failed);
	if (f->pgmap)
		json_add_uint(o, KEY_PGMAP, f->pgmap, failed);
	if (!view_file_is_known(&file))
		return;
	json_add_file(o, &file, failed);
	json_add_uint(o, KEY_OFFSET, x->index << PAGE_SHIFT, failed);
}

static void add_holders(struct json_object *o, const struct report *r,
			const struct held_finding *rf, bool *failed)
{
	struct json_object *holders = json_object_new_array();

	for (size_t i = 0; i < rf->nr_holders; i++) {
		const struct engine_holder *h = &rf->holders[i];
		struct json_object *one = json_object_new_object();

		json_add_uint(one, KEY_PID, h->pid, failed);
		json_add_uint(one, KEY_TGID, h->tgid, failed);
		json_add_string(one, KEY_COMM, h->comm, DX_COMM_LEN, failed);
		json_add_bool(one, KEY_PIN, h->pin, failed);
		json_add_bool(one, KEY_LONGTERM, h->longterm, failed);
		json_add_bool(one, KEY_GONE, h->gone, failed);
		json_add_uint(one, KEY_REFS, h->nr, failed);
		json_add_known(one, KEY_SINCE, h->since, h->since, failed);
		json_add_known(one, KEY_AGE, h->since, r->now > h->since ? r->now - h->since : 0,
			       failed);
		add_stack(one, stacks_kernel(r->stacks, h->stack), false, failed);
		held_json(one, h, failed);
		json_append(holders, one, failed);
	}
	json_add(o, KEY_HOLDERS, holders, failed);
}

static void add_times(struct json_object *o, const struct report *r, const struct engine_finding *f,
		      bool *failed)
{
	json_add_uint(o, KEY_COUNT, f->count, failed);
	json_add_uint(o, KEY_FIRST_TIME, f->first_time, failed);
	json_add_uint(o, KEY_LAST_TIME, f->last_time, failed);
	json_add_bool(o, KEY_OVER, f->over, failed);
	if (f->over)
		json_add_uint(o, KEY_END_TIME, f->end_time, failed);
	if (finding_age(f, r->now))
		json_add_uint(o, KEY_AGE, finding_age(f, r->now), failed);
}

static int finding_write(FILE *out, const struct report *r, const struct held_finding *rf)
{
	const struct engine_finding *f = &rf->f;
	const struct stack_who who = { .time = f->first_time, .tgid = f->tgid, .exec = f->exec };
	char sentence[FINDING_MAX];
	struct json_object *o;
	bool failed;

	o = json_start("finding", &failed);
	json_add_uint(o, KEY_FINDING, f->nr, &failed);
	json_add_text(o, KEY_RULE, rule_name(f->rule), &failed);
	if (f->detail != DX_D_NONE && detail_name(f->detail))
		json_add_text(o, KEY_DETAIL, detail_name(f->detail), &failed);
	json_add_text(o, KEY_CONFIDENCE, confidence_name(f->confidence), &failed);
	if (f->why)
		json_add_text(o, KEY_WHY, f->why, &failed);
	json_add_bool(o, KEY_NOTE, f->note, &failed);
	json_add_bool(o, KEY_COUNTS, finding_counts(f) && verdict_weighs(&r->terms, f), &failed);
	add_times(o, r, f, &failed);
	json_add_text(o, KEY_SAYS, finding_sentence(sentence, sizeof(sentence), f, r->now), &failed);
	add_folio(o, f, &failed);
	json_add_int(o, KEY_WANTED, f->wanted, &failed);
	json_add_int(o, KEY_GOT, f->got, &failed);
	json_add_uint(o, KEY_REFS, f->nr_refs, &failed);
	if (f->rule == DX_RULE_FOLIO_LEAK)
		json_add_bool(o, KEY_LEAKED_PINS, f->leaked_pins, &failed);
	if (f->addr)
		json_add_uint(o, KEY_ADDR, f->addr, &failed);
	if (f->rule == DX_RULE_INSTALL_ZERO_REF || f->rule == DX_RULE_INSTALL_WITHOUT_REF)
		json_add_text(o, KEY_LEVEL, level_name(f->level), &failed);
	json_add_uint(o, KEY_PID, f->pid, &failed);
	json_add_uint(o, KEY_TGID, f->tgid, &failed);
	json_add_string(o, KEY_COMM, f->comm, DX_COMM_LEN, &failed);
	add_stack(o, stacks_kernel(r->stacks, f->stack), false, &failed);
	add_stack(o, stacks_user(r->stacks, f->ustack, &who), true, &failed);
	add_holders(o, r, rf, &failed);
	return json_finish(out, o, failed);
}

static void add_left(struct json_object *command, const struct report *r, bool *failed)
{
	struct json_object *left = json_object_new_array();

	for (size_t i = 0; i < r->nr_left && i < REPORT_LEFT_MAX; i++) {
		struct json_object *one = json_object_new_object();

		json_add_int(one, KEY_PID, r->left[i].pid, failed);
		json_add_text(one, KEY_COMM, r->left[i].comm, failed);
		json_add_text(one, KEY_TASK_STATE, (char[]){ r->left[i].state, '\0' }, failed);
		json_append(left, one, failed);
	}
	json_add(command, KEY_LEFT, left, failed);
	if (r->nr_left > REPORT_LEFT_MAX)
		json_add_uint(command, KEY_LEFT_MORE, r->nr_left - REPORT_LEFT_MAX, failed);
}

static void add_command(struct json_object *o, const struct report *r, bool *failed)
{
	struct json_object *command = json_object_new_object();

	json_add_text(command, KEY_NAME, r->command, failed);
	if (r->user) {
		if (r->user->name[0])
			json_add_text(command, KEY_USER, r->user->name, failed);
		json_add_uint(command, KEY_UID, r->user->uid, failed);
		json_add_uint(command, KEY_GID, r->user->gid, failed);
	}
	if (r->cut)
		json_add_text(command, KEY_NOT_WAITED_FOR, r->cut, failed);
	else if (WIFSIGNALED(r->status))
		json_add_int(command, KEY_SIGNAL, WTERMSIG(r->status), failed);
	else
		json_add_int(command, KEY_STATUS, WEXITSTATUS(r->status), failed);
	add_left(command, r, failed);
	json_add(o, KEY_COMMAND, command, failed);
}

static void add_scope(struct json_object *o, const struct verdict *v, bool *failed)
{
	json_add_uint(o, KEY_RULES_EXERCISED, v->exercised, failed);
	json_add_uint(o, KEY_RULES_NOT_EXERCISED, v->not_exercised, failed);
	json_add_uint(o, KEY_RULES_NOT_CHECKED, v->not_checked, failed);
	json_add_uint(o, KEY_RULES_LEFT_OUT, v->left_out, failed);
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
	static const struct view_looks none;
	const struct verdict *v = &r->verdict;
	struct json_object *o;
	uint64_t lost = 0;
	bool failed;

	for (unsigned int i = 0; r->counts && i < DX_EVENT_TYPES; i++)
		lost += r->counts->lost[i];
	o = json_start("verdict", &failed);
	json_add_int(o, KEY_EXIT_STATUS, v->exit, &failed);
	json_add_text(o, KEY_DECIDED_BY, decided[v->decided], &failed);
	json_add_text(o, KEY_VERDICT, kinds[v->kind], &failed);
	if (v->why[0])
		json_add_text(o, KEY_WHY, v->why, &failed);
	json_add_uint(o, KEY_FINDINGS_PROVEN, v->proven, &failed);
	json_add_uint(o, KEY_FINDINGS_SUSPECTED, v->suspected, &failed);
	json_add_uint(o, KEY_FINDINGS_INCONCLUSIVE, v->inconclusive, &failed);
	json_add_uint(o, KEY_FINDINGS_OVER, v->over, &failed);
	if (r->terms.only_proven)
		json_add_uint(o, KEY_FINDINGS_LEFT_OUT, v->unproven, &failed);
	add_scope(o, v, &failed);
	json_add_uint(o, KEY_LOST, lost, &failed);
	json_add_uint(o, KEY_MISSED_RUNS, r->counts ? r->counts->missed_runs : 0, &failed);
	json_add_uint(o, KEY_STACKS_NOT_KEPT, r->counts ? r->counts->stacks_unkept : 0, &failed);
	json_add_uint(o, KEY_INDEXES_FORGOTTEN, r->counts ? r->counts->indexes_forgotten : 0,
		      &failed);
	json_add_looks(o, r->counts ? &r->counts->looks : &none, &failed);
	json_add_text(o, KEY_KERNEL, r->kernel, &failed);
	json_add_text(o, KEY_REGIME, regime_name(r->regime), &failed);
	json_add_uint(o, KEY_START_TIME, r->start, &failed);
	json_add_uint(o, KEY_END_TIME, r->now, &failed);
	if (r->command)
		add_command(o, r, &failed);
	return json_finish(out, o, failed);
}

int view_report_json(FILE *out, const struct report *r)
{
	int err = 0;

	for (unsigned int i = DX_RULE_NONE + 1; !err && i < DX_RULES; i++)
		if (r->terms.rules & 1u << i)
			err = rule_write(out, r, i);
	for (size_t i = 0; !err && i < r->nr_findings; i++)
		err = finding_write(out, r, &r->findings[i]);
	return err ? err : verdict_write(out, r);
}

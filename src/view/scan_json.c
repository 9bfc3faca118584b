// SPDX-License-Identifier: GPL-2.0-only
/* scan_json.c - one look as JSON lines, schema 2 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "base/container.h"
#include "view/json.h"
#include "view/json_add.h"
#include "view/scan_part.h"

/* ---- devices ---- */

static void add_ranges(struct json_object *o, const struct scan_pgmap *p, bool *failed)
{
	struct json_object *a = json_object_new_array();

	for (uint32_t i = 0; i < p->nr_range && i < DX_PGMAP_RANGES; i++) {
		struct json_object *one = json_object_new_object();

		json_add_uint(one, KEY_PFN, p->range[i].pfn, failed);
		json_add_uint(one, KEY_PAGES, p->range[i].nr, failed);
		json_append(a, one, failed);
	}
	json_add(o, KEY_RANGES, a, failed);
}

static void add_refs(struct json_object *o, const struct scan_pgmap *p, bool *failed)
{
	static const enum json_key keys[] = { KEY_PGMAP_REFS, KEY_PGMAP_REFS_BASE,
					      KEY_PGMAP_REFS_EXPLAINED, KEY_PGMAP_REFS_UNEXPLAINED };
	const int64_t refs[] = { p->refs, p->refs_base, p->explained, p->unexplained };

	for (size_t i = 0; i < 4; i++) {
		if (p->refs_known)
			json_add_int(o, keys[i], refs[i], failed);
		else
			json_add_null(o, keys[i], failed);
	}
}

static void add_walked(struct json_object *o, const struct scan_pgmap *p, bool *failed)
{
	static const char *const sizes[] = { "4K", "2M", "1G", "other" };
	struct json_object *pages = json_object_new_object();

	json_add_uint(o, KEY_FOLIOS_IN_USE, p->in_use, failed);
	json_add_uint(o, KEY_FOLIOS_MAPPED, p->mapped, failed);
	json_add_uint(o, KEY_FOLIOS_PINNED, p->pinned, failed);
	for (int i = 0; i < 4; i++)
		if (!pages ||
		    json_object_object_add(pages, sizes[i], json_object_new_uint64(p->pages[i])))
			*failed = true;
	json_add(o, KEY_PAGES_BY_SIZE, pages, failed);
}

static int pgmap_json(FILE *out, const struct scan_view *v, int pgmap)
{
	static const char *const states[] = { "walked", "partly", "vanished", "skipped" };
	const struct scan_pgmap *p = scan_pgmap(v->s, pgmap);
	struct json_object *o;
	bool failed;

	o = json_start("pgmap", &failed);
	json_add_text(o, KEY_DEVICE, p->device, &failed);
	json_add_text(o, KEY_DRIVER, p->driver, &failed);
	json_add_text(o, KEY_MEMORY_TYPE, pgmap_type_name(p->type), &failed);
	json_add_text(o, KEY_OWNER, p->owner, &failed);
	json_add_text(o, KEY_OPS, p->ops, &failed);
	add_ranges(o, p, &failed);
	json_add_uint(o, KEY_ALTMAP_PAGES, p->no_memmap, &failed);
	json_add_bool(o, KEY_DYING, p->dying, &failed);
	json_add_text(o, KEY_WALK, states[scan_walk_state(v, p)], &failed);
	add_refs(o, p, &failed);
	add_walked(o, p, &failed);
	json_add_known(o, KEY_BAD_BYTES, p->bad_bytes >= 0, p->bad_bytes, &failed);
	return json_finish(out, o, failed);
}

/* ---- holders ---- */

static void add_who(struct json_object *o, uint32_t tgid, uint32_t pid, const char *comm,
		    const char *cgroup, bool *failed)
{
	json_add_known(o, KEY_TGID, tgid, tgid, failed);
	json_add_known(o, KEY_PID, pid, pid, failed);
	json_add_string(o, KEY_COMM, *comm ? comm : NULL, DX_COMM_LEN, failed);
	json_add_text(o, KEY_CGROUP, cgroup, failed);
}

static void add_holder(struct json_object *o, const struct scan_holder *h, bool *failed)
{
	json_add_text(o, KEY_KIND, scan_hold_name(h->kind), failed);
	json_add_bool(o, KEY_CERTAIN, h->certain, failed);
	json_add_bool(o, KEY_PIN, h->pin, failed);
	json_add_uint(o, KEY_REFS, h->refs, failed);
	json_add_known(o, KEY_PFN, h->nr, h->pfn, failed);
	json_add_uint(o, KEY_PAGES, h->nr, failed);
	add_who(o, h->tgid, h->pid, h->comm, h->cgroup, failed);
	json_add_known(o, KEY_FD, h->fd >= 0, h->fd, failed);
	json_add_known(o, KEY_OBJECT_ID, h->id, h->id, failed);
	json_add_known(o, KEY_ADDR, h->addr, h->addr, failed);
	json_add_known(o, KEY_SINCE, h->since, h->since, failed);
	json_add_string(o, KEY_OBJECT, h->detail[0] ? h->detail : NULL, sizeof(h->detail), failed);
}

struct holders {
	struct json_object *a;
	bool *failed;
};

static int holder_add(const struct scan_holder *h, void *arg)
{
	struct json_object *one = json_object_new_object();
	struct holders *to = arg;

	add_holder(one, h, to->failed);
	json_append(to->a, one, to->failed);
	return 0;
}

/* What the file or device is called: "file" is null for a device. */
static void add_file(struct json_object *o, const struct scan_view *v, int id, bool *failed)
{
	const struct scan_file *f = scan_file(v->s, id);
	struct view_file file = {};

	if (f)
		file = scan_view_file(f);
	if (f && f->device)
		file.dev = file.ino = 0;
	json_add_file(o, &file, failed);
}

static int other_json(FILE *out, const struct scan_view *v, const struct scan_holder *h)
{
	struct json_object *o;
	bool failed;

	o = json_start("holder", &failed);
	add_holder(o, h, &failed);
	add_file(o, v, h->file, &failed);
	json_add_text(o, KEY_DEVICE, scan_device(v, h->nr ? scan_pgmap_of(v->s, h->pfn) : h->pgmap),
		      &failed);
	if (h->last) {
		json_add_uint(o, KEY_OFFSET, h->first << PAGE_SHIFT, &failed);
		json_add_uint(o, KEY_OFFSET_END, (h->last + 1) << PAGE_SHIFT, &failed);
	}
	return json_finish(out, o, failed);
}

/* ---- folios ---- */

static void add_counts(struct json_object *o, const struct scan_folio *f, bool *failed)
{
	json_add_int(o, KEY_REFCOUNT, f->refcount, failed);
	json_add_int(o, KEY_MAPCOUNT, f->mapcount, failed);
	json_add_int(o, KEY_PINS, f->pincount, failed);
}

static void add_folio(struct json_object *o, const struct scan_view *v, const struct scan_folio *f,
		      bool *failed)
{
	json_add_uint(o, KEY_PFN, f->pfn, failed);
	json_add_uint(o, KEY_FOLIOS, f->nr, failed);
	json_add_uint(o, KEY_FOLIO_BYTES, 4096ull << f->order, failed);
	json_add_int(o, KEY_ORDER, f->order, failed);
	json_add_text(o, KEY_DEVICE, scan_device(v, f->pgmap), failed);
	json_add_text(o, KEY_MEMORY_TYPE, pgmap_type_name(f->type), failed);
	add_counts(o, f, failed);
	json_add_bool(o, KEY_PINS_EXACT, f->pins_exact, failed);
	json_add_int(o, KEY_REFCOUNT_IDLE, f->idle, failed);
	json_add_uint(o, KEY_SHARE, f->share, failed);
	add_file(o, v, f->file, failed);
	json_add_uint(o, KEY_OFFSET, scan_offset(v, f), failed);
	json_add_int(o, KEY_GETS, f->gets, failed);
	json_add_int(o, KEY_HELD_PINS, f->held_pins, failed);
	json_add_int(o, KEY_HELD_GETS, f->held_gets, failed);
	json_add_int(o, KEY_REFS_UNKNOWN, f->unknown, failed);
	json_add_bool(o, KEY_OVERPUT, f->overput, failed);
	json_add_bool(o, KEY_MOVING, f->moving, failed);
	json_add_uint(o, KEY_WAITS, f->nr_waits, failed);
}

static int folio_json(FILE *out, const struct scan_view *v, size_t i)
{
	struct json_object *o;
	struct holders to;
	bool failed;

	o = json_start("folio", &failed);
	add_folio(o, v, scan_folio(v->s, i), &failed);
	to = (struct holders){ json_object_new_array(), &failed };
	scan_folio_holders(v->s, i, holder_add, &to);
	json_add(o, KEY_HOLDERS, to.a, &failed);
	return json_finish(out, o, failed);
}

/* ---- bad memory ---- */

static int poison_json(FILE *out, const struct scan_view *v, const struct scan_poison *p)
{
	struct json_object *o;
	struct holders to;
	bool failed;

	o = json_start("poisoned", &failed);
	json_add_uint(o, KEY_PFN, p->pfn, &failed);
	json_add_int(o, KEY_ORDER, p->order, &failed);
	json_add_text(o, KEY_DEVICE, scan_device(v, p->pgmap), &failed);
	add_file(o, v, p->file, &failed);
	json_add_known(o, KEY_OFFSET, p->file, p->index << PAGE_SHIFT, &failed);
	to = (struct holders){ json_object_new_array(), &failed };
	for (size_t i = 0; i < scan_nr_holders(v->s); i++)
		if (scan_maps_poison(scan_holder(v->s, i), p))
			holder_add(scan_holder(v->s, i), &to);
	json_add(o, KEY_HOLDERS, to.a, &failed);
	return json_finish(out, o, failed);
}

/* ---- waits ---- */

struct pfns {
	const struct scan_view *v;
	struct json_object *a;
	bool *failed;
};

static int pfn_add(size_t i, void *arg)
{
	struct pfns *to = arg;

	json_append(to->a, json_object_new_uint64(scan_folio(to->v->s, i)->pfn), to->failed);
	return 0;
}

/* "name+0x12 [module]" or "0x..." */
static void frame_parse(char *text, struct stack_frame *f)
{
	char *module = strstr(text, " ["), *plus;

	if (!strncmp(text, "0x", 2)) {
		f->addr = strtoull(text, NULL, 16);
		return;
	}
	if (module) {
		*module = '\0';
		f->in = module + 2;
		module[strcspn(module + 2, "]") + 2] = '\0';
	}
	plus = strrchr(text, '+');
	if (plus) {
		f->offset = strtoull(plus + 1, NULL, 16);
		*plus = '\0';
	}
	f->name = text;
}

static void add_stack(struct json_object *o, const struct scan_view *v, const struct scan_wait *w,
		      bool *failed)
{
	char text[SCAN_STACK][4 * DX_SYMBOL_LEN + 1];
	struct stack_frame frames[SCAN_STACK] = {};
	uint32_t nr = w->nr_stack < SCAN_STACK ? w->nr_stack : SCAN_STACK;

	for (uint32_t i = 0; i < nr; i++)
		frame_parse(scan_frame_format(text[i], sizeof(text[i]), v, w->stack[i]), &frames[i]);
	json_add_frames(o, frames, nr, false, false, failed);
}

static void add_wait(struct json_object *o, const struct scan_view *v, const struct scan_wait *w,
		     bool *failed)
{
	char state[2] = { w->state, 0 };

	json_add_text(o, KEY_WAIT, scan_wait_name(w->kind), failed);
	json_add_text(o, KEY_TASK_STATE, state, failed);
	add_who(o, w->tgid, w->pid, w->comm, w->cgroup, failed);
	json_add_known(o, KEY_SINCE, w->since, w->since, failed);
	json_add_known(o, KEY_AGE, w->since, v->now > w->since ? v->now - w->since : 0, failed);
	json_add_known(o, KEY_PFN, w->pfn, w->pfn, failed);
	if (w->pfn)
		json_add_int(o, KEY_REFCOUNT, w->refcount, failed);
	else
		json_add_null(o, KEY_REFCOUNT, failed);
	json_add_text(o, KEY_DEVICE, scan_device(v, w->pgmap), failed);
	add_file(o, v, w->file, failed);
	json_add_known(o, KEY_OFFSET, w->file && (w->pfn || w->kind == SCAN_WAIT_ENTRY),
		       w->index << PAGE_SHIFT, failed);
}

void json_add_chain(struct json_object *o, const struct scan *s, size_t i, bool *failed)
{
	const struct scan_wait *first = scan_wait(s, i), *w = first;
	struct json_object *pids = json_object_new_array();
	bool inferred = false;

	json_add_known(o, KEY_OWNER_PID, w->owner_pid, w->owner_pid, failed);
	if (w->owner_pid)
		json_add_string(o, KEY_OWNER_COMM, w->owner_comm, DX_COMM_LEN, failed);
	else
		json_add_null(o, KEY_OWNER_COMM, failed);
	json_add_bool(o, KEY_READ_OWNED, w->read_owned, failed);
	for (size_t step = 0; step < scan_nr_waits(s) && w->next >= 0; step++) {
		inferred |= w->inferred;
		w = scan_wait(s, w->next);
		json_append(pids, json_object_new_uint64(w->pid), failed);
	}
	json_add(o, KEY_CHAIN, pids, failed);
	json_add_bool(o, KEY_CHAIN_INFERRED, inferred, failed);
	if (first->entry == WAIT_ENTRY_UNKNOWN)
		json_add_null(o, KEY_ENTRY_LOCKED, failed);
	else
		json_add_bool(o, KEY_ENTRY_LOCKED, first->entry == WAIT_ENTRY_LOCKED, failed);
	json_add_uint(o, KEY_BEHIND, first->behind, failed);
}

static int wait_json(FILE *out, const struct scan_view *v, size_t i)
{
	const struct scan_wait *w = scan_wait(v->s, i);
	struct json_object *o;
	struct pfns to = { .v = v };
	bool failed;

	o = json_start("wait", &failed);
	add_wait(o, v, w, &failed);
	add_stack(o, v, w, &failed);
	to.a = json_object_new_array();
	to.failed = &failed;
	scan_wait_folios(v->s, i, pfn_add, &to);
	json_add(o, KEY_PFNS, to.a, &failed);
	json_add_chain(o, v->s, i, &failed);
	return json_finish(out, o, failed);
}

/* ---- all of it ---- */

static int heading_json(FILE *out, const struct scan_view *v)
{
	struct json_object *o;
	bool failed;

	o = json_start("scan", &failed);
	json_add_text(o, KEY_KERNEL, v->kernel, &failed);
	json_add_text(o, KEY_REGIME, regime_name(v->regime), &failed);
	json_add_uint(o, KEY_TIME, v->now, &failed);
	return json_finish(out, o, failed);
}

static int body_json(FILE *out, const struct scan_view *v)
{
	int rc = heading_json(out, v);

	for (size_t i = 0; i < scan_nr_pgmaps(v->s) && !rc; i++)
		rc = pgmap_json(out, v, i);
	for (size_t i = 0; i < scan_nr_folios(v->s) && !rc; i++)
		if (scan_scope_folio(v, i))
			rc = folio_json(out, v, i);
	for (size_t i = 0; i < scan_nr_holders(v->s) && !rc; i++)
		if (scan_scope_other(v, i))
			rc = other_json(out, v, scan_holder(v->s, i));
	for (size_t i = 0; i < scan_nr_poisoned(v->s) && !rc; i++)
		rc = poison_json(out, v, scan_poisoned(v->s, i));
	for (size_t i = 0; i < scan_nr_waits(v->s) && !rc; i++)
		if (scan_scope_wait(v, scan_wait(v->s, i)))
			rc = wait_json(out, v, i);
	return rc;
}

static struct json_object *sum_json(const struct scan_sum *sum, bool *failed)
{
	struct json_object *o = json_object_new_object();

	json_add_uint(o, KEY_FOLIOS, sum->folios, failed);
	json_add_uint(o, KEY_PAGES, sum->pages, failed);
	json_add_uint(o, KEY_PINS, sum->pins, failed);
	json_add_int(o, KEY_GETS, sum->gets, failed);
	return o;
}

static void add_by_device(struct json_object *o, const struct scan_view *v, bool *failed)
{
	struct json_object *a = json_object_new_array(), *one;
	struct scan_sum sum;

	for (size_t i = 0; i < scan_nr_pgmaps(v->s); i++) {
		scan_sum_get(v, i, -1, &sum);
		if (!sum.folios)
			continue;
		one = sum_json(&sum, failed);
		json_add_text(one, KEY_DEVICE, scan_device(v, i), failed);
		json_append(a, one, failed);
	}
	json_add(o, KEY_BY_DEVICE, a, failed);
}

static void add_by_file(struct json_object *o, const struct scan_view *v, bool *failed)
{
	struct json_object *a = json_object_new_array(), *one;

	for (size_t i = 1; i <= scan_nr_files(v->s); i++) {
		const struct scan_file *f = scan_file(v->s, i);
		struct scan_sum sum = {
			.folios = f->folios, .pages = f->pages, .pins = f->pins, .gets = f->gets
		};

		if (!f->folios)
			continue;
		one = sum_json(&sum, failed);
		add_file(one, v, i, failed);
		json_add_uint(one, KEY_OFFSET, f->first << PAGE_SHIFT, failed);
		json_add_uint(one, KEY_OFFSET_END, (f->last + 1) << PAGE_SHIFT, failed);
		json_append(a, one, failed);
	}
	json_add(o, KEY_BY_FILE, a, failed);
}

static void add_by_order(struct json_object *o, const struct scan_view *v, bool *failed)
{
	struct json_object *a = json_object_new_array(), *one;
	struct scan_sum sum;

	for (int order = 0; order < 32; order++) {
		scan_sum_get(v, -1, order, &sum);
		if (!sum.folios)
			continue;
		one = sum_json(&sum, failed);
		json_add_int(one, KEY_ORDER, order, failed);
		json_append(a, one, failed);
	}
	json_add(o, KEY_BY_ORDER, a, failed);
}

static void add_held(struct json_object *o, enum json_key key, const struct scan_view *v,
		     enum scan_by by, bool *failed)
{
	struct json_object *a = json_object_new_array(), *one;
	char id[CONTAINER_ID], pod[POD_UID];
	struct scan_held *held = NULL;
	size_t nr = 0;

	if (scan_held_get(v, by, &held, &nr))
		*failed = true;
	for (size_t i = 0; i < nr; i++) {
		const struct scan_held *h = &held[i];
		const char *cgroup = h->cgroup ? h->cgroup : "";
		bool named = scan_cgroup_is_roots(v, cgroup);

		one = json_object_new_object();
		if (by == SCAN_BY_PROCESS) {
			json_add_known(one, KEY_TGID, h->tgid, h->tgid, failed);
			json_add_string(one, KEY_COMM, *h->comm ? h->comm : NULL, DX_COMM_LEN,
					failed);
		}
		json_add_text(one, KEY_CGROUP, h->cgroup, failed);
		json_add_text(one, KEY_CONTAINER, named ? container_id(id, cgroup) : NULL, failed);
		json_add_text(one, KEY_POD, named ? container_pod(pod, cgroup) : NULL, failed);
		json_add_uint(one, KEY_FOLIOS, h->folios, failed);
		json_add_uint(one, KEY_HELD_PINS, h->pins, failed);
		json_add_uint(one, KEY_HELD_GETS, h->gets, failed);
		json_add_known(one, KEY_SINCE, h->since, h->since, failed);
		json_append(a, one, failed);
	}
	free(held);
	json_add(o, key, a, failed);
}

static int summary_json(FILE *out, const struct scan_view *v)
{
	struct json_object *o, *gaps = json_object_new_array();
	struct scan_sum sum;
	uint64_t waits = 0, holders = 0;
	bool failed;

	for (size_t i = 0; i < scan_nr_waits(v->s); i++)
		waits += scan_scope_wait(v, scan_wait(v->s, i));
	for (size_t i = 0; i < scan_nr_holders(v->s); i++)
		holders += scan_holder(v->s, i)->certain;
	scan_sum_get(v, -1, -1, &sum);
	o = json_start("scan-summary", &failed);
	json_add_uint(o, KEY_FOLIOS, sum.folios, &failed);
	json_add_uint(o, KEY_PAGES, sum.pages, &failed);
	json_add_uint(o, KEY_FOLIOS_MAPPED, sum.mapped, &failed);
	json_add_uint(o, KEY_FOLIOS_PINNED, sum.pinned, &failed);
	json_add_uint(o, KEY_PINS, sum.pins, &failed);
	json_add_uint(o, KEY_FOLIOS_UNKNOWN, sum.unknown, &failed);
	json_add_uint(o, KEY_FOLIOS_OVERPUT, sum.overput, &failed);
	add_by_device(o, v, &failed);
	add_by_file(o, v, &failed);
	add_by_order(o, v, &failed);
	add_held(o, KEY_BY_PROCESS, v, SCAN_BY_PROCESS, &failed);
	add_held(o, KEY_BY_CGROUP, v, SCAN_BY_CGROUP, &failed);
	json_add_uint(o, KEY_NR_HOLDERS, holders, &failed);
	json_add_uint(o, KEY_WAITS, waits, &failed);
	for (size_t i = 0; i < scan_nr_gaps(v->s); i++)
		json_append_string(gaps, scan_gap(v->s, i), &failed);
	json_add(o, KEY_GAPS, gaps, &failed);
	json_add_bool(o, KEY_INTERRUPTED, v->interrupted, &failed);
	return json_finish(out, o, failed);
}

int view_scan_json(FILE *out, const struct scan_view *v)
{
	int rc = body_json(out, v);

	return rc ? rc : summary_json(out, v);
}

static int unbind_json(FILE *out, const struct scan_view *v, int pgmap)
{
	struct scan_verdict verdict;
	char text[SCAN_WORDS];
	struct json_object *o;
	bool failed;

	scan_verdict(v->s, pgmap, &verdict);
	o = json_start("unbind", &failed);
	json_add_text(o, KEY_DEVICE, scan_device(v, pgmap), &failed);
	json_add_text(o, KEY_UNBIND, scan_verdict_name(verdict.what), &failed);
	json_add_uint(o, KEY_BLOCKERS, verdict.nr, &failed);
	json_add_uint(o, KEY_FOLIOS, verdict.folios, &failed);
	json_add_int(o, KEY_PGMAP_REFS_UNEXPLAINED, verdict.refs, &failed);
	json_add_uint(o, KEY_OPENERS, verdict.openers, &failed);
	json_add_bool(o, KEY_UNDER_WAY, verdict.under_way, &failed);
	json_add_text(o, KEY_MOUNT, verdict.mount, &failed);
	json_add_text(o, KEY_SAYS,
		      scan_verdict_format(text, sizeof(text), scan_device(v, pgmap), &verdict),
		      &failed);
	return json_finish(out, o, failed);
}

int view_holders_json(FILE *out, const struct scan_view *v, int pgmap)
{
	int rc = body_json(out, v);

	if (!rc && pgmap >= 0)
		rc = unbind_json(out, v, pgmap);
	return rc ? rc : summary_json(out, v);
}

/* ---- what changed ---- */

static void add_state(struct json_object *o, enum json_key key, const struct scan_folio *f,
		      bool *failed)
{
	struct json_object *counts;

	if (!f) {
		json_add_null(o, key, failed);
		return;
	}
	counts = json_object_new_object();
	add_counts(counts, f, failed);
	json_add(o, key, counts, failed);
}

int scan_change_json(FILE *out, const struct scan_view *v, const struct scan_change_run *run)
{
	const struct scan_folio *f = run->has_after ? &run->after : &run->before;
	struct json_object *o;
	bool failed;

	o = json_start("change", &failed);
	json_add_uint(o, KEY_TIME, run->time, &failed);
	json_add_text(o, KEY_CHANGE,
		      !run->has_before	? "new"
		      : !run->has_after ? "gone"
					: "changed",
		      &failed);
	json_add_uint(o, KEY_PFN, f->pfn, &failed);
	json_add_uint(o, KEY_FOLIOS, run->nr, &failed);
	json_add_int(o, KEY_ORDER, f->order, &failed);
	json_add_text(o, KEY_DEVICE, scan_device(v, f->pgmap), &failed);
	add_file(o, v, f->file, &failed);
	json_add_uint(o, KEY_OFFSET, scan_offset(v, f), &failed);
	add_state(o, KEY_BEFORE, run->has_before ? &run->before : NULL, &failed);
	add_state(o, KEY_AFTER, run->has_after ? &run->after : NULL, &failed);
	return json_finish(out, o, failed);
}

int scan_change_wait_json(FILE *out, const struct scan_view *v, const struct scan_wait *w,
			  uint64_t time, bool came)
{
	struct json_object *o;
	bool failed;

	o = json_start("wait-change", &failed);
	json_add_uint(o, KEY_TIME, time, &failed);
	json_add_text(o, KEY_CHANGE, came ? "new" : "gone", &failed);
	add_wait(o, v, w, &failed);
	return json_finish(out, o, failed);
}

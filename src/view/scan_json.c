// SPDX-License-Identifier: GPL-2.0-only
/* scan_json.c - one look as JSON lines, schema 1 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include "view/json.h"
#include "view/json_add.h"
#include "view/scan_part.h"

static void add_bool(struct json_object *o, const char *key, bool b, bool *failed)
{
	json_add(o, key, json_object_new_boolean(b), failed);
}

/* "" gives null */
static void add_text(struct json_object *o, const char *key, const char *s, bool *failed)
{
	json_add_string(o, key, s && *s ? s : NULL, s ? strlen(s) : 0, failed);
}

static void add_null(struct json_object *o, const char *key, bool *failed)
{
	json_add_string(o, key, NULL, 0, failed);
}

static void add_known(struct json_object *o, const char *key, bool known, uint64_t n, bool *failed)
{
	if (known)
		json_add_uint(o, key, n, failed);
	else
		add_null(o, key, failed);
}

static void array_put(struct json_object *a, struct json_object *value, bool *failed)
{
	if (!a || !value || json_object_array_add(a, value)) {
		json_object_put(value);
		*failed = true;
	}
}

/* ---- devices ---- */

static void add_ranges(struct json_object *o, const struct scan_pgmap *p, bool *failed)
{
	struct json_object *a = json_object_new_array();

	for (uint32_t i = 0; i < p->nr_range && i < DX_PGMAP_RANGES; i++) {
		struct json_object *one = json_object_new_object();

		json_add_uint(one, "pfn", p->range[i].pfn, failed);
		json_add_uint(one, "pages", p->range[i].nr, failed);
		array_put(a, one, failed);
	}
	json_add(o, "ranges", a, failed);
}

static void add_refs(struct json_object *o, const struct scan_pgmap *p, bool *failed)
{
	struct json_object *refs;

	if (!p->refs_known) {
		add_null(o, "refs", failed);
		return;
	}
	refs = json_object_new_object();
	json_add_int(refs, "outstanding", p->refs, failed);
	json_add_int(refs, "base", p->refs_base, failed);
	json_add_int(refs, "explained", p->explained, failed);
	json_add_int(refs, "unexplained", p->unexplained, failed);
	json_add(o, "refs", refs, failed);
}

static void add_walked(struct json_object *o, const struct scan_pgmap *p, bool *failed)
{
	static const char *const sizes[] = { "4K", "2M", "1G", "other" };
	struct json_object *folios = json_object_new_object(), *pages = json_object_new_object();

	json_add_uint(folios, "in_use", p->in_use, failed);
	json_add_uint(folios, "mapped", p->mapped, failed);
	json_add_uint(folios, "pinned", p->pinned, failed);
	json_add(o, "folios", folios, failed);
	for (int i = 0; i < 4; i++)
		json_add_uint(pages, sizes[i], p->pages[i], failed);
	json_add(o, "pages", pages, failed);
}

static int pgmap_json(FILE *out, const struct scan_view *v, int pgmap)
{
	static const char *const states[] = { "walked", "partly", "vanished", "skipped" };
	const struct scan_pgmap *p = scan_pgmap(v->s, pgmap);
	struct json_object *o;
	bool failed;

	o = json_start("pgmap", &failed);
	add_text(o, "device", p->device, &failed);
	add_text(o, "driver", p->driver, &failed);
	add_text(o, "memory_type", pgmap_type_name(p->type), &failed);
	add_text(o, "owner", p->owner, &failed);
	add_text(o, "ops", p->ops, &failed);
	add_ranges(o, p, &failed);
	json_add_uint(o, "altmap_pages", p->no_memmap, &failed);
	add_bool(o, "dying", p->dying, &failed);
	add_text(o, "state", states[scan_walk_state(v, p)], &failed);
	add_refs(o, p, &failed);
	add_walked(o, p, &failed);
	return json_finish(out, o, failed);
}

/* ---- holders ---- */

static void add_who(struct json_object *o, uint32_t tgid, uint32_t pid, const char *comm,
		    const char *cgroup, bool *failed)
{
	add_known(o, "tgid", tgid, tgid, failed);
	add_known(o, "pid", pid, pid, failed);
	json_add_string(o, "comm", *comm ? comm : NULL, DX_COMM_LEN, failed);
	add_text(o, "cgroup", cgroup, failed);
}

static void add_holder(struct json_object *o, const struct scan_holder *h, bool *failed)
{
	add_text(o, "kind", scan_hold_name(h->kind), failed);
	add_bool(o, "certain", h->certain, failed);
	add_bool(o, "pin", h->pin, failed);
	json_add_uint(o, "refs", h->refs, failed);
	add_known(o, "pfn", h->nr, h->pfn, failed);
	json_add_uint(o, "nr", h->nr, failed);
	add_who(o, h->tgid, h->pid, h->comm, h->cgroup, failed);
	add_known(o, "fd", h->fd >= 0, h->fd, failed);
	add_known(o, "id", h->id, h->id, failed);
	add_known(o, "addr", h->addr, h->addr, failed);
	add_known(o, "since", h->since, h->since, failed);
	json_add_string(o, "detail", h->detail[0] ? h->detail : NULL, sizeof(h->detail), failed);
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
	array_put(to->a, one, to->failed);
	return 0;
}

/* What the file or device is called: "file" is null for a device. */
static void add_file(struct json_object *o, const struct scan_view *v, int id, bool *failed)
{
	const struct scan_file *f = scan_file(v->s, id);

	add_text(o, "file", f ? f->path : NULL, failed);
	if (!f || f->device)
		return;
	add_bool(o, "file_deleted", f->deleted, failed);
	if (f->partly)
		add_bool(o, "file_truncated", true, failed);
	if (f->dev)
		json_add_dev(o, "dev", f->dev, failed);
	if (f->ino)
		json_add_uint(o, "ino", f->ino, failed);
}

static int other_json(FILE *out, const struct scan_view *v, const struct scan_holder *h)
{
	struct json_object *o;
	bool failed;

	o = json_start("holder", &failed);
	add_holder(o, h, &failed);
	add_file(o, v, h->file, &failed);
	add_text(o, "device", scan_device(v, h->nr ? scan_pgmap_of(v->s, h->pfn) : h->pgmap),
		 &failed);
	if (h->last) {
		json_add_uint(o, "offset", h->first << SCAN_PAGE_SHIFT, &failed);
		json_add_uint(o, "end", (h->last + 1) << SCAN_PAGE_SHIFT, &failed);
	}
	return json_finish(out, o, failed);
}

/* ---- folios ---- */

static void add_counts(struct json_object *o, const struct scan_folio *f, bool *failed)
{
	json_add_int(o, "refcount", f->refcount, failed);
	json_add_int(o, "mapcount", f->mapcount, failed);
	json_add_int(o, "pincount", f->pincount, failed);
}

static void add_folio(struct json_object *o, const struct scan_view *v, const struct scan_folio *f,
		      bool *failed)
{
	json_add_uint(o, "pfn", f->pfn, failed);
	json_add_uint(o, "nr", f->nr, failed);
	json_add_uint(o, "size", 4096ull << f->order, failed);
	json_add_int(o, "order", f->order, failed);
	add_text(o, "device", scan_device(v, f->pgmap), failed);
	add_text(o, "memory_type", pgmap_type_name(f->type), failed);
	add_counts(o, f, failed);
	add_bool(o, "pins_exact", f->pins_exact, failed);
	json_add_int(o, "idle", f->idle, failed);
	json_add_uint(o, "share", f->share, failed);
	add_file(o, v, f->file, failed);
	json_add_uint(o, "offset", scan_offset(v, f), failed);
	json_add_int(o, "gets", f->gets, failed);
	json_add_int(o, "held_pins", f->held_pins, failed);
	json_add_int(o, "held_gets", f->held_gets, failed);
	json_add_int(o, "unknown", f->unknown, failed);
	add_bool(o, "overput", f->overput, failed);
	add_bool(o, "moving", f->moving, failed);
	json_add_uint(o, "waits", f->nr_waits, failed);
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
	json_add(o, "holders", to.a, &failed);
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

	array_put(to->a, json_object_new_uint64(scan_folio(to->v->s, i)->pfn), to->failed);
	return 0;
}

static void add_stack(struct json_object *o, const struct scan_view *v, const struct scan_wait *w,
		      bool *failed)
{
	struct json_object *a = json_object_new_array();
	char name[4 * DX_SYMBOL_LEN + 1];

	for (uint32_t i = 0; i < w->nr_stack && i < SCAN_STACK; i++) {
		scan_frame_format(name, sizeof(name), v, w->stack[i]);
		array_put(a, json_string(name, strlen(name)), failed);
	}
	json_add(o, "stack", a, failed);
}

static void add_wait(struct json_object *o, const struct scan_view *v, const struct scan_wait *w,
		     bool *failed)
{
	char state[2] = { w->state, 0 };

	add_text(o, "kind", scan_wait_name(w->kind), failed);
	add_text(o, "state", state, failed);
	add_who(o, w->tgid, w->pid, w->comm, w->cgroup, failed);
	add_known(o, "since", w->since, w->since, failed);
	add_known(o, "blocked_ns", w->since, v->now > w->since ? v->now - w->since : 0, failed);
	add_known(o, "pfn", w->pfn, w->pfn, failed);
	if (w->pfn)
		json_add_int(o, "refcount", w->refcount, failed);
	else
		add_null(o, "refcount", failed);
	add_text(o, "device", scan_device(v, w->pgmap), failed);
	add_file(o, v, w->file, failed);
	add_known(o, "offset", w->file && (w->pfn || w->kind == SCAN_WAIT_ENTRY),
		  w->index << SCAN_PAGE_SHIFT, failed);
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
	json_add(o, "folios", to.a, &failed);
	return json_finish(out, o, failed);
}

/* ---- all of it ---- */

static int heading_json(FILE *out, const struct scan_view *v)
{
	struct json_object *o;
	bool failed;

	o = json_start("scan", &failed);
	add_text(o, "kernel", v->kernel, &failed);
	add_text(o, "regime", regime_name(v->regime), &failed);
	json_add_uint(o, "time", v->now, &failed);
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
	for (size_t i = 0; i < scan_nr_waits(v->s) && !rc; i++)
		if (scan_scope_wait(v, scan_wait(v->s, i)))
			rc = wait_json(out, v, i);
	return rc;
}

static struct json_object *sum_json(const struct scan_sum *sum, bool *failed)
{
	struct json_object *o = json_object_new_object();

	json_add_uint(o, "folios", sum->folios, failed);
	json_add_uint(o, "pages", sum->pages, failed);
	json_add_uint(o, "pins", sum->pins, failed);
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
		add_text(one, "device", scan_device(v, i), failed);
		array_put(a, one, failed);
	}
	json_add(o, "by_device", a, failed);
}

static void add_by_file(struct json_object *o, const struct scan_view *v, bool *failed)
{
	struct json_object *a = json_object_new_array(), *one;

	for (size_t i = 1; i <= scan_nr_files(v->s); i++) {
		const struct scan_file *f = scan_file(v->s, i);
		struct scan_sum sum = { .folios = f->folios, .pages = f->pages, .pins = f->pins };

		if (!f->folios)
			continue;
		one = sum_json(&sum, failed);
		add_file(one, v, i, failed);
		json_add_uint(one, "offset", f->first << SCAN_PAGE_SHIFT, failed);
		json_add_uint(one, "end", (f->last + 1) << SCAN_PAGE_SHIFT, failed);
		array_put(a, one, failed);
	}
	json_add(o, "by_file", a, failed);
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
		json_add_int(one, "order", order, failed);
		array_put(a, one, failed);
	}
	json_add(o, "by_order", a, failed);
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
	o = json_start("summary", &failed);
	json_add_uint(o, "folios", sum.folios, &failed);
	json_add_uint(o, "pages", sum.pages, &failed);
	json_add_uint(o, "mapped", sum.mapped, &failed);
	json_add_uint(o, "pinned", sum.pinned, &failed);
	json_add_uint(o, "pins", sum.pins, &failed);
	json_add_uint(o, "unknown", sum.unknown, &failed);
	json_add_uint(o, "overput", sum.overput, &failed);
	add_by_device(o, v, &failed);
	add_by_file(o, v, &failed);
	add_by_order(o, v, &failed);
	json_add_uint(o, "holders", holders, &failed);
	json_add_uint(o, "waits", waits, &failed);
	for (size_t i = 0; i < scan_nr_gaps(v->s); i++)
		array_put(gaps, json_string(scan_gap(v->s, i), strlen(scan_gap(v->s, i))), &failed);
	json_add(o, "gaps", gaps, &failed);
	add_bool(o, "interrupted", v->interrupted, &failed);
	return json_finish(out, o, failed);
}

int view_scan_json(FILE *out, const struct scan_view *v)
{
	int rc = body_json(out, v);

	return rc ? rc : summary_json(out, v);
}

static int verdict_json(FILE *out, const struct scan_view *v, int pgmap)
{
	struct scan_verdict verdict;
	char text[SCAN_WORDS];
	struct json_object *o;
	bool failed;

	scan_verdict(v->s, pgmap, &verdict);
	o = json_start("verdict", &failed);
	add_text(o, "device", scan_device(v, pgmap), &failed);
	add_text(o, "verdict", scan_verdict_name(verdict.what), &failed);
	json_add_uint(o, "nr", verdict.nr, &failed);
	json_add_uint(o, "folios", verdict.folios, &failed);
	json_add_int(o, "refs", verdict.refs, &failed);
	json_add_uint(o, "openers", verdict.openers, &failed);
	add_bool(o, "under_way", verdict.under_way, &failed);
	add_text(o, "mount", verdict.mount, &failed);
	add_text(o, "text",
		 scan_verdict_format(text, sizeof(text), scan_device(v, pgmap), &verdict), &failed);
	return json_finish(out, o, failed);
}

int view_holders_json(FILE *out, const struct scan_view *v, int pgmap)
{
	int rc = body_json(out, v);

	if (!rc && pgmap >= 0)
		rc = verdict_json(out, v, pgmap);
	return rc ? rc : summary_json(out, v);
}

/* ---- what changed ---- */

static void add_state(struct json_object *o, const char *key, const struct scan_folio *f,
		      bool *failed)
{
	struct json_object *counts;

	if (!f) {
		add_null(o, key, failed);
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
	json_add_uint(o, "time", run->time, &failed);
	add_text(o, "change",
		 !run->has_before  ? "new"
		 : !run->has_after ? "gone"
				   : "changed",
		 &failed);
	json_add_uint(o, "pfn", f->pfn, &failed);
	json_add_uint(o, "nr", run->nr, &failed);
	json_add_int(o, "order", f->order, &failed);
	add_text(o, "device", scan_device(v, f->pgmap), &failed);
	add_file(o, v, f->file, &failed);
	json_add_uint(o, "offset", scan_offset(v, f), &failed);
	add_state(o, "before", run->has_before ? &run->before : NULL, &failed);
	add_state(o, "after", run->has_after ? &run->after : NULL, &failed);
	return json_finish(out, o, failed);
}

int scan_change_wait_json(FILE *out, const struct scan_view *v, const struct scan_wait *w,
			  uint64_t time, bool came)
{
	struct json_object *o;
	bool failed;

	o = json_start("wait-change", &failed);
	json_add_uint(o, "time", time, &failed);
	add_text(o, "change", came ? "new" : "gone", &failed);
	add_wait(o, v, w, &failed);
	return json_finish(out, o, failed);
}

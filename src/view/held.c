// SPDX-License-Identifier: GPL-2.0-only
/* held.c - who holds, and who waits, as the engine knows it: in the words of daxtop scan */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/escape.h"
#include "view/file.h"
#include "view/filter.h"
#include "view/held.h"
#include "view/json.h"
#include "view/json_add.h"
#include "view/names.h"
#include "view/scan_part.h"

/* ---- a holder ---- */

/* SCAN_HOLDS: no kind of this daxtop's. */
static enum scan_hold kind_of(const char *name)
{
	enum scan_hold kind = 0;

	while (kind < SCAN_HOLDS && strcmp(scan_hold_name(kind), name))
		kind++;
	return kind;
}

static struct scan_holder as_found(const struct engine_holder *h)
{
	struct scan_holder s = {
		.kind = kind_of(h->kind),
		.certain = !h->candidate,
		.pin = h->pin,
		.pfn = h->pfn,
		.nr = !h->candidate,
		.refs = h->nr,
		.pgmap = -1,
		.tgid = h->tgid,
		.pid = h->pid,
		.fd = h->fd,
		.id = h->id,
		.since = h->since,
	};

	memcpy(s.comm, h->comm, sizeof(s.comm));
	memcpy(s.detail, h->detail, sizeof(s.detail));
	return s;
}

char *held_who_format(char *out, size_t outlen, const struct engine_holder *h)
{
	char who[DX_COMM_LEN * 4 + 24] = "the kernel", object[HELD_MAX / 2] = "";
	struct scan_holder s = as_found(h);
	size_t len;

	if (h->pid || h->comm[0]) {
		escape_text(who, sizeof(who), h->comm, DX_COMM_LEN);
		len = strlen(who);
		snprintf(who + len, sizeof(who) - len, "[%u]", h->pid);
	}
	if (h->kind[0] && s.kind < SCAN_HOLDS)
		scan_object_format(object, sizeof(object), &s);
	snprintf(out, outlen, "%s%s", who, object);
	return out;
}

const char *held_ends(const struct engine_holder *h)
{
	static const char *const ends[SCAN_HOLDS] = {
#define HOLDER_ENDS(constant, name, known, is, ends) [SCAN_HOLD_##constant] = ends,
		HOLDERS(HOLDER_ENDS)
#undef HOLDER_ENDS
	};
	enum scan_hold kind = kind_of(h->kind);

	if (h->kind[0] && kind < SCAN_HOLDS)
		return ends[kind];
	return h->pin ? "it unpins the page" : "it puts its reference";
}

static char *format(char *out, size_t outlen, const struct engine_holder *h, const char *when)
{
	char who[HELD_MAX / 2];

	held_who_format(who, sizeof(who), h);
	if (!h->candidate)
		snprintf(out, outlen, "held%s by %s: %u %s%s%s", when, who, h->nr,
			 h->pin ? "pin" : "reference", h->nr == 1 ? "" : "s",
			 h->longterm ? ", longterm" : "");
	else
		snprintf(out, outlen, "could be held by %s", who);
	return out;
}

char *held_format(char *out, size_t outlen, const struct engine_holder *h, uint64_t now)
{
	char age[16], when[24] = "";

	/* an event has its time always */
	if (h->since || !h->kind[0])
		snprintf(when, sizeof(when), " for %s",
			 duration_format(age, sizeof(age), now > h->since ? now - h->since : 0));
	return format(out, outlen, h, when);
}

char *held_since_format(char *out, size_t outlen, const struct engine_holder *h, const char *since)
{
	char when[64] = "";

	if (since)
		snprintf(when, sizeof(when), " since %s", since);
	return format(out, outlen, h, when);
}

void held_json(struct json_object *o, const struct engine_holder *h, bool *failed)
{
	if (h->candidate && !h->kind[0])
		json_add_bool(o, KEY_CERTAIN, false, failed);
	if (!h->kind[0] || kind_of(h->kind) == SCAN_HOLDS)
		return;
	json_add_text(o, KEY_KIND, h->kind, failed);
	json_add_bool(o, KEY_CERTAIN, !h->candidate, failed);
	if (h->fd >= 0)
		json_add_uint(o, KEY_FD, h->fd, failed);
	if (h->id)
		json_add_uint(o, KEY_OBJECT_ID, h->id, failed);
	if (h->detail[0])
		json_add_string(o, KEY_OBJECT, h->detail, sizeof(h->detail), failed);
}

/* ---- what is held ---- */

struct held_print {
	FILE *out;
	const struct snapshot *snap;
	const struct view_filter *filter;
	uint64_t now;
	uint64_t nr;
	bool json;
	int err;
};

static int held_line_json(struct held_print *p, const struct engine_holder *h,
			  const struct engine_folio *f)
{
	const struct view_file file = view_file_of(f);
	bool failed;
	struct json_object *o = json_start("held", &failed);

	json_add_uint(o, KEY_PFN, f->pfn, &failed);
	json_add_int(o, KEY_ORDER, f->order, &failed);
	json_add_string(o, KEY_DEVICE, f->device, f->device ? strlen(f->device) : 0, &failed);
	json_add_file(o, &file, &failed);
	json_add_uint(o, KEY_OFFSET, f->index << PAGE_SHIFT, &failed);
	json_add_uint(o, KEY_TGID, h->tgid, &failed);
	json_add_uint(o, KEY_PID, h->pid, &failed);
	json_add_string(o, KEY_COMM, h->comm, DX_COMM_LEN, &failed);
	json_add_bool(o, KEY_PIN, h->pin, &failed);
	json_add_uint(o, KEY_REFS, h->nr, &failed);
	json_add_known(o, KEY_SINCE, h->since, h->since, &failed);
	held_json(o, h, &failed);
	return json_finish(p->out, o, failed);
}

static bool holder_wanted(const struct held_print *p, const struct engine_holder *h,
			  const struct engine_folio *f)
{
	struct dx_event ev = {
		.type = DX_GET,
		.tgid = h->tgid,
		.pid = h->pid,
		.pfn = f->pfn,
		.dev = f->dev,
		.ino = f->ino,
		.gen = f->gen,
		.order = f->order,
	};

	memcpy(ev.comm, h->comm, sizeof(ev.comm));
	return !p->filter || view_filter_event(p->filter, &ev, f->device,
					       view_filter_path(f->path, f->path_flags));
}

static int held_print(const struct engine_holder *h, void *arg)
{
	char name[VIEW_FILE_MAX], text[HELD_MAX], size[8];
	struct held_print *p = arg;
	struct view_file file;
	struct engine_folio f;

	if (kind_of(h->kind) == SCAN_HOLDS || snapshot_folio_get(p->snap, h->pfn, &f) ||
	    !holder_wanted(p, h, &f))
		return 0;
	if (p->json)
		return p->err = held_line_json(p, h, &f);
	if (p->nr++ >= HELD_SHOWN)
		return 0;
	file = view_file_of(&f);
	file_format(name, sizeof(name), &file, (size_t)-1);
	fprintf(p->out, "pfn 0x%" PRIx64 " %s", f.pfn, size_format(size, sizeof(size), f.order));
	if (name[0])
		fprintf(p->out, " %s:0x%" PRIx64, name, f.index << PAGE_SHIFT);
	fprintf(p->out, ": %s\n", held_format(text, sizeof(text), h, p->now));
	return 0;
}

int view_held_text(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		   uint64_t now)
{
	struct held_print p = { .out = out, .snap = snap, .filter = filter, .now = now };

	if (snapshot_holders(snap, UINT64_MAX, held_print, &p) == -ENOMEM)
		return -ENOMEM;
	if (p.nr > HELD_SHOWN)
		fprintf(out, "and %" PRIu64 " more (daxtop scan shows them)\n", p.nr - HELD_SHOWN);
	return 0;
}

/* ---- waits ---- */

static const uint8_t scan_kinds[DX_WAIT_KINDS] = {
	[DX_WAIT_BREAK] = SCAN_WAIT_BREAK,	 [DX_WAIT_EVICT] = SCAN_WAIT_EVICT,
	[DX_WAIT_MEMUNMAP] = SCAN_WAIT_MEMUNMAP, [DX_WAIT_ENTRY] = SCAN_WAIT_ENTRY,
	[DX_WAIT_INODE] = SCAN_WAIT_INODE,	 [DX_WAIT_INVALIDATE] = SCAN_WAIT_INVALIDATE,
	[DX_WAIT_MMAP] = SCAN_WAIT_MMAP,	 [DX_WAIT_VMA] = SCAN_WAIT_VMA,
	[DX_WAIT_LOCK] = SCAN_WAIT_LOCK,
};

/* What the engine knows of them, as a look would have found it. */
struct waits {
	const struct snapshot *snap;
	const struct view_filter *filter;
	struct scan *s;
	struct engine_folio folio; /* that is waited for */
	FILE *out; /* of JSON */
	uint64_t now;
	size_t nr; /* told */
	int err;
};

static int add_pgmap(const struct engine_pgmap *p, void *arg)
{
	struct scan_pgmap m = {
		.pgmap = p->pgmap,
		.type = p->type,
		.dying = p->dying,
		.nr_range = 1,
		.range = { { p->pfn, p->nr_pages } },
	};
	struct waits *w = arg;

	if (p->gone)
		return 0;
	memcpy(m.device, p->device, sizeof(m.device));
	w->err = scan_add_pgmap(w->s, &m);
	w->err = w->err < 0 ? w->err : 0;
	return w->err;
}

static int pgmap_index(struct waits *w, uint64_t pgmap)
{
	for (size_t i = 0; pgmap && i < scan_nr_pgmaps(w->s); i++)
		if (scan_pgmap(w->s, i)->pgmap == pgmap)
			return i;
	return -1;
}

/* Its id, 0: none. Numbers tell files apart here, not addresses. */
static int add_file(struct waits *w, uint32_t dev, uint64_t ino, uint32_t gen)
{
	struct engine_file f;
	int id;

	if (!ino || !dev)
		return 0;
	f = snapshot_file(w->snap, dev, ino, gen);
	id = scan_file_id(w->s, dev, dev, ino, gen);
	if (id > 0 && f.path && scan_file_path(w->s, id, f.path, f.path_flags, f.path_tgid))
		return -ENOMEM;
	return id;
}

static int add_holder(const struct engine_holder *h, void *arg)
{
	struct waits *w = arg;
	struct scan_holder s = as_found(h);

	/* those of events: by what is not known */
	if (!h->kind[0] || s.kind == SCAN_HOLDS || h->gone)
		return 0;
	s.pgmap = scan_pgmap_of(w->s, h->pfn);
	if (h->candidate) {
		s.pfn = 0;
		s.file = add_file(w, w->folio.dev, w->folio.ino, w->folio.gen);
		s.first = w->folio.index;
		s.last = w->folio.index;
	}
	w->err = s.file < 0 ? s.file : scan_add_holder(w->s, &s);
	return w->err;
}

static int add_folio(struct waits *w, uint64_t pfn, int pgmap)
{
	struct dx_walk_args piece = { .found = 1 };
	struct dx_folio f = { .pfn = pfn };

	if (snapshot_folio_get(w->snap, pfn, &w->folio))
		return 0;
	for (size_t i = 0; i < scan_nr_folios(w->s); i++)
		if (scan_folio(w->s, i)->pfn == w->folio.pfn)
			return 0;
	f.pfn = w->folio.pfn;
	f.order = w->folio.order;
	f.refcount = w->folio.refcount;
	f.mapcount = w->folio.mapcount;
	f.pincount = w->folio.pincount;
	f.dev = w->folio.dev;
	f.ino = w->folio.ino;
	f.gen = w->folio.gen;
	f.index = w->folio.index;
	f.mapping = f.ino ? f.dev : 0;
	piece.idle = snapshot_idle_count(w->snap, w->folio.pgmap_type);
	w->err = scan_walked(w->s, pgmap, &piece, &f);
	if (!w->err && snapshot_holders(w->snap, f.pfn, add_holder, w) == -ENOMEM)
		w->err = -ENOMEM;
	return w->err;
}

static bool wanted(struct waits *w, const struct engine_wait *wait, int pgmap)
{
	const struct scan_pgmap *p = scan_pgmap(w->s, pgmap);
	struct dx_event ev = {
		.type = DX_BREAK_BUSY,
		.tgid = wait->tgid,
		.pid = wait->pid,
		.pfn = wait->pfn,
		.dev = wait->dev,
		.ino = wait->ino,
		.gen = wait->gen,
	};
	const struct engine_file file = snapshot_file(w->snap, wait->dev, wait->ino, wait->gen);

	if (!w->filter)
		return true;
	memcpy(ev.comm, wait->comm, sizeof(ev.comm));
	return view_filter_event(w->filter, &ev, p && p->device[0] ? p->device : NULL,
				 view_filter_path(file.path, file.path_flags));
}

static int add_wait(const struct engine_wait *wait, void *arg)
{
	struct waits *w = arg;
	int pgmap = pgmap_index(w, wait->pgmap);
	struct scan_wait s = {
		.kind = scan_kinds[wait->kind],
		.state = wait->state,
		.tgid = wait->tgid,
		.pid = wait->pid,
		.since = wait->since,
		.pfn = wait->pfn,
		.pgmap = pgmap,
		.index = wait->index,
		.entry = wait->entry,
		.writes = wait->writes,
		.read_owned = wait->read_owned,
		.owner_tgid = wait->owner_tgid,
		.owner_pid = wait->owner_pid,
		.mm_tgid = wait->mm_tgid,
	};

	if (!wanted(w, wait, pgmap))
		return 0;
	memcpy(s.comm, wait->comm, sizeof(s.comm));
	memcpy(s.owner_comm, wait->owner_comm, sizeof(s.owner_comm));
	s.file = add_file(w, wait->dev, wait->ino, wait->gen);
	if (s.file < 0)
		return w->err = s.file;
	if (wait->pfn && pgmap >= 0 && add_folio(w, wait->pfn, pgmap))
		return w->err;
	s.refcount = wait->pfn ? w->folio.refcount : 0;
	w->err = scan_add_wait(w->s, &s);
	return w->err;
}

int view_waits_text(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		    uint64_t now)
{
	struct waits w = { .snap = snap, .filter = filter, .s = scan_new(NULL, snapshot_legacy(snap)) };
	/* the scan's own has a last page, which what waits for no page would be behind */
	static const struct scan_filter all;
	struct scan_view v = { .s = w.s, .filter = &all, .now = now, .holders = true };

	if (!w.s)
		return -ENOMEM;
	snapshot_pgmaps(snap, add_pgmap, &w);
	if (!w.err)
		snapshot_waits(snap, add_wait, &w);
	if (!w.err)
		w.err = scan_finish(w.s);
	if (!w.err)
		scan_waits_print(out, &v);
	scan_free(w.s);
	return w.err ? -ENOMEM : 0;
}

/* The waits of the scan are those that are wanted, in the same order. */
static int wait_json(const struct engine_wait *wait, void *arg)
{
	struct waits *w = arg;
	int pgmap = pgmap_index(w, wait->pgmap);
	const struct scan_pgmap *p = scan_pgmap(w->s, pgmap);
	const struct view_file file = view_file_of_wait(w->snap, wait, NULL);
	struct json_object *o;
	bool failed;

	if (!wanted(w, wait, pgmap))
		return 0;
	if (!scan_wait_matters(w->s, w->nr, w->now)) {
		w->nr++;
		return 0;
	}
	o = json_start("waiting", &failed);
	json_add_text(o, KEY_WAIT, scan_wait_name(scan_kinds[wait->kind]), &failed);
	json_add_uint(o, KEY_TGID, wait->tgid, &failed);
	json_add_uint(o, KEY_PID, wait->pid, &failed);
	json_add_string(o, KEY_COMM, wait->comm, DX_COMM_LEN, &failed);
	json_add_known(o, KEY_SINCE, wait->since, wait->since, &failed);
	json_add_known(o, KEY_AGE, wait->since, w->now > wait->since ? w->now - wait->since : 0,
		       &failed);
	json_add_known(o, KEY_PFN, wait->pfn, wait->pfn, &failed);
	json_add_text(o, KEY_DEVICE, p && p->device[0] ? p->device : NULL, &failed);
	json_add_file(o, &file, &failed);
	json_add_uint(o, KEY_OFFSET, wait->index << PAGE_SHIFT, &failed);
	json_add_chain(o, w->s, w->nr++, &failed);
	return w->err = json_finish(w->out, o, failed);
}

int view_waits_json(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		    uint64_t now)
{
	struct waits w = { .snap = snap, .filter = filter, .out = out, .now = now };

	w.s = scan_new(NULL, snapshot_legacy(snap));
	if (!w.s)
		return -ENOMEM;
	snapshot_pgmaps(snap, add_pgmap, &w);
	if (!w.err)
		snapshot_waits(snap, add_wait, &w);
	if (!w.err)
		w.err = scan_finish(w.s);
	if (!w.err)
		snapshot_waits(snap, wait_json, &w);
	scan_free(w.s);
	return w.err ? -ENOMEM : 0;
}

int view_before_json(FILE *out, const struct snapshot *snap, const struct view_filter *filter,
		     uint64_t now)
{
	struct held_print p = { .out = out, .snap = snap, .filter = filter, .now = now, .json = true };

	if (snapshot_holders(snap, UINT64_MAX, held_print, &p) == -ENOMEM || p.err)
		return -ENOMEM;
	return view_waits_json(out, snap, filter, now);
}

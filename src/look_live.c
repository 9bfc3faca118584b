// SPDX-License-Identifier: GPL-2.0-only
/*
 * look_live.c - looks of a live session: who holds and who waits, in objects that no event tells of.
 *
 * The ring goes on being read between the steps of a look, so events of its time stand before its
 * findings in the stream. These come as one group: half of a look says that nobody else holds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "file_names.h"
#include "look/look.h"
#include "look_live.h"
#include "look_turn.h"
#include "session.h"
#include "kernel/source.h"
#include "base/stop.h"
#include "base/escape.h"

/* The ring is read again after so long, or LOOK_RING_TURN things, plus one step of the look. */
#define RING_TURN_NS 5000000ull

static void ring_read(struct session *s)
{
	uint64_t passed = clock_now() - s->look_read;

	if (passed > s->look_longest)
		s->look_longest = passed;
	if (s->look_things > s->look_most)
		s->look_most = s->look_things;
	s->more = source_poll(s->source) > 0;
	s->look_things = 0;
	s->look_read = clock_now();
}

/* @things were looked at since the last call. */
static void ring_turn(void *arg, uint64_t things)
{
	struct session *s = arg;

	s->look_things += things;
	/* more than it takes at once: now */
	if (s->more || s->look_things >= LOOK_RING_TURN || clock_now() - s->look_read >= RING_TURN_NS)
		ring_read(s);
}

struct look *look_live(struct session *s)
{
	char err[256];

	if (s->look || s->look_refused)
		return s->look;
	s->look = look_open(err, sizeof(err));
	s->look_refused = !s->look;
	if (s->look)
		look_between(s->look, ring_turn, s);
	else
		fprintf(stderr,
			"daxtop: who holds pages, and who waits, since before cannot be looked at: %s\n",
			err);
	return s->look;
}

void look_live_close(struct session *s)
{
	look_close(s->look);
	s->look = NULL;
}

/* A filesystem without a device of its own may have its pages from another one (overlayfs): what it maps is asked. */
void look_live_filter(struct session *s, struct view_filter *f)
{
	struct look_file file;
	char err[1024];

	if (!s->source || !f->file_ino || f->file_dev >> 20 || !look_live(s) ||
	    look_at_file(s->look, f->file, &file, err, sizeof(err)))
		return;
	f->file_dev = file.dev;
	f->file_ino = file.ino;
	f->file_gen = file.gen;
	f->file_gen_known = true;
}

/* ---- the look ---- */

/* All but memory and a signal was told by scan_add_gap(): the rest is looked at all the same. */
static bool over(int rc)
{
	return rc == -ENOMEM || rc == -EINTR || stop_wanted;
}

static int look_holders(struct look *l, struct scan *s, bool mappings)
{
	static int (*const steps[])(struct look *, struct scan *, look_stop *) = {
		look_walk, look_mappings, look_objects, look_requests, look_rdma,
	};
	int rc = look_pgmaps(l, s);

	if (!rc)
		rc = look_mounts(l, s);
	if (rc)
		scan_set_unsure(s);
	for (size_t i = mappings ? 0 : 2; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (over(rc))
			return rc;
		rc = steps[i](l, s, &stop_wanted);
		if (rc)
			scan_set_unsure(s);
	}
	return over(rc) ? rc : look_others_paths(l, s);
}

static int look_waiting(struct look *l, struct scan *s)
{
	int rc = look_pgmaps(l, s);

	if (!over(rc))
		rc = look_mounts(l, s);
	return over(rc) ? rc : look_waits(l, s, &stop_wanted);
}

/* Whoever waits has the page on his stack, too, and does not hold it. */
static int look_sleeping(struct look *l, struct scan *s, const struct scan *waits)
{
	for (size_t i = 0; i < scan_nr_waits(waits); i++) {
		struct scan_wait w = *scan_wait(waits, i);

		w.file = 0; /* numbers of the other one */
		w.pgmap = -1;
		if (scan_add_wait(s, &w))
			return -ENOMEM;
	}
	return look_stacks(l, s, &stop_wanted);
}

/* ---- what it found ---- */

struct putting {
	struct session *s;
	struct scan *scan;
	uint64_t *object; /* addresses that have a number */
	uint32_t nr, room;
	struct dx_task task; /* the last one that was asked for; start 0: it is not known */
};

/* The same object in another process has the same number; its address goes no further than here. */
static uint32_t object_number(struct putting *p, uint64_t address)
{
	uint64_t *more;

	if (!address)
		return 0;
	/* holders of an object stand together */
	if (p->nr && p->object[p->nr - 1] == address)
		return p->nr;
	if (p->nr == p->room) {
		more = reallocarray(p->object, p->room ? 2 * p->room : 64, sizeof(*more));
		if (!more)
			return 0;
		p->object = more;
		p->room = p->room ? 2 * p->room : 64;
	}
	p->object[p->nr++] = address;
	return p->nr;
}

static uint64_t pgmap_number(struct putting *p, int pgmap)
{
	const struct scan_pgmap *m = scan_pgmap(p->scan, pgmap);

	return m ? source_pgmap_number(p->s->source, m->pgmap) : 0;
}

/* From before everything was attached: kept, not shown. */
static const struct scan_file *file_put(struct putting *p, int id)
{
	const struct scan_file *f = scan_file(p->scan, id);

	if (f)
		file_names_found(p->s, f);
	return f;
}

/* False: it is none that the stream tells of. */
static bool holder_record(struct putting *p, const struct scan_holder *h, struct dx_holder *out)
{
	const struct scan_file *f;

	/* page tables are what mapcounts tell of; who has a device open holds no page */
	if (h->kind == SCAN_HOLD_MAPPING || h->kind == SCAN_HOLD_OPEN)
		return false;
	f = file_put(p, h->file);
	*out = (struct dx_holder){
		.pfn = h->pfn,
		.nr = h->nr,
		.first = h->first,
		.last = h->last,
		.id = h->id,
		.since = h->since,
		.object = object_number(p, h->object),
		.refs = h->refs,
		.flags = (h->certain ? DX_HOLDER_CERTAIN : 0) | (h->pin ? DX_HOLDER_PIN : 0),
		.tgid = h->tgid,
		.pid = h->pid,
		.fd = h->fd,
		.pgmap = pgmap_number(p, h->pgmap),
		.ino = f ? f->ino : 0,
		.dev = f ? f->dev : 0,
		.gen = f ? f->gen : 0,
	};
	/* holders of a process stand together */
	if (h->tgid && h->tgid != p->task.tgid && source_task(p->s->source, h->tgid, &p->task))
		p->task = (struct dx_task){ .tgid = h->tgid };
	out->start = h->tgid ? p->task.start : 0;
	snprintf(out->kind, sizeof(out->kind), "%s", scan_hold_name(h->kind));
	memcpy(out->comm, h->comm, sizeof(out->comm));
	memcpy(out->detail, h->detail, sizeof(out->detail));
	out->detail[sizeof(out->detail) - 1] = '\0';
	return true;
}

/* NULL: memory is short, or there are none. */
static struct dx_holder *holders_record(struct putting *p, size_t *n)
{
	size_t nr = p->scan ? scan_nr_holders(p->scan) : 0;
	struct dx_holder *out = nr ? calloc(nr, sizeof(*out)) : NULL;

	*n = 0;
	if (nr && !out)
		p->s->error = -ENOMEM;
	for (size_t i = 0; out && i < nr; i++) {
		*n += holder_record(p, scan_holder(p->scan, i), &out[*n]);
		ring_turn(p->s, 1);
	}
	return out;
}

static struct dx_wait wait_record(struct putting *p, const struct scan_wait *w)
{
	static const uint32_t kinds[SCAN_WAITS] = {
		[SCAN_WAIT_BREAK] = DX_WAIT_BREAK,
		[SCAN_WAIT_EVICT] = DX_WAIT_EVICT,
		[SCAN_WAIT_MEMUNMAP] = DX_WAIT_MEMUNMAP,
		[SCAN_WAIT_ENTRY] = DX_WAIT_ENTRY,
		[SCAN_WAIT_INODE] = DX_WAIT_INODE,
		[SCAN_WAIT_INVALIDATE] = DX_WAIT_INVALIDATE,
		[SCAN_WAIT_MMAP] = DX_WAIT_MMAP,
		[SCAN_WAIT_VMA] = DX_WAIT_VMA,
		[SCAN_WAIT_LOCK] = DX_WAIT_LOCK,
	};
	const struct scan_file *f = file_put(p, w->file);
	struct dx_wait out = {
		.time = clock_now(),
		.index = w->index,
		.pgmap = pgmap_number(p, w->pgmap),
		.ino = f ? f->ino : 0,
		.dev = f ? f->dev : 0,
		.gen = f ? f->gen : 0,
		.kind = kinds[w->kind],
		.tgid = w->tgid,
		.pid = w->pid,
		.state = w->state,
		.entry = w->entry,
		.writes = w->writes,
		.read_owned = w->read_owned,
		.owner_tgid = w->owner_tgid,
		.owner_pid = w->owner_pid,
		.mm_tgid = w->mm_tgid,
	};
	struct dx_event ev;

	/* its counts now, and whether it is still the folio that was waited for */
	if (w->pfn && !source_sample(p->s->source, w->pfn, &ev) && !(ev.flags & DX_F_NO_FOLIO)) {
		out.time = ev.time;
		out.pfn = ev.pfn;
		out.order = ev.order;
		out.refcount = ev.refcount;
		out.mapcount = ev.mapcount;
		out.pincount = ev.pincount;
		out.pgmap = ev.pgmap;
	}
	out.since = w->since < out.time ? w->since : out.time;
	memcpy(out.comm, w->comm, sizeof(out.comm));
	memcpy(out.owner_comm, w->owner_comm, sizeof(out.owner_comm));
	return out;
}

/* NULL: there are none, or memory is short. */
static struct dx_wait *waits_record(struct putting *p, size_t *n)
{
	struct dx_wait *out;

	*n = p->scan ? scan_nr_waits(p->scan) : 0;
	out = *n ? calloc(*n, sizeof(*out)) : NULL;
	if (*n && !out)
		p->s->error = -ENOMEM;
	*n = 0;
	for (size_t i = 0; out && i < scan_nr_waits(p->scan); i++) {
		if (scan_wait_matters(p->scan, i, clock_now()))
			out[(*n)++] = wait_record(p, scan_wait(p->scan, i));
		ring_turn(p->s, 1);
	}
	return out;
}

static void gaps_put(struct session *s, const struct scan *scan)
{
	for (size_t i = 0; scan && i < scan_nr_gaps(scan); i++) {
		struct dx_gap g = {};

		snprintf(g.text, sizeof(g.text), "%s", scan_gap(scan, i));
		session_put(s, DX_REC_GAP, &g, sizeof(g));
	}
}

/* Whoever is in a gap holds what the look calls nobody's. */
static bool is_unsure(const struct scan *held, const struct scan *waits)
{
	return (held && (scan_is_unsure(held) || scan_nr_gaps(held))) ||
	       (waits && scan_is_unsure(waits));
}

static void findings_put(struct session *s, struct dx_look *look, struct scan *held,
			 struct scan *waits)
{
	struct putting p = { .s = s, .scan = waits };
	struct dx_holder *holder;
	struct dx_wait *wait;
	size_t n, nr_holders;

	wait = waits_record(&p, &n);
	p.scan = held;
	holder = holders_record(&p, &nr_holders);
	if (nr_holders > DX_LOOK_HOLDERS) {
		scan_add_gap(held, "holders: there are %zu, and %u are kept", nr_holders,
			     DX_LOOK_HOLDERS);
		look->flags |= DX_LOOK_UNSURE;
	}
	/* what is told of the time until then stands before it */
	look->end = clock_now();
	ring_read(s);
	look->turn_ns = s->look_longest;
	look->turn_things = s->look_most < UINT32_MAX ? s->look_most : UINT32_MAX;
	session_put(s, DX_REC_LOOK, look, sizeof(*look));
	for (size_t i = 0; i < nr_holders; i++)
		session_put(s, DX_REC_HOLDER, &holder[i], sizeof(holder[i]));
	for (size_t i = 0; i < n; i++)
		session_put(s, DX_REC_WAIT, &wait[i], sizeof(wait[i]));
	gaps_put(s, held);
	gaps_put(s, waits);
	session_put(s, DX_REC_LOOKED, look, sizeof(*look));
	free(p.object);
	free(holder);
	free(wait);
}

void look_live_run(struct session *s, uint64_t first, uint64_t last)
{
	struct dx_look look = { .begin = clock_now(), .first = first, .last = last };
	struct scan_filter pages = { .pfn_first = first, .pfn_last = last };
	struct look *l;
	bool mappings = first <= last;
	struct scan *held = NULL, *waits = NULL;
	int rc = -ENOENT;

	/* not in look_live(): a name is asked for in the midst of a look, too */
	if (s->look && look_is_old(s->look))
		look_live_close(s);
	l = s->watching ? look_live(s) : NULL;
	s->look_things = s->look_longest = s->look_most = 0;
	s->look_read = clock_now();
	/* no device is there: nobody holds anything */
	if (!s->watching)
		rc = 0;
	else if (l) {
		bool legacy = look_regime(l) == REGIME_LEGACY;

		held = scan_new(mappings ? &pages : NULL, legacy);
		waits = scan_new(NULL, legacy);
		rc = held && waits ? look_holders(l, held, mappings) : -ENOMEM;
		if (!over(rc))
			rc = look_waiting(l, waits);
		if (!over(rc))
			rc = scan_finish(waits);
		if (!over(rc))
			rc = look_sleeping(l, held, waits);
		if (rc != -ENOMEM && !over(rc))
			rc = scan_finish(held);
		if (rc == -ENOMEM)
			s->error = rc;
	}
	if (rc || is_unsure(held, waits))
		look.flags |= DX_LOOK_UNSURE;
	findings_put(s, &look, held, waits);
	scan_free(held);
	scan_free(waits);
}

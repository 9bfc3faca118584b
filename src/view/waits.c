// SPDX-License-Identifier: GPL-2.0-only
/* waits.c - the screen's lines of who waits: since when, for what, held by whom, what ends it */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/file.h"
#include "view/held.h"
#include "view/model.h"
#include "view/names.h"

/* A truncate that waits for direct I/O is gone before it could be read, and lines that come and go move the table. */
#define WAITS_NS 1000000000ull

struct waits_take {
	struct model *m;
	const struct snapshot *snap;
};

/* The longest first. */
static int wait_take(const struct engine_wait *w, void *arg)
{
	struct model *m = ((struct waits_take *)arg)->m;
	unsigned int at = 0;

	if (m->now < w->since || m->now - w->since < WAITS_NS)
		return 0;
	m->nr_waits_all++;
	while (at < m->nr_waits && m->waits[at].since <= w->since)
		at++;
	if (at == MODEL_WAITS)
		return 0;
	if (m->nr_waits < MODEL_WAITS)
		m->nr_waits++;
	memmove(&m->waits[at + 1], &m->waits[at], (m->nr_waits - at - 1) * sizeof(m->waits[0]));
	m->waits[at] = *w;
	return 0;
}

struct blocker {
	struct engine_holder h;
	uint32_t nr, candidates;
};

/* Somebody who is found, and the oldest of those, says more than somebody who could be. */
static int blocker_take(const struct engine_holder *h, void *arg)
{
	struct blocker *b = arg;

	if (h->gone)
		return 0;
	if (h->candidate ? !b->nr && !b->candidates : !b->nr)
		b->h = *h;
	b->candidates += h->candidate;
	b->nr += !h->candidate;
	return 0;
}

/* What a lock is, in front of the file's name. */
static const char *const lock_words[DX_WAIT_KINDS] = {
	[DX_WAIT_INODE] = "the inode's lock of ",
	[DX_WAIT_INVALIDATE] = "the invalidate_lock of ",
	[DX_WAIT_MMAP] = "an mmap_lock",
	[DX_WAIT_VMA] = "faults in a mapping to end",
	[DX_WAIT_LOCK] = "a lock",
};

static void owner_format(char *out, size_t outlen, const struct engine_wait *w)
{
	char who[DX_COMM_LEN * 4 + 1];

	escape_text(who, sizeof(who), w->owner_comm, strnlen(w->owner_comm, DX_COMM_LEN));
	if (w->owner_pid && !w->read_owned)
		snprintf(out, outlen, "  %s[%u] has it", who, w->owner_pid);
	else if (w->read_owned)
		snprintf(out, outlen, "  readers have it");
}

static void blocker_format(char *out, size_t outlen, const struct snapshot *snap,
			   const struct engine_wait *w)
{
	struct blocker b = { .nr = 0 };
	char who[HELD_MAX / 2], more[24] = "";

	out[0] = '\0';
	if (w->kind == DX_WAIT_ENTRY)
		snprintf(out, outlen, "  ends when the entry is unlocked");
	if (w->kind > DX_WAIT_ENTRY)
		owner_format(out, outlen, w);
	if (w->pfn)
		snapshot_holders(snap, w->pfn, blocker_take, &b);
	else if (!w->finding || snapshot_finding_holders(snap, w->finding, blocker_take, &b) ||
		 !(b.nr + b.candidates))
		return;
	if (!b.nr && !b.candidates) {
		snprintf(out, outlen, "  holder unknown");
		return;
	}
	if (b.nr + b.candidates > 1)
		snprintf(more, sizeof(more), " +%u", b.nr + b.candidates - 1);
	snprintf(out, outlen, "  %s by %s%s  ends when %s", b.nr ? "held" : "could be held",
		 held_who_format(who, sizeof(who), &b.h), more, held_ends(&b.h));
}

static const char *device_of(const struct snapshot *snap, const struct engine_wait *w)
{
	struct engine_folio f;

	return w->pfn && !snapshot_folio_get(snap, w->pfn, &f) ? f.device : NULL;
}

static void wait_format(struct model *m, const struct snapshot *snap, unsigned int i)
{
	const struct engine_wait *w = &m->waits[i];
	char who[DX_COMM_LEN * 4 + 1], name[VIEW_FILE_MAX] = "", age[16], by[HELD_MAX], at[32] = "";
	const char *lock = lock_words[w->kind];
	const struct view_file file = view_file_of_wait(snap, w, device_of(snap, w));

	escape_text(who, sizeof(who), w->comm, strnlen(w->comm, DX_COMM_LEN));
	if (w->ino)
		file_format(name, sizeof(name), &file, 40);
	else if (!lock)
		snprintf(name, sizeof(name), "%s",
			 w->kind == DX_WAIT_MEMUNMAP ? "the device's memory to be let go" : "a page");
	if (w->ino && !lock)
		snprintf(at, sizeof(at), ":0x%" PRIx64, w->index << PAGE_SHIFT);
	blocker_format(by, sizeof(by), snap, w);
	snprintf(m->wait_text[i], sizeof(m->wait_text[i]), "%s[%u] waits %s for %s%.300s%s%s", who,
		 w->pid, duration_format(age, sizeof(age), m->now - w->since), lock ? lock : "",
		 name, at, by);
}

void waits_snapshot(struct model *m, const struct snapshot *snap)
{
	struct waits_take t = { m, snap };

	m->nr_waits = m->nr_waits_all = 0;
	snapshot_waits(snap, wait_take, &t);
	for (unsigned int i = 0; i < m->nr_waits; i++)
		wait_format(m, snap, i);
}

int waits_draw(struct model *m, int row, int end)
{
	struct canvas *c = &m->canvas;
	int col;

	for (unsigned int i = 0; i < m->nr_waits && row < end; i++, row++) {
		col = canvas_put(c, row, 0, c->cols, ATTR_ALARM, "!");
		/* no room for a line that says so */
		if (row + 1 == end || i + 1 == m->nr_waits)
			if (m->nr_waits_all > i + 1)
				col = canvas_printf(c, row, col, c->cols, ATTR_ALARM, " (%u more)",
						    m->nr_waits_all - i - 1);
		canvas_printf(c, row, col, c->cols, ATTR_WAIT, " %s", m->wait_text[i]);
	}
	return row;
}

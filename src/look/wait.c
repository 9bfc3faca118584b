// SPDX-License-Identifier: GPL-2.0-only
/* wait.c - tasks that are blocked now, in DAX's waits or for a lock, and what they wait for */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "look_task.h"
#include "internal.h"
#include "base/process.h"

#define TASK_UNINTERRUPTIBLE 2 /* include/linux/sched.h */
#define CLOCK_TRIES	     5

struct waits {
	struct look *l;
	struct scan *s;
	look_stop *stop;
	struct look_wait_init_args init;
	int64_t offset; /* CLOCK_MONOTONIC less the scheduler's clock */
};

/* ---- which wait ---- */

/* The innermost of these on the stack tells. On 6.12 the filesystems wait themselves. */
static const struct {
	const char *name;
	enum scan_wait_kind kind;
	bool ambiguous; /* it waits for other things too: a page must have been found */
} functions[] = {
	{ "dax_break_layout", SCAN_WAIT_BREAK, false },
	{ "dax_break_layout_final", SCAN_WAIT_EVICT, false },
	{ "ext4_wait_dax_page", SCAN_WAIT_BREAK, false },
	{ "ext4_break_layouts", SCAN_WAIT_BREAK, false },
	{ "xfs_wait_dax_page", SCAN_WAIT_BREAK, false },
	{ "xfs_break_dax_layouts", SCAN_WAIT_BREAK, false },
	{ "xfs_break_layouts", SCAN_WAIT_BREAK, true }, /* leases: xfs_break_leased_layouts() */
	{ "fuse_wait_dax_page", SCAN_WAIT_BREAK, false },
	{ "fuse_dax_break_layouts", SCAN_WAIT_BREAK, false },
	{ "memunmap_pages", SCAN_WAIT_MEMUNMAP, false },
	{ "get_next_unlocked_entry", SCAN_WAIT_ENTRY, false },
	{ "get_unlocked_entry", SCAN_WAIT_ENTRY, false },
	{ "wait_entry_unlocked_exclusive", SCAN_WAIT_ENTRY, false },
	{ "wait_entry_unlocked", SCAN_WAIT_ENTRY, false },
	{ "dax_lock_folio", SCAN_WAIT_ENTRY, false },
	{ "dax_lock_mapping_entry", SCAN_WAIT_ENTRY, false },
	{ "__vma_start_write", SCAN_WAIT_VMA, false },
	{ "__vma_start_exclude_readers", SCAN_WAIT_VMA, false },
};

static const uint8_t locks[] = {
	[LOOK_LOCK_INODE] = SCAN_WAIT_INODE, [LOOK_LOCK_INVALIDATE] = SCAN_WAIT_INVALIDATE,
	[LOOK_LOCK_MMAP] = SCAN_WAIT_MMAP,   [LOOK_LOCK_VMA] = SCAN_WAIT_VMA,
	[LOOK_LOCK_OTHER] = SCAN_WAIT_LOCK,
};

/* "name.isra.0+0x12/0x80 [module]" is of @name. */
static bool is_function(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(symbol, name, len) && (symbol[len] == '+' || symbol[len] == '.');
}

static int kind_of(struct look *l, const struct look_blocked *b)
{
	char symbol[DX_SYMBOL_LEN];

	for (uint32_t i = 0; i < b->nr_stack && i < LOOK_STACK; i++) {
		look_symbol(l, b->stack[i], symbol, sizeof(symbol));
		for (size_t k = 0; k < sizeof(functions) / sizeof(functions[0]); k++)
			if (is_function(symbol, functions[k].name))
				return functions[k].ambiguous && !b->what.page
					       ? -1
					       : (int)functions[k].kind;
	}
	return -1;
}

/* ---- what for ---- */

static int pgmap_at(struct waits *w, uint64_t addr, uint64_t size, const struct look_blocked *b,
		    bool dying)
{
	for (uint32_t i = 0; i < b->nr_word && i < LOOK_WORDS; i++)
		for (size_t k = 0; k < scan_nr_pgmaps(w->s); k++) {
			const struct scan_pgmap *p = scan_pgmap(w->s, k);

			if (p->dying == dying && b->word[i] - (p->pgmap + addr) < size)
				return k;
		}
	return -1;
}

/*
 * wait_for_completion(&pgmap->done): the waiter's entry is linked to that completion, and
 * the pgmap was an argument, which some frame has saved.
 */
static int pgmap_waited(struct waits *w, const struct look_blocked *b)
{
	uint32_t done = w->init.pgmap_done;
	int k = pgmap_at(w, done, sizeof(uint64_t) * 4, b, true);

	/* without it, it may be taking the memory away already: a healthy unbind */
	if (k < 0) {
		k = pgmap_at(w, 0, w->init.pgmap_size, b, true);
		if (k >= 0 && !(scan_pgmap(w->s, k)->refs_known && scan_pgmap(w->s, k)->refs > 0))
			return -2;
	}
	/* killed after the pgmaps were read */
	return k < 0 ? pgmap_at(w, done, sizeof(uint64_t) * 4, b, false) : k;
}

/* Of a page that files share: where the one that is waited for has it. */
static bool index_of(struct look *l, const struct look_blocked *b, uint64_t *index)
{
	const struct dx_folio *f = &b->folio;
	struct look_mapping_id id = {
		.mapping = f->mapping, .ino = f->ino, .dev = f->dev, .gen = f->gen
	};
	unsigned int pieces = INDEX_PIECES;

	return look_index_of(l, &id, f->pfn, index, &pieces, NULL) == 1;
}

static bool wanted(struct waits *w, const struct scan_wait *n, const struct dx_folio *folio)
{
	const struct scan_filter *f = scan_filter_of(w->s);
	const struct scan_pgmap *p = scan_pgmap(w->s, n->pgmap);
	char name[32];

	if (f->device && p && strcmp(f->device, p->device))
		return false;
	if (f->device && !p && look_stands_on(w->s, folio->dev, name, sizeof(name)) &&
	    strcmp(f->device, name))
		return false;
	/* below that filesystem: may be; below that file: not only */
	if (f->dev && n->kind == SCAN_WAIT_MEMUNMAP)
		return !f->ino && p && look_stands_on(w->s, f->dev, name, sizeof(name)) &&
		       !strcmp(p->device, name);
	if (f->dev && folio->mapping && (folio->dev != f->dev || (f->ino && folio->ino != f->ino)))
		return false;
	return !n->pfn || (n->pfn >= (f->pfn_first & ~511ull) && n->pfn <= f->pfn_last);
}

/* The device below a file of which no page is known, as with a locked entry. */
static int pgmap_of_file(struct waits *w, uint32_t dev)
{
	char name[32];

	if (!look_stands_on(w->s, dev, name, sizeof(name)))
		return -1;
	for (size_t i = 0; i < scan_nr_pgmaps(w->s); i++)
		if (!strcmp(scan_pgmap(w->s, i)->device, name))
			return i;
	return -1;
}

/* last_arrival is in the scheduler's clock, and is when it got the CPU before it went to sleep. */
static uint64_t since(const struct waits *w, uint64_t arrival)
{
	return arrival && w->offset ? arrival + w->offset : 0;
}

/* -1: it is none that matters here. A lock is what it sleeps for, whatever it was about to wait for, or has. */
static int lock_kind(const struct waits *w, const struct look_blocked *b)
{
	int kind;

	if (b->lock.kind != LOOK_LOCK_NONE && b->lock.kind <= LOOK_LOCK_OTHER)
		return locks[b->lock.kind];
	kind = kind_of(w->l, b);
	if (kind < 0 && b->tgid == scan_filter_of(w->s)->tgid && b->state & TASK_UNINTERRUPTIBLE)
		return SCAN_WAIT_OTHER;
	return kind;
}

static void set_lock(struct scan_wait *n, const struct look_lock *l)
{
	n->lock = l->lock;
	n->writes = l->writes;
	n->read_owned = l->read_owned;
	n->owner_tgid = l->owner_tgid;
	n->owner_pid = l->owner_pid;
	memcpy(n->owner_comm, l->owner_comm, sizeof(l->owner_comm));
	n->mm_tgid = l->mm_tgid;
}

static int add_wait(void *arg, const void *record)
{
	struct waits *w = arg;
	const struct look_blocked *b = record;
	struct scan_wait n = { .pgmap = -1, .tgid = b->tgid, .pid = b->pid };
	int kind = lock_kind(w, b), rc;
	bool with_file = b->folio.mapping;

	if (look_stopped(w->stop))
		return -EINTR;
	if (kind < 0)
		return 0;
	n.kind = kind;
	n.entry = b->entry;
	if (!scan_wait_is_dax(&n))
		set_lock(&n, &b->lock);
	n.state = b->state & TASK_UNINTERRUPTIBLE ? 'D' : 'S';
	memcpy(n.comm, b->comm, sizeof(b->comm));
	n.since = since(w, b->last_arrival);
	n.nr_stack = b->nr_stack < SCAN_STACK ? b->nr_stack : SCAN_STACK;
	memcpy(n.stack, b->stack, n.nr_stack * sizeof(n.stack[0]));
	n.index = b->what.page ? b->folio.index : b->what.index;
	if (b->what.page && !b->what.index_known)
		with_file = index_of(w->l, b, &n.index);
	if (b->what.page) {
		n.pfn = b->folio.pfn;
		n.refcount = b->folio.refcount;
		n.pgmap = scan_pgmap_of(w->s, n.pfn);
	}
	if (kind == SCAN_WAIT_MEMUNMAP) {
		n.pgmap = pgmap_waited(w, b);
		if (n.pgmap == -2)
			return 0;
	}
	if (n.pgmap < 0 && with_file)
		n.pgmap = pgmap_of_file(w, b->folio.dev);
	if (!wanted(w, &n, &b->folio))
		return 0;
	if (with_file) {
		n.file = scan_file_id(w->s, b->folio.mapping, b->folio.dev, b->folio.ino,
				      b->folio.gen);
		if (n.file < 0)
			return n.file;
		scan_file(w->s, n.file)->path_flags |=
			b->folio.flags & DX_FOLIO_DELETED ? DX_PATH_DELETED : 0;
	}
	n.cgroup = process_cgroup(n.tgid);
	rc = scan_add_wait(w->s, &n);
	free(n.cgroup);
	return rc;
}

/* ---- the scheduler's clock ---- */

/*
 * A task's last_arrival is rq_clock() (kernel/sched/stats.h, sched_info_arrive()), which no
 * program can read; but after a sleep our own is now, but for the time that the wake-up took:
 * some ten microseconds, of the best of a few. CLOCK_MONOTONIC is steered (NTP) and that clock is not:
 * 50 ppm are four seconds a day that a task has slept. And it slept since a moment later than
 * it got the CPU: by what it ran before, milliseconds at most.
 */
static void clocks_compare(struct waits *w)
{
	for (int i = 0; i < CLOCK_TRIES; i++) {
		struct look_clock_args a = {};
		int64_t offset;

		usleep(1);
		/* not as a step: what comes between would be taken for the time of the wake-up */
		if (ask_at_once(w->l->asker, ASK_CLOCK, &a, sizeof(a)) || !a.arrival)
			return;
		offset = a.now - a.arrival;
		if (!w->offset || offset < w->offset)
			w->offset = offset;
	}
}

int look_waits(struct look *l, struct scan *s, look_stop *stop)
{
	struct waits w = { .l = l, .s = s, .stop = stop };
	int rc = ask(l->asker, ASK_WAIT_INIT, &w.init, sizeof(w.init));

	if (!rc && !w.init.found)
		rc = -ENOENT;
	if (!rc) {
		clocks_compare(&w);
		asker_waits_of(l->asker, scan_filter_of(s)->tgid);
		rc = ask_each(l->asker, ASK_WAITS, 0, sizeof(struct look_blocked), add_wait, &w);
	}
	if (rc == -EINTR)
		return rc;
	if (!rc)
		return look_paths(l, s);
	scan_add_gap(s, "waits: the blocked tasks could not be looked at: %s", ask_why(rc));
	scan_set_unsure(s);
	return rc;
}

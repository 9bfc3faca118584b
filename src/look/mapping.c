// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping.c - processes that map the files and devices, and the pages that their
 * page tables hold.
 *
 * The order makes the answers certain though nothing is locked: a process that had an
 * address space before its page tables were read and has it afterwards, had it meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "look_vma.h"
#include "internal.h"
#include "base/process.h"

#define PTE_BUDGET 65536u /* entries in a piece: about a millisecond */
#define PTE_MAX	   (1u << 26) /* entries in a look */
#define RUNS_MAX   (1u << 18)
#define TREE_TRIES 3
#define AGAIN_MAX  64 /* mappings that are looked for again */

struct array {
	void *p;
	size_t nr, room;
};

/* A mapping of a file, and which of runs[] were found in it. */
struct area {
	struct look_vma v;
	int file;
	size_t first_run, end_run;
	bool gone; /* it changed before its page tables were read */
	bool replaced; /* ... and what came of it was looked at */
};

struct run {
	uint64_t addr, pfn, nr;
};

/* Pages of a file that something holds beside its mappings. */
struct held {
	int file;
	uint64_t first, last; /* page offsets */
};

struct mappings {
	struct look *l;
	struct scan *s;
	look_stop *stop;
	struct array areas, runs, held;
	struct array before, after; /* struct look_mm_task, by mm */
	uint64_t *index; /* by file: first and last page offset that is listed; first > last: none */
	uint64_t steps;
	uint64_t cut; /* mappings that were not read to the end */
	uint64_t again;
	bool all_pids; /* every process is seen: this is the initial pid namespace */
	uint64_t changed; /* mappings that changed meanwhile, of processes that live on */
	bool lost; /* files or mappings changed all the time */
};

static void *add(struct array *a, size_t size)
{
	void *p;

	if (a->nr == a->room) {
		a->room = a->room ? a->room * 2 : 64;
		p = reallocarray(a->p, a->room, size);
		if (!p)
			return NULL;
		a->p = p;
	}
	return memset((char *)a->p + a->nr++ * size, 0, size);
}

/* ---- what is listed ---- */

/* Is every mapping of it asked for, with those of pages that are idle? */
static bool asked_for(const struct mappings *m)
{
	const struct scan_filter *f = scan_filter_of(m->s);

	return f->dev || f->device;
}

/* Of the file, these page offsets matter. */
static void index_reach(struct mappings *m, int file, uint64_t first, uint64_t last)
{
	if (first < m->index[2 * file])
		m->index[2 * file] = first;
	if (last > m->index[2 * file + 1])
		m->index[2 * file + 1] = last;
}

static int held_add(struct mappings *m, int file, uint64_t first, uint64_t last)
{
	struct held *h = add(&m->held, sizeof(*h));

	if (!h)
		return -ENOMEM;
	*h = (struct held){ .file = file, .first = first, .last = last };
	return 0;
}

/*
 * Who maps a page that is bad has it in no page table any more: memory_failure() has emptied that
 * (mm/memory-failure.c, unmap_and_kill()). He gets SIGBUS when he touches it.
 */
static int poisoned_collect(struct mappings *m)
{
	int rc = 0;

	for (size_t i = 0; i < scan_nr_poisoned(m->s) && !rc; i++) {
		const struct scan_poison *p = scan_poisoned(m->s, i);
		uint64_t last = p->index + (1ull << p->order) - 1;

		if (!p->file)
			continue;
		index_reach(m, p->file, p->index, last);
		rc = held_add(m, p->file, p->index, last);
	}
	return rc;
}

static int listed_collect(struct mappings *m)
{
	int rc;

	m->index = calloc(2 * (scan_nr_files(m->s) + 1), sizeof(*m->index));
	if (!m->index)
		return -ENOMEM;
	for (size_t id = 0; id <= scan_nr_files(m->s); id++)
		m->index[2 * id] = UINT64_MAX;
	for (size_t i = 0; i < scan_nr_folios(m->s); i++) {
		const struct scan_folio *f = scan_folio(m->s, i);
		uint64_t last = f->index + (f->nr << f->order) - 1;

		if (!f->file)
			continue;
		index_reach(m, f->file, f->index, last);
		if (f->gets <= 0 && f->pincount <= 0)
			continue;
		rc = held_add(m, f->file, f->index, last);
		if (rc)
			return rc;
	}
	return poisoned_collect(m);
}

/* ---- files that are mapped and have no listed folio ---- */

static int inodes_add(struct mappings *m, struct look_inodes_args *a)
{
	for (int tries = 0; tries < TREE_TRIES; tries++) {
		a->cursor = 0;
		do {
			int rc = ask(m->l->asker, ASK_INODES, a, sizeof(*a));

			for (uint32_t i = 0; !rc && i < a->found && i < LOOK_INODES; i++) {
				const struct look_mapping_id *id = &m->l->answers->inodes[i];

				rc = scan_file_id(m->s, id->mapping, id->dev, id->ino, id->gen);
				rc = rc < 0 ? rc : 0;
			}
			if (rc)
				return rc;
			if (look_stopped(m->stop))
				return -EINTR;
		} while (a->cursor);
		if (!a->lost)
			return 0;
	}
	m->lost = true;
	return 0;
}

static bool wants_super(struct mappings *m, const struct look_sb_args *a)
{
	const struct scan_filter *f = scan_filter_of(m->s);
	char name[32];

	if (f->dev && f->dev != a->dev)
		return false;
	return look_stands_on(m->s, a->dev, name, sizeof(name)) &&
	       (!f->device || !strcmp(f->device, name));
}

/*
 * Where folios count references of their own for each mapping (7.0 on), a mapped page is
 * listed. On older kernels it looks idle.
 */
static int more_files(struct mappings *m)
{
	struct look_sb_args a = {};
	int rc;

	if (m->l->regime != REGIME_LEGACY && !asked_for(m))
		return 0;
	do {
		rc = ask(m->l->asker, ASK_SUPER, &a, sizeof(a));
		if (!rc && a.sb && wants_super(m, &a)) {
			struct look_inodes_args i = { .sb = a.sb };

			rc = inodes_add(m, &i);
		}
	} while (!rc && a.cursor);
	return rc;
}

/* ---- mappings of a file ---- */

static int areas_piece(struct mappings *m, int file, const struct look_vmas_args *a)
{
	for (uint32_t i = 0; i < a->found && i < LOOK_VMAS; i++) {
		const struct look_vma *v = &m->l->answers->vmas[i];
		struct area *n;

		/* torn: it was written while it was read */
		if (!v->mm || v->start >= v->end)
			continue;
		n = add(&m->areas, sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->v = *v;
		n->file = file;
	}
	return 0;
}

static int areas_of(struct mappings *m, int file)
{
	const struct scan_file *f = scan_file(m->s, file);
	struct look_vmas_args a = {
		.id = { .mapping = f->mapping, .ino = f->ino, .dev = f->dev, .gen = f->gen },
	};
	size_t begin = m->areas.nr;

	for (int tries = 0; tries < TREE_TRIES; tries++) {
		m->areas.nr = begin;
		a.cursor = 0;
		do {
			int rc = ask(m->l->asker, ASK_VMAS, &a, sizeof(a));

			if (!rc)
				rc = areas_piece(m, file, &a);
			if (rc)
				return rc;
			if (look_stopped(m->stop))
				return -EINTR;
		} while (a.cursor);
		if (!a.lost)
			return 0;
	}
	m->lost = true;
	return 0;
}

static int areas_collect(struct mappings *m)
{
	int rc = 0;

	for (size_t id = 1; id <= scan_nr_files(m->s) && !rc; id++) {
		const struct scan_file *f = scan_file(m->s, id);

		if (f->mapping && !f->gone && look_wants_file(m->s, f))
			rc = areas_of(m, id);
	}
	return rc;
}

/* ---- page tables ---- */

/* The part of a mapping that matters: of listed folios, or all of it. */
static bool area_clip(const struct mappings *m, const struct area *r, uint64_t *addr, uint64_t *end)
{
	uint64_t first, last, pages = (r->v.end - r->v.start) >> PAGE_SHIFT;

	*addr = r->v.start;
	*end = r->v.end;
	if (m->l->regime == REGIME_LEGACY || asked_for(m))
		return true;
	first = m->index[2 * r->file];
	last = m->index[2 * r->file + 1];
	if (first > last || last < r->v.pgoff || first >= r->v.pgoff + pages)
		return false;
	if (first > r->v.pgoff)
		*addr += (first - r->v.pgoff) << PAGE_SHIFT;
	if (last < r->v.pgoff + pages - 1)
		*end = r->v.start + ((last - r->v.pgoff + 1) << PAGE_SHIFT);
	return true;
}

/* pfns of any device, as far as the filter goes. */
static void pfns_wanted(const struct mappings *m, uint64_t *first, uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (size_t i = 0; i < scan_nr_pgmaps(m->s); i++) {
		const struct scan_pgmap *p = scan_pgmap(m->s, i);

		for (uint32_t k = 0; scan_wants(m->s, p) && k < p->nr_range && k < DX_PGMAP_RANGES;
		     k++) {
			if (p->range[k].pfn < *first)
				*first = p->range[k].pfn;
			if (p->range[k].pfn + p->range[k].nr - 1 > *last)
				*last = p->range[k].pfn + p->range[k].nr - 1;
		}
	}
	scan_clip(m->s, first, last);
}

static int runs_piece(struct mappings *m, const struct look_ptes_args *a)
{
	for (uint32_t i = 0; i < a->found && i < LOOK_PTES; i++) {
		const struct look_pte *p = &m->l->answers->ptes[i];
		struct run *n = add(&m->runs, sizeof(*n));

		if (!n)
			return -ENOMEM;
		*n = (struct run){ .addr = p->addr, .pfn = p->pfn, .nr = p->nr };
	}
	return 0;
}

static int area_runs(struct mappings *m, struct area *r)
{
	struct look_ptes_args a = { .v = r->v, .mapping = scan_file(m->s, r->file)->mapping };
	int rc;

	r->first_run = r->end_run = m->runs.nr;
	pfns_wanted(m, &a.pfn_first, &a.pfn_last);
	if (a.pfn_first > a.pfn_last || !area_clip(m, r, &a.addr, &a.end))
		return 0;
	while (a.addr < a.end) {
		if (m->steps >= PTE_MAX || m->runs.nr >= RUNS_MAX) {
			m->cut++;
			break;
		}
		a.budget = PTE_BUDGET;
		rc = ask(m->l->asker, ASK_PTES, &a, sizeof(a));
		if (rc)
			return rc;
		m->steps += a.steps;
		if (a.gone) {
			/* unmapped, moved, split: what stood there says nothing */
			m->runs.nr = r->first_run;
			r->gone = true;
			break;
		}
		rc = runs_piece(m, &a);
		if (rc)
			return rc;
		if (look_stopped(m->stop))
			return -EINTR;
	}
	r->end_run = m->runs.nr;
	return 0;
}

static bool is_known(const struct mappings *m, size_t nr, const struct look_vma *v)
{
	const struct area *r = m->areas.p;

	for (size_t i = 0; i < nr; i++)
		if (!memcmp(&r[i].v, v, sizeof(*v)))
			return true;
	return false;
}

/* It was split, moved or unmapped: what is in its place goes to the end of areas[]. */
static int area_again(struct mappings *m, size_t i)
{
	struct area old = ((struct area *)m->areas.p)[i], *r;
	size_t begin = m->areas.nr, out = begin;
	bool lost = m->lost;
	int rc;

	if (m->again++ >= AGAIN_MAX)
		return 0;
	rc = areas_of(m, old.file);
	r = m->areas.p;
	for (size_t k = begin; k < m->areas.nr; k++)
		if (r[k].v.mm == old.v.mm && r[k].v.start < old.v.end && old.v.start < r[k].v.end &&
		    !is_known(m, begin, &r[k].v))
			r[out++] = r[k];
	m->areas.nr = out;
	r[i].replaced = !rc && m->lost == lost;
	return rc;
}

static int runs_collect(struct mappings *m)
{
	int rc = 0;

	/* areas[] may grow, and move */
	for (size_t i = 0; i < m->areas.nr && !rc; i++) {
		rc = area_runs(m, (struct area *)m->areas.p + i);
		if (!rc && ((struct area *)m->areas.p)[i].gone)
			rc = area_again(m, i);
	}
	return rc;
}

/* ---- processes ---- */

static int compare_tasks(const void *a, const void *b)
{
	const struct look_mm_task *x = a, *y = b;

	if (x->mm != y->mm)
		return x->mm < y->mm ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int task_add(void *arg, const void *record)
{
	struct look_mm_task *n = add(arg, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = *(const struct look_mm_task *)record;
	return 0;
}

static int tasks_read(struct mappings *m, struct array *to)
{
	int rc = ask_each(m->l->asker, ASK_MMS, 0, sizeof(struct look_mm_task), task_add, to);

	if (!rc && to->nr)
		qsort(to->p, to->nr, sizeof(struct look_mm_task), compare_tasks);
	return rc;
}

/* The first task of @mm. */
static size_t task_of(const struct array *tasks, uint64_t mm)
{
	const struct look_mm_task *t = tasks->p;
	size_t low = 0, high = tasks->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t[mid].mm >= mm)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool has_task(const struct array *tasks, uint64_t mm)
{
	size_t i = task_of(tasks, mm);

	return i < tasks->nr && ((struct look_mm_task *)tasks->p)[i].mm == mm;
}

static bool was_there(const struct array *tasks, const struct look_mm_task *t)
{
	return tasks->nr && bsearch(t, tasks->p, tasks->nr, sizeof(*t), compare_tasks);
}

/* ---- holders ---- */

/* A run may lie in two devices, one behind the other. */
static uint64_t pages_within(const struct mappings *m, int pgmap, uint64_t pfn, uint64_t nr)
{
	const struct scan_pgmap *p = scan_pgmap(m->s, pgmap);

	for (uint32_t k = 0; p && k < p->nr_range && k < DX_PGMAP_RANGES; k++)
		if (pfn - p->range[k].pfn < p->range[k].nr &&
		    p->range[k].pfn + p->range[k].nr - pfn < nr)
			return p->range[k].pfn + p->range[k].nr - pfn;
	return p ? nr : 1;
}

static int add_runs(struct mappings *m, const struct area *r, struct scan_holder *h)
{
	int rc = 0;

	h->certain = true;
	for (size_t i = r->first_run; i < r->end_run; i++) {
		struct run run = ((struct run *)m->runs.p)[i];

		while (run.nr && !rc) {
			h->pgmap = scan_pgmap_of(m->s, run.pfn);
			h->pfn = run.pfn;
			h->addr = run.addr;
			h->nr = pages_within(m, h->pgmap, run.pfn, run.nr);
			if (h->pgmap >= 0 && scan_wants(m->s, scan_pgmap(m->s, h->pgmap)))
				rc = scan_add_holder(m->s, h);
			run.pfn += h->nr;
			run.addr += h->nr << PAGE_SHIFT;
			run.nr -= h->nr;
		}
	}
	return rc;
}

static bool has_run(const struct mappings *m, const struct area *r, uint64_t addr)
{
	const struct run *run = m->runs.p;
	size_t low = r->first_run, high = r->end_run;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (run[mid].addr + (run[mid].nr << PAGE_SHIFT) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->end_run && run[low].addr <= addr;
}

/*
 * A mapping whose page tables are empty holds nothing itself. But a truncate that waits has
 * emptied them, and who could reach the pages that it waits for could pin them. And who asks for the
 * file or the device wants to know who has it mapped.
 */
static bool could_hold(const struct mappings *m, const struct area *r, uint64_t *first,
		       uint64_t *last)
{
	uint64_t end = r->v.pgoff + ((r->v.end - r->v.start) >> PAGE_SHIFT) - 1;
	const struct held *h = m->held.p;

	*first = UINT64_MAX;
	*last = 0;
	for (size_t i = 0; i < m->held.nr; i++) {
		uint64_t a = h[i].first > r->v.pgoff ? h[i].first : r->v.pgoff;
		uint64_t b = h[i].last < end ? h[i].last : end;

		if (h[i].file != r->file || a > b ||
		    has_run(m, r, r->v.start + ((a - r->v.pgoff) << PAGE_SHIFT)))
			continue;
		if (a < *first)
			*first = a;
		if (b > *last)
			*last = b;
	}
	if (*first > *last && asked_for(m) && r->first_run == r->end_run) {
		*first = r->v.pgoff;
		*last = end;
	}
	return *first <= *last;
}

static int add_candidate(struct mappings *m, const struct area *r, struct scan_holder *h)
{
	if (!could_hold(m, r, &h->first, &h->last))
		return 0;
	h->certain = false;
	h->pgmap = -1;
	h->pfn = h->nr = 0;
	h->addr = r->v.start + ((h->first - r->v.pgoff) << PAGE_SHIFT);
	return scan_add_holder(m->s, h);
}

static int add_area(struct mappings *m, const struct area *r, const struct look_mm_task *t)
{
	struct scan_holder h = {
		.kind = SCAN_HOLD_MAPPING,
		.file = r->file,
		.object = r->v.mm,
		.fd = -1,
	};
	int rc;

	look_turn(m->l);
	if (t) {
		h.tgid = h.pid = t->tgid;
		memcpy(h.comm, t->comm, sizeof(t->comm));
		h.cgroup = process_cgroup(t->tgid);
	} else {
		snprintf(h.detail, sizeof(h.detail), "of a process that has exited%s",
			 m->all_pids ? "" : ", or is in another pid namespace");
	}
	rc = add_runs(m, r, &h);
	if (!rc)
		rc = add_candidate(m, r, &h);
	free(h.cgroup);
	return rc;
}

static int area_holders(struct mappings *m, const struct area *r)
{
	const struct look_mm_task *t = m->after.p;
	int rc = 0;

	for (size_t i = task_of(&m->after, r->v.mm); i < m->after.nr && t[i].mm == r->v.mm && !rc;
	     i++) {
		if (!was_there(&m->before, &t[i]))
			continue;
		if (r->gone)
			m->changed += !r->replaced;
		else
			rc = add_area(m, r, &t[i]);
	}
	/* its last thread has gone, and the address space is being taken down, or somebody else keeps it */
	if (!has_task(&m->before, r->v.mm) && !has_task(&m->after, r->v.mm) &&
	    r->first_run != r->end_run)
		rc = add_area(m, r, NULL);
	return rc;
}

static int look_all(struct mappings *m)
{
	struct area *r;
	int rc = more_files(m);

	if (!rc)
		rc = look_paths(m->l, m->s);
	if (!rc)
		rc = listed_collect(m);
	if (!rc)
		rc = areas_collect(m);
	if (!rc)
		rc = tasks_read(m, &m->before);
	if (!rc)
		rc = runs_collect(m);
	if (!rc)
		rc = tasks_read(m, &m->after);
	r = m->areas.p;
	for (size_t i = 0; i < m->areas.nr && !rc; i++)
		rc = area_holders(m, &r[i]);
	return rc;
}

/* Iterators over tasks go through the namespace of who opens them (kernel/bpf/task_iter.c). */
int look_mappings(struct look *l, struct scan *s, look_stop *stop)
{
	struct mappings m = { .l = l, .s = s, .stop = stop, .all_pids = process_all_seen() };
	int rc = look_all(&m);

	if (!m.all_pids)
		scan_add_gap(s, "processes: only those of this pid namespace are seen, with their numbers "
				"in the initial one");
	if (m.cut)
		scan_add_gap(s,
			     "mappings: %llu of %zu were not read to their end: there are too many pages",
			     (unsigned long long)m.cut, m.areas.nr);
	if (m.changed)
		scan_add_gap(s, "mappings: %llu changed while they were looked at, and are left out",
			     (unsigned long long)m.changed);
	if (m.lost)
		scan_add_gap(
			s,
			"mappings: files were mapped and unmapped all the time: some may be missing");
	if (rc && rc != -EINTR)
		scan_add_gap(s, "mappings: they could not be read: %s", ask_why(rc));
	if (rc || m.cut || m.changed || m.lost)
		scan_set_unsure(s);
	free(m.areas.p);
	free(m.runs.p);
	free(m.held.p);
	free(m.before.p);
	free(m.after.p);
	free(m.index);
	return rc;
}

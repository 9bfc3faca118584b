// SPDX-License-Identifier: GPL-2.0-only
/* look.c - one look: load, pgmaps, struct pages */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/device.h"
#include "kernel/mr_offsets.h"
#include "kernel/walk.h"
#include "badblocks.h"
#include "internal.h"

struct look *look_open(char *err, size_t errlen)
{
	struct look *l = calloc(1, sizeof(*l));

	if (!l) {
		snprintf(err, errlen, "no memory to start with");
		return NULL;
	}
	l->no_mr = !mr_driver_any();
	l->asker = asker_open(!l->no_mr, err, errlen);
	if (!l->asker) {
		free(l);
		return NULL;
	}
	l->answers = asker_answers(l->asker);
	l->regime = asker_regime(l->asker);
	return l;
}

void look_close(struct look *l)
{
	if (!l)
		return;
	asker_close(l->asker);
	places_free(l->places);
	free(l);
}

void look_between(struct look *l, void (*fn)(void *arg, uint64_t things), void *arg)
{
	asker_between(l->asker, fn, arg);
}

void look_turn(struct look *l)
{
	asker_turn(l->asker);
}

enum regime look_regime(const struct look *l)
{
	return l->regime;
}

void look_symbol(struct look *l, uint64_t addr, char *out, size_t len)
{
	struct dx_symbol_args a = { .addr = addr };

	out[0] = 0;
	if (!addr || !len)
		return;
	if (ask(l->asker, ASK_SYMBOL, &a, sizeof(a)) || !l->answers->symbol[0])
		snprintf(out, len, "0x%llx", (unsigned long long)addr);
	else
		snprintf(out, len, "%.*s", DX_SYMBOL_LEN, l->answers->symbol);
}

/* A variable's name without "+0x0/0x20". */
static void symbol_of_data(struct look *l, uint64_t addr, char *out, size_t len)
{
	char name[DX_SYMBOL_LEN], *plus, *module;

	look_symbol(l, addr, name, sizeof(name));
	plus = strstr(name, "+0x0/");
	if (plus) {
		module = strchr(plus, ' ');
		memmove(plus, module ? module : "", module ? strlen(module) + 1 : 1);
	}
	snprintf(out, len, "%.*s", (int)len - 1, name);
}

/* ---- pgmaps ---- */

static void from_args(struct scan_pgmap *p, const struct dx_pgmap_args *a)
{
	p->pgmap = a->found;
	p->type = a->type;
	p->dying = a->dying;
	p->refs_known = a->refs_known;
	p->refs = a->refs;
	p->refs_base = a->refs_base;
	p->nr_range = a->nr_range;
	memcpy(p->range, a->range, sizeof(p->range));
	p->no_memmap = a->no_memmap;
	p->vmemmap_shift = a->vmemmap_shift;
	p->partly = a->nr_range > DX_PGMAP_RANGES;
	device_name(a->pfn, a->nr_pages, p->device, sizeof(p->device));
	device_driver(p->device, p->driver, sizeof(p->driver));
	p->bad_bytes = badblocks_bytes("/sys", p->device);
	p->devdax = !strncmp(p->device, "dax", 3);
}

int look_pgmaps(struct look *l, struct scan *s)
{
	struct dx_pgmap_args a = { .pgmap_array = asker_pgmap_array(l->asker),
				   .nr_cpus = asker_nr_cpus(l->asker) };

	if (!a.pgmap_array) {
		scan_add_gap(s, "devices: pgmap_array is not in /proc/kallsyms");
		return -ENOENT;
	}
	for (;;) {
		struct scan_pgmap p = {};
		int rc = ask(l->asker, ASK_PGMAP, &a, sizeof(a));

		if (rc)
			scan_add_gap(s, "devices: the kernel's pgmaps could not be read: %s",
				     ask_why(rc));
		if (rc || !a.found)
			return rc;
		if (a.again)
			continue;
		from_args(&p, &a);
		symbol_of_data(l, a.owner, p.owner, sizeof(p.owner));
		symbol_of_data(l, a.ops, p.ops, sizeof(p.ops));
		rc = scan_add_pgmap(s, &p);
		if (rc < 0)
			return rc;
	}
}

/* ---- struct pages ---- */

/* Is it still there? Asked when its pages have stopped to be its own. */
static bool pgmap_is_there(struct look *l, const struct scan_pgmap *p)
{
	struct dx_pgmap_args a = { .pgmap_array = asker_pgmap_array(l->asker),
				   .nr_cpus = asker_nr_cpus(l->asker),
				   .index = p->range[0].pfn };

	return !ask(l->asker, ASK_PGMAP, &a, sizeof(a)) && a.found == p->pgmap;
}

static int walk_range(struct look *l, struct scan *s, int pgmap, uint64_t first, uint64_t last,
		      look_stop *stop)
{
	const struct scan_pgmap *p = scan_pgmap(s, pgmap);
	struct walk w = {
		.pgmap = p->pgmap,
		.idle = memory_idle_count(p->type, l->regime == REGIME_LEGACY),
		.pfn = first,
		.end = last + 1,
	};
	struct dx_walk_args piece;
	int rc;

	asker_walk(l->asker, &w);
	while ((rc = walk_next(&w, &piece)) > 0) {
		asker_step(l->asker);
		rc = scan_walked(s, pgmap, &piece, w.found);
		if (rc)
			return rc;
		if (look_stopped(stop) && w.pfn < w.end) {
			scan_pgmap(s, pgmap)->partly = true;
			return -EINTR;
		}
	}
	return rc;
}

static int walk_pgmap(struct look *l, struct scan *s, int pgmap, look_stop *stop)
{
	struct scan_pgmap p = *scan_pgmap(s, pgmap);
	int rc = 0;

	for (uint32_t i = 0; i < p.nr_range && i < DX_PGMAP_RANGES && !rc; i++) {
		uint64_t first = p.range[i].pfn, last = first + p.range[i].nr - 1;

		uint64_t clipped;

		if (!i)
			first += p.no_memmap;
		clipped = last - first;
		scan_clip(s, &first, &last);
		if (last - first != clipped)
			scan_pgmap(s, pgmap)->partly = true;
		if (p.range[i].nr && first <= last)
			rc = walk_range(l, s, pgmap, first, last, stop);
	}
	if (!pgmap_is_there(l, &p))
		scan_pgmap(s, pgmap)->vanished = true;
	return rc;
}

/* ---- pages that files share ---- */

int look_index_of(struct look *l, const struct look_mapping_id *id, uint64_t pfn, uint64_t *index,
		  unsigned int *pieces, look_stop *stop)
{
	struct look_index_args a = { .id = *id, .pfn = pfn };

	do {
		if (!*pieces || look_stopped(stop))
			return 2;
		--*pieces;
		if (ask(l->asker, ASK_INDEX, &a, sizeof(a)))
			return 2;
	} while (a.next);
	*index = a.index;
	return a.found;
}

struct shared {
	struct look *l;
	struct look_mapping_id id;
	unsigned int pieces;
	look_stop *stop;
};

static int is_of_file(void *arg, uint64_t pfn, uint64_t *index)
{
	struct shared *x = arg;

	return look_index_of(x->l, &x->id, pfn, index, &x->pieces, x->stop);
}

static int pick_shared(struct look *l, struct scan *s, look_stop *stop)
{
	const struct scan_filter *f = scan_filter_of(s);
	struct shared x = {
		.l = l,
		.id = { .mapping = f->mapping, .ino = f->ino, .dev = f->dev, .gen = f->gen },
		.pieces = INDEX_PIECES,
		.stop = stop
	};
	int rc = scan_pick_shared(s, is_of_file, &x);

	if (!x.pieces)
		scan_add_gap(s, "shared pages: there are too many to search the file for each, and some "
				"that are shown may be of other files only");
	return rc;
}

/* Up to 6.14 such a page rests at 1, and at 0 once it has been mapped (p2pmem_alloc_mmap()). */
static bool is_understood(const struct look *l, const struct scan_pgmap *p)
{
	return l->regime != REGIME_LEGACY || p->type != MEMORY_DEVICE_PCI_P2PDMA;
}

int look_walk(struct look *l, struct scan *s, look_stop *stop)
{
	int rc = 0;

	for (size_t i = 0; i < scan_nr_pgmaps(s) && !rc; i++) {
		if (!scan_wants(s, scan_pgmap(s, i)))
			continue;
		if (is_understood(l, scan_pgmap(s, i)))
			rc = walk_pgmap(l, s, i, stop);
		else
			scan_add_gap(
				s,
				"PCI P2PDMA memory: what its pages' counts mean on this kernel is not known");
	}
	if (!rc)
		rc = pick_shared(l, s, stop);
	if (!rc)
		rc = look_paths(l, s);
	if (rc && rc != -EINTR)
		scan_add_gap(s, "folios: the struct pages could not be read: %s", ask_why(rc));
	return rc;
}

// SPDX-License-Identifier: GPL-2.0-only
/* look.c - what looks found, and what is wanted of the next one */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/look.h"

#define LOOK_ENTRIES_MAX 1024 /* tasks that wait for a locked entry or a lock */
#define RANGE_MAX	 (1ull << 18) /* pages whose files' mappings are looked for */

void look_init(struct look *l, struct pool *pool)
{
	l->pool = pool;
}

void look_destroy(struct look *l)
{
	block_put(l->pool, l->block);
	free(l->coming);
	free(l->entry);
	free(l->entry_coming);
}

size_t look_bytes(const struct look *l)
{
	return l->max_coming * sizeof(struct dx_holder) +
	       ((size_t)l->max_entries + l->max_entries_coming) * sizeof(*l->entry);
}

void look_share(const struct look *from, struct look *to)
{
	*to = (struct look){
		.held = from->held,
		.reach = from->reach,
		.block = from->block ? block_get(from->block) : NULL,
		.nr = from->nr,
		.candidates = from->candidates,
		.is = from->is,
		.able = from->able,
		.pool = from->pool,
	};
}

void look_want(struct look *l, uint64_t first, uint64_t last)
{
	if (!l->able)
		return;
	if (first > last) {
		l->wanted = true;
		return;
	}
	if (l->wanted && l->first <= l->last) {
		uint64_t low = first < l->first ? first : l->first;
		uint64_t high = last > l->last ? last : l->last;

		/* too far away: the next one's */
		if (high - low >= RANGE_MAX)
			return;
		first = low;
		last = high;
	}
	l->wanted = true;
	l->first = first;
	l->last = last;
}

static int compare(const void *a, const void *b)
{
	const struct dx_holder *x = a, *y = b;
	bool sure_x = x->flags & DX_HOLDER_CERTAIN, sure_y = y->flags & DX_HOLDER_CERTAIN;

	if (sure_x != sure_y)
		return sure_x ? 1 : -1;
	if (x->pfn != y->pfn)
		return x->pfn < y->pfn ? -1 : 1;
	return x->object < y->object ? -1 : x->object > y->object;
}

/* Room for @nr in a block of its own, with the first of @from. Returns 0, -ENOMEM. */
static int held_copy(struct look *l, const struct dx_holder *from, uint32_t nr)
{
	void *block = block_new(l->pool, nr * (sizeof(*l->held) + sizeof(*l->reach)));

	if (!block)
		return -ENOMEM;
	memcpy(block, from, nr * sizeof(*from));
	block_put(l->pool, l->block);
	l->block = block;
	l->held = block;
	l->reach = (void *)(l->held + nr);
	return 0;
}

/* Which folios they hold, and up to where those before a place reach. */
static void held_changed(struct look *l)
{
	uint64_t reach = 0;

	l->candidates = 0;
	for (uint32_t i = 0; i < l->nr; i++) {
		if (!(l->held[i].flags & DX_HOLDER_CERTAIN))
			l->candidates++;
		else if (holder_end(&l->held[i]) > reach)
			reach = holder_end(&l->held[i]);
		l->reach[i] = reach;
	}
}

const struct dx_holder *held_before(const struct look *l, const struct folio *f, uint32_t *from)
{
	const uint64_t end = f->pfn + (1ull << f->order);
	uint32_t i = *from;

	while (i > l->candidates && l->reach[i - 1] > f->pfn) {
		const struct dx_holder *h = &l->held[--i];

		if (h->pfn < end && holder_end(h) > f->pfn) {
			*from = i;
			return h;
		}
	}
	return NULL;
}

uint32_t held_end(const struct look *l, const struct folio *f)
{
	const uint64_t end = f->pfn + (1ull << f->order);
	uint32_t low = l->candidates, high = l->nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (l->held[mid].pfn < end)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool held_any(const struct look *l, const struct folio *f)
{
	uint32_t from;

	if (!held_certain(l))
		return false;
	from = held_end(l, f);
	return held_before(l, f, &from);
}

void look_begin(struct look *l, const struct dx_look *will)
{
	l->will = *will;
	if (!l->able)
		l->first = 1;
	l->building = true;
	l->full = false;
	l->nr_coming = l->nr_entries_coming = 0;
	l->able = true;
}

int look_add(struct look *l, const struct dx_holder *h)
{
	if (!l->building)
		return 0;
	if (l->nr_coming >= DX_LOOK_HOLDERS) {
		l->full = true;
		return 0;
	}
	if (array_grow((void **)&l->coming, &l->max_coming, l->nr_coming + 1, sizeof(*l->coming)))
		return -ENOMEM;
	l->coming[l->nr_coming++] = *h;
	return 0;
}

int look_add_entry(struct look *l, const struct dx_wait *w)
{
	if (!l->building)
		return 0;
	if (l->nr_entries_coming >= LOOK_ENTRIES_MAX) {
		l->full = true;
		return 0;
	}
	if (array_grow((void **)&l->entry_coming, &l->max_entries_coming, l->nr_entries_coming + 1,
		       sizeof(*l->entry_coming)))
		return -ENOMEM;
	l->entry_coming[l->nr_entries_coming++] = *w;
	return 0;
}

void look_entry_over(struct look *l, uint32_t tgid, uint32_t pid, uint64_t time)
{
	for (uint32_t i = l->nr_entries; i-- > 0;)
		if ((pid ? l->entry[i].pid == pid : l->entry[i].tgid == tgid) &&
		    l->entry[i].time < time)
			l->entry[i] = l->entry[--l->nr_entries];
}

/* A wake-up for another entry of the same bucket begins no new wait (fs/dax.c, wake_exceptional_entry_func()). */
static void entries_end(struct look *l)
{
	struct dx_wait *entry = l->entry;
	uint32_t max = l->max_entries;

	for (uint32_t i = 0; i < l->nr_entries_coming; i++)
		for (uint32_t k = 0; k < l->nr_entries; k++) {
			struct dx_wait *now = &l->entry_coming[i];

			if (now->pid == entry[k].pid && now->kind == entry[k].kind &&
			    now->ino == entry[k].ino && now->dev == entry[k].dev &&
			    now->index == entry[k].index && entry[k].since &&
			    (!now->since || entry[k].since < now->since))
				now->since = entry[k].since;
		}
	l->entry = l->entry_coming;
	l->max_entries = l->max_entries_coming;
	l->nr_entries = l->nr_entries_coming;
	l->entry_coming = entry;
	l->max_entries_coming = max;
	l->nr_entries_coming = 0;
}

int look_end(struct look *l)
{
	int err = 0;

	l->nr = l->nr_coming;
	l->nr_coming = 0;
	entries_end(l);
	l->building = false;
	l->is = l->will;
	if (l->full)
		l->is.flags |= DX_LOOK_UNSURE;
	if (l->nr) {
		qsort(l->coming, l->nr, sizeof(*l->coming), compare);
		err = held_copy(l, l->coming, l->nr);
	}
	if (err || !l->nr) {
		block_put(l->pool, l->block);
		l->block = NULL;
		l->nr = 0;
	}
	held_changed(l);
	return err;
}

static bool held_by(const struct dx_holder *h, uint32_t tgid, uint64_t before)
{
	return h->tgid == tgid && h->start < before;
}

uint32_t look_drop_task(struct look *l, uint32_t tgid, uint64_t before)
{
	uint32_t first = 0, kept, was = l->nr;

	while (first < was && !held_by(&l->held[first], tgid, before))
		first++;
	if (first == was)
		return 0;
	/* a snapshot has them as well */
	if (block_shared(l->block) && held_copy(l, l->held, was))
		__atomic_add_fetch(&l->pool->torn, 1, __ATOMIC_RELAXED);
	kept = first;
	for (uint32_t i = first; i < was; i++)
		if (!held_by(&l->held[i], tgid, before))
			l->held[kept++] = l->held[i];
	/* fewer have room where more had */
	l->nr = kept;
	held_changed(l);
	return was - kept;
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* qsort_r() */
/* select.c - the rows that are shown, out of a million, without sorting a million */
#include <stdlib.h>
#include <string.h>
#include "view/model.h"

static const char *const sort_names[SCREEN_SORTS] = {
	[SCREEN_SORT_PINS] = "pins",	     [SCREEN_SORT_REFCOUNT] = "refcount",
	[SCREEN_SORT_MAPCOUNT] = "mapcount", [SCREEN_SORT_AGE] = "age",
	[SCREEN_SORT_LAST] = "last",	     [SCREEN_SORT_PFN] = "pfn",
	[SCREEN_SORT_SIZE] = "size",	     [SCREEN_SORT_DEVICE] = "device",
	[SCREEN_SORT_FILE] = "file",
};

const char *screen_sort_name(unsigned int sort)
{
	return sort < SCREEN_SORTS ? sort_names[sort] : NULL;
}

int screen_sort_by_name(const char *name)
{
	for (int i = 0; i < SCREEN_SORTS; i++)
		if (!strcmp(sort_names[i], name))
			return i;
	return -1;
}

/* A signed count as an unsigned key of 32 bits in the same order. */
static uint64_t signed_key(int32_t n)
{
	return (uint64_t)((int64_t)n - INT32_MIN);
}

void model_item_set(const struct model *m, struct model_item *item, const struct engine_folio *f)
{
	item->pfn = f->pfn;
	item->name = NULL;
	/* The smallest key comes first; what is large and interesting is turned round. */
	switch (m->sort) {
	case SCREEN_SORT_PINS:
		/* who is waited for, then pins, then references */
		item->key = ~((uint64_t)f->waited << 63 |
			      (uint64_t)(f->pincount > 0 ? f->pincount : 0) << 32 |
			      signed_key(f->refcount));
		break;
	case SCREEN_SORT_REFCOUNT:
		item->key = ~signed_key(f->refcount);
		break;
	case SCREEN_SORT_MAPCOUNT:
		item->key = ~signed_key(f->mapcount);
		break;
	case SCREEN_SORT_AGE:
		item->key = f->first_time;
		break;
	case SCREEN_SORT_LAST:
		item->key = ~f->last_time;
		break;
	case SCREEN_SORT_SIZE:
		item->key = ~(uint64_t)f->order;
		break;
	case SCREEN_SORT_DEVICE:
		item->key = 0;
		item->name = f->device;
		break;
	case SCREEN_SORT_FILE:
		item->key = f->index;
		item->name = f->path;
		break;
	default:
		item->key = 0;
		break;
	}
}

int model_item_compare(const struct model *m, const struct model_item *a, const struct model_item *b)
{
	int order = 0;

	if (a->name != b->name) {
		/* without a name at the end, in either direction */
		if (!a->name || !b->name)
			return a->name ? -1 : 1;
		order = strcmp(a->name, b->name);
	}
	if (!order && a->key != b->key)
		order = a->key < b->key ? -1 : 1;
	if (!order)
		order = a->pfn < b->pfn ? -1 : a->pfn > b->pfn;
	return m->reverse ? -order : order;
}

static int item_compare(const void *a, const void *b, void *m)
{
	return model_item_compare(m, a, b);
}

static void item_swap(struct model_item *a, struct model_item *b)
{
	struct model_item t = *a;

	*a = *b;
	*b = t;
}

#define SAMPLE 512

/*
 * Moves a pivot to the first of @nr. It is random (a generator of its own: the same picture again), for the
 * engine's order is often half sorted, which makes clever choices quadratic. Of many it is taken from a sample, a
 * little behind where @at lies in there: so one pass leaves a page of a million (Floyd and Rivest, 1975).
 */
static void pivot_take(const struct model *m, struct model_item *items, size_t nr, size_t at,
		       uint64_t *random)
{
	size_t n = nr > 8 * SAMPLE ? SAMPLE : 1;

	for (size_t i = 0; i < n; i++) {
		/* Knuth's MMIX generator; its high bits are the good ones */
		*random = *random * 6364136223846793005ull + 1442695040888963407ull;
		item_swap(&items[i], &items[i + (*random >> 33) % (nr - i)]);
	}
	if (n == 1)
		return;
	qsort_r(items, n, sizeof(*items), item_compare, (void *)m);
	at = at * n / nr + 4;
	item_swap(&items[0], &items[at < n ? at : n - 1]);
}

/* Quickselect: what belongs before @at is before it, the rest behind. */
static void items_split(const struct model *m, struct model_item *items, size_t nr, size_t at)
{
	size_t low = 0, high = nr;
	uint64_t random = 1;

	while (high - low > 1 && at > low && at < high) {
		size_t store = low;

		pivot_take(m, items + low, high - low, at - low, &random);
		for (size_t i = low + 1; i < high; i++)
			if (model_item_compare(m, &items[i], &items[low]) < 0)
				item_swap(&items[++store], &items[i]);
		item_swap(&items[low], &items[store]);
		if (store < at)
			low = store + 1;
		else
			high = store;
	}
}

void model_items_select(const struct model *m, struct model_item *items, size_t nr_items,
			size_t first, size_t nr)
{
	if (first >= nr_items)
		return;
	if (nr > nr_items - first)
		nr = nr_items - first;
	items_split(m, items, nr_items, first);
	items_split(m, items + first, nr_items - first, nr);
	qsort_r(items + first, nr, sizeof(*items), item_compare, (void *)m);
}

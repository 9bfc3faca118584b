// SPDX-License-Identifier: GPL-2.0-only
/*
 * holder.c - who holds a folio: pins, and references that GUP took.
 *
 * One node for each PIN or GET, in a hash table by folio; a bucket has its
 * newest first. The pool ends at HOLDER_MAX; what comes then is counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/holder.h"

void holder_table_init(struct holder_table *t, const struct task_table *tasks, bool ghosts,
		       bool *no_memory)
{
	t->tasks = tasks;
	t->ghosts = ghosts;
	t->no_memory = no_memory;
}

void holder_table_destroy(struct holder_table *t)
{
	free(t->node);
	free(t->bucket);
}

size_t holder_table_bytes(const struct holder_table *t)
{
	return t->max * sizeof(*t->node) + t->nr_buckets * sizeof(*t->bucket);
}

static uint32_t *holder_bucket(const struct holder_table *t, uint32_t folio)
{
	uint64_t hash = folio * 0x9e3779b97f4a7c15ull;

	return &t->bucket[hash >> 32 & (t->nr_buckets - 1)];
}

void holder_prefetch_bucket(const struct holder_table *t, uint32_t folio)
{
	if (t->nr_buckets)
		__builtin_prefetch(holder_bucket(t, folio), 1);
}

void holder_prefetch(const struct holder_table *t, uint32_t folio)
{
	if (t->nr_buckets)
		__builtin_prefetch(&t->node[*holder_bucket(t, folio)], 1);
}

static int buckets_grow(struct holder_table *t)
{
	uint32_t n = t->nr_buckets, *bucket, i, id, next;

	bucket = engine_realloc(t->bucket, (n ? 2 * n : 64) * sizeof(*bucket));
	if (!bucket)
		return -ENOMEM;
	t->bucket = bucket;
	t->nr_buckets = n ? 2 * n : 64;
	memset(bucket + n, 0, (t->nr_buckets - n) * sizeof(*bucket));
	for (i = 0; i < n; i++) {
		/* to the old bucket and to the new one @n above, both in the old order */
		uint32_t *low = &bucket[i], *high = &bucket[i + n];

		for (id = bucket[i]; id; id = next) {
			uint32_t **tail;

			next = t->node[id].next;
			tail = holder_bucket(t, t->node[id].folio) == &bucket[i] ? &low : &high;
			**tail = id;
			*tail = &t->node[id].next;
		}
		*low = 0;
		*high = 0;
	}
	return 0;
}

static void holder_drop(struct holder_table *t, uint32_t *link)
{
	uint32_t n = *link;

	*link = t->node[n].next;
	t->node[n] = (struct holder){ .next = t->free };
	t->free = n;
	t->nr--;
}

static uint32_t holder_tgid(const struct holder_table *t, const struct holder *h)
{
	return t->tasks->task[h->task].tgid;
}

static bool holder_alike(const struct holder *h, const struct holder *new)
{
	return h->pin == new->pin && h->longterm == new->longterm && h->remote == new->remote &&
	       h->nr <= UINT32_MAX - new->nr;
}

/*
 * Anybody can have one page pinned as often as pipes and rings allow, by as many processes
 * as there can be, and each release looks for the oldest. So a folio that has very many
 * holders has one for each process in place of one for each pin, and in the end one for all
 * whose name it does not keep. Makes @new such a one; true if another has taken it in.
 * Drops the ghost of its process, too, of which there is one: it says no more than @new.
 */
static bool holder_merge(struct holder_table *t, uint32_t id, struct holder *new)
{
	uint32_t nr = 0, tgid = holder_tgid(t, new), same = 0, nameless = 0;
	uint32_t *link = holder_bucket(t, id);

	while (*link) {
		const struct holder *h = &t->node[*link];
		uint32_t its = holder_tgid(t, h);

		if (h->folio != id || h->gone || (its && its != tgid)) {
			nr += h->folio == id;
		} else if (!h->nr) {
			holder_drop(t, link);
			continue;
		} else {
			nr++;
			if (holder_alike(h, new) && !nameless && !its)
				nameless = *link;
			if (holder_alike(h, new) && !same && its == tgid)
				same = *link;
		}
		link = &t->node[*link].next;
	}
	if (nr < HOLDERS_MERGED)
		return false;
	if (!same && nr >= HOLDERS_NAMED) {
		t->refused++;
		new->task = 0;
		same = nameless;
	}
	if (same) {
		t->node[same].nr += new->nr;
		t->node[same].merged = true;
	}
	return same;
}

void holder_add(struct holder_table *t, uint32_t id, struct folio *f, struct holder h)
{
	uint32_t n, *bucket;

	if (f->has_holder && holder_merge(t, id, &h)) {
		f->has_get |= !h.pin;
		return;
	}
	if (t->nr >= HOLDER_MAX) {
		t->refused++;
		return;
	}
	if (t->nr >= t->nr_buckets && buckets_grow(t) && !t->nr_buckets) {
		t->refused++;
		*t->no_memory = true;
		return;
	}
	if (t->free) {
		n = t->free;
		t->free = t->node[n].next;
	} else {
		if (array_grow((void **)&t->node, &t->max, t->top + 2, sizeof(*t->node))) {
			t->refused++;
			*t->no_memory = true;
			return;
		}
		if (!t->top)
			t->node[t->top++] = (struct holder){ 0 };
		n = t->top++;
	}
	t->node[n] = h;
	t->node[n].folio = id;
	bucket = holder_bucket(t, id);
	t->node[n].next = *bucket;
	*bucket = n;
	t->nr++;
	f->has_holder = 1;
	f->has_get |= !h.pin;
}

static void folio_flags_update(const struct holder_table *t, uint32_t id, struct folio *f)
{
	bool any = false, get = false;

	for (uint32_t n = *holder_bucket(t, id); n; n = t->node[n].next) {
		if (t->node[n].folio == id) {
			any = true;
			get |= !t->node[n].pin;
		}
	}
	f->has_holder = any;
	f->has_get = get;
}

/*
 * The oldest fitting holder of the folio (of @tgid, if not 0, and there: its number can
 * be that of a process that is gone), NULL: none.
 */
static uint32_t *holder_oldest(const struct holder_table *t, uint32_t id, bool pin, uint32_t tgid)
{
	uint32_t *link, *found = NULL;

	for (link = holder_bucket(t, id); *link; link = &t->node[*link].next) {
		const struct holder *h = &t->node[*link];

		if (h->folio != id || h->pin != pin || !h->nr)
			continue;
		if (tgid && (h->gone || holder_tgid(t, h) != tgid))
			continue;
		/* a late event can be older than one that is in already */
		if (!found || h->since <= t->node[*found].since)
			found = link;
	}
	return found;
}

/* Does another node say the same of that process: that it holds, or may? */
static bool ghost_redundant(const struct holder_table *t, uint32_t n)
{
	const struct holder *g = &t->node[n];
	uint32_t tgid = holder_tgid(t, g);

	for (uint32_t i = *holder_bucket(t, g->folio); i; i = t->node[i].next) {
		const struct holder *h = &t->node[i];

		if (i != n && h->folio == g->folio && h->gone == g->gone && holder_tgid(t, h) == tgid)
			return true;
	}
	return false;
}

/*
 * Which holder's reference it was that went is a guess as soon as there are two: a bio
 * ends in softirq and names nobody, or whoever was interrupted; puts of FOLL_GET are
 * not seen at all. So a holder that was crossed out stays as a ghost (nr 0), one for
 * each process, who may still hold, until nobody holds the folio.
 */
bool holder_release(struct holder_table *t, uint32_t id, struct folio *f, bool pin, uint64_t nr,
		    uint32_t tgid)
{
	uint64_t left = nr;
	bool gone = false;

	while (f->has_holder && left) {
		uint32_t *link = tgid ? holder_oldest(t, id, pin, tgid) : NULL;
		struct holder *h;

		if (!link)
			link = holder_oldest(t, id, pin, 0);
		if (!link)
			break;
		h = &t->node[*link];
		if (h->nr > left) {
			h->nr -= left;
			left = 0;
			break;
		}
		left -= h->nr;
		h->nr = 0;
		gone = true;
		if (!t->ghosts || ghost_redundant(t, *link))
			holder_drop(t, link);
	}
	if (gone)
		folio_flags_update(t, id, f);
	return gone;
}

bool holder_any(const struct holder_table *t, uint32_t id, const struct folio *f)
{
	if (!f->has_holder)
		return false;
	for (uint32_t n = *holder_bucket(t, id); n; n = t->node[n].next)
		if (t->node[n].folio == id && t->node[n].nr)
			return true;
	return false;
}

uint32_t holder_list(const struct holder_table *t, uint32_t id, uint32_t *list)
{
	uint32_t n, nr = 0;

	if (id) {
		for (n = *holder_bucket(t, id); n; n = t->node[n].next)
			if (t->node[n].folio == id && t->node[n].nr)
				list[nr++] = n;
		return nr;
	}
	for (n = 1; n < t->top; n++)
		if (t->node[n].folio && t->node[n].nr)
			list[nr++] = n;
	return nr;
}

void holder_sum(const struct holder_table *t, uint32_t id, const struct folio *f,
		struct holder_sum *out)
{
	*out = (struct holder_sum){ 0 };
	if (!f->has_holder)
		return;
	for (uint32_t n = *holder_bucket(t, id); n; n = t->node[n].next) {
		const struct holder *h = &t->node[n];

		if (h->folio != id)
			continue;
		/* a task without a name can't be asked for: it counts as there */
		if (h->gone && holder_tgid(t, h))
			out->gone++;
		else
			out->live++;
		out->guessed |= !h->nr || h->merged;
		out->remote |= h->remote;
		if (h->pin)
			out->pins += h->nr;
		else
			out->gets += h->nr;
		if (h->gone && h->nr && (!out->oldest || h->since <= t->node[out->oldest].since))
			out->oldest = n;
	}
}

static uint32_t *holder_link(const struct holder_table *t, uint32_t n)
{
	uint32_t *link = holder_bucket(t, t->node[n].folio);

	while (*link != n)
		link = &t->node[*link].next;
	return link;
}

void holder_task_gone(struct holder_table *t, const struct folio_table *folios, uint32_t tgid,
		      uint64_t before, void (*fn)(uint32_t id, void *arg), void *arg)
{
	for (uint32_t n = 1; n < t->top; n++) {
		struct holder *h = &t->node[n];
		uint32_t id = h->folio;

		if (!id || h->gone || h->since >= before || holder_tgid(t, h) != tgid)
			continue;
		h->gone = true;
		if (!h->nr && ghost_redundant(t, n)) {
			holder_drop(t, holder_link(t, n));
			folio_flags_update(t, id, folio_ptr(folios, id));
		}
		fn(id, arg);
	}
}

void holder_clear(struct holder_table *t, uint32_t id, struct folio *f)
{
	uint32_t *link;

	if (!f->has_holder)
		return;
	for (link = holder_bucket(t, id); *link;) {
		if (t->node[*link].folio == id)
			holder_drop(t, link);
		else
			link = &t->node[*link].next;
	}
	f->has_holder = 0;
	f->has_get = 0;
}

uint64_t holder_count(const struct holder_table *t, uint32_t id, const struct folio *f, bool pin,
		      uint32_t *holders)
{
	uint64_t nr = 0;

	if (holders)
		*holders = 0;
	if (!f->has_holder)
		return 0;
	for (uint32_t n = *holder_bucket(t, id); n; n = t->node[n].next) {
		if (t->node[n].folio != id)
			continue;
		if (holders && t->node[n].nr)
			(*holders)++;
		if (t->node[n].pin == pin)
			nr += t->node[n].nr;
	}
	return nr;
}

bool holder_has(const struct holder_table *t, uint32_t id, const struct folio *f, bool pin,
		uint32_t tgid)
{
	if (!f->has_holder)
		return false;
	for (uint32_t n = *holder_bucket(t, id); n; n = t->node[n].next) {
		const struct holder *h = &t->node[n];

		if (h->folio == id && h->nr && !h->gone && h->pin == pin && holder_tgid(t, h) == tgid)
			return true;
	}
	return false;
}

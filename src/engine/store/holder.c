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

static const struct chunk_kind node_kind = { HOLDER_SHIFT, sizeof(struct holder), NULL, NULL, false };
static const struct chunk_kind bucket_kind = { HOLDER_BUCKET_SHIFT, sizeof(uint32_t), NULL, NULL,
					       false };

static struct holder *holder_write(struct holder_table *t, uint32_t n)
{
	return chunks_write(&t->node, n, HOLDER_SHIFT, sizeof(struct holder));
}

void holder_table_init(struct holder_table *t, struct pool *pool, const struct task_table *tasks,
		       bool ghosts, bool *no_memory)
{
	chunks_init(&t->node, &node_kind, pool);
	chunks_init(&t->bucket, &bucket_kind, pool);
	t->tasks = tasks;
	t->ghosts = ghosts;
	t->no_memory = no_memory;
}

void holder_table_destroy(struct holder_table *t)
{
	chunks_destroy(&t->node);
	chunks_destroy(&t->bucket);
}

size_t holder_table_bytes(const struct holder_table *t)
{
	return chunks_bytes_beside(&t->node) + chunks_bytes_beside(&t->bucket);
}

int holder_table_share(struct holder_table *from, struct holder_table *to)
{
	to->nr = from->nr;
	to->top = from->top;
	to->nr_buckets = from->nr_buckets;
	return chunks_share(&from->node, &to->node) || chunks_share(&from->bucket, &to->bucket)
		       ? -ENOMEM
		       : 0;
}

static uint32_t holder_bucket(const struct holder_table *t, uint32_t folio)
{
	uint64_t hash = folio * 0x9e3779b97f4a7c15ull;

	return hash >> 32 & (t->nr_buckets - 1);
}

static const uint32_t *bucket_ptr(const struct holder_table *t, uint32_t bucket)
{
	return chunks_at(&t->bucket, bucket, HOLDER_BUCKET_SHIFT, sizeof(uint32_t));
}

/* The first node of the folio's bucket; there is one as soon as a folio has a holder. */
static uint32_t holder_first(const struct holder_table *t, uint32_t folio)
{
	return *bucket_ptr(t, holder_bucket(t, folio));
}

/* @n comes behind the node @before, 0: first in the bucket. */
static void holder_link(struct holder_table *t, uint32_t bucket, uint32_t before, uint32_t n)
{
	if (before)
		holder_write(t, before)->next = n;
	else
		*(uint32_t *)chunks_write(&t->bucket, bucket, HOLDER_BUCKET_SHIFT, sizeof(n)) = n;
}

void holder_prefetch_bucket(const struct holder_table *t, uint32_t folio)
{
	if (t->nr_buckets)
		__builtin_prefetch(bucket_ptr(t, holder_bucket(t, folio)), 1);
}

void holder_prefetch(const struct holder_table *t, uint32_t folio)
{
	if (t->top)
		__builtin_prefetch(holder_ptr(t, holder_first(t, folio)), 1);
}

static int buckets_grow(struct holder_table *t)
{
	uint32_t n = t->nr_buckets, id, next;

	if (chunks_grow(&t->bucket, n ? 2 * n : 64))
		return -ENOMEM;
	t->nr_buckets = n ? 2 * n : 64;
	for (uint32_t i = 0; i < n; i++) {
		/* to the old bucket and to the new one @n above, both in the old order */
		uint32_t low = 0, high = 0;

		for (id = *bucket_ptr(t, i); id; id = next) {
			uint32_t to = holder_bucket(t, holder_ptr(t, id)->folio);
			uint32_t *tail = to == i ? &low : &high;

			next = holder_ptr(t, id)->next;
			holder_link(t, to, *tail, id);
			*tail = id;
		}
		holder_link(t, i, low, 0);
		holder_link(t, i + n, high, 0);
	}
	return 0;
}

/* Drops the node @n that is behind @before; what is behind it. */
static uint32_t holder_drop(struct holder_table *t, uint32_t before, uint32_t n)
{
	uint32_t next = holder_ptr(t, n)->next;

	holder_link(t, holder_bucket(t, holder_ptr(t, n)->folio), before, next);
	*holder_write(t, n) = (struct holder){ .next = t->free };
	t->free = n;
	t->nr--;
	return next;
}

static uint32_t holder_tgid(const struct holder_table *t, const struct holder *h)
{
	return task_ptr(t->tasks, h->task)->tgid;
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
	uint32_t n, next, before = 0;
	struct holder *h;

	for (n = holder_first(t, id); n; n = next) {
		const struct holder *old = holder_ptr(t, n);
		uint32_t its = holder_tgid(t, old);

		next = old->next;
		if (old->folio != id || old->gone || (its && its != tgid)) {
			nr += old->folio == id;
		} else if (!old->nr) {
			holder_drop(t, before, n);
			continue;
		} else {
			nr++;
			if (holder_alike(old, new) && !nameless && !its)
				nameless = n;
			if (holder_alike(old, new) && !same && its == tgid)
				same = n;
		}
		before = n;
	}
	if (nr < HOLDERS_MERGED)
		return false;
	if (!same && nr >= HOLDERS_NAMED) {
		t->refused++;
		new->task = 0;
		same = nameless;
	}
	if (same) {
		h = holder_write(t, same);
		h->nr += new->nr;
		h->merged = true;
	}
	return same;
}

void holder_add(struct holder_table *t, uint32_t id, struct folio *f, struct holder h)
{
	uint32_t n;

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
		t->free = holder_ptr(t, n)->next;
	} else {
		if (chunks_grow(&t->node, t->top + 2)) {
			t->refused++;
			*t->no_memory = true;
			return;
		}
		if (!t->top)
			t->top++;
		n = t->top++;
	}
	h.folio = id;
	h.next = holder_first(t, id);
	*holder_write(t, n) = h;
	holder_link(t, holder_bucket(t, id), 0, n);
	t->nr++;
	f->has_holder = 1;
	f->has_get |= !h.pin;
}

static void folio_flags_update(const struct holder_table *t, uint32_t id, struct folio *f)
{
	bool any = false, get = false;

	for (uint32_t n = holder_first(t, id); n; n = holder_ptr(t, n)->next) {
		if (holder_ptr(t, n)->folio == id) {
			any = true;
			get |= !holder_ptr(t, n)->pin;
		}
	}
	f->has_holder = any;
	f->has_get = get;
}

/* A node and the one before it, 0: it is the first. */
struct place {
	uint32_t before, n;
};

/*
 * The oldest fitting holder of the folio (of @tgid, if not 0, and there: its number can
 * be that of a process that is gone), n 0: none.
 */
static struct place holder_oldest(const struct holder_table *t, uint32_t id, bool pin, uint32_t tgid)
{
	struct place found = { 0, 0 };
	uint64_t since = 0;
	uint32_t before = 0;

	for (uint32_t n = holder_first(t, id); n; before = n, n = holder_ptr(t, n)->next) {
		const struct holder *h = holder_ptr(t, n);

		if (h->folio != id || h->pin != pin || !h->nr)
			continue;
		if (tgid && (h->gone || holder_tgid(t, h) != tgid))
			continue;
		/* a late event can be older than one that is in already */
		if (!found.n || h->since <= since) {
			found = (struct place){ before, n };
			since = h->since;
		}
	}
	return found;
}

/* Does another node say the same of that process: that it holds, or may? */
static bool ghost_redundant(const struct holder_table *t, uint32_t n)
{
	const struct holder *g = holder_ptr(t, n), *h;
	uint32_t tgid = holder_tgid(t, g);

	for (uint32_t i = holder_first(t, g->folio); i; i = h->next) {
		h = holder_ptr(t, i);

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
		struct place p = tgid ? holder_oldest(t, id, pin, tgid) : (struct place){ 0, 0 };
		struct holder *h;

		if (!p.n)
			p = holder_oldest(t, id, pin, 0);
		if (!p.n)
			break;
		h = holder_write(t, p.n);
		if (h->nr > left) {
			h->nr -= left;
			left = 0;
			break;
		}
		left -= h->nr;
		h->nr = 0;
		gone = true;
		if (!t->ghosts || ghost_redundant(t, p.n))
			holder_drop(t, p.before, p.n);
	}
	if (gone)
		folio_flags_update(t, id, f);
	return gone;
}

bool holder_any(const struct holder_table *t, uint32_t id, const struct folio *f)
{
	if (!f->has_holder)
		return false;
	for (uint32_t n = holder_first(t, id); n; n = holder_ptr(t, n)->next)
		if (holder_ptr(t, n)->folio == id && holder_ptr(t, n)->nr)
			return true;
	return false;
}

uint32_t holder_list(const struct holder_table *t, uint32_t id, uint32_t *list)
{
	uint32_t n, nr = 0;

	if (id) {
		for (n = holder_first(t, id); n; n = holder_ptr(t, n)->next)
			if (holder_ptr(t, n)->folio == id && holder_ptr(t, n)->nr)
				list[nr++] = n;
		return nr;
	}
	for (n = 1; n < t->top; n++)
		if (holder_ptr(t, n)->folio && holder_ptr(t, n)->nr)
			list[nr++] = n;
	return nr;
}

void holder_sum(const struct holder_table *t, uint32_t id, const struct folio *f,
		struct holder_sum *out)
{
	const struct holder *h;

	*out = (struct holder_sum){ 0 };
	if (!f->has_holder)
		return;
	for (uint32_t n = holder_first(t, id); n; n = h->next) {
		h = holder_ptr(t, n);
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
		if (h->gone && h->nr &&
		    (!out->oldest || h->since <= holder_ptr(t, out->oldest)->since))
			out->oldest = n;
	}
}

/* The node before @n in its bucket, 0: it is the first. */
static uint32_t holder_before(const struct holder_table *t, uint32_t n)
{
	uint32_t before = 0;

	for (uint32_t i = holder_first(t, holder_ptr(t, n)->folio); i != n;
	     i = holder_ptr(t, i)->next)
		before = i;
	return before;
}

void holder_task_gone(struct holder_table *t, struct folio_table *folios, uint32_t tgid,
		      uint64_t before, void (*fn)(uint32_t id, void *arg), void *arg)
{
	for (uint32_t n = 1; n < t->top; n++) {
		const struct holder *h = holder_ptr(t, n);
		uint32_t id = h->folio;

		if (!id || h->gone || h->since >= before || holder_tgid(t, h) != tgid)
			continue;
		holder_write(t, n)->gone = true;
		if (!holder_ptr(t, n)->nr && ghost_redundant(t, n)) {
			holder_drop(t, holder_before(t, n), n);
			folio_flags_update(t, id, folio_write(folios, id));
		}
		fn(id, arg);
	}
}

void holder_clear(struct holder_table *t, uint32_t id, struct folio *f)
{
	uint32_t n, next, before = 0;

	if (!f->has_holder)
		return;
	for (n = holder_first(t, id); n; n = next) {
		if (holder_ptr(t, n)->folio == id) {
			next = holder_drop(t, before, n);
		} else {
			next = holder_ptr(t, n)->next;
			before = n;
		}
	}
	f->has_holder = 0;
	f->has_get = 0;
}

uint64_t holder_count(const struct holder_table *t, uint32_t id, const struct folio *f, bool pin,
		      uint32_t *holders)
{
	const struct holder *h;
	uint64_t nr = 0;

	if (holders)
		*holders = 0;
	if (!f->has_holder)
		return 0;
	for (uint32_t n = holder_first(t, id); n; n = h->next) {
		h = holder_ptr(t, n);
		if (h->folio != id)
			continue;
		if (holders && h->nr)
			(*holders)++;
		if (h->pin == pin)
			nr += h->nr;
	}
	return nr;
}

bool holder_has(const struct holder_table *t, uint32_t id, const struct folio *f, bool pin,
		uint32_t tgid)
{
	const struct holder *h;

	if (!f->has_holder)
		return false;
	for (uint32_t n = holder_first(t, id); n; n = h->next) {
		h = holder_ptr(t, n);
		if (h->folio == id && h->nr && !h->gone && h->pin == pin && holder_tgid(t, h) == tgid)
			return true;
	}
	return false;
}

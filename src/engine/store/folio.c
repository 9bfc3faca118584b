// SPDX-License-Identifier: GPL-2.0-only
/*
 * folio.c - the folio table: a pool of folios and an index by head pfn.
 *
 * The index is a hash table of groups, each a cache line: twelve one-byte tags
 * and twelve ids. A look-up compares all tags of a group at once and touches
 * one line of the index and one or two of the folio. Folios are never taken
 * out, so a probe ends at the first group that never overflowed. The table
 * grows by a seventh, which keeps a folio's share of it under 8 bytes.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/folio.h"

static inline uint64_t pfn_hash(uint64_t pfn)
{
	return pfn * 0x9e3779b97f4a7c15ull;
}

static inline uint64_t hash_group(uint64_t hash, uint64_t nr_groups)
{
	return (unsigned __int128)hash * nr_groups >> 64;
}

static inline uint8_t hash_tag(uint64_t hash)
{
	uint8_t tag = hash >> 20;

	return tag ? tag : 1;
}

/* Bit 7 of each byte of @tags that equals @tag; bytes above a match may be wrong too. */
static inline uint64_t tags_match(uint64_t tags, uint8_t tag)
{
	uint64_t x = tags ^ (0x0101010101010101ull * tag);

	return (x - 0x0101010101010101ull) & ~x & 0x8080808080808080ull;
}

/* Not one that came after the snapshot. */
static inline bool id_valid(const struct folio_table *t, uint32_t id)
{
	return id - 1 < t->nr;
}

static uint32_t group_find(const struct folio_table *t, const struct folio_group *g, uint8_t tag,
			   uint64_t pfn)
{
	uint64_t low, match;
	uint32_t high, id;

	memcpy(&low, g->tag, 8);
	memcpy(&high, g->tag + 8, 4);
	for (match = tags_match(le64toh(low), tag); match; match &= match - 1) {
		id = g->id[__builtin_ctzll(match) / 8];
		if (id_valid(t, id) && folio_ptr(t, id)->pfn == pfn)
			return id;
	}
	for (match = tags_match(le32toh(high), tag); match; match &= match - 1) {
		unsigned int i = 8 + __builtin_ctzll(match) / 8;

		/* the upper half of this word is not a tag, and @tag isn't 0 */
		if (i >= FOLIO_GROUP)
			break;
		id = g->id[i];
		if (id_valid(t, id) && folio_ptr(t, id)->pfn == pfn)
			return id;
	}
	return 0;
}

uint32_t folio_find(const struct folio_table *t, uint64_t pfn)
{
	uint64_t hash = pfn_hash(pfn), i = hash_group(hash, t->nr_groups), n;
	uint32_t id;

	for (n = 0; n < t->nr_groups; n++) {
		id = group_find(t, &t->group[i], hash_tag(hash), pfn);
		if (id || !t->group[i].full)
			return id;
		if (++i == t->nr_groups)
			i = 0;
	}
	return 0;
}

uint32_t folio_find_covering(const struct folio_table *t, uint64_t pfn)
{
	uint32_t orders = t->orders & ~1u, id = folio_find(t, pfn);

	if (id && !folio_ptr(t, id)->absorbed)
		return id;
	for (; orders; orders &= orders - 1) {
		unsigned int order = __builtin_ctz(orders);

		id = folio_find(t, pfn >> order << order);
		if (id && folio_ptr(t, id)->order >= order && !folio_ptr(t, id)->absorbed)
			return id;
	}
	return 0;
}

static void index_add(struct folio_group *group, uint64_t nr_groups, uint64_t pfn, uint32_t id)
{
	uint64_t hash = pfn_hash(pfn), i = hash_group(hash, nr_groups);
	unsigned int slot;

	for (;;) {
		struct folio_group *g = &group[i];

		for (slot = 0; slot < FOLIO_GROUP; slot++) {
			if (!g->tag[slot]) {
				g->tag[slot] = hash_tag(hash);
				g->id[slot] = id;
				return;
			}
		}
		g->full = 1;
		if (++i == nr_groups)
			i = 0;
	}
}

static int index_resize(struct folio_table *t, uint64_t nr_groups)
{
	size_t bytes = nr_groups * sizeof(struct folio_group) + 63;
	struct folio_group *group;
	void *mem = block_new(t->folio.pool, bytes);
	uint32_t id;

	if (!mem)
		return -ENOMEM;
	group = (void *)(((uintptr_t)mem + 63) & ~(uintptr_t)63);
	memset(group, 0, nr_groups * sizeof(*group));
	for (id = 1; id <= t->nr; id++)
		index_add(group, nr_groups, folio_ptr(t, id)->pfn, id);
	block_put(t->folio.pool, t->group_mem);
	t->group_mem = mem;
	t->group = group;
	t->group_bytes = bytes;
	t->nr_groups = nr_groups;
	return 0;
}

static const struct chunk_kind folio_kind = { FOLIO_SHIFT, sizeof(struct folio), NULL, NULL, false };

int folio_table_init(struct folio_table *t, struct pool *pool)
{
	chunks_init(&t->folio, &folio_kind, pool);
	return index_resize(t, 8);
}

void folio_table_destroy(struct folio_table *t)
{
	chunks_destroy(&t->folio);
	block_put(t->folio.pool, t->group_mem);
}

int folio_table_share(struct folio_table *from, struct folio_table *to)
{
	to->group_mem = block_get(from->group_mem);
	to->group = from->group;
	to->nr_groups = from->nr_groups;
	to->nr = from->nr;
	to->orders = from->orders;
	return chunks_share(&from->folio, &to->folio);
}

size_t folio_table_bytes(const struct folio_table *t)
{
	return sizeof(*t) + chunks_bytes(&t->folio) + t->group_bytes;
}

uint32_t folio_add(struct folio_table *t, uint64_t pfn)
{
	uint32_t id = t->nr + 1;
	struct folio *f;

	if (!id)
		return 0;
	/* at most seven eighths full */
	if (id > t->nr_groups * FOLIO_GROUP / 8 * 7 &&
	    index_resize(t, t->nr_groups + t->nr_groups / 7 + 1))
		return 0;
	if (chunks_grow(&t->folio, id + 1))
		return 0;
	t->nr = id;
	f = folio_write(t, id);
	f->pfn = pfn;
	index_add(t->group, t->nr_groups, pfn, id);
	t->region[(pfn >> FOLIO_REGION_BIT) % FOLIO_REGIONS]++;
	t->orders |= 1;
	return id;
}

void folio_each_tail(struct folio_table *t, uint64_t pfn, unsigned int order,
		     void (*fn)(uint32_t id, void *arg), void *arg)
{
	uint64_t end = pfn + (1ull << order), p;
	uint32_t id;

	/* a PUD has 262,144 pages: look at what there is instead, if that is less */
	if (1ull << order > t->nr) {
		for (id = 1; id <= t->nr; id++) {
			p = folio_ptr(t, id)->pfn;
			if (p > pfn && p < end)
				fn(id, arg);
		}
		return;
	}
	for (p = pfn + 1; p < end; p++) {
		if (!t->region[(p >> FOLIO_REGION_BIT) % FOLIO_REGIONS]) {
			p |= (1ull << FOLIO_REGION_BIT) - 1;
			continue;
		}
		id = folio_find(t, p);
		if (id)
			fn(id, arg);
	}
}

void folio_prefetch_group(const struct folio_table *t, uint64_t pfn)
{
	__builtin_prefetch(&t->group[hash_group(pfn_hash(pfn), t->nr_groups)]);
}

/* The folio that the first tag that fits names, without looking at it. */
uint32_t folio_guess(const struct folio_table *t, uint64_t pfn)
{
	uint64_t hash = pfn_hash(pfn), low, match;
	const struct folio_group *g = &t->group[hash_group(hash, t->nr_groups)];
	unsigned int i;
	uint32_t high;

	memcpy(&low, g->tag, 8);
	match = tags_match(le64toh(low), hash_tag(hash));
	if (match)
		return g->id[__builtin_ctzll(match) / 8];
	memcpy(&high, g->tag + 8, 4);
	match = tags_match(le32toh(high), hash_tag(hash));
	i = match ? 8 + __builtin_ctzll(match) / 8 : FOLIO_GROUP;
	return i < FOLIO_GROUP ? g->id[i] : 0;
}

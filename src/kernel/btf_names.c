// SPDX-License-Identifier: GPL-2.0-only
/* btf_names.c - a hash table of the names in BTF */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include "btf_names.h"

#define BUCKETS (1u << 15)

struct btf_names {
	struct btf *btf;
	uint32_t first;
	uint32_t *next; /* of type @first + i: the next one in its bucket, by its id; 0: none */
	uint32_t bucket[BUCKETS];
};

static uint32_t bucket_of(const char *name, size_t len)
{
	uint64_t h = len, word;

	for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	for (word = 0; len; len--)
		word = word << 8 | (unsigned char)*name++;
	h = (h ^ word) * 0x9e3779b97f4a7c15;
	return h >> 49;
}
_Static_assert(BUCKETS == 1u << (64 - 49), "bucket_of()");

static bool is_of_kind(const struct btf_type *t, uint32_t kind)
{
	return kind == BTF_KIND_ENUM ? btf_is_any_enum(t) : btf_kind(t) == kind;
}

static bool has_name(const struct btf_type *t)
{
	return btf_is_any_enum(t) ||
	       (t->name_off && (btf_is_func(t) || btf_is_composite(t) || btf_is_typedef(t)));
}

struct btf_names *btf_names_new(struct btf *btf, uint32_t first)
{
	struct btf_names *n = calloc(1, sizeof(*n));
	uint32_t end = btf__type_cnt(btf);

	if (n) {
		n->btf = btf;
		n->first = first;
		n->next = calloc(end - first + 1, sizeof(*n->next));
	}
	if (!n || !n->next) {
		free(n);
		btf__free(btf);
		return NULL;
	}
	/* from the last one, so each bucket is in the order of the ids */
	for (uint32_t id = end; id-- > first;) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name;
		uint32_t *bucket;

		if (!has_name(t))
			continue;
		name = btf__name_by_offset(btf, t->name_off);
		bucket = &n->bucket[bucket_of(name, strlen(name))];
		n->next[id - first] = *bucket;
		*bucket = id;
	}
	return n;
}

void btf_names_free(struct btf_names *n)
{
	if (!n)
		return;
	btf__free(n->btf);
	free(n->next);
	free(n);
}

struct btf *btf_names_btf(const struct btf_names *n)
{
	return n->btf;
}

uint32_t btf_names_next(const struct btf_names *n, const char *name, size_t len, uint32_t kind,
			uint32_t after)
{
	uint32_t id = after ? n->next[after - n->first] : n->bucket[bucket_of(name, len)];

	for (; id; id = n->next[id - n->first]) {
		const struct btf_type *t = btf__type_by_id(n->btf, id);
		const char *its = btf__name_by_offset(n->btf, t->name_off);

		if (is_of_kind(t, kind) && !strncmp(its, name, len) && !its[len])
			break;
	}
	return id;
}

const struct btf_type *btf_names_find(const struct btf_names *n, const char *name, uint32_t kind)
{
	uint32_t id = btf_names_next(n, name, strlen(name), kind, 0);

	return id ? btf__type_by_id(n->btf, id) : NULL;
}

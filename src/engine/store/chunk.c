// SPDX-License-Identifier: GPL-2.0-only
/* chunk.c - arrays that the engine and its snapshots share */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/chunk.h"

/* ---- memory with a count ---- */

struct block {
	_Alignas(16) unsigned int refs;
	size_t bytes; /* with this */
};

static struct block *block_of(const void *data)
{
	return (struct block *)data - 1;
}

struct pool *pool_new(void)
{
	struct pool *p = engine_realloc(NULL, sizeof(*p));

	if (p)
		*p = (struct pool){ .refs = 1 };
	return p;
}

struct pool *pool_get(struct pool *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void pool_put(struct pool *p)
{
	if (p && !__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		free(p);
}

void *block_new(struct pool *p, size_t bytes)
{
	struct block *b = engine_realloc(NULL, sizeof(*b) + bytes);

	if (!b)
		return NULL;
	b->refs = 1;
	b->bytes = sizeof(*b) + bytes;
	__atomic_add_fetch(&p->bytes, b->bytes, __ATOMIC_RELAXED);
	return b + 1;
}

void *block_get(void *block)
{
	__atomic_add_fetch(&block_of(block)->refs, 1, __ATOMIC_RELAXED);
	return block;
}

/* Who sees that nobody else refers to it sees what they did with it, too. */
bool block_shared(const void *block)
{
	return __atomic_load_n(&block_of(block)->refs, __ATOMIC_ACQUIRE) > 1;
}

/* True: nobody refers to it now. */
static bool block_drop(void *block)
{
	return !__atomic_sub_fetch(&block_of(block)->refs, 1, __ATOMIC_ACQ_REL);
}

static void block_free(struct pool *p, void *block)
{
	__atomic_sub_fetch(&p->bytes, block_of(block)->bytes, __ATOMIC_RELAXED);
	free(block_of(block));
}

bool block_put(struct pool *p, void *block)
{
	if (!block || !block_drop(block))
		return false;
	block_free(p, block);
	return true;
}

/* ---- arrays ---- */

static size_t chunk_bytes(const struct chunks *c)
{
	return c->kind->size << c->kind->shift;
}

static void chunk_put(struct chunks *c, void *chunk)
{
	if (!chunk || !block_drop(chunk))
		return;
	if (c->kind->dropped)
		c->kind->dropped(c->pool, chunk);
	block_free(c->pool, chunk);
}

void chunks_init(struct chunks *c, const struct chunk_kind *kind, struct pool *pool)
{
	*c = (struct chunks){ .kind = kind, .pool = pool };
}

void chunks_destroy(struct chunks *c)
{
	for (uint32_t i = 0; i < c->nr; i++)
		chunk_put(c, c->chunk[i]);
	free(c->chunk);
	free(c->own);
	c->chunk = c->own = NULL;
	c->nr = c->max = c->max_own = c->there = 0;
}

size_t chunks_bytes_beside(const struct chunks *c)
{
	return c->max * sizeof(*c->chunk) + c->max_own * sizeof(*c->own);
}

size_t chunks_bytes(const struct chunks *c)
{
	return chunks_bytes_beside(c) + c->there * (sizeof(struct block) + chunk_bytes(c));
}

int chunks_reserve(struct chunks *c, uint32_t n)
{
	uint32_t nr = ((uint64_t)n + (1u << c->kind->shift) - 1) >> c->kind->shift;

	if (nr <= c->nr)
		return 0;
	if (array_grow((void **)&c->chunk, &c->max, nr, sizeof(*c->chunk)) ||
	    array_grow((void **)&c->own, &c->max_own, nr, sizeof(*c->own)))
		return -ENOMEM;
	memset(c->chunk + c->nr, 0, (nr - c->nr) * sizeof(*c->chunk));
	memset(c->own + c->nr, 0, (nr - c->nr) * sizeof(*c->own));
	c->nr = nr;
	return 0;
}

int chunks_grow(struct chunks *c, uint32_t n)
{
	uint32_t nr = ((uint64_t)n + (1u << c->kind->shift) - 1) >> c->kind->shift;
	int err = chunks_reserve(c, n);

	if (err)
		return err;
	/* those before it are there, but for what a failure left */
	while (nr && !c->chunk[nr - 1])
		nr--;
	for (; nr << c->kind->shift < n; nr++)
		if (!chunks_own(c, nr))
			return -ENOMEM;
	return 0;
}

/* Makes the chunk @i the engine's alone. Returns 0, -ENOMEM. */
static int chunk_own(struct chunks *c, uint32_t i)
{
	void *old = c->chunk[i], *new;

	if (old && !block_shared(old)) {
		c->own[i] = old;
		return 0;
	}
	new = block_new(c->pool, chunk_bytes(c));
	if (!new)
		return -ENOMEM;
	if (old) {
		memcpy(new, old, chunk_bytes(c));
		if (c->kind->copied)
			c->kind->copied(new);
		chunk_put(c, old);
		c->pool->copied++;
		c->pool->copied_bytes += chunk_bytes(c);
	} else {
		if (!c->kind->raw)
			memset(new, 0, chunk_bytes(c));
		c->there++;
	}
	c->chunk[i] = c->own[i] = new;
	return 0;
}

void *chunks_own(struct chunks *c, uint32_t i)
{
	if (chunk_own(c, i) && c->chunk[i])
		__atomic_add_fetch(&c->pool->torn, 1, __ATOMIC_RELAXED);
	return c->chunk[i];
}

int chunks_ready(struct chunks *c, uint32_t n)
{
	uint32_t i = n >> c->kind->shift;

	return c->own[i] ? 0 : chunk_own(c, i);
}

int chunks_share(struct chunks *from, struct chunks *to)
{
	chunks_init(to, from->kind, from->pool);
	if (!from->nr)
		return 0;
	to->chunk = engine_realloc(NULL, from->nr * sizeof(*to->chunk));
	if (!to->chunk)
		return -ENOMEM;
	to->nr = to->max = from->nr;
	to->there = from->there;
	for (uint32_t i = 0; i < from->nr; i++)
		to->chunk[i] = from->chunk[i] ? block_get(from->chunk[i]) : NULL;
	memset(from->own, 0, from->nr * sizeof(*from->own));
	return 0;
}

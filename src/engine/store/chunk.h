/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_CHUNK_H
#define DAXTOP_ENGINE_STORE_CHUNK_H
/*
 * chunk.h - arrays that the engine and its snapshots share.
 *
 * An array is made of chunks, each with a count of those who refer to it. A snapshot refers to all that there
 * are, and the engine copies one when it writes to it for the first time after that: the snapshot keeps what
 * it had, and what does not change is copied never. Only the engine writes. The counts are atomic, so
 * that a snapshot may be let go by another thread than the engine's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory that is shared, and what it took: one for an engine and its snapshots, until the last of them goes. */
struct pool {
	unsigned int refs;
	size_t bytes; /* in use by all of them */
	uint64_t copied, copied_bytes; /* chunks, because a snapshot has them, too */
	uint64_t torn; /* times that there was no memory for that, and the snapshot's changed */
};

/* NULL: no memory. */
struct pool *pool_new(void);
struct pool *pool_get(struct pool *p);
void pool_put(struct pool *p);

/* Memory with a count of its own, not zeroed; NULL: there is none. The one who asks is the first who refers to it. */
void *block_new(struct pool *p, size_t bytes);
void *block_get(void *block);
bool block_shared(const void *block);
/* True: it was the last one, and the memory is free; NULL is fine. */
bool block_put(struct pool *p, void *block);

struct chunk_kind {
	unsigned int shift; /* 1 << @shift elements a chunk */
	size_t size; /* of an element */
	/* @chunk is another's copy; its last user goes. Each may be NULL. */
	void (*copied)(const void *chunk);
	void (*dropped)(struct pool *p, void *chunk);
	bool raw; /* it need not be zeroed */
};

struct chunks {
	void **chunk; /* to read; NULL: not there yet */
	void **own; /* the same if nobody else refers to it, to write; the engine's only */
	uint32_t nr, max, max_own;
	uint32_t there; /* that are not NULL */
	const struct chunk_kind *kind;
	struct pool *pool;
};

/* The array of a new @kind, empty. What it points to outlives it. */
void chunks_init(struct chunks *c, const struct chunk_kind *kind, struct pool *pool);
void chunks_destroy(struct chunks *c);
/* All memory of it, shared or not; what is beside the pool. */
size_t chunks_bytes(const struct chunks *c);
size_t chunks_bytes_beside(const struct chunks *c);
/* Room for at least @n elements: new ones are zeroed. Returns 0, -ENOMEM. */
int chunks_grow(struct chunks *c, uint32_t n);
/* The same, but a chunk is made when it is written. */
int chunks_reserve(struct chunks *c, uint32_t n);
/*
 * The chunk @i to be written, which own[i] is not: made, or copied. NULL: it was not there, and there is no
 * memory. Without memory for a copy it is written where it is, and pool.torn tells.
 */
void *chunks_own(struct chunks *c, uint32_t i);
/* Would chunks_own() of element @n tear a snapshot, or fail? Then -ENOMEM. */
int chunks_ready(struct chunks *c, uint32_t n);
/* @to, not initialised, is what @from is now, for ever. Returns 0, -ENOMEM: @to is empty. */
int chunks_share(struct chunks *from, struct chunks *to);

/* @shift and @size are those of the kind, as constants. */
static inline const void *chunks_at(const struct chunks *c, uint32_t n, unsigned int shift,
				    size_t size)
{
	return (const char *)c->chunk[n >> shift] + (n & ((1u << shift) - 1)) * size;
}

/* The element must have room. It stays where it is until the next snapshot. */
static inline void *chunks_write(struct chunks *c, uint32_t n, unsigned int shift, size_t size)
{
	char *own = c->own[n >> shift];

	if (__builtin_expect(!own, 0))
		own = chunks_own(c, n >> shift);
	return own + (n & ((1u << shift) - 1)) * size;
}

#endif

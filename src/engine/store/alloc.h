/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_ALLOC_H
#define DAXTOP_ENGINE_STORE_ALLOC_H
/* alloc.h - memory of the engine's tables, and arithmetic that they share. */
#include <stddef.h>
#include <stdint.h>

/*
 * All memory of the engine comes through here (realloc() rules, size > 0), so
 * that tests can make it run out. Released with free().
 */
extern void *(*engine_realloc)(void *p, size_t size);

/* Grows an array to at least @n elements, doubling. *@max: elements there are. */
int array_grow(void **p, uint32_t *max, uint32_t n, size_t size);

static inline int32_t sat32(int64_t v)
{
	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
}

#endif

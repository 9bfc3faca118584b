// SPDX-License-Identifier: GPL-2.0-only
/* alloc.c - memory of the engine's tables */
#include <errno.h>
#include <stdlib.h>
#include "engine/store/alloc.h"

void *(*engine_realloc)(void *p, size_t size) = realloc;

int array_grow(void **p, uint32_t *max, uint32_t n, size_t size)
{
	uint32_t to = *max ? *max : 16;
	void *mem;

	if (n <= *max)
		return 0;
	while (to < n)
		to *= 2;
	mem = engine_realloc(*p, to * size);
	if (!mem)
		return -ENOMEM;
	*p = mem;
	*max = to;
	return 0;
}

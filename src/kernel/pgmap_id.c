// SPDX-License-Identifier: GPL-2.0-only
/*
 * pgmap_id.c - numbers for pgmaps: their addresses, which tell where the kernel's memory lies, go no
 * further than here.
 */
#include <stdlib.h>
#include "internal.h"

/* As many as addresses that pgmaps ever had; one that comes again has the number it had. */
struct pgmap_ids {
	uint64_t *address; /* of number i + 1 */
	uint32_t nr, room, last;
};

struct pgmap_ids *pgmap_ids_new(void)
{
	return calloc(1, sizeof(struct pgmap_ids));
}

void pgmap_ids_free(struct pgmap_ids *p)
{
	if (p)
		free(p->address);
	free(p);
}

uint64_t pgmap_id(struct pgmap_ids *p, uint64_t address)
{
	uint64_t *more;

	if (!address)
		return 0;
	/* most events are about one */
	if (p->last < p->nr && p->address[p->last] == address)
		return p->last + 1;
	for (uint32_t i = 0; i < p->nr; i++)
		if (p->address[i] == address) {
			p->last = i;
			return i + 1;
		}
	if (p->nr == p->room) {
		more = reallocarray(p->address, p->room ? 2 * p->room : 16, sizeof(*more));
		/* not known, then */
		if (!more)
			return 0;
		p->address = more;
		p->room = p->room ? 2 * p->room : 16;
	}
	p->address[p->nr++] = address;
	return p->nr;
}

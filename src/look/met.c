// SPDX-License-Identifier: GPL-2.0-only
/* met.c - which objects were met, and where: a hash table that only grows */
#include <errno.h>
#include <stdlib.h>
#include "met.h"

static struct met *find(const struct met_list *m, uint64_t object)
{
	size_t i = (object * 0x9e3779b97f4a7c15ULL) >> 20;

	for (;; i++) {
		struct met *slot = &m->slots[i & (m->room - 1)];

		if (!slot->object || slot->object == object)
			return slot;
	}
}

static int grow(struct met_list *m)
{
	struct met_list bigger = { .nr = m->nr, .room = m->room ? m->room * 2 : 256 };

	bigger.slots = calloc(bigger.room, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->room; i++)
		if (m->slots[i].object)
			*find(&bigger, m->slots[i].object) = m->slots[i];
	free(m->slots);
	*m = bigger;
	return 0;
}

int met_before(struct met_list *m, uint64_t object, uint64_t where, uint64_t part)
{
	struct met *slot;

	if (m->nr * 2 >= m->room && grow(m))
		return -ENOMEM;
	slot = find(m, object);
	if (slot->object)
		return slot->where != where || slot->part != part;
	*slot = (struct met){ object, where, part };
	m->nr++;
	return 0;
}

void met_free(struct met_list *m)
{
	free(m->slots);
	*m = (struct met_list){ 0 };
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MET_H
#define DAXTOP_MET_H
/* met.h - which objects were met, and where: one that is met twice has its references once */
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct met_list {
	struct met {
		uint64_t object, where, part; /* object 0: free */
	} * slots;
	size_t nr, room; /* room: a power of two */
};

/*
 * Returns 1 if @object was met before at another place, 0 if it is new or was met here, or
 * -ENOMEM. @object is not 0.
 */
int met_before(struct met_list *m, uint64_t object, uint64_t where, uint64_t part);
void met_free(struct met_list *m);

#endif

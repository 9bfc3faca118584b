/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_MR_H
#define DAXTOP_LOOK_MR_H
/* mr.h - pages of RDMA memory regions: mr.c, for rdma.c */
#include <stdbool.h>
#include "held.h"

/* Regions whose pages were read. */
struct mr_list {
	struct mr_id {
		uint32_t tgid;
		uint64_t number;
	} * ids;
	size_t nr;
};

/* Adds the holders that it finds in regions of drivers that it knows. Returns 0 or -errno. */
int look_mr(struct look *l, struct scan *s, struct mr_list *known, look_stop *stop);
bool mr_is_known(const struct mr_list *known, uint32_t tgid, uint64_t number);

#endif

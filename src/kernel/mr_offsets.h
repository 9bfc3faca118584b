/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MR_OFFSETS_H
#define DAXTOP_MR_OFFSETS_H
/* mr_offsets.h - RDMA drivers whose memory regions can be read, and where things stand in their structs */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "look_object.h"

struct btf_names;

struct mr_driver {
	const char *module, *type; /* ... and the struct of its regions */
	uint32_t id; /* enum rdma_driver_id */
};

extern const struct mr_driver mr_drivers[]; /* up to one without a module */

/* It is there now. */
bool mr_driver_there(const struct mr_driver *d);
/* One of them is. */
bool mr_driver_any(void);
/* Fills @o from the types of @d's modules; @types: the kernel's. What keeps them from being known, in @missing; else "". */
void mr_offsets(const struct btf_names *types, const struct mr_driver *d, struct dx_mr_offsets *o,
		char *missing, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_WALK_H
#define DAXTOP_WALK_H
/* walk.h - drives dx_walk() (bpf/walk.bpf.c) over a range of struct pages, piece by piece */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "scan.h"

struct bpf_program;
struct btf_names;

/* Struct pages for one piece: a millisecond or two of a CPU. */
#define WALK_BUDGET 65536u

struct walk {
	struct bpf_program *prog; /* dx_walk */
	const struct dx_folio *found; /* its walk_found */
	uint64_t pgmap;
	int32_t idle; /* refcount of a folio that nobody uses */
	uint64_t pfn, end; /* what is left */
};

/*
 * Is struct page as bpf/ reads it? Returns 0 and where the zone stands in its flags (bits), or -1
 * with a sentence.
 */
int pages_known(const struct btf_names *types, uint32_t *zone_shift, char *err, size_t errlen);
/* Runs dx_init(); it must have found the struct pages. Returns 0, or -1 with a sentence. */
int pages_init(const struct bpf_program *prog, struct dx_init_args *init, char *err, size_t errlen);
/*
 * Walks one piece. Returns 1 with the sums and the folios (w->found[0 .. piece->found - 1])
 * of it, 0 when nothing is left, or -errno.
 */
int walk_next(struct walk *w, struct dx_walk_args *piece);

#endif

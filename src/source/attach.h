/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ATTACH_H
#define DAXTOP_ATTACH_H
/* attach.h - attaches the programs of one probe, all or none */
#include <stddef.h>
#include "probe/probe.h"

struct bpf_object;
struct bpf_link;

struct attachments {
	struct bpf_link *links[PROBE_MAX * PROBE_PROGRAMS];
	size_t nr;
};

/*
 * Tries the candidates in order; sets state, chosen and why of @p. Returns 0 when
 * one is attached, -1 when none could be.
 */
int attach_probe(struct attachments *a, struct bpf_object *obj, struct probe *p);
/* Detaches everything. */
void attachments_drop(struct attachments *a);

#endif

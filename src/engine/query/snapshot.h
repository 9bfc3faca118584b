/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_QUERY_SNAPSHOT_H
#define DAXTOP_ENGINE_QUERY_SNAPSHOT_H
/* snapshot.h - what a snapshot is made of: an engine that is fed nothing. */
#include "engine/judge/finding.h"

struct snapshot {
	/* Tables that it shares with the engine, copies of the small ones; the rest is zero. */
	struct engine e;
	struct finding_table findings; /* e.findings is this */
	unsigned int refs;
	size_t bytes; /* beside the chunks */
	uint64_t torn; /* pool.torn when it was taken */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_SCAN_H
#define DAXTOP_CMD_SCAN_H
/* scan.h - what the command line of daxtop scan says */
#include "cmd/command.h"

struct scan_options {
	struct options o;
	uint64_t pfn_first, pfn_last; /* both 0: all */
	int32_t min_refs;
	uint64_t older_than_ns; /* 0: of any age */
	bool pinned;
	bool no_holders;
};

#endif

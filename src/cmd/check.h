/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_CHECK_H
#define DAXTOP_CMD_CHECK_H
/* check.h - what the command line of daxtop check says */
#include "cmd/command.h"

struct check_options {
	struct options o;
	uint32_t rules; /* 1 << enum dx_rule: to judge */
	uint32_t ignored;
	bool rules_named; /* the user named them */
	bool only_proven;
	uint32_t exercised; /* 1 << enum dx_rule: must have been exercised */
	bool some_exercised; /* ... and one of all, whichever */
	int error_exitcode; /* for findings, 1 to 255 */
	uint64_t settle_ns;
	bool ktap;
};

#endif

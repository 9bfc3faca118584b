/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_RULES_H
#define DAXTOP_CMD_RULES_H
/* rules.h - what the command line of daxtop rules says */
#include "cmd/command.h"

struct rules_options {
	struct options o;
	uint32_t named; /* 1 << enum dx_rule: to explain; 0: list all */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_TRACE_H
#define DAXTOP_CMD_TRACE_H
/* trace.h - what the command line of daxtop trace says */
#include "cmd/command.h"

struct trace_options {
	struct options o;
	bool stack;
};

#endif

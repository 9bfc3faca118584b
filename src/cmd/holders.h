/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_HOLDERS_H
#define DAXTOP_CMD_HOLDERS_H
/* holders.h - what the command line of daxtop holders says */
#include "cmd/command.h"
#include "target.h"

struct holders_options {
	struct options o;
	struct target what;
};

#endif

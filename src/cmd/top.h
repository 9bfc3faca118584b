/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_TOP_H
#define DAXTOP_CMD_TOP_H
/* top.h - what the command line of daxtop top says */
#include "cmd/command.h"
#include "view/screen.h"

struct top_options {
	struct options o;
	enum screen_sort sort;
	bool batch;
	bool no_color; /* --no-color, or NO_COLOR in the environment */
};

#endif

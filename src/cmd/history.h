/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CMD_HISTORY_H
#define DAXTOP_CMD_HISTORY_H
/* history.h - what the command line of daxtop history says */
#include "cmd/command.h"
#include "folio_spec.h"

struct history_options {
	struct options o;
	struct folio_spec *folios; /* freed with the options */
	size_t nr_folios;
};

#endif

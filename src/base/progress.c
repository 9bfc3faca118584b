// SPDX-License-Identifier: GPL-2.0-only
/* progress.c - "attaching ..." */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/progress.h"

#define SILENT_NS 500000000ULL

static uint64_t begun; /* ns, 0: no start is under way */
static bool shown, rewrites;

void progress_begin(void)
{
	const char *term = getenv("TERM");

	begun = isatty(STDERR_FILENO) ? clock_now() : 0;
	rewrites = term && *term && strcmp(term, "dumb");
	shown = false;
}

void progress_step(const char *what, size_t n, size_t of)
{
	if (!begun || clock_now() - begun < SILENT_NS)
		return;
	/* a terminal that can't go back gets one line */
	if (!rewrites) {
		if (!shown)
			fputs("daxtop: attaching ...\n", stderr);
	} else if (of) {
		fprintf(stderr, "\rattaching ... %s, %zu of %zu\033[K", what, n, of);
	} else {
		fprintf(stderr, "\rattaching ... %s\033[K", what);
	}
	fflush(stderr);
	shown = true;
}

void progress_end(void)
{
	if (begun && shown && rewrites) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	begun = 0;
}

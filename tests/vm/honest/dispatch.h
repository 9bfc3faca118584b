/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HONEST_DISPATCH_H
#define HONEST_DISPATCH_H
/* dispatch.h - hands out the work; not for those who do it. */
#include "honest.h"

#define MAX_JOBS 16

struct dispatch_options {
	unsigned int seconds, jobs;
	uint64_t seed;
	bool verbose;
	const struct kind *const *kinds;
	unsigned int nr_kinds;
};

/* Works until the time is over, and waits for what was begun. */
void dispatch(const struct dispatch_options *o);
/* This kind is to be done at this place (an index). */
bool dispatch_wants(const struct kind *k, unsigned int place);

#endif

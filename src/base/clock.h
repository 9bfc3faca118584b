/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CLOCK_H
#define DAXTOP_CLOCK_H
/* clock.h - the clock that records carry: bpf_ktime_get_ns() is CLOCK_MONOTONIC */
#include <stdint.h>
#include <time.h>

/* ns */
static inline uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

#endif

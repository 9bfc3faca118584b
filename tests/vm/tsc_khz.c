// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsc_khz - prints how fast this machine's time stamp counter runs, in kHz.
 *
 * The guest's is the host's (QEMU without -icount), and a guest that measures it while
 * its host is busy gets it wrong, by a factor of three at times: its seconds are then as wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define MEASURE_NS 50000000

struct moment {
	uint64_t ns, tsc;
};

/* Both at once: of several tries the one with the least time between. */
static struct moment moment_now(void)
{
	struct moment best = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		uint64_t before = __rdtsc(), after;
		struct timespec t;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		best = (struct moment){ t.tv_sec * 1000000000ull + t.tv_nsec, before + least / 2 };
	}
	return best;
}

int main(void)
{
	struct moment a = moment_now(), b;

	do
		b = moment_now();
	while (b.ns - a.ns < MEASURE_NS);
	printf("%llu\n", (unsigned long long)((b.tsc - a.tsc) * 1000000 / (b.ns - a.ns)));
	return 0;
}

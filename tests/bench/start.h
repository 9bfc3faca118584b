/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_BENCH_START_H
#define DAXTOP_BENCH_START_H
/*
 * start.h - what start_shim.so, inside the measured process, tells bench_start: one record
 * for each call that begins or ends a phase, in a file that both have mapped. Nothing has
 * to be written when the process ends, so its end is not measured with that.
 */
#include <stdint.h>
#include <time.h>

#define START_LOG   "DAXTOP_START_LOG" /* environment: the file */
#define START_CALLS 16384
#define START_NAME  32

enum start_what {
	START_MAIN = 1, /* the dynamic linker is done */
	START_OPEN, /* libbpf reads or relocates an object */
	START_MAP, /* BPF_MAP_CREATE, BPF_MAP_FREEZE, BPF_BTF_LOAD */
	START_LOAD, /* BPF_PROG_LOAD */
	START_LINK, /* BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN */
	START_UNLINK, /* close() of what that returned */
};

struct start_call {
	uint64_t begin, end; /* ns */
	uint32_t what;
	int32_t result; /* a file descriptor or -1 */
	uint32_t insns; /* of the program */
	uint32_t pid;
	char name[START_NAME]; /* the program's */
};

struct start_log {
	uint32_t nr; /* may exceed START_CALLS: then calls are missing */
	struct start_call calls[START_CALLS];
};

static inline uint64_t start_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PERF_SOURCE_H
#define DAXTOP_PERF_SOURCE_H
/* perf_source.h - loads and attaches what counts in the kernel (bpf/perf/), and reads the counts */
#include <stddef.h>
#include <stdint.h>
#include "model/probe.h"
#include "perf.h"

struct perf_source;

/*
 * Loads and attaches. @max_keys: of which so many are counted apart, all others together. Returns NULL with a sentence
 * (no newline) in @err that says what to do; nothing stays attached then. The process must have
 * passed preflight().
 */
struct perf_source *perf_source_open(uint32_t max_keys, char *err, size_t errlen);
/* Lets go of the programs; the counts stay readable. */
void perf_source_detach(struct perf_source *s);
void perf_source_close(struct perf_source *s); /* NULL is fine */

enum regime perf_source_regime(const struct perf_source *s);
/* Calls @fn for each thing that is not counted on this kernel, with the reason. */
void perf_source_gaps(const struct perf_source *s,
		      void (*fn)(void *arg, const char *what, const char *why), void *arg);
/* How many of the things that can be counted are. */
void perf_source_attached(const struct perf_source *s, unsigned int *attached, unsigned int *all);

/* Each key with its sums over all CPUs. Returns 0, -errno, or what @fn returns unless that is 0. */
int perf_source_each(const struct perf_source *s,
		     int (*fn)(void *arg, const struct perf_key *k, const struct perf_value *v),
		     void *arg);
/* What there was no room for: @v has PERF_WHAT_NR of them. Returns 0 or -errno. */
int perf_source_others(const struct perf_source *s, struct perf_value *v);
/* Runs of the programs that the kernel skipped: each may be something that was not counted. */
uint64_t perf_source_missed(const struct perf_source *s);
/* Names as they were when something was counted first. Return 0 or -ENOENT. */
int perf_source_comm(const struct perf_source *s, uint32_t tgid, char comm[16]);
int perf_source_file(const struct perf_source *s, const struct perf_key *k, struct perf_file_at *at);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* tally.c - what a job counts, how it fails, its time and its chance. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "honest.h"

struct job job;

static __thread uint64_t rnd_state;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void rnd_seed(uint64_t seed)
{
	rnd_state = seed;
}

unsigned int rnd(unsigned int n)
{
	/* splitmix64 */
	uint64_t z = rnd_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (unsigned int)((z ^ (z >> 31)) % n);
}

bool one_in(unsigned int n)
{
	return !rnd(n);
}

void pause_us(unsigned int us)
{
	struct timespec t = { us / 1000000, (long)(us % 1000000) * 1000 };

	nanosleep(&t, NULL);
}

void pause_rnd(unsigned int us)
{
	pause_us(rnd(us + 1));
}

bool job_on(void)
{
	static __thread bool asked;

	/* Everything that was begun is done once, by each thread, however slow we are. */
	if (!asked) {
		asked = true;
		return true;
	}
	return now_ns() < job.end;
}

void job_did(void)
{
	__atomic_fetch_add(&shared->done[job.nr][job.place - shared->places], 1, __ATOMIC_RELAXED);
}

void job_fail(const char *fmt, ...)
{
	char text[800];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (job.kind)
		fprintf(stderr, "honest: %s on %s: %s\n", job.kind->name, job.place->name, text);
	else
		fprintf(stderr, "honest: %s\n", text);
	/* Not exit(): buffers are the parent's as well. */
	_exit(1);
}

long call_check(long ret, const char *text, const char *file, int line, const int *allowed)
{
	int err = errno;

	if (ret >= 0)
		return ret;
	for (; *allowed; allowed++) {
		if (*allowed != err)
			continue;
		if (err < MAX_ERRNO)
			__atomic_fetch_add(&shared->errors[job.nr][err], 1, __ATOMIC_RELAXED);
		errno = err;
		return ret;
	}
	job_fail("%s: %s (%s:%d)", text, strerror(err),
		 strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
}

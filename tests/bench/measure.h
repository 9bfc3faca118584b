/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_BENCH_MEASURE_H
#define DAXTOP_BENCH_MEASURE_H
/*
 * measure.h - loops that are timed in batches, and the process that reads the events.
 *
 * The reader (--reader) is stopped while a loop runs, so the loop's time is what the
 * one who does the operations pays; there is one CPU. What the reader runs
 * afterwards because of the loop is counted apart.
 *
 * A batch that took much more than the median (of many operations a quarter, of a single
 * one 5 %) had something else in it, a kernel thread or a timer's tick, and is left
 * out; the figure is the mean of the others, and they must be three quarters at least.
 */
#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SETTLE_NS   1000000000ll
#define BATCHES_MAX 4096

static pid_t reader; /* 0: none */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void wait_ns(long long ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (nanosleep(&t, &t))
		;
}

static unsigned long minor_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt;
}

/* ns that all its threads ran (Documentation/scheduler/sched-stats.rst). */
static uint64_t reader_ns(void)
{
	char path[300];
	uint64_t sum = 0;
	struct dirent *d;
	DIR *dir;

	if (!reader)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", reader);
	dir = opendir(path);
	if (!dir)
		err(2, "the reader, process %d, has ended", reader);
	while ((d = readdir(dir))) {
		unsigned long long ns;
		FILE *f;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", reader, d->d_name);
		f = fopen(path, "re");
		if (!f || fscanf(f, "%llu", &ns) != 1)
			err(2, "%s can't be read", path);
		sum += ns;
		fclose(f);
	}
	closedir(dir);
	return sum;
}

static char reader_state(void)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", reader);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		err(2, "%s can't be read", path);
	fclose(f);
	return state;
}

/* What it runs in a second of nothing to do. */
static uint64_t reader_idle_ns(void)
{
	uint64_t before = reader_ns();

	wait_ns(SETTLE_NS);
	return reader_ns() - before;
}

struct measure {
	uint64_t start; /* of the batch */
	unsigned int nr; /* batches */
	unsigned int ops; /* operations of a batch */
	uint64_t idle, reader; /* ns of the reader: in a second, because of the loop */
	uint64_t ns[BATCHES_MAX];
};

static void measure_add(struct measure *m, uint64_t ns)
{
	if (m->nr == BATCHES_MAX)
		errx(2, "more than %d batches", BATCHES_MAX);
	m->ns[m->nr++] = ns;
}

static void reader_stop(struct measure *m)
{
	uint64_t last;

	if (!reader)
		return;
	/* earlier work first */
	do {
		last = m->idle;
		m->idle = reader_idle_ns();
	} while (!last || m->idle * 10 < last * 9);
	if (kill(reader, SIGSTOP))
		err(2, "the reader can't be stopped");
	while (reader_state() != 'T')
		wait_ns(1000000);
	wait_ns(10000000);
	m->reader = reader_ns();
}

/* Until it has nothing more to do because of the loop; it may have more to do by itself now. */
static void reader_go_on(struct measure *m)
{
	uint64_t seconds = 0, ns = 0, last;

	if (!reader)
		return;
	if (kill(reader, SIGCONT))
		err(2, "the reader can't be continued");
	do {
		last = ns;
		ns = reader_idle_ns();
		seconds++;
	} while (ns > m->idle + m->idle / 10 + 100000 &&
		 (!last || ns > SETTLE_NS / 2 || ns * 10 < last * 9));
	m->reader = reader_ns() - m->reader - seconds * m->idle;
}

/* Fresh memory, and no page fault of its own later on. */
static void measure_init(struct measure *m, unsigned int ops)
{
	memset(m, 1, sizeof(*m));
	memset(m, 0, sizeof(*m));
	m->start = now();
	measure_add(m, now() - m->start);
	minor_faults();
	m->nr = 0;
	m->ops = ops;
}

static void batch_begin(struct measure *m)
{
	m->start = now();
}

static void batch_end(struct measure *m)
{
	measure_add(m, now() - m->start);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *name, struct measure *m)
{
	uint64_t sum = 0, limit;
	unsigned int kept = 0;

	qsort(m->ns, m->nr, sizeof(m->ns[0]), compare);
	limit = m->ns[m->nr / 2] + m->ns[m->nr / 2] / (m->ops > 1 ? 4 : 20);
	while (kept < m->nr && m->ns[kept] <= limit)
		sum += m->ns[kept++];
	if (kept < m->nr / 4 * 3)
		errx(2, "%s: only %u of %u batches were undisturbed", name, kept, m->nr);
	printf("%s %.2f %.2f\n", name, (double)sum / kept / m->ops,
	       (double)(int64_t)m->reader / m->nr / m->ops);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_bench.c - how fast the engine takes events from memory, and what it
 * keeps. Prints tables; judges nothing.
 *
 * The stream is what a kernel would report: every folio has a state, a random
 * one takes its next step (fault, pins and unpins, unmap, free), and the
 * samples are the true counts. Four CPUs' events arrive up to SKEW_NS out of order.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "engine/engine.h"
#include "view/model.h"
#include "../records.h"

#define STEP_NS	  100
#define SKEW_NS	  300 /* from a program's time stamp to its place in the ring */
#define WINDOW_NS 1000000
#define TASKS	  512
#define FIRST_PFN 0x140000ull
#define NOPAGE	  0x100

struct page {
	uint8_t inserted, mapped, pins;
	uint32_t holder;
};

static uint64_t seed;
static uint32_t running[4];

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) * n >> 32;
}

/* CPU time: what others do on the machine counts less */
static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static size_t rss(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	return resident * sysconf(_SC_PAGESIZE);
}

static void die(const char *what)
{
	fprintf(stderr, "engine_bench: %s: out of memory\n", what);
	exit(1);
}

static void set_task(struct dx_event *ev, uint32_t task)
{
	ev->tgid = 1000 + task;
	ev->pid = 1000 + task;
	snprintf(ev->comm, sizeof(ev->comm), "worker/%u", task);
}

/* The next thing that happens to a page; @down: only what leads back to idle. */
static bool page_step(struct page *p, uint64_t i, uint64_t time, bool down, struct dx_event *ev)
{
	int32_t ref = p->mapped + p->pins * GUP_PIN_COUNTING_BIAS;
	uint32_t choice = rnd(8);

	*ev = (struct dx_event){
		.time = time,
		.cpu = rnd(4),
		.pfn = FIRST_PFN + i,
		.pgmap = 0xffff888100000000ull,
		.pgmap_type = 3,
		.nr = 1,
		.refcount = ref,
		.mapcount = p->mapped,
		.pincount = p->pins,
		.stack = -1,
	};
	/* a CPU runs a task for a while */
	if (!rnd(32))
		running[ev->cpu] = rnd(TASKS);
	set_task(ev, running[ev->cpu]);
	if (!p->mapped && ref == 0 && p->inserted == 2) {
		/* the put that made it free */
		ev->type = DX_FREE;
		p->inserted = 1;
	} else if (!p->mapped) {
		if (down)
			return false;
		ev->type = DX_FAULT;
		ev->flags = DX_F_INSTALL | DX_F_WRITE | (p->inserted ? 0 : DX_F_INSERT);
		ev->ret = NOPAGE;
		ev->since = 300;
		ev->ref_install = 1;
		ev->refcount = ev->mapcount = 1;
		ev->dev = 259 << 20;
		ev->ino = 12 + (i >> 12);
		ev->index = i & 4095;
		p->inserted = 1;
		p->mapped = 1;
	} else if (p->pins && (choice < 5 || down)) {
		ev->type = DX_UNPIN;
		/* half of the unpins come from softirq on an idle CPU */
		if (rnd(2))
			set_task(ev, p->holder);
		else
			ev->tgid = ev->pid = 0;
		p->pins--;
	} else if (p->pins < 2 && choice < 4 && !down) {
		ev->type = DX_PIN;
		p->holder = ev->tgid - 1000;
		p->pins++;
		ev->refcount += GUP_PIN_COUNTING_BIAS;
		ev->pincount++;
		ev->stack = rnd(100);
	} else if (!p->pins) {
		ev->type = DX_UNMAP;
		p->mapped = 0;
		p->inserted = 2;
	} else {
		ev->type = DX_UNPIN;
		p->pins--;
	}
	return true;
}

static int by_arrival(const void *a, const void *b)
{
	const struct dx_event *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* A stream that leaves every page as it found it, so that it can be repeated. */
static struct dx_event *stream_make(uint64_t folios, size_t n, size_t *made, uint64_t *span)
{
	struct dx_event *ev = malloc(n * sizeof(*ev));
	struct page *page = calloc(folios, sizeof(*page));
	uint64_t time = 1000000, i;
	size_t at = 0;

	if (!ev || !page)
		die("the stream");
	while (at + 8 * folios < n) {
		i = rnd(folios);
		if (page_step(&page[i], i, time, false, &ev[at])) {
			at++;
			time += STEP_NS;
		}
	}
	for (i = 0; i < folios; i++) {
		while (page_step(&page[i], i, time, true, &ev[at])) {
			at++;
			time += STEP_NS;
		}
	}
	/* @addr is free in these events: when it arrives */
	for (i = 0; i < at; i++)
		ev[i].addr = ev[i].time + rnd(SKEW_NS);
	qsort(ev, at, sizeof(*ev), by_arrival);
	free(page);
	*made = at;
	*span = time;
	return ev;
}

static void stream_shift(struct dx_event *ev, size_t n, uint64_t span, uint32_t tasks)
{
	for (size_t i = 0; i < n; i++) {
		ev[i].time += span;
		/* the entries are in the file now */
		ev[i].flags &= ~DX_F_INSERT;
		if (ev[i].tgid) {
			ev[i].tgid += tasks;
			ev[i].pid += tasks;
		}
	}
}

static struct engine *engine_make_rules(size_t history, bool rules)
{
	struct engine_options o = {
		.history_bytes = history,
		.window_ns = WINDOW_NS,
		.no_rules = !rules,
	};
	struct engine *e = engine_new(&o);

	if (!e)
		die("an engine");
	return e;
}

static struct engine *engine_make(size_t history)
{
	return engine_make_rules(history, true);
}

static double feed(struct engine *e, const struct dx_event *ev, size_t n)
{
	double start = now_s();

	for (size_t i = 0; i < n; i++)
		if (put_event(e, &ev[i], sizeof(ev[i])))
			die("the engine");
	return now_s() - start;
}

static void bench_rate(uint64_t folios, size_t events, size_t history, int passes)
{
	struct engine *e = engine_make_rules(history, false);
	struct engine_stats before, st;
	struct dx_event *ev;
	double best = 0, sum = 0, t;
	uint64_t span;
	size_t n;

	seed = 88172645463325252ull;
	ev = stream_make(folios, events, &n, &span);
	/* the first pass makes the folios */
	feed(e, ev, n);
	engine_stats_get(e, &before);
	for (int i = 0; i < passes; i++) {
		stream_shift(ev, n, span, 0);
		t = feed(e, ev, n);
		sum += t;
		if (!best || t < best)
			best = t;
	}
	engine_stats_get(e, &st);
	printf("%9llu  %8.1f MiB  %9.2f  %9.2f  %7.2f  %6llu\n", (unsigned long long)folios,
	       history / 1048576.0, n / best / 1e6, n * passes / sum / 1e6,
	       (double)(st.steps + st.steps_dropped - before.steps - before.steps_dropped) /
		       (st.events - before.events),
	       (unsigned long long)st.late);
	fflush(stdout);
	engine_free(e);
	free(ev);
}

static int count_finding(const struct engine_finding *f, void *arg)
{
	(void)f;
	++*(unsigned int *)arg;
	return 0;
}

/* The same events to an engine that judges and to one that does not, by turns. */
static void bench_rules(uint64_t folios, size_t events, size_t history, int passes)
{
	struct engine *e[2] = { engine_make_rules(history, false), engine_make_rules(history, true) };
	double best[2] = { 0, 0 }, t;
	unsigned int findings = 0;
	struct dx_event *ev;
	uint64_t span;
	size_t n;

	seed = 88172645463325252ull;
	ev = stream_make(folios, events, &n, &span);
	for (int i = -1; i < passes; i++) {
		if (i >= 0)
			stream_shift(ev, n, span, 0);
		for (int k = 0; k < 2; k++) {
			/* who comes first changes */
			int which = k ^ (i & 1);

			t = feed(e[which], ev, n);
			/* the first pass makes the folios */
			if (i >= 0 && (best[which] == 0 || t < best[which]))
				best[which] = t;
		}
	}
	engine_findings(e[1], count_finding, &findings);
	printf("%9llu  %8.1f MiB  %9.2f  %9.2f  %5.1f %%  %8u\n", (unsigned long long)folios,
	       history / 1048576.0, n / best[0] / 1e6, n / best[1] / 1e6, 100 * best[0] / best[1],
	       findings);
	fflush(stdout);
	engine_free(e[0]);
	engine_free(e[1]);
	free(ev);
}

static void bench_folios(uint64_t max)
{
	struct engine *e = engine_make(0);
	struct engine_stats st;
	struct dx_event ev;
	double worst = 0, each = 0;
	uint64_t worst_at = 0;

	for (uint64_t i = 0; i < max; i++) {
		ev = (struct dx_event){
			.type = DX_FAULT,
			.time = i,
			.pfn = FIRST_PFN + i,
			.pgmap = 1,
			.pgmap_type = 3,
			.nr = 1,
			.refcount = 1,
			.mapcount = 1,
			.flags = DX_F_INSERT | DX_F_INSTALL,
			.ref_install = 1,
			.ino = 12,
			.index = i,
			.dev = 1,
			.stack = -1,
		};
		if (put_event(e, &ev, sizeof(ev)))
			die("the engine");
		if (i < 65536 || i % 64)
			continue;
		put_time(e, UINT64_MAX);
		engine_stats_get(e, &st);
		each = (double)st.bytes_folios / st.folios[0];
		if (each > worst) {
			worst = each;
			worst_at = st.folios[0];
		}
	}
	put_time(e, UINT64_MAX);
	engine_stats_get(e, &st);
	printf("%9llu  %5.2f  (worst from 65,536 on: %.2f at %llu)\n",
	       (unsigned long long)st.folios[0], (double)st.bytes_folios / st.folios[0], worst,
	       (unsigned long long)worst_at);
	engine_free(e);
}

static void bench_memory(size_t history, uint64_t folios, size_t events, const uint64_t *at,
			 int points)
{
	struct engine *e = engine_make(history);
	struct engine_stats st;
	struct dx_event *ev;
	uint64_t span, done = 0;
	size_t n, i = 0, base;

	seed = 88172645463325252ull;
	ev = stream_make(folios, events, &n, &span);
	base = rss();
	for (int p = 0; p < points; p++) {
		while (done < at[p]) {
			if (i == n) {
				/* every repetition comes from other processes */
				stream_shift(ev, n, span, TASKS);
				i = 0;
			}
			if (put_event(e, &ev[i++], sizeof(*ev)))
				die("the engine");
			done++;
		}
		engine_stats_get(e, &st);
		printf("%11llu  %10.2f MiB  %10.2f MiB  %10.2f MiB  %9llu  %11llu\n",
		       (unsigned long long)done, st.bytes_all / 1048576.0,
		       st.bytes_history / 1048576.0, (double)(rss() - base) / 1048576.0,
		       (unsigned long long)st.steps, (unsigned long long)st.steps_dropped);
		fflush(stdout);
	}
	engine_free(e);
	free(ev);
}

static int count_folio(const struct engine_folio *f, void *arg)
{
	*(uint64_t *)arg += f->refcount;
	return 0;
}

/*
 * A picture of the screen while events go on: what a snapshot takes, what the picture does, and what the engine
 * copies for it. To compare with on any machine: a walk through all folios, and the events of a second.
 */
static void bench_frame(uint64_t folios, size_t events)
{
	static const size_t burst = 10000;
	struct screen_options so = { .delay_ms = 1000 };
	struct screen_info info = { .version = "", .kernel = "", .regime = "current", .time = "" };
	struct engine *e = engine_make_rules(16 << 20, true);
	struct model *m = model_new(&so);
	double take = 0, draw = 0, best = 0, walk = 0, fed = 0, t;
	struct engine_stats before, after;
	const struct snapshot *snap;
	uint64_t sum = 0, span;
	struct dx_event *ev;
	size_t n, i, frames = 0;

	seed = 88172645463325252ull;
	ev = stream_make(folios, events, &n, &span);
	if (!m)
		die("the screen");
	/* with all folios there, most of them in use */
	feed(e, ev, n / 2);
	engine_stats_get(e, &before);
	for (i = n / 2; frames < 10 && i + burst < n; i += burst, frames++) {
		fed += feed(e, ev + i, burst);
		t = now_s();
		snap = snapshot_take(e);
		take += now_s() - t;
		t = now_s();
		if (!snap || model_draw(m, snap, &info, 50, 160))
			die("a picture");
		t = now_s() - t;
		draw += t;
		if (!best || t < best)
			best = t;
		t = now_s();
		snapshot_folios(snap, ENGINE_FOLIO_ALL, count_folio, &sum);
		walk += now_s() - t;
		snapshot_put(snap);
	}
	engine_stats_get(e, &after);
	printf("%9llu  %8.2f  %8.2f  %8.2f  %8.2f  %9.2f  %9.1f  %8.2f\n",
	       (unsigned long long)(after.folios[0]), 1000 * take / frames, 1000 * best,
	       1000 * draw / frames, 1000 * walk / frames, draw / walk,
	       (double)(after.chunks_copied - before.chunks_copied) / frames, 1000 * fed / frames);
	fflush(stdout);
	model_free(m);
	engine_free(e);
	free(ev);
}

int main(int argc, char **argv)
{
	static const uint64_t full[] = { 1000000, 10000000, 100000000 };
	static const uint64_t quick_at[] = { 100000, 1000000, 3000000 };
	bool quick = argc > 1 && !strcmp(argv[1], "--quick");
	size_t history = 16 << 20;
	int passes = quick ? 2 : 5;

	if (argc > 2 || (argc == 2 && !quick)) {
		fprintf(stderr, "engine_bench: the only option is --quick\n");
		return 2;
	}
	/* first: nothing freed by the others is used again, so the process' memory tells */
	printf("Memory, 65,536 folios, 16 MiB of history\n");
	printf("     events          engine         history         process      steps"
	       "      dropped\n");
	bench_memory(history, 65536, quick ? 1500000 : 4000000, quick ? quick_at : full, 3);
	printf("\nMillion events a second of CPU time, one core: "
	       "faults, pins, unpins, unmaps, frees; no rules\n");
	printf("   folios       history       best       mean  steps/e    late\n");
	bench_rate(65536, quick ? 1500000 : 4000000, history, passes);
	bench_rate(65536, quick ? 1500000 : 4000000, 0, passes);
	if (!quick) {
		bench_rate(1048576, 16000000, history, passes);
		bench_rate(1048576, 16000000, 0, passes);
	}
	printf("\nThe same without and with all rules\n"
	       "   folios       history    without       with   ratio  findings\n");
	bench_rules(65536, quick ? 1500000 : 4000000, history, passes);
	bench_rules(65536, quick ? 1500000 : 4000000, 0, passes);
	if (!quick)
		bench_rules(1048576, 16000000, history, passes);
	printf("\nA picture of the screen, ms of CPU time, 10,000 events before each\n"
	       "   folios  snapshot      best      mean      walk    to walk     copied    events\n");
	bench_frame(quick ? 65536 : 1048576, quick ? 1500000 : 16000000);
	printf("\nBytes a folio without history\n   folios  bytes\n");
	bench_folios(quick ? 131072 : 1048576);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* dispatch.c - who does what where: first every pair of kind and place, then by chance. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dispatch.h"

/* Under emulation, with everything traced, a job has been seen to take 10 s. */
#define HUNG_NS 150000000000ull

/* The first pass, at most, beyond the time that was asked for: only a hang takes so long. */
#define FIRST_PASS_NS 300000000000ull

/* The time of a job, at most. */
#define SLICE_NS 400000000ull

struct pair {
	unsigned int kind, place;
};

static struct {
	const struct dispatch_options *o;
	struct pair *pairs;
	unsigned int nr_pairs, next; /* in the first pass: the next to be done */
	uint64_t end; /* ns */
	unsigned int busy[NR_PLACES]; /* jobs there */
	struct pair alone; /* waits for its place to be empty */
	bool alone_waits, alone_runs;
	struct {
		pid_t pid; /* 0: free */
		struct pair pair;
		uint64_t begun;
	} slots[MAX_JOBS];
	uint64_t jobs; /* begun */
} d;

bool dispatch_wants(const struct kind *k, unsigned int place)
{
	return shared->places[place].path[0] && k->at & shared->places[place].bit;
}

static bool pair_alone(const struct pair *pair)
{
	return d.o->kinds[pair->kind]->flags & KIND_ALONE;
}

static void pairs_swap(unsigned int i, unsigned int j)
{
	struct pair swap = d.pairs[i];

	d.pairs[i] = d.pairs[j];
	d.pairs[j] = swap;
}

static void pairs_make(void)
{
	unsigned int k, p, i;

	d.pairs = calloc(d.o->nr_kinds * NR_PLACES + 1, sizeof(*d.pairs));
	if (!d.pairs)
		job_fail("out of memory");
	for (k = 0; k < d.o->nr_kinds; k++)
		for (p = 0; p < NR_PLACES; p++)
			if (dispatch_wants(d.o->kinds[k], p))
				d.pairs[d.nr_pairs++] = (struct pair){ k, p };
	if (!d.nr_pairs)
		job_fail("there is nothing to do; is DAX here, and see --list");
	for (i = d.nr_pairs - 1; i > 0; i--)
		pairs_swap(i, rnd(i + 1));
	/* Those that want a place for themselves come one after the other: not all at the end. */
	for (i = 0, k = 0; i < d.nr_pairs; i++)
		if (pair_alone(&d.pairs[i]) && 3 * k++ < i)
			pairs_swap(i, 3 * (k - 1));
}

static bool place_closed(unsigned int place)
{
	return (d.alone_waits || d.alone_runs) && d.alone.place == place;
}

/* The next work, or false: nothing can be begun now. */
static bool pair_next(struct pair *pair)
{
	unsigned int tries;

	if (d.alone_waits && !d.busy[d.alone.place]) {
		*pair = d.alone;
		d.alone_waits = false;
		d.alone_runs = true;
		return true;
	}
	for (tries = 0; tries < 20; tries++) {
		bool first = d.next < d.nr_pairs;
		unsigned int at = first ? d.next : rnd(d.nr_pairs), swap;

		*pair = d.pairs[at];
		if (!shared->places[pair->place].path[0]) {
			d.next += first; /* it is lost, see job_ended() */
			continue;
		}
		if ((d.o->kinds[pair->kind]->flags & KIND_FEW) &&
		    shared->started[pair->kind][pair->place] >= FEW_TIMES)
			continue;
		if (place_closed(pair->place) ||
		    (pair_alone(pair) && (d.alone_waits || d.alone_runs))) {
			/* Later; something else now. */
			if (first && d.nr_pairs - d.next > 1) {
				swap = d.next + 1 + rnd(d.nr_pairs - d.next - 1);
				d.pairs[d.next] = d.pairs[swap];
				d.pairs[swap] = *pair;
			}
			continue;
		}
		if (first)
			d.next++;
		if (pair_alone(pair)) {
			d.alone = *pair;
			d.alone_waits = !!d.busy[pair->place];
			d.alone_runs = !d.alone_waits;
			if (d.alone_waits)
				continue;
		}
		return true;
	}
	return false;
}

/* ns for the next job. In the first pass they share the time that is left, and take longer
 * than they are told. */
static uint64_t slice_get(void)
{
	uint64_t now = now_ns(), left = d.end > now ? d.end - now : 0, slice = SLICE_NS;

	if (d.next < d.nr_pairs)
		slice = left * d.o->jobs / (d.nr_pairs - d.next) / 8;
	return slice < SLICE_NS ? slice : SLICE_NS;
}

static void job_run(const struct pair *pair, uint64_t seed)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, d.o->kinds[pair->kind]->name);
	job = (struct job){ .kind = d.o->kinds[pair->kind],
			    .nr = pair->kind,
			    .place = &shared->places[pair->place] };
	rnd_seed(seed);
	bus_handle();
	job.end = now_ns() + slice_get();
	job.kind->run();
	_exit(0);
}

static void job_begin(unsigned int slot, const struct pair *pair)
{
	uint64_t seed = d.o->seed * 1000003 + ++d.jobs * 7919;
	pid_t pid;

	if (d.o->verbose)
		fprintf(stderr, "honest: job %llu: %s on %s\n", (unsigned long long)d.jobs,
			d.o->kinds[pair->kind]->name, shared->places[pair->place].name);
	if (pair_alone(pair) && shared->places[pair->place].fs)
		pool_release(pair->place);
	shared->started[pair->kind][pair->place]++;
	pid = fork();
	if (!pid)
		job_run(pair, seed);
	must(pid);
	d.slots[slot].pid = pid;
	d.slots[slot].pair = *pair;
	d.slots[slot].begun = now_ns();
	d.busy[pair->place]++;
}

static void job_ended(unsigned int slot, int status)
{
	struct pair *pair = &d.slots[slot].pair;

	if (WIFSIGNALED(status))
		fprintf(stderr, "honest: %s on %s: was ended by signal %d (%s)\n",
			d.o->kinds[pair->kind]->name, shared->places[pair->place].name,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (status)
		shared->failures++;
	/* What it left: of a job that failed. */
	kill(-d.slots[slot].pid, SIGKILL);
	if (pair_alone(pair)) {
		d.alone_runs = false;
		/* A place that did not come back is lost for the rest of the run. */
		if (status)
			shared->places[pair->place].path[0] = 0;
		else if (shared->places[pair->place].fs)
			pool_anchor(pair->place);
	}
	d.busy[pair->place]--;
	d.slots[slot].pid = 0;
}

/* Prints where the processes of a job's group sleep. */
static void group_show(pid_t group)
{
	char line[200];

	snprintf(line, sizeof(line),
		 "for p in /proc/[0-9]*; do read -r s <$p/stat && set -- $s && [ $5 = %d ] && "
		 "echo \"$s\" | cut -c1-60 && cat $p/stack; done >&2 2>/dev/null",
		 group);
	if (system(line))
		return;
}

static void hung_look(void)
{
	unsigned int i;

	for (i = 0; i < d.o->jobs; i++) {
		if (!d.slots[i].pid || now_ns() - d.slots[i].begun < HUNG_NS)
			continue;
		fprintf(stderr, "honest: %s on %s hangs; its processes:\n",
			d.o->kinds[d.slots[i].pair.kind]->name,
			shared->places[d.slots[i].pair.place].name);
		group_show(d.slots[i].pid);
		kill(-d.slots[i].pid, SIGKILL);
		/* When it can't be killed we don't wait for it. */
		pause_us(2000000);
		if (waitpid(d.slots[i].pid, NULL, WNOHANG) != d.slots[i].pid) {
			fprintf(stderr, "honest: it can't be killed: giving up\n");
			shared->failures++;
			_exit(1);
		}
		job_ended(i, 1 << 8);
	}
}

/* Waits for a job's end, or a moment. */
static void job_wait(void)
{
	unsigned int i;
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid <= 0) {
		pause_us(3000);
		hung_look();
		return;
	}
	/* Others are those that a failed job left. */
	for (i = 0; i < d.o->jobs; i++)
		if (d.slots[i].pid == pid)
			job_ended(i, status);
}

/* Every pair gets its turn, on a machine that is too slow for that in the time as well. */
static bool dispatch_goes_on(void)
{
	uint64_t now = now_ns();

	if (now < d.end)
		return true;
	return (d.next < d.nr_pairs || d.alone_waits) && now < d.end + FIRST_PASS_NS;
}

void dispatch(const struct dispatch_options *o)
{
	unsigned int i, running;
	struct pair pair;

	d.o = o;
	rnd_seed(o->seed);
	pairs_make();
	d.end = now_ns() + o->seconds * 1000000000ull;
	for (i = 0; i < NR_PLACES; i++) {
		unsigned int f;

		if (!shared->places[i].fs || !shared->places[i].path[0])
			continue;
		for (f = 0; f < POOL_FILES; f++) {
			int fd = pool_open(&shared->places[i], f);

			pool_refill(fd);
			close(fd);
		}
		pool_anchor(i);
	}
	do {
		for (i = 0, running = 0; i < o->jobs; i++) {
			if (!d.slots[i].pid && dispatch_goes_on() && pair_next(&pair))
				job_begin(i, &pair);
			running += !!d.slots[i].pid;
		}
		job_wait();
	} while (running || dispatch_goes_on());
	for (i = 0; i < NR_PLACES; i++)
		if (shared->places[i].fs && shared->places[i].path[0])
			pool_release(i);
	free(d.pairs);
}

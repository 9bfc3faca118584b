// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_start.c - runs a command with start_shim.so preloaded and tells how long its start and
 * its end took, by phase. Under QEMU's -icount a nanosecond of the guest's clock is an
 * instruction, and waiting counts as time.
 *
 *	bench_start NAME COMMAND...		from fork to its end
 *	bench_start -r TEXT NAME COMMAND...	to TEXT in what it prints, then SIGINT, to its end
 *	bench_start -a TEXT NAME COMMAND...	the same for one that prints TEXT too early: it is
 *						ready when its last link is made
 *	-x COMMAND				run by a shell between ready and SIGINT
 *	-v					also, on stderr, a line for each BPF program: what
 *						to load, attach and detach it took
 *
 * A line a figure: NAME, phase, million instructions.
 *
 * By hand, for those who reduce the verifier's work, with --kernel as you like:
 *
 *	tests/vm/boot --icount --timeout 1200 --file build/bench_start:/usr/bin/bench_start \
 *		--file build/start_shim.so:/usr/lib/start_shim.so \
 *		'daxtop scan >/dev/null; bench_start -v -r "daxtop: ready" trace daxtop trace'
 *
 * (The scan comes first for what the kernel does once, at the first program.)
 *
 * One CPU, and this process has a real-time priority: it sees at once what it waits for.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "start.h"

#define SHIM	  "/usr/lib/start_shim.so"
#define LOG_FILE  "/tmp/start.log"
#define SETTLE_NS 1000000000ull /* from ready to SIGINT */
#define QUIET_NS  2000000000ull /* -a: no link is made for so long */
#define GONE_NS	  60000000000ull
#define GONE_STEP 1000000 /* ns between two looks for programs that are still there */
#define PROGRAMS  512
#define SPENT_MAX 64 /* calls that go on at the same time */

static struct start_log *start_log;
static const char *name; /* of the command */
static char printed[1 << 16];
static size_t nr_printed;

/* ---- phases ---- */

enum phase { EXEC, TYPES, OPEN, MAPS, LOAD, LINK, LOOK, UNLINK, REST, PHASES };

static const char *const phase_names[PHASES] = {
	[EXEC] = "exec", [TYPES] = "types", [OPEN] = "open",	 [MAPS] = "maps", [LOAD] = "load",
	[LINK] = "link", [LOOK] = "look",   [UNLINK] = "unlink", [REST] = "rest",
};

static const enum phase phase_of[] = {
	[START_MAIN] = EXEC, [START_OPEN] = OPEN, [START_MAP] = MAPS,
	[START_LOAD] = LOAD, [START_LINK] = LINK, [START_UNLINK] = UNLINK,
};

/*
 * Where the time went: to the call that began last of those that go on (the verifier's inside
 * libbpf's); else to @between: nobody knows before the next call which phase that belongs to.
 */
struct spent {
	uint64_t now, between, ns[PHASES];
	const struct start_call *on[SPENT_MAX];
	unsigned int nr;
};

static void spend(struct spent *s, uint64_t until)
{
	while (s->nr) {
		const struct start_call *c = s->on[s->nr - 1];
		uint64_t to = c->end < until ? c->end : until;

		if (to > s->now) {
			s->ns[phase_of[c->what]] += to - s->now;
			s->now = to;
		}
		if (c->end > until)
			return;
		s->nr--;
		if (c->what == START_LINK && c->result >= 0) {
			s->ns[LINK] += s->between;
			s->between = 0;
		}
	}
	s->between += until - s->now;
	s->now = until;
}

static uint32_t nr_calls(void)
{
	return __atomic_load_n(&start_log->nr, __ATOMIC_RELAXED);
}

static void phases_find(struct spent *s, pid_t pid, uint64_t begin, uint64_t end)
{
	bool loading = false;

	memset(s, 0, sizeof(*s));
	s->now = begin;
	for (uint32_t i = 0; i < nr_calls(); i++) {
		const struct start_call *c = &start_log->calls[i];

		if (c->pid != (uint32_t)pid || c->begin < begin || c->begin >= end)
			continue;
		spend(s, c->begin);
		if (c->what == START_MAIN || (!loading && c->what <= START_LOAD)) {
			s->ns[c->what == START_MAIN ? EXEC : TYPES] += s->between;
			s->between = 0;
			loading = c->what != START_MAIN;
		}
		if (s->nr == SPENT_MAX)
			errx(2, "%s: too many calls at the same time", name);
		s->on[s->nr++] = c;
	}
	spend(s, end);
}

static void tell(const char *window, const char *what, uint64_t ns)
{
	printf("%s %s%s %.3f\n", name, window, what, ns / 1e6);
}

/* @rest has what is between calls, and calls that are not expected in this window. */
static void phases_tell(const char *window, pid_t pid, uint64_t begin, uint64_t end,
			const enum phase *which, unsigned int n, enum phase rest)
{
	struct spent s;
	uint64_t left = end - begin;

	phases_find(&s, pid, begin, end);
	for (unsigned int i = 0; i < n; i++) {
		tell(window, phase_names[which[i]], s.ns[which[i]]);
		left -= s.ns[which[i]];
	}
	tell(window, phase_names[rest], left);
	tell(window, "all", end - begin);
}

/* ---- programs ---- */

struct program {
	char name[START_NAME];
	uint32_t insns, loads;
	uint64_t ns[START_UNLINK + 1];
};

static int dearer(const void *a, const void *b)
{
	const struct program *x = a, *y = b;
	uint64_t nx = x->ns[START_LOAD], ny = y->ns[START_LOAD];

	return nx < ny ? 1 : nx > ny ? -1 : strcmp(x->name, y->name);
}

static struct program *program_get(struct program *p, unsigned int *n, const char *program)
{
	for (unsigned int i = 0; i < *n; i++)
		if (!strcmp(p[i].name, program))
			return &p[i];
	if (*n == PROGRAMS)
		errx(2, "%s: more than %d programs", name, PROGRAMS);
	memset(&p[*n], 0, sizeof(*p));
	memcpy(p[*n].name, program, START_NAME);
	return &p[(*n)++];
}

/* Programs of one name are added up. */
static void programs_show(void)
{
	static struct program programs[PROGRAMS];
	struct program sum = { .name = "all" };
	unsigned int n = 0;

	for (uint32_t i = 0; i < nr_calls(); i++) {
		const struct start_call *c = &start_log->calls[i];
		struct program *p;

		if (c->what < START_LOAD)
			continue;
		p = program_get(programs, &n, c->name);
		for (struct program *to = p;; to = &sum) {
			to->ns[c->what] += c->end - c->begin;
			to->loads += c->what == START_LOAD;
			to->insns += c->insns;
			if (to == &sum)
				break;
		}
	}
	qsort(programs, n, sizeof(programs[0]), dearer);
	fprintf(stderr, "%-24s %6s %6s %10s %10s %10s   million instructions, %s\n", "program",
		"loads", "insns", "load", "attach", "detach", name);
	for (unsigned int i = 0; i <= n; i++) {
		const struct program *p = i < n ? &programs[i] : &sum;

		fprintf(stderr, "%-24s %6u %6u %10.3f %10.3f %10.3f\n", p->name[0] ? p->name : "-",
			p->loads, p->insns, p->ns[START_LOAD] / 1e6, p->ns[START_LINK] / 1e6,
			p->ns[START_UNLINK] / 1e6);
	}
}

static void counts_tell(void)
{
	unsigned int programs = 0, links = 0;

	for (uint32_t i = 0; i < nr_calls(); i++) {
		const struct start_call *c = &start_log->calls[i];

		/* libbpf's trials of what the kernel can do have no name */
		programs += c->what == START_LOAD && c->result >= 0 && c->name[0];
		links += c->what == START_LINK && c->result >= 0;
	}
	printf("%s programs %u\n%s links %u\n", name, programs, name, links);
}

/* The greatest id of a program: later ones are greater (kernel/bpf/syscall.c, idr_alloc_cyclic()). */
static uint32_t last_program(void)
{
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id))
		;
	if (errno != ENOENT)
		err(2, "the BPF programs can't be listed");
	return id;
}

/* Until no program is there that came after @last. */
static uint64_t wait_gone(uint32_t last)
{
	struct timespec step = { .tv_nsec = GONE_STEP };
	uint64_t until = start_now() + GONE_NS;
	uint32_t id;

	while (!bpf_prog_get_next_id(last, &id)) {
		if (start_now() > until)
			errx(2, "%s: program %u is still there a minute after the end", name, id);
		nanosleep(&step, NULL);
	}
	return start_now();
}

/* ---- the command ---- */

static pid_t run(char **argv, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* a shell starts what runs beside it with this one ignored */
	signal(SIGINT, SIG_DFL);
	setenv("LD_PRELOAD", SHIM, 1);
	setenv(START_LOG, LOG_FILE, 1);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* What it has printed; false when all who could write are gone. */
static bool read_more(int in)
{
	char unused[4096];
	size_t room = sizeof(printed) - 1 - nr_printed;
	ssize_t n = read(in, room ? printed + nr_printed : unused, room ? room : sizeof(unused));

	if (n > 0 && room) {
		nr_printed += n;
		printed[nr_printed] = 0;
	}
	return n > 0;
}

static void wait_text(int in, const char *text)
{
	while (!strstr(printed, text))
		if (!read_more(in))
			errx(2, "%s ended early: %s", name, printed);
}

static void wait_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	nanosleep(&t, NULL);
}

static uint64_t last_link(void)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < nr_calls(); i++)
		if (start_log->calls[i].what == START_LINK && start_log->calls[i].end > at)
			at = start_log->calls[i].end;
	return at;
}

static uint64_t wait_attached(void)
{
	uint32_t seen;

	do {
		seen = nr_calls();
		wait_ns(QUIET_NS);
	} while (nr_calls() != seen || !last_link());
	return last_link();
}

/* When it ended. What it prints is read meanwhile. */
static uint64_t wait_end(pid_t pid, int in, int *status)
{
	struct pollfd p[] = {
		{ .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN },
		{ .fd = in, .events = POLLIN },
	};
	uint64_t end;

	if (p[0].fd < 0)
		err(2, "pidfd_open");
	while (poll(p, 2, -1) > 0 && !p[0].revents)
		if (!read_more(in))
			p[1].fd = -1;
	end = start_now();
	if (waitpid(pid, status, 0) != pid)
		err(2, "waitpid");
	/* its last words; a child of its own may live on */
	while (p[1].fd >= 0 && poll(&p[1], 1, 0) > 0 && read_more(in))
		;
	close(p[0].fd);
	return end;
}

static void log_make(void)
{
	int fd = open(LOG_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*start_log)))
		err(2, "%s", LOG_FILE);
	start_log = mmap(NULL, sizeof(*start_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (start_log == MAP_FAILED)
		err(2, "%s", LOG_FILE);
	/* all its pages are there: the command takes no fault for them but for its own table's */
	memset(start_log, 0, sizeof(*start_log));
	close(fd);
}

/* What contains another call comes first, as it began. */
static int earlier(const void *a, const void *b)
{
	const struct start_call *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* Calls are noted when they end. */
static void log_order(void)
{
	if (nr_calls() > START_CALLS)
		errx(2, "%s made more than %d calls", name, START_CALLS);
	if (!nr_calls())
		errx(2, "%s has not loaded %s", name, SHIM);
	qsort(start_log->calls, nr_calls(), sizeof(start_log->calls[0]), earlier);
}

int main(int argc, char **argv)
{
	static const enum phase starting[] = { EXEC, TYPES, OPEN, MAPS, LOAD, LINK };
	static const enum phase ending[] = { UNLINK };
	static const enum phase whole[] = { EXEC, TYPES, OPEN, MAPS, LOAD, LINK, UNLINK };
	const char *ready_text = NULL, *attached_text = NULL, *at_ready = NULL;
	struct sched_param fifo = { .sched_priority = 1 };
	uint64_t begin, ready = 0, sigint = 0, end;
	bool verbose = false;
	uint32_t last;
	int opt, status, p[2];
	pid_t pid;

	while ((opt = getopt(argc, argv, "+va:r:x:")) != -1) {
		verbose |= opt == 'v';
		if (opt == 'a')
			attached_text = optarg;
		if (opt == 'r')
			ready_text = optarg;
		if (opt == 'x')
			at_ready = optarg;
	}
	if (argc - optind < 2 || (attached_text && ready_text))
		errx(2, "usage: bench_start [-v] [-r TEXT | -a TEXT] [-x COMMAND] NAME COMMAND...");
	name = argv[optind++];
	log_make();
	if (pipe2(p, O_CLOEXEC))
		err(2, "pipe");
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &fifo))
		err(2, "no real-time priority");
	last = last_program();
	begin = start_now();
	pid = run(argv + optind, p[1]);
	if (pid < 0)
		err(2, "fork");
	close(p[1]);
	if (ready_text || attached_text) {
		wait_text(p[0], ready_text ? ready_text : attached_text);
		ready = start_now();
		if (attached_text)
			ready = wait_attached();
		else
			wait_ns(SETTLE_NS);
		if (at_ready && system(at_ready))
			errx(2, "%s: failed", at_ready);
		sigint = start_now();
		kill(pid, SIGINT);
	}
	end = wait_end(pid, p[0], &status);
	/* what has no handler is ended by SIGINT */
	if (status && !(sigint && status == SIGINT))
		errx(2, "%s: status 0x%x: %s", name, status, printed);
	tell("", "gone", wait_gone(last) - end);
	log_order();
	if (sigint) {
		phases_tell("start-", pid, begin, ready, starting,
			    sizeof(starting) / sizeof(starting[0]), LOOK);
		phases_tell("end-", pid, sigint, end, ending, sizeof(ending) / sizeof(ending[0]),
			    REST);
		tell("", "all", ready - begin + end - sigint);
	} else {
		phases_tell("", pid, begin, end, whole, sizeof(whole) / sizeof(whole[0]), LOOK);
	}
	counts_tell();
	if (verbose)
		programs_show();
	return 0;
}

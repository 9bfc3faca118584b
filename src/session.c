// SPDX-License-Identifier: GPL-2.0-only
/* session.c - one source, one engine, one loop */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "clock.h"
#include "file_names.h"
#include "progress.h"
#include "session.h"
#include "stop.h"
#include "view/escape.h"

#define NS_PER_MS 1000000ULL
#define CHECK_NS  (250 * NS_PER_MS) /* loss counters, missed runs, names, modules */
#define NAMES_NS  (10000 * NS_PER_MS) /* sysfs names a device some time after memremap_pages() */
#define NAMES_EVERY_NS (20 * NS_PER_MS)
#define ASKS	  ENGINE_ASKS_MAX /* answered in one go: a system call each */
/*
 * The first scan comes before "ready", if it takes no longer: 40 million struct pages a second
 * natively, so that is 800 GB of 4K folios in use. What is left is done beside the trace.
 */
#define SCAN_FIRST_NS (5000 * NS_PER_MS)
#define SCAN_LAST_NS (500 * NS_PER_MS) /* what of it is done at the end, if it is not done by then */
#define SCAN_TURN_NS (10 * NS_PER_MS) /* what of a scan is done in one turn of the loop */
#define SCAN_AGAIN_NS (1000 * NS_PER_MS) /* between two that losses want */
#define HEAL_NS	(10000 * NS_PER_MS) /* what of a scan is done at the end, after a loss */
#define DRAIN_NS (1000 * NS_PER_MS) /* at the end, for records that are being written */
#define POLL_MS	  20 /* the ring's batch: records wait this long at most, unless many come */

void session_stop(void)
{
	stop_wanted = 1;
}

void session_resume(struct session *s)
{
	stop_wanted = 0;
	s->deadline = UINT64_MAX;
}

bool session_done(const struct session *s)
{
	return stop_wanted || clock_now() >= s->deadline;
}

static void feed(struct session *s, enum dx_record_type type, const void *payload, size_t len)
{
	const struct dx_record r = { .len = sizeof(r) + len, .type = type };

	if (engine_feed(s->engine, &r, payload) == -ENOMEM)
		s->error = -ENOMEM;
}

static void feed_time(struct session *s, enum dx_record_type type, uint64_t time)
{
	const struct dx_time t = { time };

	feed(s, type, &t, sizeof(t));
}

static void found_pgmap(void *arg, const struct dx_pgmap *p)
{
	struct session *s = arg;

	s->watching = true;
	feed(s, DX_REC_PGMAP, p, sizeof(*p));
}

static void find_pgmaps(struct session *s)
{
	source_pgmaps(s->source, found_pgmap, s);
}

/* A name is missing: is one to be expected soon? Then looks again, not too often. */
static bool find_names(struct session *s)
{
	uint64_t now = clock_now();

	if (now >= s->names_until || now < s->names_next)
		return false;
	s->names_next = now + NAMES_EVERY_NS;
	find_pgmaps(s);
	return true;
}

/* In the order of the records: one that comes later would make it stay. */
static void use_stacks(struct session *s, const struct dx_event *ev)
{
	s->counts.stacks_unkept += !source_stack_use(s->source, ev->stack);
	if (dx_event_has_ustack(ev))
		s->counts.stacks_unkept += !source_stack_use(s->source, ev->ustack);
}

static void each_stack(void *arg, void (*fn)(void *fn_arg, int32_t id), void *fn_arg)
{
	struct session *s = arg;

	engine_stacks(s->engine, fn, fn_arg);
}

static void handle(void *arg, const struct dx_event *ev, size_t len)
{
	struct session *s = arg;

	if (len >= sizeof(*ev))
		use_stacks(s, ev);
	if (len >= sizeof(*ev) && ev->type < DX_EVENT_TYPES)
		s->counts.received[ev->type]++;
	if (ev->type == DX_PGMAP_ADD)
		s->names_until = clock_now() + NAMES_NS;
	/* a name must be known when the event that uses it is shown */
	feed(s, ev->type == DX_FILE ? DX_REC_FILE : DX_REC_EVENT, ev, len);
	/* names from before everything was attached are kept, not shown */
	if (s->event && ev->time >= s->start)
		s->event(s, ev, len);
}

static void lost(void *arg, unsigned int cpu, unsigned int type, uint64_t n)
{
	const struct dx_lost l = { .time = clock_now(), .nr = n, .cpu = cpu, .type = type };
	struct session *s = arg;

	s->counts.lost[type] += n;
	s->lost_by_cpu[cpu] += n;
	s->scan_again = true;
	feed(s, DX_REC_LOST, &l, sizeof(l));
}

static void answer(void *arg, const struct dx_event *ev)
{
	handle(arg, ev, sizeof(*ev));
}

/* What is known of folios is not all then; events are told all the same. */
static void scan_failed(struct session *s, int rc)
{
	if (rc == -ENOMEM)
		s->error = rc;
	else if (rc < 0 && !s->scan_refused)
		fprintf(stderr, "daxtop: folios from before the trace could not be looked at: %s\n",
			strerror(-rc));
	s->scan_refused |= rc < 0;
}

/* Folios that are not idle: those that were so before the trace, or became so while events were lost. */
static void scan_begin(struct session *s)
{
	int rc = source_scan_begin(s->source);

	scan_failed(s, rc);
	s->scan_again = false;
	s->scanning = s->naming = !rc;
	s->scan_begun = clock_now();
	s->next_scan = s->scan_begun + SCAN_AGAIN_NS;
}

static void scanned(void *arg, const struct dx_event *ev)
{
	struct session *s = arg;

	answer(s, ev);
	if (!engine_path(s->engine, ev->dev, ev->ino, NULL) && file_names_want(s->names, ev))
		s->error = -ENOMEM;
}

static void scan_go_on(struct session *s, uint64_t ns)
{
	uint64_t end = clock_now() + ns;
	int rc;

	/*
	 * The ring first: a piece's samples are of now, and what comes behind them with a time
	 * long before theirs is too late for the engine's order.
	 */
	while (s->scanning && !s->more && clock_now() < end) {
		s->more = source_poll(s->source) > 0;
		if (s->more)
			break;
		rc = source_scan_next(s->source, scanned, s);
		scan_failed(s, rc);
		s->scanning = rc > 0;
		/* a large machine that loses events is not scanned all the time */
		if (!s->scanning)
			s->next_scan = clock_now() + SCAN_AGAIN_NS + 4 * (clock_now() - s->scan_begun);
	}
	/* from before everything was attached: kept, not shown */
	while (s->naming && !s->scanning && clock_now() < end) {
		rc = file_names_find(s->names, s->start - 1, handle, s);
		if (rc == -ENOMEM)
			s->error = rc;
		s->naming = rc > 0;
	}
}

/* A signal ends it, and a ring with more in it than is read at once. */
static void scan_first(struct session *s)
{
	uint64_t end = clock_now() + SCAN_FIRST_NS;

	scan_begin(s);
	while ((s->scanning || s->naming) && !s->more && !stop_wanted && clock_now() < end)
		scan_go_on(s, SCAN_TURN_NS);
}

/* ---- what the engine wants to know ---- */

static void answer_asks(struct session *s)
{
	const struct dx_ask a = { .max = ASKS };
	const struct engine_ask *ask;
	bool refs = false;
	size_t n;

	feed(s, DX_REC_ASK, &a, sizeof(a));
	ask = engine_asks(s->engine, &n);

	for (size_t i = 0; i < n; i++) {
		struct dx_event ev = { .type = DX_TASK_GONE, .stack = -1, .ustack = -1 };

		switch (ask[i].what) {
		case ENGINE_ASK_PGMAP:
			refs = true; /* all of them in one walk */
			break;
		case ENGINE_ASK_FOLIO:
			if (!source_sample(s->source, ask[i].pfn, &ev))
				answer(s, &ev);
			break;
		case ENGINE_ASK_TASK:
			if (!source_task_gone(ask[i].tgid, ask[i].since, &ev.addr))
				break;
			ev.time = clock_now();
			ev.tgid = ask[i].tgid;
			answer(s, &ev);
			break;
		}
	}
	if (refs)
		source_pgmap_refs(s->source, answer, s);
}

static void missed(void *arg, unsigned int type, uint64_t n)
{
	const struct dx_missed m = { .time = clock_now(), .nr = n, .type = type };
	struct session *s = arg;

	s->missed += n;
	feed(s, DX_REC_MISSED, &m, sizeof(m));
}

/* --duration counts from when it is ready, and from "ready" where that is said. */
static void time_begin(struct session *s)
{
	if (s->o->duration_ns)
		s->deadline = clock_now() + s->o->duration_ns;
}

int session_open(struct session *s, const struct options *o)
{
	uint32_t events = o->command == COMMAND_TRACE ? o->filter.events : 0;
	/*
	 * Half of the probes are no ground to judge on: a pin without its unpin is a leak. The bench
	 * compares with and without.
	 */
	bool no_rules = getenv("DAXTOP_NO_RULES") || (events && !(events & 1u << DX_VIOLATION));
	struct source_options so = {
		.ring_size = o->ring_size,
		.strict = o->strict,
		.judge = o->command == COMMAND_CHECK,
		.no_rules = no_rules,
		.events = events,
		.event = handle,
		.arg = s,
	};
	struct engine_options eo = {
		.history_bytes = o->history_budget,
		.window_ns = o->window_ns,
		.max_folios = o->max_folios,
		.strict = o->strict,
		.patrol = o->command == COMMAND_CHECK,
		.leak_ns = o->leak_ns,
		.stall_ns = o->stall_ns,
		.no_rules = no_rules,
	};
	char err[768];

	s->o = o;
	s->deadline = UINT64_MAX;
	stop_catch();
	progress_begin();
	if (preflight(err, sizeof(err)))
		goto fail;
	s->source = source_open(&so, err, sizeof(err));
	if (!s->source)
		goto fail;
	s->start = source_since(s->source);
	eo.legacy = source_regime(s->source) == REGIME_LEGACY;
	eo.index_stays = source_index_stays(s->source);
	s->engine = engine_new(&eo);
	s->lost_by_cpu = calloc(source_nr_cpus(s->source), sizeof(*s->lost_by_cpu));
	s->names = file_names_new();
	if (!s->engine || !s->lost_by_cpu || !s->names) {
		snprintf(err, sizeof(err), "no memory for the engine: try a smaller --history-budget");
		goto fail;
	}
	find_pgmaps(s);
	progress_step("looking at what is there", 0, 0);
	scan_first(s);
	/*
	 * What is counted before anybody is told "ready" is what was there before. The ring first: an
	 * answer is of now, and what came before it would be too late for the engine's order.
	 */
	s->more = source_poll(s->source) > 0;
	if (!s->more)
		answer_asks(s);
	progress_end();
	time_begin(s);
	return 0;
fail:
	progress_end();
	fprintf(stderr, "daxtop: %s\n", err);
	session_close(s);
	return 2;
}

static void tell_skipped(const struct session *s)
{
	char comm[16], name[80];
	uint32_t tgid, n = source_marks_skipped(s->source, &tgid, comm);

	if (!n)
		return;
	escape_columns(name, sizeof(name), comm, strnlen(comm, sizeof(comm)), 40, ESCAPE_KEEP_START);
	fprintf(stderr,
		"daxtop: the mappings of %u process%s (%s[%u]%s) could not be read, as they are locked or "
		"change all the time: all of %s GUP calls are looked at\n",
		n, n > 1 ? "es" : "", name, tgid, n > 1 ? " and others" : "", n > 1 ? "their" : "its");
}

void session_ready(struct session *s)
{
	unsigned int attached = 0, all = 0, left_out = 0;
	char others[80] = "";
	size_t n;
	const struct probe *p = source_probes(s->source, &n);

	for (size_t i = 0; i < n; i++) {
		left_out += p[i].state == PROBE_LEFT_OUT;
		all += p[i].state != PROBE_UNNEEDED && p[i].state != PROBE_LEFT_OUT;
		attached += p[i].state == PROBE_ATTACHED;
		if (p[i].state == PROBE_MISSING)
			fprintf(stderr, "daxtop: not seen on this kernel: %s (%s); %s\n", p[i].event, p[i].costs,
				p[i].why);
	}
	tell_skipped(s);
	if (!s->watching)
		fprintf(stderr, "daxtop: no device with ZONE_DEVICE memory is there; waiting for one\n");
	if (left_out)
		snprintf(others, sizeof(others), " (%u others left out: --event needs none of them)", left_out);
	fprintf(stderr, "daxtop: ready: %u of %u probes attached%s, regime %s\n", attached, all, others,
		regime_name(source_regime(s->source)));
	fflush(stderr);
	time_begin(s);
}

static void count_rules(struct session *s)
{
	struct dx_rule_counts total;

	if (!source_rules(s->source, &total))
		feed(s, DX_REC_COUNTERS, &total, sizeof(total));
}

static void check(struct session *s, uint64_t now)
{
	if (now < s->next_check)
		return;
	s->next_check = now + CHECK_NS;
	source_lost(s->source, lost, s);
	source_missed(s->source, missed, s);
	source_forget_faults(s->source);
	count_rules(s);
	answer_asks(s);
	if (s->scan_again && !s->scanning && now >= s->next_scan)
		scan_begin(s);
	if (!s->watching)
		find_pgmaps(s);
	else
		find_names(s);
	source_modules(s->source);
}

/* All that is to be told goes to stdout, which is nobody else's? */
static bool only_stdout(const struct options *o)
{
	return !o->command_argv && !o->output;
}

int session_poll(struct session *s, int timeout_ms, int fd)
{
	struct pollfd p[] = {
		{ .fd = source_fd(s->source), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
		/* whether its reader is gone, which a write would tell only when there is something to write */
		{ .fd = only_stdout(s->o) ? STDOUT_FILENO : -1 },
	};
	uint64_t now;

	if (timeout_ms < 0 || timeout_ms > POLL_MS)
		timeout_ms = POLL_MS;
	poll(p, 3, s->more || s->scanning || s->naming ? 0 : timeout_ms);
	if (p[2].revents)
		session_stop();
	/* what was committed before this moment is read now, but for what waits behind a record
	 * that is being written: the window is for that */
	now = clock_now();
	s->more = source_poll(s->source) > 0;
	if (!s->more)
		feed_time(s, DX_REC_TIME, now);
	source_stacks_forget(s->source, each_stack, s);
	check(s, now);
	scan_go_on(s, SCAN_TURN_NS);
	return !!p[1].revents;
}

void session_heal(struct session *s)
{
	uint64_t end = clock_now() + HEAL_NS;

	s->next_check = s->next_scan = 0;
	do
		session_poll(s, 0, -1);
	while ((s->scanning || s->naming) && !stop_wanted && clock_now() < end);
}

uint64_t session_pending(struct session *s)
{
	if (!s->ending)
		feed_time(s, DX_REC_ENDING, clock_now());
	s->ending = true;
	return engine_pending(s->engine);
}

void session_drain(struct session *s)
{
	uint64_t end;
	int rc;

	source_detach(s->source);
	/* a program that was interrupted while it wrote a record is waited for */
	end = clock_now() + DRAIN_NS;
	while (source_poll(s->source) > 0 || (!source_drained(s->source) && clock_now() < end))
		;
	if (!source_drained(s->source))
		missed(s, DX_FAULT, 1);
	s->next_check = 0;
	/* before, a count that could not be read came with the next one */
	rc = source_lost(s->source, lost, s);
	if (rc)
		s->error = rc;
	source_missed(s->source, missed, s);
	find_names(s);
	scan_go_on(s, SCAN_LAST_NS);
	count_rules(s);
	feed_time(s, DX_REC_END, clock_now());
}

void session_close(struct session *s)
{
	source_close(s->source);
	engine_free(s->engine);
	file_names_free(s->names);
	free(s->lost_by_cpu);
	s->names = NULL;
	s->source = NULL;
	s->engine = NULL;
	s->lost_by_cpu = NULL;
}

int session_program(void *arg, uint32_t tgid, struct usym_task *task)
{
	struct session *s = arg;

	return s->source ? source_task_program(s->source, tgid, &task->start, &task->exec) : -ENOSYS;
}

const struct view_summary *session_summary(struct session *s)
{
	s->counts.lost_by_cpu = s->lost_by_cpu;
	s->counts.nr_cpus = source_nr_cpus(s->source);
	s->counts.missed_runs = s->missed;
	return &s->counts;
}

static int output_errno; /* why a flush of stdout failed; 0: none did, or printf()'s own */

bool output_flush(void)
{
	if (fflush(stdout))
		output_errno = errno;
	/* the stream's own mark: what printf() flushed and failed has left nothing to flush */
	return !ferror(stdout);
}

bool output_failed(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (output_flush())
		return false;
	if (output_errno == EPIPE || (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP)))
		return false;
	fprintf(stderr, "daxtop: the output could not be written%s%s\n", output_errno ? ": " : "",
		output_errno ? strerror(output_errno) : "");
	return true;
}

int session_output(struct session *s)
{
	if (output_failed())
		return 2;
	if (s->error) {
		fprintf(stderr, "daxtop: memory ran out, so what was shown is not all: try a smaller "
				"--history-budget or --max-folios\n");
		return 2;
	}
	return 0;
}

void filter_resolve(struct view_filter *f)
{
	struct stat st;

	if (!f->file || stat(f->file, &st) || S_ISDIR(st.st_mode))
		return;
	f->file_dev = major(st.st_dev) << 20 | minor(st.st_dev);
	f->file_ino = st.st_ino;
}

struct device_search {
	const struct dx_event *ev;
	const char *name;
	char *keep;
};

static int match_device(const struct engine_pgmap *p, void *arg)
{
	struct device_search *d = arg;
	bool in = d->ev->pgmap ? d->ev->pgmap == p->pgmap :
				 d->ev->pfn >= p->pfn && d->ev->pfn < p->pfn + p->nr_pages;

	if (!in || p->gone)
		return 0;
	memcpy(d->keep, p->device, sizeof(p->device));
	return 1;
}

/* An event without a page is of a filesystem's device, or of a device-dax; the last one is kept. */
static const char *device_of_inode(const struct dx_event *ev)
{
	static char name[32];
	static uint32_t dev;
	static bool character;
	bool is_char = ev->type == DX_DEV_FAULT;

	if (!ev->dev)
		return NULL;
	if (ev->dev != dev || is_char != character || !name[0])
		device_name_dev(ev->dev, is_char, name, sizeof(name));
	dev = ev->dev;
	character = is_char;
	return name[0] ? name : NULL;
}

const char *session_device(struct session *s, const struct dx_event *ev)
{
	static char name[sizeof(((struct engine_pgmap *)0)->device)];
	struct device_search d = { .ev = ev, .keep = name };

	if (!ev->pgmap && !ev->pfn)
		return device_of_inode(ev);
	name[0] = 0;
	engine_pgmaps(s->engine, match_device, &d);
	if (!name[0] && find_names(s))
		engine_pgmaps(s->engine, match_device, &d);
	return name[0] ? name : NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/* session_live.c - the running kernel as a session's source: what it tells, and when it is asked */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "file_names.h"
#include "look_live.h"
#include "base/progress.h"
#include "session.h"
#include "kernel/preflight.h"
#include "kernel/source.h"
#include "base/stop.h"
#include "tasks.h"
#include "base/escape.h"

#define NS_PER_MS      1000000ULL
#define CHECK_NS       (250 * NS_PER_MS) /* loss counters, missed runs, names, modules */
#define NAMES_NS       (10000 * NS_PER_MS) /* sysfs names a device some time after memremap_pages() */
#define NAMES_EVERY_NS (20 * NS_PER_MS)
#define ASKS	       ENGINE_ASKS_MAX /* answered in one go: a system call each */
/*
 * The first scan comes before "ready", if it takes no longer: 40 million struct pages a second
 * natively, so that is 800 GB of 4K folios in use. What is left is done beside the trace.
 */
#define SCAN_FIRST_NS (5000 * NS_PER_MS)
/* what of it is done at the end, if it is not done by then */
#define SCAN_LAST_NS  (500 * NS_PER_MS)
#define SCAN_TURN_NS  (10 * NS_PER_MS) /* what of a scan is done in one turn of the loop */
#define SCAN_AGAIN_NS (1000 * NS_PER_MS) /* between two that losses want */
#define HEAL_NS	      (10000 * NS_PER_MS) /* what of a scan is done at the end, after a loss */
#define DRAIN_NS      (1000 * NS_PER_MS) /* at the end, for records that are being written */
#define CLOCK_STEP_NS (100 * (int64_t)NS_PER_MS) /* less is no step */
#define POLL_MS	      20 /* the ring's batch: records wait this long at most, unless many come */

static void found_pgmap(void *arg, const struct dx_pgmap *p)
{
	session_put(arg, DX_REC_PGMAP, p, sizeof(*p));
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
	s->unkept += !source_stack_use(s->source, ev->stack);
	if (dx_event_has_ustack(ev))
		s->unkept += !source_stack_use(s->source, ev->ustack);
}

static void each_stack(void *arg, void (*fn)(void *fn_arg, int32_t id), void *fn_arg)
{
	struct session *s = arg;

	engine_stacks(s->engine, fn, fn_arg);
}

static int ask_task(void *arg, uint32_t tgid, struct dx_task *out)
{
	struct session *s = arg;

	return source_task(s->source, tgid, out);
}

static void tell_task(void *arg, const struct dx_task *task)
{
	session_put(arg, DX_REC_TASK, task, sizeof(*task));
}

static void note_task(struct session *s, const struct dx_event *ev)
{
	if (s->tasks && ev->type == DX_TASK_GONE)
		tasks_gone(s->tasks, ev->tgid);
	else if (s->tasks)
		tasks_note(s->tasks, ev->tgid, ev->time,
			   dx_event_has_ustack(ev) && ev->ustack != DX_STACK_NONE ? ev->exec : -1);
}

static void handle(void *arg, const struct dx_event *ev, size_t len)
{
	struct session *s = arg;

	if (len >= sizeof(*ev)) {
		use_stacks(s, ev);
		note_task(s, ev);
	}
	if (ev->type == DX_PGMAP_ADD)
		s->names_until = clock_now() + NAMES_NS;
	if (ev->type == DX_FILE)
		file_names_told(s, (const struct dx_file_event *)ev);
	else
		session_put(s, DX_REC_EVENT, ev, len);
}

static void lost(void *arg, unsigned int cpu, unsigned int type, uint64_t n)
{
	const struct dx_lost l = { .time = clock_now(), .nr = n, .cpu = cpu, .type = type };
	struct session *s = arg;

	s->scan_again = true;
	session_put(s, DX_REC_LOST, &l, sizeof(l));
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
	struct dx_event known = *ev;

	/* the address of a struct address_space goes no further than to who looks up its file's name */
	known.addr = 0;
	answer(s, &known);
	if (!engine_file(s->engine, ev->dev, ev->ino, ev->gen).path && file_names_want(s, ev))
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
			s->next_scan =
				clock_now() + SCAN_AGAIN_NS + 4 * (clock_now() - s->scan_begun);
	}
	/* from before everything was attached: kept, not shown */
	while (s->naming && !s->scanning && clock_now() < end) {
		file_names_go_on(s);
		s->naming = file_names_wanted(s);
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
	const struct engine_ask *look = NULL;
	bool refs = false;
	size_t n;

	session_put(s, DX_REC_ASK, &a, sizeof(a));
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
			if (!source_task_gone(s->source, ask[i].tgid, ask[i].since, &ev.addr))
				break;
			ev.time = clock_now();
			ev.tgid = ask[i].tgid;
			answer(s, &ev);
			break;
		case ENGINE_ASK_LOOK:
			look = &ask[i];
			break;
		}
	}
	if (refs)
		source_pgmap_refs(s->source, answer, s);
	/* last: it takes longest */
	if (look)
		look_live_run(s, look->pfn, look->last);
}

static void missed(void *arg, unsigned int type, uint64_t n)
{
	const struct dx_missed m = { .time = clock_now(), .nr = n, .type = type };
	session_put(arg, DX_REC_MISSED, &m, sizeof(m));
}

/* --duration counts from when it is ready, and from "ready" where that is said. */
static void time_begin(struct session *s)
{
	if (s->o->duration_ns)
		s->deadline = clock_now() + s->o->duration_ns;
}

static struct dx_clock clock_of_day(void)
{
	struct dx_clock c = { .time = clock_now() };
	struct timespec wall;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &wall);
	/* between the two that stand around it */
	c.wall = wall.tv_sec * 1000000000LL + wall.tv_nsec -
		 (int64_t)(c.time + (clock_now() - c.time) / 2);
	if (localtime_r(&wall.tv_sec, &tm))
		c.utc_offset = tm.tm_gmtoff;
	return c;
}

/* It was set. Both clocks are slewed alike (adjtimex(2)); what is left is this process's own waiting. */
static void check_clock(struct session *s)
{
	struct dx_clock now = clock_of_day();
	int64_t step = now.wall - s->clock.wall;

	if (step < CLOCK_STEP_NS && step > -CLOCK_STEP_NS && now.utc_offset == s->clock.utc_offset)
		return;
	s->clock = now;
	session_put(s, DX_REC_CLOCK, &now, sizeof(now));
}

/* What is said once, of where and when it is. */
static void hello(struct session *s)
{
	struct dx_hello h = {
		.start = source_since(s->source),
		.page_shift = 12,
		.flags = (source_regime(s->source) == REGIME_LEGACY ? DX_HELLO_LEGACY : 0) |
			 (source_index_stays(s->source) ? DX_HELLO_INDEX_STAYS : 0),
		.nr_cpus = source_nr_cpus(s->source),
	};
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct utsname u = {};

	if (f && fgets(h.boot_id, sizeof(h.boot_id), f))
		h.boot_id[strcspn(h.boot_id, "\n")] = '\0';
	if (f)
		fclose(f);
	uname(&u);
	snprintf(h.host, sizeof(h.host), "%s", u.nodename);
	snprintf(h.machine, sizeof(h.machine), "%.15s", u.machine);
	snprintf(h.kernel, sizeof(h.kernel), "%s", u.release);
	s->clock = clock_of_day();
	h.wall = s->clock.wall;
	h.utc_offset = s->clock.utc_offset;
	session_put(s, DX_REC_HELLO, &h, sizeof(h));
}

/* For a file only: whoever shows has the table itself. */
static void probes_put(struct session *s)
{
	size_t n;
	const struct probe *p = source_probes(s->source, &n);

	for (size_t i = 0; s->tee && i < n; i++) {
		struct dx_probe row = { .row = i, .state = p[i].state, .chosen = p[i].chosen };

		snprintf(row.event, sizeof(row.event), "%s", p[i].event);
		snprintf(row.why, sizeof(row.why), "%s", p[i].why);
		session_put(s, DX_REC_PROBE, &row, sizeof(row));
	}
}

static int live_open(struct session *s, char *err, size_t errlen)
{
	const struct options *o = s->o;
	uint32_t events = o->filter.events;
	/*
	 * Half of the probes are no ground to judge on: a pin without its unpin is a leak. The bench
	 * compares with and without.
	 */
	bool no_rules = getenv("DAXTOP_NO_RULES") || (events && !(events & 1u << DX_VIOLATION));
	struct source_options so = {
		.ring_size = o->ring_size,
		.strict = o->strict,
		.judge = o->judge,
		.no_rules = no_rules,
		.events = events,
		.event = handle,
		.arg = s,
	};

	progress_begin();
	if (preflight(err, errlen))
		goto fail;
	s->source = source_open(&so, err, errlen);
	if (!s->source)
		goto fail;
	s->names = file_names_new();
	if (s->tee || s->task)
		s->tasks = tasks_new(ask_task, tell_task, s);
	if (!s->names || (!s->tasks && (s->tee || s->task))) {
		snprintf(err, errlen, "memory is short");
		goto fail;
	}
	hello(s);
	probes_put(s);
	find_pgmaps(s);
	progress_step("looking at what is there", 0, 0);
	scan_first(s);
	look_live_run(s, 1, 0);
	/*
	 * What is counted before anybody is told "ready" is what was there before. The ring first: an
	 * answer is of now, and what came before it would be too late for the engine's order.
	 */
	s->more = source_poll(s->source) > 0;
	if (!s->more)
		answer_asks(s);
	session_put_time(s, DX_REC_READY, clock_now());
	progress_end();
	time_begin(s);
	return 0;
fail:
	progress_end();
	return -1;
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
		n, n > 1 ? "es" : "", name, tgid, n > 1 ? " and others" : "",
		n > 1 ? "their" : "its");
}

/* Once each: a module may come that has not what its probe hangs on. */
static void tell_missing(struct session *s)
{
	size_t n;
	const struct probe *p = source_probes(s->source, &n);

	for (size_t i = 0; i < n; i++) {
		if (p[i].state != PROBE_MISSING || s->missing_told & 1ull << i)
			continue;
		s->missing_told |= 1ull << i;
		fprintf(stderr, "daxtop: not seen on this kernel: %s (%s); %s\n", p[i].event,
			p[i].costs, p[i].why);
	}
}

static void live_ready(struct session *s)
{
	unsigned int attached = 0, all = 0, left_out = 0;
	char others[80] = "";
	size_t n;
	const struct probe *p = source_probes(s->source, &n);

	for (size_t i = 0; i < n; i++) {
		left_out += p[i].state == PROBE_LEFT_OUT;
		all += p[i].state != PROBE_UNNEEDED && p[i].state != PROBE_LEFT_OUT;
		attached += p[i].state == PROBE_ATTACHED;
	}
	tell_missing(s);
	tell_skipped(s);
	if (!process_all_seen())
		fprintf(stderr,
			"daxtop: process numbers are those of the initial pid namespace, not of this one\n");
	if (!s->watching)
		fprintf(stderr,
			"daxtop: no device with ZONE_DEVICE memory is there; waiting for one\n");
	if (left_out)
		snprintf(others, sizeof(others),
			 " (%u others left out: --event needs none of them)", left_out);
	fprintf(stderr, "daxtop: ready: %u of %u probes attached%s, regime %s\n", attached, all,
		others, regime_name(source_regime(s->source)));
	fflush(stderr);
	time_begin(s);
}

static void count_rules(struct session *s)
{
	struct dx_rule_counts total;

	if (!source_rules(s->source, &total))
		session_put(s, DX_REC_COUNTERS, &total, sizeof(total));
}

static void count_stacks(struct session *s)
{
	const struct dx_unkept u = { s->unkept };

	if (s->unkept != s->counts.stacks_unkept)
		session_put(s, DX_REC_UNKEPT, &u, sizeof(u));
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
	count_stacks(s);
	check_clock(s);
	answer_asks(s);
	if (s->scan_again && !s->scanning && now >= s->next_scan)
		scan_begin(s);
	if (!s->watching)
		find_pgmaps(s);
	else
		find_names(s);
	source_modules(s->source);
	/* a screen has the terminal */
	if (!s->screen)
		tell_missing(s);
}

/* All that is to be told goes to stdout, which is nobody else's? */
static bool only_stdout(const struct options *o)
{
	return !o->command_argv && !o->output;
}

static int live_poll(struct session *s, int timeout_ms, int fd)
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
		session_put_time(s, DX_REC_TIME, now);
	source_stacks_forget(s->source, each_stack, s);
	check(s, now);
	scan_go_on(s, SCAN_TURN_NS);
	return !!p[1].revents;
}

static void live_heal(struct session *s)
{
	uint64_t end = clock_now() + HEAL_NS;

	s->next_check = s->next_scan = 0;
	do
		live_poll(s, 0, -1);
	while ((s->scanning || s->naming) && !stop_wanted && clock_now() < end);
}

static void live_drain(struct session *s)
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
	count_stacks(s);
	check_clock(s);
	probes_put(s);
	file_names_fresh_all(s);
	session_put_time(s, DX_REC_END, clock_now());
}

static void live_close(struct session *s)
{
	look_live_close(s);
	source_close(s->source);
	tasks_free(s->tasks);
	s->tasks = NULL;
	file_names_free(s->names);
	s->names = NULL;
	s->source = NULL;
}

static bool live_done(const struct session *s)
{
	return clock_now() >= s->deadline;
}

static const struct probe *live_probes(const struct session *s, size_t *n)
{
	return source_probes(s->source, n);
}

static void live_fresh(struct session *s, const struct dx_event *ev)
{
	if (ev)
		file_names_fresh(s, ev);
	else
		file_names_fresh_all(s);
}

const struct session_source session_live = {
	.open = live_open,
	.ready = live_ready,
	.done = live_done,
	.poll = live_poll,
	.heal = live_heal,
	.drain = live_drain,
	.close = live_close,
	.find_names = find_names,
	.fresh = live_fresh,
	.probes = live_probes,
};

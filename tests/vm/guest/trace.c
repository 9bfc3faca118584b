// SPDX-License-Identifier: GPL-2.0-only
/* trace.c - `daxtop trace`: what a line says, filters, limits, two at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"
#include "place.h"
#include "steps.h"

/* A page's whole life: fault, unmap, free, remove. */
static void life(struct area *a)
{
	area_map_shared(a);
	touch_write(a->p);
	area_unmap(a);
	if (a->place->fs)
		area_remove(a);
}

/* Every event line must satisfy @ok, and there must be @want of them. */
static void expect_lines(struct daxtop *d, size_t want,
			 bool (*ok)(struct json_object *o, const void *arg), const void *arg)
{
	size_t i;

	trace_summary(d);
	for (i = 0; i < d->nr_lines - 1; i++)
		if (!ok(d->lines[i], arg))
			fail("a line that the filter should have kept out: %s",
			     json_object_to_json_string(d->lines[i]));
	if (d->nr_lines - 1 != want)
		fail("got %zu event lines, expected %zu: %s", d->nr_lines - 1, want, d->out_text);
}

/* The four lines of one page's life, field by field, and none of another file's. */
static void test_lines(struct place *p)
{
	static const char *const names[] = { "fault", "unmap", "free", "remove" };
	struct json_object *o;
	struct daxtop *d;
	int64_t pfn = 0;
	struct area a, other;
	struct stat st;
	char dev[32];
	size_t i;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_open(&other, p, 0, AREA_WRITTEN);
	must(!fstat(a.fd, &st));
	snprintf(dev, sizeof(dev), "%u:%u", major(st.st_dev), minor(st.st_dev));
	d = daxtop_start(ARGS("trace", "--json", "-f", a.path, "-e", "fault,unmap,free,remove"));
	life(&other);
	life(&a);
	daxtop_stop(d);
	trace_summary(d);
	if (d->nr_lines != 5)
		fail("got %zu lines, expected 4 events and a summary: %s", d->nr_lines, d->out_text);
	for (i = 0; i < 4; i++) {
		o = d->lines[i];
		if (strcmp(field_str(o, "event"), names[i]))
			fail("line %zu: got %s, expected %s", i + 1, field_str(o, "event"), names[i]);
		if (!i)
			pfn = field_int(o, "pfn");
		if (field_int(o, "tgid") != getpid() || field_int(o, "pid") != getpid() ||
		    strcmp(field_str(o, "comm"), "guest-test") || field_int(o, "pfn") != pfn ||
		    field_int(o, "order") || strcmp(field_str(o, "device"), p->device) ||
		    strcmp(field_str(o, "dev"), dev) || field_int(o, "ino") != (int64_t)st.st_ino ||
		    field_int(o, "offset_bytes") != a.off || field_int(o, "nr") != 1)
			fail("got %s, expected tgid and pid %d, comm guest-test, pfn %ld, order 0, device %s, dev %s, ino %lu, offset %ld, nr 1",
			     json_object_to_json_string(o), getpid(), (long)pfn, p->device, dev,
			     (unsigned long)st.st_ino, (long)a.off);
	}
	o = d->lines[0];
	if (strcmp(field_str(o, "file"), a.path) || !field_has_flag(o, "insert") ||
	    !field_has_flag(o, "install") || !field_has_flag(o, "write") ||
	    field_int(o, "ret") != 0x100 || field_int(o, "refcount") != 1 ||
	    field_int(o, "mapcount") != 1)
		fail("got %s, expected file %s, flags insert install write, ret 256 (NOPAGE), refcount 1, mapcount 1",
		     json_object_to_json_string(o), a.path);
}

struct other {
	struct area told, renamed, elsewhere[NR_PLACES];
	size_t nr_elsewhere;
};

static void child_lives(struct child *c, void *arg)
{
	struct other *o = arg;

	prctl(PR_SET_NAME, "gt-other");
	child_await(c);
	life(&o->told);
	for (size_t i = 0; i < o->nr_elsewhere; i++)
		life(&o->elsewhere[i]);
	prctl(PR_SET_NAME, "gt-else");
	life(&o->renamed);
}

/* Each has the last descriptor of its file, and evicts it. */
static void other_start(struct child *c, struct other *o, struct place *p)
{
	size_t i;

	area_open(&o->told, p, 0, AREA_WRITTEN);
	area_open(&o->renamed, p, 0, AREA_WRITTEN);
	for (i = 0; i < NR_PLACES; i++)
		if (places[i].path[0] && places[i].bit != p->bit)
			area_open(&o->elsewhere[o->nr_elsewhere++], &places[i],
				  place_order(&places[i]), AREA_WRITTEN);
	child_start(c, child_lives, o);
	must(!close(o->told.fd) && !close(o->renamed.fd));
	for (i = 0; i < o->nr_elsewhere; i++)
		must(!close(o->elsewhere[i].fd));
}

struct wanted {
	pid_t tgid;
	const char *device;
};

static bool is_wanted(struct json_object *o, const void *arg)
{
	const struct wanted *w = arg;

	return field_int(o, "tgid") == w->tgid && !strcmp(field_str(o, "comm"), "gt-other") &&
	       !strcmp(field_str(o, "device"), w->device) &&
	       (!strcmp(field_str(o, "event"), "unmap") || !strcmp(field_str(o, "event"), "free"));
}

/*
 * Of all that happens, each condition alone keeps something out: another process of this name,
 * this one under another name, or elsewhere, and two events. What a condition may say is in
 * tests/unit/test_view_filter.c; --file is in test_lines().
 */
static void test_filters(struct place *p)
{
	struct wanted w = { .device = p->device };
	struct other o = {};
	struct daxtop *d;
	struct child c;
	struct area a;
	char pid[16];

	other_start(&c, &o, p);
	area_open(&a, p, 0, AREA_WRITTEN);
	must(!prctl(PR_SET_NAME, "gt-other"));
	w.tgid = c.pid;
	snprintf(pid, sizeof(pid), "%d", c.pid);
	d = daxtop_start(ARGS("trace", "--json", "-p", pid, "-c", "gt-other", "-d", p->device, "-e",
			      "unmap,free"));
	life(&a);
	child_go(&c);
	child_end(&c);
	daxtop_stop(d);
	expect_lines(d, 2, is_wanted, &w);
}

static bool is_any(struct json_object *o, const void *arg)
{
	(void)arg;
	return !strcmp(field_str(o, "type"), "event");
}

/* -n N: ends by itself after N events, although more happen. */
static void test_count(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = daxtop_start(ARGS("trace", "--json", "-n", "2", "-e", "fault,unmap,free,remove"));
	life(&a);
	daxtop_end(d, 0);
	daxtop_json(d);
	expect_lines(d, 2, is_any, NULL);
}

/* When something was written to a memfd last. */
static int64_t written_ms(int fd)
{
	struct stat st;

	must(!fstat(fd, &st));
	return st.st_mtim.tv_sec * 1000LL + st.st_mtim.tv_nsec / 1000000;
}

/*
 * What was done before the time was over is seen: the ready line's time is that of the last
 * tick (10 ms at most). That it ends at all is the rest: what comes while it detaches, which takes
 * two seconds in emulation, is seen as well.
 */
static void test_duration_trace(struct place *p)
{
	int64_t over, now;
	size_t done = 0;
	struct daxtop *d;
	struct timespec t;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = daxtop_start(ARGS("trace", "--json", "--duration", "4", "-e", "fault", "-f", a.path));
	over = written_ms(d->err) + 4000 - 10;
	do {
		area_map_shared(&a);
		touch_write(a.p);
		area_unmap(&a);
		must(!clock_gettime(CLOCK_REALTIME, &t));
		now = t.tv_sec * 1000LL + t.tv_nsec / 1000000;
		done += now < over;
		poll_pause();
	} while (now < over);
	daxtop_end(d, 0);
	daxtop_json(d);
	trace_summary(d);
	if (trace_count(d, "fault") < done)
		fail("saw %zu faults of %zu, made before its 4 s were over",
		     trace_count(d, "fault"), done);
	area_remove(&a);
}

static void test_duration_history(struct place *p)
{
	struct daxtop *d;

	(void)p;
	d = daxtop_start(ARGS("history", "--json", "--duration", "0.5", "0x1"));
	daxtop_end(d, 0);
	daxtop_json(d);
	if (d->nr_lines != 1)
		fail("got %zu lines, expected one: %s", d->nr_lines, d->out_text);
}

/* It ends by itself, whenever the next picture is due. */
static void test_duration_top(struct place *p)
{
	(void)p;
	daxtop_run(0, ARGS("top", "--batch", "--delay", "3600", "-t", "0.5"));
}

/* Both see everything; neither disturbs the other's end. */
static void test_two(struct place *p)
{
	struct daxtop *one, *two;
	struct area a, b;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_open(&b, p, 0, AREA_WRITTEN);
	one = daxtop_start(ARGS("trace", "--json", "-e", "fault,unmap,free,remove"));
	two = daxtop_start(ARGS("history", "--json", a.spec, b.spec));
	life(&a);
	daxtop_stop(one);
	life(&b);
	daxtop_stop(two);
	expect_lines(one, 4, is_any, NULL);
	HISTORY(two, &a, FAULT_NEW, UNMAP_FREE, "remove 0>0");
	HISTORY(two, &b, FAULT_NEW, UNMAP_FREE, "remove 0>0");
}

/* ---- what a filter leaves unloaded ---- */

#define MAX_PROGS 1024

/* Is a program whose name begins with @name loaded that is none of @before? */
static bool is_loaded(const char *name, const uint32_t *before, size_t nr_before)
{
	uint32_t ids[MAX_PROGS];
	size_t n = bpf_programs(ids, MAX_PROGS), i, k;
	char got[64];

	for (i = 0; i < n; i++) {
		for (k = 0; k < nr_before && before[k] != ids[i]; k++)
			;
		bpf_program_name(ids[i], got, sizeof(got));
		if (k == nr_before && strchr(got, '(') &&
		    !strncmp(strchr(got, '(') + 1, name, strlen(name)))
			return true;
	}
	return false;
}

/* Faults of each kind, pins by both paths of GUP, removes. */
static void faults_and_pins(struct place *p)
{
	int fd = nullb_open(), i;
	struct area a, huge, hole;
	char copy[64];
	struct iovec to = { copy, sizeof(copy) }, from = { NULL, sizeof(copy) };

	area_open(&a, p, 0, AREA_WRITTEN);
	area_open(&huge, p, 9, AREA_WRITTEN);
	area_open(&hole, p, 0, AREA_HOLE);
	area_map_shared(&hole);
	touch_read(hole.p);
	touch_write(hole.p);
	area_map_shared(&huge);
	touch_write(huge.p);
	for (i = 0; i < 2; i++) {
		area_map_shared(&a);
		touch_read(a.p);
		touch_write(a.p);
		must(pwrite(fd, a.p, SZ_4K, 0) == (ssize_t)SZ_4K);
		from.iov_base = a.p;
		must(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == sizeof(copy));
		area_unmap(&a);
	}
	area_unmap(&huge);
	area_unmap(&hole);
	area_remove(&huge);
	area_remove(&hole);
	area_remove(&a);
	must(!close(fd));
}

/* Nothing but when it was. */
static const char *timeless(struct json_object *line)
{
	json_object_object_del(line, "time_ns");
	json_object_object_del(line, "install_time_ns");
	/* as it is when it is shown */
	json_object_object_del(line, "file_deleted");
	json_object_object_del(line, "file_state");
	return json_object_to_json_string(line);
}

/*
 * What faults are made of is loaded, what pins are made of is not, and the faults are told as
 * without a filter.
 */
static void test_filter_loads(struct place *p)
{
	static const char *const others[] = { "dx_gup_",  "dx_add_pin", "dx_unpin",
					      "dx_unmap", "dx_delete",	"dx_free",
					      "dx_break", "dx_fork",	"dx_install_pfn" };
	uint32_t none[MAX_PROGS], with_few[MAX_PROGS];
	size_t nr_none = bpf_programs(none, MAX_PROGS), nr_few, i, k = 0;
	struct daxtop *few, *all;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	few = daxtop_start(ARGS("trace", "--json", "-p", pid, "-e", "fault"));
	if (!daxtop_has_said(few, "others left out: --event"))
		fail("daxtop does not say what the filter leaves out");
	if (!is_loaded("dx_pte_fault", none, nr_none))
		fail("the programs of faults are not loaded");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_loaded(others[i], none, nr_none))
			fail("a program %s... is loaded, which no fault needs", others[i]);
	nr_few = bpf_programs(with_few, MAX_PROGS);
	all = daxtop_start(ARGS("trace", "--json", "-p", pid));
	if (!is_loaded("dx_gup_", with_few, nr_few))
		fail("without a filter no program of GUP is loaded");
	if (daxtop_has_said(all, "left out"))
		fail("daxtop says that it leaves something out without a filter");
	faults_and_pins(p);
	daxtop_stop(few);
	daxtop_stop(all);
	trace_summary(few);
	trace_summary(all);
	if (!trace_count(all, "pin") || !trace_count(all, "remove"))
		fail("the workload pinned and removed nothing: %s", all->out_text);
	if (trace_count(few, "fault") < 6 || trace_count(few, NULL) != trace_count(few, "fault") ||
	    trace_count(few, "fault") != trace_count(all, "fault"))
		fail("got %zu faults, expected the %zu that are told without a filter: %s%s",
		     trace_count(few, "fault"), trace_count(all, "fault"), few->out_text,
		     all->out_text);
	for (i = 0; i < all->nr_lines - 1; i++) {
		if (strcmp(field_str(all->lines[i], "event"), "fault"))
			continue;
		if (strcmp(timeless(few->lines[k]), timeless(all->lines[i])))
			fail("fault %zu: got %s, expected %s", k,
			     json_object_to_json_string(few->lines[k]),
			     json_object_to_json_string(all->lines[i]));
		k++;
	}
}

/* By its number a folio has the same history as by its file. */
static void test_history_pfn(struct place *p)
{
	struct area a, b;
	struct daxtop *d;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	b = a;
	snprintf(b.spec, sizeof(b.spec), "%#lx", (long)pfn_of(a.p));
	area_unmap(&a);
	d = HISTORY_START(b.spec, a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_FIRST, UNMAP_FREE);
	HISTORY(d, &b, FAULT_FIRST, UNMAP_FREE);
}

const struct test trace_tests[] = {
	TEST("trace/lines", ON_FS, test_lines),
	TEST("trace/filters", ON_EXT4, test_filters),
	TEST("trace/filter-loads", ON_EXT4 | ON_BOTH, test_filter_loads, .starts = 2),
	TEST("trace/count", ON_EXT4, test_count),
	TEST("trace/duration", ON_EXT4, test_duration_trace),
	TEST("trace/history-duration", ON_NONE, test_duration_history),
	TEST("trace/top-duration", ON_NONE, test_duration_top),
	SHARED_TEST("trace/history-pfn", ON_FS, test_history_pfn),
	TEST("trace/two-at-once", ON_XFS, test_two, .starts = 2),
	TESTS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/* perf.c - daxtop perf around workloads that know what they do. */
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "daxtop.h"
#include "place.h"

/* ---- rows ---- */

static uint64_t ino_of(int fd)
{
	struct stat st;

	must(!fstat(fd, &st));
	return st.st_ino;
}

static bool has(struct json_object *row, const char *key, const char *value)
{
	const char *is = field_str_or_null(row, key);

	return value ? is && !strcmp(is, value) : !is;
}

static void expect_histogram(struct json_object *row)
{
	struct json_object *list;
	int64_t sum = 0;

	must(json_object_object_get_ex(row, "histogram", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++)
		sum += field_int(json_object_array_get_idx(list, i), "count");
	if (sum != field_int(row, "count"))
		fail("the histogram counts %ld: %s", (long)sum, json_object_to_json_string(row));
}

/* The row of a file (0: of whatever), NULL: there is none. @level, @cause: NULL: it has none. */
static struct json_object *find_row(struct daxtop *d, uint64_t ino, const char *what,
				    const char *outcome, const char *level, const char *cause)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *row = d->lines[i];

		if (strcmp(field_str(row, "type"), "perf") ||
		    (ino && (uint64_t)field_int(row, "ino") != ino) || !has(row, "what", what) ||
		    !has(row, "outcome", outcome) || !has(row, "level", level) ||
		    !has(row, "cause", cause))
			continue;
		if (found)
			fail("two rows of one thing: %s", d->out_text);
		found = row;
	}
	return found;
}

static void expect_row(struct daxtop *d, uint64_t ino, const char *what, const char *outcome,
		       const char *level, const char *cause, int64_t count, int64_t pages)
{
	struct json_object *row = find_row(d, ino, what, outcome, level, cause);

	if (!row)
		fail("inode %lu: no %s %s %s %s: %s", ino, what, outcome, level ? level : "",
		     cause ? cause : "", d->out_text);
	if (field_int(row, "count") != count || field_int(row, "pages") != pages)
		fail("expected %ld of %ld pages: %s", (long)count, (long)pages,
		     json_object_to_json_string(row));
	expect_histogram(row);
}

static struct json_object *summary_get(struct daxtop *d)
{
	struct json_object *s = d->nr_lines ? d->lines[d->nr_lines - 1] : NULL;

	if (!s || strcmp(field_str(s, "type"), "perf-summary"))
		fail("the last line is no summary: %s", d->out_text);
	if (field_int(s, "missed_runs"))
		fail("program runs were missed: %s", json_object_to_json_string(s));
	return s;
}

/* ---- as many as there were ---- */

#define FAULTS	     16 /* pages of an area's file */
#define ROUNDS	     3
#define DIRECT	     4 /* calls of direct I/O, of DIRECT_PAGES each */
#define DIRECT_PAGES 8
#define REMOTE	     2
#define REMOTE_PAGES 3

static void remote_read(char *from)
{
	static char to[REMOTE_PAGES * SZ_4K];
	struct iovec local = { to, sizeof(to) }, remote = { from, sizeof(to) };

	must(process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)sizeof(to));
}

static void test_counts(struct place *p)
{
	int disk = nullb_open();
	struct daxtop *d;
	struct area a, huge;
	uint64_t ino, huge_ino;
	char *m;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_open(&huge, p, 9, AREA_WRITTEN);
	ino = ino_of(a.fd);
	huge_ino = ino_of(huge.fd);
	m = mmap(NULL, FAULTS * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, 0);
	must(m != MAP_FAILED);
	must(!madvise(m, FAULTS * SZ_4K, MADV_NOHUGEPAGE));
	area_map_shared(&huge);
	d = daxtop_start(ARGS("perf", "--json", "--by", "file"));
	for (int i = 0; i < ROUNDS * FAULTS; i++) {
		if (i % FAULTS == 0)
			must(!madvise(m, FAULTS * SZ_4K, MADV_DONTNEED));
		touch_write(m + i % FAULTS * SZ_4K);
	}
	for (int i = 0; i < ROUNDS; i++) {
		must(!madvise(huge.p, SZ_2M, MADV_DONTNEED));
		touch_write(huge.p + i * SZ_4K);
	}
	for (int i = 0; i < DIRECT; i++)
		must(pwrite(disk, m, DIRECT_PAGES * SZ_4K, 0) == (ssize_t)(DIRECT_PAGES * SZ_4K));
	for (int i = 0; i < REMOTE; i++)
		remote_read(huge.p);
	/* its page is mapped by the slow path, into which the fast one goes on */
	must(!madvise(m, SZ_4K, MADV_DONTNEED));
	must(pwrite(disk, m, SZ_4K, 0) == (ssize_t)SZ_4K);
	must(!munmap(m, FAULTS * SZ_4K));
	must(!ftruncate(a.fd, 0));
	daxtop_stop(d);
	summary_get(d);
	expect_row(d, ino, "fault", "installed", "pte", NULL, ROUNDS * FAULTS + 1,
		   ROUNDS * FAULTS + 1);
	expect_row(d, huge_ino, "fault", "installed", "pmd", NULL, ROUNDS, ROUNDS * 512);
	expect_row(d, ino, "gup-fast", "pin", NULL, NULL, DIRECT + 1, DIRECT * DIRECT_PAGES + 1);
	expect_row(d, ino, "gup-fallback", "pin", NULL, NULL, 1, 1);
	expect_row(d, ino, "unpin", "done", NULL, NULL, DIRECT + 1, DIRECT * DIRECT_PAGES + 1);
	expect_row(d, huge_ino, "gup-slow", "pin", NULL, NULL, REMOTE, REMOTE * REMOTE_PAGES);
	expect_row(d, huge_ino, "unpin", "done", NULL, NULL, REMOTE, REMOTE * REMOTE_PAGES);
	if (!kernel_legacy())
		expect_row(d, ino, "layout-break", "done", NULL, NULL, 1, 0);
	if (!has(find_row(d, ino, "fault", "installed", "pte", NULL), "file",
		 strrchr(a.path, '/') + 1) ||
	    !has(find_row(d, ino, "fault", "installed", "pte", NULL), "device", p->device))
		fail("not %s on %s: %s", a.path, p->device, d->out_text);
}

/* Another device's, of folios of its own size. */
static void test_device(struct place *p)
{
	struct daxtop *d;
	struct area a;
	int disk = nullb_open();
	bool huge = place_order(p);

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	d = daxtop_start(ARGS("perf", "--json", "--by", "device"));
	touch_write(a.p);
	must(pwrite(disk, a.p, SZ_4K, 0) == (ssize_t)SZ_4K);
	daxtop_stop(d);
	summary_get(d);
	expect_row(d, 0, "fault", "installed", huge ? "pmd" : "pte", NULL, 1, huge ? 512 : 1);
	expect_row(d, 0, "gup-fast", "pin", NULL, NULL, 1, 1);
	expect_row(d, 0, "unpin", "done", NULL, NULL, 1, 1);
	if (!has(d->lines[0], "device", p->device))
		fail("not of %s: %s", p->device, d->out_text);
}

/* ---- waits ---- */

struct truncation {
	struct area a;
	int pipe[2];
};

static void child_truncates(struct child *c, void *arg)
{
	struct truncation *t = arg;

	child_await(c);
	must(!ftruncate(t->a.fd, 0));
}

static void test_waits(struct place *p)
{
	struct truncation t = {};
	struct json_object *row;
	struct daxtop *d;
	struct iovec iov;
	struct child c;
	int64_t from;
	char buf[SZ_4K];

	area_open(&t.a, p, 0, AREA_WRITTEN);
	area_map_shared(&t.a);
	touch_write(t.a.p);
	must(!pipe2(t.pipe, O_CLOEXEC));
	iov = (struct iovec){ t.a.p, SZ_4K };
	must(vmsplice(t.pipe[1], &iov, 1, 0) == SZ_4K);
	child_start(&c, child_truncates, &t);
	d = daxtop_start(ARGS("perf", "--json", "--by", "process"));
	child_go(&c);
	wait_blocked(c.pid, p->bit == ON_EXT4 ? "ext4_wait_dax_page" : "xfs_wait_dax_page");
	from = now_ms();
	while (now_ms() - from < 20)
		poll_pause();
	must(read(t.pipe[0], buf, sizeof(buf)) == SZ_4K);
	child_end(&c);
	daxtop_stop(d);
	summary_get(d);
	row = find_row(d, 0, "layout-break", "waited", NULL, NULL);
	if (!row || field_int(row, "count") != 1 || field_int(row, "tgid") != c.pid ||
	    field_int(row, "max_ns") < 20000000)
		fail("no wait of %d for 20 ms at least: %s", c.pid, d->out_text);
	expect_histogram(row);
}

/* ---- why not 2M ---- */

/* Maps @len bytes of the area's file from its offset on, @skew bytes behind a multiple of 2M. */
static char *map_skewed(const struct area *a, size_t len, size_t skew, int flags)
{
	char *room = mmap(NULL, len + 2 * SZ_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;

	must(room != MAP_FAILED);
	at = (char *)(((uintptr_t)room + SZ_2M - 1) & ~(SZ_2M - 1)) + skew;
	at = mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, a->fd, a->off);
	must(at != MAP_FAILED);
	return at;
}

static void make_address(struct area *a)
{
	area_open(a, a->place, 9, AREA_WRITTEN);
	touch_write(map_skewed(a, 2 * SZ_2M, SZ_4K, MAP_SHARED) + SZ_2M - SZ_4K);
}

static void make_private(struct area *a)
{
	area_open(a, a->place, 9, AREA_WRITTEN);
	touch_write(map_skewed(a, SZ_2M, 0, MAP_PRIVATE));
}

static void make_vma(struct area *a)
{
	area_open(a, a->place, 9, AREA_WRITTEN);
	touch_write(map_skewed(a, SZ_2M / 2, 0, MAP_SHARED));
}

static void make_size(struct area *a)
{
	area_open(a, a->place, 9, AREA_WRITTEN);
	must(!ftruncate(a->fd, a->off + SZ_2M / 2));
	touch_write(map_skewed(a, SZ_2M, 0, MAP_SHARED));
}

static void make_entry(struct area *a)
{
	char *m;

	area_open(a, a->place, 9, AREA_WRITTEN);
	m = map_skewed(a, SZ_2M, 0, MAP_SHARED);
	must(!madvise(m, SZ_2M, MADV_NOHUGEPAGE));
	touch_write(m + SZ_4K);
	must(!munmap(m, SZ_2M));
	touch_write(map_skewed(a, SZ_2M, 0, MAP_SHARED));
}

static void make_hole(struct area *a)
{
	char page[SZ_4K] = { 1 };

	area_open(a, a->place, 9, AREA_HOLE);
	must(pwrite(a->fd, page, SZ_4K, a->off + SZ_2M / 2) == (ssize_t)SZ_4K);
	touch_read(map_skewed(a, SZ_2M, 0, MAP_SHARED));
}

static void make_length(struct area *a)
{
	char page[SZ_4K] = { 1 };

	area_open(a, a->place, 9, AREA_HOLE);
	for (size_t at = 0; at < SZ_2M / 2; at += SZ_4K)
		must(pwrite(a->fd, page, SZ_4K, a->off + at) == (ssize_t)SZ_4K);
	must(!fsync(a->fd));
	touch_read(map_skewed(a, SZ_2M, 0, MAP_SHARED));
}

/* The file's offset of 2M in one extent, not at a multiple of 2M of the device. */
static off_t find_misaligned(int fd)
{
	char buf[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)] = {};
	struct fiemap *map = (struct fiemap *)buf;

	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_extent_count = 64;
	must(!ioctl(fd, FS_IOC_FIEMAP, map));
	for (unsigned int i = 0; i < map->fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &map->fm_extents[i];
		uint64_t from = (e->fe_logical + SZ_2M - 1) & ~(SZ_2M - 1);
		uint64_t skipped = from - e->fe_logical;

		if (skipped + SZ_2M <= e->fe_length && (e->fe_physical + skipped) % SZ_2M)
			return from;
	}
	fail("no 2M extent beside a 2M boundary");
}

static void make_alignment(struct area *a)
{
	area_open(a, a->place, 9, AREA_WRITTEN);
	must(!fallocate(a->fd, FALLOC_FL_COLLAPSE_RANGE, 0, SZ_4K));
	a->off = find_misaligned(a->fd);
	touch_write(map_skewed(a, SZ_2M, 0, MAP_SHARED));
}

/* Why faults of 2M of this file fell back, all of them: ext4 has some tried twice. */
static void expect_cause(struct daxtop *d, uint64_t ino, const char *cause)
{
	size_t rows = 0;

	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *row = d->lines[i];

		if (strcmp(field_str(row, "type"), "perf") || (uint64_t)field_int(row, "ino") != ino ||
		    !has(row, "outcome", "fallback") || !has(row, "level", "pmd"))
			continue;
		if (!has(row, "cause", cause))
			fail("expected %s: %s", cause, json_object_to_json_string(row));
		expect_histogram(row);
		rows++;
	}
	if (rows != 1)
		fail("inode %lu: %zu rows, expected one of %s: %s", ino, rows, cause, d->out_text);
}

static void test_why(struct place *p)
{
	static const struct {
		const char *cause;
		void (*make)(struct area *a);
	} cases[] = {
		{ "address", make_address },	  { "private-write", make_private },
		{ "vma-edge", make_vma },	  { "file-size", make_size },
		{ "4k-entry", make_entry },	  { "hole", make_hole },
		{ "extent-length", make_length }, { "extent-alignment", make_alignment },
	};
	struct area a[sizeof(cases) / sizeof(cases[0])];
	struct daxtop *d = daxtop_start(ARGS("perf", "--json", "--by", "file"));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a[i].place = p;
		cases[i].make(&a[i]);
	}
	daxtop_stop(d);
	summary_get(d);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_cause(d, ino_of(a[i].fd), cases[i].cause);
}

/* ---- more keys than there is room for ---- */

#define FILES	  1000
#define PROCESSES 100

static void test_others(struct place *p)
{
	static char *page[FILES];
	struct daxtop *d;
	int64_t seen = 0, others = 0;
	struct json_object *list, *one;
	size_t rows = 0;

	for (int i = 0; i < FILES; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "%s/gt-%d-%d", p->path, getpid(), i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		must(fd >= 0 && !fallocate(fd, 0, 0, SZ_4K));
		page[i] = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		must(page[i] != MAP_FAILED && !madvise(page[i], SZ_4K, MADV_NOHUGEPAGE));
		must(!close(fd) && !unlink(path));
	}
	d = daxtop_start(ARGS("perf", "--json", "--by", "process"));
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		int status;

		must(pid >= 0);
		if (!pid) {
			for (int k = 0; k < FILES; k++)
				touch_write(page[k]);
			_exit(0);
		}
		must(waitpid(pid, &status, 0) == pid && !status);
	}
	daxtop_stop(d);
	for (size_t i = 0; i < d->nr_lines; i++)
		if (!strcmp(field_str(d->lines[i], "type"), "perf") &&
		    has(d->lines[i], "what", "fault")) {
			seen += field_int(d->lines[i], "count");
			expect_histogram(d->lines[i]);
			rows++;
		}
	must(json_object_object_get_ex(summary_get(d), "others", &list));
	if (json_object_object_get_ex(list, "fault", &one))
		others = field_int(one, "count");
	if (seen + others != (int64_t)FILES * PROCESSES || !others || rows < 2)
		fail("%ld in %zu rows and %ld others, expected %d in all", (long)seen, rows,
		     (long)others, FILES * PROCESSES);
	note("%ld faults in %zu rows, %ld others", (long)seen, rows, (long)others);
}

const struct test perf_tests[] = {
	TEST("perf/counts", ON_FS, test_counts),
	TEST("perf/device", ON_DEV, test_device),
	TEST("perf/waits", ON_FS, test_waits),
	TEST("perf/why-not-2m", ON_FS, test_why),
	TEST("perf/others", ON_EXT4, test_others, .starts = 2),
	TESTS_END,
};

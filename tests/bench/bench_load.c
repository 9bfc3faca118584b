// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_load.c - operations whose cost is measured, each many times in tight loops.
 * Under QEMU's -icount a nanosecond of the guest's clock is an instruction.
 *
 * A line a test: name, ns an operation, and ns an operation that the reader of the
 * events (--reader) ran because of it; see measure.h.
 */
#include <argp.h>
#include <err.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "measure.h"

#define PAGE	    4096ul
#define HUGE	    (2ul << 20)
#define REGIONS	    40 /* of 2M, one page table each */
#define REGION_USED 500 /* pages of each that are measured: 20,000 in all */
#define FAULTS	    (REGIONS * REGION_USED)
#define BATCH	    50
#define HUGE_FAULTS 32
#define ANON_ROUNDS 200
#define FORKS	    100
#define FORK_PAGES  1000 /* ordinary pages of the process that forks */
#define GUP_PAGES   64000 /* of all calls of one size */
#define DAX_CALLS   500 /* on DAX memory, where each page is an event */
#define OWN_ROUNDS  16 /* of FAULTS each */

static const char *dax_dir = "/mnt/ext4";
static const char *huge_dir = "/mnt/xfs"; /* its stripe unit of 2M makes aligned extents */
static const char *cache_dir = "/tmp";
static const char *dax_device = "/dev/dax0.1"; /* pages of 4K */
static const char *disk = "/dev/nullb0"; /* completes at once and copies nothing */

static uint64_t own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* ---- memory ---- */

/* @len bytes at an address that is @skew behind a multiple of 2M. */
static char *map_at(size_t len, size_t skew, int prot, int flags, int fd)
{
	char *room = mmap(NULL, len + 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at;

	if (room == MAP_FAILED)
		err(2, "mmap");
	at = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1)) + skew;
	at = mmap(at, len, prot, flags | MAP_FIXED, fd, 0);
	if (at == MAP_FAILED)
		err(2, "mmap");
	return at;
}

/* A file whose blocks are all there and written: its faults need no allocation. */
static int file_make(const char *dir, size_t len)
{
	static char zeros[1 << 20];
	char path[300];
	int fd;

	/* what was freed can be allocated again, in one piece, after a commit */
	sync();
	snprintf(path, sizeof(path), "%s/bench_load", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		err(2, "%s", path);
	if (posix_fallocate(fd, 0, len))
		err(2, "%s: no %zu bytes", path, len);
	for (size_t done = 0; done < len; done += sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), done) != sizeof(zeros))
			err(2, "%s", path);
	/* the journal's next commit is five seconds away then */
	if (fsync(fd))
		err(2, "%s", path);
	unlink(path);
	return fd;
}

/* The pages that are measured: the page tables are there, by the first page of each 2M. */
static char *page_nr(char *at, unsigned long i)
{
	return at + i / REGION_USED * HUGE + (1 + i % REGION_USED) * PAGE;
}

static void page_tables_make(char *at)
{
	for (unsigned long i = 0; i < REGIONS; i++)
		*(volatile char *)(at + i * HUGE) = 1;
}

/* The pages of one batch. */
static void pages_write(char *at, unsigned long from)
{
	for (unsigned long i = from; i < from + BATCH; i++)
		*(volatile char *)page_nr(at, i) = 1;
}

/* Writes to the pages and insists that each was a fault. */
static void faults_measure(const char *name, char *at)
{
	static struct measure m;
	unsigned long faults;

	measure_init(&m, BATCH);
	page_tables_make(at);
	reader_stop(&m);
	faults = minor_faults();
	for (unsigned long i = 0; i < FAULTS; i += BATCH) {
		batch_begin(&m);
		pages_write(at, i);
		batch_end(&m);
	}
	faults = minor_faults() - faults;
	reader_go_on(&m);
	if (faults != FAULTS)
		errx(2, "%s: %lu faults instead of %d", name, faults, FAULTS);
	report(name, &m);
}

static void zap_measure(const char *name, char *at)
{
	static struct measure m;

	measure_init(&m, BATCH);
	reader_stop(&m);
	for (unsigned long i = 0; i < FAULTS; i += BATCH) {
		batch_begin(&m);
		for (unsigned long j = i; j < i + BATCH; j++)
			if (madvise(page_nr(at, j), PAGE, MADV_DONTNEED))
				err(2, "madvise");
		batch_end(&m);
	}
	reader_go_on(&m);
	report(name, &m);
}

/* A call for each page table. */
static void munmap_measure(const char *name, char *at)
{
	static struct measure m;

	measure_init(&m, REGION_USED + 1);
	reader_stop(&m);
	for (unsigned long i = 0; i < REGIONS; i++) {
		batch_begin(&m);
		if (munmap(at + i * HUGE, HUGE))
			err(2, "munmap");
		batch_end(&m);
	}
	reader_go_on(&m);
	report(name, &m);
}

/* One page behind a multiple of 2M: the file's offsets don't match, so no PMD can be used. */
#define MAP_FILE_PTE(fd) map_at(REGIONS *HUGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd)

static void test_dax(void)
{
	int fd = file_make(dax_dir, REGIONS * HUGE);
	char *at = MAP_FILE_PTE(fd);

	faults_measure("dax-fault", at);
	zap_measure("dax-zap", at);
	if (munmap(at, REGIONS * HUGE))
		err(2, "munmap");
	at = MAP_FILE_PTE(fd);
	faults_measure("dax-refault", at);
	munmap_measure("dax-munmap", at);
	close(fd);
}

/*
 * What faults cost the one who has them while somebody else uses the same CPU: the thread's
 * own time, by the scheduler's clock, which under -icount counts instructions, too. All of
 * it is counted, no batch left out, for what disturbs is the question: being switched out
 * and in again, and the interrupts that fall into it (Debian's kernels have no
 * CONFIG_IRQ_TIME_ACCOUNTING, so they are the interrupted one's). The second figure is by
 * the wall's clock, with what the other one ran.
 */
static void test_dax_own(void)
{
	int fd = file_make(dax_dir, REGIONS * HUGE);
	char *at = MAP_FILE_PTE(fd);
	unsigned long faults;
	uint64_t own, wall;

	page_tables_make(at);
	faults = minor_faults();
	own = own_ns();
	wall = now();
	for (int round = 0; round < OWN_ROUNDS; round++) {
		for (unsigned long i = 0; i < FAULTS; i += BATCH)
			pages_write(at, i);
		for (unsigned long i = 0; i < REGIONS; i++)
			if (madvise(at + i * HUGE + PAGE, REGION_USED * PAGE, MADV_DONTNEED))
				err(2, "madvise");
	}
	own = own_ns() - own;
	wall = now() - wall;
	faults = minor_faults() - faults;
	/* a few more are the stack's and the like */
	if (faults < FAULTS * OWN_ROUNDS)
		errx(2, "dax-own: %lu faults instead of %d", faults, FAULTS * OWN_ROUNDS);
	printf("dax-own %.2f %.2f\n", (double)own / FAULTS / OWN_ROUNDS,
	       (double)wall / FAULTS / OWN_ROUNDS);
	close(fd);
}

static void test_dax_huge(void)
{
	int fd = file_make(huge_dir, HUGE_FAULTS * HUGE);
	char *at = map_at(HUGE_FAULTS * HUGE, 0, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	static struct measure m;
	unsigned long faults;

	measure_init(&m, 1);
	*(volatile char *)at = 1; /* the table of tables */
	reader_stop(&m);
	faults = minor_faults();
	for (unsigned long i = 1; i < HUGE_FAULTS; i++) {
		batch_begin(&m);
		*(volatile char *)(at + i * HUGE) = 1;
		batch_end(&m);
	}
	reader_go_on(&m);
	for (unsigned long i = 0; i < HUGE_FAULTS * HUGE; i += PAGE)
		*(volatile char *)(at + i) = 1;
	faults = minor_faults() - faults;
	if (faults != HUGE_FAULTS - 1)
		errx(2, "dax-fault-2m: %lu faults instead of %d: no 2M mappings", faults,
		     HUGE_FAULTS - 1);
	report("dax-fault-2m", &m);
	close(fd);
}

static char *map_anon(size_t len)
{
	char *at = map_at(len, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (madvise(at, len, MADV_NOHUGEPAGE))
		err(2, "madvise");
	return at;
}

/*
 * A few pages again and again: they stay in the CPU's own list of free pages, so the
 * allocator's state, which is another one in each configuration, is not in the figures.
 */
static void test_anon(void)
{
	static struct measure fault, zap, all;
	char *at = map_anon(HUGE);

	measure_init(&fault, BATCH);
	measure_init(&zap, BATCH);
	measure_init(&all, BATCH);
	*(volatile char *)(at + BATCH * PAGE) = 1; /* keeps the page table */
	reader_stop(&fault);
	for (int round = 0; round < ANON_ROUNDS; round++) {
		batch_begin(&fault);
		for (int i = 0; i < BATCH; i++)
			*(volatile char *)(at + i * PAGE) = 1;
		batch_end(&fault);
		batch_begin(&zap);
		for (int i = 0; i < BATCH; i++)
			if (madvise(at + i * PAGE, PAGE, MADV_DONTNEED))
				err(2, "madvise");
		batch_end(&zap);
		memset(at, 1, BATCH * PAGE);
		batch_begin(&all);
		if (madvise(at, BATCH * PAGE, MADV_DONTNEED))
			err(2, "madvise");
		batch_end(&all);
	}
	reader_go_on(&fault);
	report("anon-fault", &fault);
	report("anon-zap", &zap);
	report("anon-zap-all", &all);
}

static void test_cache(void)
{
	int fd = file_make(cache_dir, REGIONS * HUGE);
	char *at = MAP_FILE_PTE(fd);

	faults_measure("cache-fault", at);
	munmap_measure("cache-munmap", at);
	close(fd);
}

static void test_fork(void)
{
	char *at = map_anon(HUGE * 2);
	static struct measure m;

	measure_init(&m, 1);
	memset(at, 1, FORK_PAGES * PAGE);
	fflush(stdout);
	reader_stop(&m);
	for (int i = 0; i < FORKS; i++) {
		pid_t pid;

		batch_begin(&m);
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			err(2, "fork");
		batch_end(&m);
	}
	reader_go_on(&m);
	report("fork-exit", &m);
}

/* ---- GUP: io_uring's registered buffers ---- */

static int uring_register(int ring, unsigned int what, struct iovec *iov)
{
	return syscall(SYS_io_uring_register, ring, what, iov, iov ? 1 : 0);
}

/* What reading the clock adds to an interval; the least, as something may run in between. */
static uint64_t clock_ns(void)
{
	uint64_t least = UINT64_MAX;

	for (int k = 0; k < 20; k++) {
		uint64_t start = now(), ns;

		for (int i = 0; i < 50; i++)
			now();
		ns = (now() - start) / 51;
		if (ns < least)
			least = ns;
	}
	return least;
}

static int gup_calls(unsigned int pages)
{
	return GUP_PAGES / pages < BATCHES_MAX ? GUP_PAGES / pages : BATCHES_MAX;
}

static void gup_measure(int ring, char *at, unsigned int pages, int calls, const char *suffix)
{
	struct iovec iov = { .iov_base = at, .iov_len = pages * PAGE };
	static struct measure on, off;
	uint64_t clock = clock_ns();
	char name[64];

	measure_init(&on, 1);
	measure_init(&off, 1);
	for (int i = -20; i < calls; i++) {
		uint64_t t[3];

		if (!i) {
			reader_stop(&on);
			on.nr = off.nr = 0;
		}
		t[0] = now();
		if (uring_register(ring, IORING_REGISTER_BUFFERS, &iov))
			err(2, "io_uring_register");
		t[1] = now();
		if (uring_register(ring, IORING_UNREGISTER_BUFFERS, NULL))
			err(2, "io_uring_register");
		t[2] = now();
		measure_add(&on, t[1] - t[0] - clock);
		measure_add(&off, t[2] - t[1] - clock);
	}
	reader_go_on(&on);
	snprintf(name, sizeof(name), "gup-%u%s", pages, suffix);
	report(name, &on);
	snprintf(name, sizeof(name), "ungup-%u%s", pages, suffix);
	report(name, &off);
}

static int uring_make(void)
{
	struct io_uring_params p = {};
	int ring = syscall(SYS_io_uring_setup, 4, &p);

	if (ring < 0)
		err(2, "io_uring_setup");
	return ring;
}

static void test_gup(void)
{
	static const unsigned int pages[] = { 1, 16, 64, 256 };
	int ring = uring_make();
	char *at = map_anon(HUGE);

	memset(at, 1, HUGE);
	for (unsigned int i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		gup_measure(ring, at, pages[i], gup_calls(pages[i]), "");
	close(ring);
}

/* The same ordinary memory, of a process that has DAX mapped as well. */
static void test_gup_mixed(void)
{
	int fd = file_make(dax_dir, HUGE);
	char *dax = map_at(HUGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	int ring = uring_make();
	char *at = map_anon(HUGE);

	memset(at, 1, HUGE);
	*(volatile char *)dax = 1;
	gup_measure(ring, at, 1, gup_calls(1), "-mixed");
	gup_measure(ring, at, 64, gup_calls(64), "-mixed");
	close(ring);
	close(fd);
}

/* Pins of fsdax are short ones only: direct I/O. A call pins, writes, and unpins. */
static void dio_measure(int out, char *at, unsigned int pages)
{
	static struct measure m;
	char name[64];

	measure_init(&m, 1);
	for (int i = -20; i < DAX_CALLS; i++) {
		if (!i) {
			reader_stop(&m);
			m.nr = 0;
		}
		batch_begin(&m);
		if (pwrite(out, at, pages * PAGE, 0) != (ssize_t)(pages * PAGE))
			err(2, "%s", disk);
		batch_end(&m);
	}
	reader_go_on(&m);
	snprintf(name, sizeof(name), "dio-%u-dax", pages);
	report(name, &m);
}

/* Pins of DAX memory itself. */
static void test_gup_dax(void)
{
	int dev = open(dax_device, O_RDWR | O_CLOEXEC), fd = file_make(dax_dir, HUGE), ring, out;
	char *at;

	if (dev < 0)
		err(2, "%s", dax_device);
	at = map_at(HUGE, 0, PROT_READ | PROT_WRITE, MAP_SHARED, dev);
	memset(at, 1, HUGE);
	ring = uring_make();
	gup_measure(ring, at, 1, DAX_CALLS, "-dax");
	gup_measure(ring, at, 64, DAX_CALLS, "-dax");
	close(ring);
	at = map_at(HUGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	for (unsigned long i = 0; i < HUGE / PAGE; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	out = open(disk, O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (out < 0)
		err(2, "%s", disk);
	dio_measure(out, at, 1);
	dio_measure(out, at, 64);
	close(out);
	close(fd);
	close(dev);
}

/* ---- a burst: as many 4K faults as are asked for, told by nothing but the events ---- */

static void test_burst(unsigned long n)
{
	int fd = file_make(dax_dir, (n * PAGE + HUGE - 1) & ~(HUGE - 1));
	char *at = map_at(n * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	unsigned long faults = minor_faults();

	for (unsigned long i = 0; i < n; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	faults = minor_faults() - faults;
	if (faults != n)
		errx(2, "burst: %lu faults instead of %lu", faults, n);
	printf("burst %lu\n", n);
}

/* ---- the command line ---- */

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "dax", test_dax },
	{ "dax-2m", test_dax_huge },
	{ "anon", test_anon },
	{ "cache", test_cache },
	{ "fork", test_fork },
	{ "gup", test_gup },
	{ "gup-mixed", test_gup_mixed },
	{ "gup-dax", test_gup_dax },
	{ "dax-own", test_dax_own },
};

/* A process for each: an mm that had DAX mapped once is another case for daxtop. */
static int test_run(const char *name)
{
	pid_t pid;
	int status;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].name, name))
			continue;
		fflush(stdout);
		pid = fork();
		if (!pid) {
			tests[i].run();
			exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			err(2, "fork");
		return !WIFEXITED(status) || WEXITSTATUS(status) ? 2 : 0;
	}
	errx(2, "there is no test %s; see bench_load --help", name);
}

/* Seconds of CPU that a command of the shell's took, its children's with it. */
static void command_run(const char *command)
{
	struct rusage u;
	int status = system(command);

	if (status)
		errx(2, "%s: status 0x%x", command, status);
	getrusage(RUSAGE_CHILDREN, &u);
	printf("command %ld.%06ld\n",
	       u.ru_utime.tv_sec + u.ru_stime.tv_sec +
		       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000000,
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) % 1000000);
}

static unsigned long burst;
static const char *command;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'r':
		reader = atoi(arg);
		break;
	case 'b':
		burst = strtoul(arg, NULL, 10);
		break;
	case 'c':
		command = arg;
		break;
	case ARGP_KEY_ARG:
		if (test_run(arg))
			exit(2);
		break;
	case ARGP_KEY_NO_ARGS:
		if (!burst && !command)
			argp_error(state,
				   "which test? dax, dax-2m, anon, cache, fork, gup, gup-mixed, gup-dax, dax-own");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "reader", 'r', "PID", 0, "Stop this process while a loop runs", 0 },
		{ "burst", 'b', "N", 0, "Make N 4K write faults on DAX, nothing else", 0 },
		{ "command", 'c', "COMMAND", 0, "Run this and tell its CPU time, nothing else", 0 },
		{ 0 },
	};
	static const struct argp argp = { .options = options, .parser = parse, .args_doc = "TEST..." };

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (burst)
		test_burst(burst);
	if (command)
		command_run(command);
	return 0;
}

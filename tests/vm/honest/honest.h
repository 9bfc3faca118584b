/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HONEST_H
#define HONEST_H
/*
 * honest.h - hard, honest work on real DAX: much at once, of which no part breaks
 * a rule of reference counting.
 *
 * A kind of work (struct kind) runs at a place (a DAX filesystem or a device-dax).
 * main() hands out pairs of both; each is done by a process of its own, several at
 * a time, in a short slice of time (a job). What may fail in a race is named where it
 * happens and counted; anything else ends the job, and the run fails.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Newer than Debian 12's headers, or left out of them. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define KB    1024UL
#define MB    (1024 * KB)
#define SZ_4K (4 * KB)
#define SZ_2M (2 * MB)

/* Places, as bits. */
#define AT_EXT4	  (1u << 0)
#define AT_XFS	  (1u << 1)
#define AT_DAX2M  (1u << 2) /* device-dax with pages of 2M */
#define AT_DAX4K  (1u << 3) /* device-dax with pages of 4K */
#define AT_FS	  (AT_EXT4 | AT_XFS)
#define AT_DEV	  (AT_DAX2M | AT_DAX4K)
#define AT_ALL	  (AT_FS | AT_DEV)
#define NR_PLACES 4

struct place {
	unsigned int bit; /* AT_* */
	const char *name; /* "ext4", "dax4k", ... */
	bool fs;
	char path[128]; /* the folder or the device; "": there is none */
	char source[128]; /* what is mounted: /dev/pmemN */
	size_t align; /* what a mapping must be aligned to, bytes */
	size_t size; /* device: bytes */
};

struct kind {
	const char *name;
	unsigned int at; /* AT_* where it can be done */
	void (*run)(void); /* one job; uses job, ends by job_on() */
	unsigned int flags;
};

#define KIND_ALONE  (1u << 0) /* nobody else uses the place meanwhile */
#define KIND_FEW    (1u << 1) /* uses something up or is long: FEW_TIMES a run and place */
#define KIND_OPTION (1u << 2) /* only when --with or --only names it */
#define FEW_TIMES   2

#define KIND(name, at, run)      \
	{                        \
		name, at, run, 0 \
	}
#define KIND_AS(name, at, run, how) \
	{                           \
		name, at, run, how  \
	}
#define KINDS_END                \
	{                        \
		NULL, 0, NULL, 0 \
	}

/* One table a file, ended by a NULL name. */
extern const struct kind fault_kinds[], process_kinds[], remap_kinds[], layout_kinds[], gup_kinds[],
	remote_kinds[], copy_kinds[], uring_kinds[], reflink_kinds[], poison_kinds[],
	device_kinds[], tool_kinds[], passed_kinds[];

/* ---- the run (main.c, tally.c) ---- */

#define MAX_KINDS 64
#define MAX_ERRNO 134

/* Memory shared by all processes of the run. */
struct shared {
	struct place places[NR_PLACES];
	uint64_t done[MAX_KINDS][NR_PLACES]; /* rounds of work */
	uint32_t started[MAX_KINDS][NR_PLACES]; /* jobs */
	uint32_t errors[MAX_KINDS][MAX_ERRNO]; /* those that may happen, by errno */
	uint32_t buses[MAX_KINDS]; /* SIGBUS, SIGSEGV */
	uint32_t failures;
	uint32_t serial; /* for names that are used once */
};

extern struct shared *shared;
extern char disks[2][128]; /* block devices for O_DIRECT; an immediate and a slow one */
extern unsigned int nr_disks;
/*
 * The kernel counts DAX pages as 6.14 and before did: it doesn't wait for a busy page
 * of a file that nobody maps (dax_layout_busy_page_range() asks mapping_mapped() there).
 * Then files stay mapped by somebody, from before the first pin until after the last.
 */
extern bool legacy;

/* What this process works at. */
struct job {
	const struct kind *kind;
	unsigned int nr; /* of the kind */
	struct place *place;
	uint64_t end; /* ns, CLOCK_MONOTONIC */
};
extern struct job job;

/* The job's time is not over. */
bool job_on(void);
/* One more round of the job's work is done. */
void job_did(void);
/* Says why this kind of work can't be done here, and ends the process as failed. */
void job_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/*
 * Returns @ret. Negative, with an errno of the list (ended by 0): counts it. Any other
 * errno: fails with the text of the call.
 */
long call_check(long ret, const char *text, const char *file, int line, const int *allowed);
#define may(call, ...) \
	call_check((long)(call), #call, __FILE__, __LINE__, (const int[]){ __VA_ARGS__, 0 })
#define must(call) call_check((long)(call), #call, __FILE__, __LINE__, (const int[]){ 0 })

/*
 * Pages of a file that others truncate or unmap can't be pinned. ENOMEM: seldom, on
 * Linux 7.3, from __get_user_pages(), with memory free and no word of it in the kernel's log.
 */
#define PIN_FAILS EFAULT, ENOMEM

/* 0 .. n-1; each process and thread has its own sequence. */
unsigned int rnd(unsigned int n);
void rnd_seed(uint64_t seed);
/* One time of n. */
bool one_in(unsigned int n);
void pause_us(unsigned int us);
/* A pause of up to @us microseconds. */
void pause_rnd(unsigned int us);
uint64_t now_ns(void);

/* ---- memory that may go while it is used (mem.c) ---- */

/* SIGBUS and SIGSEGV inside a touch are expected: false, and counted. */
void bus_handle(void);
bool touch_read(const char *p);
bool touch_write(char *p);
/* madvise() that may bring a SIGBUS on its way out. */
bool bus_madvise(char *p, size_t len, int advice, long *ret);

/* A part of a file or device, and where it is mapped. */
struct span {
	int fd;
	off_t off;
	size_t len;
	char *p; /* NULL: not mapped */
	char path[200]; /* "" : not ours to remove */
	char *anchor; /* legacy: see above */
	size_t anchor_len;
};

/*
 * Some part of @pages 4K pages (rounded up to the place's pages) of a file that others
 * use as well, or of the device.
 */
void span_pool(struct span *s, size_t pages);
/* The same, of a new file of ours with allocated blocks; @len bytes, from its start. */
void span_own(struct span *s, size_t len);
/* Maps it all, at a multiple of the page size that it may get. NULL when that can't be. */
char *span_map(struct span *s, int prot, int flags);
void span_unmap(struct span *s);
/* Unmaps, closes, removes. */
void span_end(struct span *s);
/* Some place in it, of @len bytes; a multiple of 4K. */
char *span_at(const struct span *s, size_t len);
/* Touches some pages. */
void span_touch(const struct span *s, unsigned int times);

/* An address range for len bytes at a multiple of align, mapped PROT_NONE. */
char *reserve(size_t len, size_t align);

/* ---- files that several jobs use (pool.c) ---- */

#define POOL_FILES  4
#define POOL_SIZE   (8 * MB)
#define FILE_PREFIX "honest-"

int pool_open(const struct place *p, unsigned int nr);
/* Brings the file to its full size with allocated blocks again. */
void pool_refill(int fd);
/* Legacy: the calling process maps all of the place's pool. */
void pool_anchor(unsigned int place);
void pool_release(unsigned int place);
/* Makes an own file's path. */
void file_name(char *path, size_t len, const struct place *p, const char *what);
/* A new file of @size allocated bytes; returns its fd. */
int file_new(const char *path, size_t size);
void files_clean(void);
void places_find(void);
/* Makes the slow disk if it can; see disks. */
void disks_find(const char *disk);
void disks_end(void);

/* ---- processes of a job (child.c) ---- */

/* fork(), whose child dies with its parent. Never fails. */
pid_t child_fork(void);
/* Waits for it; fails unless it exited 0 (or, with @killed, a SIGKILL ended it). */
void child_wait(pid_t pid, bool killed);
void child_kill(pid_t pid);
/* Waits for it, however it ended. */
void child_end_any(pid_t pid);
/* Runs a program and waits; its output goes to @out (may be NULL). True: it exited 0. */
bool child_exec(const char *const argv[], char *out, size_t len);

/*
 * A child is about to have the blocks of pages freed that the pipe @ends holds. Waits until the kernel
 * makes it wait for them, empties the pipe, and waits for the child's end.
 */
void child_wait_for_pipe(pid_t pid, const int ends[2]);

/*
 * What a process does to a mapping while others truncate, punch or unmap it: any of
 * these, again and again until the job's time is over.
 */
#define DO_TOUCH  (1u << 0)
#define DO_DIRECT (1u << 1) /* O_DIRECT from it and to it */
#define DO_SPLICE (1u << 2) /* vmsplice, drained at once */
#define DO_COPY	  (1u << 3) /* read(2) and write(2) on a pipe */
#define DO_ADVISE (1u << 4) /* drops its page table entries */
#define DO_ALL	  (DO_TOUCH | DO_DIRECT | DO_SPLICE | DO_COPY | DO_ADVISE)
void hammer(const struct span *s, unsigned int what);
/* A child that does so. */
pid_t hammer_fork(const struct span *s, unsigned int what);
/* One O_DIRECT transfer between memory and a disk. */
void direct_once(char *p, size_t len, bool to_disk);
int disk_open(void);

#endif

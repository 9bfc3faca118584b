/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_HARNESS_H
#define GUEST_HARNESS_H
/*
 * harness.h - how a guest test is written and run.
 *
 * Each test runs in a process (and process group) of its own, so that a crash
 * or a hang ends one test and not the run. After each, the parent looks for
 * warnings in the kernel log, and after each daxtop for BPF programs that stayed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Places that a test can run on, as bits: its name becomes "PLACE/NAME". */
#define ON_EXT4	  (1u << 0)
#define ON_XFS	  (1u << 1)
#define ON_DAX2M  (1u << 2) /* device-dax of 2M alignment: folios of order 9 */
#define ON_DAX4K  (1u << 3) /* device-dax of 4K alignment: folios of order 0 */
#define ON_NONE	  0u /* once, without a place */
#define ON_FS	  (ON_EXT4 | ON_XFS)
#define ON_DEV	  (ON_DAX2M | ON_DAX4K)
#define ON_ALL	  (ON_FS | ON_DEV)
#define NR_PLACES 4
/*
 * A test is for kernels that count DAX references (6.15 and after) unless it says that it is
 * for both, or for those before only.
 */
#define ON_BOTH	  (1u << 8)
#define ON_LEGACY (1u << 9)

/* A filesystem or a device of the guest; see place.c. */
struct place {
	unsigned int bit; /* ON_* */
	const char *name; /* "ext4", "xfs", "dax2m", "dax4k" */
	bool fs;
	char path[128]; /* mount point, or /dev/daxX.Y; "" : the guest has none */
	char device[32]; /* "pmem0", "dax1.0": what daxtop calls it */
	char options[256]; /* of the mount */
	size_t align, size; /* device-dax: bytes */
};

/*
 * Who starts the daxtop that a test asks. Starting one takes seconds in emulation, so tests share
 * one where they can; each knows by itself which of its answers are its own (runner.h).
 */
enum share {
	ALONE, /* the test itself, as often as it likes */
	HISTORIES, /* one `history` a place: by history_start() and history_stop() only */
	CHECKS, /* one `check`: by check_start() and check_stop() only */
	CHECKS_STRICT, /* one with --strict */
	CHECKS_STALL, /* one to which a second is a stall */
	TRACES, /* one `trace` of everything: by trace_start() and trace_stop() only */
	LOOKS, /* `scan`s, each for all who want one by then: by SCAN() without arguments */
	LOOKS_APART, /* ... for this test on all its places: it takes them away from the others, or blocks them */
	LOOKS_MEANWHILE, /* ... for those that never stand still */
	NR_SHARES
};

struct test {
	const char *name;
	unsigned int on;
	void (*run)(struct place *p); /* p: NULL for ON_NONE */
	enum share share;
	unsigned int seconds; /* limit, 0: 600 */
	unsigned int starts; /* about so many of daxtop it (or its unit) needs, or as much time; 0: one */
	const char *warns; /* where the kernel warns ("mm/gup.c"), as it should; NULL: nowhere */
	bool takes_blocks; /* HISTORIES: its workload takes new blocks of the filesystem */
	const char *warns_on; /* ... on kernels of these series only ("6.17.|6.18."): a known fault of theirs; NULL: on all */
	const char *rule; /* it exercises this one, and fails if it doesn't */
};

/* TEST("file/name", ON_FS | ON_BOTH, function, .field = what differs from none...) */
#define TEST(n, o, r, ...)                                \
	{                                                 \
		.name = n, .on = o, .run = r, __VA_ARGS__ \
	}
#define SHARED_TEST(n, o, r, ...) TEST(n, o, r, .share = HISTORIES, __VA_ARGS__)
#define TESTS_END            \
	{                    \
		.name = NULL \
	}

/* One table a file, ended by a NULL name; main() has the list. */
extern const struct test steps_tests[], fsdax_fault_tests[], fsdax_huge_tests[], layout_tests[],
	reflink_tests[], gup_tests[], devdax_tests[], pgmap_tests[], trace_tests[], stream_tests[],
	burst_tests[], stacks_tests[], slots_tests[], life_tests[], names_tests[], input_tests[],
	command_tests[], rules_tests[], counts_tests[], pgmaps_tests[], waits_tests[],
	scan_hold_tests[], scan_who_tests[], scan_wait_tests[], scan_chain_tests[],
	scan_leak_tests[], scan_race_tests[], scan_watch_tests[], holders_tests[], locked_tests[],
	limits_tests[], strangers_tests[], sigbus_tests[], last_tests[], baseline_tests[],
	looks_tests[], passed_tests[], files_tests[], contained_tests[], perf_tests[], moved_tests[];

extern bool verbose;

/* ---- inside a test ---- */

/* Ends the test (or its child process) as failed; the sentence says got and expected. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Ends the test as skipped. Only for what the guest cannot have. */
void skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A line in verbose mode. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* fail() with errno's text unless @ok. */
#define must(ok)                                                        \
	do {                                                            \
		if (!(ok))                                              \
			fail("%s:%d: %s: %m", __FILE__, __LINE__, #ok); \
	} while (0)

/*
 * How long to wait for what must come. Only a hang takes so long: how fast a machine is, and what
 * else it does, decides no test.
 */
#define PATIENCE_MS 180000

/* What fail() calls before it ends the process; NULL: nothing. */
extern void (*on_fail)(void);

/* Monotonic milliseconds. */
int64_t now_ms(void);
/* The pause between two looks at something that another process does. */
void poll_pause(void);
/* Pins that the kernel has released so far, all in all: of what a worker releases. */
long pins_released(void);

/*
 * Runs a command line by /bin/sh; fails with its output unless it exits 0.
 * The output (stdout and stderr) is returned, at most 64 KiB, never NULL,
 * valid until the next call.
 */
const char *run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A command line for the runner, which runs it when the test's processes are dead, however they
 * ended; the one that was said last is run first. It must do no harm where it is not needed.
 */
void afterwards(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- a process of the workload ---- */

struct child {
	pid_t pid;
	int to, from; /* one byte a go */
};

/* Forks; the child runs @fn and exits 0. */
void child_start(struct child *c, void (*fn)(struct child *c, void *arg), void *arg);
/* Rendezvous, both ways: one side goes, the other awaits it. */
void child_go(struct child *c);
void child_await(struct child *c);
/* Waits for the child's exit, which must be 0. */
void child_end(struct child *c);
/* Waits until @pid sleeps in the kernel function @wchan (/proc/PID/wchan); "A|B": in one of them. */
void wait_blocked(pid_t pid, const char *wchan);

/* One daxtop more was started: for the count at the end. */
void note_start(void);

/* ---- BPF programs in the kernel (main.c compares before and after) ---- */

/* Ids of loaded programs, ascending; returns how many, at most @max. */
size_t bpf_programs(uint32_t *ids, size_t max);
/* "id 12 (name)" of a program; the kernel keeps 15 bytes of the name. */
void bpf_program_name(uint32_t id, char *out, size_t len);
/*
 * Loads a program, and gives it up: its id. The kernel gives ids in order (kernel/bpf/syscall.c,
 * bpf_prog_alloc_id()), so those of two calls differ by one more than was loaded between them.
 */
uint32_t bpf_program_id(void);
/*
 * Waits for the programs @ids to go. Returns how many ms that took, or -1 with the
 * names of those that stayed in @left.
 */
int64_t bpf_these_gone(const uint32_t *ids, size_t n, char *left, size_t len);
/* A process that has a BPF object open, us among them; @who: its pid and name. */
bool bpf_holder(char *who, size_t len);
/* For a test that looks at programs itself: waits until there are none of the tests before. */
void programs_settle(void);

#endif

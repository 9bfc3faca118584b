/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H
/* check.h - daxtop check around a workload that knows which rule it breaks. */
#include "../inject/inject.h"
#include "daxtop.h"
#include "place.h"

/* The kernel counts DAX references as up to 6.14: idle is 1, a mapping holds nothing. */
bool kernel_legacy(void);
/* As daxtop calls it, by the kernel's version. */
const char *kernel_regime(void);
/*
 * 6.18 and before: a task that is preempted in bpf_task_storage_get() keeps all others of its CPU from new
 * storage (kernel/bpf/bpf_task_storage.c, bpf_task_storage_trylock()): an event in some ten
 * thousand is lost then, and counted.
 */
bool kernel_loses(void);
/* A function of the kernel itself, not inlined everywhere. */
bool kernel_has(const char *function);

/*
 * daxtop check --json ARGS..., ready; the times to wait are short (leak 1 s, stall 1 s). A test that
 * shares one has its turn between start and stop, and of the findings those of its turn only.
 */
struct daxtop *check_start(const char *const args[]);
#define CHECK_START(...) check_start((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
/* SIGINT; the exit status (that the findings make) must be @exit_status; then its lines are parsed. */
void check_stop(struct daxtop *d, int exit_status);

/* Waits until it tells (on stderr) of a finding of @rule; the next call waits for another one. */
void check_await(struct daxtop *d, const char *rule);
/* The same with any text. */
void check_await_text(struct daxtop *d, const char *text);

/* The runner's: ends the one that tests shared, and looks whether each finding is somebody's. */
void check_shared_stop(struct daxtop *d);
/* Was a finding of this rule among those of this process? */
bool check_exercised(const char *rule);
/* Is there a test for this kernel that has the rule in its table? (main.c, honest.c) */
bool tests_exercise(const char *rule);
bool honest_exercises(const char *rule);

/* The line of a rule. */
struct json_object *check_rule(struct daxtop *d, const char *rule);
int64_t check_checked(struct daxtop *d, const char *rule);
int64_t check_broken(struct daxtop *d, const char *rule);
struct json_object *check_verdict(struct daxtop *d);
/* The @nth finding of the rule, from 0; NULL: there are fewer. */
struct json_object *check_finding(struct daxtop *d, const char *rule, size_t nth);
/* Is a frame of this function in the finding's kernel stack? */
bool finding_has_frame(struct json_object *finding, const char *function);

/*
 * This rule was broken and no other; a finding of it names the page and a function
 * in its stack (NULL: none wanted). Returns the finding.
 */
struct json_object *expect_only(struct daxtop *d, const char *rule, uint64_t pfn,
				const char *function);
/* Hard, honest work; it makes namespaces anew, so that devices have other names then. */
void test_no_false_alarm(struct place *p);
/* left.c: daxtop scan finds nothing that the tests before have left. */
void test_left_nothing(struct place *p);

/* Every rule that this kernel has is exercised by a test. */
void test_every_rule(struct place *p);

/* No rule was broken, and no finding counts. */
void expect_clean(struct daxtop *d);

/* ---- the module that breaks rules (tests/vm/inject) ---- */

/* Loads it; a file of it. Close it (or inject_undo()) before what it worked on is unmapped. */
int inject_open(void);
/* Runs a command, which must work; the answer is in @arg. */
void inject_do(int fd, struct inject *arg);
/* The same for a command that this kernel may not have; false: it has not (EOPNOTSUPP). */
bool inject_try(int fd, struct inject *arg);
void inject_undo(int fd);
/* A window to install into, of 2M at a 2M boundary; @pfn: for INJECT_INSTALL_PFN. */
char *inject_window(int fd, bool pfn);

/*
 * A leak for comparison, younger than what is to be none: when daxtop tells of this one, it would have
 * told of that one. The module takes a reference of a folio of a fresh area; returns its pfn.
 */
uint64_t leak_start(struct area *a, struct place *p, int fd);
/* Waits until it was told of, ends daxtop: it is the only finding. */
void leak_alone(struct daxtop *d, uint64_t pfn);

/* The pfn that @addr of this process maps, from /proc/self/pagemap. */
uint64_t pfn_of(const void *addr);

#endif

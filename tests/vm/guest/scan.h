/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_SCAN_H
#define GUEST_SCAN_H
/* scan.h - daxtop scan and daxtop holders, started when all is there already, and what they say. */
#include "check.h"
#include "daxtop.h"
#include "place.h"

/*
 * `daxtop scan --json ARGS...` to its end, exit status 0; its lines are parsed and
 * nothing in them is impossible (see look_check()).
 */
struct daxtop *scan_run(const char *const args[]);
#define SCAN(...) scan_run((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
/* The same, stopped just before it runs its BPF program @prog for the first time; and the rest of it. */
struct daxtop *scan_pause(const char *prog);
void scan_resume(struct daxtop *d);
/* `daxtop holders --json WHAT`, with this exit status; the same otherwise. */
struct daxtop *holders_run(int exit_status, const char *what);
/* fail() when a line is not as it must be, or tells of what can't be. */
void look_check(struct daxtop *d);

/* ---- folios ---- */

/* What a workload does to a folio of its area. */
struct uses {
	int maps, pins, gets; /* page tables, pins, references without a pin */
	int unknown; /* pins and gets that nobody can be found for */
};

/* The line of the folio that @pfn is in, NULL: there is none. */
struct json_object *folio_of(struct daxtop *d, uint64_t pfn);
/* Its line; fail() unless counts, size, device, file and offset are as this use makes them. */
struct json_object *expect_folio(struct daxtop *d, const struct area *a, uint64_t pfn,
				 const struct uses *u);
#define USES(...) (&(const struct uses){ __VA_ARGS__ })
/* It is not listed; on a current kernel, if it is mapped, that is all that is said of it. */
void expect_let_go(struct daxtop *d, const struct area *a, uint64_t pfn);
/* Not listed, and no holder of the page is. */
void expect_nothing(struct daxtop *d, uint64_t pfn);

/* ---- holders ---- */

/* A holder of the folio that is of this kind and process (0: any); NULL: none. */
struct json_object *holder_of(struct json_object *folio, const char *kind, pid_t tgid);
/* The same, which must be there, and certain or not. */
struct json_object *expect_holder(struct json_object *folio, const char *kind, pid_t tgid,
				  bool certain);
/* How many holders of this kind, of any process. */
size_t nr_holders(struct json_object *folio, const char *kind);
/* Is a holder's mapping at this address? (Any one of it, if @addr is NULL.) */
void expect_mapping(struct json_object *folio, pid_t tgid, const char *addr);

/* ---- the rest ---- */

/* The nth line of this type, from 0; NULL: there are fewer. */
struct json_object *line_of(struct daxtop *d, const char *type, size_t nth);
/* The pgmap of a device, which must be there. */
struct json_object *pgmap_of(struct daxtop *d, const char *device);
/* The wait of a process, NULL: it does not wait. */
struct json_object *wait_of(struct daxtop *d, pid_t pid);
/* The last line. */
struct json_object *summary_line(struct daxtop *d);
/* The verdict, of this device and so called. */
struct json_object *expect_verdict(struct daxtop *d, const char *device, const char *verdict);
/* ... that nobody uses the place: its filesystem is mounted there, no more. */
void expect_unused(struct daxtop *d, const struct place *p);
/* A text for fail(). */
const char *json_text(struct json_object *o);

/* ---- workloads that more than one test has ---- */

/* A written, mapped and touched area; returns its pfn. */
uint64_t area_touched(struct area *a, struct place *p, unsigned int order);
/* The area's first page into a new pipe, and out of it. */
void pipe_fill(int fds[2], const struct area *a);
void pipe_drain(int fds[2]);
/* Makes the module's RDMA device and registers memory; see rdma.c. */
struct rdma {
	int fd;
	uint32_t mr, pd;
};
bool rdma_register(struct rdma *r, void *addr, size_t len);
void rdma_deregister(struct rdma *r);

#endif

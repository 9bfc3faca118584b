/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_STEPS_H
#define GUEST_STEPS_H
/*
 * steps.h - a folio's history, compared step by step.
 *
 * A step is written
 *
 *	[~]EVENT BEFORE>AFTER [mMAPCOUNT] [pPINS] [oORDER] [@WHO] [+FLAG]...
 *
 * ~: inferred, not observed. m, p and o stand after the step; left out, they
 * are those of the step before (at first m0 p0 and the area's order). @WHO is a name given by
 * actor_set(), or @self (the test's own process, what an observed step means
 * when it says nothing), @* (anybody), @kworker (a kernel worker). Of an
 * inferred step the actor is compared only if it is written. +FLAG must be
 * set, -FLAG must not; flags not named are not compared.
 *
 * "=predates" in place of a step: the history says that it began before.
 */
#include "daxtop.h"
#include "place.h"

/* @name: of an actor in steps; its comm is read from /proc now. */
void actor_set(const char *name, pid_t pid);

/* The history object of @spec, which daxtop must have printed exactly once. */
struct json_object *history_get(struct daxtop *d, const char *spec);
/*
 * fail() with both lists unless the steps of @a's folio are exactly these and
 * the history names the place's device.
 */
void history_expect(struct daxtop *d, const struct area *a, const char *const steps[]);
#define HISTORY(d, a, ...) history_expect(d, a, (const char *const[]){ __VA_ARGS__, NULL })
/* The folio was never seen: {"error":"not seen"}. */
void history_expect_unseen(struct daxtop *d, const struct area *a);

/* A list that is put together: for figures that depend on the place. */
struct steps {
	const char *list[64]; /* ends with NULL */
	size_t n;
};
void steps_add(struct steps *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Compares, beginning with @order; returns NULL when equal, else a text that says where it differs
 * (static, valid until the next call).
 */
const char *steps_compare(struct json_object *history, unsigned int order, const char *const steps[]);

/*
 * What one fault on a filesystem's page does, from an idle folio with a new
 * entry, and with the entry still there (fs/dax.c, dax_fault_iter): a
 * reference of its own, the mapping's, its own dropped.
 */
#define FAULT_REVIVE "~fault-ref 0>1", "install 1>2 m1", "~fault-put 2>1", "fault 1>1"
#define FAULT_NEW    "insert 0>0", FAULT_REVIVE
/* The same when it is the first that the trace sees: what was before is not known. */
#define FAULT_FIRST "install 1>2 m1", "~fault-put 2>1", "fault 1>1"
#define UNMAP_FREE  "unmap 1>1 m0", "free 1>0"

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * honest.c - no false alarm: daxtop check around hard, honest work (tests/vm/honest) finds
 * nothing, and has looked: each rule that such work exercises was checked often.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "check.h"

#define SECONDS "14"

/*
 * At least so many times. However slow the machine, honest does each kind of work once everywhere,
 * and that alone checks each rule twice as often at least: a run of a program may be skipped.
 */
struct least {
	const char *rule;
	int current, legacy; /* 0: that kernel does not have it, or cannot be made to */
};

static const struct least leasts[] = {
	{ "install-zero-ref", 300, 300 }, { "install-without-ref", 300, 300 },
	{ "idle-nonzero", 100, 100 },	  { "free-nonzero", 300, 0 },
	{ "folio-overput", 500, 5 },	  { "entry-stale-state", 100, 100 },
	{ "share-mismatch", 10, 5 },	  { "removed-while-referenced", 100, 100 },
	{ "break-incomplete", 10, 0 },	  { "longterm-on-fsdax", 1, 1 },
	{ "generic-overput", 20, 0 },	  { "pin-imbalance", 200, 200 },
	{ "grab-nonpositive", 100, 100 }, { "pgmap-dead-use", 500, 500 },
	{ "pgmap-gone-under-pin", 3, 3 }, { "folio-leak", 100, 100 },
	{ "pgmap-leak", 4, 4 },		  { "pgmap-underflow", 4, 4 },
	{ "stall-break-layout", 1, 1 },	  { "stall-evict", 1, 0 },
	{ "stall-memunmap", 3, 3 },
};

static int least_of(const struct least *l)
{
	return kernel_legacy() ? l->legacy : l->current;
}

bool honest_exercises(const char *rule)
{
	for (size_t i = 0; i < sizeof(leasts) / sizeof(leasts[0]); i++)
		if (!strcmp(leasts[i].rule, rule))
			return least_of(&leasts[i]);
	return false;
}

/* What the work printed; honest says in its last lines what went wrong. */
static const char *honest_said(void)
{
	return run("grep ^honest: /tmp/honest.out | tail -n 20; tail -n 1 /tmp/honest.out");
}

/*
 * "Inconclusive" is no alarm when the kernel has skipped runs of programs, as it does where tasks
 * are preempted in them: who took a reference was not seen then, and daxtop says so. Nor when
 * events were lost, where the kernel can't but (kernel_loses()), or where a
 * hole's entry was locked as it went, on a legacy kernel (dx_invalidate_end()).
 */
static bool says_unsure(struct daxtop *d, struct json_object *verdict)
{
	bool lost = (kernel_legacy() || kernel_loses()) && field_int(verdict, "lost");
	bool unseen =
		field_int(verdict, "missed_runs") && field_int(verdict, "findings_inconclusive");

	return WEXITSTATUS(d->status) == 124 && (lost || unseen) &&
	       !field_int(verdict, "findings_proven") && !field_int(verdict, "findings_suspected");
}

void test_no_false_alarm(struct place *none)
{
	struct json_object *verdict, *command;
	struct daxtop *d;
	size_t i;

	(void)none;
	d = daxtop_start(
		ARGS("check", "--json", "--verbose", "--ring-size", "64M", "--stall-time", "120",
		     "--", "sh", "-c",
		     ("exec honest --seconds " SECONDS " --without fio >/tmp/honest.out 2>&1")));
	/* No text of daxtop's: true when it has ended. */
	while (!daxtop_has_said(d, "\n\n\n"))
		poll_pause();
	daxtop_wait(d);
	daxtop_json(d);
	verdict = check_verdict(d);
	expect_clean(d);
	if (!json_object_object_get_ex(verdict, "command", &command) ||
	    !json_object_object_get_ex(command, "status", NULL) || field_int(command, "status"))
		fail("the work itself failed: %s", honest_said());
	if (!WIFEXITED(d->status) || (WEXITSTATUS(d->status) && !says_unsure(d, verdict)))
		fail("daxtop check ended with status %#x: %s%s", d->status, d->err_text, d->out_text);
	for (i = 0; i < sizeof(leasts) / sizeof(leasts[0]); i++) {
		int least = least_of(&leasts[i]);

		if (least && check_checked(d, leasts[i].rule) < least)
			fail("%s was checked %lld times, expected %d at least; the work: %s",
			     leasts[i].rule, (long long)check_checked(d, leasts[i].rule), least,
			     honest_said());
	}
}

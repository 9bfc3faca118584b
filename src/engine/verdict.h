/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_VERDICT_H
#define DAXTOP_ENGINE_VERDICT_H
/*
 * verdict.h - the engine's answer: which rules were kept, what all in all amounts to, and the exit status.
 * Views print it and decide nothing.
 *
 * Weighed in this order: findings that are proven or suspected, and counts of broken rules of which no
 * record came through; whether all was seen that had to be; the program's own exit status.
 */
#include "engine/snapshot.h"

/* The exit status of "nothing found, and it says little". */
#define VERDICT_NOT_ALL_SEEN 124

/* What is asked, and what the engine can't know. Strings are the caller's. */
struct verdict_terms {
	uint32_t rules; /* 1 << enum dx_rule: those that are judged; findings of others are left out */
	bool rules_named; /* by the user: one that can't be checked is no success then */
	bool only_proven; /* findings that are not are left out */
	uint32_t exercised; /* 1 << enum dx_rule, of @rules: one that was not exercised is no success */
	bool some_exercised; /* nor is it when nothing was */
	int error_exitcode; /* for findings, 1 to 255 */
	const char *unchecked[DX_RULES]; /* why the rule can't be checked on this kernel; NULL: it can */
	bool blind; /* essential probes are missing */
	bool unjudged; /* it ended while something looked wrong and was not old enough */
	bool command; /* a program ran */
	bool cut; /* ... and was not waited for to its end */
	int command_exit; /* ... else its exit status, 0 to 255, as a shell has it */
};

enum rule_state {
	RULE_KEPT, /* checked and never broken */
	RULE_BROKEN,
	RULE_UNSURE, /* findings that are inconclusive, or nothing found in a view with gaps */
	RULE_NOT_EXERCISED, /* nothing happened that it is about */
	RULE_NOT_CHECKED, /* see why */
};

/* Of one rule that is judged. */
struct verdict_rule {
	enum rule_state state;
	uint64_t checked;
	uint64_t broken; /* times; of rules that are judged from history: findings */
	uint64_t by_design; /* times that this kernel did it by itself, by design or by a known defect: no finding */
	char why[256]; /* not checked, or unsure */
};

enum verdict_kind { VERDICT_CLEAN, VERDICT_BROKEN, VERDICT_INCONCLUSIVE };

/* What the exit status comes from. */
enum verdict_decided {
	DECIDED_FINDINGS,
	DECIDED_NOT_ALL_SEEN,
	DECIDED_COMMAND,
	DECIDED_RULES_KEPT
};

struct verdict {
	enum verdict_kind kind;
	enum verdict_decided decided;
	int exit; /* status, 0 to 255 */
	unsigned int proven, suspected, inconclusive; /* findings that count */
	unsigned int over; /* leaks that went away, not counted */
	unsigned int before; /* waits from before the trace, not counted */
	unsigned int unproven; /* findings that only_proven left out, and that would count */
	unsigned int broken_rules; /* whose findings were lost, and only the counts tell */
	/* of all rules there are: not judged, not to be judged on this kernel, judged for nothing, judged */
	unsigned int left_out, not_checked, not_exercised, exercised;
	bool nothing; /* of those that are exercised by what happens, none was */
	bool nothing_seen; /* ... nor of all those that are left out */
	char why[256]; /* it is inconclusive; "" */
	struct verdict_rule rule[DX_RULES]; /* those of terms.rules */
};

/* What a verdict rests on. */
struct verdict_facts {
	struct engine_rule rule[DX_RULES];
	/* Findings, by rule; those of no rule are all. */
	struct verdict_tally {
		unsigned int proven, suspected, inconclusive, over;
		const char *why; /* of the first that is inconclusive */
	} tally[DX_RULES];
	unsigned int unproven, before;
	const char *inconclusive; /* snapshot_inconclusive() */
};

/* A stall is a finding though it is over; a leak that went away is none. */
bool finding_is_stall(const struct engine_finding *f);
/* Notes, and what is over and was no stall, are shown and not counted. */
bool finding_counts(const struct engine_finding *f);
/* A wait from before is told, and is of no weight, unless its rule was asked for by name. */
bool verdict_weighs(const struct verdict_terms *t, const struct engine_finding *f);
/* Is the finding among those that @t asks for? */
bool verdict_asks(const struct verdict_terms *t, const struct engine_finding *f);
/* One more finding. */
void verdict_count(struct verdict_facts *facts, const struct verdict_terms *t,
		   const struct engine_finding *f);
void verdict_decide(const struct verdict_facts *facts, const struct verdict_terms *t,
		    struct verdict *v);

/* Facts from a snapshot, and the decision. */
void snapshot_verdict(const struct snapshot *s, const struct verdict_terms *t, struct verdict *v);

#endif

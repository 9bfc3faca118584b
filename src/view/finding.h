/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FINDING_H
#define DAXTOP_FINDING_H
/* finding.h - what a broken rule says, in words; safe to print */
#include <stdio.h>
#include "engine/verdict.h"
#include "model/stacks.h"

struct view_names;

/* "bare-pfn", ...; "none"; NULL beyond the last */
const char *detail_name(unsigned int detail);
/* "proven", "suspected", "inconclusive" */
const char *confidence_name(unsigned int confidence);
/* "install-zero-ref", ...; "?" */
const char *rule_name(unsigned int rule);

#define FINDING_MAX (4 * DX_PATH_LEN + 1024)

/* What happened to it: "was put in a PTE at 0x7f00 with refcount 0, ...". @now: ns. Returns @out. */
char *finding_says(char *out, size_t outlen, const struct engine_finding *f, uint64_t now);
/* Both: a sentence without full stop. FINDING_MAX bytes suffice. Returns @out. */
char *finding_sentence(char *out, size_t outlen, const struct engine_finding *f, uint64_t now);
/* How long it lasts or lasted, ns; 0 when it was a moment. */
uint64_t finding_age(const struct engine_finding *f, uint64_t now);

/* A finding and who holds its folio, oldest first. */
struct held_finding {
	struct engine_finding f;
	struct engine_holder *holders;
	size_t nr_holders;
};

/* What a finding's times are relative to, and where its stacks' names are. */
struct finding_context {
	uint64_t start, now; /* ns */
	struct stacks *stacks; /* NULL: no stacks */
};
/* All there is to say, several lines, each behind @prefix. */
void view_finding_text(FILE *out, const char *prefix, const struct held_finding *h,
		       const struct finding_context *c);

/* A violation's record as a finding, for its words. Strings are @names'. */
void finding_of_event(struct engine_finding *f, const struct dx_event *e,
		      const struct view_names *names);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_RULE_RULE_H
#define DAXTOP_RULE_RULE_H
/*
 * rule.h - the rules in words: what each demands, where the kernel relies on it,
 * and what daxtop must see to check it.
 */
#include <stddef.h>
#include <stdbool.h>
#include <rule.h> /* in include/: quotes would find this file */
#include "model/probe.h"

#define RULE_PROBES 6

/* Where a rule is judged. */
enum rule_judged {
	RULE_POINT, /* in bpf/, at the point */
	RULE_ENGINE, /* from history, samples and age */
	RULE_STANDING, /* the same, again and again, whether anything happens or not */
	RULE_WAIT, /* by how long somebody waits */
};

struct rule {
	const char *id; /* "install-zero-ref": what users see and type */
	const char *says; /* the rule in one line, no full stop */
	const char *text; /* a paragraph or more, for `daxtop rules ID` and daxtop-rules(7) */
	const char *source; /* kernel functions and files that enforce it or rely on it */
	const char *broken; /* what a finding says behind the folio's name, {got} and others to be filled in; NULL: view/ says it */
	const char *note; /* what it is called where a kernel breaks it by itself, and that is no finding */
	unsigned int regimes; /* 1 << enum regime: where it holds */
	bool in_engine; /* judged from history, samples and age; else in bpf/, at the point */
	bool standing; /* checked again and again, whether anything happens or not: no sign that something did */
	/* rows of the probe table (probe.event) without which it is not checked; NULL-terminated when fewer */
	const char *probes[RULE_PROBES];
};

/* NULL for DX_RULE_NONE and numbers beyond. */
const struct rule *rule_get(unsigned int rule);
/* By id; DX_RULE_NONE: there is none. */
enum dx_rule rule_find(const char *id);
/*
 * Why the rule is not checked on this kernel: its regime, or a probe that is missing.
 * NULL when it is checked. The sentence (no full stop) is written to @buf.
 */
const char *rule_unchecked(enum dx_rule rule, enum regime regime, const struct probe *probes,
			   size_t nr_probes, char *buf, size_t len);

#endif

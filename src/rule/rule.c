// SPDX-License-Identifier: GPL-2.0-only
/* rule.c - the rules in words */
#include <stdio.h>
#include <string.h>
#include "rule/rule.h"

#define LEGACY	   (1u << REGIME_LEGACY)
#define TRANSITION (1u << REGIME_TRANSITION)
#define CURRENT	   (1u << REGIME_CURRENT)
#define NEWER	   (TRANSITION | CURRENT)
#define ALL	   (LEGACY | NEWER)

static const struct rule rules[DX_RULES] = {
#define RULE(constant, number, name, part, judged, holds, line, finding, exception, paragraphs, \
	     kernel, ...)                                                                       \
	[DX_RULE_##constant] = { .id = name,                                                    \
				 .says = line,                                                  \
				 .text = paragraphs,                                            \
				 .source = kernel,                                              \
				 .broken = finding,                                             \
				 .note = exception,                                             \
				 .regimes = holds,                                              \
				 .in_engine = (judged) != RULE_POINT,                           \
				 .standing = (judged) == RULE_STANDING,                         \
				 .probes = { __VA_ARGS__ } },
#include "rules.def"
#undef RULE
};

const struct rule *rule_get(unsigned int rule)
{
	return rule > DX_RULE_NONE && rule < DX_RULES ? &rules[rule] : NULL;
}

enum dx_rule rule_find(const char *id)
{
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		if (!strcmp(rules[i].id, id))
			return i;
	return DX_RULE_NONE;
}

static const struct probe *probe_by_event(const struct probe *probes, size_t nr, const char *event)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(probes[i].event, event))
			return &probes[i];
	return NULL;
}

const char *rule_unchecked(enum dx_rule rule, enum regime regime, const struct probe *probes,
			   size_t nr_probes, char *buf, size_t len)
{
	const struct rule *r = rule_get(rule);

	if (!r) {
		snprintf(buf, len, "there is no such rule");
		return buf;
	}
	if (!(r->regimes & 1u << regime)) {
		snprintf(buf, len, "no rule of a %s kernel", regime_name(regime));
		return buf;
	}
	for (int i = 0; i < RULE_PROBES && r->probes[i]; i++) {
		const struct probe *p = probe_by_event(probes, nr_probes, r->probes[i]);

		/* waiting: what it would see is in a module that is not there, so nothing of it happens */
		if (p && p->state != PROBE_MISSING)
			continue;
		snprintf(buf, len, "the probe '%s' is missing%s%s", r->probes[i],
			 p && p->why[0] ? ": " : "", p ? p->why : "");
		return buf;
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_rule.c - the rules in words: complete */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "rule/rule.h"
#include "view/finding.h"

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((*s < ' ' || *s > '~') && *s != '\n')
			return false;
	return true;
}

static void test_table(void **state)
{
	(void)state;
	assert_null(rule_get(DX_RULE_NONE));
	assert_null(rule_get(DX_RULES));
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++) {
		const struct rule *r = rule_get(i);

		assert_non_null(r);
		assert_true(strlen(r->id) > 0 &&
			    strspn(r->id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(r->id));
		assert_int_equal(rule_find(r->id), i);
		/* a line, in the middle of a sentence, nothing that roff or JSON would change */
		assert_true(strlen(r->says) > 10 && strlen(r->says) < 90);
		assert_null(strpbrk(r->says, "\n\\\""));
		assert_int_not_equal(r->says[strlen(r->says) - 1], '.');
		assert_true(strlen(r->text) > 80);
		assert_true(is_plain(r->says) && is_plain(r->text) && is_plain(r->source));
		assert_int_equal(r->text[strlen(r->text) - 1], '.');
		assert_non_null(strstr(r->source, "()"));
		assert_non_null(strstr(r->source, " in "));
		assert_true(r->regimes & 1u << REGIME_CURRENT);
		assert_int_equal(r->regimes & ~7u, 0);
		assert_non_null(r->probes[0]);
		assert_true(r->in_engine || !r->standing);
	}
	assert_int_equal(rule_find("no-such-rule"), DX_RULE_NONE);
	assert_int_equal(rule_find(""), DX_RULE_NONE);
	assert_string_equal(rule_name(DX_RULES), "?");
}

static const struct probe *row_of(const struct probe *table, size_t n, const char *event)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i].event, event))
			return &table[i];
	return NULL;
}

/* A row that is renamed would make a rule look as if its probe were missing. */
static void test_probes_exist(void **state)
{
	struct probe table[PROBE_MAX];
	size_t n = probe_table(table, PROBE_MAX);

	(void)state;
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		for (int k = 0; k < RULE_PROBES && rule_get(i)->probes[k]; k++)
			if (!row_of(table, n, rule_get(i)->probes[k]))
				fail_msg("%s needs '%s'", rule_get(i)->id, rule_get(i)->probes[k]);
}

static void expect_unchecked(enum dx_rule rule, enum regime regime, const struct probe *table,
			     size_t n, const char *want)
{
	char why[256] = "untouched";
	const char *got = rule_unchecked(rule, regime, table, n, why, sizeof(why));

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void test_unchecked(void **state)
{
	struct probe table[PROBE_MAX], *removed = NULL;
	size_t n = probe_table(table, PROBE_MAX);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		table[i].state = PROBE_ATTACHED;
		if (!strcmp(table[i].event, "pgmap removed"))
			removed = &table[i];
	}
	assert_non_null(removed);
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		expect_unchecked(i, REGIME_CURRENT, table, n, NULL);
	expect_unchecked(DX_RULE_BREAK_INCOMPLETE, REGIME_LEGACY, table, n,
			 "no rule of a legacy kernel");
	expect_unchecked(DX_RULE_BREAK_INCOMPLETE, REGIME_TRANSITION, table, n, NULL);

	removed->state = PROBE_MISSING;
	snprintf(removed->why, sizeof(removed->why), "not in BTF");
	expect_unchecked(DX_RULE_STALL_MEMUNMAP, REGIME_CURRENT, table, n,
			 "the probe 'pgmap removed' is missing: not in BTF");
	removed->why[0] = '\0';
	expect_unchecked(DX_RULE_STALL_MEMUNMAP, REGIME_CURRENT, table, n,
			 "the probe 'pgmap removed' is missing");
	/* a rule that needs it not is checked as before */
	expect_unchecked(DX_RULE_FREE_NONZERO, REGIME_CURRENT, table, n, NULL);
	/* covered by another, or in a module that is not there: nothing is missed */
	removed->state = PROBE_UNNEEDED;
	expect_unchecked(DX_RULE_STALL_MEMUNMAP, REGIME_CURRENT, table, n, NULL);
	removed->state = PROBE_WAITING;
	expect_unchecked(DX_RULE_STALL_MEMUNMAP, REGIME_CURRENT, table, n, NULL);
	/* never as passed when nothing is known */
	expect_unchecked(DX_RULE_FREE_NONZERO, REGIME_CURRENT, table, 0,
			 "the probe 'folio freed' is missing");
	expect_unchecked(DX_RULES, REGIME_CURRENT, table, n, "there is no such rule");
}

static void test_details(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DX_DETAILS; i++) {
		assert_non_null(detail_name(i));
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(detail_name(i), detail_name(k));
	}
	assert_null(detail_name(DX_DETAILS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_probes_exist),
		cmocka_unit_test(test_unchecked),
		cmocka_unit_test(test_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

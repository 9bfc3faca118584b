// SPDX-License-Identifier: GPL-2.0-only
/* test_report_ktap.c - what daxtop check says, as KTAP */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report_fixture.h"

static void test_ktap(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.terms.rules = BIT(DX_RULE_INSTALL_WITHOUT_REF) | BIT(DX_RULE_FREE_NONZERO) |
			   BIT(DX_RULE_P2PDMA_COUNT) | BIT(DX_RULE_BREAK_INCOMPLETE) |
			   BIT(DX_RULE_FOLIO_LEAK);
	f->r.regime = REGIME_LEGACY;
	f->facts.rule[DX_RULE_INSTALL_WITHOUT_REF].broken = 9;
	f->facts.rule[DX_RULE_INSTALL_WITHOUT_REF].note = true;
	f->facts.rule[DX_RULE_P2PDMA_COUNT].checked = 0;
	f->facts.inconclusive = "events were lost";
	add_finding(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN)->folio.path = "/mnt/a # SKIP\nok 1 b";
	f->r.command = "t # TODO";
	view_report_ktap(capture_start(&c), judged(f));
	assert_string_equal(
		capture_text(&c),
		of_rules("KTAP version 1\n"
			 "1..5\n"
			 "# kernel 7.2.12, regime legacy\n"
			 "# an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
			 "# and a mapping takes no reference\n"
			 "ok 1 install-without-ref # checked 1002, by design on this kernel 9\n"
			 "# finding 1: free-nonzero, proven\n"
			 "#     4K folio 0x108000 of pmem0, /mnt/a # SKIP\\x0aok 1 b:0x0 was freed with refcount 3, not 0\n"
			 "#     by db[13] at 2.000000 s\n"
			 "not ok 2 free-nonzero # checked 1004, broken 1\n"
			 "ok 3 break-incomplete # SKIP not checked: no rule of a legacy kernel\n"
			 "ok 4 p2pdma-count # SKIP not exercised\n"
			 "ok 5 folio-leak # SKIP inconclusive: events were lost\n"
			 "# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:3 error:0\n"
			 "# t # TODO exited with 0\n"
			 "# exit status 1: for findings\n"
			 "# BROKEN: 1 finding (1 proven, 0 suspected, 0 inconclusive); {-5} left out, 1 can't be checked on this "
			 "kernel, 1 not exercised; lost 0, missed program runs 0\n"));
	capture_end(&c);
}

/* Whatever is found: as many results as planned, numbered, and only lines that KTAP knows. */
static void test_ktap_all(void **state)
{
	struct fixture *f = *state;
	char *text, *line, *save = NULL;
	unsigned int results = 0, n;
	struct capture c;

	for (enum dx_rule i = DX_RULE_FOLIO_LEAK; i < DX_RULE_FOLIO_LEAK + 4; i++)
		add_finding(f, i, i % 3);
	view_report_ktap(capture_start(&c), judged(f));
	text = strdup(capture_text(&c));
	capture_end(&c);
	assert_memory_equal(text, of_rules("KTAP version 1\n1..{-0}\n"), 21);
	for (line = strtok_r(text + 21, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "ok %u ", &n) == 1 || sscanf(line, "not ok %u ", &n) == 1)
			assert_int_equal(n, ++results);
		else
			assert_memory_equal(line, "# ", 2);
	}
	assert_int_equal(results, DX_RULES - 1);
	free(text);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ktap),
		TEST(test_ktap_all),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

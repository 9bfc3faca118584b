// SPDX-License-Identifier: GPL-2.0-only
/* test_refusal.c - the verifier's own words, out of what libbpf prints */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/refusal.h"

static void says(const char *log, const char *expected)
{
	char copy[1024], out[192];

	strcpy(copy, log);
	verifier_sentence(out, sizeof(out), copy);
	assert_string_equal(out, expected);
}

/* In the words of kernel/bpf/btf.c (btf_ctx_access()) and verifier.c. */
static void a_sentence_and_its_cause(void **state)
{
	(void)state;
	says("0: R1=ctx() R10=fp0\n"
	     "; int BPF_PROG(dx_break, struct inode *inode, ...) @ wait.bpf.c:91\n"
	     "0: (79) r6 = *(u64 *)(r1 +24)\n"
	     "func 'dax_break_layout' arg3 type FUNC_PROTO is not a struct\n"
	     "invalid bpf_context access off=24 size=8\n"
	     "processed 1 insns (limit 1000000) max_states_per_insn 0\n"
	     "-- END PROG LOAD LOG --\n",
	     "func 'dax_break_layout' arg3 type FUNC_PROTO is not a struct; "
	     "invalid bpf_context access off=24 size=8");
}

static void one_sentence(void **state)
{
	(void)state;
	says("12: (85) call bpf_loop#181\nR2 type=scalar expected=func\nprocessed 13 insns\n",
	     "R2 type=scalar expected=func");
	says("from 3 to 7: R0=scalar()\n7: (95) exit\nprocessed 8 insns\n", "");
	says("", "");
}

/* As 7.3 prints it. */
static void a_report_follows(void **state)
{
	(void)state;
	says("; *(volatile long *)1234 = 5; @ entry.bpf.c:124\n"
	     "40: (b7) r1 = 1234\n"
	     "42: (7b) *(u64 *)(r1 +0) = r2\n"
	     "R1 invalid mem access 'scalar'\n"
	     "\n"
	     "Verification failed: Register Type Safety: Invalid dereference\n"
	     "\n"
	     "Reason:\n"
	     "  R1 is an integer scalar here, not a pointer to memory.\n"
	     "Suggestion:\n"
	     "  Preserve a pointer-valued register where needed.\n"
	     "\n"
	     "processed 112 insns (limit 1000000)\n",
	     "R1 invalid mem access 'scalar'");
	says("42: (7b) *(u64 *)(r1 +0) = r2\nVerification failed: Stack Safety: too deep\nReason:\n  deep\n",
	     "Verification failed: Stack Safety: too deep");
}

static void libbpf_says(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refusal_keep(fmt, ap);
	va_end(ap);
}

static void kept_by_program(void **state)
{
	(void)state;
	assert_null(refusal_of("dx_break"));
	libbpf_says("libbpf: prog '%s': BPF program load failed: %s\n", "dx_break",
		    "Permission denied");
	assert_null(refusal_of("dx_break"));
	libbpf_says("libbpf: prog '%s': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n",
		    "dx_break", "0: (79) r6 = *(u64 *)(r1 +24)\nit is refused\nprocessed 1 insns\n");
	assert_string_equal(refusal_of("dx_break"), "it is refused");
	assert_null(refusal_of("dx_break_end"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_and_its_cause),
		cmocka_unit_test(one_sentence),
		cmocka_unit_test(a_report_follows),
		cmocka_unit_test(kept_by_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

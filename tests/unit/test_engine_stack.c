// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_stack.c - the engine tells which stacks it refers to, so that others can be forgotten. */
#include "test_rule.h"

#define STACKS 64

static void seen(void *arg, int32_t stack)
{
	bool *set = arg;

	assert_uint_in_range(stack, 0, STACKS - 1);
	set[stack] = true;
}

/* "3 5 7" */
static void assert_stacks(struct engine *e, const char *expected)
{
	bool set[STACKS] = { false };
	char text[256] = "";

	engine_stacks(e, seen, set);
	for (int i = 0; i < STACKS; i++)
		if (set[i])
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d",
				 *text ? " " : "", i);
	assert_string_equal(text, expected);
}

static void test_holder(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	assert_stacks(e, "");
	push_first_fault(e, T0, PFN);
	push(e, DX_PIN, T0 + 1, PFN, .stack = 3, .ustack = 4, .refcount = 1025, .mapcount = 1,
	     .pincount = 1);
	push(e, DX_PIN, T0 + 2, PFN, .stack = DX_STACK_UNKEPT, .ustack = DX_STACK_UNKEPT,
	     .refcount = 2049, .mapcount = 1, .pincount = 2);
	/* who holds it is told by the kernel's stack only */
	assert_stacks(e, "3");
	push(e, DX_UNPIN, T0 + 3, PFN, .nr = 2, .refcount = 2049, .mapcount = 1, .pincount = 2);
	assert_stacks(e, "");
	engine_free(e);
}

/* What is still to be put in order is applied later, and named then. */
static void test_pending(void **state)
{
	struct engine *e = engine_with(1 << 16, 50 * MS);

	(void)state;
	push(e, DX_PIN, T0, PFN, .stack = 3, .ustack = 4, .refcount = 1024, .pincount = 1);
	assert_stacks(e, "3 4");
	for (int i = 0; i < 2000; i++)
		push(e, DX_FREE, T0 + 10 * MS + i, PFN + 1 + i);
	/* that late, it goes to the heap */
	push(e, DX_GET, T0 + 5, PFN, .stack = 5, .ustack = DX_STACK_NONE, .refcount = 1025,
	     .pincount = 1);
	/* a fault has counts where others have the user's stack */
	push(e, DX_FAULT, T0 + 11 * MS, PFN + 1, .flags = DX_F_INSTALL, .map_install = 9,
	     .refcount = 1);
	assert_stacks(e, "3 4 5");
	put_time(e, UINT64_MAX);
	assert_stacks(e, "3 5");
	engine_free(e);
}

static void test_findings(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	push(e, DX_VIOLATION, T0, PFN, .arg = DX_RULE_FREE_NONZERO, .ret = DX_D_REFCOUNT,
	     .stack = 7, .ustack = 8, .refcount = 1);
	assert_stacks(e, "7 8");
	push(e, DX_BREAK_BUSY, T0 + 1, PFN, .refcount = 1, .dev = 7, .ino = 12, .stack = 9);
	assert_stacks(e, "7 8 9");
	push(e, DX_BREAK_DONE, T0 + 2, 0, .dev = 7, .ino = 12);
	assert_stacks(e, "7 8");
	engine_free(e);
}

static void test_pgmap(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	push(e, DX_PGMAP_ADD, T0, PFN, .index = 64);
	push(e, DX_PGMAP_GET, T0 + 1, 0, .stack = 11);
	assert_stacks(e, "11");
	push(e, DX_PGMAP_KILL, T0 + 2, PFN, .index = 64, .stack = 12);
	assert_stacks(e, "11 12");
	/* of the finding, who got references stays known when the pgmap has gone */
	put_time(e, T0 + STALL + S);
	push(e, DX_PGMAP_GONE, T0 + STALL + S, PFN);
	push(e, DX_PGMAP_ADD, T0 + STALL + 2 * S, PFN, .index = 64);
	put_time(e, T0 + STALL + 3 * S);
	assert_stacks(e, "11 12");
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holder),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_pgmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

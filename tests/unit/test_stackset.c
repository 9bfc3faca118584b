// SPDX-License-Identifier: GPL-2.0-only
/* test_stackset.c - stacks by number: kept while somebody may refer to them, sent again afterwards */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/stackset.h"

#define MS 1000000ULL

/* What bpf/ would believe to be known: by number, as many as the tests use. */
#define NUMBERS 200000
static uint8_t sent[NUMBERS];
static unsigned long written;

static void clear(void *arg, int32_t number)
{
	(void)arg;
	sent[number] = 0;
}

static struct stackset *fresh(uint32_t max)
{
	struct stackset *s = stackset_new(max, (struct stackset_sent){ .clear = clear });

	assert_non_null(s);
	memset(sent, 0, sizeof(sent));
	written = 0;
	return s;
}

/* A stack of @nr frames, all of them its own; @salt makes another one with the same number. */
static struct dx_stack_event stack(int32_t number, unsigned int nr, uint64_t salt)
{
	struct dx_stack_event e = { .type = DX_STACK, .nr = nr, .hash = (uint64_t)number << 33 | 1 };

	for (unsigned int i = 0; i < nr; i++)
		e.ip[i] = 0x1000 + number * 0x100ULL + i + salt;
	return e;
}

static int add(struct stackset *s, int32_t number)
{
	struct dx_stack_event e = stack(number, 3, 0);

	sent[number] = 1;
	return stackset_add(s, &e, sizeof(e));
}

static void assert_kept(struct stackset *s, int32_t number)
{
	uint64_t ip[DX_STACK_FRAMES];

	assert_int_equal(stackset_get(s, number, ip, DX_STACK_FRAMES), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ip[i], 0x1000 + number * 0x100ULL + i);
}

static void assert_unkept(struct stackset *s, int32_t number)
{
	uint64_t ip[DX_STACK_FRAMES];

	assert_int_equal(stackset_get(s, number, ip, DX_STACK_FRAMES), -ENOENT);
}

static void test_keeps(void **state)
{
	struct stackset *s = fresh(100);
	struct dx_stack_event e = stack(5, DX_STACK_FRAMES, 0);
	uint64_t ip[DX_STACK_FRAMES];

	(void)state;
	assert_false(stackset_use(s, 4));
	assert_int_equal(add(s, 4), 0);
	assert_true(stackset_use(s, 4));
	assert_kept(s, 4);
	assert_int_equal(add(s, 4), 0);
	assert_int_equal(stackset_nr(s), 1);
	assert_int_equal(stackset_add(s, &e, sizeof(e)), 0);
	assert_int_equal(stackset_get(s, 5, ip, DX_STACK_FRAMES), DX_STACK_FRAMES);
	assert_memory_equal(ip, e.ip, sizeof(ip));
	assert_int_equal(stackset_get(s, 5, ip, 2), 2);
	assert_false(stackset_use(s, DX_STACK_UNKEPT));
	assert_unkept(s, DX_STACK_UNKEPT);
	stackset_free(s);
}

static void test_damaged(void **state)
{
	struct stackset *s = fresh(100);
	struct dx_stack_event e = stack(5, 3, 0);

	(void)state;
	assert_int_equal(stackset_add(s, &e, sizeof(e) - 1), -EINVAL);
	e.nr = 0;
	assert_int_equal(stackset_add(s, &e, sizeof(e)), -EINVAL);
	e.nr = DX_STACK_FRAMES + 1;
	assert_int_equal(stackset_add(s, &e, sizeof(e)), -EINVAL);
	assert_int_equal(stackset_nr(s), 0);
	stackset_free(s);
}

/* Two stacks of one number: neither is shown for the other, until both are forgotten. */
static void test_same_number(void **state)
{
	struct stackset *s = fresh(2);
	struct dx_stack_event e = stack(5, 3, 7);

	(void)state;
	assert_int_equal(add(s, 5), 0);
	assert_int_equal(stackset_add(s, &e, sizeof(e)), -EEXIST);
	assert_unkept(s, 5);
	assert_false(stackset_use(s, 5));
	assert_int_equal(add(s, 5), -EEXIST);
	for (int i = 1; i <= 3; i++)
		stackset_sweep(s, i * 100 * MS, written, &written);
	assert_int_equal(add(s, 5), 0);
	assert_kept(s, 5);
	stackset_free(s);
}

/* More than there is room for: those are sent again, and have a place when there is one. */
static void test_full(void **state)
{
	struct stackset *s = fresh(10);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(add(s, i), 0);
	assert_int_equal(add(s, 10), -ENOSPC);
	assert_false(sent[10]);
	assert_false(stackset_use(s, 10));
	assert_true(sent[9]);
	assert_true(stackset_crowded(s, 100 * MS));
	stackset_sweep(s, 100 * MS, written, &written);
	assert_false(stackset_crowded(s, 101 * MS));
	assert_true(stackset_crowded(s, 200 * MS));
	stackset_sweep(s, 200 * MS, written, &written);
	assert_int_equal(stackset_nr(s), 0);
	assert_int_equal(add(s, 10), 0);
	assert_kept(s, 10);
	stackset_free(s);
}

/* What was written before bpf/ was told to send it again may name it, and is read first. */
static void test_read_first(void **state)
{
	struct stackset *s = fresh(10);

	(void)state;
	assert_int_equal(add(s, 1), 0);
	assert_int_equal(add(s, 2), 0);
	written = 1000;
	stackset_sweep(s, 100 * MS, 500, &written);
	assert_false(sent[1]);
	written = 2000;
	stackset_sweep(s, 200 * MS, 999, &written);
	assert_kept(s, 1);
	/* one is named in what was still to be read */
	assert_true(stackset_use(s, 1));
	stackset_sweep(s, 300 * MS, 1000, &written);
	assert_kept(s, 1);
	assert_unkept(s, 2);
	/* ... and not any more afterwards */
	stackset_sweep(s, 400 * MS, 1000, &written);
	stackset_sweep(s, 500 * MS, 1999, &written);
	assert_kept(s, 1);
	stackset_sweep(s, 600 * MS, 2000, &written);
	assert_unkept(s, 1);
	stackset_free(s);
}

/* It was forgotten, and a program had looked before: bpf/ is told once more. */
static void test_too_late(void **state)
{
	struct stackset *s = fresh(10);

	(void)state;
	sent[3] = 1;
	assert_false(stackset_use(s, 3));
	assert_false(sent[3]);
	assert_int_equal(add(s, 3), 0);
	assert_true(stackset_use(s, 3));
	stackset_free(s);
}

/* What is held stays, however many come and go. */
static void test_flood(void **state)
{
	struct stackset *s = fresh(STACKSET_MAX);
	uint64_t now = 0;
	uint32_t most = 0, unkept = 0;

	(void)state;
	for (int i = 0; i < 16; i++)
		assert_int_equal(add(s, i), 0);
	for (int i = 16; i < NUMBERS; i++) {
		if (!sent[i] && add(s, i))
			unkept++;
		else
			assert_true(stackset_use(s, i));
		written = i;
		now += MS / 50;
		most = stackset_nr(s) > most ? stackset_nr(s) : most;
		if (!stackset_crowded(s, now))
			continue;
		for (int h = 0; h < 16; h++)
			stackset_hold(s, h);
		stackset_sweep(s, now, i, &written);
	}
	assert_int_equal(unkept, 0);
	assert_true(most < STACKSET_MAX / 2);
	for (int i = 0; i < 16; i++)
		assert_kept(s, i);
	assert_kept(s, NUMBERS - 1);
	stackset_free(s);
}

/* Few are not swept, and many that are all in use only until that is known. */
static void test_in_use(void **state)
{
	struct stackset *s = fresh(STACKSET_MAX);
	uint32_t sweeps = 0, again = 0;

	(void)state;
	for (int i = 0; i < STACKSET_FEW - 1; i++)
		assert_int_equal(add(s, i), 0);
	assert_false(stackset_crowded(s, 1000000 * MS));
	for (int i = STACKSET_FEW - 1; i < 2 * STACKSET_FEW; i++)
		assert_int_equal(add(s, i), 0);
	for (uint64_t now = 0; now < 10000 * MS; now += 20 * MS) {
		for (int i = 0; i < 2 * STACKSET_FEW; i++) {
			again += !sent[i];
			sent[i] = 1;
			assert_true(stackset_use(s, i));
		}
		if (!stackset_crowded(s, now))
			continue;
		stackset_sweep(s, now, written, &written);
		sweeps++;
	}
	assert_int_equal(sweeps, 1);
	assert_int_equal(again, 0);
	stackset_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps),	    cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_same_number), cmocka_unit_test(test_full),
		cmocka_unit_test(test_read_first),  cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_flood),	    cmocka_unit_test(test_in_use),
	};

	return cmocka_run_group_tests_name("stackset", tests, NULL, NULL);
}

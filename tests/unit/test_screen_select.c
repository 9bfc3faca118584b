// SPDX-License-Identifier: GPL-2.0-only
/* test_screen_select.c - the rows shown are those that a full sort would show */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "view/model.h"

static const struct model *sorting;

static int compare(const void *a, const void *b)
{
	return model_item_compare(sorting, a, b);
}

static struct engine_folio folio(uint64_t pfn)
{
	return (struct engine_folio){ .pfn = pfn };
}

/* Less than zero: @a is shown before @b */
static int order(enum screen_sort sort, bool reverse, const struct engine_folio *a,
		 const struct engine_folio *b)
{
	struct model m = { .sort = sort, .reverse = reverse };
	struct model_item x, y;
	int n;

	model_item_set(&m, &x, a);
	model_item_set(&m, &y, b);
	n = model_item_compare(&m, &x, &y);
	/* either way round the same, and never undecided */
	assert_true(n != 0);
	assert_int_equal(n<0, model_item_compare(&m, &y, &x)> 0);
	return n;
}

static void expect_before(enum screen_sort sort, const struct engine_folio *a,
			  const struct engine_folio *b)
{
	assert_true(order(sort, false, a, b) < 0);
	assert_true(order(sort, true, a, b) > 0);
}

static void test_orders(void **state)
{
	struct engine_folio a = folio(9), b = folio(1);

	(void)state;
	/* by nothing else: the smaller pfn */
	for (int sort = 0; sort < SCREEN_SORTS; sort++)
		expect_before(sort, &b, &a);
	a.refcount = 1;
	expect_before(SCREEN_SORT_REFCOUNT, &a, &b);
	expect_before(SCREEN_SORT_PINS, &a, &b);
	b.refcount = -1; /* a broken count is small, not huge */
	expect_before(SCREEN_SORT_REFCOUNT, &a, &b);
	b.refcount = INT32_MAX;
	expect_before(SCREEN_SORT_PINS, &b, &a);
	a.pincount = 1; /* a pin outweighs any references */
	expect_before(SCREEN_SORT_PINS, &a, &b);
	b.waited = true; /* who is waited for outweighs any pins */
	expect_before(SCREEN_SORT_PINS, &b, &a);
	a.mapcount = 1;
	expect_before(SCREEN_SORT_MAPCOUNT, &a, &b);
	a.first_time = 5; /* the oldest first */
	b.first_time = 6;
	expect_before(SCREEN_SORT_AGE, &a, &b);
	a.last_time = 8; /* the newest first */
	b.last_time = 7;
	expect_before(SCREEN_SORT_LAST, &a, &b);
	a.order = 9;
	expect_before(SCREEN_SORT_SIZE, &a, &b);
	a.device = "pmem0";
	b.device = "pmem1";
	expect_before(SCREEN_SORT_DEVICE, &a, &b);
	a.path = "/a";
	b.path = "/b";
	a.index = 7;
	expect_before(SCREEN_SORT_FILE, &a, &b);
	b.path = "/a";
	expect_before(SCREEN_SORT_FILE, &b, &a);
	/* without a name at the end, either way */
	a.path = NULL;
	assert_true(order(SCREEN_SORT_FILE, false, &b, &a) < 0);
	assert_true(order(SCREEN_SORT_FILE, true, &b, &a) < 0);
}

#define NR 5000

static void test_select(void **state)
{
	static struct model_item items[NR], all[NR];
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct model m = { .reverse = round & 1 };
		size_t nr = 1 + rand_r(&seed) % NR, first, count;

		sorting = &m;
		for (size_t i = 0; i < nr; i++) {
			/* random, few values, sorted, organ pipe */
			uint64_t key = round % 4 == 0	? (uint64_t)rand_r(&seed)
				       : round % 4 == 1 ? (uint64_t)rand_r(&seed) % 3
				       : round % 4 == 2 ? i
							: (i < nr / 2 ? i : nr - i);

			items[i] = (struct model_item){ .key = key, .pfn = i };
		}
		memcpy(all, items, nr * sizeof(*all));
		qsort(all, nr, sizeof(*all), compare);
		first = rand_r(&seed) % (nr + 5);
		count = rand_r(&seed) % 60;
		model_items_select(&m, items, nr, first, count);
		for (size_t i = first; i < nr && i < first + count; i++)
			assert_int_equal(items[i].pfn, all[i].pfn);
	}
}

/* Time is linear: a million, in the orders that make a bad choice of pivots quadratic. */
static void test_select_many(void **state)
{
	size_t nr = 1000000;
	struct model_item *items = calloc(nr, sizeof(*items));
	struct model m = { .reverse = false };

	(void)state;
	assert_non_null(items);
	for (size_t i = 0; i < nr; i++)
		items[i] = (struct model_item){ .key = i % 3 ? i : 0, .pfn = i };
	/* again on what it left behind, as the screen does when nothing happened */
	for (size_t first = nr; first;) {
		first = first > nr / 7 ? first - nr / 7 : 0;
		model_items_select(&m, items, nr, first, 50);
	}
	for (size_t i = 1; i < 50; i++)
		assert_true(model_item_compare(&m, &items[i - 1], &items[i]) < 0);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

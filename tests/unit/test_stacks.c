// SPDX-License-Identifier: GPL-2.0-only
/* test_stacks.c - names of stacks as records tell them, and what is said of those that nobody told */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "model/stacks.h"

static const struct stack_who joe = { .tgid = 7, .exec = 1 }, ann = { .tgid = 7, .exec = 2 };

/* A stack with one frame. */
static size_t names_make(struct dx_stack_names *n, int32_t number, const struct stack_who *who,
			 const char *name)
{
	memset(n, 0, sizeof(*n));
	n->number = number;
	n->tgid = who ? who->tgid : 0;
	n->exec = who ? who->exec : 0;
	n->nr = 1;
	n->frame[0].addr = 0x1234;
	n->frame[0].offset = 0x12;
	snprintf(n->frame[0].name, sizeof(n->frame[0].name), "%s", name);
	return offsetof(struct dx_stack_names, frame) + sizeof(n->frame[0]);
}

static int put(struct stacks *s, int32_t number, const struct stack_who *who, const char *name)
{
	struct dx_stack_names n;
	size_t len = names_make(&n, number, who, name);

	return stacks_put(s, &n, len);
}

static void one_stack_of_each(void **state)
{
	struct stacks *s = stacks_new();
	struct stack got;

	(void)state;
	assert_non_null(s);
	assert_int_equal(put(s, 3, NULL, "do_fault"), 0);
	assert_int_equal(put(s, 3, &joe, "main"), 0);
	assert_int_equal(put(s, 3, &ann, "start"), 0);
	assert_int_equal(stacks_nr(s), 3);
	got = stacks_kernel(s, 3);
	assert_string_equal(got.frames[0].name, "do_fault");
	assert_null(got.frames[0].in);
	assert_int_equal(got.frames[0].offset, 0x12);
	assert_string_equal(stacks_user(s, 3, &joe).frames[0].name, "main");
	assert_string_equal(stacks_user(s, 3, &ann).frames[0].name, "start");
	/* nobody's is the kernel's */
	assert_int_equal(stacks_user(s, 3, &(struct stack_who){ .tgid = 0 }).nr, 0);
	stacks_free(s);
}

static void told_again(void **state)
{
	struct stacks *s = stacks_new();

	(void)state;
	assert_int_equal(put(s, 3, &joe, ""), 0);
	assert_null(stacks_user(s, 3, &joe).frames[0].name);
	assert_int_equal(put(s, 3, &joe, "main"), 0);
	assert_string_equal(stacks_user(s, 3, &joe).frames[0].name, "main");
	assert_int_equal(stacks_nr(s), 1);
	stacks_free(s);
}

static void not_kept_is_said(void **state)
{
	struct stacks *s = stacks_new();

	(void)state;
	assert_true(stacks_kernel(s, 5).unkept);
	assert_true(stacks_kernel(s, DX_STACK_UNKEPT).unkept);
	assert_false(stacks_kernel(s, DX_STACK_NONE).unkept);
	/* names are not shown at all */
	assert_false(stacks_kernel(NULL, 5).unkept);
	assert_true(stacks_kernel(NULL, DX_STACK_UNKEPT).unkept);
	stacks_free(s);
}

static void tell(void *arg, int32_t number, const struct stack_who *who)
{
	struct stacks *s = arg;

	if (number == 8)
		assert_int_equal(put(s, number, who, "late"), 0);
}

static void missing_is_asked_for(void **state)
{
	struct stacks *s = stacks_new();
	struct stack got;

	(void)state;
	stacks_set_missing(s, tell, s);
	/* who only wants to know asks nobody */
	assert_false(stacks_find(s, 8, &joe, &got));
	assert_string_equal(stacks_user(s, 8, &joe).frames[0].name, "late");
	assert_true(stacks_user(s, 9, &joe).unkept);
	stacks_free(s);
}

static bool is_odd(void *arg, int32_t number)
{
	(void)arg;
	return number & 1;
}

static void forgotten(void **state)
{
	struct stacks *s = stacks_new();

	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_int_equal(put(s, i, NULL, "f"), 0);
	stacks_forget(s, is_odd, NULL);
	assert_int_equal(stacks_nr(s), 10000);
	assert_true(stacks_kernel(s, 4097).unkept);
	assert_string_equal(stacks_kernel(s, 4096).frames[0].name, "f");
	stacks_forget(s, NULL, NULL);
	assert_int_equal(stacks_nr(s), 0);
	stacks_free(s);
}

/* What a file says goes to a terminal: nothing of it acts there. */
static void harmless(void **state)
{
	const struct stack_frame f = { .addr = 0x10, .in = "l\033[m", .why = "no\033[2J" },
				 g = { .offset = 1, .name = "f\302\233", .in = "\n" };
	char text[100];

	(void)state;
	assert_string_equal(stack_frame_format(text, sizeof(text), &f, true),
			    "0x10 (l\\x1b[m: no\\x1b[2J)");
	assert_string_equal(stack_frame_format(text, sizeof(text), &g, false),
			    "f\\xc2\\x9b+0x1 [\\x0a]");
}

/* A file may hold anything. */
static void damaged(void **state)
{
	struct stacks *s = stacks_new();
	struct dx_stack_names n;
	size_t len = names_make(&n, 3, NULL, "f");

	(void)state;
	assert_int_equal(stacks_put(s, &n, len - 1), -EBADMSG);
	assert_int_equal(stacks_put(s, &n, 8), -EBADMSG);
	n.nr = 2;
	assert_int_equal(stacks_put(s, &n, len), -EBADMSG);
	n.nr = DX_STACK_FRAMES + 1;
	assert_int_equal(stacks_put(s, &n, sizeof(n)), -EBADMSG);
	n.nr = 1;
	n.number = -1;
	assert_int_equal(stacks_put(s, &n, len), -EBADMSG);
	n.number = 3;
	n.exec = 1;
	assert_int_equal(stacks_put(s, &n, len), -EBADMSG);
	n.tgid = 7;
	n.exec = 256;
	assert_int_equal(stacks_put(s, &n, len), -EBADMSG);
	n.exec = 1;
	memset(n.frame[0].why, 'x', sizeof(n.frame[0].why));
	assert_int_equal(stacks_put(s, &n, len), -EBADMSG);
	assert_int_equal(stacks_nr(s), 0);
	stacks_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stack_of_each), cmocka_unit_test(told_again),
		cmocka_unit_test(not_kept_is_said),  cmocka_unit_test(missing_is_asked_for),
		cmocka_unit_test(forgotten),	     cmocka_unit_test(harmless),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

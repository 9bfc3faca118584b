// SPDX-License-Identifier: GPL-2.0-only
/* test_tasks.c - a process is told of once, and again when it is another */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tasks.h"

#define SECOND 1000000000ULL

/* What the kernel says of process 7, and of any other. */
static struct dx_task seven, told;
static unsigned int asks, tells;

static int ask(void *arg, uint32_t tgid, struct dx_task *out)
{
	(void)arg;
	asks++;
	if (tgid == 404)
		return -ESRCH;
	*out = seven;
	out->tgid = tgid;
	return 0;
}

static void tell(void *arg, const struct dx_task *task)
{
	(void)arg;
	tells++;
	told = *task;
}

static struct tasks *fresh(void)
{
	struct tasks *t = tasks_new(ask, tell, NULL);

	assert_non_null(t);
	seven = (struct dx_task){
		.start = 5, .exec = 1, .cgroup = 3, .pid_ns = 11, .mount_ns = 12, .comm = "a"
	};
	asks = tells = 0;
	return t;
}

static void once(void **state)
{
	struct tasks *t = fresh();

	(void)state;
	for (int i = 0; i < 1000; i++)
		tasks_note(t, 7, SECOND + i, -1);
	assert_int_equal(asks, 1);
	assert_int_equal(tells, 1);
	assert_int_equal(told.tgid, 7);
	assert_int_equal(told.cgroup, 3);
	/* nothing has changed */
	tasks_note(t, 7, 2 * SECOND, -1);
	assert_int_equal(asks, 2);
	assert_int_equal(tells, 1);
	/* nobody, and one that has gone */
	tasks_note(t, 0, 3 * SECOND, -1);
	assert_int_equal(asks, 2);
	tasks_note(t, 404, 3 * SECOND, -1);
	assert_int_equal(asks, 3);
	assert_int_equal(tells, 1);
	tasks_free(t);
}

static void again_when_it_is_another(void **state)
{
	struct tasks *t = fresh();
	uint64_t now = SECOND;

	(void)state;
	tasks_note(t, 7, now, -1);
	seven.exec++;
	tasks_note(t, 7, now += SECOND, -1);
	assert_int_equal(tells, 2);
	seven.cgroup++;
	tasks_note(t, 7, now += SECOND, -1);
	assert_int_equal(tells, 3);
	seven.comm[0] = 'b';
	tasks_note(t, 7, now += SECOND, -1);
	assert_int_equal(tells, 4);
	seven.mount_ns++;
	tasks_note(t, 7, now += SECOND, -1);
	assert_int_equal(tells, 5);
	seven.start++;
	tasks_note(t, 7, now += SECOND, -1);
	assert_int_equal(tells, 6);
	/* it ends: nothing new is known of it */
	seven.pid_ns = seven.mount_ns = 0;
	tasks_note(t, 7, now += SECOND, -1);
	assert_int_equal(tells, 6);
	tasks_free(t);
}

static void gone_is_asked_at_once(void **state)
{
	struct tasks *t = fresh();

	(void)state;
	tasks_note(t, 7, SECOND, -1);
	tasks_gone(t, 8);
	tasks_note(t, 7, SECOND + 1, -1);
	assert_int_equal(asks, 1);
	tasks_gone(t, 7);
	seven.start = 6;
	tasks_note(t, 7, SECOND + 2, -1);
	assert_int_equal(tells, 2);
	tasks_free(t);
}

/* Its event tells that before the second is over; asked once, also when the process has gone on since. */
static void another_program(void **state)
{
	struct tasks *t = fresh();

	(void)state;
	tasks_note(t, 7, SECOND, 1);
	tasks_note(t, 7, SECOND + 1, 1);
	assert_int_equal(asks, 1);
	seven.exec = 258;
	tasks_note(t, 7, SECOND + 2, 2);
	tasks_note(t, 7, SECOND + 3, 2);
	assert_int_equal(asks, 2);
	assert_int_equal(tells, 2);
	assert_int_equal(told.exec, 258);
	tasks_free(t);
}

/* Two in one place: both are told before their events, whatever comes. */
static void two_in_a_place(void **state)
{
	struct tasks *t = fresh();

	(void)state;
	tasks_note(t, 7, SECOND, -1);
	tasks_note(t, 7 + 4096, SECOND, -1);
	assert_int_equal(told.tgid, 7 + 4096);
	tasks_note(t, 7, SECOND, -1);
	assert_int_equal(told.tgid, 7);
	assert_int_equal(tells, 3);
	tasks_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),
		cmocka_unit_test(again_when_it_is_another),
		cmocka_unit_test(gone_is_asked_at_once),
		cmocka_unit_test(another_program),
		cmocka_unit_test(two_in_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

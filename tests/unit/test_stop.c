// SPDX-License-Identifier: GPL-2.0-only
/* test_stop.c - a signal that comes just before a wait ends it */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/stop.h"

static int before; /* a signal that comes between the last look at stop_wanted and the wait */
static int waits;

/* In place of the C library's. */
int ppoll(struct pollfd *p, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec t = *timeout;

	waits++;
	if (before)
		raise(before);
	return syscall(SYS_ppoll, p, n, &t, mask, _NSIG / 8);
}

static void in_between(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct timespec second = { .tv_sec = 1 };

	(void)state;
	stop_catch();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		stop_wanted = 0;
		before = signals[i];
		/* 0: it waited the second */
		assert_int_equal(stop_poll(NULL, 0, &second), -1);
		assert_int_equal(errno, EINTR);
		assert_true(stop_wanted);
	}
}

static void earlier(void **state)
{
	const struct timespec second = { .tv_sec = 1 };

	(void)state;
	stop_catch();
	raise(SIGTERM);
	waits = 0;
	assert_int_equal(stop_poll(NULL, 0, &second), 0);
	assert_int_equal(waits, 0);
}

/* The signals are delivered afterwards as they were before. */
static void none(void **state)
{
	const struct timespec soon = { .tv_nsec = 1000 };
	sigset_t mask;

	(void)state;
	stop_catch();
	stop_wanted = before = 0;
	assert_int_equal(stop_poll(NULL, 0, &soon), 0);
	assert_false(stop_wanted);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGTERM));
}

/* The first TERM or HUP has a time; nohup(1) takes HUP away. */
static void urged(void **state)
{
	(void)state;
	stop_catch();
	stop_wanted = stop_urged = 0;
	raise(SIGINT);
	assert_true(stop_wanted);
	assert_int_equal(stop_signal, SIGINT);
	assert_int_equal(stop_urged, 0);
	raise(SIGHUP);
	assert_true(stop_urged);
	signal(SIGHUP, SIG_IGN);
	stop_catch();
	stop_wanted = 0;
	raise(SIGHUP);
	assert_false(stop_wanted);
	signal(SIGHUP, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_between),
		cmocka_unit_test(earlier),
		cmocka_unit_test(none),
		cmocka_unit_test(urged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* limit.h: descriptors are raised and given back; what is a limit, and what is none */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>
#include "kernel/limit.h"

static rlim_t files(void)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	return r.rlim_cur;
}

/* The soft one is anybody's, up to the hard one. */
static void test_raised(void **state)
{
	struct rlimit r;
	char err[512];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = 77;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
	assert_int_equal(limits_raise(70, err, sizeof(err)), 0);
	assert_int_equal(files(), 77);
	assert_int_equal(limits_raise(200, err, sizeof(err)), 0);
	assert_int_equal(files(), 200);
	assert_int_equal(limits_raise(300, err, sizeof(err)), 0);
	assert_int_equal(files(), 300);
	limits_give_back();
	assert_int_equal(files(), 77);
}

/* More than fs.nr_open nobody may have, not even root. */
static void test_refused(void **state)
{
	char err[512] = "";

	(void)state;
	assert_int_equal(limits_raise(4000000000u, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "file descriptors"));
	assert_null(strchr(err, '\n'));
}

static void test_sentences(void **state)
{
	static const int limits[] = { EMFILE, ENFILE, ENOMEM, EAGAIN, ENOSPC };
	static const int others[] = { EINVAL, EACCES, ENOENT, EINTR, E2BIG, EPERM };

	(void)state;
	assert_false(limit_reached(0));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		assert_true(limit_reached(-limits[i]));
		assert_string_not_equal(limit_sentence(-limits[i]), strerror(limits[i]));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(limit_reached(-others[i]));
		assert_string_equal(limit_sentence(-others[i]), strerror(others[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raised),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

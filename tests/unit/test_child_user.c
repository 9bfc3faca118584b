// SPDX-License-Identifier: GPL-2.0-only
/* test_child_user.c - as whom another program is run */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "child_fixture.h"

#define NR_VARIABLES 5
static const char *const variables[NR_VARIABLES] = { "SUDO_UID", "SUDO_GID", "SUDO_USER",
						     "PKEXEC_UID", "DOAS_USER" };

/* NULL: not set */
static void caller_set(const char *const values[NR_VARIABLES])
{
	for (size_t i = 0; i < NR_VARIABLES; i++) {
		unsetenv(variables[i]);
		if (values && values[i])
			setenv(variables[i], values[i], 1);
	}
}

static void test_user(void **state)
{
	struct child_user u;
	char err[256] = "";

	(void)state;
	caller_set(NULL);
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_false(u.change);
	assert_int_equal(u.uid, geteuid());
	assert_int_equal(child_user_find(&u, "no\x1bone", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "there is no user 'no\\x1bone'");
	if (geteuid()) {
		assert_int_equal(child_user_find(&u, "root", err, sizeof(err)), -EPERM);
		assert_non_null(strstr(err, "only root"));
		/* who is not root has nobody else to be */
		setenv("SUDO_UID", "x", 1);
		assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
		assert_false(u.change);
		caller_set(NULL);
	}
}

/*
 * Who called, as the variables say; -1: refused, with a sentence that names what is wrong and the
 * way out.
 */
static void test_user_of_caller(void **state)
{
	static const struct {
		const char *value[NR_VARIABLES];
		long uid, gid;
		const char *name; /* or what the sentence has */
	} callers[] = {
		{ { "65534", "65534" }, 65534, 65534, "nobody" },
		{ { "65534", "65533" }, 65534, 65533, "nobody" }, /* newgrp */
		{ { "65534", "65534", "nobody" }, 65534, 65534, "nobody" },
		{ { "54321", "54322" }, 54321, 54322, "" },
		{ { "54321", "54322", "gone" }, 54321, 54322, "" },
		{ { "4294967294", "4294967294" }, 4294967294, 4294967294, "" },
		{ { "0", "0" }, 0, 0, "root" },
		{ { "0", "0", "root" }, 0, 0, "root" },
		{ { "0" }, 0, 0, "root" },
		{ { "0x3e8", "1000" }, -1, 0, "SUDO_UID is '0x3e8'" },
		{ { "4294967295", "1000" }, -1, 0, "SUDO_UID is '4294967295'" },
		{ { "4294967296", "0" }, -1, 0, "SUDO_UID is '4294967296'" },
		{ { "99999999999999999999999", "0" }, -1, 0, "SUDO_UID is '9" },
		{ { "", "1000" }, -1, 0, "SUDO_UID is ''" },
		{ { "12x", "1000" }, -1, 0, "SUDO_UID is '12x'" },
		{ { " 12", "1000" }, -1, 0, "SUDO_UID is ' 12'" },
		{ { "12 ", "1000" }, -1, 0, "SUDO_UID is '12 '" },
		{ { "12\n", "1000" }, -1, 0, "SUDO_UID is '12\\x0a'" },
		{ { "+12", "1000" }, -1, 0, "SUDO_UID is '+12'" },
		{ { "-12", "1000" }, -1, 0, "SUDO_UID is '-12'" },
		{ { "012", "1000" }, -1, 0, "SUDO_UID is '012'" },
		{ { "00", "0" }, -1, 0, "SUDO_UID is '00'" },
		{ { "joe\x1b", "1000" }, -1, 0, "SUDO_UID is 'joe\\x1b'" },
		{ { "1000" }, -1, 0, "SUDO_GID is not set" },
		{ { "1000", "" }, -1, 0, "SUDO_GID is ''" },
		{ { "1000", "-1" }, -1, 0, "SUDO_GID is '-1'" },
		{ { "1000", "4294967295" }, -1, 0, "SUDO_GID is '4294967295'" },
		{ { "1000", "1000 " }, -1, 0, "SUDO_GID is '1000 '" },
		{ { "0", "x" }, -1, 0, "SUDO_GID is 'x'" },
		{ { NULL, "1000" }, -1, 0, "SUDO_UID is not set" },
		{ { NULL, NULL, "nobody" }, -1, 0, "SUDO_UID is not set" },
		/* a name that is another's: whose groups would it be? */
		{ { "65534", "65534", "root" }, -1, 0, "SUDO_USER is 'root', and SUDO_UID is 65534" },
		{ { "65534", "65534", "gone" }, -1, 0, "SUDO_USER is 'gone', and SUDO_UID is 65534" },
		{ { "65534", "65534", "" }, -1, 0, "SUDO_USER is '', and SUDO_UID is 65534" },
		{ { "54321", "54322", "nobody" }, -1, 0, "SUDO_USER is 'nobody', and SUDO_UID is 54321" },
		{ { "0", "0", "nobody" }, -1, 0, "SUDO_USER is 'nobody', and SUDO_UID is 0" },
		{ { NULL, NULL, NULL, "65534" }, 65534, 65534, "nobody" },
		{ { NULL, NULL, NULL, "0" }, 0, 0, "root" },
		{ { NULL, NULL, NULL, "54321" },
		  -1,
		  0,
		  "PKEXEC_UID is 54321, which has no entry in passwd" },
		{ { NULL, NULL, NULL, "x" }, -1, 0, "PKEXEC_UID is 'x'" },
		{ { NULL, NULL, NULL, NULL, "nobody" }, 65534, 65534, "nobody" },
		{ { NULL, NULL, NULL, NULL, "root" }, 0, 0, "root" },
		{ { NULL, NULL, NULL, NULL, "gone" }, -1, 0, "DOAS_USER is 'gone'" },
		{ { NULL, NULL, NULL, NULL, "" }, -1, 0, "DOAS_USER is ''" },
		/* one in the other, and the environment does not tell which */
		{ { "65534", "65534", NULL, NULL, "nobody" }, 65534, 65534, "nobody" },
		{ { "0", "0", NULL, NULL, "nobody" },
		  -1,
		  0,
		  "uid 0 called sudo, and uid 65534 called doas" },
	};

	(void)state;
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
		struct child_user u = {};
		char err[768] = "";
		int ret;

		caller_set(callers[i].value);
		ret = child_user_find(&u, NULL, err, sizeof(err));
		if (callers[i].uid < 0) {
			if (!ret || !strstr(err, callers[i].name) || !strstr(err, "--user"))
				fail_msg("%zu: %d, uid %u, '%s'", i, ret, u.uid, err);
			/* the way out */
			assert_int_equal(child_user_find(&u, "nobody", err, sizeof(err)), 0);
			assert_int_equal(u.uid, 65534);
		} else if (ret || u.change != !!callers[i].uid || u.uid != callers[i].uid ||
			   u.gid != callers[i].gid || strcmp(u.name, callers[i].name)) {
			fail_msg("%zu: %d, change %d, uid %u, gid %u, name '%s', '%s'", i, ret,
				 u.change, u.uid, u.gid, u.name, err);
		}
	}
	caller_set(NULL);
}

/* Only root can be another: the machine that runs all tests has a root. */
static void test_become(void **state)
{
	gid_t before[64], more[] = { 3, 4 };
	struct child_user u;
	char err[256] = "", text[128];
	int nr;

	(void)state;
	if (geteuid())
		skip();
	/* what root has, the user must not get */
	assert_int_equal(getgroups(64, before), nr = getgroups(0, NULL));
	assert_int_equal(setgroups(2, more), 0);
	caller_set((const char *const[NR_VARIABLES]){ "65534", "65534" });
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_string_equal(child_user_format(text, sizeof(text), &u), "nobody");
	expect_output("id -u; id -g; id -G; echo $USER $LOGNAME $HOME; grep -E '^Cap(Prm|Eff)' "
		      "/proc/self/status; echo $SUDO_UID",
		      &u,
		      "65534\n65534\n65534\nnobody nobody /nonexistent\nCapPrm:\t0000000000000000\n"
		      "CapEff:\t0000000000000000\n65534\n");
	/* without a name in passwd: the numbers suffice */
	caller_set((const char *const[NR_VARIABLES]){ "54321", "54322" });
	assert_int_equal(child_user_find(&u, NULL, err, sizeof(err)), 0);
	assert_string_equal(child_user_format(text, sizeof(text), &u),
			    "uid 54321 (no entry in passwd, so no group but 54322)");
	expect_output("id -u; id -g; id -G", &u, "54321\n54322\n54322\n");
	caller_set(NULL);
	assert_int_equal(setgroups(nr, before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_of_caller),
		cmocka_unit_test(test_become),
	};

	child_tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* test_mountinfo.c - which mount shows a file */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "look/mountinfo.h"

#define DEV (259 << 20 | 1)

static const char text[] =
	"20 1 259:1 / / rw - ext4 /dev/root rw\n"
	"21 20 259:1 /srv/data /data rw,relatime shared:7 master:1 - ext4 /dev/root rw\n"
	"22 20 259:2 / /mnt/a\\040b\\134c rw - xfs /dev/pmem0 rw,dax=always\n"
	"23 20 259:2 /sub /s rw - xfs /dev/pmem0 rw\n"
	"this is no mount\n"
	"\n"
	"24 20 nonsense / /x rw - xfs x rw\n"
	"25 20 0:5 / /proc rw - a-filesystem-with-a-long-name x rw\n";

static int setup(void **state)
{
	static struct mountinfo t;
	char path[] = "/tmp/mountinfo-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	memset(&t, 0, sizeof(t));
	assert_int_equal(mountinfo_read(&t, path), 0);
	unlink(path);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	mountinfo_free(*state);
	return 0;
}

static void test_lines(void **state)
{
	const struct mountinfo *t = *state;

	assert_int_equal(t->nr, 5);
	assert_int_equal(t->m[0].dev, DEV);
	assert_string_equal(t->m[1].root, "/srv/data");
	assert_string_equal(t->m[1].fstype, "ext4");
	assert_string_equal(t->m[2].point, "/mnt/a b\\c");
	assert_string_equal(t->m[2].fstype, "xfs");
	assert_int_equal(strlen(t->m[4].fstype), sizeof(t->m[4].fstype) - 1);
}

static void is_shown(const struct mountinfo *t, uint32_t dev, const char *path, const char *want)
{
	char *got = mountinfo_path(t, dev, path);

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	free(got);
}

static void test_path(void **state)
{
	const struct mountinfo *t = *state;

	is_shown(t, DEV, "/home/f", "/home/f");
	is_shown(t, DEV, "/srv/data/f", "/srv/data/f"); /* "/" is the shorter one */
	is_shown(t, DEV + 1, "/f", "/mnt/a b\\c/f");
	is_shown(t, DEV + 1, "/sub/f", "/s/f");
	is_shown(t, DEV + 1, "/subway", "/mnt/a b\\c/subway");
	is_shown(t, DEV + 2, "/f", NULL);
}

static void test_missing(void **state)
{
	struct mountinfo t = { 0 };

	(void)state;
	assert_true(mountinfo_read(&t, "/nowhere/mountinfo") < 0);
	assert_int_equal(t.nr, 0);
	mountinfo_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

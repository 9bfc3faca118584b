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

static struct mountinfo read_text(const char *from, size_t len)
{
	struct mountinfo t = { 0 };
	char path[] = "/tmp/mountinfo-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, from, len), len);
	close(fd);
	assert_int_equal(mountinfo_read(&t, path), 0);
	unlink(path);
	return t;
}

static int setup(void **state)
{
	static struct mountinfo t;

	t = read_text(text, sizeof(text) - 1);
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

#define READ(lines) read_text(lines, sizeof(lines) - 1)

/* What is mounted later hides what was there: at the place itself, above it, below it, over the root. */
static void test_hidden(void **state)
{
	static const char one[] = "20 20 8:1 / / rw - ext4 r rw\n"
				  "21 20 259:2 / /mnt rw - xfs p rw\n"
				  "22 20 259:2 /sub /s/bound rw - xfs p rw\n"
				  "23 21 0:5 / /mnt/sub rw - tmpfs t rw\n"
				  "24 21 0:6 / /mnt/file rw - tmpfs t rw\n";
	static const char two[] = "20 1 8:1 / / rw - ext4 r rw\n"
				  "21 20 259:2 / /mnt rw - xfs p rw\n"
				  "22 21 0:5 / /mnt rw - tmpfs t rw\n";
	static const char three[] = "20 1 8:1 / / rw - ext4 r rw\n"
				    "21 20 259:2 / /a/mnt rw - xfs p rw\n"
				    "22 20 0:5 / /a rw - tmpfs t rw\n";
	static const char four[] = "20 1 8:1 / / rw - ext4 r rw\n"
				   "21 20 259:2 / /mnt rw - xfs p rw\n"
				   "22 20 0:5 / / rw - tmpfs t rw\n";
	struct mountinfo t = READ(one);

	(void)state;
	is_shown(&t, DEV + 1, "/f", "/mnt/f");
	is_shown(&t, DEV + 1, "/sub/f", "/s/bound/f"); /* /mnt/sub is the tmpfs */
	is_shown(&t, DEV + 1, "/file", NULL);
	is_shown(&t, DEV + 1, "/file2", "/mnt/file2");
	assert_int_equal(mountinfo_root(&t)->id, 20);
	mountinfo_free(&t);
	t = READ(two);
	is_shown(&t, DEV + 1, "/f", NULL);
	mountinfo_free(&t);
	t = READ(three);
	is_shown(&t, DEV + 1, "/f", NULL);
	mountinfo_free(&t);
	t = READ(four);
	is_shown(&t, DEV + 1, "/f", NULL);
	assert_int_equal(mountinfo_root(&t)->id, 22);
	mountinfo_free(&t);
}

/* After chroot() into a directory: what that is mounted on is not listed. A file that is a mount point. */
static void test_chroot(void **state)
{
	struct mountinfo t = READ("30 9 259:2 / /data rw - xfs p rw\n"
				  "31 9 259:2 /dir/f /f rw - xfs p rw\n");

	(void)state;
	assert_null(mountinfo_root(&t));
	is_shown(&t, DEV + 1, "/dir/g", "/data/dir/g");
	is_shown(&t, DEV + 1, "/dir/f", "/f");
	mountinfo_free(&t);
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
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_chroot),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

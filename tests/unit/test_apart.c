// SPDX-License-Identifier: GPL-2.0-only
/* test_apart.c - calls in a process that can be abandoned */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/apart.h"

static int doubles(void *arg, void *out)
{
	*(int *)out = 2 * *(int *)arg;
	return -ENXIO;
}

static int never(void *arg, void *out)
{
	(void)out;
	/* the other end is ours: not before we are gone */
	return read(*(int *)arg, &(char){ 0 }, 1) ? 0 : -EPIPE;
}

static int dies(void *arg, void *out)
{
	(void)arg, (void)out;
	_exit(0);
}

static int looks(void *arg, void *out)
{
	int *kept = arg;

	*(int *)out = 0;
	for (int fd = 0; fd < 64; fd++)
		*(int *)out += fd != *kept && fcntl(fd, F_GETFD) >= 0;
	return fcntl(*kept, F_GETFD) >= 0 ? 0 : -errno;
}

static void what_it_returns(void **state)
{
	int in = 21, out = 0;

	(void)state;
	assert_int_equal(apart_call(doubles, &in, &out, sizeof(out), -1, APART_MS), -ENXIO);
	assert_int_equal(out, 42);
	assert_int_equal(apart_call(dies, NULL, &out, sizeof(out), -1, APART_MS), -EIO);
	assert_int_equal(out, 42);
	/* none of them is a child of ours */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void one_that_hangs(void **state)
{
	int ends[2], out = 7;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(apart_call(never, &ends[0], &out, sizeof(out), ends[0], 20), -ETIMEDOUT);
	assert_int_equal(out, 7);
	close(ends[0]);
	close(ends[1]);
}

/* Its own pipe, and what it is given. */
static void what_it_has_open(void **state)
{
	int fd = dup(STDERR_FILENO), out = 0;

	(void)state;
	assert_int_equal(apart_call(looks, &fd, &out, sizeof(out), fd, APART_MS), 0);
	assert_int_equal(out, 1);
	close(fd);
	assert_int_equal(apart_call(looks, &fd, &out, sizeof(out), -1, APART_MS), -EBADF);
	assert_int_equal(out, 1);
}

static void paths(void **state)
{
	struct statx st;

	(void)state;
	/* not "/": where a root is a folder, no mount begins there */
	assert_int_equal(apart_statx("/proc", &st), 0);
	assert_true(S_ISDIR(st.stx_mode));
	assert_true(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
	assert_int_equal(apart_statx("/nothing/like/it", &st), -ENOENT);
	assert_non_null(strstr(apart_sentence(-ETIMEDOUT), "does not answer"));
	assert_string_equal(apart_sentence(-ENOENT), "No such file or directory");
}

/* The generation is the kernel's own, where the filesystem tells it both ways. */
static void inodes(void **state)
{
	char path[] = "/tmp/apart-XXXXXX";
	struct apart_inode i = {};
	struct stat st;
	int fd = mkstemp(path), gen;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(apart_inode(path, &i), 0);
	assert_true(S_ISREG(i.st.stx_mode));
	assert_int_equal(i.st.stx_ino, st.st_ino);
	if (i.gen_known && !ioctl(fd, FS_IOC_GETVERSION, &gen))
		assert_int_equal((int)i.gen, gen);
	close(fd);
	unlink(path);
	assert_int_equal(apart_inode(path, &i), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_returns),  cmocka_unit_test(one_that_hangs),
		cmocka_unit_test(what_it_has_open), cmocka_unit_test(paths),
		cmocka_unit_test(inodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

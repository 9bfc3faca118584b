// SPDX-License-Identifier: GPL-2.0-only
/* test_output.c - a file gets its new contents whole or not at all, and no link leads elsewhere */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/output.h"

static char dir[64];

static const char *at(const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void expect_text(const char *name, const char *want)
{
	char text[256] = "";
	FILE *f = fopen(at(name), "r");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) || feof(f));
	fclose(f);
	assert_string_equal(text, want);
}

/* Nothing of ours stays beside it. */
static void expect_files(unsigned int want)
{
	unsigned int n = 0;
	DIR *d = opendir(dir);

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	assert_int_equal(n, want);
}

static void write_path(const char *path, const char *text, bool whole)
{
	char err[512] = "";
	struct output *o = output_open(path, err, sizeof(err));

	if (!o)
		fail_msg("%s", err);
	fputs(text, output_file(o));
	if (output_close(o, whole, err, sizeof(err)))
		fail_msg("%s", err);
}

static void refused_path(const char *path, const char *word)
{
	char err[512] = "";

	if (output_open(path, err, sizeof(err)))
		fail_msg("%s was opened", path);
	if (!strstr(err, word))
		fail_msg("got `%s`, expected `%s`", err, word);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-output-XXXXXX");
	umask(022);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_new(void **state)
{
	struct stat st;

	(void)state;
	write_path(at("f"), "a\n", true);
	expect_text("f", "a\n");
	expect_files(1);
	assert_int_equal(stat(at("f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_uid, geteuid());
	write_path(at("g"), "a\n", false);
	expect_files(1);
}

static void test_replaced(void **state)
{
	char err[512];
	struct output *o;
	struct stat st;

	(void)state;
	put("f", "old");
	assert_int_equal(chmod(at("f"), 0640), 0);
	write_path(at("f"), "half", false);
	expect_text("f", "old");
	o = output_open(at("f"), err, sizeof(err));
	assert_non_null(o);
	fputs("new", output_file(o));
	fflush(output_file(o));
	/* killed here, it would have left the old one and nothing else */
	expect_text("f", "old");
	expect_files(1);
	assert_int_equal(output_close(o, true, err, sizeof(err)), 0);
	expect_text("f", "new");
	expect_files(1);
	assert_int_equal(stat(at("f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_relative(void **state)
{
	int here = open(".", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(mkdir(at("d"), 0755), 0);
	assert_int_equal(chdir(dir), 0);
	write_path("f", "a", true);
	write_path("./d//../d/g", "b", true);
	assert_int_equal(fchdir(here), 0);
	close(here);
	expect_text("f", "a");
	expect_text("d/g", "b");
}

static void test_links(void **state)
{
	char err[512];
	struct output *o;

	(void)state;
	put("precious", "old");
	assert_int_equal(symlink("precious", at("link")), 0);
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	refused_path(at("link"), "symbolic link");
	refused_path(at("dangling"), "symbolic link");
	/* put there while the report was made */
	o = output_open(at("f"), err, sizeof(err));
	assert_non_null(o);
	assert_int_equal(symlink("precious", at("f")), 0);
	fputs("new", output_file(o));
	assert_int_equal(output_close(o, true, err, sizeof(err)), 0);
	expect_text("f", "new");
	expect_text("precious", "old");
}

static void test_links_on_the_way(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("d"), 0755), 0);
	assert_int_equal(symlink("d", at("mine")), 0);
	assert_int_equal(symlink(at("mine"), at("absolute")), 0);
	assert_int_equal(symlink("loop", at("loop")), 0);
	write_path(at("mine/f"), "a", true);
	expect_text("d/f", "a");
	write_path(at("absolute/../d/f"), "b", true);
	expect_text("d/f", "b");
	refused_path(at("loop/f"), "levels of symbolic links");
	refused_path(at("nowhere/f"), "No such file");
	if (geteuid())
		return;
	assert_int_equal(lchown(at("mine"), 1000, 1000), 0);
	refused_path(at("mine/f"), "another user's");
	refused_path(at("absolute/f"), "another user's");
	expect_text("d/f", "b");
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("d"), 0755), 0);
	refused_path(at("d"), "directory");
	refused_path(at("d/"), "directory");
	refused_path(at(".."), "directory");
	put("file", "old");
	refused_path(at("file/f"), "Not a directory");
	write_path("/dev/null", "a", true);
	/* not replaced by a file */
	assert_int_equal(access("/dev/null", W_OK), 0);
	write_path("/dev/null", "a", true);
}

static void test_full(void **state)
{
	char err[512] = "";
	struct output *o = output_open("/dev/full", err, sizeof(err));

	(void)state;
	assert_non_null(o);
	fputs("a", output_file(o));
	assert_int_not_equal(output_close(o, true, err, sizeof(err)), 0);
	assert_non_null(strstr(err, "No space"));
}

static void test_fifo(void **state)
{
	char text[16] = "";
	pid_t pid;
	FILE *f;

	(void)state;
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		write_path(at("fifo"), "a", true);
		_exit(0);
	}
	f = fopen(at("fifo"), "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) == 1);
	fclose(f);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_string_equal(text, "a");
}

/* The shell's >(COMMAND) is /dev/fd/63. */
static void test_descriptors(void **state)
{
	char path[32], text[16] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
	write_path(path, "a", true);
	/* ours, and still open */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
	write_path(path, "b", true);
	close(fds[1]);
	assert_int_equal(read(fds[0], text, sizeof(text)), 2);
	assert_string_equal(text, "ab");
	refused_path(path, "Bad file descriptor");
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	refused_path(path, "Invalid argument");
	close(fds[0]);
	refused_path("/dev/fd/99999999999999999999", "");
	refused_path("/proc/self/fd/1x", "");
}

/* A file of another's in a sticky folder, as in /tmp. */
static void test_sticky(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chmod(dir, 01777), 0);
	put("f", "old");
	assert_int_equal(chown(at("f"), 1000, 1000), 0);
	assert_int_equal(mkfifo(at("fifo"), 0666), 0);
	assert_int_equal(chown(at("fifo"), 1000, 1000), 0);
	refused_path(at("f"), "another user");
	refused_path(at("fifo"), "another user");
	expect_text("f", "old");
	/* in that user's own folder it is his to keep */
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chown(dir, 1000, 1000), 0);
	write_path(at("f"), "new", true);
	assert_int_equal(stat(at("f"), &st), 0);
	assert_int_equal(st.st_uid, 1000);
}

/* A name that acts on the terminal. */
static void test_name(void **state)
{
	char err[512] = "";

	(void)state;
	assert_null(output_open("/nowhere/\033[31m\302\233", err, sizeof(err)));
	assert_non_null(strstr(err, "'/nowhere/\\x1b[31m\\xc2\\x9b'"));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_new),
		CASE(test_replaced),
		CASE(test_relative),
		CASE(test_links),
		CASE(test_links_on_the_way),
		CASE(test_kinds),
		CASE(test_full),
		CASE(test_fifo),
		CASE(test_descriptors),
		CASE(test_sticky),
		CASE(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

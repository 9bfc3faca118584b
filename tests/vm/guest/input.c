// SPDX-License-Identifier: GPL-2.0-only
/*
 * input.c - what daxtop cannot do on this kernel, or with these powers, ends with one sentence,
 * exit 2, nothing on stdout. What needs no kernel is in tests/host/cli.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "place.h"
#include "steps.h"
#include "strangers.h"

/* One line on stderr that names @word (NULL: any); nothing on stdout. */
static void expect_sentence(struct daxtop *d, const char *word)
{
	const char *nl = strchr(d->err_text, '\n');

	if (d->out_len)
		fail("stdout: got `%s`, expected nothing", d->out_text);
	if (strncmp(d->err_text, "daxtop", 6) || !nl || nl[1])
		fail("stderr: got `%s`, expected one line that begins with daxtop", d->err_text);
	if (word && !strstr(d->err_text, word))
		fail("stderr: got `%s`, expected the word `%s`", d->err_text, word);
}

static void refused(const char *word, const char *const argv[])
{
	expect_sentence(daxtop_run(strcmp(argv[0], "check") ? 2 : 125, argv), word);
}

/* The values of SUDO_UID, SUDO_GID and SUDO_USER; NULL: not set. */
static const char *const *sudo;

static void set_sudo(void)
{
	static const char *const names[] = { "SUDO_UID", "SUDO_GID", "SUDO_USER" };

	for (int i = 0; i < 3; i++)
		if (sudo[i])
			must(!setenv(names[i], sudo[i], 1));
}

/* Who it would have to guess is told before a single program is loaded, and CMD does not run. */
static void refuse_guesses(void)
{
	static const char *const guesses[][3] = {
		{ "0x3e8", "1000" },
		{ "4294967295", "1000" },
		{ "", "1000" },
		{ "1000" },
		{ NULL, "1000" },
		{ "1000", "-1" },
		{ "1000", "4294967295" },
		{ "1000 ", "1000" },
		{ "1000x", "1000" },
		{ "joe", "1000" },
		{ "1000", "1000", "root" },
	};

	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		struct daxtop *d;

		sudo = guesses[i];
		d = daxtop_spawn_as(set_sudo, ARGS("check", "--", "touch", "/tmp/gt-guessed"));
		daxtop_end(d, 125);
		expect_sentence(d, "--user");
	}
	if (!access("/tmp/gt-guessed", F_OK))
		fail("CMD has run");
}

/* A CMD that is not there, or not to be run, is told before a single program is loaded. */
static void test_command(struct place *p)
{
	uint32_t before = bpf_program_id(), after;

	(void)p;
	expect_sentence(daxtop_run(127, ARGS("check", "nosuchcmd")), "nosuchcmd");
	expect_sentence(daxtop_run(127, ARGS("check", "--", "nosuchcmd", "-x")), "nosuchcmd");
	expect_sentence(daxtop_run(126, ARGS("check", "--", "/proc")), "directory");
	expect_sentence(daxtop_run(126, ARGS("check", "/proc/version")), "denied");
	expect_sentence(daxtop_run(125, ARGS("check", "")), "empty");
	/* root may run it, nobody may not */
	run("cp /bin/true /tmp/gt-root && chmod 700 /tmp/gt-root");
	expect_sentence(daxtop_run(126, ARGS("check", "--user=nobody", "/tmp/gt-root")), "as nobody");
	must(!unlink("/tmp/gt-root"));
	refuse_guesses();
	after = bpf_program_id();
	if (after != before + 1)
		fail("%u BPF programs were loaded, expected none", after - before - 1);
}

/* ---- one thing missing at a time ---- */

static int dropped;

/* Root without one capability; CAP_SYS_ADMIN goes with those that it stands for. */
static void drop_capability(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	must(!syscall(SYS_capget, &h, d));
	d[dropped / 32].effective &= ~(1u << dropped % 32);
	d[dropped / 32].permitted &= ~(1u << dropped % 32);
	d[dropped / 32].inheritable &= ~(1u << dropped % 32);
	if (dropped == CAP_BPF || dropped == CAP_PERFMON) {
		d[0].effective &= ~(1u << CAP_SYS_ADMIN);
		d[0].permitted &= ~(1u << CAP_SYS_ADMIN);
	}
	must(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
	must(!prctl(PR_CAPBSET_DROP, dropped));
	/* without the root fixup, only ambient capabilities survive the exec */
	d[0].inheritable = d[0].permitted;
	d[1].inheritable = d[1].permitted;
	must(!syscall(SYS_capset, &h, d));
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (d[cap / 32].permitted & (1u << cap % 32))
			must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
}

static void test_capabilities(struct place *p)
{
	static const struct {
		int cap;
		const char *name;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_SYSLOG, "CAP_SYSLOG" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
		{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
	};

	(void)p;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		struct daxtop *d;

		dropped = needed[i].cap;
		d = daxtop_spawn_as(drop_capability, ARGS("probes"));
		daxtop_end(d, 2);
		expect_sentence(d, needed[i].name);
	}
	/* the others are not needed */
	dropped = CAP_NET_ADMIN;
	daxtop_end(daxtop_spawn_as(drop_capability, ARGS("probes")), 0);
}

static void hide_btf(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL));
}

static void test_no_btf(struct place *p)
{
	struct daxtop *d = daxtop_spawn_as(hide_btf, ARGS("trace"));

	(void)p;
	daxtop_end(d, 2);
	expect_sentence(d, "CONFIG_DEBUG_INFO_BTF");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static char *read_file(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	must(fd >= 0);
	n = read(fd, text, len - 1);
	must(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

/* All addresses in /proc/kallsyms are zero then, even for root. */
static void test_kptr_restrict(struct place *p)
{
	static const char path[] = "/proc/sys/kernel/kptr_restrict";
	char before[16];
	struct daxtop *d;
	struct area a;

	read_file(path, before, sizeof(before));
	afterwards("echo %s >%s", before, path);
	area_open(&a, p, 0, AREA_WRITTEN);
	write_file(path, "2");
	d = daxtop_spawn(ARGS("history", "--json", a.spec));
	while (!daxtop_has_said(d, "\n"))
		poll_pause();
	write_file(path, before);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	kill(d->pid, SIGINT);
	daxtop_wait(d);
	if (WIFEXITED(d->status) && WEXITSTATUS(d->status) == 2) {
		expect_sentence(d, "kptr_restrict");
		return;
	}
	if (d->status)
		fail("got wait status %#x, expected exit 0, or 2 with a sentence: %s", d->status,
		     d->err_text);
	daxtop_json(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE);
}

/* ---- nowhere to write ---- */

static void close_stdout(void)
{
	must(!close(1));
}

static void close_stderr(void)
{
	must(!close(2));
}

#define REPORT "/tmp/gt-report"

static void test_unwritten(struct place *p)
{
	struct daxtop *d = daxtop_spawn_as(close_stdout, ARGS("scan"));

	(void)p;
	daxtop_end(d, 2);
	expect_sentence(d, "written");
	/* what it would say on stderr must not come into the report */
	daxtop_end(daxtop_spawn_as(close_stderr, ARGS("check", "--json", "--verbose", "--output",
						      REPORT, "--", "true")),
		   0);
	run("[ -s " REPORT " ] && ! grep -v '^{' " REPORT);
	must(!unlink(REPORT));
}

/* A stranger's links, to where he may not write. */
static void child_plants(struct child *c, void *arg)
{
	(void)c;
	(void)arg;
	become_stranger();
	must(!mkdir("/tmp/gt-his", 0755));
	must(!symlink("/tmp/gt-ours/file", "/tmp/gt-his/file"));
	must(!symlink("/tmp/gt-ours", "/tmp/gt-his/dir"));
	must(!mkfifo("/tmp/gt-fifo", 0666));
	must(access("/tmp/gt-ours/file", W_OK));
}

static void test_planted(struct place *p)
{
	uint32_t before = bpf_program_id(), after;
	struct child c;

	(void)p;
	run("mkdir /tmp/gt-ours && echo ours >/tmp/gt-ours/file && chmod 1777 /tmp");
	afterwards("rm -rf /tmp/gt-ours /tmp/gt-his /tmp/gt-fifo");
	child_start(&c, child_plants, NULL);
	child_end(&c);
	refused("symbolic link", ARGS("check", "--output=/tmp/gt-his/file", "--", "true"));
	refused("another user's", ARGS("check", "--output=/tmp/gt-his/dir/file", "--", "true"));
	refused("another user's", ARGS("check", "--output=/tmp/gt-his/dir/new", "--", "true"));
	refused("another user", ARGS("check", "--output=/tmp/gt-fifo", "--", "true"));
	after = bpf_program_id();
	if (after != before + 1)
		fail("%u BPF programs were loaded, expected none", after - before - 1);
	run("[ \"$(cat /tmp/gt-ours/file)\" = ours ] && [ \"$(ls /tmp/gt-ours)\" = file ]");
}

/* Everything essential is there on the project's own kernels, and none of them refuses a program. */
static void test_probes(struct place *p)
{
	struct json_object *rows;
	struct daxtop *d;

	(void)p;
	d = daxtop_run(0, ARGS("probes"));
	if (!strstr(d->out_text, "dax_insert_entry"))
		fail("probes: got `%s`, expected dax_insert_entry in it", d->out_text);
	d = daxtop_run(0, ARGS("probes", "--json"));
	daxtop_json(d);
	if (!d->nr_lines || !json_object_object_get_ex(d->lines[0], "probes", &rows))
		fail("probes --json printed no probes: %s", d->out_text);
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i), *why;

		if (json_object_object_get_ex(row, "why", &why) &&
		    strstr(json_object_get_string(why), "refused"))
			fail("the verifier refuses a program: %s", json_object_to_json_string(row));
	}
}

const struct test input_tests[] = {
	TEST("input/command", ON_NONE, test_command),
	TEST("input/capabilities", ON_NONE, test_capabilities),
	TEST("input/no-btf", ON_NONE, test_no_btf),
	TEST("input/kptr-restrict", ON_EXT4, test_kptr_restrict),
	TEST("input/unwritten", ON_NONE, test_unwritten),
	TEST("input/planted", ON_NONE, test_planted),
	TEST("input/probes", ON_NONE | ON_BOTH, test_probes),
	TESTS_END,
};

static void lock_down(const char *how)
{
	write_file("/sys/kernel/security/lockdown", how);
}

/* Where securityfs does not tell of lockdown, the verifier does. */
static void hide_lockdown(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("none", "/sys/kernel/security", "tmpfs", 0, NULL));
}

/*
 * Lockdown can be tightened while the kernel runs, and never loosened. With integrity all works; with
 * confidentiality nothing does, and none of the programs stays (the runner looks).
 */
static void test_lockdown(struct place *p)
{
	uint32_t before, after;
	struct daxtop *d;

	(void)p;
	lock_down("integrity");
	daxtop_run(0, ARGS("scan"));
	daxtop_run(0, ARGS("holders", "dax0.1"));
	daxtop_run(3, ARGS("check", "--", "sh", "-c", "exit 3"));
	lock_down("confidentiality");
	before = bpf_program_id();
	refused("locked down", ARGS("trace"));
	refused("locked down", ARGS("probes"));
	refused("locked down", ARGS("top", "--batch"));
	refused("locked down", ARGS("history", "0x1"));
	refused("locked down", ARGS("check", "--", "true"));
	refused("locked down", ARGS("scan"));
	refused("locked down", ARGS("holders", "dax0.1"));
	after = bpf_program_id();
	if (after != before + 1)
		fail("%u BPF programs were loaded, expected none", after - before - 1);
	d = daxtop_spawn_as(hide_lockdown, ARGS("scan"));
	daxtop_end(d, 2);
	expect_sentence(d, "locked down");
	d = daxtop_spawn_as(hide_lockdown, ARGS("trace"));
	daxtop_end(d, 2);
	expect_sentence(d, "locked down");
}

/* In this order, after all others: they change the kernel, or the names of devices, for good. */
const struct test last_tests[] = {
	TEST("left/nothing", ON_NONE | ON_BOTH, test_left_nothing),
	/* 6.18.15 warns of the honest work's direct writes from a file that is mapped anew (its kind "remount"). */
	TEST("honest/no-false-alarm", ON_NONE | ON_BOTH, test_no_false_alarm, .seconds = 600,
	     .starts = 8, .warns = "block/bio.c", .warns_on = "6.17.|6.18."),
	TEST("input/lockdown", ON_NONE, test_lockdown, .starts = 4),
	TESTS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/* limits.c - daxtop where it may have little: it raises what it can, and says what it lacks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "check.h"
#include "rule.h"
#include "scan.h"

static void limit(int which, rlim_t most)
{
	const struct rlimit r = { .rlim_cur = most, .rlim_max = most };

	must(!setrlimit(which, &r));
}

static void few_files(void)
{
	limit(RLIMIT_NOFILE, 77);
}

static void very_few_files(void)
{
	limit(RLIMIT_NOFILE, 20);
}

/* root without the right to raise a hard limit */
static void few_files_for_good(void)
{
	few_files();
	must(!prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0));
}

static void expect_no_complaint(struct daxtop *d)
{
	if (strstr(d->err_text, "not seen on this kernel: fault") ||
	    strstr(d->err_text, "descriptor") || strstr(d->err_text, "Too many open files"))
		fail("got `%s`, expected nothing about descriptors", d->err_text);
}

/* One sentence, with this word in it, and this exit status. */
static void expect_sentence(struct daxtop *d, const char *word, int status)
{
	const char *line = strstr(d->err_text, "\n");

	if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != status)
		fail("got wait status %#x, expected exit %d; stderr: %s", d->status, status,
		     d->err_text);
	if (strncmp(d->err_text, "daxtop: ", 8) || !strstr(d->err_text, word) || !line || line[1])
		fail("got `%s`, expected one sentence about `%s`", d->err_text, word);
}

/* What is too little is raised; the program under `check` has what daxtop had. */
static void test_files(struct place *p)
{
	struct daxtop *d = daxtop_spawn_as(few_files, ARGS("trace", "-t", "1"));

	(void)p;
	daxtop_end(d, 0);
	expect_no_complaint(d);
	d = daxtop_spawn_as(very_few_files, ARGS("scan"));
	daxtop_end(d, 0);
	expect_no_complaint(d);
	d = daxtop_spawn_as(few_files, ARGS("check", "--", "sh", "-c",
					    "echo files: $(ulimit -Sn) $(ulimit -Hn)"));
	daxtop_end(d, 0);
	expect_no_complaint(d);
	if (!strstr(d->out_text, "files: 77 77\n"))
		fail("got `%s`, expected that the command has the limits that daxtop had",
		     d->out_text);
}

static void test_files_refused(struct place *p)
{
	static const char *const commands[][4] = {
		{ "trace", "-t", "1" },
		{ "check", "-t", "1" },
		{ "scan" },
	};

	(void)p;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct daxtop *d = daxtop_spawn_as(few_files_for_good, commands[i]);

		daxtop_wait(d);
		expect_sentence(d, "file descriptors", strcmp(commands[i][0], "check") ? 2 : 125);
	}
}

static rlim_t address_space; /* bytes */

static void little_memory(void)
{
	limit(RLIMIT_AS, address_space);
}

/* From too little to load anything up to enough, which is a success. */
static void test_memory(struct place *p)
{
	bool enough = false;
	size_t refused = 0;
	struct daxtop *d;

	(void)p;
	for (address_space = 12 << 20; address_space <= 192 << 20; address_space *= 2) {
		d = daxtop_spawn_as(little_memory, ARGS("trace", "-t", "1"));
		daxtop_wait(d);
		enough = WIFEXITED(d->status) && !WEXITSTATUS(d->status);
		if (enough) {
			expect_no_complaint(d);
			continue;
		}
		refused++;
		/* "no memory to start with", or the limit to raise; not ENOMEM's own text */
		expect_sentence(d, strstr(d->err_text, "no memory") ? "no memory" : "memory ran out",
				2);
		note("%llu MiB: %s", (unsigned long long)address_space >> 20, d->err_text);
	}
	if (!refused || !enough)
		fail("%zu limits were too low, and the last one was%s", refused,
		     enough ? " not" : ", too");
}

/* ---- maps of fixed size ---- */

#define MORE 616 /* pages than there is room for */

/*
 * Pages come and go whose index stays, where it does (dax_folio_put() without dax_folio_reset_order(), and not legacy);
 * that of the file's first page is 0, which is none. Mapped at no multiple of 2M, so 4K each.
 */
static void test_indexes(struct place *p)
{
	const int64_t expected =
		!kernel_legacy() && !kernel_has("dax_folio_reset_order") ? MORE - 1 : 0;
	const size_t len = (DX_INDEXES_MAX + MORE) * SZ_4K;
	char path[300], *room, *at;
	struct json_object *sum;
	struct daxtop *d;
	int fd;

	snprintf(path, sizeof(path), "%s/gt-indexes", p->path);
	afterwards("rm -f %s", path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && !ftruncate(fd, len));
	room = mmap(NULL, len + 2 * SZ_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	must(room != MAP_FAILED);
	at = (char *)(((uintptr_t)room | (SZ_2M - 1)) + 1 + SZ_4K);
	must(mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at);
	d = daxtop_start(ARGS("trace", "--json", "--comm", "nobody"));
	for (size_t i = 0; i < len; i += SZ_4K)
		touch_write(at + i);
	must(!munmap(room, len + 2 * SZ_2M));
	must(!ftruncate(fd, 0) && !close(fd));
	daxtop_stop(d);
	sum = trace_summary(d);
	if (field_int(sum, "indexes_forgotten") != expected)
		fail("got %lld forgotten, expected %lld: %s",
		     (long long)field_int(sum, "indexes_forgotten"), (long long)expected,
		     json_object_to_json_string(sum));
}

/* daxtop's map of that name; it is the only one. */
static int map_of(const char *name)
{
	for (uint32_t id = 0; !bpf_map_get_next_id(id, &id);) {
		int fd = bpf_map_get_fd_by_id(id);
		struct bpf_map_info info = {};
		uint32_t len = sizeof(info);

		must(fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len));
		if (!strcmp(info.name, name))
			return fd;
		close(fd);
	}
	fail("there is no map %s", name);
}

/* A device more than there is room for: some rules are not checked there, so something is lost. */
static void test_devices(struct place *p)
{
	struct json_object *sum;
	char name[64], dev[64], word[64];
	uint8_t one = 1;
	struct daxtop *d;
	struct area a;
	int map, rc = 0;
	int64_t end;

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	run("ndctl disable-namespace %s", name);
	d = daxtop_start(ARGS("trace", "--json"));
	map = map_of("devdax_pgmaps");
	for (uint64_t key = 1; !rc; key++)
		rc = bpf_map_update_elem(map, &key, &one, BPF_ANY);
	must(rc == -E2BIG && !close(map));
	run("ndctl enable-namespace %s", name);
	wait_for_path(dev);
	area_touched(&a, p, 0);
	/* its name is known by now, and so that it is device-dax */
	snprintf(word, sizeof(word), "\"device\":\"%s\"", p->device);
	for (end = now_ms() + PATIENCE_MS; !daxtop_has_printed(d, word);) {
		if (now_ms() > end)
			fail("no event of %s", p->device);
		poll_pause();
	}
	area_unmap(&a);
	area_remove(&a);
	daxtop_stop(d);
	sum = trace_summary(d);
	if (summary_of(sum, "violation", "lost") != 1)
		fail("got %s, expected one lost violation", json_object_to_json_string(sum));
}

const struct test limits_tests[] = {
	TEST("limits/indexes", ON_EXT4 | ON_BOTH, test_indexes),
	TEST("limits/devices", ON_DAX4K, test_devices),
	TEST("limits/files", ON_NONE | ON_BOTH, test_files, .starts = 3),
	TEST("limits/files-refused", ON_NONE | ON_BOTH, test_files_refused),
	TEST("limits/memory", ON_NONE, test_memory, .starts = 4),
	TESTS_END,
};

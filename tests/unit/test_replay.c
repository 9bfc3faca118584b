// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_replay.c - a stream from a file: the same bytes in give the same answers out; what is cut off,
 * damaged or of another format is said in a sentence.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd/command.h"
#include "session.h"
#include "tee.h"
#include "test_engine.h"
#include "view_feed.h"

#define SEC 1000000000ull
#define T0  (100 * SEC)

static char dir[64], path[128];

/* ---- a stream, made ---- */

static void rec(struct tee *t, unsigned int type, const void *payload, size_t len)
{
	const struct dx_record r = { .len = sizeof(r) + len, .type = type };
	char err[256];

	assert_int_equal(tee_write(t, &r, payload, err, sizeof(err)), 0);
}

static void rec_time(struct tee *t, unsigned int type, uint64_t time)
{
	rec(t, type, &(struct dx_time){ time }, sizeof(struct dx_time));
}

static void rec_event(struct tee *t, struct dx_event ev)
{
	ev.pgmap = 1;
	rec(t, DX_REC_EVENT, &ev, sizeof(ev));
}

static void rec_stack(struct tee *t, int32_t number, uint32_t tgid, const char *name)
{
	struct dx_stack_names n = {
		.number = number, .tgid = tgid, .nr = 1, .frame[0] = { .offset = 0x12 }
	};

	n.frame[0].addr = tgid ? 0x401000 : 0;
	strcpy(n.frame[0].name, name);
	rec(t, DX_REC_STACK, &n, offsetof(struct dx_stack_names, frame[1]));
}

/* As the kernel has it when nothing of a row could be attached, and not so for the last row. */
static void rec_probes(struct tee *t)
{
	struct probe table[PROBE_MAX];
	size_t n = probe_table(table, PROBE_MAX);

	for (size_t i = 0; i < n; i++) {
		struct dx_probe row = { .row = i,
					.state = i + 1 < n ? PROBE_MISSING : PROBE_ATTACHED,
					.chosen = i + 1 < n ? table[i].chosen : 0,
					.why = "no such function" };

		snprintf(row.event, sizeof(row.event), "%s", table[i].event);
		rec(t, DX_REC_PROBE, &row, sizeof(row));
	}
}

static struct tee *stream_begin(void)
{
	const struct dx_hello h = {
		.host = "lab\033[31m", .kernel = "7.2.12", .start = T0, .page_shift = 12, .nr_cpus = 2
	};
	const struct dx_pgmap p = {
		.pgmap = 1, .pfn = PFN, .nr_pages = 1 << 18, .type = FS_DAX, .device = "pmem0"
	};
	const struct dx_path file = {
		.ino = 12, .dev = 259 << 20, .kind = DX_PATH_REGULAR, .path = "/mnt/db/wal"
	};
	struct tee *t;
	char err[256];

	unlink(path);
	t = tee_open(path, err, sizeof(err));
	assert_non_null(t);
	rec(t, DX_REC_PATH, &file, sizeof(file));
	rec(t, DX_REC_HELLO, &h, sizeof(h));
	rec_probes(t);
	rec(t, DX_REC_PGMAP, &p, sizeof(p));
	rec_time(t, DX_REC_READY, T0 + 1);
	return t;
}

static void stream_middle(struct tee *t)
{
	struct dx_file_event f = { .e = EVENT(DX_FILE, T0 + 2, 0, .dev = 259 << 20, .ino = 12,
					      .ustack = -1),
				   .path_len = 11,
				   .path = "/mnt/db/wal" };

	rec(t, DX_REC_FILE, &f, offsetof(struct dx_file_event, path) + 11);
	rec_event(t, EVENT(DX_FAULT, T0 + 10, PFN, .flags = DX_F_INSERT | DX_F_INSTALL | DX_F_WRITE,
			   .ref_install = 1, .since = 2, .refcount = 1, .mapcount = 1,
			   .ret = VM_FAULT_NOPAGE, .dev = 259 << 20, .ino = 12));
	rec_stack(t, 7, 0, "dax_layout_busy_page");
	rec_stack(t, 8, 100, "main");
	rec_event(t, EVENT(DX_PIN, T0 + 20, PFN, .refcount = 1025, .mapcount = 1, .pincount = 1,
			   .stack = 7, .ustack = 8, .ret = 1, .dev = 259 << 20, .ino = 12));
	rec(t, DX_REC_LOST, &(struct dx_lost){ .time = T0 + 30, .nr = 3, .cpu = 1, .type = DX_UNPIN },
	    sizeof(struct dx_lost));
	rec_event(t, EVENT(DX_VIOLATION, T0 + 40, PFN, .arg = DX_RULE_FREE_NONZERO,
			   .ret = DX_D_REFCOUNT, .refcount = 1, .stack = 7, .ustack = 8));
	rec_time(t, DX_REC_TIME, T0 + SEC);
	rec(t, DX_REC_ASK, &(struct dx_ask){ .max = 512 }, sizeof(struct dx_ask));
	rec_event(t, EVENT(DX_SAMPLE, T0 + SEC, PFN, .refcount = 1025, .mapcount = 1, .stack = -1,
			   .ustack = -1));
	rec_time(t, DX_REC_TIME, T0 + 2 * SEC);
	/* 12:31:07 in a zone one hour east */
	rec(t, DX_REC_PICTURE,
	    &(struct dx_picture){
		    .time = T0 + 2 * SEC, .wall = 11 * 3600 + 31 * 60 + 7, .utc_offset = 3600 },
	    sizeof(struct dx_picture));
}

static void stream_end(struct tee *t)
{
	const struct dx_rule_counts counts = { .checked[DX_RULE_FREE_NONZERO] = 9,
					       .broken[DX_RULE_FREE_NONZERO] = 4 };
	char err[256];

	rec(t, DX_REC_COUNTERS, &counts, sizeof(counts));
	rec(t, DX_REC_COMMAND,
	    &(struct dx_command){ .status = 3 << 8, .ran = 1, .name = "my-test", .user = "joe" },
	    sizeof(struct dx_command));
	rec_time(t, DX_REC_END, T0 + 3 * SEC);
	assert_int_equal(tee_close(t, err, sizeof(err)), 0);
}

static void stream_whole(void)
{
	struct tee *t = stream_begin();

	stream_middle(t);
	stream_end(t);
}

/* ---- a command from it: what it printed, how it ended ---- */

struct run {
	char *argv[12];
	int status;
};

static void run_it(void *arg)
{
	struct run *r = arg;
	struct command_line l;
	int argc;

	for (argc = 0; r->argv[argc]; argc++)
		;
	assert_int_equal(command_line_parse(argc, r->argv, &l), 0);
	r->status = l.command->run(l.options);
	command_line_free(&l);
	session_resume(&(struct session){ 0 });
}

static char *said;

static void run_outer(void *arg)
{
	said = capture_fd(STDOUT_FILENO, run_it, arg);
}

/* stdout; *@err: stderr. Both to be freed. */
static char *run(int status, char **err, const char *command, const char *more, const char *last)
{
	struct run r = { .argv = { "daxtop", (char *)command, "--from", path, (char *)more,
				   (char *)last } };

	*err = capture_fd(STDERR_FILENO, run_outer, &r);
	assert_int_equal(r.status, status);
	return said;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

static void expect(int status, const char *part, const char *err_part, const char *command,
		   const char *more, const char *last)
{
	char *err, *out = run(status, &err, command, more, last), *again_err, *again;

	expect_in(out, part);
	expect_in(err, err_part);
	assert_null(strchr(err, '\033'));
	again = run(status, &again_err, command, more, last);
	assert_string_equal(out, again);
	free(out);
	free(err);
	free(again);
	free(again_err);
}

static void test_trace(void **state)
{
	(void)state;
	stream_whole();
	expect(0, "/mnt/db/wal", "host lab", "trace", NULL, NULL);
	expect(0, "dax_layout_busy_page+0x12", "", "trace", "--stack", NULL);
}

static void test_history(void **state)
{
	(void)state;
	stream_whole();
	expect(0, "\"steps\"", "", "history", "--json", "0x140000");
	/* the file is not there: what it was stands in the stream */
	expect(0, "insert", "", "history", "/mnt/db/wal:0", NULL);
}

static void test_check(void **state)
{
	(void)state;
	stream_whole();
	expect(1, "free-nonzero", "", "check", NULL, NULL);
	expect(1, "dax_layout_busy_page+0x12", "", "check", NULL, NULL);
	expect(1, "main+0x12", "", "check", NULL, NULL);
	expect(1, "my-test", "", "check", NULL, NULL);
	/* what no probe told of was not checked */
	expect(1, "not checked", "", "check", NULL, NULL);
	expect(1, "\"uid\"", "", "check", "--json", NULL);
}

static void test_top(void **state)
{
	(void)state;
	stream_whole();
	expect(0, "12:31:07", "", "top", "--batch", NULL);
	expect(0, "/mnt/db/wal", "", "top", "--batch", NULL);
}

/* ---- files that are not whole ---- */

static void test_cut(void **state)
{
	char *err, *out, *end;
	struct stat st;
	struct tee *t;

	(void)state;
	/* between two records: nobody saw an end */
	t = stream_begin();
	stream_middle(t);
	tee_close(t, (char[256]){ 0 }, 256);
	expect(2, "fault", "ends before the watching did", "trace", NULL, NULL);
	/* in one, and in the header of one */
	stat(path, &st);
	assert_int_equal(truncate(path, st.st_size - 4), 0);
	expect(2, "fault", "the file is cut off here", "trace", NULL, NULL);
	assert_int_equal(truncate(path, st.st_size - 12), 0);
	expect(2, "fault", "the file is cut off here", "trace", NULL, NULL);
	/* a verdict on half of it is none */
	expect(125, "", "the file is cut off here", "check", NULL, NULL);
	assert_int_equal(truncate(path, 7), 0);
	out = run(2, &err, "trace", NULL, NULL);
	end = strstr(err, "shorter than any stream");
	assert_non_null(end);
	free(out);
	free(err);
}

static void poke(off_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void test_foreign(void **state)
{
	const uint32_t abi = DX_STREAM_ABI + 1, order = 0x04030201;
	char says[80];

	(void)state;
	stream_whole();
	poke(8, &abi, 4);
	snprintf(says, sizeof(says), "its format has the version %u, and this daxtop reads %u", abi,
		 DX_STREAM_ABI);
	expect(2, "", says, "trace", NULL, NULL);
	stream_whole();
	poke(12, &order, 4);
	expect(2, "", "other byte order", "trace", NULL, NULL);
	poke(0, "garbage!", 8);
	expect(2, "", "no stream of daxtop's", "trace", NULL, NULL);
	unlink(path);
	expect(2, "", "No such file", "trace", NULL, NULL);
}

static void test_damaged(void **state)
{
	struct dx_event bad = EVENT(DX_PIN, T0 + 50, PFN + 1, .order = 9, .nr = 1);
	const uint32_t len = 12;
	struct tee *t;

	(void)state;
	t = stream_begin();
	rec_event(t, bad);
	stream_end(t);
	expect(2, "", "is damaged: an event's folio is at no place", "trace", NULL, NULL);
	t = stream_begin();
	rec(t, DX_REC_LOST, &(struct dx_lost){ .nr = 1, .cpu = 2, .type = DX_PIN },
	    sizeof(struct dx_lost));
	stream_end(t);
	expect(2, "", "a loss on no CPU", "trace", NULL, NULL);
	stream_whole();
	poke(sizeof(struct dx_stream_header), &len, 4);
	expect(2, "", "its length is none that a record can have", "trace", NULL, NULL);
}

/* Of a later daxtop. */
static void test_unknown(void **state)
{
	struct tee *t = stream_begin();

	(void)state;
	rec(t, 999, "whatever", 8);
	rec(t, 1000, NULL, 0);
	stream_middle(t);
	stream_end(t);
	expect(0, "/mnt/db/wal", "", "trace", NULL, NULL);
}

/* --tee makes a new file, its owner's only, and says why it does not. */
static void test_tee(void **state)
{
	char err[256] = "", link[160];
	struct stat st;

	(void)state;
	stream_whole();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_null(tee_open(path, err, sizeof(err)));
	expect_in(err, "is there already");
	unlink(path);
	snprintf(link, sizeof(link), "%s/elsewhere", dir);
	assert_int_equal(symlink(link, path), 0);
	assert_null(tee_open(path, err, sizeof(err)));
	assert_int_equal(access(link, F_OK), -1);
	unlink(path);
}

/* What can't be written ends the writing, with a sentence, once. */
static void test_full(void **state)
{
	const struct dx_record r = { .len = 8 + 4096, .type = 999 };
	static const char payload[4096];
	struct rlimit old, less;
	char err[256] = "";
	struct tee *t;
	int rc = 0;

	(void)state;
	unlink(path);
	t = tee_open(path, err, sizeof(err));
	assert_non_null(t);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	less = old;
	less.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_FSIZE, &less);
	for (int i = 0; !rc && i < 1000; i++)
		rc = tee_write(t, &r, payload, err, sizeof(err));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(rc, -EFBIG);
	expect_in(err, "ends here");
	assert_int_equal(tee_write(t, &r, payload, err, sizeof(err)), 0);
	assert_int_equal(tee_close(t, err, sizeof(err)), 0);
}

/* The engine alone: the same stream twice gives the same of everything it answers. */
static int fed(const struct engine_step *s, void *arg)
{
	fprintf(arg, "%llu %u %d>%d m%d p%d %d\n", (unsigned long long)s->time, s->cause,
		s->ref_before, s->ref_after, s->mapcount, s->pincount, s->after_loss);
	return 0;
}

static int finding_fed(const struct engine_finding *f, void *arg)
{
	fprintf(arg, "%u %u %u %u %llu %d\n", f->nr, f->rule, f->detail, f->confidence,
		(unsigned long long)f->count, f->stack);
	return 0;
}

static void engine_alone(struct capture *c)
{
	struct engine_options o = { .history_bytes = 1 << 20, .window_ns = 50000000 };
	struct engine *e = engine_new(&o);
	FILE *f = capture_start(c);
	struct engine_stats st;
	struct dx_record r;
	const void *payload;
	struct replay *p;
	char err[512];

	assert_non_null(e);
	p = replay_open(path, err, sizeof(err));
	assert_non_null(p);
	while (replay_next(p, &r, &payload, err, sizeof(err)) == 1) {
		size_t n;

		assert_int_equal(engine_feed(e, &r, payload), 0);
		engine_asks(e, &n);
		fprintf(f, "asks %zu\n", n);
	}
	replay_close(p);
	engine_stats_get(e, &st);
	fwrite(&st, sizeof(st), 1, f);
	engine_history(e, PFN, fed, f);
	engine_findings(e, finding_fed, f);
	capture_text(c);
	engine_free(e);
}

static void test_engine_alone(void **state)
{
	struct capture a, b;

	(void)state;
	stream_whole();
	engine_alone(&a);
	engine_alone(&b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.text, b.text, a.len);
	capture_end(&a);
	capture_end(&b);
}

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_replay.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/stream", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),	     cmocka_unit_test(test_history),
		cmocka_unit_test(test_check),	     cmocka_unit_test(test_top),
		cmocka_unit_test(test_cut),	     cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_damaged),	     cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_tee),	     cmocka_unit_test(test_full),
		cmocka_unit_test(test_engine_alone),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

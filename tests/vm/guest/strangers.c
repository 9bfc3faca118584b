// SPDX-License-Identifier: GPL-2.0-only
/*
 * strangers.c - users who wish daxtop ill: their processes' mappings and mapped files are
 * made to hurt whoever looks up names of their stacks. They run as uid 1000.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daxtop.h"
#include "forge.h"
#include "fuse.h"
#include "place.h"
#include "sandbox.h"
#include "strangers.h"

void become_stranger(void)
{
	must(!setgroups(0, NULL) && !setresgid(STRANGER, STRANGER, STRANGER) &&
	     !setresuid(STRANGER, STRANGER, STRANGER));
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL)); /* the change took it back */
}

/* The return address @ret is all that the stack has after this function. */
static __attribute__((noinline)) void splice_as(char *page, int out, const void *ret)
{
	const uint64_t frame[2] = { 0, (uintptr_t)ret };
	const struct iovec v = { .iov_base = page, .iov_len = SZ_4K };

	must(vmsplice_forged(out, &v, frame) == SZ_4K);
}

/* A stranger's process, which has a DAX page and a pipe. */
struct stranger {
	struct area a;
	int pipe[2];
};

static void stranger_begin(struct stranger *s, struct place *p)
{
	area_open(&s->a, p, 0, AREA_WRITTEN);
	area_map_shared(&s->a);
	touch_write(s->a.p);
	must(!pipe2(s->pipe, O_CLOEXEC));
	become_stranger();
	must(!prctl(PR_SET_DUMPABLE, 1));
}

static void pin_at(struct stranger *s, const void *ret)
{
	char page[SZ_4K];

	splice_as(s->a.p, s->pipe[1], ret);
	must(read(s->pipe[0], page, sizeof(page)) == sizeof(page));
}

static void *map_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	struct stat st;
	void *at;

	must(fd >= 0 && !fstat(fd, &st));
	at = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	must(at != MAP_FAILED);
	close(fd);
	return at;
}

/* ---- what daxtop says of them ---- */

/* The @nth get of the process, from 0; NULL: not yet printed. */
static struct json_object *get_of(struct daxtop *d, pid_t pid, size_t nth)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (field_int_or(d->lines[i], "tgid", 0) == pid && !nth--)
			return d->lines[i];
	fail("no get of process %d in %.2000s", pid, d->out_text);
}

static size_t printed(struct daxtop *d, pid_t pid)
{
	char word[40];
	const char *at;
	char *text;
	size_t n = 0;
	off_t len = lseek(d->out, 0, SEEK_END);

	/* as events have it, and no line that tells of the process */
	snprintf(word, sizeof(word), "\"pid\":%d,\"tgid\":%d,", pid, pid);
	text = calloc(1, len + 1);
	must(text && pread(d->out, text, len, 0) == len);
	for (at = text; (at = strstr(at, word)); at++)
		n++;
	free(text);
	return n;
}

/* Waits for @n gets of the process. */
static void await_gets(struct daxtop *d, pid_t pid, size_t n)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (printed(d, pid) < n) {
		if (kill(d->pid, 0))
			fail("daxtop has ended");
		if (now_ms() > end)
			fail("%zu gets of process %d were told, expected %zu", printed(d, pid), pid,
			     n);
		poll_pause();
	}
}

/* A frame of the user stack. */
static const char *frame_of(struct json_object *get, size_t i)
{
	struct json_object *stack;

	if (!json_object_object_get_ex(get, "user_stack", &stack) ||
	    i >= json_object_array_length(stack))
		fail("no user frame %zu in %s", i, json_object_to_json_string(get));
	return frame_text(json_object_array_get_idx(stack, i));
}

static bool has_frame(struct json_object *get, const char *text)
{
	struct json_object *stack;

	if (!json_object_object_get_ex(get, "user_stack", &stack))
		return false;
	for (size_t i = 0; i < json_object_array_length(stack); i++)
		if (strstr(frame_text(json_object_array_get_idx(stack, i)), text))
			return true;
	return false;
}

/* @text: what the forged frame has to say. */
static void expect_frame(struct daxtop *d, pid_t pid, size_t nth, const char *text)
{
	struct json_object *get = get_of(d, pid, nth);

	if (!has_frame(get, "splice_as+0x") || !has_frame(get, text))
		fail("got %s, expected frames with `splice_as` and `%s`",
		     json_object_to_json_string(get), text);
}

/* ---- the attacks: each a process of its own, which waits at its end to be told to go ---- */

struct attack {
	struct place *p;
	const char *name;
	void (*run)(struct stranger *s, struct child *c);
	size_t gets;
	struct child c;
};

static void attack_run(struct child *c, void *arg)
{
	struct attack *x = arg;
	struct stranger s;

	stranger_begin(&s, x->p);
	x->run(&s, c);
	child_go(c);
	child_await(c);
}

/* Its gets are told before it ends: names are looked up while it is there. */
static void attack(struct daxtop *d, struct attack *x)
{
	int64_t start = now_ms();

	child_start(&x->c, attack_run, x);
	child_await(&x->c);
	await_gets(d, x->c.pid, x->gets);
	note("%s: %lld ms", x->name, (long long)(now_ms() - start));
	child_go(&x->c);
	child_end(&x->c);
}

#define BOMB	  "/tmp/gt-bomb.gz"
#define LINK	  "/tmp/gt-strangers/lib"
#define TRUNCATED "/tmp/gt-strangers/trunc"

/* Three GiB of zeros, which libdwfl would unpack into memory. */
static void bomb(struct stranger *s, struct child *c)
{
	(void)c;
	pin_at(s, (char *)map_file(BOMB, O_RDONLY) + 0x1000);
}

/* What /proc/PID/maps calls its path leads to a FIFO now, which somebody waits to see opened. */
static void swapped(struct stranger *s, struct child *c)
{
	char *at = map_file(LINK, O_RDWR);

	(void)c;
	must(!unlink(LINK));
	must(!symlink("/tmp/gt-strangers/fifo", LINK));
	must(!symlink("/tmp/gt-strangers/fifo", LINK " (deleted)"));
	pin_at(s, at + 0x1000);
}

/* The file is cut and written again all the time while its symbols are read. */
static void truncated(struct stranger *s, struct child *c)
{
	int fd = open(TRUNCATED, O_RDWR | O_CLOEXEC);
	char *at = map_file(TRUNCATED, O_RDWR);
	pid_t cutter;
	struct stat st;

	(void)c;
	must(fd >= 0 && !fstat(fd, &st));
	cutter = fork();
	must(cutter >= 0);
	if (!cutter) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			must(!ftruncate(fd, 0));
			must(!ftruncate(fd, st.st_size));
			must(pwrite(fd, "\177ELF", 4, 0) == 4);
		}
	}
	for (int i = 1; i <= 20; i++)
		pin_at(s, at + i * 0x400);
	kill(cutter, SIGKILL);
}

/* A hundred thousand mappings; the frame lies in the middle of them. */
static void mappings(struct stranger *s, struct child *c)
{
	size_t n = 200000;
	char *at =
		mmap(NULL, n * SZ_4K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)c;
	must(at != MAP_FAILED);
	for (size_t i = 0; i < n; i += 2)
		must(!mprotect(at + i * SZ_4K, SZ_4K, PROT_READ));
	pin_at(s, (char *)splice_as + 1);
}

/* Another address each time: it has to be looked up. */
static int honest_at;

static void honest(struct stranger *s, struct child *c)
{
	(void)c;
	pin_at(s, (char *)splice_as + 1 + honest_at);
}

/* ---- a filesystem that a stranger serves ---- */

static void served(struct stranger *s, struct child *c)
{
	(void)c;
	pin_at(s, (char *)map_file(FUSE_DIR "/lib", O_RDONLY) + 0x1000);
}

/*
 * The server takes the request and never answers: the opener waits for it uninterruptibly
 * (fs/fuse/dev.c, request_wait_answer()).
 */
static void unserved(struct stranger *s, struct child *c)
{
	char *at = map_file(FUSE_DIR "/lib", O_RDONLY);

	(void)c;
	fuse_silence();
	pin_at(s, at + 0x1000);
}

static void fifo_wait(struct child *c, void *arg)
{
	(void)c, (void)arg;
	must(open("/tmp/gt-strangers/fifo", O_WRONLY | O_CLOEXEC) >= 0);
	fail("somebody has opened what a link leads to that took the file's place");
}

static void files_make(void)
{
	run("rm -rf /tmp/gt-strangers && mkdir -m 777 /tmp/gt-strangers && "
	    "mkfifo -m 666 /tmp/gt-strangers/fifo && "
	    "cp /proc/self/exe " LINK " && cp /proc/%d/exe " TRUNCATED " && chmod 666 " LINK
	    " " TRUNCATED,
	    getpid());
	run("chown 1000:1000 " LINK " " TRUNCATED);
	/* members of a gzip file may follow each other: RFC 1952 */
	run("cd /tmp && head -c 16777216 /dev/zero | gzip >gt-member && "
	    "for i in $(seq 192); do cat gt-member; done >" BOMB " && rm gt-member");
	run("echo 300000 >/proc/sys/vm/max_map_count");
	afterwards("rm -rf /tmp/gt-strangers " BOMB "; echo 65530 >/proc/sys/vm/max_map_count");
}

static void test_files(struct place *p)
{
	struct attack attacks[] = {
		{ p, "bomb", bomb, 1, {} },	      { p, "link", swapped, 1, {} },
		{ p, "truncate", truncated, 20, {} }, { p, "mappings", mappings, 1, {} },
		{ p, "served", served, 1, {} },	      { p, "unserved", unserved, 1, {} },
		{ p, "honest", honest, 1, {} },
	};
	struct child fifo, fuse;
	pid_t opener, namer, daxtop, parent;
	char comm[16];
	bool served_there = fuse_there();
	struct daxtop *d;

	files_make();
	if (served_there)
		fuse_start(&fuse);
	child_start(&fifo, fifo_wait, NULL);
	wait_blocked(fifo.pid, "wait_for_partner|fifo_open");
	d = daxtop_start(ARGS("trace", "--json", "--stack", "--event", "get"));
	daxtop = d->pid;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (served_there || (attacks[i].run != served && attacks[i].run != unserved))
			attack(d, &attacks[i]);
	/* nobody opened it in all that time: who waits for that fails then, and ends */
	must(!waitpid(fifo.pid, NULL, WNOHANG));
	wait_blocked(fifo.pid, "wait_for_partner|fifo_open");
	kill(fifo.pid, SIGKILL);
	opener = find_comm("daxtop-opener", NULL, 0);
	namer = find_comm("daxtop-namer", NULL, 0);
	if (!opener || !namer || !stat_of(namer, comm, &parent) || parent != opener)
		fail("got opener %d and namer %d, expected the one to be the other's parent",
		     opener, namer);
	if (stat_of(opener, comm, &parent) && parent == daxtop)
		fail("the opener is a child of daxtop, where check would wait for it");
	if (entries(opener, "fd") != 1)
		fail("the opener has %zu descriptors, expected its socket", entries(opener, "fd"));
	expect_namer(namer);
	expect_memory(daxtop, 256 << 10);
	expect_memory(opener, 16 << 10);
	expect_memory(namer, 16 << 10);
	/* no child of the opener waits for it any more */
	if (served_there)
		kill(fuse.pid, SIGKILL);
	daxtop_stop(d);
	await_end(opener, "the opener, after the end of daxtop,");
	await_end(namer, "the namer, after the end of daxtop,");
	/* the file's name, and no name of a function, as there is none */
	expect_frame(d, attacks[0].c.pid, 0, "gt-bomb.gz");
	expect_frame(d, attacks[1].c.pid, 0, "lib (deleted)");
	expect_frame(d, attacks[3].c.pid, 0, "splice_as+0x1 (");
	if (served_there) {
		expect_frame(d, attacks[4].c.pid, 0, "(lib: files of its filesystem are not opened)");
		expect_frame(d, attacks[5].c.pid, 0, "(lib: it was not answered for in time)");
	}
	expect_frame(d, attacks[6].c.pid, 0, "splice_as+0x1 (");
}

/* ---- a name that is given, in a filesystem that does not answer ---- */

static void expect_unanswered(const struct daxtop *d, const char *path)
{
	char word[128];

	snprintf(word, sizeof(word), "daxtop: %s: its filesystem does not answer", path);
	if (!strstr(d->err_text, word))
		fail("got %s, expected `%s`", d->err_text, word);
}

static void test_unanswered(struct place *p)
{
	static const char never[] = FUSE_DIR "/never", shut[] = FUSE_DIR "/shut";
	struct child fuse;
	struct daxtop *d;

	(void)p;
	if (!fuse_there())
		skip("this kernel has no FUSE built in");
	fuse_start(&fuse);
	/* first: the folder is locked while a name in it is not answered for (fs/fuse/dir.c, fuse_lock_inode()) */
	expect_unanswered(daxtop_run(2, ARGS("holders", shut)), shut);
	expect_unanswered(daxtop_run(2, ARGS("holders", never)), never);
	expect_unanswered(daxtop_run(2, ARGS("history", FUSE_DIR "/never:0")), never);
	/* events have paths of their own */
	d = daxtop_start(ARGS("trace", "--json", "--file", never));
	daxtop_stop(d);
	expect_unanswered(d, never);
	kill(fuse.pid, SIGKILL);
}

/* The same stack twice; it is told in between to go on. */
static void again(struct stranger *s, struct child *c)
{
	for (int i = 0; i < 2; i++) {
		if (i) {
			child_go(c);
			child_await(c);
		}
		pin_at(s, (char *)pin_at + 1);
	}
}

#define NAMESPACES "/proc/sys/user/max_pid_namespaces" /* a namer is the first process of one */

/* A stack whose names can't be had, as no namer can begin, has them when it comes again and one can. */
static void names_late(struct daxtop *d, struct attack *x)
{
	int max = atoi(run("cat " NAMESPACES));

	afterwards("echo %d >" NAMESPACES, max);
	run("echo 0 >" NAMESPACES);
	child_start(&x->c, attack_run, x);
	child_await(&x->c);
	await_gets(d, x->c.pid, 1);
	run("echo %d >" NAMESPACES, max);
	child_go(&x->c);
	child_await(&x->c);
	await_gets(d, x->c.pid, x->gets);
	child_go(&x->c);
	child_end(&x->c);
}

static void expect_names_late(struct daxtop *d, const struct attack *x)
{
	struct json_object *first = get_of(d, x->c.pid, 0), *second = get_of(d, x->c.pid, 1);

	if (field_int(first, "user_stack_id") != field_int(second, "user_stack_id"))
		fail("not one stack: %s, %s", json_object_to_json_string(first),
		     json_object_to_json_string(second));
	if (has_frame(first, "splice_as") ||
	    !has_frame(first, "(guest-test: what reads symbols has ended too often)"))
		fail("got %s, expected no names, and why", json_object_to_json_string(first));
	expect_frame(d, x->c.pid, 1, "pin_at+0x1 (guest-test)");
}

/* The namer is killed before each look-up: the next one takes its place. */
static void test_namer_killed(struct place *p)
{
	pid_t killed[4] = {}, opener;
	struct daxtop *d;
	struct attack x = { p, "honest", honest, 1, {} }, late = { p, "again", again, 2, {} };

	d = daxtop_start(ARGS("trace", "--json", "--stack", "--event", "get"));
	/* first: what is known of a file is kept */
	names_late(d, &late);
	for (size_t i = 0; i < sizeof(killed) / sizeof(killed[0]); i++) {
		honest_at = i;
		attack(d, &x);
		killed[i] = find_comm("daxtop-namer", killed, i);
		if (!killed[i])
			fail("there is no namer after look-up %zu", i);
		must(!kill(killed[i], SIGKILL));
		await_end(killed[i], "the namer");
	}
	for (size_t i = 0; i < sizeof(killed) / sizeof(killed[0]); i++) {
		char word[100];

		snprintf(word, sizeof(word),
			 "\"symbol\":\"splice_as\",\"symbol_offset_bytes\":%zu,\"binary\":\"guest-test\"",
			 i + 1);
		if (!daxtop_has_printed(d, word))
			fail("no frame says `%s`", word);
	}
	/* daxtop itself is killed: all of it ends */
	opener = find_comm("daxtop-opener", NULL, 0);
	must(opener);
	must(!kill(d->pid, SIGKILL));
	daxtop_wait(d);
	await_end(opener, "the opener, after daxtop was killed,");
	daxtop_json(d);
	expect_names_late(d, &late);
}

/* ---- a process that runs another program, with the same functions at the same addresses ---- */

/* Its copy calls this one the other name: files_patch(). */
__attribute__((noinline)) void strangers_program_one(char *page, int out)
{
	splice_as(page, out, (char *)strangers_program_one + 1);
}

#define OTHER "/tmp/gt-strangers/other"

/* The same program but for a name: the addresses are the same, too. */
static void files_patch(void)
{
	static const char one[] = "strangers_program_one", two[] = "strangers_program_two";
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out;
	struct stat st;
	char *text, *at;
	size_t n = 0;

	must(in >= 0 && !fstat(in, &st));
	text = malloc(st.st_size);
	must(text && read(in, text, st.st_size) == st.st_size);
	for (at = text; (at = memmem(at, text + st.st_size - at, one, sizeof(one))); n++)
		memcpy(at, two, sizeof(two));
	must(n);
	run("rm -rf /tmp/gt-strangers && mkdir -m 777 /tmp/gt-strangers");
	afterwards("rm -rf /tmp/gt-strangers");
	out = open(OTHER, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	must(out >= 0 && write(out, text, st.st_size) == st.st_size && !close(out));
	close(in);
	free(text);
}

/* guest-test exec-names FD PIPE-TO PIPE-FROM SELF OTHER STEPS WAIT: gets once, runs the other. */
int strangers_main(char **argv)
{
	int fd = atoi(argv[2]), to = atoi(argv[3]), from = atoi(argv[4]), ends[2];
	int steps = atoi(argv[7]), wait = atoi(argv[8]);
	char *page = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), left[12], byte,
	     *self = argv[5];

	if (page == MAP_FAILED || pipe2(ends, O_CLOEXEC))
		return 1;
	*page = 1;
	strangers_program_one(page, ends[1]);
	/* told of, or not yet */
	if (wait && (write(to, "", 1) != 1 || read(from, &byte, 1) != 1))
		return 1;
	if (!steps)
		return 0;
	snprintf(left, sizeof(left), "%d", steps - 1);
	argv[5] = argv[6];
	argv[6] = self;
	argv[7] = left;
	execv(argv[5], argv);
	return 1;
}

struct execs {
	struct place *p;
	int wait, steps;
};

static void execs_run(struct child *c, void *arg)
{
	struct execs *x = arg;
	char fd[12], to[12], from[12], steps[12], wait[12], self[256];
	struct area a;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	must(n > 0);
	self[n] = 0;
	area_open(&a, x->p, 0, AREA_WRITTEN);
	must(personality(ADDR_NO_RANDOMIZE) >= 0);
	must(!fcntl(a.fd, F_SETFD, 0) && !fcntl(c->to, F_SETFD, 0) && !fcntl(c->from, F_SETFD, 0));
	become_stranger();
	snprintf(fd, sizeof(fd), "%d", a.fd);
	snprintf(to, sizeof(to), "%d", c->to);
	snprintf(from, sizeof(from), "%d", c->from);
	snprintf(steps, sizeof(steps), "%d", x->steps);
	snprintf(wait, sizeof(wait), "%d", x->wait);
	execl(self, self, "exec-names", fd, to, from, self, OTHER, steps, wait, NULL);
	fail("exec: %m");
}

static void test_exec(struct place *p)
{
	static const char *const names[] = { "strangers_program_one+0x", "strangers_program_two+0x" };
	struct execs waits = { p, 1, 3 }, hurries = { p, 0, 3 };
	struct child slow, fast;
	struct daxtop *d;

	files_patch();
	d = daxtop_start(ARGS("trace", "--json", "--stack", "--event", "get"));
	child_start(&slow, execs_run, &waits);
	for (int i = 0; i <= waits.steps; i++) {
		child_await(&slow);
		await_gets(d, slow.pid, i + 1);
		child_go(&slow);
	}
	child_end(&slow);
	child_start(&fast, execs_run, &hurries);
	await_gets(d, fast.pid, hurries.steps + 1);
	child_end(&fast);
	daxtop_stop(d);
	for (int i = 0; i <= waits.steps; i++) {
		struct json_object *get = get_of(d, slow.pid, i);

		if (!has_frame(get, names[i & 1]) || has_frame(get, names[!(i & 1)]))
			fail("program %d of one process: got %s, expected %s", i,
			     json_object_to_json_string(get), names[i & 1]);
		get = get_of(d, fast.pid, i);
		if (has_frame(get, names[!(i & 1)]))
			fail("program %d of one that hurries: got %s, expected anything but %s", i,
			     json_object_to_json_string(get), names[!(i & 1)]);
		note("%d: %s", i, frame_of(get, 0));
	}
}

const struct test strangers_tests[] = {
	TEST("strangers/files", ON_EXT4 | ON_BOTH, test_files),
	TEST("strangers/namer-killed", ON_EXT4 | ON_BOTH, test_namer_killed),
	TEST("strangers/unanswered", ON_EXT4 | ON_BOTH, test_unanswered, .starts = 4),
	TEST("strangers/exec", ON_EXT4 | ON_BOTH, test_exec),
	TESTS_END,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * files.c - what files are called when their names change: renamed, replaced, unlinked, linked twice, their number
 * used again; shown by another mount, in another mount namespace only, in a container.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "place.h"
#include "scan.h"

#define FILE_LEN ((off_t)(16 * SZ_4K))

/* A file that is mapped, and how it must be named. */
struct kept {
	const char *what;
	char want[256], other[256]; /* its name; another that is as right, "": none is */
	char end[64]; /* how one ends that is as right: another test mounts the whole filesystem elsewhere, for us */
	const char *state;
	pid_t pid; /* of its mount namespace; 0: ours */
	uint64_t ino;
	uint32_t gen;
	char *p;
	int fd; /* 0: it is mapped, else that comes from here */
	uint64_t pfn; /* of the first page */
};

enum {
	RENAMED,
	NEW, /* has that one's name now */
	UNLINKED,
	REPLACED, /* another was renamed to its name */
	DESCRIPTOR, /* unlinked, and mapped by nobody: a descriptor keeps it */
	LINKED, /* twice */
	LINK_LEFT, /* of two; it was opened by the other */
	LINK_NEW, /* has the other's name now */
	AGAIN, /* has the number of one that is gone */
	BOUND, /* another mount shows it, and not the filesystem's own */
	ELSEWHERE, /* a child's mount namespace shows it */
	CONTAINED, /* the same, and the child has another root */
	NR_KEPT
};

static void kept_number(struct kept *k, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), gen;
	struct stat st;

	must(fd >= 0 && !fstat(fd, &st) && !ioctl(fd, FS_IOC_GETVERSION, &gen));
	k->ino = st.st_ino;
	k->gen = gen;
	must(!close(fd));
}

static void kept_open(struct kept *k, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0);
	if (lseek(fd, 0, SEEK_END) < FILE_LEN)
		must(!posix_fallocate(fd, 0, FILE_LEN));
	k->p = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(k->p != MAP_FAILED);
	must(!close(fd));
	touch_write(k->p);
	k->pfn = pfn_of(k->p);
	/* overlayfs has numbers of its own, and no generation: those of what is below */
	kept_number(k, k->want[0] ? k->want : path);
}

/* On a legacy kernel a look lists no folio that is mapped only. The pipe goes with the process. */
static void kept_hold(const struct kept *k)
{
	struct iovec v = { k->p, SZ_4K };
	int fds[2];

	must(!pipe(fds));
	must(vmsplice(fds[1], &v, 1, 0) == SZ_4K);
}

__attribute__((format(printf, 3, 4))) static void kept_is(struct kept *k, const char *state,
							  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->want, sizeof(k->want), fmt, ap);
	va_end(ap);
	k->state = state;
}

struct names {
	struct kept *kept; /* shared with the children */
	char dir[200], hidden[220], bound[64], root[64];
	struct child child[2];
};

/* ---- children whose mount namespace shows what ours does not ---- */

static void child_elsewhere(struct child *c, void *arg)
{
	struct names *n = arg;
	char path[256];

	must(!unshare(CLONE_NEWNS));
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	child_go(c);
	child_await(c); /* it is hidden from the others */
	snprintf(path, sizeof(path), "%s/elsewhere", n->hidden);
	kept_open(&n->kept[ELSEWHERE], path);
	kept_hold(&n->kept[ELSEWHERE]);
	child_go(c);
	child_await(c);
	touch_write(n->kept[ELSEWHERE].p + SZ_4K);
	child_go(c);
	child_await(c);
}

static void child_contained(struct child *c, void *arg)
{
	struct names *n = arg;
	char path[256];

	must(!unshare(CLONE_NEWNS));
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("none", n->root, "tmpfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/data", n->root);
	must(!mkdir(path, 0700));
	must(!mount(n->hidden, path, NULL, MS_BIND, NULL));
	snprintf(path, sizeof(path), "%s/proc", n->root);
	must(!mkdir(path, 0700));
	must(!mount("none", path, "proc", 0, NULL));
	/* as switch_root(8): the root of an initramfs can't be exchanged by pivot_root() */
	must(!chdir(n->root) && !mount(".", "/", NULL, MS_MOVE, NULL));
	must(!chroot(".") && !chdir("/"));
	child_go(c);
	child_await(c);
	kept_open(&n->kept[CONTAINED], "/data/contained");
	kept_hold(&n->kept[CONTAINED]);
	child_go(c);
	child_await(c);
	touch_write(n->kept[CONTAINED].p + SZ_4K);
	child_go(c);
	child_await(c);
}

/* One after the other: the kernel skips a program's run where a task was preempted in one (LOSS in daxtop(1)). */
static void go_both(struct names *n)
{
	for (int i = 0; i < 2; i++) {
		child_go(&n->child[i]);
		child_await(&n->child[i]);
	}
}

/* ---- all of them ---- */

static void in(char *out, const struct names *n, const char *name)
{
	snprintf(out, 256, "%s/%s", n->dir, name);
}

static void rename_some(struct names *n)
{
	struct kept *k = n->kept;
	char a[256], b[256];

	in(a, n, "first");
	kept_open(&k[RENAMED], a);
	kept_is(&k[RENAMED], "current", "%s/second", n->dir);
	must(!rename(a, k[RENAMED].want));
	kept_open(&k[NEW], a);
	kept_is(&k[NEW], "current", "%s", a);

	in(a, n, "unlinked");
	kept_open(&k[UNLINKED], a);
	kept_is(&k[UNLINKED], "deleted", "%s", a);
	must(!unlink(a));

	in(a, n, "replaced");
	kept_open(&k[REPLACED], a);
	kept_is(&k[REPLACED], "deleted", "%s", a);
	in(b, n, "replaces");
	must(mknod(b, S_IFREG | 0600, 0) == 0 && !rename(b, a));

	in(a, n, "descriptor");
	kept_open(&k[DESCRIPTOR], a);
	kept_is(&k[DESCRIPTOR], "deleted", "%s", a);
	k[DESCRIPTOR].fd = open(a, O_RDWR | O_CLOEXEC);
	must(k[DESCRIPTOR].fd > 0 && !unlink(a));

	in(a, n, "one");
	in(b, n, "two");
	kept_open(&k[LINKED], a);
	must(!link(a, b));
	kept_is(&k[LINKED], "current", "%s", a);
	strcpy(k[LINKED].other, b);

	in(a, n, "stays");
	in(b, n, "goes");
	kept_open(&k[LINK_LEFT], a);
	must(!munmap(k[LINK_LEFT].p, FILE_LEN) && !link(a, b));
	kept_open(&k[LINK_LEFT], b);
	must(!unlink(b));
	kept_is(&k[LINK_LEFT], "current", "%s", a);
	kept_open(&k[LINK_NEW], b);
	kept_is(&k[LINK_NEW], "current", "%s", b);

	in(a, n, "gone");
	kept_open(&k[AGAIN], a);
	must(!munmap(k[AGAIN].p, FILE_LEN) && !unlink(a));
	in(b, n, "again");
	kept_open(&k[AGAIN], b);
	kept_is(&k[AGAIN], "current", "%s", b);
}

static void kept_ends(struct kept *k, const char *name)
{
	snprintf(k->end, sizeof(k->end), "/gt-names-%d/%s", getpid(), name);
}

static void names_make(struct names *n, struct place *p)
{
	char path[256];

	memset(n, 0, sizeof(*n));
	n->kept = mmap(NULL, NR_KEPT * sizeof(*n->kept), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(n->kept != MAP_FAILED);
	snprintf(n->dir, sizeof(n->dir), "%s/gt-names-%d", p->path, getpid());
	snprintf(n->hidden, sizeof(n->hidden), "%s/hidden", n->dir);
	snprintf(n->bound, sizeof(n->bound), "/mnt/gt-bound-%d", getpid());
	snprintf(n->root, sizeof(n->root), "/mnt/gt-root-%d", getpid());
	afterwards("umount %s; umount %s/shown; umount %s; rm -rf %s; rmdir %s %s", n->bound,
		   n->dir, n->hidden, n->dir, n->bound, n->root);
	run("mkdir -p %s/shown %s %s %s && mount -o bind %s/shown %s", n->dir, n->hidden, n->bound,
	    n->root, n->dir, n->bound);
	child_start(&n->child[0], child_elsewhere, n);
	child_start(&n->child[1], child_contained, n);
	for (int i = 0; i < 2; i++)
		child_await(&n->child[i]);
	run("mount -t tmpfs none %s/shown && mount -t tmpfs none %s", n->dir, n->hidden);
	go_both(n);
	kept_is(&n->kept[ELSEWHERE], "namespace", "%s/elsewhere", n->hidden);
	n->kept[ELSEWHERE].pid = n->child[0].pid;
	kept_is(&n->kept[CONTAINED], "container", "/data/contained");
	n->kept[CONTAINED].pid = n->child[1].pid;

	kept_ends(&n->kept[ELSEWHERE], "hidden/elsewhere");
	kept_ends(&n->kept[CONTAINED], "hidden/contained");
	kept_ends(&n->kept[BOUND], "shown/f");
	snprintf(path, sizeof(path), "%s/f", n->bound);
	kept_open(&n->kept[BOUND], path);
	kept_is(&n->kept[BOUND], "current", "%s", path);
	rename_some(n);
	for (int i = 0; i < NR_KEPT; i++)
		if (!n->kept[i].pid)
			kept_hold(&n->kept[i]);
	must(!munmap(n->kept[DESCRIPTOR].p, FILE_LEN));
	n->kept[RENAMED].what = "renamed";
	n->kept[NEW].what = "a new file of an old name";
	n->kept[UNLINKED].what = "unlinked";
	n->kept[REPLACED].what = "replaced";
	n->kept[DESCRIPTOR].what = "unlinked, with a descriptor only";
	n->kept[LINKED].what = "two names";
	n->kept[LINK_LEFT].what = "one name left of two";
	n->kept[LINK_NEW].what = "a new file of an old link's name";
	n->kept[AGAIN].what = "an inode's number used again";
	n->kept[BOUND].what = "a bind mount";
	n->kept[ELSEWHERE].what = "another mount namespace";
	n->kept[CONTAINED].what = "a container";
}

static void names_end(struct names *n)
{
	for (int i = 0; i < 2; i++) {
		child_go(&n->child[i]);
		child_end(&n->child[i]);
	}
}

static bool ends_with(const char *path, const char *end)
{
	return *end && strlen(path) > strlen(end) && !strcmp(path + strlen(path) - strlen(end), end);
}

/* Its numbers, its name and what kind of name that is. */
static void expect_named(const struct kept *k, struct json_object *o)
{
	const char *path = field_str_or_null(o, "file"), *state = field_str_or_null(o, "file_state");
	bool shown = path && strcmp(path, k->want) && ends_with(path, k->end);
	const char *want_state = shown ? "current" : k->state;
	pid_t want_pid = shown ? 0 : k->pid;

	if (field_int(o, "ino") != (int64_t)k->ino || field_int(o, "generation") != (int64_t)k->gen)
		fail("%s: expected ino %lu, generation %u in %s", k->what, (unsigned long)k->ino,
		     k->gen, json_text(o));
	if (!path || (strcmp(path, k->want) && strcmp(path, k->other) && !shown))
		fail("%s: expected %s in %s", k->what, k->want, json_text(o));
	if (!state || strcmp(state, want_state))
		fail("%s: expected file_state %s in %s", k->what, want_state, json_text(o));
	if (field_int_or(o, "file_pid", 0) != want_pid)
		fail("%s: expected file_pid %d in %s", k->what, want_pid, json_text(o));
	if (field_bool(o, "file_deleted") != !strcmp(k->state, "deleted"))
		fail("%s: file_deleted in %s", k->what, json_text(o));
}

/* Its second page's fault. */
static struct json_object *fault_of(struct daxtop *d, const struct kept *k)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *o = d->lines[i];

		if (strcmp(field_str(o, "type"), "event") || strcmp(field_str(o, "event"), "fault") ||
		    field_int_or(o, "ino", 0) != (int64_t)k->ino ||
		    field_int_or(o, "generation", 0) != (int64_t)k->gen ||
		    field_int(o, "offset_bytes") != SZ_4K)
			continue;
		if (found)
			fail("%s: two faults: %s", k->what, json_text(o));
		found = o;
	}
	return found;
}

/* Its second page. */
static void kept_touch(struct kept *k)
{
	if (k->fd) {
		k->p = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
		must(k->p != MAP_FAILED);
	}
	touch_write(k->p + SZ_4K);
	if (k->fd)
		must(!munmap(k->p, FILE_LEN));
}

static void touch_all(struct names *n)
{
	for (int i = 0; i < NR_KEPT; i++)
		if (!n->kept[i].pid)
			kept_touch(&n->kept[i]);
	go_both(n);
}

static void test_trace(struct place *p)
{
	struct json_object *o;
	struct daxtop *d;
	struct names n;

	d = trace_start("fault,file,remove");
	names_make(&n, p);
	touch_all(&n);
	trace_stop(d, "fault,file,remove");
	for (int i = 0; i < NR_KEPT; i++) {
		o = fault_of(d, &n.kept[i]);
		if (!o)
			fail("%s: no fault of ino %lu: %s", n.kept[i].what,
			     (unsigned long)n.kept[i].ino, d->out_text);
		expect_named(&n.kept[i], o);
	}
	/* what was unlinked while nobody had it went, and was told so under its own name */
	for (size_t i = 0; i < d->nr_lines; i++) {
		o = d->lines[i];
		if (!strcmp(field_str(o, "type"), "event") &&
		    !strcmp(field_str(o, "event"), "remove") && field_str_or_null(o, "file") &&
		    strstr(field_str(o, "file"), "/gone") &&
		    (!field_has_flag(o, "unlinked") || !field_bool(o, "file_deleted")))
			fail("it is deleted: %s", json_text(o));
	}
	names_end(&n);
}

static void test_scan(struct place *p)
{
	struct json_object *o;
	struct daxtop *d;
	struct names n;

	names_make(&n, p);
	touch_all(&n);
	d = SCAN();
	for (int i = 0; i < NR_KEPT; i++) {
		o = folio_of(d, n.kept[i].pfn);
		if (!o)
			fail("%s: pfn %#lx is not listed", n.kept[i].what,
			     (unsigned long)n.kept[i].pfn);
		expect_named(&n.kept[i], o);
	}
	/* by each of two names it is the same file */
	for (int i = 0; i < 2; i++) {
		d = holders_run(1, i ? n.kept[LINKED].other : n.kept[LINKED].want);
		o = folio_of(d, n.kept[LINKED].pfn);
		if (!o)
			fail("by name %d: not listed: %s", i, d->out_text);
		expect_named(&n.kept[LINKED], o);
	}
	/* by a name that was another's it is only the one that has it now */
	d = holders_run(1, n.kept[NEW].want);
	if (folio_of(d, n.kept[RENAMED].pfn) || !folio_of(d, n.kept[NEW].pfn))
		fail("another file's folio: %s", d->out_text);
	names_end(&n);
}

/* One that has a name at the start is followed, whatever it is called, and no other. */
static void test_filter(struct place *p)
{
	char dir[200], one[256], two[256], three[256];
	struct kept first = {}, again = {}, new = {};
	struct daxtop *d;

	snprintf(dir, sizeof(dir), "%s/gt-filter-%d", p->path, getpid());
	afterwards("rm -rf %s", dir);
	must(!mkdir(dir, 0700));
	snprintf(one, sizeof(one), "%s/one", dir);
	snprintf(two, sizeof(two), "%s/two", dir);
	snprintf(three, sizeof(three), "%s/three", dir);
	kept_open(&first, one);
	must(!link(one, two));
	d = daxtop_start(ARGS("trace", "--json", "--file", two));
	must(!unlink(two));
	kept_open(&new, two);
	must(!rename(one, three));
	first.what = "the file by another name";
	kept_is(&first, "current", "%s", three);
	touch_write(first.p + SZ_4K);
	touch_write(new.p + SZ_4K);
	/* the first goes, its number comes back */
	while (!daxtop_has_printed(d, "/three"))
		poll_pause();
	must(!munmap(first.p, FILE_LEN) && !unlink(three));
	kept_open(&again, one);
	touch_write(again.p + SZ_4K);
	daxtop_stop(d);
	if (!fault_of(d, &first))
		fail("the file's fault is not there: %s", d->out_text);
	expect_named(&first, fault_of(d, &first));
	if (fault_of(d, &new) || fault_of(d, &again))
		fail("another file's fault: %s", d->out_text);
	if (p->bit == ON_EXT4 && again.ino != first.ino)
		fail("ino %lu came again as %lu: nothing was shown", (unsigned long)first.ino,
		     (unsigned long)again.ino);
}

/* An overlay's file is one of the filesystem below, whose pages they are. */
static void test_overlay(struct place *p)
{
	char upper[200], at[64], path[256];
	struct kept k = { .what = "an overlay" };
	struct daxtop *d;

	snprintf(at, sizeof(at), "/mnt/gt-ov-%d", getpid());
	snprintf(upper, sizeof(upper), "%s/gt-ov-%d", p->path, getpid());
	snprintf(path, sizeof(path), "%s/file", at);
	afterwards("umount %s; rmdir %s; rm -rf %s", at, at, upper);
	run("mkdir -p %s %s && cd %s && mkdir low up work && : >up/file && "
	    "mount -t overlay -o lowerdir=low,upperdir=up,workdir=work none %s",
	    at, upper, upper, at);
	kept_is(&k, "current", "%s/up/file", upper);
	d = daxtop_start(ARGS("trace", "--json", "--file", path));
	kept_open(&k, path);
	touch_write(k.p + SZ_4K);
	daxtop_stop(d);
	if (!fault_of(d, &k))
		fail("no fault of the file below: %s", d->out_text);
	expect_named(&k, fault_of(d, &k));
}

/* The same as text. */
static void test_text(struct place *p)
{
	struct daxtop *d;
	struct names n;
	char want[300];

	names_make(&n, p);
	touch_all(&n);
	d = daxtop_run(0, ARGS("top", "--batch", "--count", "1"));
	if (!strstr(d->out_text, "(deleted)") || !strstr(d->out_text, "/second:") ||
	    strstr(d->out_text, "/gone"))
		fail("top: names are missing, or old: %s", d->out_text);
	d = daxtop_run(0, ARGS("scan", "--verbose"));
	for (int i = 0; i < NR_KEPT; i++) {
		const struct kept *k = &n.kept[i];

		if (!strcmp(k->state, "namespace"))
			snprintf(want, sizeof(want), "(mount namespace of %d) %s", k->pid, k->want);
		else if (k->pid)
			snprintf(want, sizeof(want), "(container of %d) %s", k->pid, k->want);
		else
			snprintf(want, sizeof(want), "%s%s",
				 strcmp(k->state, "deleted") ? "" : "(deleted) ", k->want);
		if (!strstr(d->out_text, want) && !(k->other[0] && strstr(d->out_text, k->other)) &&
		    !(k->end[0] && strstr(d->out_text, k->end)))
			fail("scan: expected %s in %s", want, d->out_text);
	}
	names_end(&n);
}

const struct test files_tests[] = {
	TEST("files/trace", ON_FS | ON_BOTH, test_trace, .share = TRACES, .takes_blocks = true),
	TEST("files/scan", ON_FS | ON_BOTH, test_scan, .share = LOOKS, .starts = 3),
	TEST("files/filter", ON_FS | ON_BOTH, test_filter),
	TEST("files/overlay", ON_XFS | ON_BOTH, test_overlay),
	TEST("files/text", ON_XFS | ON_BOTH, test_text, .starts = 2),
	TESTS_END,
};

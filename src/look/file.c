// SPDX-License-Identifier: GPL-2.0-only
/* file.c - files of a look: their paths, their filesystems' mounts, and from a path to the inode */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/apart.h"
#include "kernel/device.h"
#include "internal.h"
#include "mountinfo.h"

#define S_DAX	   (1 << 13) /* include/linux/fs.h */
#define PATH_TRIES 4

/* ---- paths ---- */

struct answer {
	struct look_path_args a;
	struct look_name name[LOOK_NAMES];
};

/*
 * Nothing is called between (look_between()): a session looks up names of what it reads from the ring there,
 * too, and the names of a path stand in one place.
 */
static int ask_path(struct look *l, const struct look_mapping_id *id, struct answer *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->a.id = *id;
	rc = ask_at_once(l->asker, ASK_PATH, &out->a, sizeof(out->a));
	if (rc)
		return rc;
	if (out->a.names > LOOK_NAMES)
		out->a.names = LOOK_NAMES;
	for (uint32_t i = 0; i < out->a.names; i++) {
		const struct look_name *n = &l->answers->names[i];

		out->name[i].len = n->len % LOOK_NAME;
		memcpy(out->name[i].text, n->text, out->name[i].len);
	}
	return 0;
}

/* Two equal answers: no rename passed under the walk. Returns 1, 0: never the same twice, or -errno. */
static int ask_path_twice(struct look *l, const struct look_mapping_id *id, struct answer *out)
{
	static struct answer before;
	int rc = ask_path(l, id, out);

	for (int i = 0; !rc && i < PATH_TRIES; i++) {
		before = *out;
		rc = ask_path(l, id, out);
		if (!rc && !memcmp(&before, out, sizeof(*out)))
			return 1;
	}
	return rc;
}

/* "/dir/file": in its filesystem. */
static char *join_names(const struct answer *a)
{
	size_t len = 1;
	char *path, *to;

	for (uint32_t i = 0; i < a->a.names; i++)
		len += 1 + a->name[i].len;
	path = to = malloc(len);
	for (uint32_t i = a->a.names; path && i-- > 0;) {
		*to++ = '/';
		to = mempcpy(to, a->name[i].text, a->name[i].len);
	}
	if (path)
		*to = 0;
	return path;
}

int look_inode_path(struct look *l, const struct look_inode *id, char **path, uint32_t *flags)
{
	const struct look_mapping_id key = {
		.mapping = id->mapping, .ino = id->ino, .dev = id->dev, .gen = id->gen
	};
	static struct answer a;
	int rc = ask_path_twice(l, &key, &a);

	*path = NULL;
	*flags = 0;
	if (rc < 0)
		return rc;
	if (!a.a.there)
		return 0;
	*flags = (a.a.nlink && (a.a.hashed || !a.a.named) ? 0 : DX_PATH_DELETED) |
		 (a.a.whole ? 0 : DX_PATH_TRUNCATED);
	/* renamed all the time; or an inode without a name: it is being evicted */
	if (!rc || !a.a.named || !a.a.names)
		return 1;
	*path = join_names(&a);
	return *path ? 1 : -ENOMEM;
}

static int file_place(struct look *l, struct scan *s, int id, const uint32_t *tgid, size_t nr)
{
	struct scan_file *f = scan_file(s, id);
	const struct look_inode key = { f->mapping, f->ino, f->dev, f->gen };
	uint32_t flags, whose;
	char *inside, *path;
	int rc = look_inode_path(l, &key, &inside, &flags);

	if (rc < 0)
		return rc;
	f->gone = !rc;
	if (!rc)
		return 0;
	f->path_flags = flags & DX_PATH_DELETED;
	if (!inside)
		return 0;
	path = places_path(l->places, f->dev, inside, tgid, nr, &flags, &whose);
	rc = path ? scan_file_path(s, id, path, flags, whose) : -ENOMEM;
	free(inside);
	free(path);
	return rc;
}

static bool is_device_file(struct look *l, struct scan_file *f)
{
	struct look_path_args a = {
		.id = { .mapping = f->mapping, .ino = f->ino, .dev = f->dev, .gen = f->gen }
	};

	if (ask(l->asker, ASK_PATH, &a, sizeof(a)) || !a.there)
		return false;
	f->device |= a.device;
	if (!f->ino) {
		f->ino = a.id.ino;
		f->dev = a.id.dev;
		f->gen = a.id.gen;
	}
	return f->device; /* its name is the pgmap's */
}

static int places_ready(struct look *l, struct scan *s)
{
	int rc;

	if (!l->places)
		l->places = places_new();
	rc = l->places ? places_read(l->places) : -ENOMEM;
	if (rc && rc != -ENOMEM)
		scan_add_gap(s, "paths: /proc/self/mountinfo could not be read: %s", strerror(-rc));
	/* without it, files are named by their device */
	return rc == -ENOMEM ? rc : 0;
}

int look_paths(struct look *l, struct scan *s)
{
	int rc;

	if (!scan_nr_files(s))
		return 0;
	rc = places_ready(l, s);
	for (size_t id = 1; id <= scan_nr_files(s) && !rc; id++) {
		struct scan_file *f = scan_file(s, id);

		if (f->mapping && !f->path && !f->gone && !is_device_file(l, f))
			rc = file_place(l, s, id, NULL, 0);
	}
	if (rc)
		scan_add_gap(s, "paths: the files' names could not be read: %s", ask_why(rc));
	return rc;
}

/* Processes that map it, or hold pages of it: they may see it where we don't. */
#define WHO_MAX 8

static size_t who_has(const struct scan *s, int id, uint32_t *tgid)
{
	size_t n = 0;

	for (size_t i = 0; i < scan_nr_holders(s) && n < WHO_MAX; i++) {
		const struct scan_holder *h = scan_holder(s, i);

		if (h->file == id && h->tgid && (!n || tgid[n - 1] != h->tgid))
			tgid[n++] = h->tgid;
	}
	return n;
}

int look_others_paths(struct look *l, struct scan *s)
{
	uint32_t tgid[WHO_MAX];
	int rc = 0;

	for (size_t id = 1; id <= scan_nr_files(s) && !rc; id++) {
		const struct scan_file *f = scan_file(s, id);
		size_t n = f->path && f->path_flags & DX_PATH_HIDDEN ? who_has(s, id, tgid) : 0;

		if (n)
			rc = file_place(l, s, id, tgid, n);
	}
	return rc == -ENOMEM ? rc : 0;
}

/* ---- mounts of filesystems that stand on a DAX device ---- */

static bool is_device(void *arg, const char *name)
{
	struct scan *s = arg;

	for (size_t i = 0; i < scan_nr_pgmaps(s); i++)
		if (*name && !strcmp(scan_pgmap(s, i)->device, name))
			return true;
	return false;
}

bool look_stands_on(struct scan *s, uint32_t dev, char *name, size_t len)
{
	return device_below(dev, is_device, s, name, len);
}

static int add_mount(struct scan *s, uint32_t dev, const char *point, const char *root,
		     const char *fstype)
{
	struct scan_mount m = { .dev = dev, .point = (char *)point, .root = (char *)root };

	if (!look_stands_on(s, dev, m.device, sizeof(m.device)))
		return 0;
	snprintf(m.fstype, sizeof(m.fstype), "%.15s", fstype);
	return scan_add_mount(s, &m);
}

static bool has_mount(const struct scan *s, uint32_t dev)
{
	for (size_t i = 0; i < scan_nr_mounts(s); i++)
		if (scan_mount(s, i)->dev == dev)
			return true;
	return false;
}

static int add_mounts(struct scan *s, const struct mountinfo *t)
{
	bool *others = calloc(t->nr + 1, sizeof(*others));
	int rc = others ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < t->nr; i++)
		others[i] = !has_mount(s, t->m[i].dev);
	for (size_t i = 0; !rc && i < t->nr; i++)
		if (others[i])
			rc = add_mount(s, t->m[i].dev, t->m[i].point, t->m[i].root, t->m[i].fstype);
	free(others);
	return rc;
}

/*
 * Filesystems that the kernel has and that neither list shows: mounted in another
 * namespace only, or unmounted lazily while something still uses them.
 */
static int add_hidden(struct look *l, struct scan *s)
{
	struct look_sb_args a = {};
	int rc;

	do {
		rc = ask(l->asker, ASK_SUPER, &a, sizeof(a));
		if (!rc && a.sb && !has_mount(s, a.dev))
			rc = add_mount(s, a.dev, "(not in this namespace)", "/", a.fstype);
	} while (!rc && a.cursor);
	return rc;
}

static int add_mounts_of(struct scan *s, const char *path)
{
	struct mountinfo t = {};
	int rc = mountinfo_read(&t, path);

	if (!rc)
		rc = add_mounts(s, &t);
	mountinfo_free(&t);
	return rc;
}

int look_mounts(struct look *l, struct scan *s)
{
	int rc = add_mounts_of(s, "/proc/self/mountinfo");

	/* without it, filesystems that are mounted elsewhere have no mount point */
	if (!rc && add_mounts_of(s, "/proc/1/mountinfo") == -ENOMEM)
		rc = -ENOMEM;
	if (!rc)
		rc = add_hidden(l, s);
	if (rc)
		scan_add_gap(s, "mounts: they could not be read: %s", ask_why(rc));
	return rc;
}

bool look_wants_file(const struct scan *s, const struct scan_file *f)
{
	const struct scan_filter *w = scan_filter_of(s);

	return !w->dev || (f->dev == w->dev && (!w->ino || (f->ino == w->ino && f->gen == w->gen)));
}

/* ---- from a path to the inode that has the pages ---- */

/* What the filesystem maps: overlayfs gives its own file's inode away only there (ovl_mmap()). */
static int file_behind(struct look *l, void *addr, struct look_file_args *a)
{
	int rc;

	*a = (struct look_file_args){ .addr = (uintptr_t)addr };
	for (int i = 0; i < 10; i++) {
		/* nothing between: in a process of its own the session's ring is not ours to read */
		rc = ask_at_once(l->asker, ASK_FILE, a, sizeof(*a));
		if (rc || a->err != -EBUSY)
			break;
		usleep(1000); /* somebody has our mmap_lock */
	}
	return rc ? rc : a->err ? a->err : a->id.mapping ? 0 : -ENOENT;
}

static int open_quietly(const char *path)
{
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags | O_NOATIME);

	/* only an owner may leave the time of the last access alone */
	return fd < 0 && errno == EPERM ? open(path, flags) : fd;
}

struct file_question {
	struct look *l;
	const char *path;
};

struct file_answer {
	struct look_file_args a;
	char err[1024];
};

/* Opening, mapping and closing may wait for a server, too. */
static int file_ask(void *arg, void *answer)
{
	size_t page = sysconf(_SC_PAGESIZE);
	const struct file_question *q = arg;
	struct file_answer *out = answer;
	struct stat st;
	void *addr;
	int fd, rc;

	/* before the open: that of a device or a FIFO does something */
	if (stat(q->path, &st)) {
		rc = -errno;
		snprintf(out->err, sizeof(out->err), "%s: %s", q->path, strerror(-rc));
		return rc;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(out->err, sizeof(out->err), "%s is not a regular file", q->path);
		return -EINVAL;
	}
	fd = open_quietly(q->path);
	if (fd < 0) {
		rc = -errno;
		snprintf(out->err, sizeof(out->err), "%s could not be opened: %s", q->path,
			 strerror(-rc));
		return rc;
	}
	addr = mmap(NULL, page, PROT_NONE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED) {
		rc = -errno;
		snprintf(out->err, sizeof(out->err),
			 "%s could not be mapped, which tells its inode: %s", q->path, strerror(-rc));
		return rc;
	}
	rc = file_behind(q->l, addr, &out->a);
	if (rc)
		snprintf(out->err, sizeof(out->err),
			 "the inode of %s could not be read from the kernel: %s", q->path,
			 strerror(-rc));
	return rc;
}

int look_at_file(struct look *l, const char *path, struct look_file *out, char *err, size_t errlen)
{
	struct file_question q = { l, path };
	struct file_answer answer = {};
	const struct look_file_args *a = &answer.a;
	int rc = apart_call(file_ask, &q, &answer, sizeof(answer), ask_fd(l->asker, ASK_FILE),
			    APART_MS);

	memset(out, 0, sizeof(*out));
	if (rc && answer.err[0])
		snprintf(err, errlen, "%s", answer.err);
	else if (rc)
		snprintf(err, errlen, "%s: %s; name a device, pfns or a process", path,
			 apart_sentence(rc));
	if (rc)
		return rc;
	out->mapping = a->id.mapping;
	out->ino = a->id.ino;
	out->dev = a->id.dev;
	out->gen = a->id.gen;
	out->dax = a->flags & S_DAX;
	return 0;
}

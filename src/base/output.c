// SPDX-License-Identifier: GPL-2.0-only
/* output.c - files that are replaced when their new contents are whole */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/output.h"
#include "base/escape.h"

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

struct output {
	FILE *file;
	int dir; /* where the file is to be; -1: @file is what is written to, no file is replaced */
	char name[NAME_MAX + 1];
	char *text; /* what was printed; in memory until it is whole */
	size_t len;
};

static int say(char *err, size_t errlen, int rc, const char *path, const char *why)
{
	char shown[512];

	escape_columns(shown, sizeof(shown), path, strlen(path), 120, ESCAPE_KEEP_END);
	snprintf(err, errlen, "can't write to '%s': %s", shown, why ? why : strerror(-rc));
	return rc;
}

/* ---- the folder ---- */

static bool owner_is_trusted(const struct stat *st)
{
	return !st->st_uid || st->st_uid == geteuid();
}

/* Takes the next component of *@path; false: there is none. */
static bool component(const char **path, const char **start, size_t *len)
{
	*start = *path + strspn(*path, "/");
	*len = strcspn(*start, "/");
	*path = *start + *len;
	return *len;
}

/*
 * Goes from folder @at (which it closes) along the first @len bytes of @path. Returns an O_PATH
 * descriptor or a negative errno; -EXDEV: a link that is not followed.
 */
static int walk(int at, const char *path, size_t len, unsigned int *links)
{
	char *copy = strndup(path, len), link[PATH_MAX];
	const char *rest = copy, *start;
	size_t n;

	if (!copy)
		goto failed;
	if (*copy == '/') {
		close(at);
		at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	while (at >= 0 && component(&rest, &start, &n)) {
		struct stat st;
		ssize_t got;
		int next;

		copy[start - copy + n] = '\0';
		next = openat(at, start, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			goto failed;
		fstat(next, &st);
		if (!S_ISLNK(st.st_mode)) {
			close(at);
			at = next;
		} else {
			got = readlinkat(next, "", link, sizeof(link) - 1);
			close(next);
			if (got < 0)
				goto failed;
			errno = !owner_is_trusted(&st) ? EXDEV : ++*links > LINKS_MAX ? ELOOP : 0;
			if (errno)
				goto failed;
			at = walk(at, link, got, links);
		}
		if (rest < copy + len)
			rest++;
	}
	free(copy);
	return at < 0 ? -errno : at;
failed:
	n = errno ? errno : ENOMEM;
	close(at);
	free(copy);
	return -(int)n;
}

/* ---- what is there now ---- */

/* A new file with a name of its own. Returns the descriptor or a negative errno. */
static int temporary(const struct output *o, char *name, size_t len)
{
	uint64_t n;
	int fd;

	do {
		if (getrandom(&n, sizeof(n), 0) != sizeof(n))
			return -errno;
		snprintf(name, len, ".daxtop-%016" PRIx64, n);
		fd = openat(o->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd < 0 ? -errno : fd;
}

/* fs/namei.c, may_create_in_sticky() */
static bool is_anothers(const struct output *o, const struct stat *st)
{
	struct stat dir;

	return !fstat(o->dir, &dir) && (dir.st_mode & S_ISVTX) &&
	       (dir.st_mode & (S_IWGRP | S_IWOTH)) && st->st_uid != dir.st_uid &&
	       st->st_uid != geteuid();
}

/* rename(2) can't replace what is mounted on: a file of a container's, say. */
static bool is_mounted_on(const struct output *o, int fd)
{
	struct statx dir, file;

	return !statx(o->dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &dir) &&
	       !statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &file) &&
	       dir.stx_mnt_id != file.stx_mnt_id;
}

/* Opens for writing what @fd, an O_PATH descriptor, refers to, and nothing else. */
static int reopen(int fd)
{
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	return rc < 0 ? -errno : rc;
}

/* NULL: nothing is in the way but what open(2) finds. */
static const char *unwritable(const struct output *o, int fd, const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "it is a symbolic link; name the file that it refers to";
	if (S_ISDIR(st->st_mode))
		return "it is a directory";
	if (S_ISBLK(st->st_mode) || S_ISSOCK(st->st_mode))
		return "it is a block device or a socket";
	if (S_ISREG(st->st_mode) && is_mounted_on(o, fd))
		return "it is a mount point";
	if (is_anothers(o, st))
		return "it belongs to another user, in a directory where all may write";
	return NULL;
}

/*
 * Can it be written? Without O_TRUNC, and what isn't there by a file that is removed at once.
 * Returns 0, a descriptor of what is to be written to directly, or a negative errno.
 */
static int file_try(const struct output *o, const char *path, char *err, size_t errlen)
{
	int fd = openat(o->dir, o->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	char name[32];
	struct stat st;

	if (fd < 0 && errno != ENOENT)
		return say(err, errlen, -errno, path, NULL);
	if (fd >= 0) {
		const char *why = NULL;

		if (fstat(fd, &st))
			rc = -errno;
		else if ((why = unwritable(o, fd, &st)))
			rc = -EINVAL;
		else
			rc = reopen(fd);
		close(fd);
		if (rc < 0)
			return say(err, errlen, rc, path, why);
		if (!S_ISREG(st.st_mode))
			return rc;
		close(rc);
	}
	rc = temporary(o, name, sizeof(name));
	if (rc < 0)
		return say(err, errlen, rc, path, NULL);
	close(rc);
	unlinkat(o->dir, name, 0);
	return 0;
}

/* ---- our own descriptors ---- */

/* -1: @path names none. As gawk(1) takes these names, whatever is mounted there. */
static int own_descriptor(const char *path)
{
	static const char *const before[] = { "/dev/fd/", "/proc/self/fd/" };
	unsigned long n;
	char *end;

	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		size_t len = strlen(before[i]);

		if (strncmp(path, before[i], len) || path[len] < '0' || path[len] > '9')
			continue;
		n = strtoul(path + len, &end, 10);
		return *end || n > INT_MAX ? -1 : (int)n;
	}
	return -1;
}

/* ---- open ---- */

/* The folder and the name in it. */
static int place_find(struct output *o, const char *path, char *err, size_t errlen)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	unsigned int links = 0;
	int at;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return say(err, errlen, -EISDIR, path, "it is a directory");
	if (strlen(name) > NAME_MAX)
		return say(err, errlen, -ENAMETOOLONG, path, NULL);
	strcpy(o->name, name);
	at = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	o->dir = at < 0 ? -errno : walk(at, path, name - path, &links);
	if (o->dir < 0)
		return say(err, errlen, o->dir, path,
			   o->dir == -EXDEV ? "a symbolic link of another user's is on the way"
					    : NULL);
	return 0;
}

static int place_open(struct output *o, const char *path, char *err, size_t errlen)
{
	int rc = place_find(o, path, err, errlen);

	return rc ? rc : file_try(o, path, err, errlen);
}

int output_create(const char *path, char *err, size_t errlen)
{
	struct output o = { .dir = -1 };
	int rc = place_find(&o, path, err, errlen);

	if (rc)
		return rc;
	rc = openat(o.dir, o.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rc < 0)
		rc = say(err, errlen, -errno, path,
			 errno == EEXIST ? "it is there already, and a new file is made" : NULL);
	close(o.dir);
	return rc;
}

struct output *output_open(const char *path, char *err, size_t errlen)
{
	struct output *o = calloc(1, sizeof(*o));
	int fd = own_descriptor(path), rc;

	if (!o) {
		say(err, errlen, -ENOMEM, path, NULL);
		return NULL;
	}
	o->dir = -1;
	if (fd >= 0) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		rc = fd < 0 ? say(err, errlen, -errno, path, NULL) : fd;
	} else {
		rc = place_open(o, path, err, errlen);
	}
	if (rc > 0) {
		if (o->dir >= 0)
			close(o->dir);
		o->dir = -1;
		o->file = fdopen(rc, "w");
		if (!o->file) {
			fd = rc;
			rc = say(err, errlen, -errno, path, NULL);
			close(fd);
		}
	} else if (!rc) {
		o->file = open_memstream(&o->text, &o->len);
		if (!o->file)
			rc = say(err, errlen, -ENOMEM, path, NULL);
	}
	if (rc >= 0)
		return o;
	if (o->dir >= 0)
		close(o->dir);
	free(o);
	return NULL;
}

FILE *output_file(struct output *o)
{
	return o->file;
}

/* ---- close ---- */

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return 0;
}

/* The old file's, or as by open(2) for a new one. */
static int owner_and_mode(const struct output *o, int fd)
{
	struct stat old, new;
	mode_t mode;

	if (!fstatat(o->dir, o->name, &old, AT_SYMLINK_NOFOLLOW) && S_ISREG(old.st_mode)) {
		if (fstat(fd, &new))
			return -errno;
		/* who may write it and not give it away becomes its owner */
		if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
		    fchown(fd, old.st_uid, old.st_gid) && errno != EPERM)
			return -errno;
		mode = old.st_mode & 0777;
	} else {
		mode = umask(0);
		umask(mode);
		mode = 0666 & ~mode;
	}
	return fchmod(fd, mode) ? -errno : 0;
}

static int replace(const struct output *o)
{
	char name[32];
	int fd = temporary(o, name, sizeof(name)), rc;

	if (fd < 0)
		return fd;
	rc = write_all(fd, o->text, o->len);
	if (!rc)
		rc = owner_and_mode(o, fd);
	/* not all filesystems can */
	if (!rc && fsync(fd) && errno != EINVAL)
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && renameat(o->dir, name, o->dir, o->name))
		rc = -errno;
	if (rc)
		unlinkat(o->dir, name, 0);
	return rc;
}

int output_close(struct output *o, bool whole, char *err, size_t errlen)
{
	int rc = 0;
	bool failed;

	if (!o)
		return 0;
	/* the reason of a write that failed earlier is not known any more */
	errno = 0;
	failed = ferror(o->file);
	if (fclose(o->file) || failed)
		rc = errno ? -errno : -EIO;
	if (o->dir >= 0 && !rc && whole)
		rc = replace(o);
	if (o->dir >= 0)
		close(o->dir);
	free(o->text);
	free(o);
	if (!rc || !whole)
		return 0;
	snprintf(err, errlen, "the report could not be written to its file: %s", strerror(-rc));
	return rc;
}

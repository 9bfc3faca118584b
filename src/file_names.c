// SPDX-License-Identifier: GPL-2.0-only
/* file_names.c - paths of the files whose folios a scan met */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "file_names.h"
#include "look/look.h"

#define TURN 256 /* files that are looked up in one go */

struct file_names {
	struct scan *wanted; /* its files only; NULL: none */
	size_t done; /* so many of them were looked up */
};

struct file_names *file_names_new(void)
{
	return calloc(1, sizeof(struct file_names));
}

static void forget(struct file_names *n)
{
	scan_free(n->wanted);
	n->wanted = NULL;
	n->done = 0;
}

void file_names_free(struct file_names *n)
{
	if (!n)
		return;
	forget(n);
	free(n);
}

int file_names_want(struct file_names *n, const struct dx_event *ev)
{
	int id;

	if (!ev->ino || !ev->addr)
		return 0;
	if (!n->wanted)
		n->wanted = scan_new(NULL, false);
	if (!n->wanted)
		return -ENOMEM;
	id = scan_file_id(n->wanted, ev->addr, ev->dev, ev->ino, ev->arg);
	return id < 0 ? id : 0;
}

bool file_names_wanted(const struct file_names *n)
{
	return n->wanted;
}

void file_name_tell(const struct scan_file *f, uint64_t time,
		    void (*fn)(void *arg, const struct dx_event *ev, size_t len), void *arg)
{
	struct dx_file_event ev = {
		.e = {
			.type = DX_FILE,
			.time = time,
			.ino = f->ino,
			.dev = f->dev,
			.nr = 1,
			.stack = -1,
			.ustack = -1,
		},
		.path_flags = (f->deleted ? DX_PATH_DELETED : 0) | (f->partly ? DX_PATH_TRUNCATED : 0),
	};
	const char *path = f->path;
	size_t len = strlen(path);

	/* the end is what tells files apart */
	if (len >= sizeof(ev.path)) {
		path += len - (sizeof(ev.path) - 1);
		len = sizeof(ev.path) - 1;
		ev.path_flags |= DX_PATH_TRUNCATED;
	}
	memcpy(ev.path, path, len);
	ev.path_len = len;
	fn(arg, &ev.e, sizeof(ev));
}

/* The next ones, as a scan of their own. */
static struct scan *next_turn(struct file_names *n)
{
	struct scan *s = scan_new(NULL, false);

	for (size_t i = 0; s && i < TURN && n->done < scan_nr_files(n->wanted); i++) {
		const struct scan_file *f = scan_file(n->wanted, ++n->done);

		if (scan_file_id(s, f->mapping, f->dev, f->ino, f->gen) < 0) {
			scan_free(s);
			return NULL;
		}
	}
	return s;
}

int file_names_find(struct file_names *n, struct look *l, uint64_t time,
		    void (*fn)(void *arg, const struct dx_event *ev, size_t len), void *arg)
{
	struct scan *s;
	int rc;

	if (!n->wanted)
		return 0;
	if (!l || n->done >= scan_nr_files(n->wanted)) {
		forget(n);
		return 0;
	}
	s = next_turn(n);
	rc = s ? look_paths(l, s) : -ENOMEM;
	for (size_t id = 1; s && id <= scan_nr_files(s); id++)
		if (scan_file(s, id)->path)
			file_name_tell(scan_file(s, id), time, fn, arg);
	scan_free(s);
	if (rc)
		forget(n);
	return rc ? rc : 1;
}

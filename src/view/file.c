// SPDX-License-Identifier: GPL-2.0-only
/* file.c - what a file is called, and whether the name can be used */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "engine/snapshot.h"
#include "view/file.h"
#include "view/json_add.h"
#include "view/text.h"

/* By what counts most: a deleted file's name is of no use in any namespace. */
static const struct {
	uint32_t flag;
	const char *word, *mark, *brief; /* mark: %u is the process; brief: where that has no room */
} states[] = {
	{ DX_PATH_DELETED, "deleted", "(deleted) ", "(deleted) " },
	{ DX_PATH_UNCHECKED, "gone", "(gone) ", "(gone) " },
	{ DX_PATH_CONTAINER, "container", "(container of %u) ", "(container) " },
	{ DX_PATH_NAMESPACE, "namespace", "(mount namespace of %u) ", "(namespace) " },
	{ DX_PATH_HIDDEN, "hidden", "", "" }, /* "[pmem0]/f" says it */
	{ 0, "current", "", "" },
};

static size_t state_of(const struct view_file *f)
{
	size_t i = 0;

	while (states[i].flag && !(f->flags & states[i].flag))
		i++;
	return i;
}

struct view_file view_file_of(const struct engine_folio *f)
{
	return (struct view_file){
		.path = f->path,
		.len = f->path ? strlen(f->path) : 0,
		.flags = f->path_flags,
		.tgid = f->path_tgid,
		.device = f->device,
		.dev = f->dev,
		.gen = f->gen,
		.ino = f->ino,
	};
}

struct view_file view_file_of_wait(const struct snapshot *snap, const struct engine_wait *w,
				   const char *device)
{
	const struct engine_file f =
		w->ino ? snapshot_file(snap, w->dev, w->ino, w->gen) : (struct engine_file){};

	return (struct view_file){
		.path = f.path,
		.len = f.path ? strlen(f.path) : 0,
		.flags = f.path_flags,
		.tgid = f.path_tgid,
		.device = device,
		.dev = w->dev,
		.gen = w->gen,
		.ino = w->ino,
	};
}

struct view_file view_file_of_event(const struct dx_event *e, const struct view_names *names)
{
	struct view_file file = {
		.path = names->path,
		.len = names->path ? strlen(names->path) : 0,
		.flags = names->path_flags,
		.tgid = names->path_tgid,
		.device = names->device,
		.dev = e->dev,
		.gen = e->gen,
		.ino = e->ino,
	};

	if (!file.path && e->type == DX_FILE) {
		const struct dx_file_event *f = (const struct dx_file_event *)e;

		file.len = f->path_len < DX_PATH_LEN ? f->path_len : DX_PATH_LEN;
		file.path = file.len ? f->path : NULL;
		file.flags = f->path_flags;
		file.tgid = e->arg;
	}
	return file;
}

bool view_file_is_known(const struct view_file *f)
{
	return f->path || f->ino || f->dev;
}

#define NAME_COLUMNS 20 /* a mark leaves so many to the path, or is brief */

static size_t mark_format(char *out, size_t outlen, const struct view_file *f, size_t columns)
{
	size_t i = state_of(f), n;

	out[0] = '\0';
	if (!f->path && !(f->flags & DX_PATH_DELETED))
		return 0;
	n = snprintf(out, outlen, states[i].mark, f->tgid);
	if (columns < n + NAME_COLUMNS)
		n = snprintf(out, outlen, "%s", states[i].brief);
	if (n && columns < n + 4)
		n = snprintf(out, outlen, "%s", columns > 4 ? "!" : "");
	if (f->flags & DX_PATH_TRUNCATED && !(f->flags & DX_PATH_HIDDEN) &&
	    columns >= n + NAME_COLUMNS)
		n += snprintf(out + n, outlen - n, ".../");
	return n;
}

char *file_format(char *out, size_t outlen, const struct view_file *f, size_t columns)
{
	size_t used = mark_format(out, outlen, f, columns), len = f->len;
	const char *path = f->path;
	char name[64] = "";

	if (!path) {
		if (f->device && !strncmp(f->device, "dax", 3))
			snprintf(name, sizeof(name), "/dev/%s", f->device);
		else if (f->ino)
			snprintf(name, sizeof(name), "%u:%u ino %" PRIu64, f->dev >> 20,
				 f->dev & 0xfffff, f->ino);
		else if (f->dev)
			snprintf(name, sizeof(name), "%u:%u", f->dev >> 20, f->dev & 0xfffff);
		path = name;
		len = strlen(name);
	}
	escape_columns(out + used, outlen - used, path, len, columns - used, ESCAPE_KEEP_END);
	return out;
}

void json_add_file(struct json_object *o, const struct view_file *f, bool *failed)
{
	json_add_string(o, KEY_FILE, f->path, f->len, failed);
	/* an inode that is being evicted has no name, and tells whether one was left */
	if (f->path || f->links_known || f->flags & DX_PATH_DELETED)
		json_add_bool(o, KEY_FILE_DELETED, f->flags & DX_PATH_DELETED, failed);
	if (f->path || f->flags & DX_PATH_DELETED)
		json_add_text(o, KEY_FILE_STATE, states[state_of(f)].word, failed);
	if (f->path && f->flags & DX_PATH_NAMESPACE)
		json_add_uint(o, KEY_FILE_PID, f->tgid, failed);
	if (f->path && f->flags & DX_PATH_TRUNCATED)
		json_add_bool(o, KEY_FILE_TRUNCATED, true, failed);
	if (f->dev)
		json_add_dev(o, KEY_DEV, f->dev, failed);
	if (!f->ino)
		return;
	json_add_uint(o, KEY_INO, f->ino, failed);
	json_add_uint(o, KEY_GENERATION, f->gen, failed);
}

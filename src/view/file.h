/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_VIEW_FILE_H
#define DAXTOP_VIEW_FILE_H
/* file.h - what a file is called, and whether the name can be used */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"

struct engine_folio;
struct engine_wait;
struct json_object;
struct snapshot;
struct view_names;

struct view_file {
	const char *path; /* hostile bytes, NULL: not known */
	size_t len;
	uint32_t flags, tgid; /* DX_PATH_*; with DX_PATH_NAMESPACE whose */
	const char *device; /* of a device-dax "dax0.0", which is its name then; NULL: of none */
	uint32_t dev, gen;
	uint64_t ino;
	bool links_known; /* without DX_PATH_DELETED: it has one */
};

/* Strings stay the folio's. */
struct view_file view_file_of(const struct engine_folio *f);
/* The file whose pages it waits for; strings stay the snapshot's. @device: may be NULL. */
struct view_file view_file_of_wait(const struct snapshot *snap, const struct engine_wait *w,
				   const char *device);
/* By @names, else by the record itself, if that is a DX_FILE. */
struct view_file view_file_of_event(const struct dx_event *e, const struct view_names *names);
/* Has it a name or a number? */
bool view_file_is_known(const struct view_file *f);

/*
 * Safe to print: "/mnt/f", "(deleted) /mnt/f", "(container of 123) /f"; without a path "/dev/dax0.0",
 * "259:1 ino 42", "(deleted) 259:1 ino 42", or "". At most @columns, cut at the start of the path. Returns @out;
 * VIEW_FILE_MAX bytes suffice.
 */
#define VIEW_FILE_MAX (4 * DX_PATH_LEN + 64)
char *file_format(char *out, size_t outlen, const struct view_file *f, size_t columns);

/* KEY_FILE, null without a path, and all that is known of the file. */
void json_add_file(struct json_object *o, const struct view_file *f, bool *failed);

#endif

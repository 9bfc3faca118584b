/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FILTER_H
#define DAXTOP_FILTER_H
/* filter.h - which events and folios are shown; one set of conditions for trace and top */
#include <stdbool.h>
#include "engine/snapshot.h"

/* All that are set must match. Strings belong to the caller. */
struct view_filter {
	uint32_t pid; /* process or thread; 0: any */
	const char *comm; /* whole name */
	const char *device; /* "pmem0" */
	const char *file; /* the path, or a directory above it */
	/* with file_ino: @file is a file, and matches by its numbers alone; 0: by the path */
	uint32_t file_dev; /* kernel encoding */
	uint64_t file_ino;
	uint32_t file_gen;
	bool file_gen_known;
	uint32_t events; /* bit (1 << enum dx_event_type); 0: all */
	const char *text; /* part of comm, path, device or 0xPFN (the screen's '/') */
	bool pinned; /* folios with pins or holders only */
	bool waited; /* folios that a layout break waits for only */
};

/* A path of another mount namespace is none here: NULL. @path_flags: DX_PATH_*. */
const char *view_filter_path(const char *path, uint32_t path_flags);
/* @device, @path: as resolved, NULL when not known */
bool view_filter_event(const struct view_filter *f, const struct dx_event *e, const char *device,
		       const char *path);
/* @holds: a process of the filter's pid and comm holds the folio (the caller asked the engine). */
bool view_filter_folio(const struct view_filter *f, const struct engine_folio *folio, bool holds);

#endif

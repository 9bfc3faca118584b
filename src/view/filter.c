// SPDX-License-Identifier: GPL-2.0-only
/* filter.c - which events and folios are shown */
#include <stdio.h>
#include <string.h>
#include "view/filter.h"
#include "view/names.h"

static bool comm_matches(const char *comm, const char *want)
{
	/* The kernel keeps DX_COMM_LEN - 1 bytes of a longer name. */
	return !strncmp(comm, want, DX_COMM_LEN - 1);
}

static bool device_matches(const char *device, const char *want)
{
	return device && !strcmp(device, want);
}

static bool path_matches(const char *path, const char *want)
{
	size_t len = strlen(want);

	if (!path)
		return false;
	while (len > 1 && want[len - 1] == '/')
		len--;
	if (strncmp(path, want, len))
		return false;
	return !path[len] || path[len] == '/' || (len == 1 && want[0] == '/');
}

const char *view_filter_path(const char *path, uint32_t path_flags)
{
	return path_flags & (DX_PATH_NAMESPACE | DX_PATH_HIDDEN) ? NULL : path;
}

/* A file is its numbers: another one can have its name by now, and it another name. */
static bool file_matches(const struct view_filter *f, uint32_t dev, uint64_t ino, uint32_t gen,
			 const char *path)
{
	if (f->file_ino)
		return f->file_dev == dev && f->file_ino == ino &&
		       (f->file_gen == gen || !f->file_gen_known);
	return path_matches(path, f->file);
}

/* @comm may lack a NUL. */
static bool text_matches(const char *text, const char *comm, const char *path, const char *device,
			 uint64_t pfn)
{
	char name[DX_COMM_LEN + 1], number[24];

	if (!text[0])
		return true;
	snprintf(name, sizeof(name), "%.*s", DX_COMM_LEN, comm);
	snprintf(number, sizeof(number), "0x%llx", (unsigned long long)pfn);
	return strstr(name, text) || (path && strstr(path, text)) ||
	       (device && strstr(device, text)) || strstr(number, text);
}

/* What daxtop reads itself, some times a second: shown to who asks for it. */
#define OWN_READS (1u << DX_SAMPLE | 1u << DX_PGMAP_REFS | 1u << DX_TASK_GONE)

/* A fault's record tells of the insert and the install inside it too. */
static bool event_wanted(uint32_t events, const struct dx_event *e)
{
	if (!events)
		return e->type >= 32 || !(OWN_READS & 1u << e->type);
	if (e->type < 32 && events & 1u << e->type)
		return true;
	return e->type == DX_FAULT && ((events & 1u << DX_INSERT && e->flags & DX_F_INSERT) ||
				       (events & 1u << DX_INSTALL && e->flags & DX_F_INSTALL));
}

bool view_filter_event(const struct view_filter *f, const struct dx_event *e, const char *device,
		       const char *path)
{
	if (!event_wanted(f->events, e))
		return false;
	if (f->pid && e->tgid != f->pid && e->pid != f->pid)
		return false;
	if (f->comm && !comm_matches(e->comm, f->comm))
		return false;
	if (f->device && !device_matches(device, f->device))
		return false;
	if (f->file && !file_matches(f, e->dev, e->ino, e->gen, path))
		return false;
	if (f->text && !text_matches(f->text, e->comm, path, device, e->pfn))
		return false;
	if (f->pinned && e->pincount <= 0)
		return false;
	return !f->waited || e->type == DX_BREAK_BUSY;
}

bool view_filter_folio(const struct view_filter *f, const struct engine_folio *folio, bool holds)
{
	if (!holds) {
		if (f->pid && folio->last_tgid != f->pid)
			return false;
		if (f->comm && !comm_matches(folio->last_comm, f->comm))
			return false;
	}
	if (f->device && !device_matches(folio->device, f->device))
		return false;
	if (f->file && !file_matches(f, folio->dev, folio->ino, folio->gen,
				     view_filter_path(folio->path, folio->path_flags)))
		return false;
	if (f->text &&
	    !text_matches(f->text, folio->last_comm, folio->path, folio->device, folio->pfn))
		return false;
	if (f->pinned && folio->pincount <= 0 && !folio->nr_holders)
		return false;
	return !f->waited || folio->waited;
}

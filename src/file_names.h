/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FILE_NAMES_H
#define DAXTOP_FILE_NAMES_H
/*
 * file_names.h - what files are called while a live session watches
 *
 * A file is its device, inode number and generation. What it is called is looked up in the kernel, by
 * the address of its mapping, when it is met and again before it is shown: no program hangs on rename() or
 * unlink(). Each answer that differs from the last is a record of the stream (DX_REC_FILE).
 */
#include <stdbool.h>
#include "event.h"

struct file_names;
struct scan_file;
struct session;

/* Returns NULL when memory is short. */
struct file_names *file_names_new(void);
void file_names_free(struct file_names *n); /* NULL is fine */

/* A DX_FILE from the ring: its record is put. */
void file_names_told(struct session *s, const struct dx_file_event *ev);
/* Of a look: its record is put, if the engine knows no name, or none that a mount shows. */
void file_names_found(struct session *s, const struct scan_file *f);
/* A DX_SAMPLE with DX_F_SCAN: its file is looked up by file_names_go_on(). Returns 0 or -ENOMEM. */
int file_names_want(struct session *s, const struct dx_event *ev);
/* Is there one? */
bool file_names_wanted(const struct session *s);
/* Looks up the next few. Their records are of before the trace: kept, not shown. */
void file_names_go_on(struct session *s);

/* The event is shown next: its file's name is as of then or later. */
void file_names_fresh(struct session *s, const struct dx_event *ev);
/* The same, as of now, for files that folios and findings are of: a picture or a report is next. */
void file_names_fresh_all(struct session *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FILE_NAMES_H
#define DAXTOP_FILE_NAMES_H
/*
 * file_names.h - paths of the files whose folios a scan met. An event brings its file's
 * path with it; what was there before the trace has had none.
 */
#include <stdbool.h>
#include "event.h"

struct file_names;
struct look;
struct scan_file;

/* Returns NULL when memory is short. */
struct file_names *file_names_new(void);
void file_names_free(struct file_names *n); /* NULL is fine */
/* A DX_SAMPLE with DX_F_SCAN: its file is wanted. Returns 0 or -ENOMEM. */
int file_names_want(struct file_names *n, const struct dx_event *ev);
/*
 * Looks up the next few that are wanted with @l (NULL: none is) and hands over a struct dx_file_event
 * for each that has a path; its time is @time. Returns 1: there may be more, 0: none is wanted any more,
 * or -errno, and then none is. What could not be looked up stays without a name, which is no error.
 */
int file_names_find(struct file_names *n, struct look *l, uint64_t time,
		    void (*fn)(void *arg, const struct dx_event *ev, size_t len), void *arg);
/* Is there one to be looked up? */
bool file_names_wanted(const struct file_names *n);
/* The record of one that has a path. */
void file_name_tell(const struct scan_file *f, uint64_t time,
		    void (*fn)(void *arg, const struct dx_event *ev, size_t len), void *arg);

#endif

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

/* Returns NULL when memory is short. */
struct file_names *file_names_new(void);
void file_names_free(struct file_names *n); /* NULL is fine */
/* A DX_SAMPLE with DX_F_SCAN: its file is wanted. Returns 0 or -ENOMEM. */
int file_names_want(struct file_names *n, const struct dx_event *ev);
/*
 * Looks up the next few that are wanted (look/look.h) and hands over a struct dx_file_event for
 * each that has a path; its time is @time. Returns 1: there may be more, 0: none is wanted any more,
 * or -errno, and then none is. What could not be looked up stays without a name, which is no error.
 */
int file_names_find(struct file_names *n, uint64_t time,
		    void (*fn)(void *arg, const struct dx_event *ev, size_t len), void *arg);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TASKS_H
#define DAXTOP_TASKS_H
/* tasks.h - which processes the stream has told of, and which are to be told (again) */
#include <stdbool.h>
#include "stream.h"

struct tasks;

/*
 * @ask: as source_task(). @tell: a process that is new, or has become another: another one of the same
 * number, another program, another cgroup or name. Returns NULL when memory is short.
 */
struct tasks *tasks_new(int (*ask)(void *arg, uint32_t tgid, struct dx_task *out),
			void (*tell)(void *arg, const struct dx_task *task), void *arg);
void tasks_free(struct tasks *t); /* NULL is fine */

/*
 * An event of process @tgid (0: of none) at @time (ns) comes next; @exec: low bits of its exec number as the
 * event has them, -1: it has none. Whether the process is still the same is asked when they differ, and once in
 * a second of @time.
 */
void tasks_note(struct tasks *t, uint32_t tgid, uint64_t time, int exec);
/* It is no more: its number is asked for at the next event. */
void tasks_gone(struct tasks *t, uint32_t tgid);

#endif

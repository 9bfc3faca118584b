/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_VIEW_FEED_H
#define DAXTOP_TEST_VIEW_FEED_H
/* view_feed.h - what the tests of the views share: events for a real engine, captured output */
#include <stdio.h>
#include "../snapshot.h"

/* One DAX file on pmem0: device 259:1, inode 42. */
#define FEED_PGMAP 3ull
#define FEED_DEV   ((259u << 20) | 1)
#define FEED_INO   42
#define FEED_PFN   0x108000ull

/* With a pgmap named pmem0, nothing else; no window, so each event is applied at once. */
struct engine *feed_engine(void);
/* An event of that file's page @index (pfn FEED_PFN + @index) by db[812], thread 813. */
struct dx_event feed_event(unsigned int type, uint64_t time, uint64_t index);
void feed_push(struct engine *e, const struct dx_event *ev);
/* The path of the file: @len bytes */
void feed_path(struct engine *e, const char *path, size_t len, unsigned int flags);
/* A write fault that inserts and installs page @index at @time: 0 -> 1, mapped once. */
void feed_fault(struct engine *e, uint64_t time, uint64_t index);
/* The same process pins it once: 1 -> 1025. */
void feed_pin(struct engine *e, uint64_t time, uint64_t index, unsigned int flags);
void feed_unpin(struct engine *e, uint64_t time, uint64_t index);

struct capture {
	FILE *f;
	char *text;
	size_t len;
};
FILE *capture_start(struct capture *c);
/* What was written; valid until capture_end(). */
const char *capture_text(struct capture *c);
void capture_end(struct capture *c);

/* Runs @fn with stdout or stderr (@fd) going to a string, which the caller frees. */
char *capture_fd(int fd, void (*fn)(void *arg), void *arg);

#endif

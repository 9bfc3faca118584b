/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEXT_H
#define DAXTOP_TEXT_H
/* text.h - trace as text: one line an event, stacks below it when asked for */
#include <stdbool.h>
#include <stdio.h>
#include "event.h"

struct stack_frame;

/* A stack to show under an event. Frames innermost first; either count may be 0. */
struct view_stack {
	const struct stack_frame *kernel;
	size_t nr_kernel;
	const struct stack_frame *user;
	size_t nr_user;
	bool kernel_unkept, user_unkept; /* there was one */
};

/* What an event's numbers mean, resolved by the caller. */
struct view_names {
	uint64_t start; /* ns, CLOCK_MONOTONIC; text times are relative to it */
	const char *device; /* "pmem0"; NULL: not known */
	const char *path; /* hostile bytes; NULL: not known */
	uint32_t path_flags, path_tgid; /* DX_PATH_*; with DX_PATH_NAMESPACE whose */
	const struct view_stack *stack; /* NULL: none to show */
};

void view_text_header(FILE *out);
/* @names may be NULL. A DX_FILE record is shown with @names->path or, without, its own. */
void view_text_event(FILE *out, const struct dx_event *e, const struct view_names *names);
/* One frame a line, indented; used by view_text_event(). */
void view_text_stack(FILE *out, const struct view_stack *s);

/* Counts at the end of a trace. */
/* Looks of a live command (DX_REC_LOOK). */
struct view_looks {
	uint64_t nr;
	uint32_t turn_things; /* as in struct dx_look, of all of them at most */
	uint64_t turn_ns;
	const struct dx_gap *gap; /* what the last one could not look at: nr_gaps sentences */
	size_t nr_gaps;
};
/* The gaps, as daxtop scan prints them, each line behind @indent; nothing if there are none. */
void view_gaps_text(FILE *out, const char *indent, const struct view_looks *l);

struct view_summary {
	uint64_t received[DX_EVENT_TYPES];
	uint64_t lost[DX_EVENT_TYPES];
	const uint64_t *lost_by_cpu; /* nr_cpus values */
	unsigned int nr_cpus;
	uint64_t missed_runs;
	uint64_t stacks_unkept; /* times that a record named a stack that is not kept */
	uint64_t indexes_forgotten; /* at least: dx_left_forgotten() */
	struct view_looks looks;
};
/* What missed_runs means, for all who show it. */
#define MISSED_MEANS "skipped by the kernel; numbers are doubtful until read again"
#define MISSED_MAX   128
/* "missed program runs 2 (...)". Returns @out. */
char *missed_format(char *out, size_t outlen, uint64_t runs);
void view_text_summary(FILE *out, const struct view_summary *s);
/* The sentence about stacks_unkept; "": there is nothing to say. Returns @out. */
char *view_unkept_format(char *out, size_t outlen, uint64_t stacks_unkept);
/* The same about indexes_forgotten. */
char *view_forgotten_format(char *out, size_t outlen, uint64_t indexes_forgotten);
/* In the place of a stack's frames. */
#define VIEW_STACK_UNKEPT "(not kept)"

#endif

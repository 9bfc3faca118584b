/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_VIEW_SCAN_H
#define DAXTOP_VIEW_SCAN_H
/*
 * scan.h - one look at the kernel as text and as JSON lines: daxtop scan, daxtop holders.
 * Changes nothing. The functions that return int return 0 or -ENOMEM.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "model/probe.h"
#include "scan/scan.h"

struct scan_view {
	struct scan *s; /* finished */
	const struct scan_filter *filter; /* what it was made with */
	uint32_t pid; /* only what this process holds and waits for; 0: all */
	const char *kernel; /* uname -r */
	enum regime regime;
	uint64_t now; /* ns, CLOCK_MONOTONIC: of the look */
	uint64_t older_than; /* ns: leave out what is known to be younger, and what is only mapped; 0: nothing */
	bool holders; /* they were looked for */
	bool interrupted; /* it is not all: a signal ended it */
	bool unsure; /* that nobody was found is no answer */
	bool verbose;
	/* of a kernel address, as look_symbol(); may be NULL */
	void (*symbol)(void *arg, uint64_t addr, char *out, size_t len);
	void *arg;
	/* did root name that cgroup? Else it tells of no container. NULL: it did */
	bool (*cgroup_is_roots)(const char *cgroup);
};

/* daxtop scan */
void view_scan_text(FILE *out, const struct scan_view *v);
int view_scan_json(FILE *out, const struct scan_view *v);

/*
 * daxtop holders WHAT, called @what (hostile bytes). @pgmap: end with the verdict whether this
 * one may be unbound; -1: it is not about a device.
 */
void view_holders_text(FILE *out, const struct scan_view *v, const char *what, int pgmap);
int view_holders_json(FILE *out, const struct scan_view *v, int pgmap);
/* Does anybody hold it, or wait for it? */
bool view_scan_somebody(const struct scan_view *v);

/* daxtop scan --delay: what changed from @before to @after. @start: time 0 of the text. */
void view_scan_changes_text(FILE *out, const struct scan_view *before,
			    const struct scan_view *after, uint64_t start);
int view_scan_changes_json(FILE *out, const struct scan_view *before, const struct scan_view *after);

/* The verdict in one sentence, safe to print, without a full stop. Returns @out. */
char *scan_verdict_format(char *out, size_t outlen, const char *device, const struct scan_verdict *v);
const char *scan_verdict_name(enum scan_unbind what); /* "free", "sigbus", ... */

#endif

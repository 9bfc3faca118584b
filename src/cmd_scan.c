// SPDX-License-Identifier: GPL-2.0-only
/* cmd_scan.c - daxtop scan: one look, or one after another */
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "look_session.h"
#include "session.h"

static void filter_set(struct scan_filter *f, const struct options *o)
{
	memset(f, 0, sizeof(*f));
	f->device = o->filter.device;
	if (f->device && !strncmp(f->device, "/dev/", 5))
		f->device += 5;
	f->pfn_first = o->pfn_first;
	f->pfn_last = o->pfn_last;
	f->min_refs = o->min_refs;
	f->pinned = o->pinned;
}

static int show(const struct options *o, const struct scan_view *v)
{
	if (o->json)
		return view_scan_json(stdout, v);
	view_scan_text(stdout, v);
	return 0;
}

static int show_changes(const struct options *o, const struct scan_view *before,
			const struct scan_view *after, uint64_t start)
{
	if (o->json)
		return view_scan_changes_json(stdout, before, after);
	view_scan_changes_text(stdout, before, after, start);
	return 0;
}

/* Looks again and again; *@v is the last one. Returns the exit status. */
static int watch(struct look_session *l, const struct options *o, struct scan_view *v)
{
	uint64_t start = v->now, next = start;

	for (uint64_t n = 1; !o->count || n < o->count; n++) {
		struct scan_view after;
		int rc;

		next += o->watch_ns;
		if (next < clock_now())
			next = clock_now(); /* a look takes longer than that */
		look_session_sleep(next);
		if (look_session_stopped())
			break;
		if (look_session_scan(l, v->filter, v->holders, &after))
			return 2;
		after.verbose = v->verbose;
		/* half a look would tell of changes that were none */
		rc = after.interrupted ? 0 : show_changes(o, v, &after, start);
		scan_free(v->s);
		*v = after;
		if (rc) {
			fprintf(stderr, "daxtop: memory is short\n");
			return 2;
		}
		if (!output_flush())
			break;
	}
	return 0;
}

static int run(struct look_session *l, const struct options *o)
{
	struct scan_filter filter;
	struct scan_view v;
	int status = 0;

	filter_set(&filter, o);
	if (o->filter.file && look_session_file(l, o->filter.file, &filter))
		return 2;
	if (look_session_scan(l, &filter, !o->no_holders, &v))
		return 2;
	v.verbose = o->verbose;
	if (filter.device && look_session_device(v.s, filter.device) < 0) {
		status = 2;
	} else if (show(o, &v)) {
		fprintf(stderr, "daxtop: memory is short\n");
		status = 2;
	} else if (o->watch_ns && output_flush() && !v.interrupted) {
		status = watch(l, o, &v);
	}
	scan_free(v.s);
	return status;
}

int cmd_scan(const struct options *o)
{
	struct look_session l;
	int status;

	if (look_session_open(&l))
		return 2;
	status = run(&l, o);
	look_session_close(&l);
	return output_failed() ? 2 : status;
}

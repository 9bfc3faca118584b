// SPDX-License-Identifier: GPL-2.0-only
/* scan.c - daxtop scan: one look, or one after another */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "cmd/scan.h"
#include "look_session.h"
#include "session.h"

static void filter_set(struct scan_filter *f, const struct scan_options *o)
{
	memset(f, 0, sizeof(*f));
	f->device = o->o.filter.device;
	f->pfn_first = o->pfn_first;
	f->pfn_last = o->pfn_last;
	f->min_refs = o->min_refs;
	f->pinned = o->pinned;
}

static int show(const struct scan_options *o, const struct scan_view *v)
{
	if (o->o.json)
		return view_scan_json(stdout, v);
	view_scan_text(stdout, v);
	return 0;
}

static int show_changes(const struct scan_options *o, const struct scan_view *before,
			const struct scan_view *after, uint64_t start)
{
	if (o->o.json)
		return view_scan_changes_json(stdout, before, after);
	view_scan_changes_text(stdout, before, after, start);
	return 0;
}

/* Looks again and again; *@v is the last one. Returns the exit status. */
static int watch(struct look_session *l, const struct scan_options *o, struct scan_view *v)
{
	uint64_t start = v->now, next = start;
	uint64_t end = o->o.duration_ns ? start + o->o.duration_ns : UINT64_MAX;

	for (uint64_t n = 1; !o->o.count || n < o->o.count; n++) {
		struct scan_view after;
		int rc;

		next += o->o.delay_ns;
		if (next < clock_now())
			next = clock_now(); /* a look takes longer than that */
		look_session_sleep(next < end ? next : end);
		if (look_session_stopped() || clock_now() >= end)
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

static int look(struct look_session *l, const struct scan_options *o)
{
	struct scan_filter filter;
	struct scan_view v;
	int status = 0;

	filter_set(&filter, o);
	if (o->o.filter.file && look_session_file(l, o->o.filter.file, &filter))
		return 2;
	if (look_session_scan(l, &filter, !o->no_holders, &v))
		return 2;
	v.verbose = o->o.verbose;
	v.older_than = o->older_than_ns;
	if (filter.device && look_session_device(v.s, filter.device) < 0) {
		status = 2;
	} else if (show(o, &v)) {
		fprintf(stderr, "daxtop: memory is short\n");
		status = 2;
	} else if (o->o.delay_ns && output_flush() && !v.interrupted) {
		status = watch(l, o, &v);
	}
	scan_free(v.s);
	return status;
}

static int run(const void *options)
{
	const struct scan_options *o = options;
	struct look_session l;
	int status;

	if (look_session_open(&l))
		return 2;
	status = look(&l, o);
	look_session_close(&l);
	return output_failed() ? 2 : status;
}

/* ---- the command line ---- */

static const char me[] = "daxtop scan";

enum {
	KEY_RANGE = OPTION_KEY_OWN,
	KEY_MIN_REFS,
	KEY_PINNED,
	KEY_OLDER_THAN,
	KEY_NO_HOLDERS,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "Show only:", 2 },
	{ OPTION_DEVICE, "this device (pmem0, dax0.0)", 2 },
	{ OPTION_FILE, "this file", 2 },
	{ "range", KEY_RANGE, "PFN-PFN", 0, "folios in this range, decimal or 0xHEX", 2 },
	{ "min-refs", KEY_MIN_REFS, "N", 0,
	  "folios with at least N references more than an idle one has", 2 },
	{ "pinned", KEY_PINNED, NULL, 0,
	  "folios with a pin, or a reference that no mapping explains", 2 },
	{ "older-than", KEY_OLDER_THAN, "SECONDS", 0,
	  "folios that may have been held for so long, and tasks that may have waited for so long",
	  2 },
	{ "no-holders", KEY_NO_HOLDERS, NULL, 0, "Don't look for who holds the folios", 3 },
	{ OPTION_DELAY, "Look again and again, so far apart, and show what changed", 3 },
	{ OPTION_COUNT, "With --delay: end after N looks", 3 },
	{ OPTION_DURATION, "With --delay: end after this time", 3 },
	{ OPTION_VERBOSE, "Everything: ranges, all holders, whole stacks", 3 },
	{ OPTION_JSON, "One JSON object a line", 3 },
	{ OPTION_OLD("watch", 'w', "SECONDS", "delay") },
	OPTIONS_END,
};

static int option(void *options, int key, char *arg)
{
	struct scan_options *o = options;
	uint64_t n = 0;
	int err;

	switch (key) {
	case KEY_RANGE:
		return value_range(me, "--range", arg, &o->pfn_first, &o->pfn_last);
	case KEY_MIN_REFS:
		err = value_number(me, "--min-refs", arg, 1, INT32_MAX, &n);
		o->min_refs = n;
		return err;
	case KEY_PINNED:
		o->pinned = true;
		return 0;
	case KEY_OLDER_THAN:
		return value_seconds(me, "--older-than", arg, 1, &o->older_than_ns);
	case KEY_NO_HOLDERS:
		o->no_holders = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int end(void *options)
{
	const struct scan_options *o = options;

	if (o->older_than_ns && (o->no_holders || o->o.delay_ns)) {
		complain(me, "--older-than asks for the holders of one look: leave out %s",
			 o->no_holders ? "--no-holders" : "--delay");
		return EINVAL;
	}
	if (o->o.delay_ns || (!o->o.count && !o->o.duration_ns))
		return 0;
	complain(me, "%s is for --delay: without it there is one look",
		 o->o.count ? "--count" : "--duration");
	return EINVAL;
}

const struct command command_scan = {
	.name = "scan",
	.summary = "one look: what is in use now, who holds it, who waits for it",
	.doc = "One look at what is there now, also at what is older than daxtop: the DAX folios that are in "
	       "use, who holds them, who waits for them. Attaches nothing and changes nothing.",
	.options = options,
	.size = sizeof(struct scan_options),
	.failure = 2,
	.option = option,
	.end = end,
	.run = run,
};

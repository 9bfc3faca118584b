// SPDX-License-Identifier: GPL-2.0-only
/* cmd_holders.c - daxtop holders WHAT: who holds it, who waits for it, may it go? */
#include <stdio.h>
#include <string.h>
#include "look/process.h"
#include "look_session.h"
#include "session.h"
#include "target.h"
#include "view/escape.h"

static int filter_set(struct look_session *l, struct target *t, struct scan_filter *f)
{
	memset(f, 0, sizeof(*f));
	switch (t->kind) {
	case TARGET_FILE:
		return look_session_file(l, t->text, f);
	case TARGET_MOUNT:
		f->dev = t->dev;
		break;
	case TARGET_DEVICE:
		f->device = t->device;
		break;
	case TARGET_RANGE:
		f->pfn_first = t->pfn_first;
		f->pfn_last = t->pfn_last;
		break;
	case TARGET_PID:
	case TARGET_NAME:
		break;
	}
	return 0;
}

static bool is_dax_mount(struct scan *s, uint32_t dev)
{
	for (size_t i = 0; i < scan_nr_mounts(s); i++)
		if (scan_mount(s, i)->dev == dev)
			return true;
	return false;
}

/* Is there what was asked for? *@pgmap: of a device. */
static int target_check(const struct target *t, struct scan *s, int *pgmap)
{
	char name[512];

	*pgmap = -1;
	if (t->kind == TARGET_DEVICE) {
		*pgmap = look_session_device(s, t->device);
		return *pgmap < 0 ? 2 : 0;
	}
	if (t->kind == TARGET_MOUNT && !is_dax_mount(s, t->dev)) {
		escape_columns(name, sizeof(name), t->text, strlen(t->text), 120, ESCAPE_KEEP_END);
		fprintf(stderr,
			"daxtop: the filesystem at %s is not on a device with ZONE_DEVICE memory\n",
			name);
		return 2;
	}
	return 0;
}

static int show(const struct options *o, const struct target *t, const struct scan_view *v,
		int pgmap)
{
	if (!o->json) {
		view_holders_text(stdout, v, t->text, pgmap);
	} else if (view_holders_json(stdout, v, pgmap)) {
		fprintf(stderr, "daxtop: memory is short\n");
		return 2;
	}
	/* "nobody" of half a look is no answer */
	if (!view_scan_somebody(v) && (v->interrupted || scan_is_blind(v->s)))
		return 2;
	return view_scan_somebody(v);
}

static int run(struct look_session *l, const struct options *o, struct target *t)
{
	struct scan_filter filter;
	struct scan_view v;
	int status, pgmap;

	if (filter_set(l, t, &filter) || look_session_scan(l, &filter, true, &v))
		return 2;
	v.pid = t->pid;
	v.verbose = o->verbose;
	status = target_check(t, v.s, &pgmap);
	if (!status)
		status = show(o, t, &v, pgmap);
	scan_free(v.s);
	return status;
}

int cmd_holders(const struct options *o)
{
	struct look_session l;
	struct target t = o->what;
	char err[1024];
	int status;

	if (target_resolve(&t, "/sys", err, sizeof(err))) {
		fprintf(stderr, "daxtop: %s\n", err);
		return 2;
	}
	if (t.kind == TARGET_PID && process_all_seen()) {
		if (!process_is_there(t.pid)) {
			fprintf(stderr, "daxtop: there is no process %u\n", t.pid);
			return 2;
		}
		t.pid = process_tgid(t.pid);
	}
	if (look_session_open(&l))
		return 2;
	status = run(&l, o, &t);
	look_session_close(&l);
	return output_failed() ? 2 : status;
}

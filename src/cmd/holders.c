// SPDX-License-Identifier: GPL-2.0-only
/* holders.c - daxtop holders WHAT: who holds it, who waits for it, may it go? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cmd/holders.h"
#include "base/process.h"
#include "look_session.h"
#include "own_pid.h"
#include "session.h"
#include "base/escape.h"

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
		f->tgid = t->pid;
		break;
	case TARGET_ADDR:
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

/* Does a device have any of the pages that are asked for? */
static bool has_pages(struct scan *s)
{
	for (size_t i = 0; i < scan_nr_pgmaps(s); i++)
		if (scan_wants(s, scan_pgmap(s, i)))
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
	if (t->kind == TARGET_RANGE && !has_pages(s)) {
		fprintf(stderr, "daxtop: no device has ZONE_DEVICE memory at %s\n", t->text);
		return 2;
	}
	return 0;
}

/* Nobody was found. Returns the exit status: 0 when that is an answer. */
static int nobody(const struct scan_view *v, int pgmap)
{
	struct scan_verdict verdict;

	if (v->interrupted)
		return 2;
	verdict.what = SCAN_UNBIND_FREE;
	if (pgmap >= 0)
		scan_verdict(v->s, pgmap, &verdict);
	if (verdict.what != SCAN_UNBIND_UNKNOWN && !scan_is_unsure(v->s))
		return 0;
	fprintf(stderr, "daxtop: that nobody was found is no answer: not all could be looked at\n");
	return 2;
}

static int show(const struct options *o, const struct target *t, struct scan_view *v, int pgmap)
{
	int status = view_scan_somebody(v) ? 1 : nobody(v, pgmap);

	v->unsure = status == 2;
	if (!o->json) {
		view_holders_text(stdout, v, t->text, pgmap);
	} else if (view_holders_json(stdout, v, pgmap)) {
		fprintf(stderr, "daxtop: memory is short\n");
		return 2;
	}
	return status;
}

/*
 * The page that the process maps there: by a look, as /proc/PID/pagemap waits for the process's mmap_lock.
 * Returns 0, and @t is the page then, or 2.
 */
static int addr_find(struct look_session *l, struct target *t)
{
	struct scan_filter all = { 0 };
	struct scan_view v;
	bool interrupted;

	if (look_session_scan(l, &all, true, &v))
		return 2;
	for (size_t i = 0; i < scan_nr_holders(v.s) && t->kind == TARGET_ADDR; i++) {
		const struct scan_holder *h = scan_holder(v.s, i);

		if (h->kind != SCAN_HOLD_MAPPING || !h->certain || h->tgid != t->pid ||
		    t->addr < h->addr || t->addr - h->addr >= h->nr << PAGE_SHIFT)
			continue;
		t->kind = TARGET_RANGE;
		t->pfn_first = t->pfn_last = h->pfn + ((t->addr - h->addr) >> PAGE_SHIFT);
	}
	interrupted = v.interrupted;
	scan_free(v.s);
	t->pid = 0;
	if (t->kind == TARGET_RANGE)
		return 0;
	fprintf(stderr,
		interrupted ? "daxtop: a signal ended the look for %s\n"
			    : "daxtop: no page of ZONE_DEVICE memory is mapped at %s now\n",
		t->text);
	return 2;
}

static int look(struct look_session *l, const struct options *o, struct target *t)
{
	struct scan_filter filter;
	struct scan_view v;
	int status, pgmap;

	if (t->kind == TARGET_ADDR && addr_find(l, t))
		return 2;
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

static int run(const void *options)
{
	const struct holders_options *o = options;
	struct look_session l;
	struct target t = o->what;
	char err[1024];
	int status;
	bool pid;

	if (target_resolve(&t, "/sys", err, sizeof(err))) {
		fprintf(stderr, "daxtop: %s\n", err);
		return 2;
	}
	pid = t.kind == TARGET_PID || t.kind == TARGET_ADDR;
	if (pid && process_all_seen()) {
		if (!process_is_there(t.pid)) {
			fprintf(stderr, "daxtop: there is no process %u\n", t.pid);
			return 2;
		}
		t.pid = process_tgid(t.pid);
	}
	if (look_session_open(&l))
		return 2;
	status = pid ? own_pid_resolve(l.look, &t.pid) : 0;
	if (!status)
		status = look(&l, &o->o, &t);
	look_session_close(&l);
	return output_failed() ? 2 : status;
}

/* ---- the command line ---- */

static const char me[] = "daxtop holders";

static const struct argp_option options[] = {
	{ OPTION_VERBOSE, "Everything: all holders, whole stacks", 1 },
	{ OPTION_JSON, "One JSON object a line", 1 },
	OPTIONS_END,
};

static int argument(void *options, char *arg)
{
	struct holders_options *o = options;
	char err[1024], name[256];

	if (o->what.text) {
		complain(me, "takes one WHAT, but got '%s' as well",
			 value_shown(name, sizeof(name), arg));
		return EINVAL;
	}
	if (target_parse(&o->what, arg, err, sizeof(err))) {
		complain(me, "%s", err);
		return EINVAL;
	}
	return 0;
}

static int end(void *options)
{
	const struct holders_options *o = options;

	if (o->what.text)
		return 0;
	complain(me,
		 "name WHAT: a file, a mount point, a device, a pfn, a range of them, a process or PID:0xADDRESS");
	return EINVAL;
}

const struct command command_holders = {
	.name = "holders",
	.args = "WHAT",
	.synopsis = "holders WHAT",
	.summary = "who holds a file or a device, and may it go?",
	.doc = "Who holds WHAT, who waits for it, and for a device whether it may be unbound.\v"
	       "WHAT is a file, a mount point, a device (/dev/pmem0, dax0.0, namespace0.0), a pfn or range "
	       "(0xA, 0xA-0xB), a process number (digits; a file of that name is ./123) or PID:0xADDRESS, the page "
	       "that the process maps there.\n\n"
	       "Exit status: 0 nobody, 1 somebody holds it or waits for it, 2 wrong usage or it could not be "
	       "looked at.",
	.options = options,
	.size = sizeof(struct holders_options),
	.failure = 2,
	.argument = argument,
	.end = end,
	.run = run,
};

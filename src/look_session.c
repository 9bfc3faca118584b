// SPDX-License-Identifier: GPL-2.0-only
/* look_session.c - load, one look in order, signals */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/container.h"
#include "device_state.h"
#include "look_session.h"
#include "base/stop.h"
#include "kernel/preflight.h"
#include "base/escape.h"

#define AGAIN	 2 /* looks more at what nothing explains */
#define AGAIN_NS 20000000ull /* ... after so long */

bool look_session_stopped(void)
{
	return stop_wanted;
}

void look_session_sleep(uint64_t deadline)
{
	/* nobody reads any more: seen here, not by the next write, which may never come */
	struct pollfd out = { .fd = STDOUT_FILENO };
	uint64_t now;

	while (!stop_wanted && (now = clock_now()) < deadline) {
		struct timespec t = { .tv_sec = (deadline - now) / 1000000000,
				      .tv_nsec = (deadline - now) % 1000000000 };

		if (stop_poll(&out, 1, &t) > 0)
			stop_wanted = 1;
	}
}

int look_session_open(struct look_session *l)
{
	char err[1024];

	memset(l, 0, sizeof(*l));
	stop_catch();
	uname(&l->u);
	if (!preflight(err, sizeof(err)))
		l->look = look_open(err, sizeof(err));
	if (l->look)
		return 0;
	fprintf(stderr, "daxtop: %s\n", err);
	return 2;
}

void look_session_close(struct look_session *l)
{
	look_close(l->look);
	l->look = NULL;
}

/* ---- one look ---- */

/* What else there is to look at, in this order: holders first, a wait is named with its blockers' holders. */
static int look_around(struct look *l, struct scan *s, bool holders)
{
	static int (*const steps[])(struct look *, struct scan *, look_stop *) = {
		look_mappings,
		look_objects,
		look_requests,
		look_rdma,
	};
	int rc = look_walk(l, s, &stop_wanted);

	/* all but memory and a signal was told by scan_add_gap(): the rest is looked at all the same */
	for (size_t i = 0; holders && i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (rc == -ENOMEM || rc == -EINTR || stop_wanted)
			break;
		rc = steps[i](l, s, &stop_wanted);
		if (rc)
			scan_set_unsure(s);
	}
	if (rc != -ENOMEM && rc != -EINTR && !stop_wanted)
		rc = look_waits(l, s, &stop_wanted);
	/* those who wait have pages on their stacks, too: they must be known */
	if (holders && rc != -ENOMEM && rc != -EINTR && !stop_wanted)
		rc = look_stacks(l, s, &stop_wanted);
	if (holders && rc != -ENOMEM && rc != -EINTR && !stop_wanted)
		rc = look_others_paths(l, s);
	return rc == -ENOMEM ? rc : 0;
}

static void symbol(void *arg, uint64_t addr, char *out, size_t len)
{
	look_symbol(arg, addr, out, len);
}

static bool cgroup_is_roots(const char *cgroup)
{
	return container_is_roots("/sys/fs/cgroup", cgroup) ||
	       /* beside the hierarchies of version 1 */
	       container_is_roots("/sys/fs/cgroup/unified", cgroup);
}

static int failed(struct scan *s, int rc)
{
	const char *why = s && scan_nr_gaps(s) ? scan_gap(s, 0) : strerror(-rc);
	char text[1024];

	escape_text(text, sizeof(text), why, strlen(why));
	fprintf(stderr, "daxtop: %s\n", rc == -ENOMEM ? "memory is short" : text);
	scan_free(s);
	return 2;
}

/* Returns 0 or -errno; *@out is to be freed either way. */
static int one_look(struct look *l, const struct scan_filter *filter, bool holders, struct scan **out)
{
	struct scan *s = scan_new(filter, look_regime(l) == REGIME_LEGACY);
	int rc;

	*out = s;
	if (!s)
		return -ENOMEM;
	rc = look_pgmaps(l, s);
	if (rc)
		return rc;
	rc = look_mounts(l, s);
	if (rc)
		scan_set_unsure(s);
	if (rc != -ENOMEM)
		rc = look_around(l, s, holders);
	/* who maps what was not found out */
	for (size_t i = 0; stop_wanted && i < scan_nr_pgmaps(s); i++)
		scan_pgmap(s, i)->partly = true;
	return rc ? rc : scan_finish(s);
}

/* What nothing explains must be so in all looks: direct I/O may have ended between counts and holders. */
static int look_again(struct look *l, const struct scan_filter *filter, struct scan *s)
{
	struct scan_filter part = *filter;
	struct scan *later;
	int rc = 0;

	for (int i = 0; i < AGAIN && !rc && !stop_wanted; i++) {
		if (!scan_unexplained(s, &part.pfn_first, &part.pfn_last))
			return 0;
		look_session_sleep(clock_now() + AGAIN_NS);
		rc = one_look(l, &part, true, &later);
		if (!rc && !stop_wanted)
			rc = scan_confirm(s, later);
		scan_free(later);
	}
	return rc;
}

int look_session_scan(struct look_session *l, const struct scan_filter *filter, bool holders,
		      struct scan_view *v)
{
	struct scan *s;
	int rc = one_look(l->look, filter, holders, &s);

	if (!rc && holders && !stop_wanted)
		rc = look_again(l->look, filter, s);
	if (rc)
		return failed(s, rc);
	*v = (struct scan_view){
		.s = s,
		.filter = filter,
		.kernel = l->u.release,
		.regime = look_regime(l->look),
		.now = clock_now(),
		.holders = holders,
		.interrupted = stop_wanted,
		.symbol = symbol,
		.arg = l->look,
		.cgroup_is_roots = cgroup_is_roots,
	};
	return 0;
}

/* ---- what is asked for ---- */

int look_session_file(struct look_session *l, const char *path, struct scan_filter *filter)
{
	struct look_file file;
	char err[1024], text[4 * sizeof(err)], name[512];

	if (look_at_file(l->look, path, &file, err, sizeof(err))) {
		escape_text(text, sizeof(text), err, strlen(err));
		fprintf(stderr, "daxtop: %s\n", text);
		return 2;
	}
	if (!file.dax) {
		escape_columns(name, sizeof(name), path, strlen(path), 120, ESCAPE_KEEP_END);
		fprintf(stderr,
			"daxtop: %s is not accessed by DAX: it is on another filesystem, or that is not "
			"mounted with DAX\n",
			name);
		return 2;
	}
	filter->dev = file.dev;
	filter->ino = file.ino;
	filter->mapping = file.mapping;
	filter->gen = file.gen;
	return 0;
}

int look_session_device(struct scan *s, const char *name)
{
	char text[256], state[DEVICE_STATE_MAX];

	for (size_t i = 0; i < scan_nr_pgmaps(s); i++)
		if (!strcmp(scan_pgmap(s, i)->device, name))
			return i;
	escape_columns(text, sizeof(text), name, strlen(name), 60, ESCAPE_KEEP_START);
	if (*device_state(state, sizeof(state), "/sys", "/proc", name)) {
		fprintf(stderr, "daxtop: %s has no ZONE_DEVICE memory: %s\n", text, state);
		return -1;
	}
	fprintf(stderr, "daxtop: no device '%s' has ZONE_DEVICE memory; ", text);
	for (size_t i = 0; i < scan_nr_pgmaps(s); i++) {
		const struct scan_pgmap *p = scan_pgmap(s, i);

		escape_text(text, sizeof(text), p->device, sizeof(p->device));
		fprintf(stderr, "%s%s", i ? " " : "there are ",
			*text ? text : "(one without a name)");
	}
	fprintf(stderr, "%s\n", scan_nr_pgmaps(s) ? "" : "none has");
	return -1;
}

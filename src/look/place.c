// SPDX-License-Identifier: GPL-2.0-only
/* place.c - from a path in a filesystem to one that somebody can use */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "event.h"
#include "mountinfo.h"
#include "place.h"
#include "kernel/device.h"

#define OTHERS	  8 /* namespaces of others that are kept, by tgid */
#define OTHERS_NS 250000000ull /* ... so long: they can't be polled without a descriptor each */

struct other {
	struct mountinfo mounts;
	uint32_t tgid; /* 0: none */
	uint64_t time;
};

struct places {
	int fd; /* is polled for changes; -1: none */
	bool read;
	struct mountinfo own;
	struct other other[OTHERS];
};

struct places *places_new(void)
{
	struct places *p = calloc(1, sizeof(*p));

	if (p)
		p->fd = -1;
	return p;
}

void places_free(struct places *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	mountinfo_free(&p->own);
	for (size_t i = 0; i < OTHERS; i++)
		mountinfo_free(&p->other[i].mounts);
	free(p);
}

/* POLLPRI since the descriptor was last polled (fs/proc_namespace.c, mounts_poll()). */
static bool have_changed(const struct places *p)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLPRI };

	return p->fd < 0 || (poll(&fd, 1, 0) > 0 && fd.revents);
}

int places_read(struct places *p)
{
	int rc;

	if (p->fd < 0)
		p->fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (!have_changed(p) && p->read)
		return 0;
	mountinfo_free(&p->own);
	rc = mountinfo_read(&p->own, "/proc/self/mountinfo");
	p->read = !rc;
	return rc;
}

static const struct mountinfo *mounts_of(struct places *p, uint32_t tgid)
{
	struct other *o = &p->other[tgid % OTHERS];
	uint64_t now = clock_now();
	char path[40];

	if (o->tgid != tgid || now - o->time > OTHERS_NS) {
		mountinfo_free(&o->mounts);
		o->tgid = tgid;
		o->time = now;
		snprintf(path, sizeof(path), "/proc/%u/mountinfo", tgid);
		/* it has ended, or memory is short: an empty table shows nothing */
		mountinfo_read(&o->mounts, path);
	}
	return &o->mounts;
}

/* Its "/" is another directory than ours. */
static bool is_contained(const struct places *p, const struct mountinfo *t)
{
	const struct mount_line *ours = mountinfo_root(&p->own), *its = mountinfo_root(t);

	if (!ours || !its)
		return ours != its;
	return ours->dev != its->dev || strcmp(ours->root, its->root);
}

static char *path_of_other(struct places *p, uint32_t dev, const char *inside, uint32_t tgid,
			   uint32_t *flags)
{
	const struct mountinfo *t = mounts_of(p, tgid);
	char *out = mountinfo_path(t, dev, inside);

	if (out)
		*flags |= DX_PATH_NAMESPACE | (is_contained(p, t) ? DX_PATH_CONTAINER : 0);
	return out;
}

static char *path_on_device(uint32_t dev, const char *inside, bool whole)
{
	char name[64], *out;

	device_name_dev(dev, false, name, sizeof(name));
	if (!name[0])
		snprintf(name, sizeof(name), "%u:%u", dev >> 20, dev & 0xfffff);
	return asprintf(&out, "[%s]%s%s", name, whole ? "" : "/...", inside) < 0 ? NULL : out;
}

char *places_path(struct places *p, uint32_t dev, const char *inside, const uint32_t *tgid,
		  size_t nr, uint32_t *flags, uint32_t *whose)
{
	bool whole = !(*flags & DX_PATH_TRUNCATED), others = whole && process_all_seen();
	char *out = whole ? mountinfo_path(&p->own, dev, inside) : NULL;

	*flags &= ~(DX_PATH_NAMESPACE | DX_PATH_CONTAINER | DX_PATH_HIDDEN);
	*whose = 0;
	for (size_t i = 0; i <= nr && !out && others; i++) {
		*whose = i < nr ? tgid[i] : 1;
		if (*whose)
			out = path_of_other(p, dev, inside, *whose, flags);
	}
	if (out)
		return out;
	*whose = 0;
	*flags |= DX_PATH_HIDDEN;
	return path_on_device(dev, inside, whole);
}

// SPDX-License-Identifier: GPL-2.0-only
/* scan_verdict.c - may a device be unbound? In words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/scan_part.h"

const char *scan_verdict_name(enum scan_unbind what)
{
	static const char *const names[] = {
		[SCAN_UNBIND_FREE] = "free",	   [SCAN_UNBIND_SIGBUS] = "sigbus",
		[SCAN_UNBIND_MOUNTED] = "mounted", [SCAN_UNBIND_HANGS] = "hangs",
		[SCAN_UNBIND_PULLS] = "pulls",	   [SCAN_UNBIND_UNKNOWN] = "unknown",
		[SCAN_UNBIND_OPEN] = "open",
	};

	return what < sizeof(names) / sizeof(names[0]) ? names[what] : "?";
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#define MOUNT_MAX (4 * 200 + 4)

/* "at /mnt/db"; a remark in brackets stands for one that no list of mounts shows. */
static const char *mount_point(char *out, size_t outlen, const struct scan_verdict *v)
{
	const char *point = v->mount ? v->mount : "?";
	size_t len = *point == '(' ? 0 : 3;

	snprintf(out, outlen, "at ");
	escape_columns(out + len, outlen - len, point, strlen(point), 200, ESCAPE_KEEP_END);
	return out;
}

/* Behind a verdict that is worse: the mount comes first all the same. */
static void mount_add(char *out, size_t outlen, const struct scan_verdict *v)
{
	size_t len = strlen(out);
	char point[MOUNT_MAX];

	if (v->mount && (v->what == SCAN_UNBIND_HANGS || v->what == SCAN_UNBIND_PULLS))
		snprintf(out + len, outlen - len, "; a filesystem is mounted on it %s",
			 mount_point(point, sizeof(point), v));
}

static void mounted_format(char *out, size_t outlen, const char *device, const struct scan_verdict *v)
{
	char point[MOUNT_MAX];

	snprintf(out, outlen,
		 "%s must not be unbound: a filesystem is mounted on it %s: unmount it first",
		 device, mount_point(point, sizeof(point), v));
}

static void hangs_format(char *out, size_t outlen, const char *device, const struct scan_verdict *v)
{
	char folios[128] = "", refs[128] = "", n[32];

	if (v->folios)
		snprintf(folios, sizeof(folios), "%s folio%s %s pins or references",
			 thousands_format(n, sizeof(n), v->folios), plural(v->folios),
			 v->folios == 1 ? "has" : "have");
	if (v->refs)
		snprintf(refs, sizeof(refs),
			 "%snothing explains %" PRId64 " reference%s to its pgmap",
			 folios[0] ? " and " : "", v->refs, plural(v->refs));
	snprintf(out, outlen, "%s%s%s%s%s%s", v->under_way ? "an unbind of " : "unbinding ", device,
		 v->under_way ? " is under way and hangs" : " would hang",
		 folios[0] || refs[0] ? ", because " : "", folios, refs);
}

static void pulls_format(char *out, size_t outlen, const char *device, const struct scan_verdict *v)
{
	char pins[32], folios[32];

	snprintf(out, outlen,
		 "%s must not be unbound: it would pull memory from under %s live pin%s or reference%s of %s folio%s; "
		 "the kernel does not wait for them, and may oops when they are released (stock 7.2 does)",
		 device, thousands_format(pins, sizeof(pins), v->nr), plural(v->nr), plural(v->nr),
		 thousands_format(folios, sizeof(folios), v->folios), plural(v->folios));
}

char *scan_verdict_format(char *out, size_t outlen, const char *device, const struct scan_verdict *v)
{
	char name[128], n[32];

	escape_text(name, sizeof(name), device, strlen(device));
	switch (v->what) {
	case SCAN_UNBIND_FREE:
		if (v->openers)
			snprintf(out, outlen,
				 "%s may be unbound: nobody maps it, but %s process%s %s it open",
				 name, thousands_format(n, sizeof(n), v->openers),
				 v->openers == 1 ? "" : "es", v->openers == 1 ? "has" : "have");
		else
			snprintf(out, outlen, "%s may be unbound: nobody uses it", name);
		break;
	case SCAN_UNBIND_OPEN:
		snprintf(out, outlen,
			 "%s must not be unbound: its block device is in use, as swap, by device mapper, by a "
			 "program or by a filesystem that is not listed",
			 name);
		break;
	case SCAN_UNBIND_SIGBUS:
		snprintf(out, outlen,
			 "%s may be unbound, but %s process%s map%s it and will get SIGBUS at the next access",
			 name, thousands_format(n, sizeof(n), v->nr), v->nr == 1 ? "" : "es",
			 v->nr == 1 ? "s" : "");
		break;
	case SCAN_UNBIND_MOUNTED:
		mounted_format(out, outlen, name, v);
		break;
	case SCAN_UNBIND_HANGS:
		hangs_format(out, outlen, name, v);
		break;
	case SCAN_UNBIND_PULLS:
		pulls_format(out, outlen, name, v);
		break;
	case SCAN_UNBIND_UNKNOWN:
		snprintf(out, outlen,
			 "whether %s may be unbound is not known: not all of it could be looked at",
			 name);
		break;
	}
	mount_add(out, outlen, v);
	return out;
}

// SPDX-License-Identifier: GPL-2.0-only
/* target.c - WHAT of daxtop holders */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/apart.h"
#include "folio_spec.h"
#include "kernel/device.h"
#include "target.h"
#include "base/escape.h"

#define FORMS                                                                                      \
	"give a file, a mount point, a device (/dev/pmem0, dax0.0, namespace0.0), a pfn or range " \
	"(0xA, 0xA-0xB), a process number or PID:0xADDRESS"
#define PID_LIMIT (4u << 20) /* linux/threads.h: PID_MAX_LIMIT */

static const char *shown(char *out, size_t outlen, const char *text)
{
	escape_columns(out, outlen, text, strlen(text), 120, ESCAPE_KEEP_END);
	return out;
}

/* ---- by its letters ---- */

static int pid_parse(struct target *t, char *err, size_t errlen)
{
	char name[512];
	uint64_t pid;

	t->kind = TARGET_PID;
	if (size_parse(t->text, &pid) || !pid || pid > PID_LIMIT) {
		snprintf(err, errlen, "'%s' is no process number (a file of that name is ./%s)",
			 shown(name, sizeof(name), t->text), name);
		return -EINVAL;
	}
	t->pid = pid;
	return 0;
}

/* @addr: "0x..." behind the colon */
static int addr_parse(struct target *t, const char *addr, char *err, size_t errlen)
{
	char *end, name[512];
	unsigned long pid;

	t->kind = TARGET_ADDR;
	errno = 0;
	pid = strtoul(t->text, &end, 10);
	t->addr = strtoull(addr, &end, 16);
	if (pid && pid <= PID_LIMIT && addr[2] && !*end && !errno) {
		t->pid = pid;
		return 0;
	}
	snprintf(err, errlen, "'%s' is no PID:0xADDRESS (a file of that name is ./%s)",
		 shown(name, sizeof(name), t->text), name);
	return -EINVAL;
}

int target_parse(struct target *t, const char *text, char *err, size_t errlen)
{
	size_t digits = strspn(text, "0123456789");
	char name[512];

	memset(t, 0, sizeof(*t));
	t->text = text;
	if (!*text) {
		snprintf(err, errlen, "WHAT is empty: " FORMS);
		return -EINVAL;
	}
	if (!text[digits])
		return pid_parse(t, err, errlen);
	if (digits && !strncmp(text + digits, ":0x", 3))
		return addr_parse(t, text + digits + 1, err, errlen);
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		t->kind = TARGET_RANGE;
		if (!pfn_range_parse(text, &t->pfn_first, &t->pfn_last))
			return 0;
		snprintf(err, errlen,
			 "'%s' is no pfn or range of them: give 0xA or 0xA-0xB (a file of that name is ./%s)",
			 shown(name, sizeof(name), text), name);
		return -EINVAL;
	}
	t->kind = TARGET_NAME;
	return 0;
}

/* ---- by sysfs ---- */

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static int device_set(struct target *t, const char *name)
{
	t->kind = TARGET_DEVICE;
	if (strlen(name) >= sizeof(t->device))
		return -ENAMETOOLONG;
	strcpy(t->device, name);
	return 0;
}

/* A name below @dir that begins with @prefix and has a dot behind its first digits. */
static bool entry_find(const char *dir, const char *prefix, bool dotted, char *name, size_t len)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)) ||
		    strlen(e->d_name) >= len)
			continue;
		if (dotted && !strchr(e->d_name, '.'))
			continue;
		strcpy(name, e->d_name);
		found = true;
	}
	closedir(d);
	return found;
}

/* What stands on the device @nd of the nd bus: block/pmem0, or below a dax one dax0.0. */
static bool nd_child(const char *sys, const char *nd, char *name, size_t len)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/bus/nd/devices/%s/block", sys, nd);
	if (entry_find(dir, "pmem", false, name, len))
		return true;
	snprintf(dir, sizeof(dir), "%s/bus/nd/devices/%s", sys, nd);
	return entry_find(dir, "dax", true, name, len);
}

static bool line_is(const char *path, const char *wanted)
{
	char line[128] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	line[strcspn(line, "\n")] = 0;
	return !strcmp(line, wanted);
}

/*
 * A namespace in raw mode has the block device itself; else a pfn, dax or btt device
 * of the nd bus names it in its file "namespace" (drivers/nvdimm/claim.c).
 */
static bool namespace_child(const char *sys, const char *ns, char *name, size_t len)
{
	char dir[300], path[600];
	struct dirent *e;
	bool found;
	DIR *d;

	if (nd_child(sys, ns, name, len))
		return true;
	snprintf(dir, sizeof(dir), "%s/bus/nd/devices", sys);
	d = opendir(dir);
	if (!d)
		return false;
	found = false;
	while (!found && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s/namespace", dir, e->d_name);
		found = line_is(path, ns) && nd_child(sys, e->d_name, name, len);
	}
	closedir(d);
	return found;
}

/* "/dev/pmem0.3", "dax0.0": what is being unbound has no node any more, but its memory is there. */
static bool is_device_name(const char *text, char *name, size_t len)
{
	const char *base = strncmp(text, "/dev/", 5) ? text : text + 5;
	size_t digits;

	if (strncmp(base, "pmem", 4) && strncmp(base, "dax", 3))
		return false;
	digits = strcspn(base, "0123456789");
	if (!base[digits] || base[digits + strspn(base + digits, "0123456789.")] ||
	    strlen(base) >= len)
		return false;
	strcpy(name, base);
	return true;
}

/* A name without a slash. Returns -ENOENT when no device is called that. */
static int by_name(struct target *t, const char *sys, const char *name, char *err, size_t errlen)
{
	char path[512], device[32];

	snprintf(path, sizeof(path), "%s/bus/dax/devices/%s", sys, name);
	if (exists(path))
		return device_set(t, name);
	snprintf(path, sizeof(path), "%s/block/%s", sys, name);
	if (exists(path))
		return device_set(t, name);
	snprintf(path, sizeof(path), "%s/bus/nd/devices/%s", sys, name);
	/* the nd bus has a dax0.1 of its own, below which another dax0.0 may stand: nobody means that */
	if (exists(path) && is_device_name(name, device, sizeof(device)))
		return device_set(t, device);
	if (exists(path) && namespace_child(sys, name, device, sizeof(device)))
		return device_set(t, device);
	/* being unbound: sysfs has forgotten it */
	if (device_of_namespace(name, device, sizeof(device)))
		return device_set(t, device);
	if (!exists(path))
		return -ENOENT;
	snprintf(err, errlen,
		 "%s has no block device and no device-dax device: nothing can use its memory", name);
	return -ENODEV;
}

/* The last part of a link's target, or of the one before it when it is a partition. */
static bool device_of_node(const char *sys, const struct statx *st, char *name, size_t len)
{
	char path[512], target[512], *base;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/dev/%s/%u:%u", sys,
		 S_ISCHR(st->stx_mode) ? "char" : "block", st->stx_rdev_major, st->stx_rdev_minor);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	strncat(path, "/partition", sizeof(path) - strlen(path) - 1);
	base = strrchr(target, '/');
	if (base && exists(path)) {
		*base = 0;
		base = strrchr(target, '/');
	}
	if (!base || strlen(base + 1) >= len)
		return false;
	strcpy(name, base + 1);
	return true;
}

/* ---- by stat() ---- */

static int by_path(struct target *t, const char *sys, char *err, size_t errlen)
{
	char name[512], device[32];
	struct statx st;
	int rc = apart_statx(t->text, &st);

	shown(name, sizeof(name), t->text);
	if (rc == -ENOENT && is_device_name(t->text, device, sizeof(device)))
		return device_set(t, device);
	if (rc) {
		snprintf(err, errlen, "%s: %s; " FORMS, name, apart_sentence(rc));
		return rc;
	}
	if (S_ISREG(st.stx_mode)) {
		t->kind = TARGET_FILE;
		return 0;
	}
	if (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode)) {
		if (device_of_node(sys, &st, device, sizeof(device)))
			return device_set(t, device);
		snprintf(err, errlen, "%s is a device that sysfs does not know", name);
		return -ENODEV;
	}
	/* 5.8: STATX_ATTR_MOUNT_ROOT */
	if (S_ISDIR(st.stx_mode) && st.stx_attributes & STATX_ATTR_MOUNT_ROOT) {
		t->kind = TARGET_MOUNT;
		t->dev = st.stx_dev_major << 20 | st.stx_dev_minor;
		return 0;
	}
	snprintf(err, errlen, "%s is %s; " FORMS, name,
		 S_ISDIR(st.stx_mode) ? "a directory, but no mount point" : "no regular file");
	return -EINVAL;
}

int target_resolve(struct target *t, const char *sys, char *err, size_t errlen)
{
	int rc;

	if (t->kind != TARGET_NAME)
		return 0;
	/* "." is in every folder of sysfs */
	if (!strchr(t->text, '/') && t->text[0] != '.') {
		rc = by_name(t, sys, t->text, err, errlen);
		if (rc != -ENOENT)
			return rc;
	}
	return by_path(t, sys, err, errlen);
}

// SPDX-License-Identifier: GPL-2.0-only
/* device_state.c - why a device has no ZONE_DEVICE memory, as sysfs tells it */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "device_state.h"

/* The last part of what the link @path leads to; false: there is none. */
static bool link_base(const char *path, char *out, size_t len)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *base;

	if (n <= 0)
		return false;
	target[n] = '\0';
	base = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	snprintf(out, len, "%.*s", (int)len - 1, base);
	return true;
}

static bool line_of(const char *path, char *out, size_t len)
{
	FILE *f = fopen(path, "re");
	bool got = f && fgets(out, len, f);

	if (f)
		fclose(f);
	if (got)
		out[strcspn(out, "\n")] = '\0';
	return got;
}

/* ---- device-dax: drivers/dax/ ---- */

static const struct {
	const char *driver, *state;
} dax_drivers[] = {
	/* kmem.c: add_memory_driver_managed(), no dev_pagemap */
	{ "kmem",
	  "it is system RAM (driver kmem): its pages are ordinary memory, used by whoever gets them "
	  "from the kernel; daxctl reconfigure-device --mode=devdax takes it back, if they can be moved" },
	{ "device_dax",
	  "its driver device_dax is there, its memory is not: it is being bound or unbound" },
	{ "fsdev_dax",
	  "its driver fsdev_dax (for famfs) is there, its memory is not: it is being bound or unbound" },
};

static void dax_state(char *out, size_t outlen, const char *sys, const char *name)
{
	char path[512], driver[64], safe[256];

	snprintf(path, sizeof(path), "%s/bus/dax/devices/%s/driver", sys, name);
	if (!link_base(path, driver, sizeof(driver))) {
		snprintf(out, outlen,
			 "it is disabled: no driver has it, so nothing can use its memory; daxctl "
			 "enable-device enables it");
		return;
	}
	for (size_t i = 0; i < sizeof(dax_drivers) / sizeof(dax_drivers[0]); i++)
		if (!strcmp(driver, dax_drivers[i].driver)) {
			snprintf(out, outlen, "%s", dax_drivers[i].state);
			return;
		}
	escape_text(safe, sizeof(safe), driver, strlen(driver));
	snprintf(out, outlen, "its driver is %s, whose memory is none that daxtop knows", safe);
}

/* ---- block devices: drivers/nvdimm/pmem.c ---- */

/* A descriptor of process @pid leads to /dev/@name. Only the links are read: nothing is opened. */
static bool has_open(const char *proc, const char *pid, const char *name)
{
	char dir[300], path[600], target[64], wanted[64];
	struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *d;

	snprintf(wanted, sizeof(wanted), "/dev/%.48s", name);
	snprintf(dir, sizeof(dir), "%s/%s/fd", proc, pid);
	d = opendir(dir);
	while (d && !found && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		found = !strcmp(target, wanted);
	}
	if (d)
		closedir(d);
	return found;
}

#define OPENERS_SHOWN 4

static void openers_add(char *out, size_t outlen, const char *proc, const char *name)
{
	size_t len = strlen(out), shown = 0;
	char path[300], comm[64], safe[256];
	DIR *d = opendir(proc);
	struct dirent *e;

	while (d && (e = readdir(d)) && len < outlen) {
		if (!isdigit((unsigned char)e->d_name[0]) || !has_open(proc, e->d_name, name))
			continue;
		if (shown++ == OPENERS_SHOWN) {
			snprintf(out + len, outlen - len, " and others");
			break;
		}
		snprintf(path, sizeof(path), "%s/%.32s/comm", proc, e->d_name);
		if (!line_of(path, comm, sizeof(comm)))
			strcpy(comm, "?");
		escape_text(safe, sizeof(safe), comm, strlen(comm));
		len += snprintf(out + len, outlen - len, "%s%s[%.32s]",
				shown == 1 ? "; it is open as a block device by " : ", ", safe,
				e->d_name);
	}
	if (d)
		closedir(d);
}

static void block_state(char *out, size_t outlen, const char *sys, const char *proc, const char *name)
{
	char path[512], mode[32] = "";

	snprintf(path, sizeof(path), "%s/block/%s/device/mode", sys, name);
	line_of(path, mode, sizeof(mode));
	/* enum nvdimm_claim_class; namespace_devs.c, mode_show() */
	if (!strcmp(mode, "raw"))
		snprintf(out, outlen,
			 "it is a namespace in raw mode: a block device without struct pages, so nothing can map "
			 "or pin its memory by DAX");
	else if (!strcmp(mode, "safe"))
		snprintf(out, outlen,
			 "it is a namespace in sector mode (BTT): a block device without struct pages, so "
			 "nothing can map or pin its memory by DAX");
	else
		snprintf(out, outlen, "it is a block device without struct pages of its own");
	openers_add(out, outlen, proc, name);
}

char *device_state(char *out, size_t outlen, const char *sys, const char *proc, const char *name)
{
	char path[512];

	out[0] = '\0';
	if (!*name || strchr(name, '/') || name[0] == '.' || strlen(name) > 32)
		return out;
	snprintf(path, sizeof(path), "%s/bus/dax/devices/%s", sys, name);
	if (!access(path, F_OK)) {
		dax_state(out, outlen, sys, name);
		return out;
	}
	snprintf(path, sizeof(path), "%s/block/%s", sys, name);
	if (!access(path, F_OK))
		block_state(out, outlen, sys, proc, name);
	return out;
}

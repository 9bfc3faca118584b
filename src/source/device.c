// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - which device a range of pfns belongs to.
 *
 * A namespace in fsdax mode is /sys/bus/nd/devices/pfnX.Y/namespace (or the
 * namespace itself in raw mode) below a block device; device-dax stands on the dax bus.
 * Both have a resource (bytes) and a size.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "source.h"

#define PAGE_SHIFT 12

static int read_line(const char *path, char *line, size_t len)
{
	FILE *f = fopen(path, "re");
	char *got;

	if (!f)
		return -1;
	got = fgets(line, len, f);
	fclose(f);
	if (!got)
		return -1;
	line[strcspn(line, "\n")] = 0;
	return 0;
}

/* Does the device in folder @dir share a page with [@pfn, @end)? */
static bool overlaps(const char *dir, uint64_t pfn, uint64_t end)
{
	char path[512], line[64];
	uint64_t start, size;

	snprintf(path, sizeof(path), "%s/resource", dir);
	if (read_line(path, line, sizeof(line)))
		return false;
	start = strtoull(line, NULL, 0) >> PAGE_SHIFT;
	snprintf(path, sizeof(path), "%s/size", dir);
	if (read_line(path, line, sizeof(line)))
		return false;
	size = strtoull(line, NULL, 0) >> PAGE_SHIFT;
	return start && start < end && pfn < start + size;
}

static bool block_overlaps(const char *name, uint64_t pfn, uint64_t end)
{
	char dir[300], path[512], ns[64], nsdir[128];

	snprintf(dir, sizeof(dir), "/sys/block/%s/device", name);
	if (overlaps(dir, pfn, end))
		return true;
	snprintf(path, sizeof(path), "%s/namespace", dir);
	if (read_line(path, ns, sizeof(ns)) || strchr(ns, '/'))
		return false;
	snprintf(nsdir, sizeof(nsdir), "/sys/bus/nd/devices/%s", ns);
	return overlaps(nsdir, pfn, end);
}

static bool dax_overlaps(const char *name, uint64_t pfn, uint64_t end)
{
	char dir[300];

	snprintf(dir, sizeof(dir), "/sys/bus/dax/devices/%s", name);
	return overlaps(dir, pfn, end);
}

static bool find(const char *folder, const char *prefix,
		 bool (*match)(const char *, uint64_t, uint64_t), uint64_t pfn, uint64_t end, char *name,
		 size_t len)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	bool found = false;

	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) || strlen(e->d_name) >= len)
			continue;
		found = match(e->d_name, pfn, end);
		if (found)
			strcpy(name, e->d_name);
	}
	closedir(d);
	return found;
}

/* The last component of where the link @path leads, if it fits. */
static bool link_base(const char *path, char *name, size_t len)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *base;

	name[0] = 0;
	if (n <= 0)
		return false;
	target[n] = 0;
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) >= len)
		return false;
	strcpy(name, base);
	return true;
}

void device_name_dev(uint32_t dev, bool character, char *name, size_t len)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/%s/%u:%u", character ? "char" : "block", dev >> 20,
		 dev & 0xfffff);
	link_base(path, name, len);
}

void device_driver(const char *device, char *name, size_t len)
{
	static const char *const places[] = {
		"/sys/bus/dax/devices/%s/driver",
		"/sys/block/%s/device/driver",
		"/sys/bus/pci/devices/%s/driver",
	};
	char path[128];

	name[0] = 0;
	for (size_t i = 0; *device && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), places[i], device);
		if (link_base(path, name, len))
			return;
	}
}

/* Does a BAR of the PCI device share a page with [@pfn, @end)? For P2PDMA. */
static bool pci_overlaps(const char *name, uint64_t pfn, uint64_t end)
{
	char path[300];
	uint64_t start, last, flags;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fscanf(f, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &last, &flags) == 3)
		found = last && start >> PAGE_SHIFT < end && last >> PAGE_SHIFT >= pfn;
	fclose(f);
	return found;
}

void device_name(uint64_t pfn, uint64_t nr_pages, char *name, size_t len)
{
	name[0] = 0;
	if (!find("/sys/bus/dax/devices", "dax", dax_overlaps, pfn, pfn + nr_pages, name, len))
		if (!find("/sys/block", "pmem", block_overlaps, pfn, pfn + nr_pages, name, len))
			find("/sys/bus/pci/devices", "", pci_overlaps, pfn, pfn + nr_pages, name, len);
}

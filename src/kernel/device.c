// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - which device a range of pfns belongs to.
 *
 * From /proc/iomem: the memory region of a device is taken before its struct pages are
 * made and released after they are gone. Sysfs has the ranges too, but an unbind that hangs has
 * taken the names out of it, and holds the lock that reading them waits for (resource_show(),
 * drivers/nvdimm/namespace_devs.c).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "device.h"
#include "iomem.h"

void device_name(uint64_t pfn, uint64_t nr_pages, char *name, size_t len)
{
	FILE *f = fopen("/proc/iomem", "re");

	name[0] = 0;
	if (!f)
		return;
	iomem_device(f, pfn, nr_pages, name, len);
	fclose(f);
}

bool device_of_namespace(const char *ns, char *name, size_t len)
{
	FILE *f = fopen("/proc/iomem", "re");

	name[0] = 0;
	if (!f)
		return false;
	iomem_device_of_namespace(f, ns, name, len);
	fclose(f);
	return name[0];
}

/* ---- sysfs: links only, which take no lock of the device ---- */

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

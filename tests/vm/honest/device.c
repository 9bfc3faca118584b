// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - devices that go and come while the others are used. The place is ours
 * alone then (KIND_ALONE): no mapping and no pin of it is left, all who had one have
 * been waited for.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>
#include "honest.h"

static void attribute_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		job_fail("%s can't be written to %s: %s", value, path, strerror(errno));
	close(fd);
}

/* Waits until the node is there. */
static void node_wait(const char *path)
{
	unsigned int i;

	for (i = 0; access(path, R_OK | W_OK); i++) {
		if (i > 10000)
			job_fail("%s did not come back", path);
		pause_us(2000);
	}
}

/* Off its driver and on again. */
static void device_cycle(const char *bus, const char *driver, const char *device)
{
	char path[300];

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/unbind", bus, driver);
	attribute_write(path, device);
	pause_rnd(3000);
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/bind", bus, driver);
	attribute_write(path, device);
}

/* A use in between, so that every life of a device has some. */
static void place_use(void)
{
	struct span s;

	span_own(&s, 4 * SZ_4K);
	must(span_map(&s, PROT_READ | PROT_WRITE, MAP_SHARED) ? 0 : -1);
	span_touch(&s, 8);
	direct_once(s.p, 4 * SZ_4K, true);
	span_end(&s);
}

/*
 * A device's removal waits for no pin, a legacy kernel's umount neither. What AIO has read into is
 * let go of by a worker, when the AIO has long been said to be done (bio_check_pages_dirty(),
 * block/bio.c): nobody can see it, but a moment is enough.
 */
static void workers_settle(void)
{
	pause_us(50000);
}

static void fs_unmount(const struct place *p)
{
	unsigned int i;

	/* who looks at the files of all processes, daxtop too, holds each for a moment */
	for (i = 0; i < 1000; i++) {
		if (!may(umount(p->path), EBUSY))
			return;
		pause_us(5000);
	}
	job_fail("%s stays busy", p->path);
}

static void fs_mount(const struct place *p)
{
	node_wait(p->source);
	must(mount(p->source, p->path, p->name, 0, "dax=always"));
}

static void run_unbind(void)
{
	struct place *p = job.place;
	char link[300], *name;

	workers_settle();
	do {
		if (p->fs) {
			/* /sys/block/pmem0.2/device is what nd_pmem drives, e.g. pfn0.1 */
			snprintf(link, sizeof(link), "/sys/block/%s/device", basename(p->source));
			name = realpath(link, NULL);
			must(name ? 0 : -1);
			fs_unmount(p);
			device_cycle("nd", "nd_pmem", basename(name));
			fs_mount(p);
			free(name);
		} else {
			device_cycle("dax", "device_dax", basename(p->path));
			node_wait(p->path);
		}
		place_use();
		job_did();
	} while (job_on());
}

/* The filesystem only: its inodes are evicted, the device stays. */
static void run_remount(void)
{
	workers_settle();
	do {
		fs_unmount(job.place);
		fs_mount(job.place);
		place_use();
		job_did();
	} while (job_on());
}

/* The namespace that a device-dax is of, and its region. */
static void namespace_of(const struct place *p, char *name, size_t len, char *region, size_t rlen)
{
	char link[300], path[512], *real, *slash;
	ssize_t n;
	int fd;

	snprintf(link, sizeof(link), "/sys/bus/dax/devices/%s", strrchr(p->path, '/') + 1);
	real = realpath(link, NULL); /* .../region0/dax0.2/dax0.1 */
	must(real ? 0 : -1);
	slash = strrchr(real, '/');
	*slash = 0;
	snprintf(path, sizeof(path), "%s/namespace", real);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd);
	n = must(read(fd, name, len - 1));
	name[n] = 0;
	name[strcspn(name, "\n")] = 0;
	close(fd);
	slash = strrchr(real, '/');
	*slash = 0;
	snprintf(region, rlen, "%s", strrchr(real, '/') + 1);
	free(real);
}

/* Destroyed and created anew by ndctl; it may have another name then. */
static void run_namespace(void)
{
	const char *destroy[] = { "ndctl", "destroy-namespace", "-f", NULL, NULL };
	const char *create[] = {
		"ndctl", "create-namespace", "-r", NULL, "-m", "devdax", "-M", "mem", "-a", "4K",
		NULL
	};
	char name[64], region[64], out[4096], *chardev;

	workers_settle();
	namespace_of(job.place, name, sizeof(name), region, sizeof(region));
	destroy[3] = name;
	create[3] = region;
	if (!child_exec(destroy, out, sizeof(out)))
		job_fail("ndctl destroy-namespace %s failed: %s", name, out);
	if (!child_exec(create, out, sizeof(out)))
		job_fail("ndctl create-namespace failed: %s", out);
	chardev = strstr(out, "\"chardev\":\"");
	if (!chardev)
		job_fail("ndctl create-namespace names no device: %s", out);
	chardev += strlen("\"chardev\":\"");
	chardev[strcspn(chardev, "\"")] = 0;
	snprintf(job.place->path, sizeof(job.place->path), "/dev/%.100s", chardev);
	node_wait(job.place->path);
	place_use();
	job_did();
}

const struct kind device_kinds[] = {
	KIND_AS("unbind", AT_FS | AT_DAX4K, run_unbind, KIND_ALONE),
	KIND_AS("remount", AT_FS, run_remount, KIND_ALONE),
	KIND_AS("namespace", AT_DAX4K, run_namespace, KIND_ALONE | KIND_FEW),
	KINDS_END,
};

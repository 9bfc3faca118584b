// SPDX-License-Identifier: GPL-2.0-only
/* place.c - finds the guest's DAX filesystems and devices; areas to map. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daxtop.h"
#include "place.h"
#include "runner.h"

#define FILE_PREFIX "gt-"

struct place places[NR_PLACES] = {
	{ .bit = ON_EXT4, .name = "ext4", .fs = true },
	{ .bit = ON_XFS, .name = "xfs", .fs = true },
	{ .bit = ON_DAX2M, .name = "dax2m" },
	{ .bit = ON_DAX4K, .name = "dax4k" },
};

static void place_mounted(const struct mntent *m)
{
	size_t i;

	if (strncmp(m->mnt_fsname, "/dev/pmem", 9) || !strstr(m->mnt_opts, "dax=always"))
		return;
	for (i = 0; i < NR_PLACES; i++) {
		if (!places[i].fs || strcmp(places[i].name, m->mnt_type) || places[i].path[0])
			continue;
		snprintf(places[i].path, sizeof(places[i].path), "%s", m->mnt_dir);
		snprintf(places[i].device, sizeof(places[i].device), "%s", m->mnt_fsname + 5);
		snprintf(places[i].options, sizeof(places[i].options), "%s", m->mnt_opts);
	}
}

/* A number of /sys/bus/dax/devices/NAME; 0 when it cannot be read. */
static size_t device_number(const char *name, const char *attribute)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%s/%s", name, attribute);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%zu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

static void place_device(const char *name)
{
	size_t align = device_number(name, "align"), i;
	unsigned int bit;
	char path[512];

	snprintf(path, sizeof(path), "/dev/%s", name);
	if (access(path, R_OK | W_OK))
		return; /* e.g. bound to kmem */
	bit = align == SZ_2M ? ON_DAX2M : align == SZ_4K ? ON_DAX4K : 0;
	for (i = 0; i < NR_PLACES; i++) {
		if (places[i].bit != bit || places[i].path[0])
			continue;
		snprintf(places[i].path, sizeof(places[i].path), "%.100s", path);
		snprintf(places[i].device, sizeof(places[i].device), "%.30s", name);
		places[i].align = align;
		places[i].size = device_number(name, "size");
	}
}

/* By place, shared by all tests: how many pages were given. */
static unsigned int *given;

void places_find(void)
{
	struct mntent *m;
	struct dirent *e;
	FILE *f;
	DIR *d;

	given = mmap(NULL, NR_PLACES * sizeof(*given), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(given != MAP_FAILED);
	f = setmntent("/proc/mounts", "re");
	while (f && (m = getmntent(f)))
		place_mounted(m);
	if (f)
		endmntent(f);
	d = opendir("/sys/bus/dax/devices");
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			place_device(e->d_name);
	if (d)
		closedir(d);
}

void places_clean(void)
{
	struct dirent *e;
	size_t i;
	DIR *d;

	for (i = 0; i < NR_PLACES; i++) {
		if (!places[i].fs || !places[i].path[0])
			continue;
		d = opendir(places[i].path);
		while (d && (e = readdir(d)))
			if (!strncmp(e->d_name, FILE_PREFIX, strlen(FILE_PREFIX)))
				unlinkat(dirfd(d), e->d_name, 0);
		if (d)
			closedir(d);
	}
}

void remount(const struct place *p)
{
	char dev[64];

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	must(!mount(dev, p->path, p->name, 0, "dax=always"));
}

void mount_afterwards(const struct place *p)
{
	if (p->fs)
		afterwards("grep -q '^/dev/%s %s .*dax=always' /proc/mounts || "
			   "{ umount %s; mount -t %s -o dax=always /dev/%s %s; }",
			   p->device, p->path, p->path, p->name, p->device, p->path);
}

void namespace_afterwards(const struct place *p, const char *name)
{
	mount_afterwards(p);
	afterwards("[ -e /dev/%s ] || ndctl enable-namespace %s", p->device, name);
}

unsigned int place_order(const struct place *p)
{
	return p->bit == ON_DAX2M ? 9 : 0;
}

/* An offset of the file whose 2M lie in one extent at a 2M boundary of the device. */
static off_t find_2m(int fd)
{
	char buf[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)] = {};
	struct fiemap *map = (struct fiemap *)buf;
	uint64_t from, skipped;
	unsigned int i;

	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_extent_count = 64;
	must(!ioctl(fd, FS_IOC_FIEMAP, map));
	for (i = 0; i < map->fm_mapped_extents; i++) {
		struct fiemap_extent *e = &map->fm_extents[i];

		from = (e->fe_logical + SZ_2M - 1) & ~(SZ_2M - 1);
		skipped = from - e->fe_logical;
		if ((e->fe_physical + skipped) % SZ_2M)
			continue;
		if (skipped + SZ_2M <= e->fe_length)
			return from;
	}
	return -1;
}

static void fill(int fd, size_t size)
{
	char *zero = calloc(1, SZ_2M);
	size_t n, done;

	must(zero);
	for (done = 0; done < size; done += n) {
		n = size - done < SZ_2M ? size - done : SZ_2M;
		must(pwrite(fd, zero, n, done) == (ssize_t)n);
	}
	free(zero);
}

static void file_open(struct area *a, unsigned int order, enum area_blocks blocks)
{
	size_t size = order ? 8 * SZ_2M : 16 * SZ_4K;
	static unsigned int nr;

	snprintf(a->path, sizeof(a->path), "%s/" FILE_PREFIX "%d-%u", a->place->path, getpid(), nr++);
	a->fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(a->fd >= 0);
	if (blocks == AREA_HOLE) {
		must(!ftruncate(a->fd, size));
	} else {
		must(!fallocate(a->fd, 0, 0, size));
		if (blocks == AREA_WRITTEN)
			fill(a->fd, size);
		must(!fsync(a->fd));
	}
	a->off = 3 * SZ_4K;
	if (order && blocks == AREA_HOLE)
		a->off = SZ_2M;
	else if (order)
		a->off = find_2m(a->fd);
	if (a->off < 0)
		fail("no 2M extent at a 2M boundary in %s; was the filesystem made for it?", a->path);
}

/*
 * A page of the device that was not given for long, for tests that one daxtop watches, one after the other; and
 * that no living process was given: each keeps a lock on its own.
 */
static unsigned int free_page(const struct area *a)
{
	/* a test may take the 4K page after its own, too */
	unsigned int step = a->order ? 1 : 2, which = a->place - places,
		     n = a->place->size / a->len / step;
	static int locks = -1;

	if (locks < 0)
		locks = open("/tmp/pages-given", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(locks >= 0);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int nr = __atomic_fetch_add(&given[which], 1, __ATOMIC_RELAXED) % n;
		struct flock mine = {
			.l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = (off_t)which << 32 | nr,
			.l_len = 1,
		};

		if (!fcntl(locks, F_OFD_SETLK, &mine))
			return nr * step;
		must(errno == EAGAIN);
	}
	fail("all %u pages of %s are somebody's", n, a->path);
}

void area_open(struct area *a, struct place *p, unsigned int order, enum area_blocks blocks)
{
	memset(a, 0, sizeof(*a));
	a->place = p;
	a->order = order;
	a->len = SZ_4K << order;
	if (p->fs) {
		file_open(a, order, blocks);
	} else {
		snprintf(a->path, sizeof(a->path), "%s", p->path);
		a->fd = open(a->path, O_RDWR | O_CLOEXEC);
		must(a->fd >= 0);
		if (a->len != p->align)
			fail("%s has pages of %zu bytes, the test wants %zu", p->path, p->align,
			     a->len);
		a->off = free_page(a) * a->len;
	}
	snprintf(a->spec, sizeof(a->spec), "%s:%#llx", a->path, (unsigned long long)a->off);
}

void area_map(struct area *a, int prot, int flags)
{
	char *reserved, *at;

	/*
	 * An address at a multiple of the length: a 2M mapping needs that. MAP_FIXED,
	 * because MAP_SHARED_VALIDATE refuses MAP_FIXED_NOREPLACE; nobody else maps
	 * in this process.
	 */
	reserved = mmap(NULL, 2 * a->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	must(reserved != MAP_FAILED);
	at = (char *)(((uintptr_t)reserved + a->len - 1) & ~(a->len - 1));
	munmap(reserved, 2 * a->len);
	a->p = mmap(at, a->len, prot, flags | MAP_FIXED, a->fd, a->off);
	must(a->p != MAP_FAILED);
}

void area_map_shared(struct area *a)
{
	area_map(a, PROT_READ | PROT_WRITE, MAP_SHARED);
}

void area_unmap(struct area *a)
{
	must(!munmap(a->p, a->len));
	a->p = NULL;
}

void area_remove(struct area *a)
{
	history_pause();
	if (a->place->fs)
		must(!unlink(a->path));
	must(!close(a->fd));
	a->fd = -1;
}

void touch_read(const char *p)
{
	(void)*(volatile const char *)p;
}

void touch_write(char *p)
{
	*(volatile char *)p = 1;
}

int nullb_open(void)
{
	int fd;

	if (access("/dev/nullb0", W_OK))
		run("modprobe null_blk nr_devices=1 queue_mode=2 irqmode=0 gb=1");
	fd = open("/dev/nullb0", O_WRONLY | O_DIRECT | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

// SPDX-License-Identifier: GPL-2.0-only
/* pool.c - the places, and the files and disks that jobs share. */
#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "honest.h"

#define NULLB_DIR "/sys/kernel/config/nullb/honest"

char disks[2][128];
unsigned int nr_disks;
static char *anchors[NR_PLACES][POOL_FILES];

static void place_mounted(const struct mntent *m)
{
	size_t i;

	if (!strstr(m->mnt_opts, "dax=always"))
		return;
	for (i = 0; i < NR_PLACES; i++) {
		struct place *p = &shared->places[i];

		if (!p->fs || p->path[0] || strcmp(p->name, m->mnt_type))
			continue;
		snprintf(p->path, sizeof(p->path), "%s", m->mnt_dir);
		snprintf(p->source, sizeof(p->source), "%s", m->mnt_fsname);
		p->align = SZ_4K;
	}
}

static size_t device_number(const char *name, const char *attribute)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%s/%s", name, attribute);
	f = fopen(path, "re");
	if (f && fscanf(f, "%zu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static void place_device(const char *name)
{
	size_t align = device_number(name, "align"), i;
	unsigned int bit = align == SZ_2M ? AT_DAX2M : align == SZ_4K ? AT_DAX4K : 0;
	char path[300];

	snprintf(path, sizeof(path), "/dev/%s", name);
	if (access(path, R_OK | W_OK))
		return;
	for (i = 0; i < NR_PLACES; i++) {
		struct place *p = &shared->places[i];

		if (p->bit != bit || p->path[0])
			continue;
		snprintf(p->path, sizeof(p->path), "%.100s", path);
		p->align = align;
		p->size = device_number(name, "size");
	}
}

void places_find(void)
{
	static const struct place names[NR_PLACES] = {
		{ .bit = AT_EXT4, .name = "ext4", .fs = true },
		{ .bit = AT_XFS, .name = "xfs", .fs = true },
		{ .bit = AT_DAX2M, .name = "dax2m" },
		{ .bit = AT_DAX4K, .name = "dax4k" },
	};
	struct mntent *m;
	struct dirent *e;
	FILE *f;
	DIR *d;

	memcpy(shared->places, names, sizeof(names));
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

static bool attribute_write(const char *name, const char *value)
{
	char path[200];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), NULLB_DIR "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, value, strlen(value)) > 0;
	close(fd);
	return ok;
}

void disks_find(const char *disk)
{
	snprintf(disks[nr_disks++], sizeof(disks[0]), "%s", disk);
	/* One that takes its time: 6 ms a transfer, told by a timer's interrupt. */
	if (mkdir(NULLB_DIR, 0755) && errno != EEXIST)
		return;
	if (attribute_write("size", "64") && attribute_write("irqmode", "2") &&
	    attribute_write("completion_nsec", "6000000") && attribute_write("power", "1") &&
	    !access("/dev/honest", W_OK))
		snprintf(disks[nr_disks++], sizeof(disks[0]), "/dev/honest");
}

void disks_end(void)
{
	attribute_write("power", "0");
	rmdir(NULLB_DIR);
}

void file_name(char *path, size_t len, const struct place *p, const char *what)
{
	snprintf(path, len, "%s/" FILE_PREFIX "%s-%u", p->path, what,
		 __atomic_fetch_add(&shared->serial, 1, __ATOMIC_RELAXED));
}

int file_new(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd);
	must(fallocate(fd, 0, 0, (off_t)size));
	return fd;
}

int pool_open(const struct place *p, unsigned int nr)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/" FILE_PREFIX "pool-%u", p->path, nr);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd);
	return fd;
}

void pool_refill(int fd)
{
	must(ftruncate(fd, (off_t)POOL_SIZE));
	may(fallocate(fd, 0, 0, (off_t)POOL_SIZE), ENOSPC, EINTR);
}

void pool_anchor(unsigned int place)
{
	unsigned int i;

	for (i = 0; legacy && i < POOL_FILES; i++) {
		int fd = pool_open(&shared->places[place], i);

		/* Collapse and insert never make it longer than this. */
		anchors[place][i] = mmap(NULL, 4 * POOL_SIZE, PROT_NONE, MAP_SHARED, fd, 0);
		must((long)anchors[place][i]);
		/* A job elsewhere must not keep the filesystem mounted. */
		must(madvise(anchors[place][i], 4 * POOL_SIZE, MADV_DONTFORK));
		close(fd);
	}
}

void pool_release(unsigned int place)
{
	unsigned int i;

	for (i = 0; legacy && i < POOL_FILES; i++)
		must(munmap(anchors[place][i], 4 * POOL_SIZE));
}

/* Not those with poisoned pages: what they lie on is not to be used again. */
static bool file_is_ours(const char *name)
{
	return !strncmp(name, FILE_PREFIX, strlen(FILE_PREFIX)) && !strstr(name, "poison");
}

void files_clean(void)
{
	struct dirent *e;
	size_t i;
	DIR *d;

	for (i = 0; i < NR_PLACES; i++) {
		if (!shared->places[i].fs || !shared->places[i].path[0])
			continue;
		d = opendir(shared->places[i].path);
		while (d && (e = readdir(d)))
			if (file_is_ours(e->d_name))
				unlinkat(dirfd(d), e->d_name, 0);
		if (d)
			closedir(d);
	}
}

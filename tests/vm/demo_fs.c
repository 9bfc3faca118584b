// SPDX-License-Identifier: GPL-2.0-only
/* demo_fs.c - the demo's programs that live on DAX filesystems */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "demo.h"

#define PAGE (4 * KB)

/*
 * A database's write-ahead log: records of a page each, a backup of what is
 * new from time to time, then a new segment and the old one unlinked.
 */
void demo_wal(const struct demo *d)
{
	const size_t pages = 48;
	unsigned int segment;
	size_t i;

	for (segment = 0;; segment = (segment + 1) % 8) {
		char name[32], old[4096];
		char *log;
		int fd;

		snprintf(name, sizeof(name), "wal.%u", segment);
		fd = demo_open(d->ext4, name, pages * PAGE);
		log = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		demo_check(log == MAP_FAILED, name);
		for (i = 0; i < pages; i++) {
			memset(log + i * PAGE, 'w', PAGE);
			demo_pause(200);
			if (i % 16 == 15)
				demo_backup(d, log + (i - 15) * PAGE, 16 * PAGE);
		}
		demo_check(msync(log, pages * PAGE, MS_SYNC), "msync");
		munmap(log, pages * PAGE);
		close(fd);
		/* The one before the last is no longer needed. */
		snprintf(old, sizeof(old), "%s/wal.%u", d->ext4, (segment + 7) % 8);
		if (unlink(old) && errno != ENOENT)
			demo_check(1, old);
	}
}

/* What a snapshot does: its own copy of the page tables, reads all, ends. */
static void kv_snapshot(const char *data, size_t len)
{
	pid_t pid = demo_fork("kv-snapshot");
	size_t i;

	if (!pid) {
		for (i = 0; i < len; i += 2 * MB) {
			(void)*(volatile const char *)&data[i];
			demo_pause(100);
		}
		_exit(0);
	}
	demo_check(pid < 0, "fork");
	waitpid(pid, NULL, 0);
}

/*
 * A key-value store in huge pages: writes all over its file, forks for a
 * snapshot, and gives space back by punching holes.
 */
void demo_kv(const struct demo *d)
{
	const size_t chunks = 8, len = chunks * 2 * MB;
	int fd = demo_open(d->xfs, "kv.data", len);
	unsigned int i;

	for (;;) {
		char *data = demo_map(fd, len, 0, MAP_SHARED);

		for (i = 0; i < 24; i++) {
			data[demo_random(chunks) * 2 * MB + demo_random(512) * PAGE] = 'k';
			demo_pause(250);
			if (i % 12 == 6)
				kv_snapshot(data, len);
			if (i % 12 == 11) {
				off_t hole = (off_t)(demo_random(chunks) * 2 * MB);

				demo_check(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
						     hole, 2 * MB),
					   "hole punch");
				demo_check(fallocate(fd, 0, hole, 2 * MB), "fallocate");
			}
		}
		munmap(data, len);
		demo_pause(1000);
	}
}

/*
 * A message queue's segment is shipped to the disk while its reaper truncates
 * it: the truncate has to wait for the pages that the disk still reads.
 */
void demo_queue(const struct demo *d)
{
	const size_t len = 64 * KB;
	unsigned int nr;

	for (nr = 0;; nr++) {
		char name[32], path[4096];
		char *seg;
		int fd;
		pid_t pid;

		snprintf(name, sizeof(name), "seg-%u", nr % 100);
		snprintf(path, sizeof(path), "%s/%s", d->xfs, name);
		fd = demo_open(d->xfs, name, len);
		seg = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		demo_check(seg == MAP_FAILED, name);
		memset(seg, 'q', len);
		demo_pause(1500);
		pid = demo_fork("queue-reaper");
		if (!pid) {
			demo_pause(300);
			demo_check(ftruncate(fd, 0), "truncate");
			_exit(0);
		}
		demo_check(pid < 0, "fork");
		demo_backup(d, seg, len);
		waitpid(pid, NULL, 0);
		munmap(seg, len);
		close(fd);
		demo_check(unlink(path), name);
		demo_pause(2000);
	}
}

/*
 * A log shipper gives pages to a pipe without copying: each is held by the
 * pipe until somebody reads it, here after two seconds.
 */
void demo_ship(const struct demo *d)
{
	const size_t pages = 8;
	int fd = demo_open(d->ext4, "app.log", pages * PAGE);
	char *log = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char unused[PAGE];
	int ends[2];
	size_t i;

	demo_check(log == MAP_FAILED, "app.log");
	demo_check(pipe(ends), "pipe");
	for (i = 0;; i = (i + 1) % pages) {
		struct iovec v = { log + i * PAGE, PAGE };

		memset(v.iov_base, 'l', PAGE);
		demo_check(vmsplice(ends[1], &v, 1, 0) != (ssize_t)PAGE, "vmsplice");
		demo_pause(2000);
		demo_check(read(ends[0], unused, PAGE) != (ssize_t)PAGE, "read");
		demo_pause(500);
	}
}

/*
 * An importer reads a file through a private mapping and changes some pages:
 * those become ordinary memory, the file's stay.
 */
void demo_import(const struct demo *d)
{
	const size_t pages = 32;
	int fd = demo_open(d->ext4, "import.csv", pages * PAGE);
	size_t i;

	for (;;) {
		char *data = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

		demo_check(data == MAP_FAILED, "import.csv");
		for (i = 0; i < pages; i++) {
			(void)*(volatile char *)&data[i * PAGE];
			if (i % 4 == 0)
				data[i * PAGE] = 'i';
			demo_pause(150);
		}
		munmap(data, pages * PAGE);
		demo_pause(1000);
	}
}

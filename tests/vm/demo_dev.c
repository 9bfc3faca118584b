// SPDX-License-Identifier: GPL-2.0-only
/* demo_dev.c - the demo's programs that use device-dax */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "demo.h"

static int device_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	demo_check(fd < 0, path);
	return fd;
}

/*
 * An RDMA application without the hardware: its memory is registered (here with
 * io_uring, which pins as a memory region does: FOLL_LONGTERM) for some seconds.
 */
void demo_rdma(const struct demo *d)
{
	const size_t len = 8 * MB;
	int fd = device_open(d->dax2m);

	for (;;) {
		struct io_uring_params params = { 0 };
		char *memory = demo_map(fd, len, 0, MAP_SHARED);
		struct iovec region = { memory, 4 * MB };
		int ring = (int)syscall(__NR_io_uring_setup, 4, &params);
		size_t i;

		demo_check(ring < 0, "io_uring_setup");
		for (i = 0; i < len; i += 2 * MB) {
			memory[i] = 'r';
			demo_pause(300);
		}
		demo_check((int)syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS,
					&region, 1) < 0,
			   "io_uring_register");
		for (i = 0; i < 16; i++) {
			memory[demo_random(len)] = 'r';
			demo_pause(400);
		}
		demo_check((int)syscall(__NR_io_uring_register, ring, IORING_UNREGISTER_BUFFERS,
					NULL, 0) < 0,
			   "io_uring_register");
		close(ring);
		munmap(memory, len);
		demo_pause(1500);
	}
}

/* Somebody else reads the cache's memory: every page pinned for a moment. */
static void cache_watch(pid_t cache, char *at, size_t len)
{
	static char copy[64 * KB];
	struct iovec here = { copy, sizeof(copy) }, there = { at, len };

	if (process_vm_readv(cache, &here, 1, &there, 1, 0) < 0 && errno != EFAULT)
		demo_check(1, "process_vm_readv");
	_exit(0);
}

/* A cache in small pages: fills, is looked at from outside, is dropped. */
void demo_cache(const struct demo *d)
{
	const size_t pages = 64;
	int fd = device_open(d->dax4k);

	for (;;) {
		char *cache = mmap(NULL, pages * 4 * KB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		pid_t self = getpid(), pid;
		size_t i;

		demo_check(cache == MAP_FAILED, d->dax4k);
		for (i = 0; i < pages; i++) {
			cache[i * 4 * KB] = 'c';
			demo_pause(100);
			if (i % 32 != 31)
				continue;
			pid = demo_fork("cache-watch");
			if (!pid)
				cache_watch(self, cache + (i - 15) * 4 * KB, 64 * KB);
			demo_check(pid < 0, "fork");
			waitpid(pid, NULL, 0);
		}
		munmap(cache, pages * 4 * KB);
		demo_pause(1000);
	}
}

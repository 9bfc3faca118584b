// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo.c - demo-workload: several processes that use DAX as real programs do,
 * gently and for ever, so that there is something to watch. Ends with its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "demo.h"

static const struct worker {
	const char *name;
	void (*run)(const struct demo *d);
} workers[] = {
	{ "db-wal", demo_wal },	     { "kv-store", demo_kv },	  { "queue", demo_queue },
	{ "log-ship", demo_ship },   { "importer", demo_import }, { "rdma-sim", demo_rdma },
	{ "dax-cache", demo_cache },
};
#define NR_WORKERS (sizeof(workers) / sizeof(workers[0]))

static uint64_t random_state;

unsigned int demo_random(unsigned int n)
{
	/* splitmix64; any sequence without a visible pattern would do */
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (unsigned int)((z ^ (z >> 31)) % n);
}

void demo_pause(unsigned int ms)
{
	unsigned int span = ms * 4 / 5 + demo_random(ms * 2 / 5 + 1);
	struct timespec t = { span / 1000, (long)(span % 1000) * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

void demo_check(int failed, const char *what)
{
	char name[16] = "?";

	if (!failed)
		return;
	prctl(PR_GET_NAME, name);
	fprintf(stderr, "demo-workload: %s: %s: %s\n", name, what, strerror(errno));
	_exit(1);
}

int demo_fork(const char *name)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have ended before the line above. */
	if (getppid() != parent)
		_exit(0);
	return 0;
}

int demo_open(const char *dir, const char *name, size_t size)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	demo_check(fd < 0, path);
	if (size) {
		errno = posix_fallocate(fd, 0, (off_t)size);
		demo_check(errno != 0, path);
	}
	return fd;
}

char *demo_map(int fd, size_t len, size_t offset, int flags)
{
	char *hole, *at;

	/* A reservation with room to align in, then the mapping over it. */
	hole = mmap(NULL, len + 2 * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	demo_check(hole == MAP_FAILED, "mmap");
	at = (char *)(((uintptr_t)hole + 2 * MB - 1) & ~(2 * MB - 1));
	if (at > hole)
		munmap(hole, (size_t)(at - hole));
	if (at + len < hole + len + 2 * MB)
		munmap(at + len, (size_t)(hole + len + 2 * MB - (at + len)));
	at = mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, (off_t)offset);
	demo_check(at == MAP_FAILED, "mmap");
	return at;
}

void demo_backup(const struct demo *d, const void *buf, size_t len)
{
	int fd = open(d->disk, O_WRONLY | O_DIRECT | O_CLOEXEC);

	demo_check(fd < 0, d->disk);
	demo_check(pwrite(fd, buf, len, 0) != (ssize_t)len, "O_DIRECT write");
	close(fd);
}

static void worker_run(const struct worker *w, const struct demo *d)
{
	random_state = (uint64_t)(w - workers);
	/* Not all at the same moment. */
	demo_pause(100 + 150 * (unsigned int)(w - workers));
	w->run(d);
	_exit(0);
}

static pid_t worker_start(const struct worker *w, const struct demo *d)
{
	pid_t pid = demo_fork(w->name);

	if (!pid)
		worker_run(w, d);
	return pid;
}

int main(int argc, char **argv)
{
	pid_t pids[NR_WORKERS];
	struct demo d;
	size_t i;
	pid_t pid;

	if (argc != 6) {
		fputs("usage: demo-workload EXT4-FOLDER XFS-FOLDER DAX-2M DAX-4K DISK\n", stderr);
		return 2;
	}
	d = (struct demo){ argv[1], argv[2], argv[3], argv[4], argv[5] };
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	mkdir(d.ext4, 0755);
	mkdir(d.xfs, 0755);
	for (i = 0; i < NR_WORKERS; i++)
		pids[i] = worker_start(&workers[i], &d);
	for (;;) {
		pid = wait(NULL);
		if (pid < 0) {
			/* None could be started: try again, slowly. */
			if (errno != ECHILD && errno != EINTR)
				return 1;
		}
		sleep(1);
		for (i = 0; i < NR_WORKERS; i++)
			if (pids[i] == pid || pids[i] < 0)
				pids[i] = worker_start(&workers[i], &d);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * disk.c - a disk that is done with a write when it is told to be: the kernel's network
 * block device, whose server is a process of ours. Reads are answered at once, because
 * the kernel looks for partitions.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "disk.h"
#include "place.h"

#define DISKS	   16
#define BLOCKS	   16384
#define MAX_WRITES 16
#define MAX_BYTES  (1 << 20) /* of a transfer */

static char name[16], device[32]; /* "nbd3", "/dev/nbd3" */
static struct child server;
static pid_t driver;

/* ---- the server ---- */

static char data[MAX_BYTES];
static char handles[MAX_WRITES][8];
static unsigned int nr_handles;

static bool receive(int sock, void *buf, size_t len)
{
	return recv(sock, buf, len, MSG_WAITALL) == (ssize_t)len;
}

static void answer(int sock, const char handle[8], size_t len)
{
	struct nbd_reply r = { .magic = htonl(NBD_REPLY_MAGIC) };

	memcpy(r.handle, handle, sizeof(r.handle));
	must(send(sock, &r, sizeof(r), 0) == sizeof(r));
	memset(data, 0, len);
	must(!len || send(sock, data, len, 0) == (ssize_t)len);
}

static void serve_one(int sock)
{
	struct nbd_request q;
	uint32_t type, len;

	if (!receive(sock, &q, sizeof(q)))
		_exit(0); /* the driver has gone */
	must(ntohl(q.magic) == NBD_REQUEST_MAGIC);
	type = ntohl(q.type) & 0xffff;
	len = ntohl(q.len);
	must(len <= MAX_BYTES);
	switch (type) {
	case NBD_CMD_DISC:
		_exit(0);
	case NBD_CMD_WRITE:
		must(receive(sock, data, len));
		must(nr_handles < MAX_WRITES);
		memcpy(handles[nr_handles++], q.handle, sizeof(q.handle));
		break;
	default:
		answer(sock, q.handle, type == NBD_CMD_READ ? len : 0);
	}
}

static void serve(struct child *c, void *arg)
{
	struct pollfd fds[2] = { { *(int *)arg, POLLIN, 0 }, { c->from, POLLIN, 0 } };
	char byte;

	on_fail = NULL;
	for (;;) {
		must(poll(fds, 2, -1) > 0);
		if (fds[0].revents)
			serve_one(fds[0].fd);
		if (fds[1].revents && read(c->from, &byte, 1) != 1)
			_exit(0);
		while (nr_handles && fds[1].revents)
			answer(fds[0].fd, handles[--nr_handles], 0);
	}
}

/* ---- what the test calls ---- */

/* The driver runs when the disk is no longer empty. */
static void await_size(void)
{
	int64_t end = now_ms() + PATIENCE_MS;
	unsigned long sectors;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/size", name);
	for (;;) {
		f = fopen(path, "re");
		must(f && fscanf(f, "%lu", &sectors) == 1);
		fclose(f);
		if (sectors)
			return;
		if (now_ms() > end)
			fail("the disk is empty");
		poll_pause();
	}
}

/* The driver of a test that failed is killed with it, and lets go a moment later. */
static void await_free(void)
{
	int64_t end = now_ms() + PATIENCE_MS;
	char path[64];

	snprintf(path, sizeof(path), "/sys/block/%s/pid", name);
	while (!access(path, F_OK)) {
		if (now_ms() > end)
			fail("somebody else runs the disk");
		poll_pause();
	}
}

/* One that no other test has: until the end of all processes of ours, by a lock. */
static void disk_take(void)
{
	char lock[64];
	int i, fd;

	if (access("/dev/nbd0", F_OK))
		run("modprobe nbd nbds_max=%d", DISKS);
	for (i = 0; i < DISKS; i++) {
		snprintf(lock, sizeof(lock), "/tmp/gt-nbd%d", i);
		fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		must(fd >= 0);
		if (!flock(fd, LOCK_EX | LOCK_NB))
			break;
		must(!close(fd));
	}
	must(i < DISKS);
	snprintf(name, sizeof(name), "nbd%d", i);
	snprintf(device, sizeof(device), "/dev/nbd%d", i);
}

void disk_start(void)
{
	int fd, socks[2];

	disk_take();
	wait_for_path(device);
	await_free();
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	fd = open(device, O_RDWR | O_CLOEXEC);
	must(fd >= 0);
	must(!ioctl(fd, NBD_SET_BLKSIZE, SZ_4K));
	must(!ioctl(fd, NBD_SET_SIZE_BLOCKS, (unsigned long)BLOCKS));
	must(!ioctl(fd, NBD_SET_SOCK, (unsigned long)socks[0]));
	fflush(stdout);
	driver = fork();
	must(driver >= 0);
	if (!driver) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(socks[1]);
		ioctl(fd, NBD_DO_IT);
		ioctl(fd, NBD_CLEAR_SOCK);
		_exit(0);
	}
	child_start(&server, serve, &socks[1]);
	/* one that failed can't end before its AIO does (exit_aio()) */
	on_fail = disk_go;
	must(!close(socks[0]) && !close(socks[1]) && !close(fd));
	await_size();
}

int disk_open(void)
{
	int fd = open(device, O_WRONLY | O_DIRECT | O_CLOEXEC);

	must(fd >= 0);
	return fd;
}

void disk_await(unsigned int n)
{
	int64_t end = now_ms() + PATIENCE_MS;
	unsigned int reads, writes;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/inflight", name);
	for (;;) {
		f = fopen(path, "re");
		must(f && fscanf(f, "%u %u", &reads, &writes) == 2);
		fclose(f);
		if (writes >= n)
			return;
		if (now_ms() > end)
			fail("the disk has %u writes, %u expected", writes, n);
		poll_pause();
	}
}

void disk_go(void)
{
	child_go(&server);
}

void disk_stop(void)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);

	on_fail = NULL;
	must(fd >= 0);
	must(!ioctl(fd, NBD_DISCONNECT));
	must(!close(fd));
	child_end(&server);
	must(waitpid(driver, NULL, 0) == driver);
}

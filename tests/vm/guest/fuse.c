// SPDX-License-Identifier: GPL-2.0-only
/* fuse.c - a filesystem that a user without privileges serves. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fuse.h"
#include "place.h"
#include "strangers.h"

enum {
	FUSE_FILE = FUSE_ROOT_ID + 1, /* "lib" */
	FUSE_SHUT,
};

static volatile bool *silent; /* shared with the server */

static void fuse_attr(struct fuse_attr *a, uint64_t node)
{
	*a = (struct fuse_attr){
		.ino = node,
		.size = 1 << 20,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = 1,
	};
}

/* Puts the answer to a request in @out. Returns its length, or -errno. */
static int fuse_answer(const struct fuse_in_header *in, void *out)
{
	struct fuse_entry_out *entry = out;
	struct fuse_attr_out *attr = out;
	struct fuse_init_out *init = out;
	const struct fuse_read_in *read;
	const char *name;

	switch (in->opcode) {
	case FUSE_INIT:
		init->major = FUSE_KERNEL_VERSION;
		init->minor = 31;
		init->max_write = 4096;
		return sizeof(*init);
	case FUSE_LOOKUP:
		name = (const char *)(in + 1);
		if (strcmp(name, "lib") && strcmp(name, "shut"))
			return -ENOENT;
		entry->nodeid = strcmp(name, "lib") ? FUSE_SHUT : FUSE_FILE;
		entry->entry_valid = entry->attr_valid = 1;
		fuse_attr(&entry->attr, entry->nodeid);
		return sizeof(*entry);
	case FUSE_GETATTR:
		attr->attr_valid = 1;
		fuse_attr(&attr->attr, in->nodeid);
		return sizeof(*attr);
	case FUSE_OPEN:
		return sizeof(struct fuse_open_out);
	case FUSE_READ:
		read = (const void *)(in + 1);
		return read->size;
	case FUSE_STATFS:
		return sizeof(struct fuse_statfs_out);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return 0;
	}
	return -ENOSYS;
}

static bool fuse_unanswered(const struct fuse_in_header *in)
{
	switch (in->opcode) {
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return true;
	case FUSE_LOOKUP:
		return *silent || !strcmp((const char *)(in + 1), "never");
	case FUSE_OPEN:
		return *silent || in->nodeid == FUSE_SHUT;
	}
	return *silent;
}

static void fuse_serve(struct child *c, void *arg)
{
	static char in[1 << 18], out[1 << 18];
	struct fuse_in_header *h = (void *)in;
	struct fuse_out_header *o = (void *)out;
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), rc;

	(void)arg;
	must(fd >= 0);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other", fd, STRANGER, STRANGER);
	must(!mount("gt", FUSE_DIR, "fuse", MS_NOSUID | MS_NODEV, options));
	become_stranger();
	child_go(c);
	while (read(fd, in, sizeof(in)) > 0) {
		if (fuse_unanswered(h))
			continue;
		memset(out, 0, sizeof(*o) + 256);
		rc = fuse_answer(h, o + 1);
		o->unique = h->unique;
		o->error = rc < 0 ? rc : 0;
		o->len = sizeof(*o) + (rc > 0 ? rc : 0);
		if (write(fd, out, o->len) < 0 && errno != ENOENT)
			break;
	}
}

bool fuse_there(void)
{
	return strcmp(run("grep -cw fuse /proc/filesystems || true"), "0\n");
}

void fuse_start(struct child *c)
{
	silent = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(silent != MAP_FAILED);
	run("mkdir -p " FUSE_DIR);
	afterwards("umount -l " FUSE_DIR "; rmdir " FUSE_DIR);
	child_start(c, fuse_serve, NULL);
	child_await(c);
}

void fuse_silence(void)
{
	*silent = true;
}

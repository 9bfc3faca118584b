/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OPENER_H
#define DAXTOP_OPENER_H
/*
 * opener.h - a process that looks into other processes, so that daxtop itself never waits for one.
 *
 *	daxtop ---- requests ----> opener ---- forks for each ----> child
 *	   |                          `------- forks ----> namer (namer.h)
 *	   `---- ELF files, offsets -----------------------^
 *
 * Its children do what a stranger can make endless: mmap_lock, a lease, a filesystem that does not
 * answer. One that is not done in time is killed and not waited for. They parse nothing of a stranger's.
 *
 * It is forked before daxtop has loaded or opened anything, holds its socket only, is no child of
 * daxtop's (check waits for all of its own), and ends when daxtop's end of the socket is closed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "frame.h"

#define OPENER_NAME_MAX 128

/* What lies at an address of a process. */
struct opener_mapping {
	uint64_t start, end; /* addresses; end 0: nothing is mapped there */
	uint64_t offset; /* of start, in the file; bytes */
	uint64_t ino; /* as the kernel's inode has it; 0: no file */
	uint32_t major, minor; /* of its superblock */
	char name[OPENER_NAME_MAX]; /* end of its path, or "[vdso]"; hostile bytes, ends with NUL */
};

/* Equal: the same bytes. A change of the contents changes ctime, and no call sets that: inode(7). */
struct opener_file {
	uint64_t major, minor, ino, size; /* as stat() has them */
	int64_t ctime, ctime_nsec, mtime, mtime_nsec;
};

/* Why a file is not opened. */
enum opener_refusal {
	OPENER_OPENABLE,
	OPENER_GONE, /* it is not mapped there any more */
	OPENER_NOT_REGULAR,
	OPENER_FILESYSTEM, /* none of those that the kernel itself serves from this machine's memory and disks */
	OPENER_TOO_LARGE,
	OPENER_FAILED,
	OPENER_SILENT, /* never sent: the child was killed before it could say */
};

struct opener_request {
	uint32_t id; /* stands in every reply */
	enum {
		OPENER_MAPPINGS,
		OPENER_OPEN,
		OPENER_NAMER
	} op; /* OPENER_NAMER: ends the one there is, begins @nr (0 or 1) */
	uint32_t tgid;
	uint32_t nr;
	uint64_t addr[STACK_FRAMES]; /* OPENER_MAPPINGS */
	struct opener_mapping mapping; /* OPENER_OPEN */
	struct opener_file file; /* ... which it must be */
};

/*
 * Packets of a reply: OPENER_MAPPING for each address in order, then OPENER_FILE for those that lie in files;
 * OPENER_FD with the descriptor; OPENER_END last, always.
 */
struct opener_reply {
	uint32_t id;
	enum { OPENER_MAPPING, OPENER_FILE, OPENER_FD, OPENER_END } kind;
	uint32_t index; /* of the address */
	int32_t status; /* OPENER_FILE: enum opener_refusal; OPENER_END: 0 or -errno, -ETIMEDOUT, -EBUSY */
	union {
		struct opener_mapping mapping;
		struct opener_file file;
	};
};

#define OPENER_LIMIT_MS	 500 /* for one request's child */
#define OPENER_STUCK_MAX 8 /* children that were killed and don't end */

/* Starts it. Returns daxtop's end of the socket (close-on-exec), or -errno. */
int opener_start(void);
/* A packet with a descriptor, or without (-1). Returns 0, or -errno. */
int opener_send(int sock, const void *packet, size_t len, int fd);

#endif

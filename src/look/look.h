/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_H
#define DAXTOP_LOOK_H
/*
 * look.h - one look at the running kernel: programs are loaded and run, nothing is
 * attached, nothing in the kernel changes. Each function adds what it finds to a struct
 * scan (scan/scan.h) and says there what it could not look at.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "model/probe.h"
#include "scan/scan.h"

struct look;

/*
 * Loads. Returns NULL with a sentence (no newline) in @err that says what to do. The
 * process must have passed preflight().
 */
struct look *look_open(char *err, size_t errlen);
void look_close(struct look *l); /* NULL is fine */
/* A module is there whose objects it could read and does not, because it came later: open another one. */
bool look_is_old(const struct look *l);
/*
 * A look is many runs of programs and reads of iterators. @fn is called between two of them, on the same
 * thread, with how many things were looked at since its last call: tasks, descriptors, words of stacks, runs
 * of programs. It must not use @l. NULL: nothing is.
 */
void look_between(struct look *l, void (*fn)(void *arg, uint64_t things), void *arg);
/* In a step that takes long: what is done between two. */
void look_turn(struct look *l);
enum regime look_regime(const struct look *l);

/*
 * All return 0 or -errno after scan_add_gap(). Long ones look at *stop (not NULL) between pieces and
 * end early with -EINTR when it is set.
 */
typedef const volatile int look_stop;

/* Every pgmap: look_walk() walks those that the filter wants. */
int look_pgmaps(struct look *l, struct scan *s);
/* Every struct page of them; the folios that are not idle, and their files' paths. */
int look_walk(struct look *l, struct scan *s, look_stop *stop);
/* Paths of the files that the scan has and that have none; look_walk() does it. */
int look_paths(struct look *l, struct scan *s);
/*
 * Of files that this mount namespace does not show, in those of the processes that the scan has found
 * to map them. After the holders. Returns 0 or -ENOMEM.
 */
int look_others_paths(struct look *l, struct scan *s);

/* An inode that was met. Its address may be another one's by now: all of it is compared. */
struct look_inode {
	uint64_t mapping; /* address of its struct address_space */
	uint64_t ino;
	uint32_t dev, gen;
};
/*
 * The name that it has now, in its filesystem: *@path, to be freed, NULL: none is known. *@flags: DX_PATH_DELETED,
 * DX_PATH_TRUNCATED. Returns 1; 0: it is not in memory any more; or -errno.
 */
int look_inode_path(struct look *l, const struct look_inode *id, char **path, uint32_t *flags);
/* Mounts of DAX filesystems, as this process sees them. */
int look_mounts(struct look *l, struct scan *s);
/* Who maps the files and devices: mapping.c. After look_walk(). */
int look_mappings(struct look *l, struct scan *s, look_stop *stop);
/* Pipes, io_uring, sockets, AIO, vfio, open devices, of all processes: object.c. */
int look_objects(struct look *l, struct scan *s, look_stop *stop);
/* Block requests in flight: request.c. */
int look_requests(struct look *l, struct scan *s, look_stop *stop);
/* RDMA memory regions: rdma.c. */
int look_rdma(struct look *l, struct scan *s, look_stop *stop);
/* Tasks that are blocked now, and what they wait for: wait.c. */
int look_waits(struct look *l, struct scan *s, look_stop *stop);

/*
 * The process that has the number @pid, or a thread that has it, in this process's own pid namespace: *@tgid is its
 * number in the initial one, as all have it that looks tell; @comm (may be NULL) its name, not terminated if it is
 * long. Returns 0, -ESRCH, or another -errno.
 */
int look_process(struct look *l, uint32_t pid, uint32_t *tgid, char *comm);

/* "name+0x10/0x20 [module]" of a kernel address, "0x..." without a name, "" for 0. */
void look_symbol(struct look *l, uint64_t addr, char *out, size_t len);

/* Tasks that sleep in a call with such pages in its local variables: stack.c. After look_waits(). */
int look_stacks(struct look *l, struct scan *s, look_stop *stop);

/* A file of a filesystem, as the kernel knows it: behind a bind mount or overlayfs the real one. */
struct look_file {
	uint64_t mapping; /* an id only */
	uint64_t ino;
	uint32_t dev, gen; /* kernel dev_t */
	bool dax; /* S_DAX: its pages are ZONE_DEVICE */
};
/* Returns 0, or -errno with a sentence in @err. */
int look_at_file(struct look *l, const char *path, struct look_file *out, char *err, size_t errlen);

#endif

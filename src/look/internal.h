/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_INTERNAL_H
#define DAXTOP_LOOK_INTERNAL_H
/* internal.h - what the files of a look share */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "probe/btf_names.h"
#include "source/programs.h"
#include "source/source.h"
#include "look.h"
#include "look_inode.h"
#include "look_task.h"
#include "look_vma.h"
#include "look_object.h"
#include "source/walk.h"
#include "look_stack.h"
#include "look.skel.h"

struct look {
	struct btf_names *types; /* the kernel's */
	enum regime regime;
	uint32_t zone_shift;
	struct look_bpf *skel;
	struct dx_init_args init;
	unsigned int nr_cpus;
	void (*between)(void *arg); /* look_between() */
	void *between_arg;
	bool no_mr; /* no driver was there whose memory regions can be read: dx_next_mr() is not loaded */
};

/*
 * Runs the iterator @prog to its end; @fn gets what it wrote, @size bytes each time.
 * @fn returns 0, or what ends it. Returns 0, that, or -errno.
 */
int look_iterate(struct look *l, struct bpf_program *prog, size_t size,
		 int (*fn)(void *arg, const void *record), void *arg);
/* The same for the thread @tid only; -ESRCH: it has gone. */
int look_iterate_thread(struct look *l, struct bpf_program *prog, uint32_t tid, size_t size,
			int (*fn)(void *arg, const void *record), void *arg);

/* Does a block device stand on one of the scan's pgmaps? Its name in @name. file.c */
bool look_stands_on(struct scan *s, uint32_t dev, char *name, size_t len);
/* Is it the file, or in the filesystem, that the scan's filter names? */
bool look_wants_file(const struct scan *s, const struct scan_file *f);

#define INDEX_PIECES 4096 /* seconds at most */
/*
 * Where the file has the page @pfn. Returns 1 with *@index, 0: it has not, or 2: not known. Each
 * piece of the search takes one from *@pieces; it ends at 0.
 */
int look_index_of(struct look *l, const struct look_mapping_id *id, uint64_t pfn, uint64_t *index,
		  unsigned int *pieces, look_stop *stop);

/* programs_run(), a step of the look. */
static inline int look_run(const struct look *l, const struct bpf_program *prog, void *args,
			   size_t len)
{
	if (l->between)
		l->between(l->between_arg);
	return programs_run(prog, args, len);
}

static inline bool look_stopped(look_stop *stop)
{
	return stop && *stop;
}

#endif

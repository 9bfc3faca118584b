/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_INTERNAL_H
#define DAXTOP_LOOK_INTERNAL_H
/* internal.h - what the files of a look share */
#include "kernel/asker.h"
#include "look.h"
#include "place.h"

struct look {
	struct asker *asker;
	const struct answers *answers; /* its */
	enum regime regime;
	struct places *places; /* NULL: not asked for yet */
	bool no_mr; /* no driver was there whose memory regions can be read: they can't be asked for */
};

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

static inline bool look_stopped(look_stop *stop)
{
	return stop && *stop;
}

#endif

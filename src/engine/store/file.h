/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_FILE_H
#define DAXTOP_ENGINE_STORE_FILE_H
/* file.h - the table of files, and their paths. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/store/chunk.h"
#include "engine/store/folio.h"
#include "event.h"

struct file {
	uint64_t ino, time;
	char *path; /* a block of its own, that others may refer to */
	uint32_t dev, gen;
	uint32_t refs; /* folios */
	uint32_t next;
	uint32_t path_flags, path_tgid; /* DX_PATH_*; with DX_PATH_NAMESPACE whose */
	bool recent;
};

#define FILE_SHIFT	  8 /* 256 a chunk */
#define FILE_BUCKET_SHIFT 10 /* 1024 a chunk */

struct file_table {
	struct chunks file; /* the first: none */
	struct chunks bucket;
	uint32_t nr, top, limit, nr_buckets, free;
	bool *no_memory; /* set when it was short */
};

/* What it points to outlives the table. Returns 0, -ENOMEM. */
int file_table_init(struct file_table *t, struct pool *pool, bool *no_memory);
void file_table_destroy(struct file_table *t);
/* Beside the pool. */
size_t file_table_bytes(const struct file_table *t);
/* @to is what @from is now, for queries only. Returns 0, -ENOMEM. */
int file_table_share(struct file_table *from, struct file_table *to);
static inline const struct file *file_ptr(const struct file_table *t, uint32_t id)
{
	return chunks_at(&t->file, id, FILE_SHIFT, sizeof(struct file));
}
/* Id, 0: there is none. @gen: i_generation. */
uint32_t file_lookup(const struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen);
/* The same, and it is one of those of late. */
uint32_t file_seen(struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen);
/* Id, made when it is new; 0: no memory. */
uint32_t file_get(struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen);
/* Counts @n folios more (or less) that name it. */
void file_refs(struct file_table *t, uint32_t id, int n);
/* The name of a file, or that it is not known any more. @len: of the record in bytes. Returns 0, -EINVAL: malformed, -ENOMEM. */
int file_name(struct file_table *t, const struct dx_file_event *ev, size_t len);
/* Makes the folio's file (dev, ino, gen). */
void file_set_folio(struct file_table *t, struct folio *f, uint32_t dev, uint64_t ino, uint32_t gen);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_FILE_H
#define DAXTOP_ENGINE_STORE_FILE_H
/* file.h - the table of files, and their paths. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/store/folio.h"
#include "event.h"

struct file {
	uint64_t ino, time;
	char *path;
	uint32_t dev;
	uint32_t refs; /* folios */
	uint32_t next;
	bool deleted, recent;
};

struct file_table {
	struct file *file; /* [0]: none */
	uint32_t *bucket;
	uint32_t nr, top, max, limit, nr_buckets, free;
	size_t path_bytes;
	bool *no_memory; /* set when it was short */
};

/* What it points to outlives the table. Returns 0, -ENOMEM. */
int file_table_init(struct file_table *t, bool *no_memory);
void file_table_destroy(struct file_table *t);
size_t file_table_bytes(const struct file_table *t);
/* Id, 0: none and (@add false or no memory). */
uint32_t file_find(struct file_table *t, uint32_t dev, uint64_t ino, bool add);
/* The name of a file. @len: of the record in bytes. Returns 0, -EINVAL: malformed, -ENOMEM. */
int file_name(struct file_table *t, const struct dx_file_event *ev, size_t len);
/* Makes the folio's file (dev, ino). */
void file_set_folio(struct file_table *t, struct folio *f, uint32_t dev, uint64_t ino);

#endif

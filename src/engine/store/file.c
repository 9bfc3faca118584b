// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - the files that folios belong to, and their paths.
 *
 * A file stays as long as a folio names it. Of the others, those that were not
 * looked up since the last sweep go when the table is at its limit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/store/alloc.h"
#include "engine/store/file.h"

#define FILE_LIMIT_FIRST 65536u

int file_table_init(struct file_table *t, bool *no_memory)
{
	t->no_memory = no_memory;
	t->limit = FILE_LIMIT_FIRST;
	if (array_grow((void **)&t->file, &t->max, 16, sizeof(*t->file)))
		return -ENOMEM;
	t->file[0] = (struct file){ 0 };
	t->top = 1;
	t->nr_buckets = 64;
	t->bucket = engine_realloc(NULL, t->nr_buckets * sizeof(*t->bucket));
	if (!t->bucket)
		return -ENOMEM;
	memset(t->bucket, 0, t->nr_buckets * sizeof(*t->bucket));
	return 0;
}

void file_table_destroy(struct file_table *t)
{
	for (uint32_t id = 1; id < t->top; id++)
		free(t->file[id].path);
	free(t->file);
	free(t->bucket);
}

size_t file_table_bytes(const struct file_table *t)
{
	return t->max * sizeof(*t->file) + t->nr_buckets * sizeof(*t->bucket) + t->path_bytes;
}

static uint32_t *file_bucket(const struct file_table *t, uint32_t dev, uint64_t ino)
{
	uint64_t hash = (ino * 0x9e3779b97f4a7c15ull ^ dev) * 0xff51afd7ed558ccdull;

	return &t->bucket[hash >> 32 & (t->nr_buckets - 1)];
}

static void file_set_path(struct file_table *t, struct file *f, char *path)
{
	if (f->path)
		t->path_bytes -= strlen(f->path) + 1;
	free(f->path);
	f->path = path;
	if (path)
		t->path_bytes += strlen(path) + 1;
}

static void file_sweep(struct file_table *t)
{
	for (uint32_t i = 0; i < t->nr_buckets; i++) {
		uint32_t *link = &t->bucket[i];

		while (*link) {
			uint32_t id = *link;
			struct file *f = &t->file[id];

			if (f->refs || f->recent) {
				f->recent = false;
				link = &f->next;
				continue;
			}
			*link = f->next;
			file_set_path(t, f, NULL);
			*f = (struct file){ .next = t->free };
			t->free = id;
			t->nr--;
		}
	}
	if (t->nr > t->limit / 4 * 3)
		t->limit *= 2;
}

static void file_rehash(struct file_table *t)
{
	uint32_t n = 2 * t->nr_buckets, *old = t->bucket, i, id, next;
	uint32_t *bucket = engine_realloc(NULL, n * sizeof(*bucket)), *head;

	if (!bucket)
		return;
	memset(bucket, 0, n * sizeof(*bucket));
	t->bucket = bucket;
	t->nr_buckets = n;
	for (i = 0; i < n / 2; i++) {
		for (id = old[i]; id; id = next) {
			next = t->file[id].next;
			head = file_bucket(t, t->file[id].dev, t->file[id].ino);
			t->file[id].next = *head;
			*head = id;
		}
	}
	free(old);
}

uint32_t file_find(struct file_table *t, uint32_t dev, uint64_t ino, bool add)
{
	uint32_t id, *bucket;

	for (id = *file_bucket(t, dev, ino); id; id = t->file[id].next) {
		if (t->file[id].ino == ino && t->file[id].dev == dev) {
			t->file[id].recent = true;
			return id;
		}
	}
	if (!add)
		return 0;
	if (t->nr >= t->limit)
		file_sweep(t);
	if (t->nr >= t->nr_buckets)
		file_rehash(t);
	if (t->free) {
		id = t->free;
		t->free = t->file[id].next;
	} else {
		if (t->top >> FILE_BITS)
			return 0;
		if (array_grow((void **)&t->file, &t->max, t->top + 1, sizeof(*t->file))) {
			*t->no_memory = true;
			return 0;
		}
		id = t->top++;
	}
	bucket = file_bucket(t, dev, ino);
	t->file[id] = (struct file){ .dev = dev, .ino = ino, .next = *bucket, .recent = true };
	*bucket = id;
	t->nr++;
	return id;
}

int file_name(struct file_table *t, const struct dx_file_event *ev, size_t len)
{
	const size_t fixed = offsetof(struct dx_file_event, path);
	uint32_t path_len, path_flags, id;
	char *path;

	if (len < fixed)
		return -EINVAL;
	memcpy(&path_len, &ev->path_len, sizeof(path_len));
	memcpy(&path_flags, &ev->path_flags, sizeof(path_flags));
	if (!path_len || path_len >= DX_PATH_LEN || path_len > len - fixed)
		return -EINVAL;
	id = file_find(t, ev->e.dev, ev->e.ino, true);
	if (!id)
		return -ENOMEM;
	/* two CPUs can tell of the same inode: the newer word holds */
	if (t->file[id].path && ev->e.time < t->file[id].time)
		return 0;
	path_len = strnlen(ev->path, path_len);
	path = engine_realloc(NULL, path_len + 1);
	if (!path)
		return -ENOMEM;
	memcpy(path, ev->path, path_len);
	path[path_len] = 0;
	file_set_path(t, &t->file[id], path);
	t->file[id].deleted = path_flags & DX_PATH_DELETED;
	t->file[id].time = ev->e.time;
	return 0;
}

void file_set_folio(struct file_table *t, struct folio *f, uint32_t dev, uint64_t ino)
{
	uint32_t id;

	if (f->file && t->file[f->file].ino == ino && t->file[f->file].dev == dev)
		return;
	id = file_find(t, dev, ino, true);
	if (f->file)
		t->file[f->file].refs--;
	if (id)
		t->file[id].refs++;
	f->file = id;
}

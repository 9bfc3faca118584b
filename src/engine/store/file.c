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

static void paths_get(const void *chunk)
{
	const struct file *f = chunk;

	for (uint32_t i = 0; i < 1u << FILE_SHIFT; i++)
		if (f[i].path)
			block_get(f[i].path);
}

static void paths_put(struct pool *p, void *chunk)
{
	struct file *f = chunk;

	for (uint32_t i = 0; i < 1u << FILE_SHIFT; i++)
		block_put(p, f[i].path);
}

static const struct chunk_kind file_kind = { FILE_SHIFT, sizeof(struct file), paths_get, paths_put,
					     false };
static const struct chunk_kind bucket_kind = { FILE_BUCKET_SHIFT, sizeof(uint32_t), NULL, NULL,
					       false };

static struct file *file_write(struct file_table *t, uint32_t id)
{
	return chunks_write(&t->file, id, FILE_SHIFT, sizeof(struct file));
}

int file_table_init(struct file_table *t, struct pool *pool, bool *no_memory)
{
	chunks_init(&t->file, &file_kind, pool);
	chunks_init(&t->bucket, &bucket_kind, pool);
	t->no_memory = no_memory;
	t->limit = FILE_LIMIT_FIRST;
	t->top = 1;
	t->nr_buckets = 64;
	return chunks_grow(&t->file, 1) || chunks_grow(&t->bucket, t->nr_buckets) ? -ENOMEM : 0;
}

void file_table_destroy(struct file_table *t)
{
	chunks_destroy(&t->file);
	chunks_destroy(&t->bucket);
}

size_t file_table_bytes(const struct file_table *t)
{
	return chunks_bytes_beside(&t->file) + chunks_bytes_beside(&t->bucket);
}

int file_table_share(struct file_table *from, struct file_table *to)
{
	to->nr_buckets = from->nr_buckets;
	return chunks_share(&from->bucket, &to->bucket) || chunks_share(&from->file, &to->file)
		       ? -ENOMEM
		       : 0;
}

static uint32_t file_bucket(const struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen)
{
	uint64_t hash =
		(ino * 0x9e3779b97f4a7c15ull ^ dev ^ (uint64_t)gen << 32) * 0xff51afd7ed558ccdull;

	return hash >> 32 & (t->nr_buckets - 1);
}

static uint32_t bucket_first(const struct file_table *t, uint32_t bucket)
{
	return *(const uint32_t *)chunks_at(&t->bucket, bucket, FILE_BUCKET_SHIFT, sizeof(uint32_t));
}

static void bucket_set(struct file_table *t, uint32_t bucket, uint32_t first)
{
	*(uint32_t *)chunks_write(&t->bucket, bucket, FILE_BUCKET_SHIFT, sizeof(uint32_t)) = first;
}

/* @f is in a chunk that no snapshot has, which keeps the old path. */
static void file_set_path(struct file_table *t, struct file *f, char *path)
{
	block_put(t->file.pool, f->path);
	f->path = path;
}

/* Of one bucket: those that nobody names any more. */
static void bucket_sweep(struct file_table *t, uint32_t bucket)
{
	uint32_t id, next, before = 0;

	for (id = bucket_first(t, bucket); id; id = next) {
		const struct file *f = file_ptr(t, id);

		next = f->next;
		if (f->refs || f->recent || chunks_ready(&t->file, id)) {
			if (f->recent)
				file_write(t, id)->recent = false;
			before = id;
			continue;
		}
		if (before)
			file_write(t, before)->next = next;
		else
			bucket_set(t, bucket, next);
		file_set_path(t, file_write(t, id), NULL);
		*file_write(t, id) = (struct file){ .next = t->free };
		t->free = id;
		t->nr--;
	}
}

static void file_sweep(struct file_table *t)
{
	for (uint32_t i = 0; i < t->nr_buckets; i++)
		bucket_sweep(t, i);
	if (t->nr > t->limit / 4 * 3)
		t->limit *= 2;
}

/* Each bucket becomes two. */
static void file_rehash(struct file_table *t)
{
	uint32_t n = t->nr_buckets, id, next, bucket;

	if (chunks_grow(&t->bucket, 2 * n))
		return;
	t->nr_buckets = 2 * n;
	for (uint32_t i = 0; i < n; i++) {
		id = bucket_first(t, i);
		bucket_set(t, i, 0);
		for (; id; id = next) {
			const struct file *f = file_ptr(t, id);

			next = f->next;
			bucket = file_bucket(t, f->dev, f->ino, f->gen);
			file_write(t, id)->next = bucket_first(t, bucket);
			bucket_set(t, bucket, id);
		}
	}
}

static bool is_file(const struct file *f, uint32_t dev, uint64_t ino, uint32_t gen)
{
	return f->ino == ino && f->dev == dev && f->gen == gen;
}

uint32_t file_lookup(const struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen)
{
	uint32_t id;

	for (id = bucket_first(t, file_bucket(t, dev, ino, gen)); id; id = file_ptr(t, id)->next)
		if (is_file(file_ptr(t, id), dev, ino, gen))
			return id;
	return 0;
}

uint32_t file_seen(struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen)
{
	uint32_t id = file_lookup(t, dev, ino, gen);

	if (id && !file_ptr(t, id)->recent)
		file_write(t, id)->recent = true;
	return id;
}

uint32_t file_get(struct file_table *t, uint32_t dev, uint64_t ino, uint32_t gen)
{
	uint32_t id = file_seen(t, dev, ino, gen), bucket;

	if (id)
		return id;
	if (t->nr >= t->limit)
		file_sweep(t);
	if (t->nr >= t->nr_buckets)
		file_rehash(t);
	if (t->free) {
		id = t->free;
		t->free = file_ptr(t, id)->next;
	} else {
		if (t->top >> FILE_BITS)
			return 0;
		if (chunks_grow(&t->file, t->top + 1)) {
			*t->no_memory = true;
			return 0;
		}
		id = t->top++;
	}
	bucket = file_bucket(t, dev, ino, gen);
	*file_write(t, id) = (struct file){
		.dev = dev, .ino = ino, .gen = gen, .next = bucket_first(t, bucket), .recent = true
	};
	bucket_set(t, bucket, id);
	t->nr++;
	return id;
}

int file_name(struct file_table *t, const struct dx_file_event *ev, size_t len)
{
	const size_t fixed = offsetof(struct dx_file_event, path);
	uint32_t path_len, path_flags, id;
	struct file *f;
	char *path;

	if (len < fixed)
		return -EINVAL;
	memcpy(&path_len, &ev->path_len, sizeof(path_len));
	memcpy(&path_flags, &ev->path_flags, sizeof(path_flags));
	if (path_len >= DX_PATH_LEN || path_len > len - fixed)
		return -EINVAL;
	id = path_len ? file_get(t, ev->e.dev, ev->e.ino, ev->e.gen)
		      : file_seen(t, ev->e.dev, ev->e.ino, ev->e.gen);
	if (!id)
		return path_len ? -ENOMEM : 0;
	/* two CPUs can tell of the same inode: the newer word holds */
	if (file_ptr(t, id)->path && ev->e.time < file_ptr(t, id)->time)
		return 0;
	if (chunks_ready(&t->file, id))
		return -ENOMEM;
	path_len = strnlen(ev->path, path_len);
	path = path_len ? block_new(t->file.pool, path_len + 1) : NULL;
	if (path_len && !path)
		return -ENOMEM;
	if (path) {
		memcpy(path, ev->path, path_len);
		path[path_len] = 0;
	}
	f = file_write(t, id);
	file_set_path(t, f, path);
	f->path_flags = path_flags;
	f->path_tgid = ev->e.arg;
	f->time = ev->e.time;
	return 0;
}

void file_refs(struct file_table *t, uint32_t id, int n)
{
	if (id)
		file_write(t, id)->refs += n;
}

void file_set_folio(struct file_table *t, struct folio *f, uint32_t dev, uint64_t ino, uint32_t gen)
{
	const struct file *is = file_ptr(t, f->file);
	uint32_t id;

	if (f->file && is_file(is, dev, ino, gen))
		return;
	id = file_get(t, dev, ino, gen);
	file_refs(t, f->file, -1);
	file_refs(t, id, 1);
	f->file = id;
}

// SPDX-License-Identifier: GPL-2.0-only
/* scan.c - what one look found: its tables, and what they say together */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

void *array_add(struct array *a, size_t size)
{
	void *p;

	if (a->nr == a->room) {
		size_t room = a->room ? a->room * 2 : 16;

		p = reallocarray(a->p, room, size);
		if (!p)
			return NULL;
		a->p = p;
		a->room = room;
	}
	p = (char *)a->p + a->nr++ * size;
	memset(p, 0, size);
	return p;
}

/* ---- begin and end ---- */

struct scan *scan_new(const struct scan_filter *filter, bool legacy)
{
	struct scan *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (filter)
		s->filter = *filter;
	if (!s->filter.pfn_first && !s->filter.pfn_last)
		s->filter.pfn_last = UINT64_MAX;
	s->legacy = legacy;
	return s;
}

const struct scan_filter *scan_filter_of(const struct scan *s)
{
	return &s->filter;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->files.nr; i++)
		free(((struct scan_file *)s->files.p)[i].path);
	for (size_t i = 0; i < s->holders.nr; i++)
		free(holder_at(s, i)->h.cgroup);
	for (size_t i = 0; i < s->waits.nr; i++)
		free(((struct scan_wait *)s->waits.p)[i].cgroup);
	for (size_t i = 0; i < s->mounts.nr; i++) {
		free(((struct scan_mount *)s->mounts.p)[i].point);
		free(((struct scan_mount *)s->mounts.p)[i].root);
	}
	for (size_t i = 0; i < s->gaps.nr; i++)
		free(((char **)s->gaps.p)[i]);
	free(s->pgmaps.p);
	free(s->files.p);
	free(s->file_hash);
	free(s->folios.p);
	free(s->holders.p);
	free(s->waits.p);
	free(s->mounts.p);
	free(s->gaps.p);
	free(s->poisoned.p);
	free(s->hold_first);
	free(s->hold.p);
	free(s);
}

/* ---- pgmaps ---- */

bool scan_wants(const struct scan *s, const struct scan_pgmap *p)
{
	if (s->filter.device && strcmp(s->filter.device, p->device))
		return false;
	for (uint32_t i = 0; i < p->nr_range && i < DX_PGMAP_RANGES; i++)
		if (p->range[i].nr && p->range[i].pfn <= s->filter.pfn_last &&
		    p->range[i].pfn + p->range[i].nr > s->filter.pfn_first)
			return true;
	return false;
}

void scan_clip(const struct scan *s, uint64_t *first, uint64_t *last)
{
	if (*first < s->filter.pfn_first)
		*first = s->filter.pfn_first;
	if (*last > s->filter.pfn_last)
		*last = s->filter.pfn_last;
}

int scan_add_pgmap(struct scan *s, const struct scan_pgmap *p)
{
	struct scan_pgmap *n = array_add(&s->pgmaps, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = *p;
	return s->pgmaps.nr - 1;
}

struct scan_pgmap *scan_pgmap(struct scan *s, int pgmap)
{
	return pgmap < 0 || (size_t)pgmap >= s->pgmaps.nr ? NULL
							  : (struct scan_pgmap *)s->pgmaps.p + pgmap;
}

size_t scan_nr_pgmaps(const struct scan *s)
{
	return s->pgmaps.nr;
}

int scan_pgmap_of(const struct scan *s, uint64_t pfn)
{
	const struct scan_pgmap *p = s->pgmaps.p;

	for (size_t i = 0; i < s->pgmaps.nr; i++)
		for (uint32_t k = 0; k < p[i].nr_range && k < DX_PGMAP_RANGES; k++)
			if (pfn >= p[i].range[k].pfn && pfn - p[i].range[k].pfn < p[i].range[k].nr)
				return i;
	return -1;
}

/*
 * References that folios in use explain. PRIVATE and COHERENT take one for each page in
 * zone_device_page_init(), P2PDMA for each page of a mapping (p2pmem_alloc_mmap()); of FS_DAX
 * and device-dax none is taken.
 */
static void pgmap_explain(struct scan_pgmap *p)
{
	bool each = p->type == MEMORY_DEVICE_PRIVATE || p->type == MEMORY_DEVICE_COHERENT ||
		    p->type == MEMORY_DEVICE_PCI_P2PDMA;

	p->explained = each ? p->in_use_pages : 0;
	/* what explains them was not looked at */
	if (each && (p->partly || p->vanished || !p->steps))
		p->refs_known = false;
	/*
	 * memunmap_pages() has put those that are always there before it waits: what is left
	 * when it is fewer than them is all somebody else's.
	 */
	if (p->dying && p->refs < p->refs_base)
		p->refs_base = 0;
	p->unexplained = p->refs_known ? p->refs - p->refs_base - p->explained : 0;
	/* references and folios are not read in one instant: some were taken in between */
	if (p->unexplained < 0)
		p->unexplained = 0;
}

/* ---- files ---- */

/* The address may be another inode's by now. */
static bool is_file(const struct scan_file *f, uint64_t mapping, uint64_t ino, uint32_t gen)
{
	return f->mapping == mapping && (!ino || !f->ino || (f->ino == ino && f->gen == gen));
}

static size_t file_slot(const struct scan *s, uint64_t mapping, uint64_t ino, uint32_t gen)
{
	const struct scan_file *f = s->files.p;
	size_t at = (mapping * 0x9e3779b97f4a7c15ull >> 20) & (s->file_room - 1);

	while (s->file_hash[at] && !is_file(&f[s->file_hash[at] - 1], mapping, ino, gen))
		at = (at + 1) & (s->file_room - 1);
	return at;
}

static int file_room(struct scan *s)
{
	size_t room = s->file_room ? s->file_room * 2 : 64;
	uint32_t *hash = calloc(room, sizeof(*hash));

	if (!hash)
		return -ENOMEM;
	free(s->file_hash);
	s->file_hash = hash;
	s->file_room = room;
	for (size_t i = 0; i < s->files.nr; i++) {
		const struct scan_file *f = (struct scan_file *)s->files.p + i;

		hash[file_slot(s, f->mapping, f->ino, f->gen)] = i + 1;
	}
	return 0;
}

int scan_file_id(struct scan *s, uint64_t mapping, uint32_t dev, uint64_t ino, uint32_t gen)
{
	struct scan_file *f;
	size_t at;

	if (2 * s->files.nr >= s->file_room && file_room(s))
		return -ENOMEM;
	at = file_slot(s, mapping, ino, gen);
	if (s->file_hash[at]) {
		f = (struct scan_file *)s->files.p + s->file_hash[at] - 1;
		if (!f->ino && ino) {
			f->ino = ino;
			f->dev = dev;
			f->gen = gen;
		}
		return s->file_hash[at];
	}
	f = array_add(&s->files, sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct scan_file){ .mapping = mapping, .ino = ino, .dev = dev, .gen = gen };
	s->file_hash[at] = s->files.nr;
	return s->files.nr;
}

struct scan_file *scan_file(struct scan *s, int id)
{
	return id <= 0 || (size_t)id > s->files.nr ? NULL : (struct scan_file *)s->files.p + id - 1;
}

size_t scan_nr_files(const struct scan *s)
{
	return s->files.nr;
}

int scan_file_path(struct scan *s, int id, const char *path, uint32_t flags, uint32_t tgid)
{
	struct scan_file *f = scan_file(s, id);
	char *copy = strdup(path);

	if (!f || !copy) {
		free(copy);
		return f ? -ENOMEM : -EINVAL;
	}
	free(f->path);
	f->path = copy;
	f->path_flags = flags;
	f->path_tgid = tgid;
	return 0;
}

static void files_sum(struct scan *s)
{
	for (size_t i = 0; i < s->folios.nr; i++) {
		const struct scan_folio *f = folio_at(s, i);
		struct scan_file *file = scan_file(s, f->file);
		uint64_t pages = f->nr << f->order;

		if (!file)
			continue;
		if (!file->folios || f->index < file->first)
			file->first = f->index;
		if (!file->folios || f->index + pages - 1 > file->last)
			file->last = f->index + pages - 1;
		file->folios += f->nr;
		file->pages += pages;
		file->pins += f->nr * f->pincount;
		file->gets += f->nr * (f->gets > 0 ? f->gets : 0);
	}
}

/* ---- mounts, gaps ---- */

int scan_add_mount(struct scan *s, const struct scan_mount *m)
{
	struct scan_mount *n = array_add(&s->mounts, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = *m;
	n->point = strdup(m->point ? m->point : "");
	n->root = strdup(m->root ? m->root : "/");
	return n->point && n->root ? 0 : -ENOMEM;
}

size_t scan_nr_mounts(const struct scan *s)
{
	return s->mounts.nr;
}

const struct scan_mount *scan_mount(const struct scan *s, size_t i)
{
	return (struct scan_mount *)s->mounts.p + i;
}

int scan_add_gap(struct scan *s, const char *fmt, ...)
{
	char *text = NULL, **n;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return -ENOMEM;
	for (size_t i = 0; i < s->gaps.nr; i++)
		if (!strcmp(((char **)s->gaps.p)[i], text)) {
			free(text);
			return 0;
		}
	n = array_add(&s->gaps, sizeof(*n));
	if (!n) {
		free(text);
		return -ENOMEM;
	}
	*n = text;
	return 0;
}

size_t scan_nr_gaps(const struct scan *s)
{
	return s->gaps.nr;
}

const char *scan_gap(const struct scan *s, size_t i)
{
	return ((char **)s->gaps.p)[i];
}

void scan_set_unsure(struct scan *s)
{
	s->unsure = true;
}

bool scan_is_unsure(const struct scan *s)
{
	return s->unsure;
}

/* ---- the end ---- */

int scan_finish(struct scan *s)
{
	int rc;

	for (size_t i = 0; i < s->pgmaps.nr; i++)
		pgmap_explain((struct scan_pgmap *)s->pgmaps.p + i);
	folios_sort(s);
	holders_join(s);
	rc = folios_cut(s);
	if (!rc)
		rc = holders_relate(s);
	if (rc)
		return rc;
	waits_relate(s);
	files_sum(s);
	return 0;
}

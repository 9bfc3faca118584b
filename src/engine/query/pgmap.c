// SPDX-License-Identifier: GPL-2.0-only
/* pgmap.c - pgmaps and files as the views see them */
#include <string.h>
#include "engine/query/snapshot.h"

int snapshot_pgmaps(const struct snapshot *s, int (*fn)(const struct engine_pgmap *p, void *arg),
		    void *arg)
{
	const struct engine *e = &s->e;
	int ret = 0;

	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr && !ret; i++) {
		const struct pgmap *p = &e->pgmaps.map[i];
		struct engine_pgmap out = {
			.dying = p->dying,
			.refs_known = p->refs_known,
			.refs = p->refs,
			.refs_base = p->refs_base,
			.refs_explained = p->refs_explained,
			.pgmap = p->pgmap,
			.pfn = p->pfn,
			.nr_pages = p->nr_pages,
			.type = p->type,
			.gone = p->gone,
			.folios = p->folios,
		};

		memcpy(out.device, p->device, sizeof(out.device));
		if (p->used)
			ret = fn(&out, arg);
	}
	return ret;
}

static struct engine_file file_of(const struct engine *e, uint32_t id)
{
	const struct file *f = file_ptr(&e->files, id);

	return (struct engine_file){ f->path, f->path_flags, f->path_tgid };
}

struct engine_file snapshot_file(const struct snapshot *s, uint32_t dev, uint64_t ino, uint32_t gen)
{
	return file_of(&s->e, file_lookup(&s->e.files, dev, ino, gen));
}

struct engine_file engine_file(struct engine *e, uint32_t dev, uint64_t ino, uint32_t gen)
{
	return file_of(e, file_seen(&e->files, dev, ino, gen));
}

const char *engine_device(const struct engine *e, uint64_t pgmap, uint64_t pfn)
{
	for (uint32_t i = PGMAP_FIRST; i < e->pgmaps.nr; i++) {
		const struct pgmap *p = &e->pgmaps.map[i];

		if (p->used && !p->gone && (pgmap ? p->pgmap == pgmap : pgmap_has(p, pfn)))
			return p->device[0] ? p->device : NULL;
	}
	return NULL;
}

void engine_files(struct engine *e, uint32_t *from, uint32_t max,
		  void (*fn)(void *arg, uint32_t dev, uint64_t ino, uint32_t gen), void *arg)
{
	uint32_t id;

	/* what @fn does may move the table */
	for (id = *from ? *from : 1; id < e->files.top && max; id++) {
		const struct file f = *file_ptr(&e->files, id);

		if (!f.refs)
			continue;
		fn(arg, f.dev, f.ino, f.gen);
		max--;
	}
	*from = id < e->files.top ? id : 0;
}

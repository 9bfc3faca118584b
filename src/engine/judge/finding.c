// SPDX-License-Identifier: GPL-2.0-only
/*
 * finding.c - what was found, in order of appearance.
 *
 * There is room for FINDING_MAX; what comes then is counted only. All that a finding says is
 * a copy: files and devices go, and their numbers are used again.
 */
#include <stdlib.h>
#include <string.h>
#include "engine/apply/row.h"
#include "engine/judge/finding.h"

void finding_table_destroy(struct finding_table *t)
{
	free(t->node);
	free(t->folio);
	free(t->get);
}

void finding_set_pgmap(struct engine *e, uint32_t nr, uint32_t pgmap)
{
	struct finding *d = &e->findings->node[nr - 1];
	const struct pgmap *p = &e->pgmaps.map[pgmap];

	d->f.pgmap = p->pgmap;
	d->f.folio.pgmap_type = p->type;
	if (p->device[0])
		memcpy(d->device, p->device, sizeof(d->device));
}

void finding_set_file(struct engine *e, struct finding *d, uint32_t file)
{
	/* counted as a folio's: the file stays as long as it is named */
	file_refs(&e->files, file, 1);
	file_refs(&e->files, d->file, -1);
	d->file = file;
}

void finding_set_folio(struct engine *e, uint32_t nr, uint32_t id)
{
	struct finding *d = &e->findings->node[nr - 1];
	const struct folio *f = folio_ptr(&e->folios, id);
	const char *device = pgmap_device(&e->pgmaps, f);

	folio_row(e, id, ENGINE_FOLIO_ALL, &d->f.folio);
	finding_set_pgmap(e, nr, f->pgmap);
	if (device)
		strncpy(d->device, device, sizeof(d->device) - 1);
	/* also that of an entry that is gone: it is what people know the page by */
	finding_set_file(e, d, f->file);
	if (f->file) {
		d->f.folio.dev = file_ptr(&e->files, f->file)->dev;
		d->f.folio.ino = file_ptr(&e->files, f->file)->ino;
		d->f.folio.gen = file_ptr(&e->files, f->file)->gen;
		d->f.folio.index = f->index;
	}
}

uint32_t finding_add(struct engine *e, enum dx_rule rule, uint32_t id)
{
	struct finding_table *t = e->findings;
	struct finding *d;

	if (t->nr >= FINDING_MAX) {
		e->rule[rule].refused++;
		return 0;
	}
	if (array_grow((void **)&t->node, &t->max, t->nr + 1, sizeof(*t->node))) {
		e->rule[rule].refused++;
		e->no_memory = true;
		return 0;
	}
	d = &t->node[t->nr++];
	*d = (struct finding){
		.f = { .nr = t->nr, .rule = rule, .count = 1, .nr_folios = 1, .stack = -1, .ustack = -1 },
	};
	if (id)
		finding_set_folio(e, t->nr, id);
	return t->nr;
}

uint32_t finding_add_folio(struct engine *e, uint32_t nr, uint64_t pfn)
{
	struct finding_table *t = e->findings;
	struct finding *d = &t->node[nr - 1];

	if (t->nr_folios >= FINDING_FOLIOS_MAX)
		return 0;
	if (array_grow((void **)&t->folio, &t->max_folios, t->nr_folios + 1, sizeof(*t->folio))) {
		e->no_memory = true;
		return 0;
	}
	t->folio[t->nr_folios++] = (struct finding_folio){ .pfn = pfn, .nr = nr, .next = d->folios };
	d->folios = t->nr_folios;
	return t->nr_folios;
}

void finding_drop_folio(struct engine *e, uint32_t nr, uint64_t pfn)
{
	struct finding_table *t = e->findings;

	for (uint32_t *n = &t->node[nr - 1].folios; *n; n = &t->folio[*n - 1].next)
		if (t->folio[*n - 1].pfn == pfn) {
			*n = t->folio[*n - 1].next;
			return;
		}
}

void finding_add_get(struct engine *e, uint32_t nr, const struct refs_site *got)
{
	struct finding_table *t = e->findings;

	if (t->nr_gets >= FINDING_GETS_MAX)
		return;
	if (array_grow((void **)&t->get, &t->max_gets, t->nr_gets + 1, sizeof(*t->get))) {
		e->no_memory = true;
		return;
	}
	t->get[t->nr_gets++] = (struct finding_get){ .nr = nr, .got = *got };
}

uint64_t finding_gets(const struct engine *e, uint32_t nr)
{
	const struct finding_table *t = e->findings;
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->nr_gets; i++)
		n += t->get[i].nr == nr ? t->get[i].got.nr : 0;
	return n;
}

void finding_gets_sure(struct engine *e, uint32_t nr, bool sure)
{
	struct finding_table *t = e->findings;

	for (uint32_t i = 0; i < t->nr_gets; i++)
		if (t->get[i].nr == nr)
			t->get[i].sure = sure;
}

void finding_over(struct engine *e, uint32_t nr, uint64_t time)
{
	struct engine_finding *f;

	if (!nr)
		return;
	f = finding_ptr(e->findings, nr);
	if (f->over)
		return;
	f->over = true;
	f->end_time = time;
}

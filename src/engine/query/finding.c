// SPDX-License-Identifier: GPL-2.0-only
/* finding.c - findings as the views see them */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/apply/look.h"
#include "engine/query/snapshot.h"
#include "engine/store/alloc.h"

int snapshot_findings(const struct snapshot *s,
		      int (*fn)(const struct engine_finding *f, void *arg), void *arg)
{
	const struct engine *e = &s->e;
	int ret = 0;

	for (uint32_t i = 0; i < e->findings->nr && !ret; i++) {
		const struct finding *d = &e->findings->node[i];
		const struct file *file = file_ptr(&e->files, d->file);
		struct engine_finding out = d->f;
		uint32_t id;

		id = out.folio.pfn ? folio_find_covering(&e->folios, out.folio.pfn) : 0;

		out.folio.path = file->path;
		out.folio.path_flags = file->path_flags;
		out.folio.path_tgid = file->path_tgid;
		out.folio.device = d->device[0] ? d->device : NULL;
		if (!out.folio.device && id)
			out.folio.device = pgmap_device(&e->pgmaps, folio_ptr(&e->folios, id));
		if (id) {
			holder_count(&e->holders, id, folio_ptr(&e->folios, id), true,
				     &out.nr_holders);
			out.nr_holders += look_count(e, id, folio_ptr(&e->folios, id));
		}
		out.folio.nr_holders = out.nr_holders;
		/* it waits until now */
		if (dx_rule_in(out.rule, dx_rules_of_waits) && !out.over)
			out.last_time = e->watermark;
		ret = fn(&out, arg);
	}
	return ret;
}

/* ---- who holds what it is about ---- */

#define MERGED_MAX 4096u /* holders of one finding */

struct merged {
	struct engine_holder *h;
	uint32_t nr, max;
};

static bool holder_alike(const struct engine_holder *a, const struct engine_holder *b)
{
	return a->tgid == b->tgid && a->pid == b->pid && a->pin == b->pin &&
	       a->longterm == b->longterm && a->stack == b->stack && a->gone == b->gone &&
	       a->candidate == b->candidate && a->fd == b->fd && a->id == b->id &&
	       !strcmp(a->kind, b->kind) && !strcmp(a->detail, b->detail);
}

static int holder_merge(const struct engine_holder *h, void *arg)
{
	struct merged *m = arg;

	for (uint32_t i = m->nr; i-- > 0;) {
		if (!holder_alike(&m->h[i], h))
			continue;
		m->h[i].nr += h->nr;
		if (h->since < m->h[i].since)
			m->h[i].since = h->since;
		return 0;
	}
	if (m->nr >= MERGED_MAX)
		return 0;
	if (array_grow((void **)&m->h, &m->max, m->nr + 1, sizeof(*m->h)))
		return -ENOMEM;
	m->h[m->nr++] = *h;
	return 0;
}

/* Who got references of its pgmap. */
static int gets_out(const struct finding_table *t, uint32_t nr,
		    int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	int ret = 0;

	for (uint32_t i = 0; i < t->nr_gets && !ret; i++) {
		const struct refs_site *got = &t->get[i].got;
		struct engine_holder out = {
			.tgid = got->tgid,
			.pid = got->pid,
			.nr = got->nr < UINT32_MAX ? got->nr : UINT32_MAX,
			.since = got->time,
			.stack = got->stack,
			.candidate = !t->get[i].sure,
			.fd = -1,
		};

		if (t->get[i].nr != nr)
			continue;
		memcpy(out.comm, got->comm, DX_COMM_LEN);
		ret = fn(&out, arg);
	}
	return ret;
}

int snapshot_finding_holders(const struct snapshot *s, uint32_t nr,
			     int (*fn)(const struct engine_holder *h, void *arg), void *arg)
{
	const struct finding_table *t = s->e.findings;
	const struct finding *d = nr && nr <= t->nr ? &t->node[nr - 1] : NULL;
	struct merged m = { 0 };
	int ret = 0;

	if (!d)
		return -ENOENT;
	if (!d->f.folio.pfn)
		return gets_out(t, nr, fn, arg);
	if (!d->folios || !t->folio[d->folios - 1].next)
		return snapshot_holders(s, d->f.folio.pfn, fn, arg);
	for (uint32_t n = d->folios; n && ret != -ENOMEM; n = t->folio[n - 1].next)
		ret = snapshot_holders(s, t->folio[n - 1].pfn, holder_merge, &m);
	ret = ret == -ENOMEM ? ret : 0;
	/* the last one is the first folio's */
	for (uint32_t i = m.nr; i-- > 0 && !ret;)
		ret = fn(&m.h[i], arg);
	free(m.h);
	return ret;
}

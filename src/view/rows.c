// SPDX-License-Identifier: GPL-2.0-only
/* rows.c - a folio with all that its row shows */
#include <stdio.h>
#include <string.h>
#include "view/history.h"
#include "view/model.h"

#define COMPACT_COLUMNS 40

struct holder_find {
	struct engine_holder first;
	uint32_t nr;
};

/* Oldest first: the first is the one that a truncate waits for longest. */
static int holder_find(const struct engine_holder *h, void *arg)
{
	struct holder_find *find = arg;

	/* who could hold it is not who does */
	if (!h->candidate && !find->nr++)
		find->first = *h;
	return 0;
}

static void row_holder(struct folio_row *r, const struct snapshot *snap)
{
	struct holder_find find = { .nr = 0 };
	const struct engine_folio *f = &r->f;
	const struct engine_holder *h = &find.first;

	if (f->nr_holders)
		snapshot_holders(snap, f->pfn, holder_find, &find);
	r->holds = find.nr > 0;
	r->note[0] = '\0';
	if (!r->holds) {
		memcpy(r->comm, f->last_comm, sizeof(r->comm));
		r->tgid = f->last_tgid;
		if (f->last_cause == DX_BREAK_BUSY)
			strcpy(r->note, " waits");
		return;
	}
	memcpy(r->comm, h->comm, sizeof(r->comm));
	r->tgid = h->tgid;
	if (find.nr > 1)
		snprintf(r->note, sizeof(r->note), " +%u", find.nr - 1);
	strcat(r->note, h->longterm ? " longterm" : h->pin ? "" : " get");
}

bool folio_row_fill(struct folio_row *r, const struct snapshot *snap, uint64_t pfn)
{
	if (snapshot_folio_get(snap, pfn, &r->f))
		return false;
	row_holder(r, snap);
	view_history_compact(r->compact, sizeof(r->compact), snap, pfn, COMPACT_COLUMNS);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
/* rows.c - a folio with all that its row shows */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

static void row_holder(struct folio_row *r, struct engine *e)
{
	struct holder_find find = { .nr = 0 };
	const struct engine_folio *f = &r->f;
	const struct engine_holder *h = &find.first;

	if (f->nr_holders)
		engine_holders(e, f->pfn, holder_find, &find);
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

static int string_own(const char **s)
{
	if (!*s)
		return 0;
	*s = strdup(*s);
	return *s ? 0 : -ENOMEM;
}

static int row_own(struct folio_row *r)
{
	int err = string_own(&r->f.path);

	if (err) {
		r->f.device = NULL;
		return err;
	}
	return string_own(&r->f.device);
}

int folio_row_fill(struct folio_row *r, struct engine *e, const struct engine_folio *f,
		   uint64_t until)
{
	r->f = *f;
	row_holder(r, e);
	view_history_compact(r->compact, sizeof(r->compact), e, f->pfn, COMPACT_COLUMNS, until);
	return row_own(r);
}

int folio_row_copy(struct folio_row *to, const struct folio_row *from)
{
	*to = *from;
	return row_own(to);
}

void folio_row_clear(struct folio_row *r)
{
	free((char *)r->f.path);
	free((char *)r->f.device);
	r->f.path = NULL;
	r->f.device = NULL;
}

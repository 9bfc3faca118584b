// SPDX-License-Identifier: GPL-2.0-only
/* scan_change.c - what changed between two looks; neighbours that changed alike are one line */
#include <inttypes.h>
#include <stdio.h>
#include "view/scan_part.h"

struct changes {
	FILE *out;
	const struct scan_view *before, *after;
	uint64_t start;
	bool json;
	struct scan_change_run run; /* not printed yet; nr 0: none */
};

/* ---- a line ---- */

static void counts_print(FILE *out, const struct scan_folio *f, bool known)
{
	if (known)
		fprintf(out, "ref %d map %d pin %d", f->refcount, f->mapcount, f->pincount);
	else
		fprintf(out, "idle");
}

static void run_text(const struct changes *x, const struct scan_change_run *r)
{
	const struct scan_view *v = r->has_after ? x->after : x->before;
	const struct scan_folio *f = r->has_after ? &r->after : &r->before;
	char when[32], size[8], place[VIEW_FILE_MAX + 32];

	fprintf(x->out, "%12s %c 0x%-8" PRIx64 " %6" PRIu64 " %4s ",
		time_format(when, sizeof(when), r->time, x->start),
		!r->has_before	? '+'
		: !r->has_after ? '-'
				: '~',
		f->pfn, r->nr, size_format(size, sizeof(size), f->order));
	counts_print(x->out, &r->before, r->has_before);
	fprintf(x->out, " -> ");
	counts_print(x->out, &r->after, r->has_after);
	fprintf(x->out, "  %s\n", scan_place_format(place, sizeof(place), v, f, (size_t)-1));
}

static int run_flush(struct changes *x)
{
	int rc = 0;

	if (x->run.nr && x->json)
		rc = scan_change_json(x->out, x->run.has_after ? x->after : x->before, &x->run);
	else if (x->run.nr)
		run_text(x, &x->run);
	x->run.nr = 0;
	return rc;
}

/* ---- neighbours ---- */

static bool continues(const struct scan_folio *first, uint64_t nr, const struct scan_folio *f)
{
	return first->order == f->order && first->pgmap == f->pgmap && first->file == f->file &&
	       first->pfn + (nr << first->order) == f->pfn && first->refcount == f->refcount &&
	       first->mapcount == f->mapcount && first->pincount == f->pincount &&
	       (!f->file || first->index + (nr << first->order) == f->index);
}

static int change_take(const struct scan_change *c, void *arg)
{
	struct changes *x = arg;
	struct scan_change_run *r = &x->run;
	int rc;

	if (r->nr && r->has_before == !!c->before && r->has_after == !!c->after &&
	    (!c->before || continues(&r->before, r->nr, c->before)) &&
	    (!c->after || continues(&r->after, r->nr, c->after))) {
		r->nr++;
		return 0;
	}
	rc = run_flush(x);
	*r = (struct scan_change_run){
		.has_before = c->before, .has_after = c->after, .nr = 1, .time = x->after->now
	};
	if (c->before)
		r->before = *c->before;
	if (c->after)
		r->after = *c->after;
	return rc;
}

/* ---- waits ---- */

static bool wait_is_in(const struct scan_view *v, const struct scan_wait *w)
{
	for (size_t i = 0; i < scan_nr_waits(v->s); i++) {
		const struct scan_wait *x = scan_wait(v->s, i);

		/* a file's id is another one in each look */
		if (x->pid == w->pid && x->kind == w->kind && x->pfn == w->pfn)
			return true;
	}
	return false;
}

static int waits_changed(const struct changes *x, const struct scan_view *has,
			 const struct scan_view *lacks, bool came)
{
	char when[32], text[SCAN_WORDS + VIEW_FILE_MAX];
	int rc = 0;

	for (size_t i = 0; i < scan_nr_waits(has->s) && !rc; i++) {
		const struct scan_wait *w = scan_wait(has->s, i);

		if (!scan_scope_wait(has, w) || wait_is_in(lacks, w))
			continue;
		if (x->json)
			rc = scan_change_wait_json(x->out, has, w, x->after->now, came);
		else
			fprintf(x->out, "%12s %c %s\n",
				time_format(when, sizeof(when), x->after->now, x->start),
				came ? '+' : '-', scan_wait_format(text, sizeof(text), has, w));
	}
	return rc;
}

static int changes_write(struct changes *x)
{
	int rc = scan_changes(x->before->s, x->after->s, change_take, x);

	if (!rc)
		rc = run_flush(x);
	if (!rc)
		rc = waits_changed(x, x->before, x->after, false);
	if (!rc)
		rc = waits_changed(x, x->after, x->before, true);
	return rc;
}

void view_scan_changes_text(FILE *out, const struct scan_view *before,
			    const struct scan_view *after, uint64_t start)
{
	struct changes x = { .out = out, .before = before, .after = after, .start = start };

	changes_write(&x);
}

int view_scan_changes_json(FILE *out, const struct scan_view *before, const struct scan_view *after)
{
	struct changes x = { .out = out, .before = before, .after = after, .json = true };

	return changes_write(&x);
}

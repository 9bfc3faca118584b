// SPDX-License-Identifier: GPL-2.0-only
/* detail.c - the pane below the table: history and holders of the selected folio */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "view/file.h"
#include "view/held.h"
#include "view/history.h"
#include "view/model.h"
#include "view/names.h"

#define HOLDERS_MAX 3

/* The last steps, up to @room, of which the newest @skip are left out when shown. */
struct steps {
	struct engine_step *ring;
	size_t room;
	uint64_t nr;
};

static int steps_take(const struct engine_step *s, void *arg)
{
	struct steps *steps = arg;

	steps->ring[steps->nr++ % steps->room] = *s;
	return 0;
}

struct holders {
	struct model *m;
	int row, end;
	unsigned int nr;
};

static int holder_draw(const struct engine_holder *h, void *arg)
{
	struct holders *d = arg;
	struct canvas *c = &d->m->canvas;
	char text[HELD_MAX];

	if (d->nr++ >= HOLDERS_MAX || d->row >= d->end)
		return 0;
	canvas_put(c, d->row++, 1, c->cols, ATTR_PIN, held_format(text, sizeof(text), h, d->m->now));
	return 0;
}

static void title_draw(struct model *m, const struct folio_row *r, int row)
{
	struct canvas *c = &m->canvas;
	const struct view_file file = view_file_of(&r->f);
	char size[8], name[VIEW_FILE_MAX], offset[32];
	int col, len;

	canvas_paint(c, row, 0, c->cols, ATTR_TITLE);
	col = canvas_printf(c, row, 0, c->cols, ATTR_TITLE,
			    "pfn 0x%" PRIx64 " %s  refcount %s%d mapcount %d pins %d", r->f.pfn,
			    size_format(size, sizeof(size), r->f.order), r->f.ref_inferred ? "~" : "",
			    r->f.refcount, r->f.mapcount, r->f.pincount);
	if (!view_file_is_known(&file))
		return;
	len = snprintf(offset, sizeof(offset), ":0x%" PRIx64, r->f.index << 12);
	file_format(name, sizeof(name), &file, col + 2 + len < c->cols ? c->cols - col - 2 - len : 0);
	canvas_printf(c, row, col, c->cols, ATTR_TITLE, "  %s%s", name, offset);
}

static void notes_draw(struct model *m, const struct folio_row *r, int *row, int end)
{
	struct canvas *c = &m->canvas;

	if (r->f.waited && *row < end)
		canvas_put(c, (*row)++, 1, c->cols, ATTR_WAIT,
			   "a truncate, hole punch or eviction waits for it now");
	if (r->f.doubtful && *row < end)
		canvas_put(c, (*row)++, 1, c->cols, ATTR_ALARM,
			   "doubtful: events were lost since its last sample");
	if (r->f.predates && *row < end)
		canvas_put(c, (*row)++, 1, c->cols, ATTR_STRONG,
			   "somebody had references before daxtop saw it first");
}

static void steps_draw(struct model *m, const struct folio_row *r, struct steps *s, int row, int end)
{
	struct canvas *c = &m->canvas;
	uint64_t kept = s->nr < s->room ? s->nr : s->room, page = end - row - 1;
	uint64_t first, hidden;
	char line[512];

	if (m->detail_scroll > kept - (page < kept ? page : kept))
		m->detail_scroll = kept - (page < kept ? page : kept);
	hidden = m->detail_scroll;
	first = s->nr - hidden > page ? s->nr - hidden - page : 0;
	if (first < s->nr - kept)
		first = s->nr - kept;
	canvas_put(c, row, 0, c->cols, ATTR_STRONG, view_history_title);
	if (first || r->f.steps_dropped || hidden)
		canvas_printf(c, row, strlen(view_history_title) + 2, c->cols, ATTR_DIM,
			      "%" PRIu64 " before%s, %" PRIu64 " behind ([ ])",
			      first + r->f.steps_dropped,
			      r->f.steps_dropped ? " (some forgotten)" : "", hidden);
	row++;
	for (uint64_t i = first; i < s->nr - hidden && row < end; i++, row++) {
		const struct engine_step *step = &s->ring[i % s->room];

		view_history_line(line, sizeof(line), step, r->f.first_time);
		canvas_put(c, row, 0, c->cols, step->observed ? ATTR_NORMAL : ATTR_DIM, line);
	}
}

int detail_draw(struct model *m, int row, int end)
{
	const struct folio_row *r = model_selected(m);
	struct holders holders = { .m = m, .end = end };
	struct steps steps = { .nr = 0 };

	if (!r) {
		canvas_paint(&m->canvas, row, 0, m->canvas.cols, ATTR_TITLE);
		canvas_put(&m->canvas, row, 0, m->canvas.cols, ATTR_TITLE, "no folio selected");
		return 0;
	}
	/* as far back as anyone scrolls, and a page */
	steps.room = m->detail_scroll + (end > row ? end - row : 1);
	if (steps.room > 1 << 16)
		steps.room = 1 << 16;
	steps.ring = calloc(steps.room, sizeof(*steps.ring));
	if (!steps.ring)
		return -ENOMEM;
	snapshot_history(m->snap, r->f.pfn, steps_take, &steps);
	title_draw(m, r, row++);
	notes_draw(m, r, &row, end);
	holders.row = row;
	snapshot_holders(m->snap, r->f.pfn, holder_draw, &holders);
	row = holders.row;
	if (holders.nr > HOLDERS_MAX && row < end)
		canvas_printf(&m->canvas, row++, 1, m->canvas.cols, ATTR_PIN, "and %u more",
			      holders.nr - HOLDERS_MAX);
	if (row + 1 < end)
		steps_draw(m, r, &steps, row, end);
	free(steps.ring);
	return 0;
}

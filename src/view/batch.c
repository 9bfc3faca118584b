// SPDX-License-Identifier: GPL-2.0-only
/* batch.c - the picture as text: top --batch */
#include <errno.h>
#include <stdlib.h>
#include "view/held.h"
#include "view/model.h"
#include "view/names.h"

#define COLS	       150
#define LINE_MAX_BYTES (COLS * 4 * 4)

static int lines_print(FILE *out, const struct model *m, int rows)
{
	char *line = malloc(LINE_MAX_BYTES);

	if (!line)
		return -ENOMEM;
	for (int row = 0; row < rows; row++) {
		canvas_row_text(&m->canvas, row, line, LINE_MAX_BYTES);
		fprintf(out, "%s\n", line);
	}
	free(line);
	return 0;
}

/* One line each, with all of its sentence. */
static void findings_print(FILE *out, const struct model *m)
{
	char sentence[FINDING_MAX];

	for (size_t i = 0; i < m->nr_findings; i++) {
		const struct engine_finding *f = &m->findings[i].h.f;

		fprintf(out, "%sfinding %u: %s, %s%s: %s\n", i ? "" : "\n", f->nr,
			rule_name(f->rule), confidence_name(f->confidence), f->over ? ", over" : "",
			finding_sentence(sentence, sizeof(sentence), f, m->now));
	}
}

static int batch_print(FILE *out, struct model *m, const struct snapshot *snap,
		       const struct screen_info *info, size_t rows)
{
	int used, err;

	err = model_snapshot(m, snap, info, rows);
	if (err)
		return err;
	/* summary, titles, the rows; an empty table takes two lines for its sentence */
	used = SUMMARY_ROWS + 1 + (m->nr_rows ? (int)m->nr_rows : 2);
	err = canvas_resize(&m->canvas, used, COLS);
	if (err)
		return err;
	summary_draw(m, info);
	folios_draw(m, SUMMARY_ROWS, used, info);
	err = lines_print(out, m, used);
	if (!err && m->nr_items > m->nr_rows) {
		char more[32];

		fprintf(out, "and %s more\n",
			thousands_format(more, sizeof(more), m->nr_items - m->nr_rows));
	}
	if (!err)
		findings_print(out, m);
	if (!err)
		err = view_waits_text(out, snap, NULL, m->now);
	if (!err)
		view_gaps_text(out, "", &info->looks);
	return err;
}

int view_top_text(FILE *out, const struct snapshot *snap, const struct screen_info *info,
		  const struct screen_options *o, struct view_top_state *state, size_t rows)
{
	struct model *m = model_new(o);
	int err;

	if (!m)
		return -ENOMEM;
	m->text_only = true;
	m->base = state->last;
	m->base_now = state->last_now;
	/* the caller's pace, whatever it is, is what the rates are over */
	m->delay_ms = 0;
	if (!rows || rows > VIEW_TOP_ROWS_MAX)
		rows = VIEW_TOP_ROWS_MAX;
	err = batch_print(out, m, snap, info, rows);
	state->last = m->base;
	state->last_now = m->base_now;
	model_free(m);
	return err;
}

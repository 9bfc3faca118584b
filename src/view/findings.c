// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* reallocarray() */
/* findings.c - the screen's findings: taken, listed, and one of them in detail */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "view/file.h"
#include "view/finding.h"
#include "view/model.h"
#include "view/names.h"

/* ---- taking ---- */

void findings_clear(struct model *m)
{
	for (size_t i = 0; i < m->nr_findings; i++)
		free(m->findings[i].h.holders);
	m->nr_findings = 0;
}

static int finding_take(const struct engine_finding *f, void *arg)
{
	struct model *m = arg;
	struct finding_row *r;

	if (f->note)
		return 0;
	if (m->nr_findings == m->room_findings) {
		size_t room = m->room_findings ? m->room_findings * 2 : 16;
		struct finding_row *rows = reallocarray(m->findings, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		m->findings = rows;
		m->room_findings = room;
	}
	r = &m->findings[m->nr_findings++];
	*r = (struct finding_row){ .h.f = *f };
	return 0;
}

/* What goes on first, then the surer, then the newer. */
static int row_compare(const void *a, const void *b)
{
	const struct engine_finding *x = &((const struct finding_row *)a)->h.f;
	const struct engine_finding *y = &((const struct finding_row *)b)->h.f;

	if (x->over != y->over)
		return x->over ? 1 : -1;
	if (x->confidence != y->confidence)
		return x->confidence < y->confidence ? -1 : 1;
	return x->nr > y->nr ? -1 : x->nr < y->nr;
}

static void findings_count(struct model *m)
{
	m->found = (struct findings_count){ 0 };
	for (size_t i = 0; i < m->nr_findings; i++) {
		const struct engine_finding *f = &m->findings[i].h.f;

		if (!finding_counts(f))
			continue;
		m->found.all++;
		m->found.proven += f->confidence == ENGINE_PROVEN;
		m->found.suspected += f->confidence == ENGINE_SUSPECTED;
	}
}

int findings_snapshot(struct model *m)
{
	int err;

	findings_clear(m);
	err = snapshot_findings(m->snap, finding_take, m);
	if (m->nr_findings)
		qsort(m->findings, m->nr_findings, sizeof(*m->findings), row_compare);
	findings_count(m);
	return err;
}

/* ---- selection: a finding by its number, which stays the same ---- */

static size_t selected_index(const struct model *m)
{
	for (size_t i = 0; i < m->nr_findings; i++)
		if (m->findings[i].h.f.nr == m->finding_selected)
			return i;
	return 0;
}

void findings_move(struct model *m, long rows)
{
	long at = (long)selected_index(m) + rows;

	if (!m->nr_findings)
		return;
	if (at < 0)
		at = 0;
	if (at >= (long)m->nr_findings)
		at = m->nr_findings - 1;
	m->finding_selected = m->findings[at].h.f.nr;
	m->detail_scroll = 0;
}

/* ---- the table ---- */

enum column {
	COL_NR,
	COL_RULE,
	COL_SURE,
	COL_AGE,
	COL_PFN,
	COL_FILE,
	COL_WHO,
	COL_WHAT,
	NR_COLUMNS
};

static const struct {
	const char *title;
	int width; /* the last one gets the rest */
	int from; /* columns of the screen from which on it is shown */
	bool right;
} columns[NR_COLUMNS] = {
	[COL_NR] = { "NR", 3, 0, true },
	[COL_RULE] = { "RULE", 24, 0, false },
	[COL_SURE] = { "CONFIDENCE", 13, 0, false },
	[COL_AGE] = { "AGE", 6, 80, true },
	[COL_PFN] = { "PFN", 10, 90, false },
	[COL_FILE] = { "FILE:OFFSET", 28, 130, false },
	[COL_WHO] = { "WHO", 18, 110, false },
	[COL_WHAT] = { "WHAT", 0, 0, false },
};

static const char *sure_text(const struct engine_finding *f)
{
	if (!f->over)
		return confidence_name(f->confidence);
	return finding_is_stall(f) ? "proven, over" : "cleared";
}

static void file_text(char *out, size_t outlen, const struct engine_finding *f, int width)
{
	const struct engine_folio *x = &f->folio;
	const struct view_file file = view_file_of(x);
	char offset[32], name[VIEW_FILE_MAX];
	int len;

	out[0] = '\0';
	if (!view_file_is_known(&file)) {
		if (x->device)
			escape_columns(out, outlen, x->device, strlen(x->device), width,
				       ESCAPE_KEEP_START);
		return;
	}
	len = snprintf(offset, sizeof(offset), ":0x%" PRIx64, x->index << 12);
	snprintf(out, outlen, "%s%s",
		 file_format(name, sizeof(name), &file, width > len ? width - len : 0), offset);
}

static void who_text(char *out, size_t outlen, const struct engine_finding *f, int width)
{
	char id[32], name[DX_COMM_LEN * 4 + 1];
	int len;

	out[0] = '\0';
	if (!f->pid && !f->comm[0])
		return;
	len = snprintf(id, sizeof(id), "[%u]", f->pid);
	escape_columns(name, sizeof(name), f->comm, DX_COMM_LEN, width > len ? width - len : 0,
		       ESCAPE_KEEP_START);
	snprintf(out, outlen, "%s%s", name, id);
}

static void cell_text(char *out, size_t outlen, const struct model *m,
		      const struct engine_finding *f, enum column col, int width)
{
	out[0] = '\0';
	switch (col) {
	case COL_NR:
		snprintf(out, outlen, "%u", f->nr);
		break;
	case COL_RULE:
		snprintf(out, outlen, "%s", rule_name(f->rule));
		break;
	case COL_SURE:
		snprintf(out, outlen, "%s", sure_text(f));
		break;
	case COL_AGE:
		duration_format(out, outlen, m->now > f->first_time ? m->now - f->first_time : 0);
		break;
	case COL_PFN:
		if (f->folio.pfn)
			snprintf(out, outlen, "0x%" PRIx64, f->folio.pfn);
		break;
	case COL_FILE:
		file_text(out, outlen, f, width);
		break;
	case COL_WHO:
		who_text(out, outlen, f, width);
		break;
	default:
		finding_says(out, outlen, f, m->now);
	}
}

static enum canvas_attr row_attr(const struct engine_finding *f)
{
	if (f->over)
		return ATTR_DIM;
	return f->confidence == ENGINE_PROVEN	   ? ATTR_WAIT
	       : f->confidence == ENGINE_SUSPECTED ? ATTR_PIN
						   : ATTR_NORMAL;
}

/* @r NULL: the titles */
static void row_draw(struct model *m, int row, const struct finding_row *r)
{
	struct canvas *c = &m->canvas;
	char text[FINDING_MAX];
	int at = 0;

	for (enum column i = 0; i < NR_COLUMNS; i++) {
		int width = columns[i].width ? columns[i].width : c->cols - at;
		int pad = 0;

		if (c->cols < columns[i].from)
			continue;
		if (r)
			cell_text(text, sizeof(text), m, &r->h.f, i, width);
		else
			snprintf(text, sizeof(text), "%s", columns[i].title);
		if (columns[i].right && (int)strlen(text) < width)
			pad = width - strlen(text);
		canvas_put(c, row, at + pad, at + width, r ? row_attr(&r->h.f) : ATTR_TITLE, text);
		at += width + 1;
	}
}

void findings_draw(struct model *m, int row, int end)
{
	size_t selected = selected_index(m), page = end > row + 1 ? end - row - 1 : 0;

	canvas_paint(&m->canvas, row, 0, m->canvas.cols, ATTR_TITLE);
	row_draw(m, row++, NULL);
	m->page = page ? page : 1;
	if (!m->nr_findings) {
		canvas_put(&m->canvas, row + 1, 1, m->canvas.cols, ATTR_STRONG,
			   "no rule was broken as far as daxtop saw (1: back to the folios)");
		return;
	}
	if (m->finding_scroll > selected)
		m->finding_scroll = selected;
	if (page && selected - m->finding_scroll >= page)
		m->finding_scroll = selected - page + 1;
	for (size_t i = m->finding_scroll; i < m->nr_findings && row < end; i++, row++) {
		row_draw(m, row, &m->findings[i]);
		if (i == selected)
			canvas_paint(&m->canvas, row, 0, m->canvas.cols, ATTR_SELECTED);
	}
}

/* ---- one in detail ---- */

static int holder_take(const struct engine_holder *h, void *arg)
{
	struct held_finding *f = arg;
	struct engine_holder *holders = reallocarray(f->holders, f->nr_holders + 1, sizeof(*holders));

	if (!holders)
		return -ENOMEM;
	f->holders = holders;
	f->holders[f->nr_holders++] = *h;
	return 0;
}

/*
 * How many bytes of @s, safe text of one line, fit in @cols columns; at a blank, if one is
 * near. At least one character.
 */
static size_t line_fit(const char *s, size_t len, int cols)
{
	size_t used = 0, at = 0, blank = 0;

	while (at < len) {
		unsigned int wc;
		size_t n = utf8_decode(s + at, len - at, &wc);
		int width = n ? escape_wcwidth(wc) : 1;

		if (at && used + (width > 0 ? width : 0) > (size_t)cols)
			return blank > at / 2 ? blank : at;
		used += width > 0 ? width : 0;
		at += n ? n : 1;
		if (s[at - 1] == ' ')
			blank = at;
	}
	return len;
}

/* Draws the lines of @text from the one that the user has scrolled to; long ones go on below. */
static void lines_draw(struct model *m, const char *text, int row, int end)
{
	struct canvas *c = &m->canvas;
	char line[FINDING_MAX];
	size_t skip = m->detail_scroll, shown = 0;
	bool title = true;

	while (*text && row < end) {
		size_t len = strcspn(text, "\n"), n = line_fit(text, len, c->cols);

		if (title || shown++ >= skip) {
			snprintf(line, sizeof(line), "%.*s", (int)n, text);
			if (title)
				canvas_paint(c, row, 0, c->cols, ATTR_TITLE);
			canvas_put(c, row++, 0, c->cols, title ? ATTR_TITLE : ATTR_NORMAL, line);
		}
		title = false;
		text += n;
		text += n == len && *text;
	}
	/* not beyond the last line */
	if (!*text && shown <= skip && skip)
		m->detail_scroll = shown ? shown - 1 : 0;
}

int finding_detail_draw(struct model *m, const struct screen_info *info, int row, int end)
{
	struct finding_context c = { .start = info->start, .now = m->now, .stacks = info->stacks };
	struct finding_row *r;
	char *text = NULL;
	size_t len;
	FILE *f;
	int err = 0;

	if (!m->nr_findings) {
		canvas_paint(&m->canvas, row, 0, m->canvas.cols, ATTR_TITLE);
		canvas_put(&m->canvas, row, 0, m->canvas.cols, ATTR_TITLE, "no finding selected");
		return 0;
	}
	r = &m->findings[selected_index(m)];
	m->finding_selected = r->h.f.nr;
	free(r->h.holders);
	r->h.holders = NULL;
	r->h.nr_holders = 0;
	err = snapshot_finding_holders(m->snap, r->h.f.nr, holder_take, &r->h) == -ENOMEM ? -ENOMEM
											  : 0;
	f = err ? NULL : open_memstream(&text, &len);
	if (!f)
		return -ENOMEM;
	view_finding_text(f, "", &r->h, &c);
	err = fclose(f) ? -ENOMEM : 0;
	if (!err)
		lines_draw(m, text, row, end);
	free(text);
	return err;
}

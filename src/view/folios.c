// SPDX-License-Identifier: GPL-2.0-only
/* folios.c - the table of folios */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/file.h"
#include "view/model.h"
#include "view/names.h"

#define CELL_MAX (4 * DX_PATH_LEN + 64)

/*
 * A column's cell as safe text, cut to @width columns. Sets *@attr when the
 * value has a look of its own.
 */
typedef void (*cell_fn)(const struct model *m, const struct folio_row *r, char *out, size_t width,
			enum canvas_attr *attr);

static void cell_pfn(const struct model *m, const struct folio_row *r, char *out, size_t width,
		     enum canvas_attr *attr)
{
	(void)m, (void)width, (void)attr;
	snprintf(out, CELL_MAX, "0x%" PRIx64, r->f.pfn);
}

static void cell_size(const struct model *m, const struct folio_row *r, char *out, size_t width,
		      enum canvas_attr *attr)
{
	(void)m, (void)width, (void)attr;
	size_format(out, CELL_MAX, r->f.order);
}

static void cell_device(const struct model *m, const struct folio_row *r, char *out, size_t width,
			enum canvas_attr *attr)
{
	(void)m, (void)attr;
	if (r->f.device)
		escape_columns(out, CELL_MAX, r->f.device, strlen(r->f.device), width,
			       ESCAPE_KEEP_START);
	else
		snprintf(out, CELL_MAX, "-");
}

static void cell_file(const struct model *m, const struct folio_row *r, char *out, size_t width,
		      enum canvas_attr *attr)
{
	const struct engine_folio *f = &r->f;
	const struct view_file file = view_file_of(f);
	char offset[32], name[VIEW_FILE_MAX];
	size_t len;

	(void)m, (void)attr;
	if (!view_file_is_known(&file)) {
		snprintf(out, CELL_MAX, "-");
		return;
	}
	/* The offset stays whole if it can; the end of a path tells more than its start. */
	len = snprintf(offset, sizeof(offset), ":0x%" PRIx64, f->index << PAGE_SHIFT);
	if (width < len + 2) {
		escape_columns(out, CELL_MAX, offset, len, width, ESCAPE_KEEP_END);
		return;
	}
	snprintf(out, CELL_MAX, "%s%s", file_format(name, sizeof(name), &file, width - len), offset);
}

static void cell_ref(const struct model *m, const struct folio_row *r, char *out, size_t width,
		     enum canvas_attr *attr)
{
	(void)m, (void)width, (void)attr;
	snprintf(out, CELL_MAX, "%s%d", r->f.ref_inferred ? "~" : "", r->f.refcount);
}

static void cell_map(const struct model *m, const struct folio_row *r, char *out, size_t width,
		     enum canvas_attr *attr)
{
	(void)m, (void)width, (void)attr;
	snprintf(out, CELL_MAX, "%d", r->f.mapcount);
}

static void cell_pin(const struct model *m, const struct folio_row *r, char *out, size_t width,
		     enum canvas_attr *attr)
{
	(void)m, (void)width;
	snprintf(out, CELL_MAX, "%d", r->f.pincount);
	if (r->f.pincount)
		*attr = ATTR_PIN;
}

static void cell_age(const struct model *m, const struct folio_row *r, char *out, size_t width,
		     enum canvas_attr *attr)
{
	uint64_t first = r->f.first_time;

	(void)width, (void)attr;
	duration_format(out, CELL_MAX, m->now > first ? m->now - first : 0);
}

static void cell_holder(const struct model *m, const struct folio_row *r, char *out, size_t width,
			enum canvas_attr *attr)
{
	const char *note = r->note, *open = r->holds ? "" : "(", *close = r->holds ? "" : ")";
	char name[DX_COMM_LEN * 4 + 1], id[64];
	size_t len, used = strlen(open);

	(void)m;
	if (!r->comm[0] && !r->tgid)
		return;
	/* The number says for sure who it is: the note goes first, then letters of the name. */
	len = snprintf(id, sizeof(id), "[%u]%s%s", r->tgid, note, close);
	if (used + len + 4 > width)
		len = snprintf(id, sizeof(id), "[%u]%s", r->tgid, close);
	escape_columns(name, sizeof(name), r->comm, sizeof(r->comm),
		       width > used + len ? width - used - len : 0, ESCAPE_KEEP_START);
	snprintf(out, CELL_MAX, "%s%s%s", open, name, id);
	*attr = r->f.waited ? ATTR_WAIT : r->holds ? ATTR_PIN : ATTR_DIM;
}

static void cell_last(const struct model *m, const struct folio_row *r, char *out, size_t width,
		      enum canvas_attr *attr)
{
	(void)m, (void)width, (void)attr;
	/* nothing happened to it since a scan met it */
	snprintf(out, CELL_MAX, "%s%s", r->f.last_cause >= ENGINE_CAUSE_FAULT_REF ? "~" : "",
		 r->f.last_cause ? engine_cause_name(r->f.last_cause) : "scan");
}

static void cell_compact(const struct model *m, const struct folio_row *r, char *out, size_t width,
			 enum canvas_attr *attr)
{
	size_t len = strlen(r->compact);
	const char *from = r->compact;

	(void)m, (void)attr;
	/* The newest value counts: cut at the start, behind a '.'. */
	if (len > width && width > 2) {
		from += len - (width - 2);
		while (*from && from[-1] != '.')
			from++;
		snprintf(out, CELL_MAX, "..%s", from);
	} else {
		snprintf(out, CELL_MAX, "%s", from);
	}
}

static void cell_marks(const struct model *m, const struct folio_row *r, char *out, size_t width,
		       enum canvas_attr *attr)
{
	(void)m, (void)width;
	snprintf(out, CELL_MAX, "%s%s%s", r->f.waited ? "!" : "", r->f.doubtful ? "?" : "",
		 r->f.predates ? "*" : "");
	*attr = r->f.waited ? ATTR_WAIT : ATTR_STRONG;
}

struct column {
	const char *title;
	cell_fn cell;
	int least, most; /* width; what is left of the line is shared by weight */
	int weight;
	int drop; /* the highest goes first when the line is too short; 0: never */
	bool right;
	bool grows; /* as wide as the widest value */
};

static const struct column columns[] = {
	{ "PFN", cell_pfn, 8, 18, 0, 0, false, true },
	{ "SIZE", cell_size, 4, 4, 0, 0, true, false },
	{ "DEV", cell_device, 5, 12, 0, 2, false, true },
	{ "FILE:OFFSET", cell_file, 16, 200, 4, 0, false, false },
	{ "REF", cell_ref, 4, 11, 0, 0, true, true },
	{ "MAP", cell_map, 3, 11, 0, 0, true, true },
	{ "PIN", cell_pin, 3, 11, 0, 0, true, true },
	{ "AGE", cell_age, 6, 6, 0, 3, true, false },
	{ "HOLDER", cell_holder, 12, 30, 2, 1, false, false },
	{ "LAST", cell_last, 8, 14, 1, 4, false, false },
	{ "REFCOUNT", cell_compact, 12, 40, 2, 0, false, false },
	{ "", cell_marks, 1, 3, 0, 0, false, true },
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct layout {
	int width[NR_COLUMNS]; /* 0: left out */
};

/* Bytes are columns here: only numbers and device names grow, and a device's cell is cut. */
static int column_needs(const struct model *m, const struct column *c)
{
	static char text[CELL_MAX];
	enum canvas_attr attr;
	int width = c->least;

	for (size_t i = 0; c->grows && i < m->nr_rows; i++) {
		text[0] = '\0';
		c->cell(m, &m->rows[i], text, c->most, &attr);
		if ((int)strlen(text) > width)
			width = strlen(text);
	}
	return width < c->most ? width : c->most;
}

static int layout_width(const struct layout *l)
{
	int width = 0, nr = 0;

	for (size_t i = 0; i < NR_COLUMNS; i++) {
		width += l->width[i];
		nr += l->width[i] > 0;
	}
	return width + nr - 1;
}

static void layout_compute(struct layout *l, const struct model *m, int cols)
{
	int spare, best_extra = 0;

	for (size_t i = 0; i < NR_COLUMNS; i++)
		l->width[i] = column_needs(m, &columns[i]);
	while (layout_width(l) > cols) {
		size_t drop = NR_COLUMNS;

		for (size_t i = 0; i < NR_COLUMNS; i++)
			if (l->width[i] && columns[i].drop &&
			    (drop == NR_COLUMNS || columns[i].drop > columns[drop].drop))
				drop = i;
		if (drop == NR_COLUMNS)
			return;
		l->width[drop] = 0;
	}
	/* One column at a time to who has least for its weight: no rest is left over. */
	for (spare = cols - layout_width(l); spare > 0; spare--) {
		size_t best = NR_COLUMNS;

		for (size_t i = 0; i < NR_COLUMNS; i++) {
			int extra = l->width[i] - columns[i].least;

			if (!l->width[i] || !columns[i].weight || l->width[i] >= columns[i].most)
				continue;
			if (best == NR_COLUMNS ||
			    extra * columns[best].weight < best_extra * columns[i].weight) {
				best = i;
				best_extra = extra;
			}
		}
		if (best == NR_COLUMNS)
			break;
		l->width[best]++;
	}
}

static void cell_put(struct canvas *canvas, int row, int col, int width, bool right,
		     enum canvas_attr attr, const char *text)
{
	int pad = width - (int)strlen(text);

	/* right-aligned cells are ASCII */
	canvas_put(canvas, row, right && pad > 0 ? col + pad : col, col + width, attr, text);
}

static void title_draw(struct model *m, const struct layout *l, int row)
{
	int col = 0;

	canvas_paint(&m->canvas, row, 0, m->canvas.cols, ATTR_TITLE);
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		if (!l->width[i])
			continue;
		cell_put(&m->canvas, row, col, l->width[i], columns[i].right, ATTR_TITLE,
			 columns[i].title);
		col += l->width[i] + 1;
	}
}

static void row_draw(struct model *m, const struct layout *l, int row, const struct folio_row *r)
{
	static char text[CELL_MAX + 64];
	int col = 0;

	for (size_t i = 0; i < NR_COLUMNS; i++) {
		enum canvas_attr attr = ATTR_NORMAL;

		if (!l->width[i])
			continue;
		text[0] = '\0';
		columns[i].cell(m, r, text, l->width[i], &attr);
		cell_put(&m->canvas, row, col, l->width[i], columns[i].right, attr, text);
		col += l->width[i] + 1;
	}
}

/* Nothing to show is said, with the reason. */
static void empty_draw(struct model *m, int row, const struct screen_info *info)
{
	const char *why;

	if (m->nr_folios)
		why = "no folio matches: / p w change what is shown";
	else if (info->waiting)
		why = info->waiting;
	else
		why = "no DAX folio seen yet: none was touched since daxtop started";
	canvas_printf(&m->canvas, row, 1, m->canvas.cols, ATTR_STRONG, "%s", why);
}

void folios_draw(struct model *m, int row, int end, const struct screen_info *info)
{
	struct layout l;

	layout_compute(&l, m, m->canvas.cols);
	title_draw(m, &l, row++);
	if (!m->nr_items)
		empty_draw(m, row + 1, info);
	for (size_t i = 0; i < m->nr_rows && row < end; i++, row++) {
		row_draw(m, &l, row, &m->rows[i]);
		if (!m->text_only && m->scroll + i == m->selected)
			canvas_paint(&m->canvas, row, 0, m->canvas.cols, ATTR_SELECTED);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* reallocarray() */
/* model.c - snapshot, selection and freezing */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "view/model.h"

struct model *model_new(const struct screen_options *o)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->sort = o->sort;
	m->filter = o->filter;
	m->delay_ms = o->delay_ms ? o->delay_ms : 1000;
	m->color = !o->no_color;
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	findings_clear(m);
	free(m->findings);
	free(m->rows);
	free(m->items);
	snapshot_put(m->snap);
	canvas_free(&m->canvas);
	free(m);
}

/* ---- who matches ---- */

/* Folios whose holder matches the filter though their last event's process does not. */
struct held {
	const struct view_filter *filter;
	uint64_t *pfns;
	size_t nr, room;
	int err;
};

static int held_add(struct held *held, uint64_t pfn)
{
	if (held->nr == held->room) {
		size_t room = held->room ? held->room * 2 : 1024;
		uint64_t *pfns = reallocarray(held->pfns, room, sizeof(*pfns));

		if (!pfns)
			return held->err = -ENOMEM;
		held->pfns = pfns;
		held->room = room;
	}
	held->pfns[held->nr++] = pfn;
	return 0;
}

static int held_by_process(const struct engine_holder *h, void *arg)
{
	struct held *held = arg;

	if (held->filter->pid && h->tgid != held->filter->pid && h->pid != held->filter->pid)
		return 0;
	if (held->filter->comm && strncmp(h->comm, held->filter->comm, DX_COMM_LEN - 1))
		return 0;
	return held_add(held, h->pfn);
}

static int held_by_text(const struct engine_holder *h, void *arg)
{
	struct held *held = arg;

	return strstr(h->comm, held->filter->text) ? held_add(held, h->pfn) : 0;
}

static int pfn_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void held_sort(struct held *held)
{
	if (held->nr)
		qsort(held->pfns, held->nr, sizeof(*held->pfns), pfn_compare);
}

static bool held_has(const struct held *held, uint64_t pfn)
{
	return held->nr && bsearch(&pfn, held->pfns, held->nr, sizeof(*held->pfns), pfn_compare);
}

/* ---- which folios ---- */

struct collect {
	struct model *m;
	struct held by_process, by_text;
	bool filtered; /* not all match */
	struct model_item selected; /* the followed folio */
	bool found;
};

static int items_room(struct model *m, size_t nr)
{
	size_t room = m->room_items ? m->room_items : 1024;
	struct model_item *items;

	if (nr <= m->room_items)
		return 0;
	while (room < nr)
		room *= 2;
	items = reallocarray(m->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	m->items = items;
	m->room_items = room;
	return 0;
}

static bool item_matches(const struct collect *c, const struct engine_folio *f)
{
	struct view_filter filter = c->m->filter;

	if (filter.text && held_has(&c->by_text, f->pfn))
		filter.text = NULL;
	return view_filter_folio(&filter, f, held_has(&c->by_process, f->pfn));
}

static int item_add(const struct engine_folio *f, void *arg)
{
	struct collect *c = arg;
	struct model *m = c->m;
	struct model_item *item;

	m->nr_folios++;
	if (c->filtered && !item_matches(c, f))
		return 0;
	if (items_room(m, m->nr_items + 1))
		return -ENOMEM;
	item = &m->items[m->nr_items++];
	model_item_set(m, item, f);
	if (m->follow && f->pfn == m->selected_pfn) {
		c->selected = *item;
		c->found = true;
	}
	return 0;
}

/* What the order and the filter look at: of a million folios each part costs. */
static unsigned int parts_wanted(const struct model *m)
{
	const struct view_filter *f = &m->filter;
	unsigned int parts = 0;

	if (m->sort == SCREEN_SORT_DEVICE || m->sort == SCREEN_SORT_FILE || f->device || f->file ||
	    f->text)
		parts |= ENGINE_FOLIO_FILE;
	if (f->pid || f->comm || f->text)
		parts |= ENGINE_FOLIO_TASK;
	if (f->pinned)
		parts |= ENGINE_FOLIO_HOLDERS;
	return parts;
}

static int items_collect(struct model *m, struct collect *c)
{
	const struct view_filter *f = &m->filter;
	int err = 0;

	m->nr_items = 0;
	*c = (struct collect){ .m = m };
	c->filtered = f->pid || f->comm || f->device || f->file || f->text || f->pinned || f->waited;
	c->by_process.filter = c->by_text.filter = &m->filter;
	if (m->filter.pid || m->filter.comm)
		snapshot_holders(m->snap, UINT64_MAX, held_by_process, &c->by_process);
	if (m->filter.text)
		snapshot_holders(m->snap, UINT64_MAX, held_by_text, &c->by_text);
	held_sort(&c->by_process);
	held_sort(&c->by_text);
	m->nr_folios = 0;
	if (c->by_process.err || c->by_text.err)
		err = -ENOMEM;
	else
		err = snapshot_folios(m->snap, parts_wanted(m), item_add, c);
	free(c->by_process.pfns);
	free(c->by_text.pfns);
	return err;
}

/* ---- selection ---- */

/* The followed folio keeps its line on the screen as far as that is possible. */
static void selection_follow(struct model *m, const struct collect *c)
{
	size_t rank = 0, line = m->selected - m->scroll;

	if (m->follow && c->found) {
		for (size_t i = 0; i < m->nr_items; i++)
			if (model_item_compare(m, &m->items[i], &c->selected) < 0)
				rank++;
		m->scroll = rank > line ? rank - line : 0;
		m->selected = rank;
	}
	/* When it is gone its place stays. */
	m->follow = m->follow && c->found;
	if (!m->move)
		return;
	if (m->move < 0 && (size_t)-m->move > m->selected)
		m->selected = 0;
	else
		m->selected += m->move;
	m->move = 0;
	m->hold = true;
}

static void selection_clamp(struct model *m, size_t page)
{
	if (!page)
		page = 1;
	if (m->selected >= m->nr_items)
		m->selected = m->nr_items ? m->nr_items - 1 : 0;
	if (m->scroll > m->selected)
		m->scroll = m->selected;
	if (m->selected - m->scroll >= page)
		m->scroll = m->selected - page + 1;
	if (m->scroll + page > m->nr_items)
		m->scroll = m->nr_items > page ? m->nr_items - page : 0;
	m->page = page;
}

/*
 * A place becomes a folio: from now on the selection goes with it. The user
 * means what is shown, not what the next snapshot puts there.
 */
void model_hold(struct model *m)
{
	const struct folio_row *r = model_selected(m);

	m->follow = r;
	if (r)
		m->selected_pfn = r->f.pfn;
}

void model_move(struct model *m, long rows)
{
	long line = (long)(m->selected - m->scroll) + rows;

	if (!m->move && line >= 0 && line < (long)m->nr_rows) {
		m->selected += rows;
		model_hold(m);
		return;
	}
	/* beyond what is shown: the next snapshot knows who is there */
	if (!m->follow)
		model_hold(m);
	m->move += rows;
}

void model_move_home(struct model *m)
{
	m->selected = 0;
	m->scroll = 0;
	m->move = 0;
	m->follow = false;
}

void model_move_end(struct model *m)
{
	m->selected = m->nr_items ? m->nr_items - 1 : 0;
	m->move = 0;
	m->follow = false;
	m->hold = true;
}

const struct folio_row *model_selected(const struct model *m)
{
	size_t line = m->selected - m->scroll;

	return m->selected >= m->scroll && line < m->nr_rows ? &m->rows[line] : NULL;
}

/* ---- snapshot ---- */

/* Without what daxtop reads itself: on an idle machine nothing happens. */
static uint64_t events_of_others(const struct engine_stats *s)
{
	return s->events - s->by_type[DX_SAMPLE] - s->by_type[DX_PGMAP_REFS] -
	       s->by_type[DX_TASK_GONE];
}

/* Rates over at least half a delay: keys redraw more often and would make them jump. */
static void rates_update(struct model *m)
{
	struct engine_stats *s = &m->stats, *b = &m->base;
	uint64_t passed;

	if (!m->base_now || m->now < m->base_now) {
		m->base = *s;
		m->base_now = m->now;
		return;
	}
	passed = m->now - m->base_now;
	if (passed < m->delay_ms * 500000ull)
		return;
	m->rate_seconds = passed / 1e9;
	m->rate.events = events_of_others(s) - events_of_others(b);
	m->rate.pte_faults = s->pte_faults - b->pte_faults;
	m->rate.pmd_faults = s->pmd_faults - b->pmd_faults;
	m->rate.dev_faults = s->dev_faults - b->dev_faults;
	m->rate.fault_errors = s->fault_errors - b->fault_errors;
	for (int i = 0; i < DX_EVENT_TYPES; i++)
		m->rate.by_type[i] = s->by_type[i] - b->by_type[i];
	m->base = *s;
	m->base_now = m->now;
}

static int rows_fill(struct model *m, size_t page)
{
	m->nr_rows = 0;
	if (page > m->room_rows) {
		struct folio_row *rows = reallocarray(m->rows, page, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		m->rows = rows;
		m->room_rows = page;
	}
	model_items_select(m, m->items, m->nr_items, m->scroll, page);
	for (size_t i = m->scroll; i < m->nr_items && m->nr_rows < page; i++)
		m->nr_rows += folio_row_fill(&m->rows[m->nr_rows], m->snap, m->items[i].pfn);
	return 0;
}

static uint64_t now_of(const struct snapshot *snap, const struct screen_info *info)
{
	struct engine_stats now;

	snapshot_stats(snap, &now);
	return info->now ? info->now : now.now;
}

/* What is shown is of @snap from now on. */
static int picture_take(struct model *m, const struct snapshot *snap)
{
	findings_clear(m);
	snapshot_put(m->snap);
	m->snap = snapshot_get(snap);
	m->stats = m->live;
	m->now = m->live_now;
	rates_update(m);
	return findings_snapshot(m);
}

int model_snapshot(struct model *m, const struct snapshot *snap, const struct screen_info *info,
		   size_t page)
{
	struct collect c;
	int err = 0;

	m->frozen = m->frozen && m->freeze;
	/* Loss must be seen on a frozen screen too: those counters go on. */
	snapshot_stats(snap, &m->live);
	m->live_now = info->now ? info->now : m->live.now;
	if (!m->frozen)
		err = picture_take(m, snap);
	m->frozen = m->freeze;
	if (!err)
		err = items_collect(m, &c);
	if (err)
		return err;
	selection_follow(m, &c);
	selection_clamp(m, page);
	err = rows_fill(m, page);
	if (m->hold) {
		model_hold(m);
		m->hold = false;
	}
	return err;
}

/* ---- picture ---- */

static void too_small_draw(struct model *m)
{
	canvas_printf(&m->canvas, 0, 0, m->canvas.cols, ATTR_ALARM, "%dx%d is too small",
		      m->canvas.cols, m->canvas.rows);
	canvas_printf(&m->canvas, 1, 0, m->canvas.cols, ATTR_NORMAL, "needs %dx%d, q quits",
		      MODEL_COLS_MIN, MODEL_ROWS_MIN);
}

/* The table begins there: what waits stands above it, and leaves it four rows at least. */
static int waits_end(const struct model *m, int bottom)
{
	int most = bottom - SUMMARY_ROWS - 5;

	return SUMMARY_ROWS + (most < 0 ? 0 : (int)m->nr_waits < most ? (int)m->nr_waits : most);
}

int model_draw(struct model *m, const struct snapshot *snap, const struct screen_info *info,
	       int rows, int cols)
{
	/* summary, title, hints; the pane takes half of what is left */
	int bottom = rows - 1, table_end = bottom, top, err;

	if (m->canvas.rows != rows || m->canvas.cols != cols) {
		err = canvas_resize(&m->canvas, rows, cols);
		if (err)
			return err;
	}
	canvas_clear(&m->canvas);
	if (rows < MODEL_ROWS_MIN || cols < MODEL_COLS_MIN) {
		too_small_draw(m);
		return 0;
	}
	/* how many wait is known before the rows of the table are taken */
	if (!m->frozen) {
		m->now = now_of(snap, info);
		waits_snapshot(m, snap);
	}
	top = waits_end(m, bottom);
	if (m->detail && !m->help)
		table_end = top + 1 + (bottom - top - 1) / 2;
	err = model_snapshot(m, snap, info, table_end - top - 1);
	if (err)
		return err;
	summary_draw(m, info);
	waits_draw(m, SUMMARY_ROWS, top);
	if (m->help) {
		help_draw(m, top, bottom);
	} else if (m->show_findings) {
		findings_draw(m, top, table_end);
		if (m->detail)
			err = finding_detail_draw(m, info, table_end, bottom);
	} else {
		folios_draw(m, top, table_end, info);
		if (m->detail)
			err = detail_draw(m, table_end, bottom);
	}
	model_hints_draw(m, bottom);
	return err;
}

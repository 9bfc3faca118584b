// SPDX-License-Identifier: GPL-2.0-only
/* summary.c - the lines above the table */
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/model.h"
#include "view/names.h"

/* "label 12.1k  " with the number in @attr; returns the column behind */
static int count_put(struct canvas *c, int row, int col, int end, const char *label, double n,
		     enum canvas_attr attr)
{
	char number[16];

	col = canvas_printf(c, row, col, end, ATTR_NORMAL, "%s ", label);
	col = canvas_put(c, row, col, end, attr, count_format(number, sizeof(number), n));
	return canvas_put(c, row, col, end, ATTR_NORMAL, "  ");
}

static double rate(const struct model *m, uint64_t n)
{
	return m->rate_seconds > 0 ? n / m->rate_seconds : 0;
}

/* ---- first line: what runs where, and whether anything was lost ---- */

/* Right-aligned from the end: returns the first column it used. */
static int health_draw(struct model *m, const struct screen_info *info)
{
	struct canvas *c = &m->canvas;
	char events[16], lost[32], missed[48] = "", late[48] = "", number[32];
	uint64_t nr_lost = m->live.lost;
	const char *time = info->time ? info->time : "";
	int col, end = c->cols;

	count_format(events, sizeof(events), rate(m, m->rate.events));
	snprintf(lost, sizeof(lost), "lost %s", thousands_format(number, sizeof(number), nr_lost));
	if (info->missed)
		snprintf(missed, sizeof(missed), "missed %s",
			 thousands_format(number, sizeof(number), info->missed));
	if (m->live.late)
		snprintf(late, sizeof(late), "late %s",
			 thousands_format(number, sizeof(number), m->live.late));
	col = end - (int)(strlen(events) + 6 + strlen(lost) + 1 + strlen(time) + (*time ? 2 : 0));
	if (*missed)
		col -= strlen(missed) + 2;
	if (*late)
		col -= strlen(late) + 2;
	if (col < 7)
		col = 7;
	end = col;
	col = canvas_printf(c, 0, col, c->cols, ATTR_NORMAL, "%s ev/s ", events);
	col = canvas_printf(c, 0, col, c->cols, nr_lost ? ATTR_ALARM : ATTR_NORMAL, " %s", lost);
	if (*missed) {
		col = canvas_put(c, 0, col, c->cols, ATTR_NORMAL, " ");
		col = canvas_printf(c, 0, col, c->cols, ATTR_ALARM, " %s", missed);
	}
	if (*late) {
		col = canvas_put(c, 0, col, c->cols, ATTR_NORMAL, " ");
		col = canvas_printf(c, 0, col, c->cols, ATTR_ALARM, " %s", late);
	}
	if (*time)
		canvas_printf(c, 0, col, c->cols, ATTR_NORMAL, "  %s", time);
	return end;
}

static void identity_draw(struct model *m, const struct screen_info *info, int end)
{
	struct canvas *c = &m->canvas;
	int col;

	col = canvas_put(c, 0, 0, end - 1, ATTR_STRONG, "daxtop");
	if (info->version)
		col = canvas_printf(c, 0, col, end - 1, ATTR_NORMAL, " %s", info->version);
	if (info->kernel)
		col = canvas_printf(c, 0, col, end - 1, ATTR_NORMAL, "  %s", info->kernel);
	if (info->regime)
		canvas_printf(c, 0, col, end - 1, ATTR_NORMAL, "  regime: %s", info->regime);
}

/* ---- second and third line: counts and rates ---- */

/*
 * Right-aligned: it stays when there is no room for what is right. Returns the first
 * column it used.
 */
static int findings_count_draw(struct model *m)
{
	const struct findings_count *f = &m->found;
	struct canvas *c = &m->canvas;
	char text[96];
	int col;

	if (!f->all)
		return c->cols;
	snprintf(text, sizeof(text), "findings %u proven %u suspected %u", f->all, f->proven,
		 f->suspected);
	col = c->cols - (int)strlen(text);
	canvas_put(c, 1, col, c->cols, f->proven || f->suspected ? ATTR_ALARM : ATTR_STRONG, text);
	return col;
}

static void counts_draw(struct model *m, const struct screen_info *info)
{
	static const char *const sizes[] = { "4K", "2M", "1G" };
	struct canvas *c = &m->canvas;
	const struct engine_stats *s = &m->stats;
	uint64_t total = s->folios[0] + s->folios[1] + s->folios[2];
	int col, end = findings_count_draw(m) - 1;
	char number[32];

	col = canvas_printf(c, 1, 0, end, ATTR_NORMAL, "folios %s (",
			    thousands_format(number, sizeof(number), total));
	for (int i = 0; i < 3; i++)
		if (i < 2 || s->folios[i])
			col = canvas_printf(c, 1, col, end, ATTR_NORMAL, "%s%s %s", i ? " " : "",
					    sizes[i],
					    thousands_format(number, sizeof(number), s->folios[i]));
	col = canvas_put(c, 1, col, end, ATTR_NORMAL, ")  ");
	col = count_put(c, 1, col, end, "mapped", s->mapped, ATTR_NORMAL);
	col = count_put(c, 1, col, end, "pinned", s->pinned, s->pinned ? ATTR_PIN : ATTR_NORMAL);
	col = count_put(c, 1, col, end, "waits", s->waited, s->waited ? ATTR_WAIT : ATTR_NORMAL);
	if (s->by_type[DX_POISON])
		col = count_put(c, 1, col, end, "poisoned", s->by_type[DX_POISON], ATTR_ALARM);
	if (s->by_type[DX_SIGBUS])
		col = count_put(c, 1, col, end, "SIGBUS", s->by_type[DX_SIGBUS], ATTR_WAIT);
	if (!m->found.all)
		col = count_put(c, 1, col, end, "findings", 0, ATTR_NORMAL);
	if (s->folios_refused)
		col = count_put(c, 1, col, end, "not kept", s->folios_refused, ATTR_ALARM);
	if (s->holders_refused)
		col = count_put(c, 1, col, end, "holders not kept", s->holders_refused, ATTR_ALARM);
	if (info->stacks_unkept)
		col = count_put(c, 1, col, end, "stacks not kept", info->stacks_unkept, ATTR_ALARM);
	if (m->live.bad)
		count_put(c, 1, col, end, "bad records", m->live.bad, ATTR_ALARM);
}

static void rates_draw(struct model *m)
{
	struct canvas *c = &m->canvas;
	char pte[16], pmd[16], dev[16], pins[16], frees[16], number[16];
	int col, end = c->cols;

	count_format(pte, sizeof(pte), rate(m, m->rate.pte_faults));
	count_format(pmd, sizeof(pmd), rate(m, m->rate.pmd_faults));
	count_format(dev, sizeof(dev), rate(m, m->rate.dev_faults));
	count_format(pins, sizeof(pins), rate(m, m->rate.by_type[DX_PIN]));
	count_format(frees, sizeof(frees), rate(m, m->rate.by_type[DX_FREE]));
	col = canvas_printf(c, 2, 0, end, ATTR_NORMAL,
			    "faults %s PTE %s PMD %s dax /s  pins %s /s  frees %s /s", pte, pmd,
			    dev, pins, frees);
	if (m->rate.fault_errors)
		col = canvas_printf(c, 2, col, end, ATTR_WAIT, "  failed %s /s",
				    count_format(number, sizeof(number),
						 rate(m, m->rate.fault_errors)));
	if (m->stats.steps_dropped)
		canvas_printf(c, 2, col, end, ATTR_DIM, "  history: %s steps forgotten",
			      count_format(number, sizeof(number), m->stats.steps_dropped));
}

/* ---- fourth line: how it is shown ---- */

static int filter_draw(struct model *m, int col, int end)
{
	const struct view_filter *f = &m->filter;
	const struct {
		const char *label, *value;
	} parts[] = {
		{ "comm", f->comm },
		{ "device", f->device },
		{ "file", f->file },
		{ "/", f->text },
	};
	struct canvas *c = &m->canvas;
	char shown[256];

	if (f->pinned)
		col = canvas_put(c, 3, col, end, ATTR_STRONG, "  pinned only");
	if (f->waited)
		col = canvas_put(c, 3, col, end, ATTR_STRONG, "  waited only");
	if (f->pid)
		col = canvas_printf(c, 3, col, end, ATTR_STRONG, "  pid %u", f->pid);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].value)
			continue;
		escape_columns(shown, sizeof(shown), parts[i].value, strlen(parts[i].value), 24,
			       ESCAPE_KEEP_END);
		col = canvas_printf(c, 3, col, end, ATTR_STRONG, "  %s%s%s", parts[i].label,
				    parts[i].label[0] == '/' ? "" : " ", shown);
	}
	return col;
}

/* Right-aligned; what was asked for and is gone on with must not be mistaken for live. */
static int frozen_draw(struct model *m)
{
	struct canvas *c = &m->canvas;
	char text[160], ago[16], since[16];
	uint64_t events = m->live.events - m->stats.events;
	int col;

	if (!m->frozen)
		return c->cols;
	duration_format(ago, sizeof(ago), m->live_now - m->now);
	count_format(since, sizeof(since), events);
	snprintf(text, sizeof(text), " FROZEN %s ago, %s events since ", ago, since);
	col = c->cols - (int)strlen(text);
	canvas_put(c, 3, col < 0 ? 0 : col, c->cols, ATTR_ALARM, text);
	return col;
}

static void mode_draw(struct model *m, const struct screen_info *info)
{
	struct canvas *c = &m->canvas;
	int col, end = frozen_draw(m) - 1;

	col = canvas_printf(c, 3, 0, end, ATTR_NORMAL, "sort: %s%s", screen_sort_name(m->sort),
			    m->reverse ? " (reversed)" : "");
	if (m->nr_items != m->nr_folios) {
		char shown[32];

		col = canvas_printf(c, 3, col, end, ATTR_STRONG, "  shown %s",
				    thousands_format(shown, sizeof(shown), m->nr_items));
	}
	col = filter_draw(m, col, end);
	if (info->probes_total && info->probes_attached < info->probes_total)
		col = canvas_printf(c, 3, col, end, ATTR_WAIT, "  probes %u of %u",
				    info->probes_attached, info->probes_total);
	if (info->looks.nr_gaps)
		col = canvas_printf(c, 3, col, end, ATTR_WAIT,
				    "  not looked at: %zu (daxtop scan says what)",
				    info->looks.nr_gaps);
	if (m->delay_ms != 1000 && !m->text_only)
		canvas_printf(c, 3, col, end, ATTR_NORMAL, "  every %g s", m->delay_ms / 1000.0);
}

void summary_draw(struct model *m, const struct screen_info *info)
{
	identity_draw(m, info, health_draw(m, info));
	counts_draw(m, info);
	rates_draw(m);
	mode_draw(m, info);
}

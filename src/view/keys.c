// SPDX-License-Identifier: GPL-2.0-only
/* keys.c - the live key table; the help screen is made of it */
#include <stdio.h>
#include <string.h>
#include "view/canvas.h"
#include "base/escape.h"
#include "view/model.h"
#include "view/text.h"

#define DELAY_MIN_MS 100
#define DELAY_MAX_MS 60000

struct key {
	unsigned int key, other; /* other: a second key for the same, 0: none */
	const char *name; /* as shown */
	const char *hint; /* on the bottom line; NULL: in the help only */
	const char *help;
	unsigned int (*press)(struct model *m);
};

/* In the table that is shown. */
static unsigned int move(struct model *m, long rows)
{
	if (m->show_findings)
		findings_move(m, rows);
	else
		model_move(m, rows);
	return MODEL_REDRAW;
}

static unsigned int press_up(struct model *m)
{
	return move(m, -1);
}

static unsigned int press_down(struct model *m)
{
	return move(m, 1);
}

static unsigned int press_page_up(struct model *m)
{
	return move(m, -(long)m->page);
}

static unsigned int press_page_down(struct model *m)
{
	return move(m, m->page);
}

static unsigned int press_home(struct model *m)
{
	if (m->show_findings)
		return move(m, -(long)m->nr_findings);
	model_move_home(m);
	return MODEL_REDRAW;
}

static unsigned int press_end(struct model *m)
{
	if (m->show_findings)
		return move(m, m->nr_findings);
	model_move_end(m);
	return MODEL_REDRAW;
}

static unsigned int press_folios(struct model *m)
{
	m->show_findings = false;
	m->detail = false;
	return MODEL_REDRAW;
}

static unsigned int press_findings(struct model *m)
{
	m->show_findings = true;
	m->detail = false;
	return MODEL_REDRAW;
}

static unsigned int press_sort(struct model *m)
{
	m->sort = (m->sort + 1) % SCREEN_SORTS;
	return MODEL_REDRAW;
}

static unsigned int press_reverse(struct model *m)
{
	m->reverse = !m->reverse;
	return MODEL_REDRAW;
}

static unsigned int press_filter(struct model *m)
{
	m->editing = true;
	memcpy(m->edit, m->text, sizeof(m->edit));
	return MODEL_REDRAW;
}

static unsigned int press_pinned(struct model *m)
{
	m->filter.pinned = !m->filter.pinned;
	return MODEL_REDRAW;
}

static unsigned int press_waited(struct model *m)
{
	m->filter.waited = !m->filter.waited;
	return MODEL_REDRAW;
}

static unsigned int press_freeze(struct model *m)
{
	m->freeze = !m->freeze;
	return MODEL_REDRAW;
}

static unsigned int press_detail(struct model *m)
{
	m->detail = !m->detail;
	m->detail_scroll = 0;
	/* The pane is about this folio, wherever it goes in the table. */
	if (!m->show_findings)
		model_hold(m);
	return MODEL_REDRAW;
}

static unsigned int press_older(struct model *m)
{
	if (!m->detail)
		return 0;
	m->detail_scroll++;
	return MODEL_REDRAW;
}

static unsigned int press_newer(struct model *m)
{
	if (!m->detail || !m->detail_scroll)
		return 0;
	m->detail_scroll--;
	return MODEL_REDRAW;
}

static unsigned int press_slower(struct model *m)
{
	m->delay_ms = m->delay_ms * 2 > DELAY_MAX_MS ? DELAY_MAX_MS : m->delay_ms * 2;
	return MODEL_REDRAW;
}

static unsigned int press_faster(struct model *m)
{
	m->delay_ms = m->delay_ms / 2 < DELAY_MIN_MS ? DELAY_MIN_MS : m->delay_ms / 2;
	return MODEL_REDRAW;
}

static unsigned int press_color(struct model *m)
{
	m->color = !m->color;
	return MODEL_REDRAW;
}

static unsigned int press_repaint(struct model *m)
{
	m->repaint = true;
	return MODEL_REDRAW;
}

static unsigned int press_help(struct model *m)
{
	m->help = !m->help;
	m->help_scroll = 0;
	return MODEL_REDRAW;
}

static unsigned int press_escape(struct model *m)
{
	/* from the inner to the outer */
	if (!m->detail)
		m->show_findings = false;
	m->detail = false;
	return MODEL_REDRAW;
}

static unsigned int press_quit(struct model *m)
{
	(void)m;
	return MODEL_QUIT;
}

static const struct key keys[] = {
	{ 'h', '?', "h ?", "help", "this help", press_help },
	{ 'q', 0, "q", "quit", "quit", press_quit },
	{ '1', 0, "1", NULL, "the folios", press_folios },
	{ '6', 0, "6", "findings", "the findings: rules that were broken", press_findings },
	{ MODEL_KEY_UP, 'k', "Up k", NULL, "one line up", press_up },
	{ MODEL_KEY_DOWN, 'j', "Down j", NULL, "one line down", press_down },
	{ MODEL_KEY_PAGE_UP, 0, "PgUp", NULL, "one page up", press_page_up },
	{ MODEL_KEY_PAGE_DOWN, 0, "PgDn", NULL, "one page down", press_page_down },
	{ MODEL_KEY_HOME, 'g', "Home g", NULL, "to the first, and stay there", press_home },
	{ MODEL_KEY_END, 'G', "End G", NULL, "to the last", press_end },
	{ MODEL_KEY_ENTER, 0, "Enter", "detail",
	  "history and holders of the selected folio, stacks of a finding", press_detail },
	{ '[', 0, "[", NULL, "in the history: older steps; of a finding: lines further down",
	  press_older },
	{ ']', 0, "]", NULL, "in the history: newer steps; of a finding: further up", press_newer },
	{ MODEL_KEY_ESCAPE, 0, "Esc", NULL, "close the history; go back to the folios", press_escape },
	{ 's', 0, "s", "sort", "sort by the next column", press_sort },
	{ 'r', 0, "r", "reverse", "turn the order round", press_reverse },
	{ '/', 0, "/", "filter", "only folios with this text in process, file, device or pfn",
	  press_filter },
	{ 'p', 0, "p", "pinned", "only pinned or held folios, or all", press_pinned },
	{ 'w', 0, "w", "waited", "only folios that a truncate or the like waits for, or all",
	  press_waited },
	{ 'f', ' ', "f Space", "freeze", "hold the picture; again: go on", press_freeze },
	{ '+', '=', "+", NULL, "fewer pictures a second", press_slower },
	{ '-', 0, "-", NULL, "more pictures a second", press_faster },
	{ 'c', 0, "c", NULL, "colours on or off", press_color },
	{ 'L' - '@', 0, "Ctrl-L", NULL, "paint everything anew", press_repaint },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *const help_notes[] = {
	"",
	"  REF MAP PIN  reference count, mapcount and pins, as the kernel had them last",
	"  AGE          since daxtop saw the folio first",
	"  HOLDER       who holds it longest; (in brackets) who was there last, holds nothing",
	"  REFCOUNT     its values one after the other: ~ inferred, ? a gap, .. there were more",
	"  !            somebody waits for this folio",
	"  ?            events were lost: the numbers are doubtful until its next event",
	("  missed       " MISSED_MEANS),
	"  *            somebody had references before daxtop started",
};

#define NR_NOTES (sizeof(help_notes) / sizeof(help_notes[0]))

const char *model_help_line(size_t n, char *out, size_t outlen)
{
	if (n < NR_KEYS)
		snprintf(out, outlen, "  %-12s %s", keys[n].name, keys[n].help);
	else if (n - NR_KEYS < NR_NOTES)
		snprintf(out, outlen, "%s", help_notes[n - NR_KEYS]);
	else
		return NULL;
	return out;
}

void help_draw(struct model *m, int row, int end)
{
	size_t nr = NR_KEYS + NR_NOTES, page = end - row - 1;
	char line[256];

	if (m->help_scroll + page > nr)
		m->help_scroll = nr > page ? nr - page : 0;
	canvas_printf(&m->canvas, row++, 0, m->canvas.cols, ATTR_TITLE, "Keys%s",
		      nr > page ? " (more: Up, Down)" : "");
	for (size_t n = m->help_scroll; row < end && model_help_line(n, line, sizeof(line)); n++)
		canvas_put(&m->canvas, row++, 0, m->canvas.cols, ATTR_NORMAL, line);
}

void model_hints_draw(struct model *m, int row)
{
	char shown[MODEL_TEXT_MAX * 8];
	int col = 0, cols = m->canvas.cols;

	if (m->editing) {
		escape_columns(shown, sizeof(shown), m->edit, strlen(m->edit), cols - 24,
			       ESCAPE_KEEP_END);
		col = canvas_put(&m->canvas, row, 0, cols, ATTR_KEY, "filter: ");
		col = canvas_put(&m->canvas, row, col, cols, ATTR_STRONG, shown);
		canvas_put(&m->canvas, row, col, cols, ATTR_STRONG, "_");
		return;
	}
	for (size_t i = 0; i < NR_KEYS; i++) {
		if (!keys[i].hint)
			continue;
		col = canvas_put(&m->canvas, row, col, cols, ATTR_KEY, keys[i].name);
		col = canvas_printf(&m->canvas, row, col, cols, ATTR_NORMAL, " %s  ", keys[i].hint);
	}
}

/* ---- pressing ---- */

static size_t utf8_encode(char *out, unsigned int c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i > 1; i--, c >>= 6)
		out[i - 1] = 0x80 | (c & 0x3f);
	out[0] = lead[n] | c;
	return n;
}

static unsigned int edit_key(struct model *m, unsigned int key)
{
	size_t len = strlen(m->edit);

	switch (key) {
	case MODEL_KEY_ENTER:
		memcpy(m->text, m->edit, sizeof(m->text));
		m->filter.text = m->text[0] ? m->text : NULL;
		m->editing = false;
		return MODEL_REDRAW;
	case MODEL_KEY_ESCAPE:
		m->editing = false;
		return MODEL_REDRAW;
	case MODEL_KEY_BACKSPACE:
		while (len && (m->edit[len - 1] & 0xc0) == 0x80)
			len--;
		if (len)
			len--;
		m->edit[len] = '\0';
		return MODEL_REDRAW;
	case 'U' - '@': /* Ctrl-U, as in a shell: all of it */
		m->edit[0] = '\0';
		return MODEL_REDRAW;
	}
	if (key < ' ' || key >= 0x110000 || len + 5 > sizeof(m->edit))
		return 0;
	len += utf8_encode(m->edit + len, key);
	m->edit[len] = '\0';
	return MODEL_REDRAW;
}

static unsigned int help_key(struct model *m, unsigned int key)
{
	switch (key) {
	case MODEL_KEY_UP:
		if (m->help_scroll)
			m->help_scroll--;
		break;
	case MODEL_KEY_DOWN:
		m->help_scroll++;
		break;
	case MODEL_KEY_PAGE_UP:
	case MODEL_KEY_HOME:
		m->help_scroll = 0;
		break;
	case MODEL_KEY_PAGE_DOWN:
	case MODEL_KEY_END:
		m->help_scroll = NR_KEYS + NR_NOTES;
		break;
	case 'q':
		return MODEL_QUIT;
	default:
		m->help = false;
	}
	return MODEL_REDRAW;
}

unsigned int model_key(struct model *m, unsigned int key)
{
	if (m->editing)
		return edit_key(m, key);
	if (m->help)
		return help_key(m, key);
	for (size_t i = 0; i < NR_KEYS; i++)
		if (keys[i].key == key || (keys[i].other && keys[i].other == key))
			return keys[i].press(m);
	return 0;
}

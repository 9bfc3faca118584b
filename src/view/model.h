/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_MODEL_H
#define DAXTOP_MODEL_H
/*
 * model.h - what the screen shows and how the user wants it, without any
 * terminal: a snapshot of the engine, sort, filter, selection, freezing.
 * It is drawn on a canvas (folios.c, summary.c, detail.c) and changed by keys (keys.c).
 */
#include "view/canvas.h"
#include "view/finding.h"
#include "view/screen.h"

#define MODEL_TEXT_MAX 64
#define MODEL_ROWS_MIN 10
#define MODEL_COLS_MIN 60
#define MODEL_WAITS    3 /* lines of who waits */

/* A folio with all that its row shows. Strings are the snapshot's. */
struct folio_row {
	struct engine_folio f;
	char comm[DX_COMM_LEN + 1]; /* who: hostile bytes; "": nobody known */
	uint32_t tgid;
	char note[32]; /* behind it: " +2", " longterm", " waits" */
	bool holds; /* it holds the folio; false: it was the last one there */
	char compact[64]; /* the history in short, safe */
};

/* A finding of the snapshot, with its strings. */
struct finding_row {
	struct held_finding h; /* holders: only of the one shown in detail */
};

struct findings_count {
	unsigned int all, proven, suspected; /* that count: no note, not cleared */
};

/* What one folio is sorted by: 24 bytes, so that a million can be sifted for each picture. */
struct model_item {
	uint64_t key;
	const char *name; /* of the snapshot; NULL sorts last */
	uint64_t pfn;
};

struct model {
	struct canvas canvas;

	/* how the user wants it */
	enum screen_sort sort;
	bool reverse;
	struct view_filter filter;
	char text[MODEL_TEXT_MAX * 4 + 1]; /* filter.text points here when set */
	bool editing; /* '/' is being typed */
	char edit[MODEL_TEXT_MAX * 4 + 1];
	bool help;
	size_t help_scroll;
	bool detail;
	size_t detail_scroll; /* steps back from the newest */
	uint32_t delay_ms;
	bool color;
	bool repaint; /* something else wrote on the terminal */
	bool text_only; /* batch mode: no selection, no keys */
	bool show_findings; /* the table is of findings, not of folios */

	/* selection: a place until the user moves, then a folio */
	bool follow;
	bool hold; /* follow what is selected after the next snapshot */
	long move; /* rows to go in the next snapshot */
	uint64_t selected_pfn; /* valid with follow */
	size_t selected; /* index among the matching folios */
	size_t scroll; /* index of the first row shown */
	size_t page; /* rows that fit, from the last drawing */

	const struct snapshot *snap; /* of the picture */
	struct model_item *items;
	size_t nr_items, room_items; /* matching folios */
	size_t nr_folios; /* all */
	struct folio_row *rows; /* the shown ones */
	size_t nr_rows, room_rows;
	struct engine_stats live; /* of now */
	struct engine_stats stats; /* of the picture: older than live when it is frozen */
	struct engine_stats base; /* rates are against it */
	uint64_t base_now;
	double rate_seconds; /* 0: no rate yet */
	struct engine_stats rate; /* differences over rate_seconds */
	uint64_t now; /* ns; of the picture */
	uint64_t live_now;

	struct engine_wait waits[MODEL_WAITS]; /* those that wait longest */
	char wait_text[MODEL_WAITS][1024];
	unsigned int nr_waits, nr_waits_all;

	struct finding_row *findings; /* what matters most first */
	size_t nr_findings, room_findings;
	struct findings_count found;
	uint32_t finding_selected; /* its number; none such: the first */
	size_t finding_scroll; /* index of the first row shown */

	/* frozen */
	bool freeze; /* asked for */
	bool frozen; /* done: the snapshot stays */
};

/* Returns NULL when memory is short. */
struct model *model_new(const struct screen_options *o);
void model_free(struct model *m);

/*
 * Takes a reference to @snap (frozen: only the counters that must stay live are taken from it)
 * and prepares @page rows to show. Returns 0 or -ENOMEM.
 */
int model_snapshot(struct model *m, const struct snapshot *snap, const struct screen_info *info,
		   size_t page);

/* The same, and the picture at @rows x @cols (any size > 0). Returns 0 or -ENOMEM. */
int model_draw(struct model *m, const struct snapshot *snap, const struct screen_info *info,
	       int rows, int cols);

/* The row under the selection, NULL when there is none. */
const struct folio_row *model_selected(const struct model *m);

/* Moves the selection by @rows of what is shown, or to the first / last. */
void model_move(struct model *m, long rows);
void model_move_home(struct model *m);
/* The selection stays with the folio that is shown under it. */
void model_hold(struct model *m);
void model_move_end(struct model *m);

/* ---- rows.c ---- */

/* Fills @r with the folio at @pfn of the snapshot, its holder and history. False: there is none. */
bool folio_row_fill(struct folio_row *r, const struct snapshot *snap, uint64_t pfn);

/* ---- select.c ---- */

/* Key of @f for the model's sort order; @f must stay valid as long as the item. */
void model_item_set(const struct model *m, struct model_item *item, const struct engine_folio *f);
/* < 0: @a comes first. Never 0 for different pfns. */
int model_item_compare(const struct model *m, const struct model_item *a, const struct model_item *b);
/* Orders items so that [first, first + nr) hold what a full sort would put there, in order. */
void model_items_select(const struct model *m, struct model_item *items, size_t nr_items,
			size_t first, size_t nr);

/* ---- keys.c ---- */

/* Keys that are no characters; above Unicode. */
enum model_key {
	MODEL_KEY_UP = 0x110000,
	MODEL_KEY_DOWN,
	MODEL_KEY_PAGE_UP,
	MODEL_KEY_PAGE_DOWN,
	MODEL_KEY_HOME,
	MODEL_KEY_END,
	MODEL_KEY_ENTER,
	MODEL_KEY_ESCAPE,
	MODEL_KEY_BACKSPACE,
};

/* What a key's handler asks for; bits. */
#define MODEL_REDRAW (1u << 0)
#define MODEL_QUIT   (1u << 1)

/* @key: a Unicode character or enum model_key. Returns MODEL_* bits, 0: nothing to do. */
unsigned int model_key(struct model *m, unsigned int key);
/* Lines of the help screen, generated from the key table; NULL behind the last. */
const char *model_help_line(size_t n, char *out, size_t outlen);
/* The most important keys on one line. */
void model_hints_draw(struct model *m, int row);

/* ---- findings.c ---- */

/* Takes them anew from the snapshot. Returns 0 or -ENOMEM. */
int findings_snapshot(struct model *m);
void findings_clear(struct model *m);
/* Moves the selection, as far as there are any. */
void findings_move(struct model *m, long rows);
/* Titles and rows from @row to before @end. */
void findings_draw(struct model *m, int row, int end);
/* The selected one, with stacks and holders. Returns 0 or -ENOMEM. */
int finding_detail_draw(struct model *m, const struct screen_info *info, int row, int end);

/* ---- waits.c ---- */

/* Who waits for a second or longer. */
void waits_snapshot(struct model *m, const struct snapshot *snap);
/* A line each from @row to before @end. Returns the row behind the last. */
int waits_draw(struct model *m, int row, int end);

/* ---- summary.c, folios.c, detail.c: parts of the picture ---- */

#define SUMMARY_ROWS 4
void summary_draw(struct model *m, const struct screen_info *info);
/* Draws title and rows from @row to before @end. */
void folios_draw(struct model *m, int row, int end, const struct screen_info *info);
/* Columns of the table start at @row; for batch mode no selection. */
int detail_draw(struct model *m, int row, int end);
void help_draw(struct model *m, int row, int end);

#endif

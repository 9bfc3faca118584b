// SPDX-License-Identifier: GPL-2.0-only
/* scan_text.c - one look as text: scan, holders */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "view/scan_part.h"

#define FILES_SHOWN 10
#define ORDERS	    32

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- summary ---- */

struct file_sum {
	int file;
	struct scan_sum sum;
};

static int by_pages(const void *a, const void *b)
{
	const struct file_sum *x = a, *y = b;

	if (x->sum.pages != y->sum.pages)
		return x->sum.pages < y->sum.pages ? 1 : -1;
	return x->file - y->file;
}

static void sum_print(FILE *out, const struct scan_sum *sum, const char *name)
{
	char folios[32], pages[32], pins[32], gets[32];

	fprintf(out, "  %10s %12s %10s %10s  %s\n",
		thousands_format(folios, sizeof(folios), sum->folios),
		thousands_format(pages, sizeof(pages), sum->pages),
		thousands_format(pins, sizeof(pins), sum->pins),
		thousands_format(gets, sizeof(gets), sum->gets), name);
}

/* Devices first, then their files, largest first. */
static void files_print(FILE *out, const struct scan_view *v)
{
	size_t nr = scan_nr_files(v->s), used = 0;
	struct file_sum *files = calloc(nr + 1, sizeof(*files));
	char name[VIEW_FILE_MAX];

	if (!files)
		return; /* the rows are there */
	for (size_t i = 0; i < nr; i++)
		files[i].file = i + 1;
	for (size_t i = 0; i < scan_nr_folios(v->s); i++) {
		const struct scan_folio *f = scan_folio(v->s, i);

		/* a device has its own line */
		if (f->file && !scan_file(v->s, f->file)->device && scan_scope_folio(v, i))
			scan_sum_add(&files[f->file - 1].sum, f);
	}
	qsort(files, nr, sizeof(*files), by_pages);
	while (used < nr && files[used].sum.folios)
		used++;
	for (size_t i = 0; i < used && (i < FILES_SHOWN || v->verbose); i++)
		sum_print(out, &files[i].sum,
			  scan_name_format(name, sizeof(name), v, files[i].file, -1, (size_t)-1));
	if (used > FILES_SHOWN && !v->verbose)
		fprintf(out, "  %45s  and %zu files more (--verbose shows them)\n", "",
			used - FILES_SHOWN);
	free(files);
}

static void orders_print(FILE *out, const struct scan_view *v)
{
	struct scan_sum sum;
	char size[8];

	for (int order = 0; order < ORDERS; order++) {
		scan_sum_get(v, -1, order, &sum);
		if (sum.folios)
			sum_print(out, &sum, size_format(size, sizeof(size), order));
	}
}

static void totals_print(FILE *out, const struct scan_view *v, const struct scan_sum *sum,
			 size_t waits)
{
	char n[32];

	fprintf(out, "%s folio%s in use", thousands_format(n, sizeof(n), sum->folios),
		plural(sum->folios));
	if (sum->folios) {
		fprintf(out, ": %s mapped", thousands_format(n, sizeof(n), sum->mapped));
		fprintf(out, ", %s pinned", thousands_format(n, sizeof(n), sum->pinned));
	}
	if (sum->folios && v->holders)
		fprintf(out, ", %s of unknown holders", thousands_format(n, sizeof(n), sum->unknown));
	if (sum->overput)
		fprintf(out, ", %s with too few references",
			thousands_format(n, sizeof(n), sum->overput));
	fprintf(out, "; %zu wait%s\n", waits, plural(waits));
}

static void summary_print(FILE *out, const struct scan_view *v, size_t waits)
{
	struct scan_sum sum;

	scan_sum_get(v, -1, -1, &sum);
	if (sum.folios) {
		fprintf(out, "\n  %10s %12s %10s %10s  OF\n", "FOLIOS", "PAGES", "PINS", "REFS");
		for (size_t i = 0; i < scan_nr_pgmaps(v->s); i++) {
			struct scan_sum one;
			char device[128];

			scan_sum_get(v, i, -1, &one);
			escape_text(device, sizeof(device), scan_device(v, i),
				    strlen(scan_device(v, i)));
			if (one.folios)
				sum_print(out, &one, device[0] ? device : "-");
		}
		files_print(out, v);
		orders_print(out, v);
		scan_held_print(out, v);
	}
	fputc('\n', out);
	totals_print(out, v, &sum, waits);
}

void view_scan_text(FILE *out, const struct scan_view *v)
{
	size_t waits;

	scan_heading_print(out, v);
	scan_devices_print(out, v);
	scan_folios_print(out, v);
	scan_others_print(out, v);
	scan_bad_print(out, v);
	waits = scan_waits_print(out, v);
	scan_gaps_print(out, v);
	if (scan_nr_pgmaps(v->s))
		summary_print(out, v, waits);
}

/* ---- holders ---- */

#define WIDTH 110

/* Words of @text, filled. */
static void wrapped_print(FILE *out, const char *text)
{
	size_t col = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (col && col + 1 + len > WIDTH)
			col = fprintf(out, "\n ") - 1;
		if (col)
			col += fprintf(out, " ");
		col += fprintf(out, "%.*s", (int)len, text);
		text += len;
		text += *text == ' ';
	}
	fputc('\n', out);
}

void view_holders_text(FILE *out, const struct scan_view *v, const char *what, int pgmap)
{
	char name[4 * DX_PATH_LEN + 1], text[SCAN_WORDS];
	struct scan_verdict verdict;

	escape_text(name, sizeof(name), what, strlen(what));
	scan_heading_print(out, v);
	if (pgmap >= 0)
		scan_devices_print(out, v);
	scan_folios_print(out, v);
	scan_others_print(out, v);
	scan_bad_print(out, v);
	scan_waits_print(out, v);
	scan_gaps_print(out, v);
	if (!view_scan_somebody(v) && !v->unsure)
		fprintf(out, "\n%s %s%s\n", v->pid ? "process" : "nobody holds", name,
			v->pid ? " holds nothing and waits for nothing" : " or waits for it");
	if (pgmap >= 0) {
		scan_verdict(v->s, pgmap, &verdict);
		scan_verdict_format(text, sizeof(text), scan_device(v, pgmap), &verdict);
		fputc('\n', out);
		wrapped_print(out, text);
	}
}

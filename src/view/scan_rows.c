// SPDX-License-Identifier: GPL-2.0-only
/* scan_rows.c - parts of a look as text: devices, folios with their holders, gaps */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/scan_part.h"

#define FILE_COLUMNS  38
#define ROW_COLUMNS   89 /* of a row before its holders */
#define HOLDERS_SHOWN 4 /* of a folio, without --verbose */
#define OTHERS_SHOWN  20

void scan_heading_print(FILE *out, const struct scan_view *v)
{
	char kernel[256];

	escape_text(kernel, sizeof(kernel), v->kernel ? v->kernel : "?",
		    v->kernel ? strlen(v->kernel) : 1);
	fprintf(out, "kernel %s, regime %s\n", kernel, regime_name(v->regime));
	if (v->regime == REGIME_LEGACY)
		fprintf(out,
			"an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
			"and a mapping takes no reference\n");
}

/* ---- devices ---- */

/* pages as "512.0M" */
static char *bytes_format(char *out, size_t outlen, uint64_t pages)
{
	static const char units[] = "KMGTP";
	double n = pages * 4.0;
	int unit = 0;

	for (; n >= 1024 && unit < (int)sizeof(units) - 2; unit++)
		n /= 1024;
	snprintf(out, outlen, n == (uint64_t)n ? "%.0f%c" : "%.1f%c", n, units[unit]);
	return out;
}

static uint64_t pgmap_pages(const struct scan_pgmap *p)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < p->nr_range && i < DX_PGMAP_RANGES; i++)
		pages += p->range[i].nr;
	return pages;
}

static const char *pgmap_remark(const struct scan_view *v, const struct scan_pgmap *p)
{
	switch (scan_walk_state(v, p)) {
	case SCAN_VANISHED:
		return "  went while it was looked at";
	case SCAN_PARTLY:
		return "  not all of it was looked at";
	case SCAN_SKIPPED:
		return "  not looked at";
	case SCAN_WALKED:
		break;
	}
	return p->dying ? "  is being removed" : "";
}

static void ranges_print(FILE *out, const struct scan_pgmap *p)
{
	char text[4 * sizeof(p->owner) + 1];

	for (uint32_t i = 0; i < p->nr_range && i < DX_PGMAP_RANGES; i++)
		fprintf(out, "      pfn 0x%" PRIx64 "-0x%" PRIx64 "\n", p->range[i].pfn,
			p->range[i].pfn + p->range[i].nr - 1);
	if (p->nr_range > DX_PGMAP_RANGES)
		fprintf(out, "      and %u ranges more\n", p->nr_range - DX_PGMAP_RANGES);
	if (p->no_memmap)
		fprintf(out, "      the first %" PRIu64 " pages have no struct page (altmap)\n",
			p->no_memmap);
	if (p->owner[0]) {
		escape_text(text, sizeof(text), p->owner, sizeof(p->owner));
		fprintf(out, "      owner %s\n", text);
	}
	if (p->ops[0]) {
		escape_text(text, sizeof(text), p->ops, sizeof(p->ops));
		fprintf(out, "      ops %s\n", text);
	}
}

static void device_print(FILE *out, const struct scan_view *v, const struct scan_pgmap *p)
{
	bool skipped = scan_walk_state(v, p) == SCAN_SKIPPED;
	char device[128], driver[128], size[16], in_use[32], mapped[32], pinned[32], refs[24],
		rest[24];

	escape_text(device, sizeof(device), p->device[0] ? p->device : "-", sizeof(p->device));
	escape_text(driver, sizeof(driver), p->driver[0] ? p->driver : "-", sizeof(p->driver));
	thousands_format(in_use, sizeof(in_use), p->in_use);
	thousands_format(mapped, sizeof(mapped), p->mapped);
	thousands_format(pinned, sizeof(pinned), p->pinned);
	if (skipped)
		strcpy(in_use, "-"), strcpy(mapped, "-"), strcpy(pinned, "-");
	snprintf(refs, sizeof(refs), p->refs_known ? "%" PRId64 : "-", p->refs);
	snprintf(rest, sizeof(rest), p->refs_known ? "%" PRId64 : "-", p->unexplained);
	fprintf(out, "%c %-12s %-10s %-13s %7s %9s %9s %8s %10s %11s%s\n",
		(p->refs_known && p->unexplained > 0) || p->dying ? '!' : ' ', device,
		pgmap_type_name(p->type) ? pgmap_type_name(p->type) : "?", driver,
		bytes_format(size, sizeof(size), pgmap_pages(p)), in_use, mapped, pinned, refs,
		rest, pgmap_remark(v, p));
	if (v->verbose)
		ranges_print(out, p);
}

void scan_devices_print(FILE *out, const struct scan_view *v)
{
	if (!scan_nr_pgmaps(v->s)) {
		fprintf(out, "\nno device with ZONE_DEVICE memory is there\n");
		return;
	}
	fprintf(out, "\n  %-12s %-10s %-13s %7s %9s %9s %8s %10s %11s\n", "DEVICE", "TYPE",
		"DRIVER", "SIZE", "IN-USE", "MAPPED", "PINNED", "REFS", "UNEXPLAINED");
	for (size_t i = 0; i < scan_nr_pgmaps(v->s); i++)
		if (!v->filter->device || !strcmp(scan_device(v, i), v->filter->device))
			device_print(out, v, scan_pgmap(v->s, i));
}

/* ---- holders ---- */

/* The column that holders stand in: the first beside its folio, the others below. */
struct column {
	FILE *out;
	const struct scan_view *v;
	int indent;
	unsigned int lines, left_out, candidates;
};

static void column_begin(struct column *c)
{
	if (c->lines++)
		fprintf(c->out, "%*s", c->indent, "");
}

static int holder_line(const struct scan_holder *h, void *arg)
{
	struct column *c = arg;
	char text[SCAN_WORDS];

	c->candidates += !h->certain;
	if (c->lines >= HOLDERS_SHOWN && !c->v->verbose) {
		c->left_out++;
		return 0;
	}
	column_begin(c);
	fprintf(c->out, "%s\n", scan_holder_format(text, sizeof(text), c->v, h));
	return 0;
}

static void remark_line(struct column *c, const char *text)
{
	column_begin(c);
	fprintf(c->out, "%s\n", text);
}

void scan_holders_print(FILE *out, const struct scan_view *v, size_t i, int indent, bool beside)
{
	struct column c = { out, v, indent, beside ? 0 : 1, 0, 0 };
	const struct scan_folio *f = scan_folio(v->s, i);
	char text[SCAN_WORDS], what[64];

	if (f->overput)
		remark_line(&c, "too few references: somebody put one too many");
	if (f->nr_holders)
		scan_folio_holders(v->s, i, holder_line, &c);
	if (f->left_out) {
		snprintf(text, sizeof(text), "? and %u more that could hold it", f->left_out);
		remark_line(&c, text);
	}
	if (c.left_out) {
		snprintf(text, sizeof(text), "and %u more (--verbose shows them)", c.left_out);
		remark_line(&c, text);
	}
	if (f->unknown > 0 && v->holders) {
		snprintf(text, sizeof(text),
			 c.candidates ? "%s: holder not found; ? could hold it"
				      : "%s: holder unknown: predates daxtop",
			 scan_unknown_format(what, sizeof(what), f));
		remark_line(&c, text);
	}
	if (f->moving && v->holders)
		remark_line(&c,
			    "in motion: it was held by nobody known, and not so at the next look");
	if (beside && !c.lines)
		fputc('\n', out);
}

/* ---- folios ---- */

static char row_mark(const struct scan_view *v, const struct scan_folio *f)
{
	return f->nr_waits || f->overput || (f->unknown > 0 && v->holders) ? '!' : ' ';
}

/* Of safe text: printf() pads by bytes. */
static int columns_of(const char *s)
{
	size_t len = strlen(s);
	unsigned int wc;
	int n = 0;

	while (len) {
		size_t used = utf8_decode(s, len, &wc);
		int w = used ? escape_wcwidth(wc) : 1;

		n += w > 0 ? w : 0;
		s += used ? used : 1;
		len -= used ? used : 1;
	}
	return n;
}

static void folio_columns(FILE *out, const struct scan_view *v, const struct scan_folio *f)
{
	char place[VIEW_FILE_MAX + 32], size[8], device[128];
	int pad;

	scan_place_format(place, sizeof(place), v, f, FILE_COLUMNS);
	escape_columns(device, sizeof(device), scan_device(v, f->pgmap),
		       strlen(scan_device(v, f->pgmap)), 12, ESCAPE_KEEP_END);
	pad = FILE_COLUMNS - columns_of(place);
	fprintf(out, "%c 0x%-8" PRIx64 " %6" PRIu64 " %4s %-8s %s%*s %5d %4d %4d ", row_mark(v, f),
		f->pfn, f->nr, size_format(size, sizeof(size), f->order), device[0] ? device : "-",
		place, pad > 0 ? pad : 0, "", f->refcount, f->mapcount, f->pincount);
}

size_t scan_folios_print(FILE *out, const struct scan_view *v)
{
	size_t rows = 0;

	for (size_t i = 0; i < scan_nr_folios(v->s); i++) {
		const struct scan_folio *f = scan_folio(v->s, i);

		if (!scan_scope_folio(v, i))
			continue;
		if (!rows++)
			fprintf(out, "\n  %-10s %6s %4s %-8s %-*s %5s %4s %4s %s\n", "PFN", "NR",
				"SIZE", "DEV", FILE_COLUMNS, "FILE:OFFSET", "REF", "MAP", "PIN",
				v->holders ? "HOLDER" : "");
		folio_columns(out, v, f);
		scan_holders_print(out, v, i, ROW_COLUMNS, true);
	}
	return rows;
}

void scan_others_print(FILE *out, const struct scan_view *v)
{
	char text[SCAN_WORDS], place[VIEW_FILE_MAX + 64];
	size_t rows = 0;

	for (size_t i = 0; i < scan_nr_holders(v->s); i++) {
		if (!scan_scope_other(v, i))
			continue;
		if (rows >= OTHERS_SHOWN && !v->verbose) {
			rows++;
			continue;
		}
		if (!rows++)
			fprintf(out, "\nholders of none of the folios above:\n");
		scan_holder_format(text, sizeof(text), v, scan_holder(v->s, i));
		scan_holder_place(place, sizeof(place), v, scan_holder(v->s, i));
		fprintf(out, "  %s%s%s\n", text, place[0] ? ": " : "", place);
	}
	if (rows > OTHERS_SHOWN && !v->verbose)
		fprintf(out, "  and %zu more (--verbose shows them)\n", rows - OTHERS_SHOWN);
}

/* ---- gaps ---- */

void scan_gaps_print(FILE *out, const struct scan_view *v)
{
	char text[1024];

	for (size_t i = 0; i < scan_nr_gaps(v->s); i++) {
		escape_text(text, sizeof(text), scan_gap(v->s, i), strlen(scan_gap(v->s, i)));
		fprintf(out, "%s  %s\n", i ? "" : "\nnot looked at:\n", text);
	}
	if (v->interrupted)
		fprintf(out, "\ninterrupted: this is not all\n");
}

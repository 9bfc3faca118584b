// SPDX-License-Identifier: GPL-2.0-only
/* scan_bad.c - bad memory in a look, as text: poisoned pages, bad blocks */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/scan_part.h"
#include "view/words.h"

static void heading_print(FILE *out, size_t *rows)
{
	if (!(*rows)++)
		fprintf(out, "\nbad memory:\n");
}

#define MAPPERS_SHOWN 8 /* processes, without --verbose */

static void mappers_print(FILE *out, const struct scan_view *v, const struct scan_poison *p)
{
	char text[4 * DX_COMM_LEN + 16];
	uint32_t last = 0;
	size_t n = 0;

	for (size_t i = 0; i < scan_nr_holders(v->s); i++) {
		const struct scan_holder *h = scan_holder(v->s, i);
		struct words who = { text, sizeof(text), 0 };

		/* one's mappings stand together */
		if (!scan_maps_poison(h, p) || (n && h->tgid == last))
			continue;
		last = h->tgid;
		if (n++ >= MAPPERS_SHOWN && !v->verbose)
			continue;
		say_who(&who, h->comm, h->tgid);
		fprintf(out, "%s%s", n > 1 ? ", " : "    mapped by ", text);
	}
	if (n > MAPPERS_SHOWN && !v->verbose)
		fprintf(out, " and %zu more", n - MAPPERS_SHOWN);
	if (n)
		fputc('\n', out);
}

static void poison_print(FILE *out, const struct scan_view *v, const struct scan_poison *p)
{
	char device[128], name[VIEW_FILE_MAX], size[8];

	escape_text(device, sizeof(device), scan_device(v, p->pgmap),
		    strlen(scan_device(v, p->pgmap)));
	fprintf(out, "  %s: %s at pfn 0x%" PRIx64 " is poisoned", device,
		size_format(size, sizeof(size), p->order), p->pfn);
	if (p->file)
		fprintf(out, ": %s:0x%" PRIx64,
			scan_name_format(name, sizeof(name), v, p->file, p->pgmap, (size_t)-1),
			p->index << PAGE_SHIFT);
	fputc('\n', out);
	mappers_print(out, v, p);
}

void scan_bad_print(FILE *out, const struct scan_view *v)
{
	char device[128];
	size_t rows = 0;

	for (size_t i = 0; i < scan_nr_poisoned(v->s); i++) {
		heading_print(out, &rows);
		poison_print(out, v, scan_poisoned(v->s, i));
	}
	for (size_t i = 0; i < scan_nr_pgmaps(v->s); i++) {
		if (scan_pgmap(v->s, i)->bad_bytes <= 0)
			continue;
		heading_print(out, &rows);
		escape_text(device, sizeof(device), scan_device(v, i), strlen(scan_device(v, i)));
		fprintf(out, "  %s: %" PRId64 " bytes in bad blocks\n", device,
			scan_pgmap(v->s, i)->bad_bytes);
	}
}

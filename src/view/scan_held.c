// SPDX-License-Identifier: GPL-2.0-only
/* scan_held.c - who has how many pins and references, as text */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/container.h"
#include "base/escape.h"
#include "view/scan_part.h"

#define HELD_SHOWN 10

static bool is_in_scope(void *arg, size_t run)
{
	return scan_scope_folio(arg, run);
}

int scan_held_get(const struct scan_view *v, enum scan_by by, struct scan_held **held, size_t *nr)
{
	return scan_held_by(v->s, by, is_in_scope, (void *)v, held, nr);
}

bool scan_cgroup_is_roots(const struct scan_view *v, const char *cgroup)
{
	return !v->cgroup_is_roots || v->cgroup_is_roots(cgroup);
}

static void name_print(FILE *out, const struct scan_view *v, const struct scan_held *h)
{
	char id[CONTAINER_ID], pod[POD_UID], text[4 * 256 + 1];
	const char *cgroup = h->cgroup ? h->cgroup : "";
	bool named;

	if (h->comm && (h->tgid || h->comm[0])) {
		escape_text(text, sizeof(text), h->comm, DX_COMM_LEN);
		fprintf(out, "%s[%u]\n", text, h->tgid);
		return;
	}
	if (h->comm) {
		fprintf(out, "the kernel\n");
		return;
	}
	named = scan_cgroup_is_roots(v, cgroup);
	if (named && container_pod(pod, cgroup)[0])
		fprintf(out, "pod %s ", pod);
	if (named && container_id(id, cgroup)[0])
		fprintf(out, "container %.12s ", id);
	escape_columns(text, sizeof(text), cgroup, strlen(cgroup), 100, ESCAPE_KEEP_END);
	fprintf(out, "%s\n", cgroup[0] ? text : "of no known cgroup");
}

static void table_print(FILE *out, const struct scan_view *v, enum scan_by by, const char *title)
{
	char folios[32], pins[32], gets[32], age[16];
	struct scan_held *held;
	size_t nr;

	if (scan_held_get(v, by, &held, &nr))
		return; /* the rows are there */
	if (nr)
		fprintf(out, "\n  %10s %10s %10s %8s  %s\n", "FOLIOS", "PINS", "REFS", "OLDEST",
			title);
	for (size_t i = 0; i < nr && (i < HELD_SHOWN || v->verbose); i++) {
		const struct scan_held *h = &held[i];

		fprintf(out, "  %10s %10s %10s %8s  ",
			thousands_format(folios, sizeof(folios), h->folios),
			thousands_format(pins, sizeof(pins), h->pins),
			thousands_format(gets, sizeof(gets), h->gets),
			h->since ? duration_format(age, sizeof(age),
						   v->now > h->since ? v->now - h->since : 0)
				 : "-");
		name_print(out, v, h);
	}
	if (nr > HELD_SHOWN && !v->verbose)
		fprintf(out, "  %42s and %zu more (--verbose shows them)\n", "", nr - HELD_SHOWN);
	free(held);
}

static bool has_cgroups(const struct scan_view *v)
{
	for (size_t i = 0; i < scan_nr_holders(v->s); i++)
		if (scan_holder(v->s, i)->cgroup && strcmp(scan_holder(v->s, i)->cgroup, "/"))
			return true;
	return false;
}

void scan_held_print(FILE *out, const struct scan_view *v)
{
	table_print(out, v, SCAN_BY_PROCESS, "HELD BY PROCESS");
	/* by the only one there is, it says the same again */
	if (has_cgroups(v))
		table_print(out, v, SCAN_BY_CGROUP, "HELD BY CGROUP");
}

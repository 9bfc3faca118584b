// SPDX-License-Identifier: GPL-2.0-only
/* scan_fixture.c - a scan of one pgmap */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "scan_fixture.h"

struct fixture begin_with(uint8_t type, const struct scan_filter *filter, bool legacy)
{
	struct fixture x = { .s = scan_new(filter, legacy),
			     .idle = type == GENERIC || (legacy && type == FS_DAX) };
	struct scan_pgmap p = { .pgmap = 0xffff888100000000ull,
				.type = type,
				.nr_range = 1,
				.range = { { PFN, 1 << 20 } },
				.devdax = type == GENERIC,
				.refs_known = true,
				.refs = 1 + (1 << 20),
				.refs_base = 1 + (1 << 20) };

	assert_non_null(x.s);
	strcpy(p.device, type == GENERIC ? "dax0.0" : "pmem0");
	x.pgmap = scan_add_pgmap(x.s, &p);
	assert_int_equal(x.pgmap, 0);
	return x;
}

struct fixture begin(uint8_t type)
{
	return begin_with(type, NULL, false);
}

void walked(struct fixture *x, const struct dx_folio *f, uint32_t n)
{
	struct dx_walk_args piece = { .idle = x->idle, .found = n, .steps = 1000, .in_use = n };

	assert_int_equal(scan_walked(x->s, x->pgmap, &piece, f), 0);
}

void hold(struct fixture *x, struct scan_holder h)
{
	if (!h.comm[0])
		strcpy(h.comm, "app");
	assert_int_equal(scan_add_holder(x->s, &h), 0);
}

int holder_text(const struct scan_holder *h, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), " %s%s/%u", scan_hold_name(h->kind), h->certain ? "" : "?",
		h->tgid);
	return 0;
}

void assert_runs(const struct scan *s, const char *expected)
{
	char text[4096] = "";

	for (size_t i = 0; i < scan_nr_folios(s); i++) {
		const struct scan_folio *f = scan_folio(s, i);

		sprintf(text + strlen(text), "%llu*%llu @%llu %d/%d/%d gets %d unknown %d%s%s:",
			(unsigned long long)(f->pfn - PFN), (unsigned long long)f->nr,
			(unsigned long long)f->index, f->refcount, f->mapcount, f->pincount, f->gets,
			f->unknown, f->overput ? " overput" : "", f->nr_waits ? " waited" : "");
		scan_folio_holders(s, i, holder_text, text);
		strcat(text, "\n");
	}
	assert_string_equal(text, expected);
}

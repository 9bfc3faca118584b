/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_SCAN_FIXTURE_H
#define DAXTOP_TEST_SCAN_FIXTURE_H
/* scan_fixture.h - a scan of one pgmap, and what is put into it and expected of it: for the tests of scan/scan.h */
#include <stdbool.h>
#include <stdint.h>
#include "../../src/scan/scan.h"

/* a test overrides what its macro gives */
#pragma GCC diagnostic ignored "-Woverride-init"

#define FS_DAX	3
#define GENERIC 4
#define PRIVATE 1
#define PFN	0x100000ull
#define DEV	(259u << 20 | 2)
#define MAPPING 0xffff888000001000ull

/* One pgmap of 1M pages at PFN; idle is what the walk was told. */
struct fixture {
	struct scan *s;
	int pgmap;
	int32_t idle;
};
struct fixture begin_with(uint8_t type, const struct scan_filter *filter, bool legacy);
struct fixture begin(uint8_t type);

/* A folio of the file, at the offset that its pfn has from PFN. */
#define FOLIO(pfn_, ref, map, ...)               \
	((struct dx_folio){ .pfn = pfn_,         \
			    .refcount = ref,     \
			    .mapcount = map,     \
			    .mapping = MAPPING,  \
			    .ino = 12,           \
			    .dev = DEV,          \
			    .index = (pfn_)-PFN, \
			    ##__VA_ARGS__ })
void walked(struct fixture *x, const struct dx_folio *f, uint32_t n);
/* @h is of "app", unless it says. */
void hold(struct fixture *x, struct scan_holder h);
/* For scan_folio_holders(): appends " kind/tgid" to the text @arg; '?' a candidate. */
int holder_text(const struct scan_holder *h, void *arg);
/* "pfn*nr @index ref/map/pin gets unknown: holders" a run. */
void assert_runs(const struct scan *s, const char *expected);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_SCAN_VIEW_FIXTURE_H
#define DAXTOP_TEST_SCAN_VIEW_FIXTURE_H
/* scan_view_fixture.h - one look, made up piece by piece, and what a view must say of it */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "view/scan_part.h"
#include "view_feed.h"

#define S	   1000000000ull
#define FS_DAX	   3
#define GENERIC	   4
#define P2PDMA	   5
#define PMEM_PFN   0x100000ull
#define DAX_PFN	   0x200000ull
#define DEV	   ((259u << 20) | 1)
#define PMEM_PGMAP 0xff00000000000100ull
#define DAX_PGMAP  0xff00000000000200ull
#define WAL	   0xff00aa00ull
#define LOG	   0xff00bb00ull
#define DAX	   0xff00cc00ull

extern struct scan_filter all;

int add_pgmap(struct scan *s, const char *device, const char *driver, unsigned int type,
	      uint64_t pfn, uint64_t nr, int64_t refs);
void add_folios(struct scan *s, int pgmap, struct dx_folio f, uint64_t nr);
void add_path(struct scan *s, uint64_t mapping, uint64_t ino, const char *path, bool deleted);
struct scan_holder holder(unsigned int kind, uint64_t pfn, uint64_t nr, uint32_t refs, bool pin);
void add_holder(struct scan *s, struct scan_holder h);
/* A kernel of today: pmem0 with ext4 on it, dax0.0; some 20 s after its start. */
struct scan *one_look(const struct scan_filter *filter);
struct scan_view finish(struct scan *s, const struct scan_filter *filter);
struct dx_folio of_file(uint64_t mapping, uint64_t ino, uint64_t index, int ref, int map, int pin);
struct scan *look_held(void);
void add_truncate(struct scan *s, uint64_t pfn);
void expect_text(const struct scan_view *v, const char *want);
void expect_holders(const struct scan_view *v, const char *what, int pgmap, bool somebody,
		    const char *want);

#define HEAD                              \
	"kernel 7.2.12, regime current\n" \
	"\n"                              \
	"  DEVICE       TYPE       DRIVER           SIZE    IN-USE    MAPPED   PINNED       REFS UNEXPLAINED\n"
#define PMEM(counts) \
	"  pmem0        fs-dax     nd_pmem          512M " counts "     131073           0\n"
#define DAX0(counts) \
	"  dax0.0       generic    device_dax       256M " counts "      65537           0\n"
/*                     IN-USE    MAPPED   PINNED */
#define NONE "        0         0        0"
#define FOLIOS \
	"\n"   \
	"  PFN            NR SIZE DEV      FILE:OFFSET                              REF  MAP  PIN HOLDER\n"
#define INDENT \
	"                                                                                         "
#define SUMS "\n      FOLIOS        PAGES       PINS       REFS  OF\n"

#endif

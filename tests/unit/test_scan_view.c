// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_view.c - one look as text and as JSON: exact, safe, and each verdict */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <locale.h>
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

static struct scan_filter all;

/* ---- a look ---- */

static int add_pgmap(struct scan *s, const char *device, const char *driver, unsigned int type,
		     uint64_t pfn, uint64_t nr, int64_t refs)
{
	struct scan_pgmap p = { .pgmap = type == FS_DAX ? PMEM_PGMAP : DAX_PGMAP,
				.type = type,
				.refs_known = true,
				.refs = refs,
				.refs_base = nr + 1,
				.nr_range = 1,
				.devdax = type == GENERIC };
	int i;

	p.range[0] = (struct dx_range){ pfn, nr };
	snprintf(p.device, sizeof(p.device), "%s", device);
	snprintf(p.driver, sizeof(p.driver), "%s", driver);
	i = scan_add_pgmap(s, &p);
	assert_true(i >= 0);
	return i;
}

static void add_folios(struct scan *s, int pgmap, struct dx_folio f, uint64_t nr)
{
	struct dx_walk_args piece = { .found = 1,
				      .steps = 512,
				      .in_use = 1,
				      .mapped = f.mapcount > 0,
				      .pinned = f.pincount > 0,
				      .idle = scan_pgmap(s, pgmap)->type == GENERIC };

	for (; nr; nr--) {
		assert_int_equal(scan_walked(s, pgmap, &piece, &f), 0);
		f.pfn += 1ull << f.order;
		f.index += 1ull << f.order;
	}
}

static void add_path(struct scan *s, uint64_t mapping, uint64_t ino, const char *path, bool deleted)
{
	int id = scan_file_id(s, mapping, DEV, ino, 1);

	assert_true(id > 0);
	assert_int_equal(scan_file_path(s, id, path, deleted, false), 0);
}

static struct scan_holder holder(unsigned int kind, uint64_t pfn, uint64_t nr, uint32_t refs,
				 bool pin)
{
	return (struct scan_holder){ .kind = kind,
				     .certain = true,
				     .pin = pin,
				     .pfn = pfn,
				     .nr = nr,
				     .refs = refs,
				     .pgmap = -1,
				     .tgid = 812,
				     .pid = 813,
				     .comm = "db",
				     .fd = -1 };
}

static void add_holder(struct scan *s, struct scan_holder h)
{
	assert_int_equal(scan_add_holder(s, &h), 0);
}

static void symbol(void *arg, uint64_t addr, char *out, size_t len)
{
	(void)arg;
	if (addr == 1)
		snprintf(out, len, "schedule+0x27/0x120");
	else if (addr == 2)
		snprintf(out, len, "xfs_wait_dax_page+0x1a/0x40 [xfs]");
	else if (addr == 3)
		snprintf(out, len, "do_syscall_64+0x1/0x2");
	else
		snprintf(out, len, "%s", "");
}

/* A kernel of today: pmem0 with ext4 on it, dax0.0; some 20 s after its start. */
static struct scan *look(const struct scan_filter *filter)
{
	struct scan *s = scan_new(filter, false);
	struct scan_mount m = {
		.dev = DEV, .point = "/mnt/db", .root = "/", .fstype = "ext4", .device = "pmem0"
	};

	assert_non_null(s);
	add_pgmap(s, "pmem0", "nd_pmem", FS_DAX, PMEM_PFN, 0x20000, 0x20001);
	add_pgmap(s, "dax0.0", "device_dax", GENERIC, DAX_PFN, 0x10000, 0x10001);
	assert_int_equal(scan_add_mount(s, &m), 0);
	return s;
}

static struct scan_view finish(struct scan *s, const struct scan_filter *filter)
{
	assert_int_equal(scan_finish(s), 0);
	return (struct scan_view){ .s = s,
				   .filter = filter,
				   .kernel = "7.2.12",
				   .regime = REGIME_CURRENT,
				   .now = 20 * S,
				   .holders = true,
				   .symbol = symbol };
}

#define WAL 0xff00aa00ull
#define LOG 0xff00bb00ull
#define DAX 0xff00cc00ull

static struct dx_folio of_file(uint64_t mapping, uint64_t ino, uint64_t index, int ref, int map,
			       int pin)
{
	return (struct dx_folio){ .pfn = PMEM_PFN + 0x10 + index,
				  .mapping = mapping,
				  .index = index,
				  .ino = ino,
				  .dev = DEV,
				  .gen = 1,
				  .refcount = ref,
				  .mapcount = map,
				  .pincount = pin };
}

static void expect_text(const struct scan_view *v, const char *want)
{
	struct capture c;

	view_scan_text(capture_start(&c), v);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
}

static void expect_holders(const struct scan_view *v, const char *what, int pgmap, bool somebody,
			   const char *want)
{
	struct capture c;

	view_holders_text(capture_start(&c), v, what, pgmap);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
	assert_int_equal(view_scan_somebody(v), somebody);
}

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
#define SUMS "\n      FOLIOS        PAGES       PINS  OF\n"

/* ---- text ---- */

static void test_nothing(void **state)
{
	struct scan_view v = finish(look(&all), &all);

	(void)state;
	expect_text(&v, HEAD PMEM(NONE) DAX0(NONE) "\n0 folios in use; 0 waits\n");
	assert_false(view_scan_somebody(&v));
	scan_free(v.s);
}

static void test_no_device(void **state)
{
	struct scan *s = scan_new(&all, false);
	struct scan_view v;

	(void)state;
	assert_non_null(s);
	v = finish(s, &all);
	expect_text(
		&v,
		"kernel 7.2.12, regime current\n\nno device with ZONE_DEVICE memory is there\n");
	scan_free(s);
}

/* A run of two mapped pages; a page with three holders: the certain ones, one below the other. */
static struct scan *look_held(void)
{
	struct scan *s = look(&all);
	struct scan_holder pipe = holder(SCAN_HOLD_PIPE, PMEM_PFN + 0x12, 1, 1, false);
	struct scan_holder uring = holder(SCAN_HOLD_URING, PMEM_PFN + 0x12, 1, 1, true);

	add_folios(s, 0, of_file(WAL, 42, 0, 1, 1, 0), 2);
	add_folios(s, 0, of_file(WAL, 42, 2, 1 + 1024 + 1, 1, 0), 1);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	add_holder(s, holder(SCAN_HOLD_MAPPING, PMEM_PFN + 0x10, 3, 0, false));
	pipe.tgid = pipe.pid = 900;
	strcpy(pipe.comm, "ship");
	pipe.fd = 5;
	pipe.id = 99;
	pipe.addr = 0x7f0000001000;
	pipe.since = 5800000000;
	add_holder(s, pipe);
	uring.fd = 4;
	strcpy(uring.detail, "buffer 3");
	uring.cgroup = "/system.slice/db";
	add_holder(s, uring);
	return s;
}

static void test_holders_of_folios(void **state)
{
	struct scan_view v = finish(look_held(), &all);

	(void)state;
	expect_text(
		&v, HEAD PMEM("        3         3        0") DAX0(NONE) FOLIOS
		"  0x100010        2   4K pmem0    /mnt/db/wal.0:0x0                          1    1    0 db[812] mapping\n"
		"  0x100012        1   4K pmem0    /mnt/db/wal.0:0x2000                    1026    1    1 "
		"db[812] io_uring fd 4 buffer 3, 1 pin\n" INDENT
		"ship[900] pipe fd 5 pipe:[99], 1 ref, for 14.2s\n" INDENT "db[812] mapping\n" SUMS
		"           3            3          1  pmem0\n"
		"           3            3          1  /mnt/db/wal.0\n"
		"           3            3          1  4K\n"
		"\n3 folios in use: 3 mapped, 1 pinned, 0 of unknown holders; 0 waits\n");
	assert_true(view_scan_somebody(&v));
	scan_free(v.s);
}

static void test_verbose(void **state)
{
	struct scan_view v = finish(look_held(), &all);
	struct capture c;
	const char *text;

	(void)state;
	v.verbose = true;
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	assert_non_null(strstr(text, "           0\n      pfn 0x100000-0x11ffff\n  dax0.0 "));
	assert_non_null(strstr(text, "fd 4 buffer 3, 1 pin, cgroup /system.slice/db\n"));
	assert_non_null(strstr(text, "1 ref, for 14.2s, at 0x7f0000001000\n"));
	capture_end(&c);
	scan_free(v.s);
}

/* What nobody was found to hold is marked, and so is a count that is too low. */
static void test_unknown(void **state)
{
	struct scan *s = look(&all);
	struct dx_folio huge = { .pfn = DAX_PFN + 0x200,
				 .mapping = DAX,
				 .index = 0x200,
				 .refcount = 1 + 1 + 512 + 2,
				 .mapcount = 1,
				 .pincount = 512,
				 .order = 9,
				 .flags = DX_FOLIO_DEVICE };
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1024 + 1 + 1, 1, 0), 1);
	add_folios(s, 0, of_file(WAL, 42, 1, 1, 2, 0), 1);
	add_path(s, WAL, 42, "/mnt/db/wal.0", true);
	add_folios(s, 1, huge, 1);
	v = finish(s, &all);
	expect_text(
		&v, HEAD PMEM("        2         2        0") DAX0("        1         1        1")
			    FOLIOS
		"! 0x100010        1   4K pmem0    (deleted) /mnt/db/wal.0:0x0             1026    1    1 "
		"1 pin, 1 ref: holder unknown: predates daxtop\n"
		"! 0x100011        1   4K pmem0    (deleted) /mnt/db/wal.0:0x1000             1    2    0 "
		"too few references: somebody put one too many\n"
		"! 0x200200        1   2M dax0.0   /dev/dax0.0:0x200000                     516    1  512 "
		"512 pins, 2 refs: holder unknown: predates daxtop\n" SUMS
		"           2            2          1  pmem0\n"
		"           1          512        512  dax0.0\n"
		"           2            2          1  (deleted) /mnt/db/wal.0\n"
		"           2            2          1  4K\n"
		"           1          512        512  2M\n"
		"\n3 folios in use: 3 mapped, 2 pinned, 2 of unknown holders, 1 with too few references; 0 waits\n");

	/* nobody was looked for: then nobody is missing */
	v.holders = false;
	expect_text(
		&v,
		HEAD PMEM("        2         2        0") DAX0(
			"        1         1        1") "\n  PFN            NR SIZE DEV      FILE:OFFSET                              REF  MAP  PIN \n"
							"  0x100010        1   4K pmem0    (deleted) /mnt/db/wal.0:0x0             1026    1    1 \n"
							"! 0x100011        1   4K pmem0    (deleted) /mnt/db/wal.0:0x1000             1    2    0 "
							"too few references: somebody put one too many\n"
							"  0x200200        1   2M dax0.0   /dev/dax0.0:0x200000                     516    1  512 \n" SUMS
							"           2            2          1  pmem0\n"
							"           1          512        512  dax0.0\n"
							"           2            2          1  (deleted) /mnt/db/wal.0\n"
							"           2            2          1  4K\n"
							"           1          512        512  2M\n"
							"\n3 folios in use: 3 mapped, 2 pinned, 1 with too few references; 0 waits\n");
	scan_free(s);
}

static void test_candidates(void **state)
{
	struct scan *s = look(&all);
	struct scan_holder h = holder(SCAN_HOLD_RDMA, 0, 0, 0, true);
	struct scan_view v;
	struct capture c;
	const char *text;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 0, 0), 1);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	h.certain = false;
	strcpy(h.detail, "mr 5");
	for (h.tgid = 1; h.tgid <= 6; h.tgid++)
		add_holder(s, h);
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	assert_non_null(strstr(
		text,
		"! 0x100010        1   4K pmem0    /mnt/db/wal.0:0x0                          1    0    0 "
		"? db[1] rdma mr 5\n" INDENT "? db[2] rdma mr 5\n" INDENT
		"? db[3] rdma mr 5\n" INDENT "? db[4] rdma mr 5\n" INDENT
		"and 2 more (--verbose shows them)\n" INDENT
		"1 ref: holder not found; ? could hold it\n\n"));
	/* they stand there, and not once more below */
	assert_null(strstr(text, "holders of none"));
	capture_end(&c);

	v.verbose = true;
	view_scan_text(capture_start(&c), &v);
	assert_non_null(strstr(capture_text(&c), INDENT "? db[6] rdma mr 5\n"));
	assert_null(strstr(capture_text(&c), "--verbose"));
	capture_end(&c);
	scan_free(s);
}

/* Names that would move the cursor, break the line or the columns. */
static void test_hostile(void **state)
{
	struct scan *s = look(&all);
	struct scan_holder h = holder(SCAN_HOLD_PIPE, PMEM_PFN + 0x10, 1, 1, false);
	struct scan_wait w = { .kind = SCAN_WAIT_BREAK,
			       .pid = 9,
			       .tgid = 9,
			       .comm = "rm\x1b[2J",
			       .pgmap = 0,
			       .pfn = PMEM_PFN + 0x10,
			       .refcount = 1 };
	struct scan_view v;
	struct capture c;
	const char *text;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 0, 0), 1);
	add_path(s, WAL, 42, "/mnt/a\nb\x1b]0;x\a\xff", false);
	memcpy(h.comm,
	       "e\x9b\x01"
	       "23456789012345",
	       sizeof(h.comm));
	strcpy(h.detail, "x\ry");
	add_holder(s, h);
	assert_int_equal(scan_add_wait(s, &w), 0);
	assert_int_equal(scan_add_gap(s, "gap\x1b%s", "\n"), 0);
	strcpy(scan_pgmap(s, 0)->device, "pm\n\x1b");
	strcpy(scan_pgmap(s, 0)->driver, "dr\x7fiver");
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	for (const char *t = text; *t; t++)
		assert_true((unsigned char)*t >= ' ' ? *t != 0x7f : *t == '\n');
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "/mnt/a\\x0ab\\x1b]0;x\\x07\\xff:0x0"));
	assert_non_null(strstr(text, "e\\x9b\\x012345678901234[812] pipe x\\x0dy, 1 ref\n"));
	assert_non_null(strstr(text, "! rm\\x1b[2J[9] waits in"));
	assert_non_null(strstr(text, "not looked at:\n  gap\\x1b\\x0a\n"));
	capture_end(&c);

	assert_int_equal(view_scan_json(capture_start(&c), &v), 0);
	for (const char *t = capture_text(&c); *t; t++)
		assert_true((unsigned char)*t >= ' ' || *t == '\n');
	capture_end(&c);
	scan_free(s);
}

/* A wide name takes its columns, and a long one is cut at its start. */
static void test_columns(void **state)
{
	struct scan *s = look(&all);
	struct scan_view v;
	struct capture c;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 0, 0), 1);
	add_folios(s, 0, of_file(LOG, 43, 4, 1, 0, 0), 1);
	add_path(s, WAL, 42, "/mnt/\xe6\x97\xa5\xe6\x9c\xac", false);
	add_path(s, LOG, 43, "/mnt/a-very-long-folder-name/and-another-one/file", false);
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	assert_non_null(strstr(
		capture_text(&c),
		"pmem0    /mnt/\xe6\x97\xa5\xe6\x9c\xac:0x0                              1    0    0 "));
	assert_non_null(strstr(capture_text(&c),
			       "pmem0    <lder-name/and-another-one/file:0x4000     1    0    0 "));
	capture_end(&c);
	scan_free(s);
}

static void add_truncate(struct scan *s, uint64_t pfn)
{
	struct scan_wait w = { .kind = SCAN_WAIT_BREAK,
			       .state = 'S',
			       .pid = 901,
			       .tgid = 900,
			       .comm = "truncate",
			       .since = 5800000000,
			       .pfn = pfn,
			       .refcount = 1024,
			       .pgmap = -1,
			       .stack = { 1, 2, 0xffffffff81000000 },
			       .nr_stack = 3 };

	assert_int_equal(scan_add_wait(s, &w), 0);
}

static void test_wait(void **state)
{
	struct scan *s = look(&all);
	struct scan_holder h = holder(SCAN_HOLD_REQUEST, PMEM_PFN + 0x11, 1, 1, true);
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1024, 0, 0), 2);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	strcpy(h.detail, "write to nullb0");
	add_holder(s, h);
	add_truncate(s, PMEM_PFN + 0x11);
	v = finish(s, &all);
	expect_text(
		&v, HEAD PMEM("        2         0        0") DAX0(NONE) FOLIOS
		"! 0x100010        1   4K pmem0    /mnt/db/wal.0:0x0                       1024    0    1 "
		"1 pin: holder unknown: predates daxtop\n"
		"! 0x100011        1   4K pmem0    /mnt/db/wal.0:0x1000                    1024    0    1 "
		"db[812] request write to nullb0, 1 pin\n"
		"\n! truncate[901] has waited 14.2s (S) in a layout break (truncate, hole punch) of "
		"/mnt/db/wal.0:0x1000\n"
		"    blocked by pfn 0x100011, 4K, refcount 1024, pins 1, held by\n"
		"      db[812] request write to nullb0, 1 pin\n"
		"        schedule+0x27\n"
		"        xfs_wait_dax_page+0x1a [xfs]\n"
		"        0xffffffff81000000\n" SUMS "           2            2          2  pmem0\n"
		"           2            2          2  /mnt/db/wal.0\n"
		"           2            2          2  4K\n"
		"\n2 folios in use: 0 mapped, 2 pinned, 1 of unknown holders; 1 wait\n");
	scan_free(s);
}

/* What a wait says when its folio is not listed, and one for a whole device; the entry's frames are left out. */
static void test_wait_kinds(void **state)
{
	static const struct scan_filter pinned = { .pinned = true };
	struct scan *s = look(&pinned);
	struct scan_wait w = { .kind = SCAN_WAIT_MEMUNMAP,
			       .state = 'D',
			       .pid = 5,
			       .comm = "ndctl",
			       .pgmap = 1,
			       .stack = { 3, 1 },
			       .nr_stack = 2 };
	struct dx_folio f = { .pfn = DAX_PFN + 7,
			      .mapping = DAX,
			      .index = 7,
			      .refcount = 2,
			      .flags = DX_FOLIO_DEVICE };
	struct scan_view v;
	struct capture c;
	const char *text;

	(void)state;
	add_folios(s, 1, f, 1);
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.kind = SCAN_WAIT_EVICT;
	w.pfn = PMEM_PFN + 9;
	w.refcount = 3;
	w.pgmap = 0;
	w.nr_stack = 0;
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.kind = SCAN_WAIT_ENTRY;
	w.pfn = 0;
	w.file = scan_file_id(s, WAL, DEV, 42, 1);
	w.index = 2;
	assert_int_equal(scan_add_wait(s, &w), 0);
	v = finish(s, &pinned);
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	assert_non_null(strstr(
		text,
		"\n! ndctl[5] waits (D) in memunmap_pages (unbind) of dax0.0\n"
		"    blocked by pfn 0x200007, 4K, refcount 2, pins 0, /dev/dax0.0:0x7000\n"
		"      1 ref: holder unknown: predates daxtop\n"
		"! ndctl[5] waits (D) in an evict (unlink, umount, unbind) of pmem0\n"
		"    for pfn 0x100009, whose refcount was 3\n"
		"! ndctl[5] waits (D) in a wait for a locked DAX entry of 259:1 ino 42:0x2000\n"));
	assert_null(strstr(text, "schedule"));
	capture_end(&c);

	v.verbose = true;
	view_scan_text(capture_start(&c), &v);
	assert_non_null(
		strstr(capture_text(&c), "        do_syscall_64+0x1\n        schedule+0x27\n"));
	capture_end(&c);
	scan_free(s);
}

/* A pgmap's own references: marked, whether or not a folio shows why. */
static void test_pgmap_remarks(void **state)
{
	struct scan *s = look(&all);
	struct scan_view v;

	(void)state;
	scan_pgmap(s, 0)->refs += 2;
	scan_pgmap(s, 1)->dying = true;
	scan_pgmap(s, 1)->refs_known = false;
	strcpy(scan_pgmap(s, 1)->owner, "owner");
	add_pgmap(s, "0000:00:04.0", "", P2PDMA, 0x300000, 0x100, 0x101);
	scan_pgmap(s, 2)->vanished = true;
	add_pgmap(s, "", "x", 9, 0x400000, 3, 4);
	scan_pgmap(s, 3)->partly = true;
	v = finish(s, &all);
	v.interrupted = true;
	expect_text(
		&v, HEAD
		"! pmem0        fs-dax     nd_pmem          512M         0         0        0     131075           2  "
		"not all of it was looked at\n"
		"! dax0.0       generic    device_dax       256M         0         0        0          -           -  "
		"not all of it was looked at\n"
		"  0000:00:04.0 pci-p2pdma -                  1M         0         0        0          -           -  "
		"went while it was looked at\n"
		"  -            ?          x                 12K         0         0        0          4           0  "
		"not all of it was looked at\n"
		"\ninterrupted: this is not all\n"
		"\n0 folios in use; 0 waits\n");
	scan_free(s);
}

/* ---- what belongs to what was asked for ---- */

static void test_scope_device(void **state)
{
	static const struct scan_filter dax = { .device = "dax0.0" };
	struct scan *s = look(&dax);
	struct scan_holder h = holder(SCAN_HOLD_OPEN, 0, 0, 0, false);
	struct scan_view v;

	(void)state;
	/* of the other device: a wait, and a holder of its pages */
	add_truncate(s, PMEM_PFN + 0x11);
	add_holder(s, holder(SCAN_HOLD_MAPPING, PMEM_PFN + 0x10, 1, 0, false));
	h.certain = false;
	h.pgmap = 1;
	h.fd = 3;
	add_holder(s, h);
	scan_pgmap(s, 1)->steps = 1;
	v = finish(s, &dax);
	expect_holders(&v, "/dev/dax0.0", 1, true,
		       HEAD DAX0(NONE) "\nholders of none of the folios above:\n"
				       "  db[812] has it open, fd 3: dax0.0\n"
				       "\ndax0.0 may be unbound: nobody maps it, but 1 process has it open\n");
	scan_free(s);
}

static void test_scope_file(void **state)
{
	static const struct scan_filter file = { .dev = DEV, .ino = 42 };
	struct scan *s = look(&file);
	struct scan_holder h = holder(SCAN_HOLD_MAPPING, 0, 0, 0, false);
	struct scan_view v;

	(void)state;
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	add_path(s, LOG, 43, "/mnt/db/log", false);
	h.certain = false;
	h.file = 2;
	h.last = 9;
	add_holder(s, h);
	v = finish(s, &file);
	expect_holders(
		&v, "/mnt/db/wal.0", -1, false,
		"kernel 7.2.12, regime current\n\nnobody holds /mnt/db/wal.0 or waits for it\n");
	scan_free(s);

	s = look(&file);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	h.file = 1;
	add_holder(s, h);
	v = finish(s, &file);
	expect_holders(&v, "x", -1, true,
		       "kernel 7.2.12, regime current\n\nholders of none of the folios above:\n"
		       "  ? db[812] mapping: /mnt/db/wal.0:0x0-0x9fff\n");
	scan_free(s);
}

static void test_scope_pid(void **state)
{
	struct scan_view v = finish(look_held(), &all);

	(void)state;
	v.pid = 900;
	expect_holders(
		&v, "900", -1, true,
		"kernel 7.2.12, regime current\n" FOLIOS
		"  0x100012        1   4K pmem0    /mnt/db/wal.0:0x2000                    1026    1    1 "
		"db[812] io_uring fd 4 buffer 3, 1 pin\n" INDENT
		"ship[900] pipe fd 5 pipe:[99], 1 ref, for 14.2s\n" INDENT "db[812] mapping\n");
	v.pid = 7;
	expect_holders(
		&v, "7", -1, false,
		"kernel 7.2.12, regime current\n\nprocess 7 holds nothing and waits for nothing\n");
	scan_free(v.s);
}

/* Nobody is known, but a reference to all of it is there: that is somebody. */
static void test_scope_pgmap(void **state)
{
	static const struct scan_filter dax = { .device = "dax0.0" }, pmem = { .device = "pmem0" };
	struct scan *s = look(&dax);
	struct scan_wait w = {
		.kind = SCAN_WAIT_MEMUNMAP, .state = 'D', .pid = 5, .comm = "ndctl", .pgmap = 1
	};
	struct scan_view v;

	(void)state;
	scan_pgmap(s, 1)->refs += 2;
	v = finish(s, &dax);
	expect_holders(
		&v, "dax0.0", 1, true,
		HEAD
		"! dax0.0       generic    device_dax       256M         0         0        0      65539           2\n"
		"\nunbinding dax0.0 would hang, because nothing explains 2 references to its pgmap\n");
	v.filter = &pmem;
	assert_false(view_scan_somebody(&v));
	scan_free(s);

	s = look(&dax);
	scan_pgmap(s, 1)->refs += 1;
	assert_int_equal(scan_add_wait(s, &w), 0);
	v = finish(s, &dax);
	expect_holders(
		&v, "dax0.0", 1, true,
		HEAD
		"! dax0.0       generic    device_dax       256M         0         0        0      65538           1\n"
		"\n! ndctl[5] waits (D) in memunmap_pages (unbind) of dax0.0\n"
		"    blocked by 1 reference to its pgmap that nothing explains\n"
		"\nan unbind of dax0.0 is under way and hangs, because nothing explains 1 reference to its pgmap\n");
	scan_free(s);
}

/* Where folios were left out, those who hold others are not listed. */
static void test_scope_pinned(void **state)
{
	static const struct scan_filter pinned = { .pinned = true };
	struct scan *s = look(&pinned);
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 1, 0), 1);
	add_holder(s, holder(SCAN_HOLD_MAPPING, PMEM_PFN + 0x10, 1, 0, false));
	v = finish(s, &pinned);
	assert_false(view_scan_somebody(&v));
	v.filter = &all;
	assert_true(view_scan_somebody(&v));
	scan_free(s);
}

static void test_legacy(void **state)
{
	struct scan_view v = finish(look(&all), &all);
	struct capture c;

	(void)state;
	v.regime = REGIME_LEGACY;
	view_scan_text(capture_start(&c), &v);
	assert_non_null(strstr(
		capture_text(&c),
		"kernel 7.2.12, regime legacy\n"
		"an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
		"and a mapping takes no reference\n\n  DEVICE"));
	capture_end(&c);
	scan_free(v.s);
}

/* ---- verdicts ---- */

static void expect_verdict(struct scan_verdict v, const char *name, const char *want)
{
	char text[SCAN_WORDS];

	assert_string_equal(scan_verdict_name(v.what), name);
	assert_string_equal(scan_verdict_format(text, sizeof(text), "dax0.0", &v), want);
}

static void test_verdicts(void **state)
{
	(void)state;
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_FREE }, "free",
		       "dax0.0 may be unbound: nobody uses it");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_FREE, .openers = 2 }, "free",
		       "dax0.0 may be unbound: nobody maps it, but 2 processes have it open");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_OPEN }, "open",
		       "dax0.0 must not be unbound: its block device is in use, as swap, by device mapper, by a "
		       "program or by a filesystem that is not listed");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_SIGBUS, .nr = 1 }, "sigbus",
		"dax0.0 may be unbound, but 1 process maps it and will get SIGBUS at the next access");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_SIGBUS, .nr = 1200 }, "sigbus",
		"dax0.0 may be unbound, but 1,200 processes map it and will get SIGBUS at the next access");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_MOUNTED,
				       .mount = "/mnt/\x1b"
						"db" },
		"mounted",
		"dax0.0 must not be unbound: a filesystem is mounted on it at /mnt/\\x1bdb: unmount it first");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_HANGS, .nr = 1, .folios = 1 },
		       "hangs",
		       "unbinding dax0.0 would hang, because 1 folio has pins or references");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_HANGS, .refs = 2 }, "hangs",
		"unbinding dax0.0 would hang, because nothing explains 2 references to its pgmap");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_HANGS,
				       .folios = 3,
				       .refs = 1,
				       .under_way = true,
				       .mount = "/mnt/db" },
		"hangs",
		"an unbind of dax0.0 is under way and hangs, because 3 folios have pins or references and "
		"nothing explains 1 reference to its pgmap; a filesystem is mounted on it at /mnt/db");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_HANGS, .under_way = true },
		       "hangs", "an unbind of dax0.0 is under way and hangs");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_PULLS, .nr = 512, .folios = 1 }, "pulls",
		"dax0.0 must not be unbound: it would pull memory from under 512 live pins or references of "
		"1 folio; the kernel does not wait for them, and may oops when they are "
		"released (stock 7.2 does)");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_UNKNOWN }, "unknown",
		"whether dax0.0 may be unbound is not known: not all of it could be looked at");
}

/* ---- JSON ---- */

/* The next line of *@text as an object; NULL at the end. */
static struct json_object *next_line(const char **text)
{
	const char *end = strchr(*text, '\n');
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;

	if (!end) {
		json_tokener_free(tok);
		return NULL;
	}
	o = json_tokener_parse_ex(tok, *text, end - *text);
	assert_non_null(o);
	json_tokener_free(tok);
	*text = end + 1;
	return o;
}

static void expect_line(const char **text, const char *want)
{
	struct json_object *o = next_line(text);

	assert_non_null(o);
	assert_string_equal(json_object_to_json_string_ext(
				    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			    want);
	json_object_put(o);
}

#define JSON(type) "{\"schema\":1,\"type\":\"" type "\","

static void test_json(void **state)
{
	struct scan_view v;
	struct scan *s = look_held();
	struct scan_holder h = holder(SCAN_HOLD_OPEN, 0, 0, 0, false);
	struct capture c;
	const char *text;

	(void)state;
	h.certain = false;
	h.pgmap = 1;
	h.fd = 3;
	add_holder(s, h);
	add_truncate(s, PMEM_PFN + 0x12);
	scan_add_gap(s, "sockets: this kernel's sk_buff is not known");
	scan_pgmap(s, 1)->refs_known = false;
	v = finish(s, &all);
	assert_int_equal(view_holders_json(capture_start(&c), &v, 0), 0);
	text = capture_text(&c);
	expect_line(
		&text,
		JSON("scan") "\"kernel\":\"7.2.12\",\"regime\":\"current\",\"time\":20000000000}");
	expect_line(
		&text,
		JSON("pgmap") "\"device\":\"pmem0\",\"driver\":\"nd_pmem\",\"memory_type\":\"fs-dax\","
			      "\"owner\":null,\"ops\":null,\"ranges\":[{\"pfn\":1048576,\"pages\":131072}],\"altmap_pages\":0,"
			      "\"dying\":false,\"state\":\"walked\",\"refs\":{\"outstanding\":131073,\"base\":131073,"
			      "\"explained\":0,\"unexplained\":0},\"folios\":{\"in_use\":3,\"mapped\":3,\"pinned\":0},"
			      "\"pages\":{\"4K\":0,\"2M\":0,\"1G\":0,\"other\":0}}");
	expect_line(
		&text,
		JSON("pgmap") "\"device\":\"dax0.0\",\"driver\":\"device_dax\",\"memory_type\":\"generic\","
			      "\"owner\":null,\"ops\":null,\"ranges\":[{\"pfn\":2097152,\"pages\":65536}],\"altmap_pages\":0,"
			      "\"dying\":false,\"state\":\"walked\",\"refs\":null,"
			      "\"folios\":{\"in_use\":0,\"mapped\":0,\"pinned\":0},"
			      "\"pages\":{\"4K\":0,\"2M\":0,\"1G\":0,\"other\":0}}");
	expect_line(
		&text,
		JSON("folio") "\"pfn\":1048592,\"nr\":2,\"size\":4096,\"order\":0,\"device\":\"pmem0\","
			      "\"memory_type\":\"fs-dax\",\"refcount\":1,\"mapcount\":1,\"pincount\":0,\"pins_exact\":false,"
			      "\"idle\":0,\"share\":0,\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"dev\":\"259:1\","
			      "\"ino\":42,\"offset\":0,\"gets\":0,\"held_pins\":0,\"held_gets\":0,\"unknown\":0,"
			      "\"overput\":false,\"moving\":false,\"waits\":0,\"holders\":[{\"kind\":\"mapping\",\"certain\":true,\"pin\":false,"
			      "\"refs\":0,\"pfn\":1048592,\"nr\":3,\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"cgroup\":null,"
			      "\"fd\":null,\"id\":null,\"addr\":null,\"since\":null,\"detail\":null}]}");
	expect_line(
		&text,
		JSON("folio") "\"pfn\":1048594,\"nr\":1,\"size\":4096,\"order\":0,\"device\":\"pmem0\","
			      "\"memory_type\":\"fs-dax\",\"refcount\":1026,\"mapcount\":1,\"pincount\":1,\"pins_exact\":false,"
			      "\"idle\":0,\"share\":0,\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"dev\":\"259:1\","
			      "\"ino\":42,\"offset\":8192,\"gets\":1,\"held_pins\":1,\"held_gets\":1,\"unknown\":0,"
			      "\"overput\":false,\"moving\":false,\"waits\":1,\"holders\":[{\"kind\":\"io_uring\",\"certain\":true,\"pin\":true,"
			      "\"refs\":1,\"pfn\":1048594,\"nr\":1,\"tgid\":812,\"pid\":813,\"comm\":\"db\","
			      "\"cgroup\":\"/system.slice/db\",\"fd\":4,\"id\":null,\"addr\":null,\"since\":null,"
			      "\"detail\":\"buffer 3\"},{\"kind\":\"pipe\",\"certain\":true,\"pin\":false,\"refs\":1,"
			      "\"pfn\":1048594,\"nr\":1,\"tgid\":900,\"pid\":900,\"comm\":\"ship\",\"cgroup\":null,\"fd\":5,"
			      "\"id\":99,\"addr\":139637976731648,\"since\":5800000000,\"detail\":null},"
			      "{\"kind\":\"mapping\",\"certain\":true,\"pin\":false,\"refs\":0,\"pfn\":1048592,\"nr\":3,"
			      "\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"cgroup\":null,\"fd\":null,\"id\":null,\"addr\":null,"
			      "\"since\":null,\"detail\":null}]}");
	expect_line(
		&text,
		JSON("holder") "\"kind\":\"open\",\"certain\":false,\"pin\":false,\"refs\":0,\"pfn\":null,"
			       "\"nr\":0,\"tgid\":812,\"pid\":813,\"comm\":\"db\",\"cgroup\":null,\"fd\":3,\"id\":null,"
			       "\"addr\":null,\"since\":null,\"detail\":null,\"file\":null,\"device\":\"dax0.0\"}");
	expect_line(
		&text,
		JSON("wait") "\"kind\":\"layout-break\",\"state\":\"S\",\"tgid\":900,\"pid\":901,"
			     "\"comm\":\"truncate\",\"cgroup\":null,\"since\":5800000000,\"blocked_ns\":14200000000,"
			     "\"pfn\":1048594,\"refcount\":1024,\"device\":\"pmem0\",\"file\":\"/mnt/db/wal.0\","
			     "\"file_deleted\":false,\"dev\":\"259:1\",\"ino\":42,\"offset\":8192,"
			     "\"stack\":[\"schedule+0x27\",\"xfs_wait_dax_page+0x1a [xfs]\",\"0xffffffff81000000\"],"
			     "\"folios\":[1048594]}");
	expect_line(
		&text,
		JSON("verdict") "\"device\":\"pmem0\",\"verdict\":\"hangs\",\"nr\":1,\"folios\":1,\"refs\":0,\"openers\":0,"
				"\"under_way\":false,\"mount\":\"/mnt/db\",\"text\":\"unbinding pmem0 would hang, because 1 folio has "
				"pins or references; a filesystem is mounted on it at /mnt/db\"}");
	expect_line(
		&text,
		JSON("summary") "\"folios\":3,\"pages\":3,\"mapped\":3,\"pinned\":1,\"pins\":1,\"unknown\":0,"
				"\"overput\":0,\"by_device\":[{\"folios\":3,\"pages\":3,\"pins\":1,\"device\":\"pmem0\"}],"
				"\"by_file\":[{\"folios\":3,\"pages\":3,\"pins\":1,\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,"
				"\"dev\":\"259:1\",\"ino\":42,\"offset\":0,\"end\":12288}],"
				"\"by_order\":[{\"folios\":3,\"pages\":3,\"pins\":1,\"order\":0}],\"holders\":3,\"waits\":1,"
				"\"gaps\":[\"sockets: this kernel's sk_buff is not known\"],\"interrupted\":false}");
	assert_null(next_line(&text));
	capture_end(&c);
	scan_free(s);
}

/* ---- changes ---- */

static struct scan_view look_at(int ref, uint64_t nr, uint64_t now)
{
	struct scan *s = look(&all);
	struct scan_view v;

	if (nr)
		add_folios(s, 0, of_file(WAL, 42, 0, ref, 1, 0), nr);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	v = finish(s, &all);
	v.now = now;
	return v;
}

static void expect_changes(const struct scan_view *a, const struct scan_view *b, const char *want)
{
	struct capture c;

	view_scan_changes_text(capture_start(&c), a, b, 18 * S);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
}

static void test_changes(void **state)
{
	struct scan_view none = look_at(0, 0, 19 * S), two = look_at(1, 2, 20 * S),
			 more = look_at(1025, 3, 21 * S);
	struct capture c;
	const char *text;

	(void)state;
	expect_changes(&two, &two, "");
	expect_changes(
		&none, &two,
		"    2.000000 + 0x100010        2   4K idle -> ref 1 map 1 pin 0  /mnt/db/wal.0:0x0\n");
	expect_changes(
		&two, &none,
		"    1.000000 - 0x100010        2   4K ref 1 map 1 pin 0 -> idle  /mnt/db/wal.0:0x0\n");
	expect_changes(
		&two, &more,
		"    3.000000 ~ 0x100010        2   4K ref 1 map 1 pin 0 -> ref 1025 map 1 pin 1  "
		"/mnt/db/wal.0:0x0\n"
		"    3.000000 + 0x100012        1   4K idle -> ref 1025 map 1 pin 1  /mnt/db/wal.0:0x2000\n");
	assert_int_equal(view_scan_changes_json(capture_start(&c), &two, &more), 0);
	text = capture_text(&c);
	expect_line(
		&text,
		JSON("change") "\"time\":21000000000,\"change\":\"changed\",\"pfn\":1048592,\"nr\":2,\"order\":0,"
			       "\"device\":\"pmem0\",\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"dev\":\"259:1\",\"ino\":42,"
			       "\"offset\":0,\"before\":{\"refcount\":1,\"mapcount\":1,\"pincount\":0},"
			       "\"after\":{\"refcount\":1025,\"mapcount\":1,\"pincount\":1}}");
	expect_line(
		&text,
		JSON("change") "\"time\":21000000000,\"change\":\"new\",\"pfn\":1048594,\"nr\":1,\"order\":0,"
			       "\"device\":\"pmem0\",\"file\":\"/mnt/db/wal.0\",\"file_deleted\":false,\"dev\":\"259:1\",\"ino\":42,"
			       "\"offset\":8192,\"before\":null,\"after\":{\"refcount\":1025,\"mapcount\":1,\"pincount\":1}}");
	assert_null(next_line(&text));
	capture_end(&c);
	scan_free(none.s);
	scan_free(two.s);
	scan_free(more.s);
}

static void test_changes_of_waits(void **state)
{
	struct scan *s = look(&all);
	struct scan_view none = look_at(0, 0, 19 * S), waits;
	struct capture c;
	const char *text;

	(void)state;
	add_truncate(s, PMEM_PFN);
	waits = finish(s, &all);
	expect_changes(
		&none, &waits,
		"    2.000000 + truncate[901] has waited 14.2s (S) in a layout break (truncate, hole punch) of "
		"pmem0\n");
	expect_changes(&waits, &waits, "");
	assert_int_equal(view_scan_changes_json(capture_start(&c), &waits, &none), 0);
	text = capture_text(&c);
	expect_line(
		&text,
		JSON("wait-change") "\"time\":19000000000,\"change\":\"gone\",\"kind\":\"layout-break\","
				    "\"state\":\"S\",\"tgid\":900,\"pid\":901,\"comm\":\"truncate\",\"cgroup\":null,\"since\":5800000000,"
				    "\"blocked_ns\":14200000000,\"pfn\":1048576,\"refcount\":1024,\"device\":\"pmem0\",\"file\":null,"
				    "\"offset\":null}");
	capture_end(&c);
	scan_free(none.s);
	scan_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_holders_of_folios),
		cmocka_unit_test(test_verbose),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_kinds),
		cmocka_unit_test(test_pgmap_remarks),
		cmocka_unit_test(test_scope_device),
		cmocka_unit_test(test_scope_file),
		cmocka_unit_test(test_scope_pid),
		cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_scope_pgmap),
		cmocka_unit_test(test_scope_pinned),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_changes_of_waits),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

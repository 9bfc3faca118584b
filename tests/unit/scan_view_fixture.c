// SPDX-License-Identifier: GPL-2.0-only
/* scan_view_fixture.c - one look, made up piece by piece */
#include "scan_view_fixture.h"

struct scan_filter all;

/* ---- a look ---- */

int add_pgmap(struct scan *s, const char *device, const char *driver, unsigned int type,
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

void add_folios(struct scan *s, int pgmap, struct dx_folio f, uint64_t nr)
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

void add_path(struct scan *s, uint64_t mapping, uint64_t ino, const char *path, bool deleted)
{
	int id = scan_file_id(s, mapping, DEV, ino, 1);

	assert_true(id > 0);
	assert_int_equal(scan_file_path(s, id, path, deleted ? DX_PATH_DELETED : 0, 0), 0);
}

struct scan_holder holder(unsigned int kind, uint64_t pfn, uint64_t nr, uint32_t refs, bool pin)
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

void add_holder(struct scan *s, struct scan_holder h)
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

struct scan *one_look(const struct scan_filter *filter)
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

struct scan_view finish(struct scan *s, const struct scan_filter *filter)
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

struct dx_folio of_file(uint64_t mapping, uint64_t ino, uint64_t index, int ref, int map, int pin)
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

void expect_text(const struct scan_view *v, const char *want)
{
	struct capture c;

	view_scan_text(capture_start(&c), v);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
}

void expect_holders(const struct scan_view *v, const char *what, int pgmap, bool somebody,
		    const char *want)
{
	struct capture c;

	view_holders_text(capture_start(&c), v, what, pgmap);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
	assert_int_equal(view_scan_somebody(v), somebody);
}

/* A run of two mapped pages; a page with three holders: the certain ones, one below the other. */
struct scan *look_held(void)
{
	struct scan *s = one_look(&all);
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

void add_truncate(struct scan *s, uint64_t pfn)
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

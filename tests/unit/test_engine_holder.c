// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_holder.c - holders, waits, pgmaps and files. */
#include "test_engine.h"

static void test_pins(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_PIN, 100, PFN, .tgid = 1, .pid = 11, .comm = "a", .refcount = 1024);
	push(e, DX_PIN, 200, PFN, .tgid = 2, .pid = 22, .comm = "b", .refcount = 3072, .nr = 2,
	     .flags = DX_F_LONGTERM, .stack = 9);
	push(e, DX_PIN, 300, PFN, .tgid = 1, .pid = 12, .comm = "c", .refcount = 4096);
	push(e, DX_PIN, 150, PFN + 1, .tgid = 3, .pid = 33, .comm = "d", .refcount = 1024);
	assert_holders(e, PFN,
		       "pin 1/11 a x1 @100\n"
		       "pin 2/22 b x2 @200 longterm\n"
		       "pin 1/12 c x1 @300\n");
	assert_holders(e, UINT64_MAX,
		       "pin 1/11 a x1 @100\n"
		       "pin 3/33 d x1 @150\n"
		       "pin 2/22 b x2 @200 longterm\n"
		       "pin 1/12 c x1 @300\n");
	assert_int_equal(folio_of(e, PFN).nr_holders, 3);
	/* its own first, the oldest of them */
	push(e, DX_UNPIN, 400, PFN, .tgid = 2, .refcount = 4096);
	push(e, DX_UNPIN, 410, PFN, .tgid = 1, .refcount = 3072);
	assert_holders(e, PFN,
		       "pin 2/22 b x1 @200 longterm\n"
		       "pin 1/12 c x1 @300\n");
	/* softirq on an idle CPU, a kworker: the oldest */
	push(e, DX_UNPIN, 420, PFN, .tgid = 0, .pid = 0, .refcount = 2048);
	assert_holders(e, PFN, "pin 1/12 c x1 @300\n");
	push(e, DX_UNPIN, 430, PFN, .tgid = 77, .refcount = 1024);
	assert_holders(e, PFN, "");
	assert_int_equal(folio_of(e, PFN).nr_holders, 0);
	/* a pin from before the trace: nobody to release */
	push(e, DX_UNPIN, 440, PFN + 1, .tgid = 3, .refcount = 2048, .nr = 2);
	assert_holders(e, UINT64_MAX, "");
	engine_free(e);
}

/* More released than the first holder has: the next one's go too. */
static void test_unpin_many(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_PIN, 100, PFN, .tgid = 1, .refcount = 2048, .nr = 2);
	push(e, DX_PIN, 110, PFN, .tgid = 2, .refcount = 4096, .nr = 2);
	push(e, DX_PIN, 120, PFN, .tgid = 3, .refcount = 6144, .nr = 2);
	push(e, DX_UNPIN, 200, PFN, .tgid = 2, .refcount = 6144, .nr = 3);
	assert_holders(e, PFN, "pin 1/101 app x1 @100\npin 3/101 app x2 @120\n");
	engine_free(e);
}

static void test_failed_pin(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_PIN, 200, PFN, .refcount = 1, .mapcount = 1, .ret = -95, .flags = DX_F_LONGTERM);
	push(e, DX_PIN, 200, 0, .ret = -95, .flags = DX_F_LONGTERM | DX_F_NO_FOLIO);
	assert_holders(e, UINT64_MAX, "");
	assert_counts(e, PFN, 1, 1, 0);
	engine_free(e);
}

/* References are released by counting: the oldest loses them. */
static void test_gets(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_GET, 200, PFN, .tgid = 1, .refcount = 2, .mapcount = 1);
	push(e, DX_GET, 210, PFN, .tgid = 2, .refcount = 4, .mapcount = 1, .nr = 2);
	push(e, DX_PIN, 220, PFN, .tgid = 3, .refcount = 1028, .mapcount = 1);
	/* an unpin is no put */
	push(e, DX_UNPIN, 230, PFN, .tgid = 1, .refcount = 1028, .mapcount = 1);
	assert_holders(e, PFN, "get 1/101 app x1 @200\nget 2/101 app x2 @210\n");
	push(e, DX_UNMAP, 300, PFN, .refcount = 2, .mapcount = 1);
	assert_holders(e, PFN, "get 2/101 app x1 @210\n");
	push(e, DX_FREE, 400, PFN);
	assert_holders(e, PFN, "");
	engine_free(e);
}

/* Pins that went unseen because events were lost: who held them is not kept. */
static void test_lost_unpin(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_PIN, 200, PFN, .tgid = 1, .refcount = 1025, .mapcount = 1);
	push(e, DX_PIN, 210, PFN, .tgid = 2, .refcount = 2049, .mapcount = 1);
	put_lost(e, 0, DX_UNPIN, 1, 250);
	push(e, DX_BREAK_BUSY, 300, PFN, .refcount = 1025, .mapcount = 1);
	assert_holders(e, PFN, "pin 2/101 app x1 @210\n");
	engine_free(e);
}

static void test_many_holders(void **state)
{
	enum { N = 5000 };
	struct engine *e = engine_plain();

	(void)state;
	for (int i = 0; i < N; i++)
		push(e, DX_PIN, 100 + i, PFN + i, .tgid = 1 + i, .refcount = 1024);
	assert_int_equal(e->holders.nr, N);
	for (int i = 0; i < N; i++)
		assert_int_equal(folio_of(e, PFN + i).nr_holders, 1);
	for (int i = 0; i < N; i++)
		push(e, DX_UNPIN, 10000 + i, PFN + i, .tgid = 1 + i, .refcount = 1024);
	assert_int_equal(e->holders.nr, 0);
	/* the pool is used again */
	for (int i = 0; i < N; i++)
		push(e, DX_PIN, 20000 + i, PFN, .tgid = 1 + i, .refcount = 1024 * (i + 1));
	assert_int_equal(e->holders.top, N + 1);
	engine_free(e);
}

/*
 * One page that few processes pin again and again, or very many once: what is kept of them
 * is bounded, and so is the work for each event; all are counted, and let go of.
 */
static void pinned_often(unsigned int processes, uint32_t kept, const char *left)
{
	enum { N = 200000 };
	struct engine *e = engine_plain();
	int i;

	for (i = 0; i < N; i++)
		push(e, DX_PIN, 100 + i, PFN, .tgid = 1 + i % processes, .order = 9,
		     .refcount = i + 1, .pincount = i + 1);
	assert_int_equal(e->holders.nr, kept);
	for (i = N; i > 2; i--)
		push(e, DX_UNPIN, 10 * N - i, PFN, .tgid = 1 + i % processes, .order = 9,
		     .refcount = i, .pincount = i);
	assert_holders(e, PFN, left);
	for (; i; i--)
		push(e, DX_UNPIN, 20 * N - i, PFN, .tgid = 1 + i % processes, .order = 9,
		     .refcount = i, .pincount = i);
	assert_int_equal(e->holders.nr, 0);
	engine_free(e);
}

static void test_folio_pinned_often(void **state)
{
	(void)state;
	/* the time of the first that went into one */
	pinned_often(2, HOLDERS_MERGED, "pin 1/101 app x1 @354\npin 2/101 app x1 @355\n");
	/* nobody has a name but the first ones */
	pinned_often(200000, HOLDERS_NAMED + 1, "pin 0/0  x2 @1124\n");
}

/* A process that pins again is no more one that may still hold: it does. */
static void test_ghosts(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_PIN, 100, PFN, .tgid = 1, .refcount = 1024);
	push(e, DX_PIN, 110, PFN, .tgid = 2, .refcount = 2048);
	push(e, DX_UNPIN, 120, PFN, .tgid = 2, .refcount = 2048);
	assert_int_equal(e->holders.nr, 2);
	push(e, DX_PIN, 130, PFN, .tgid = 2, .refcount = 2048);
	assert_int_equal(e->holders.nr, 2);
	push(e, DX_PIN, 140, PFN, .tgid = 2, .refcount = 3072);
	push(e, DX_UNPIN, 150, PFN, .tgid = 2, .refcount = 3072);
	push(e, DX_UNPIN, 160, PFN, .tgid = 2, .refcount = 2048);
	assert_int_equal(e->holders.nr, 2);
	push(e, DX_UNPIN, 170, PFN, .tgid = 1, .refcount = 1024);
	assert_int_equal(e->holders.nr, 0);
	engine_free(e);
}

static void test_holder_bound(void **state)
{
	struct engine *e = engine_with(0, 0);

	(void)state;
	for (uint64_t i = 0; i < HOLDER_MAX + 10; i++)
		push(e, DX_GET, 100 + i, PFN + i, .refcount = 1);
	assert_int_equal(e->holders.nr, HOLDER_MAX);
	assert_int_equal(stats_of(e).holders_refused, 10);
	engine_free(e);
}

static void test_waits(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_BREAK_BUSY, 100, PFN, .pid = 5, .dev = 1, .ino = 12, .refcount = 1024);
	assert_true(folio_of(e, PFN).waited);
	assert_int_equal(stats_of(e).waited, 1);
	/* woken and still busy */
	push(e, DX_BREAK_BUSY, 110, PFN, .pid = 5, .dev = 1, .ino = 12, .refcount = 1024);
	assert_int_equal(stats_of(e).waited, 1);
	/* the same thread goes on to the next folio of the range */
	push(e, DX_BREAK_BUSY, 120, PFN + 1, .pid = 5, .dev = 1, .ino = 12, .refcount = 1024);
	assert_false(folio_of(e, PFN).waited);
	assert_true(folio_of(e, PFN + 1).waited);
	/* another inode's wait */
	push(e, DX_BREAK_BUSY, 130, PFN + 2, .pid = 6, .dev = 1, .ino = 13, .refcount = 1024);
	/* one that may not wait doesn't */
	push(e, DX_BREAK_BUSY, 130, PFN + 3, .pid = 7, .dev = 1, .ino = 14, .refcount = 1024,
	     .flags = DX_F_NOWAIT);
	assert_false(folio_of(e, PFN + 3).waited);
	assert_int_equal(stats_of(e).waited, 2);
	push(e, DX_BREAK_DONE, 140, 0, .pid = 9, .dev = 2, .ino = 12);
	assert_int_equal(stats_of(e).waited, 2);
	push(e, DX_BREAK_DONE, 150, 0, .pid = 9, .dev = 1, .ino = 12);
	assert_false(folio_of(e, PFN + 1).waited);
	assert_true(folio_of(e, PFN + 2).waited);
	/* removal: nothing left to wait for */
	push(e, DX_REMOVE, 160, PFN + 2, .pid = 6);
	assert_int_equal(stats_of(e).waited, 0);
	engine_free(e);
}

/* Two threads wait for one folio (reflinked into two files): until both are done. */
static void test_two_waits(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_BREAK_BUSY, 100, PFN, .pid = 5, .dev = 1, .ino = 12, .refcount = 1024);
	push(e, DX_BREAK_BUSY, 110, PFN, .pid = 6, .dev = 1, .ino = 13, .refcount = 1024);
	push(e, DX_BREAK_DONE, 150, 0, .pid = 5, .dev = 1, .ino = 12);
	assert_true(folio_of(e, PFN).waited);
	push(e, DX_BREAK_DONE, 160, 0, .pid = 6, .dev = 1, .ino = 13);
	assert_false(folio_of(e, PFN).waited);
	assert_int_equal(stats_of(e).waited, 0);
	engine_free(e);
}

static int text_pgmap(const struct engine_pgmap *p, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len,
			   "%llx %llx+%llx type %u '%s' folios %llu%s\n",
			   (unsigned long long)p->pgmap, (unsigned long long)p->pfn,
			   (unsigned long long)p->nr_pages, p->type, p->device,
			   (unsigned long long)p->folios, p->gone ? " gone" : "");
	return 0;
}

static void assert_pgmaps(struct engine *e, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_pgmaps(e, text_pgmap, &t), 0);
	assert_string_equal(t.buf, expected);
}

static void test_pgmaps(void **state)
{
	struct engine *e = engine_plain();
	struct dx_pgmap p = {
		.pgmap = 0xaa00,
		.pfn = 0x1000,
		.nr_pages = 0x200,
		.type = FS_DAX,
		.device = "pmem0",
	};

	(void)state;
	push(e, DX_PGMAP_ADD, 100, 0x1000, .pgmap = 0xaa00, .index = 0x200);
	assert_int_equal(put_pgmap(e, &p), 0);
	push(e, DX_INSERT, 200, 0x1005, .pgmap = 0xaa00);
	push(e, DX_PIN, 210, 0x1005, .pgmap = 0xaa00, .refcount = 1024);
	/* an event that doesn't know its pgmap: by range */
	push(e, DX_INSERT, 200, 0x1006, .pgmap = 0, .pgmap_type = 0);
	assert_string_equal(folio_of(e, 0x1005).device, "pmem0");
	assert_string_equal(folio_of(e, 0x1006).device, "pmem0");
	assert_int_equal(folio_of(e, 0x1006).pgmap_type, FS_DAX);
	push(e, DX_INSERT, 200, 0x9000, .pgmap = 0, .pgmap_type = GENERIC);
	assert_null(folio_of(e, 0x9000).device);
	assert_int_equal(folio_of(e, 0x9000).pgmap_type, GENERIC);
	assert_pgmaps(e, "aa00 1000+200 type 3 'pmem0' folios 2\n");
	/* its pages can still be used until it is gone; what is held then is seen to be */
	push(e, DX_PGMAP_KILL, 300, 0x1000, .pgmap = 0xaa00);
	assert_pgmaps(e, "aa00 1000+200 type 3 'pmem0' folios 2\n");
	push(e, DX_PGMAP_GONE, 310, 0x1000, .pgmap = 0xaa00);
	assert_pgmaps(e, "aa00 1000+200 type 3 'pmem0' folios 2 gone\n");
	assert_counts(e, 0x1005, 1024, 0, 1);
	assert_int_equal(folio_of(e, 0x1005).nr_holders, 1);
	/* another pgmap of the same memory: new struct pages */
	push(e, DX_PGMAP_ADD, 400, 0x1000, .pgmap = 0xbb00, .index = 0x200, .pgmap_type = GENERIC);
	assert_counts(e, 0x1005, 0, 0, 0);
	assert_int_equal(folio_of(e, 0x1005).nr_holders, 0);
	assert_int_equal(stats_of(e).pinned, 0);
	assert_pgmaps(e, "aa00 1000+200 type 3 'pmem0' folios 0 gone\n"
			 "bb00 1000+200 type 4 '' folios 2\n");
	push(e, DX_INSTALL, 500, 0x1005, .pgmap = 0xbb00, .pgmap_type = GENERIC, .refcount = 1);
	assert_history(e, 0x1005,
		       "insert 0>0 m0 p0\n"
		       "pin 0>1024 m0 p1\n"
		       "install 1>2 m1 p0\n");
	engine_free(e);
}

/* The source is told of a pgmap before the window has let the event through. */
static void test_pgmap_set_early(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);
	struct dx_pgmap p = {
		.pgmap = 0xaa00,
		.pfn = 0x1000,
		.nr_pages = 0x200,
		.type = FS_DAX,
		.device = "pmem0",
	};

	(void)state;
	assert_int_equal(put_pgmap(e, &p), 0);
	push(e, DX_PGMAP_GONE, 2000, 0x1000, .pgmap = 0xaa00);
	push(e, DX_PGMAP_ADD, 2100, 0x1000, .pgmap = 0xaa00, .index = 0x200);
	assert_int_equal(put_pgmap(e, &p), 0);
	put_time(e, UINT64_MAX);
	assert_pgmaps(e, "aa00 1000+200 type 3 'pmem0' folios 0\n");
	engine_free(e);
}

/* The kernel uses the address of a pgmap that is gone for another one. */
static void test_pgmap_address_again(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_PGMAP_ADD, 100, 0x1000, .pgmap = 0xaa00, .index = 0x200);
	push(e, DX_INSERT, 110, 0x1001, .pgmap = 0xaa00);
	push(e, DX_PGMAP_GONE, 120, 0x1000, .pgmap = 0xaa00);
	push(e, DX_PGMAP_ADD, 130, 0x8000, .pgmap = 0xaa00, .index = 0x100, .pgmap_type = GENERIC);
	push(e, DX_INSERT, 140, 0x8001, .pgmap = 0xaa00, .pgmap_type = GENERIC, .refcount = 1);
	assert_pgmaps(e, "aa00 1000+200 type 3 '' folios 1 gone\n"
			 "aa00 8000+100 type 4 '' folios 1\n");
	assert_int_equal(folio_of(e, 0x1001).pgmap_type, FS_DAX);
	engine_free(e);
}

static void test_many_pgmaps(void **state)
{
	struct engine *e = engine_plain();
	struct dx_pgmap p = { .pfn = 0x1000, .nr_pages = 1, .type = FS_DAX };

	(void)state;
	memset(p.device, 'x', sizeof(p.device));
	p.pgmap = 1;
	assert_int_equal(put_pgmap(e, &p), -EBADMSG);
	p.device[sizeof(p.device) - 1] = 0;
	for (uint64_t i = 1; i <= 2 * PGMAP_MAX; i++) {
		p.pgmap = i;
		assert_int_equal(put_pgmap(e, &p), i <= PGMAP_MAX - PGMAP_FIRST ? 0 : -ENOMEM);
	}
	/* names end in a NUL */
	assert_int_equal(strlen(e->pgmaps.map[PGMAP_FIRST].device), 31);
	/* one too many: the type at least */
	push(e, DX_INSERT, 100, 0x2000, .pgmap = 0xffff);
	assert_int_equal(folio_of(e, 0x2000).pgmap_type, FS_DAX);
	engine_free(e);
}

static int push_path_of(struct engine *e, uint64_t time, uint64_t ino, uint32_t gen,
			const char *path, uint32_t flags)
{
	struct dx_file_event f = { .e = EVENT(DX_FILE, time, 0, .dev = 1, .ino = ino, .gen = gen) };

	f.path_len = strlen(path);
	f.path_flags = flags;
	memcpy(f.path, path, f.path_len);
	return put_event(e, &f.e, sizeof(f));
}

static int push_path(struct engine *e, uint64_t time, uint64_t ino, const char *path, uint32_t flags)
{
	return push_path_of(e, time, ino, 0, path, flags);
}

static void test_files(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);

	(void)state;
	assert_null(engine_file(e, 1, 12, 0).path);
	assert_int_equal(push_path(e, 100, 12, "/mnt/a", 0), 0);
	/* a name needs no order, so it is there at once */
	assert_string_equal(engine_file(e, 1, 12, 0).path, "/mnt/a");
	assert_int_equal(engine_file(e, 1, 12, 0).path_flags, 0);
	assert_null(engine_file(e, 2, 12, 0).path);
	push(e, DX_INSERT, 200, PFN, .dev = 1, .ino = 12, .index = 3);
	push(e, DX_INSERT, 200, PFN + 1, .dev = 1, .ino = 13);
	put_time(e, UINT64_MAX);
	assert_string_equal(folio_of(e, PFN).path, "/mnt/a");
	assert_int_equal(folio_of(e, PFN).path_flags, 0);
	assert_null(folio_of(e, PFN + 1).path);
	assert_int_equal(folio_of(e, PFN + 1).ino, 13);
	assert_int_equal(push_path(e, 300, 12, "/mnt/\x1b[2Jb\xff\n", DX_PATH_DELETED), 0);
	/* an older one that comes late changes nothing */
	assert_int_equal(push_path(e, 250, 12, "/mnt/old", 0), 0);
	assert_string_equal(folio_of(e, PFN).path, "/mnt/\x1b[2Jb\xff\n");
	assert_int_equal(folio_of(e, PFN).path_flags, DX_PATH_DELETED);
	assert_string_equal(engine_file(e, 1, 12, 0).path, "/mnt/\x1b[2Jb\xff\n");
	assert_int_equal(stats_of(e).by_type[DX_FILE], 3);
	assert_int_equal(stats_of(e).bad, 0);
	engine_free(e);
}

/* The number is used again: neither its folios nor its name are the other's. */
static void test_generations(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);
	const uint32_t old = 1, new = 2;
	struct engine_folio got;

	(void)state;
	push(e, DX_INSERT, 200, PFN, .dev = 1, .ino = 12, .gen = 1, .index = 3);
	assert_int_equal(push_path_of(e, 100, 12, 1, "/mnt/old", 0), 0);
	assert_int_equal(push_path_of(e, 300, 12, 2, "/mnt/new", 0), 0);
	push(e, DX_INSERT, 400, PFN + 1, .dev = 1, .ino = 12, .gen = 2, .index = 3);
	put_time(e, UINT64_MAX);
	assert_string_equal(folio_of(e, PFN).path, "/mnt/old");
	assert_string_equal(folio_of(e, PFN + 1).path, "/mnt/new");
	assert_null(engine_file(e, 1, 12, 0).path);
	assert_int_equal(engine_folio_find(e, 1, 12, &old, 3, &got), 0);
	assert_int_equal(got.pfn, PFN);
	assert_int_equal(engine_folio_find(e, 1, 12, &new, 3, &got), 0);
	assert_int_equal(got.pfn, PFN + 1);
	/* "" takes the name away */
	assert_int_equal(push_path_of(e, 500, 12, 2, "", 0), 0);
	assert_null(folio_of(e, PFN + 1).path);
	assert_string_equal(folio_of(e, PFN).path, "/mnt/old");
	engine_free(e);
}

/* Files that no folio has and nobody asks for don't pile up; those of folios stay. */
static void test_many_files(void **state)
{
	struct engine *e = engine_plain();
	size_t most = 0;

	(void)state;
	assert_int_equal(push_path(e, 100, 7, "/mnt/keep", 0), 0);
	push(e, DX_INSERT, 100, PFN, .dev = 1, .ino = 7);
	for (uint64_t i = 0; i < 400000; i++) {
		assert_int_equal(push_path(e, 200, 1000 + i, "/mnt/x", 0), 0);
		if (e->files.nr > most)
			most = e->files.nr;
	}
	assert_true(most <= 2 * 65536);
	assert_string_equal(engine_file(e, 1, 7, 0).path, "/mnt/keep");
	assert_string_equal(engine_file(e, 1, 400999, 0).path, "/mnt/x");
	assert_null(engine_file(e, 1, 1000, 0).path);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_unpin_many),
		cmocka_unit_test(test_failed_pin),
		cmocka_unit_test(test_gets),
		cmocka_unit_test(test_lost_unpin),
		cmocka_unit_test(test_many_holders),
		cmocka_unit_test(test_folio_pinned_often),
		cmocka_unit_test(test_ghosts),
		cmocka_unit_test(test_holder_bound),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_two_waits),
		cmocka_unit_test(test_pgmaps),
		cmocka_unit_test(test_pgmap_set_early),
		cmocka_unit_test(test_pgmap_address_again),
		cmocka_unit_test(test_many_pgmaps),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

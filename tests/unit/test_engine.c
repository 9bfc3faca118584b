// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_engine.c - what events do to a folio's history. The sequences are those
 * of Linux 7.2 (fs/dax.c, mm/gup.c, mm/memory.c, mm/memremap.c).
 */
#include "test_engine.h"

static void test_first_fault(void **state)
{
	struct engine *e = engine_plain();
	struct engine_folio f;

	(void)state;
	push_first_fault(e, 100, PFN);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	f = folio_of(e, PFN);
	assert_int_equal(f.first_time, 98);
	assert_int_equal(f.last_time, 100);
	assert_int_equal(f.last_cause, DX_FAULT);
	assert_int_equal(f.last_tgid, 100);
	assert_string_equal(f.last_comm, "app");
	assert_int_equal(f.dev, 259 << 20);
	assert_int_equal(f.ino, 12);
	assert_int_equal(f.index, 0);
	assert_int_equal(f.pgmap_type, FS_DAX);
	assert_true(f.mapped_entry);
	assert_false(f.predates);
	assert_false(f.doubtful);
	assert_int_equal(stats_of(e).events, 1);
	assert_int_equal(stats_of(e).by_type[DX_FAULT], 1);
	assert_int_equal(stats_of(e).pte_faults, 1);
	assert_int_equal(stats_of(e).mapped, 1);
	assert_int_equal(stats_of(e).now, 100);
	engine_free(e);
}

/* since == 0: the install has no time of its own, the history is the same. */
static void test_fault_in_one(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_install = 1,
	     .refcount = 1, .mapcount = 1);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	engine_free(e);
}

static int step_details(const struct engine_step *s, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len,
			   "%s t%llu %u/%u '%s' flags %x ret %x stack %d order %u\n",
			   engine_cause_name(s->cause), (unsigned long long)s->time, s->tgid,
			   s->pid, s->comm, s->flags, s->ret, s->stack, s->order);
	return 0;
}

/* Times, who, flags, return value: of what was seen; inferred steps claim nobody but the fault. */
static void test_step_fields(void **state)
{
	struct engine *e = engine_plain();
	struct text t = { .len = 0 };

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_install = 1,
	     .since = 30, .refcount = 1, .mapcount = 1, .ret = VM_FAULT_NOPAGE);
	/* as long as it can be, and no NUL */
	push(e, DX_PIN, 200, PFN, .tgid = 7, .pid = 8,
	     .comm = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e',
		       'f' },
	     .refcount = 1026, .mapcount = 2, .stack = 5, .ret = 1, .flags = DX_F_LONGTERM);
	assert_int_equal(engine_history(e, PFN, step_details, &t), 0);
	assert_string_equal(t.buf,
			    "insert t70 100/101 'app' flags 3 ret 0 stack -1 order 0\n"
			    "fault-ref t70 100/101 'app' flags 0 ret 0 stack -1 order 0\n"
			    "install t70 100/101 'app' flags 3 ret 0 stack -1 order 0\n"
			    "fault-put t100 100/101 'app' flags 0 ret 0 stack -1 order 0\n"
			    "fault t100 100/101 'app' flags 3 ret 100 stack -1 order 0\n"
			    "fork t200 0/0 '' flags 0 ret 0 stack -1 order 0\n"
			    "pin t200 7/8 '0123456789abcdef' flags 40 ret 1 stack 5 order 0\n");
	engine_free(e);
}

/* munmap: the mapping goes, the reference later, and as the last it frees the folio. */
static void test_munmap(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_UNMAP, 200, PFN, .refcount = 1, .mapcount = 1);
	assert_counts(e, PFN, 1, 0, 0);
	push(e, DX_FREE, 210, PFN);
	assert_counts(e, PFN, 0, 0, 0);
	/* the entry stays: the next fault revives the folio */
	push(e, DX_FAULT, 300, PFN, .flags = DX_F_INSTALL, .ref_install = 1, .since = 2,
	     .refcount = 1, .mapcount = 1);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "unmap 1>1 m0 p0\n"
		       "free 1>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	assert_true(folio_of(e, PFN).mapped_entry);
	engine_free(e);
}

/* A read fault, then a write to the same mapping: dax_iomap_pte_fault() makes it writable. */
static void test_upgrade(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_FAULT, 200, PFN, .flags = DX_F_UPGRADE | DX_F_WRITE, .refcount = 1,
	     .mapcount = 1, .ret = VM_FAULT_NOPAGE);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	engine_free(e);
}

/* MAP_SYNC: inserted in the fault, installed after the fsync by dax_insert_pfn_mkwrite(). */
static void test_map_sync(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_INSERT | DX_F_WRITE, .ret = 0x2000);
	push(e, DX_INSTALL, 200, PFN, .flags = DX_F_REF_TAKEN, .refcount = 2);
	push(e, DX_UNMAP, 300, PFN, .refcount = 1, .mapcount = 1);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "unmap 1>1 m0 p0\n");
	assert_int_equal(stats_of(e).pte_faults, 0);
	engine_free(e);
}

/* fork copies the mapping and its reference; nothing but the counts tells. */
static void test_fork(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_UNMAP, 200, PFN, .refcount = 2, .mapcount = 2, .tgid = 200);
	push(e, DX_UNMAP, 300, PFN, .refcount = 1, .mapcount = 1);
	push(e, DX_FREE, 310, PFN);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "fork? 1>2 m2 p0\n"
		       "unmap 2>2 m1 p0\n"
		       "zap-put? 2>1 m1 p0\n"
		       "unmap 1>1 m0 p0\n"
		       "free 1>0 m0 p0\n");
	engine_free(e);
}

/* A fork and the put of an earlier unmap between two samples: the sum alone says nothing. */
static void test_fork_and_zap(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_UPGRADE, .refcount = 2, .mapcount = 2);
	push(e, DX_UNMAP, 200, PFN, .refcount = 2, .mapcount = 2);
	push(e, DX_FAULT, 300, PFN, .flags = DX_F_UPGRADE, .refcount = 2, .mapcount = 2);
	assert_history(e, PFN,
		       "fault 2>2 m2 p0\n"
		       "unmap 2>2 m1 p0\n"
		       "fork? 2>3 m2 p0\n"
		       "zap-put? 3>2 m2 p0\n"
		       "fault 2>2 m2 p0\n");
	engine_free(e);
}

/* O_DIRECT from a mapped buffer: a pin of a small folio is 1,024 references. */
static void test_pin(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_PIN, 200, PFN, .refcount = 1025, .mapcount = 1, .pincount = 1);
	assert_counts(e, PFN, 1025, 1, 1);
	assert_int_equal(stats_of(e).pinned, 1);
	push(e, DX_UNPIN, 300, PFN, .refcount = 1025, .mapcount = 1, .pincount = 1);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "pin 1>1025 m1 p1\n"
		       "unpin 1025>1 m1 p0\n");
	assert_int_equal(stats_of(e).pinned, 0);
	engine_free(e);
}

/* munmap under a pin: the last put is the unpin's, and frees. */
static void test_unmap_under_pin(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_PIN, 200, PFN, .refcount = 2049, .mapcount = 1, .nr = 2);
	push(e, DX_UNMAP, 300, PFN, .refcount = 2049, .mapcount = 1);
	push(e, DX_UNPIN, 400, PFN, .refcount = 2048, .nr = 2);
	push(e, DX_FREE, 401, PFN);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "pin 1>2049 m1 p2\n"
		       "unmap 2049>2049 m0 p2\n"
		       "zap-put? 2049>2048 m0 p2\n"
		       "unpin 2048>0 m0 p0\n"
		       "free 0>0 m0 p0\n");
	engine_free(e);
}

/* A pin on another CPU between a fault's install and its end, which is told later. */
static void test_pin_inside_fault(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);

	(void)state;
	push(e, DX_PIN, 150, PFN, .refcount = 1026, .mapcount = 1, .cpu = 1);
	push(e, DX_FAULT, 200, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_install = 1,
	     .since = 100, .refcount = 1025, .mapcount = 1);
	put_time(e, UINT64_MAX);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "pin 2>1026 m1 p1\n"
		       "fault-put? 1026>1025 m1 p1\n"
		       "fault 1025>1025 m1 p1\n");
	assert_int_equal(stats_of(e).events, 2);
	engine_free(e);
}

/* The same, but the fault's reference was dropped before the pin. */
static void test_pin_after_fault_put(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);

	(void)state;
	push(e, DX_PIN, 150, PFN, .refcount = 1025, .mapcount = 1, .cpu = 1);
	push(e, DX_FAULT, 200, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_install = 1,
	     .since = 100, .refcount = 1025, .mapcount = 1);
	put_time(e, UINT64_MAX);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "pin 1>1025 m1 p1\n"
		       "fault 1025>1025 m1 p1\n");
	engine_free(e);
}

/* The put of an old mapping and the reference of a new fault cancel out in the samples. */
static void test_zap_put_hidden_by_fault(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_PIN, 200, PFN, .refcount = 1025, .mapcount = 1);
	push(e, DX_UNMAP, 300, PFN, .refcount = 1025, .mapcount = 1);
	push(e, DX_FAULT, 400, PFN, .flags = DX_F_INSTALL, .ref_install = 1025, .since = 2,
	     .refcount = 1025, .mapcount = 1);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "pin 1>1025 m1 p1\n"
		       "unmap 1025>1025 m0 p1\n"
		       "zap-put? 1025>1024 m0 p1\n"
		       "fault-ref? 1024>1025 m0 p1\n"
		       "install 1025>1026 m1 p1\n"
		       "fault-put? 1026>1025 m1 p1\n"
		       "fault 1025>1025 m1 p1\n");
	engine_free(e);
}

/* install-zero-ref: nothing is invented to make the counts look right. */
static void test_install_without_ref(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .since = 2);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "install 0>1 m1 p0\n"
		       "unknown? 1>0 m0 p0\n"
		       "fault 0>0 m0 p0\n");
	engine_free(e);
}

/* vmsplice: a FOLL_GET reference whose put shows in a later sample only. */
static void test_get(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_GET, 200, PFN, .refcount = 2, .mapcount = 1);
	push(e, DX_UNMAP, 300, PFN, .refcount = 1, .mapcount = 1);
	push(e, DX_FREE, 301, PFN);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "get 1>2 m1 p0\n"
		       "get-put? 2>1 m1 p0\n"
		       "unmap 1>1 m0 p0\n"
		       "free 1>0 m0 p0\n");
	engine_free(e);
}

/* Unmapped while the pipe holds it: first the mapping's put, then the pipe's, which frees. */
static void test_get_outlives_mapping(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_GET, 200, PFN, .refcount = 2, .mapcount = 1);
	push(e, DX_UNMAP, 300, PFN, .refcount = 2, .mapcount = 1);
	push(e, DX_FREE, 400, PFN);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "get 1>2 m1 p0\n"
		       "unmap 2>2 m0 p0\n"
		       "zap-put? 2>1 m0 p0\n"
		       "free 1>0 m0 p0\n");
	assert_holders(e, PFN, "");
	engine_free(e);
}

static void test_unknown(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	/* a reference that nothing explains, and its put */
	push(e, DX_BREAK_BUSY, 200, PFN, .refcount = 2, .mapcount = 1);
	push(e, DX_BREAK_BUSY, 300, PFN, .refcount = 1, .mapcount = 1);
	/* mappings that changed without a reference are no fork */
	push(e, DX_BREAK_BUSY, 400, PFN, .refcount = 1, .mapcount = 2);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "unknown? 1>2 m1 p0\n"
		       "break-busy 2>2 m1 p0\n"
		       "unknown? 2>1 m1 p0\n"
		       "break-busy 1>1 m1 p0\n"
		       "unknown? 1>1 m2 p0\n"
		       "break-busy 1>1 m2 p0\n");
	engine_free(e);
}

/* An unmap that was not seen leaves a reference that may be put later. */
static void test_unseen_unmap(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_UPGRADE, .refcount = 2, .mapcount = 2);
	push(e, DX_FAULT, 200, PFN, .flags = DX_F_UPGRADE, .refcount = 2, .mapcount = 1);
	push(e, DX_FAULT, 300, PFN, .flags = DX_F_UPGRADE, .refcount = 1, .mapcount = 1);
	assert_history(e, PFN,
		       "fault 2>2 m2 p0\n"
		       "unknown? 2>2 m1 p0\n"
		       "fault 2>2 m1 p0\n"
		       "zap-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	engine_free(e);
}

/* A device-dax folio after munmap: its put is no free, so no event tells of it. */
static void test_zap_puts_settle(void **state)
{
	const uint64_t second = 1000000000ull;
	struct engine *e = engine_plain();
	struct engine_folio f;

	(void)state;
	push(e, DX_INSTALL, 10, PFN, .pgmap_type = GENERIC, .refcount = 1);
	push(e, DX_UNMAP, 20, PFN, .pgmap_type = GENERIC, .refcount = 2, .mapcount = 1);
	assert_int_equal(engine_folio_get(e, PFN, &f), 0);
	assert_int_equal(f.refcount, 2);
	assert_false(f.ref_inferred);
	put_time(e, second / 2);
	engine_folio_get(e, PFN, &f);
	assert_int_equal(f.refcount, 2);
	put_time(e, second + 20);
	engine_folio_get(e, PFN, &f);
	assert_int_equal(f.refcount, 1);
	assert_true(f.ref_inferred);
	/* the next sample is the truth again, whatever was inferred */
	push(e, DX_GET, 2 * second, PFN, .pgmap_type = GENERIC, .refcount = 3);
	engine_folio_get(e, PFN, &f);
	assert_int_equal(f.refcount, 3);
	assert_false(f.ref_inferred);
	engine_free(e);
}

/* So many puts that they could be a pin's 1,024 references, were they not outstanding. */
static void test_many_zap_puts(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_FAULT, 100, PFN, .flags = DX_F_UPGRADE, .refcount = 1700, .mapcount = 676);
	push(e, DX_UNMAP, 200, PFN, .refcount = 1700, .mapcount = 676, .nr = 676);
	push(e, DX_UNPIN, 300, PFN, .refcount = 1024);
	assert_history(e, PFN,
		       "fault 1700>1700 m676 p1\n"
		       "unmap 1700>1700 m0 p1\n"
		       "zap-put? 1700>1024 m0 p1\n"
		       "unpin 1024>0 m0 p0\n");
	engine_free(e);
}

static void test_remove(void **state)
{
	struct engine *e = engine_plain();
	struct engine_folio f;

	(void)state;
	push_first_fault(e, 100, PFN + 5);
	push(e, DX_UNMAP, 200, PFN + 5, .refcount = 1, .mapcount = 1);
	push(e, DX_FREE, 201, PFN + 5);
	push(e, DX_REMOVE, 202, PFN + 5, .dev = 259 << 20, .ino = 12, .index = 5);
	assert_history(e, PFN + 5,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "unmap 1>1 m0 p0\n"
		       "free 1>0 m0 p0\n"
		       "remove 0>0 m0 p0\n");
	f = folio_of(e, PFN + 5);
	assert_false(f.mapped_entry);
	assert_int_equal(f.ino, 0);
	assert_int_equal(f.dev, 0);
	assert_null(f.path);
	/* but it is the last that was there */
	assert_int_equal(engine_folio_find(e, 259 << 20, 12, NULL, 5, &f), 0);
	assert_int_equal(f.pfn, PFN + 5);
	/* until the offset gets another */
	push_first_fault(e, 300, PFN + 5);
	push(e, DX_INSERT, 300, PFN + 9, .dev = 259 << 20, .ino = 12, .index = 6);
	assert_int_equal(engine_folio_find(e, 259 << 20, 12, NULL, 6, &f), 0);
	assert_int_equal(f.pfn, PFN + 9);
	assert_int_equal(engine_folio_find(e, 259 << 20, 12, NULL, 7, &f), -ENOENT);
	assert_int_equal(engine_folio_find(e, 259 << 20, 13, NULL, 5, &f), -ENOENT);
	engine_free(e);
}

static void test_remove_shared(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, 100, PFN);
	push(e, DX_REMOVE, 200, PFN, .flags = DX_F_SHARED, .ret = 1, .refcount = 1, .mapcount = 1);
	assert_true(folio_of(e, PFN).mapped_entry);
	push(e, DX_REMOVE, 300, PFN, .flags = DX_F_SHARED, .ret = 0, .refcount = 1, .mapcount = 1);
	assert_false(folio_of(e, PFN).mapped_entry);
	engine_free(e);
}

/* device-dax: idle is 1, an over-put frees, and freeing resets to 1. */
static void test_generic(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_INSTALL, 100, PFN, .pgmap_type = GENERIC, .flags = DX_F_REF_TAKEN, .refcount = 2,
	     .dev = 250 << 20, .index = 7);
	push(e, DX_UNMAP, 200, PFN, .pgmap_type = GENERIC, .refcount = 2, .mapcount = 1);
	push(e, DX_INSTALL, 300, PFN, .pgmap_type = GENERIC, .refcount = 1);
	push(e, DX_FREE, 400, PFN, .pgmap_type = GENERIC);
	assert_history(e, PFN,
		       "install 1>2 m1 p0\n"
		       "unmap 2>2 m0 p0\n"
		       "zap-put? 2>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "unknown? 2>1 m0 p0\n"
		       "free 1>0 m0 p0\n"
		       "reset? 0>1 m0 p0\n");
	assert_false(folio_of(e, PFN).predates);
	assert_false(folio_of(e, PFN).mapped_entry);
	assert_int_equal(folio_of(e, PFN).index, 7);
	engine_free(e);
}

static void test_page_init(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_PAGE_INIT, 100, PFN, .pgmap_type = MEMORY_DEVICE_PRIVATE);
	push(e, DX_FREE, 200, PFN, .pgmap_type = MEMORY_DEVICE_PRIVATE);
	assert_history(e, PFN, "page-init 0>1 m0 p0\nfree 1>0 m0 p0\n");
	engine_free(e);
}

/* A bare pfn: neither reference nor mapcount. */
static void test_install_pfn(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_INSTALL_PFN, 100, PFN);
	assert_history(e, PFN, "install-pfn 0>0 m0 p0\n");
	engine_free(e);
}

static void test_predates(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	/* the state from before, no steps made up */
	push(e, DX_UNMAP, 100, PFN, .refcount = 3, .mapcount = 2);
	assert_history(e, PFN, "unmap 3>3 m1 p0\n");
	assert_true(folio_of(e, PFN).predates);
	/* a pin's own references predate nothing, the mapping's does */
	push(e, DX_PIN, 100, PFN + 1, .refcount = 1024);
	assert_false(folio_of(e, PFN + 1).predates);
	push(e, DX_PIN, 100, PFN + 2, .refcount = 1025, .mapcount = 1);
	assert_true(folio_of(e, PFN + 2).predates);
	/* nor does the fault's own */
	push(e, DX_FAULT, 100, PFN + 3, .flags = DX_F_INSTALL, .ref_install = 1, .refcount = 1,
	     .mapcount = 1);
	assert_false(folio_of(e, PFN + 3).predates);
	assert_history(e, PFN + 3,
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	push(e, DX_FAULT, 100, PFN + 4, .flags = DX_F_INSTALL, .ref_install = 2, .refcount = 2,
	     .map_install = 1, .mapcount = 2);
	assert_true(folio_of(e, PFN + 4).predates);
	/* the put that freed it was of a reference from before */
	push(e, DX_FREE, 100, PFN + 5);
	assert_history(e, PFN + 5, "free 1>0 m0 p0\n");
	assert_true(folio_of(e, PFN + 5).predates);
	push(e, DX_REMOVE, 100, PFN + 6);
	assert_false(folio_of(e, PFN + 6).predates);
	engine_free(e);
}

/* Faults that end without a folio are counted, and make none. */
static void test_fault_without_folio(void **state)
{
	struct engine *e = engine_plain();
	struct engine_stats st;

	(void)state;
	push(e, DX_FAULT, 100, 0, .ret = VM_FAULT_NOPAGE);
	push(e, DX_FAULT, 101, 0, .ret = 2);
	push(e, DX_FAULT, 102, 0, .ret = VM_FAULT_FALLBACK, .level = DX_PMD);
	push(e, DX_FAULT, 103, PFN, .ret = VM_FAULT_NOPAGE, .flags = DX_F_ZERO, .level = DX_PMD);
	push(e, DX_FAULT, 104, PFN, .ret = VM_FAULT_NOPAGE, .flags = DX_F_NO_FOLIO);
	push(e, DX_DEV_FAULT, 105, 0, .ret = VM_FAULT_NOPAGE, .level = DX_PMD);
	push(e, DX_DEV_FAULT, 106, 0, .ret = 0x40);
	st = stats_of(e);
	assert_int_equal(st.folios[0] + st.folios[1] + st.folios[2], 0);
	assert_int_equal(st.pte_faults, 2);
	assert_int_equal(st.pmd_faults, 1);
	assert_int_equal(st.dev_faults, 1);
	assert_int_equal(st.fault_errors, 2);
	assert_int_equal(st.fault_fallbacks, 1);
	assert_int_equal(st.events, 7);
	assert_int_equal(st.by_type[DX_FAULT], 5);
	assert_int_equal(st.steps, 0);
	engine_free(e);
}

/* On a legacy kernel a mapping holds nothing, and idle is 1. */
static void test_legacy(void **state)
{
	struct engine_options o = { .history_bytes = 1 << 20, .legacy = true };
	struct engine *e = engine_new(&o);

	(void)state;
	push(e, DX_INSTALL, 100, PFN, .refcount = 1);
	push(e, DX_PIN, 200, PFN, .refcount = 1025);
	push(e, DX_UNPIN, 300, PFN, .refcount = 1025);
	push(e, DX_FREE, 301, PFN, .refcount = 1);
	assert_history(e, PFN,
		       "install 1>1 m1 p0\n"
		       "unknown? 1>1 m0 p0\n"
		       "pin 1>1025 m0 p1\n"
		       "unpin 1025>1 m0 p0\n"
		       "free 1>1 m0 p0\n");
	assert_false(folio_of(e, PFN).predates);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_fault),
		cmocka_unit_test(test_fault_in_one),
		cmocka_unit_test(test_step_fields),
		cmocka_unit_test(test_munmap),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_map_sync),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_fork_and_zap),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_unmap_under_pin),
		cmocka_unit_test(test_pin_inside_fault),
		cmocka_unit_test(test_pin_after_fault_put),
		cmocka_unit_test(test_zap_put_hidden_by_fault),
		cmocka_unit_test(test_install_without_ref),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_get_outlives_mapping),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_unseen_unmap),
		cmocka_unit_test(test_many_zap_puts),
		cmocka_unit_test(test_zap_puts_settle),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_remove_shared),
		cmocka_unit_test(test_generic),
		cmocka_unit_test(test_page_init),
		cmocka_unit_test(test_install_pfn),
		cmocka_unit_test(test_predates),
		cmocka_unit_test(test_fault_without_folio),
		cmocka_unit_test(test_legacy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

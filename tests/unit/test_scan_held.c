// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_held.c - pins and references summed by process and cgroup; container and pod ids; poisoned folios. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/container.h"
#include "../../src/scan/scan.h"

#define PFN 0x100000ull
#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "11111111-2222-3333-4444-555555555555"

static struct scan *scan_begin(void)
{
	struct scan *s = scan_new(NULL, false);
	struct scan_pgmap p = { .pgmap = 1,
				.type = MEMORY_DEVICE_FS_DAX,
				.nr_range = 1,
				.range = { { PFN, 1 << 20 } },
				.device = "pmem0" };

	assert_non_null(s);
	assert_int_equal(scan_add_pgmap(s, &p), 0);
	return s;
}

/* @nr folios from @pfn on, with so many references. */
static void folios(struct scan *s, uint64_t pfn, uint32_t nr, int32_t refs, uint8_t flags)
{
	struct dx_walk_args piece = { .found = nr };
	struct dx_folio f[8] = { 0 };

	for (uint32_t i = 0; i < nr; i++)
		f[i] = (struct dx_folio){ .pfn = pfn + i, .refcount = refs, .flags = flags };
	assert_int_equal(scan_walked(s, 0, &piece, f), 0);
}

static void holder(struct scan *s, uint32_t tgid, const char *cgroup, uint64_t object, uint64_t pfn,
		   uint64_t nr, bool pin, uint64_t since)
{
	struct scan_holder h = { .kind = pin ? SCAN_HOLD_URING : SCAN_HOLD_PIPE,
				 .certain = true,
				 .pin = pin,
				 .pfn = pfn,
				 .nr = nr,
				 .refs = 1,
				 .object = object,
				 .tgid = tgid,
				 .fd = 3,
				 .pgmap = -1,
				 .since = since,
				 .cgroup = (char *)cgroup };

	snprintf(h.comm, sizeof(h.comm), "p%u", tgid);
	assert_int_equal(scan_add_holder(s, &h), 0);
}

/* Process 1 has two pages pinned and a pipe that process 2 of its cgroup shares; 3, of another one, has it too. */
static struct scan *three_processes(void)
{
	struct scan *s = scan_begin();

	folios(s, PFN, 2, 1024, 0);
	folios(s, PFN + 16, 1, 1, 0);
	folios(s, PFN + 32, 1, 0, DX_FOLIO_POISONED);
	folios(s, PFN + 33, 1, 1, DX_FOLIO_POISONED);
	holder(s, 1, "/a", 0x1000, PFN, 2, true, 700);
	holder(s, 1, "/a", 0x2000, PFN + 16, 1, false, 500);
	holder(s, 2, "/a", 0x2000, PFN + 16, 1, false, 500);
	holder(s, 3, "/b", 0x2000, PFN + 16, 1, false, 500);
	assert_int_equal(scan_finish(s), 0);
	return s;
}

static void test_process(void **state)
{
	struct scan *s = three_processes();
	struct scan_held *h;
	size_t nr;

	(void)state;
	assert_int_equal(scan_held_by(s, SCAN_BY_PROCESS, NULL, NULL, &h, &nr), 0);
	assert_int_equal(nr, 3);
	assert_int_equal(h[0].tgid, 1);
	assert_string_equal(h[0].comm, "p1");
	assert_string_equal(h[0].cgroup, "/a");
	assert_int_equal(h[0].folios, 3);
	assert_int_equal(h[0].pins, 2);
	assert_int_equal(h[0].gets, 1);
	assert_int_equal(h[0].since, 500);
	for (uint32_t i = 1; i < 3; i++) {
		assert_int_equal(h[i].tgid, i + 1);
		assert_int_equal(h[i].folios, 1);
		assert_int_equal(h[i].pins, 0);
		assert_int_equal(h[i].gets, 1);
	}
	free(h);
	scan_free(s);
}

static void test_cgroup(void **state)
{
	struct scan *s = three_processes();
	struct scan_held *h;
	size_t nr;

	(void)state;
	assert_int_equal(scan_held_by(s, SCAN_BY_CGROUP, NULL, NULL, &h, &nr), 0);
	assert_int_equal(nr, 2);
	assert_string_equal(h[0].cgroup, "/a");
	assert_null(h[0].comm);
	assert_int_equal(h[0].folios, 3);
	assert_int_equal(h[0].pins, 2);
	assert_int_equal(h[0].gets, 1);
	assert_string_equal(h[1].cgroup, "/b");
	assert_int_equal(h[1].folios, 1);
	assert_int_equal(h[1].gets, 1);
	free(h);
	scan_free(s);
}

static bool not_pinned(void *s, size_t run)
{
	return !scan_folio(s, run)->pincount;
}

static void test_wanted(void **state)
{
	struct scan *s = three_processes();
	struct scan_held *h;
	size_t nr;

	(void)state;
	assert_int_equal(scan_held_by(s, SCAN_BY_PROCESS, not_pinned, s, &h, &nr), 0);
	assert_int_equal(nr, 3);
	for (size_t i = 0; i < nr; i++)
		assert_true(!h[i].pins && h[i].gets == 1);
	free(h);
	scan_free(s);
}

/* An idle one is listed as poisoned, and not as in use. */
static void test_poisoned(void **state)
{
	struct scan_holder h = { .kind = SCAN_HOLD_MAPPING };
	struct scan_poison p = { .pfn = PFN };
	struct scan *s = three_processes();

	(void)state;
	assert_int_equal(scan_nr_poisoned(s), 2);
	assert_int_equal(scan_poisoned(s, 0)->pfn, PFN + 32);
	assert_int_equal(scan_poisoned(s, 1)->pfn, PFN + 33);
	for (size_t i = 0; i < scan_nr_folios(s); i++)
		assert_int_not_equal(scan_folio(s, i)->pfn, PFN + 32);
	/* in a page table, or where that was */
	h.pfn = PFN + 30;
	h.nr = 3;
	assert_true(scan_maps_poison(&h, scan_poisoned(s, 0)));
	assert_false(scan_maps_poison(&h, scan_poisoned(s, 1)));
	h.nr = 0;
	p.file = h.file = 1;
	p.index = h.first = 5;
	h.last = 9;
	for (p.index = 3; p.index < 12; p.index++)
		assert_int_equal(scan_maps_poison(&h, &p), p.index >= 5 && p.index <= 9);
	p.index = 5;
	h.file = 2;
	assert_false(scan_maps_poison(&h, &p));
	h.file = 1;
	h.kind = SCAN_HOLD_PIPE;
	assert_false(scan_maps_poison(&h, &p));
	scan_free(s);
}

static void test_container(void **state)
{
	static const struct {
		const char *path, *id, *pod;
	} paths[] = {
		{ "", "", "" },
		{ "/user.slice/user-1000.slice/session-1.scope", "", "" },
		{ "/system.slice/docker-" ID ".scope", ID, "" },
		{ "/docker/" ID, ID, "" },
		{ "/machine.slice/libpod-" ID ".scope/container", ID, "" },
		{ "/kubepods/burstable/pod" POD "/" ID, ID, POD },
		{ "/kubepods.slice/kubepods-burstable.slice/"
		  "kubepods-burstable-pod11111111_2222_3333_4444_555555555555.slice/"
		  "cri-containerd-" ID ".scope",
		  ID, POD },
		{ "/docker/" ID "0", "", "" }, /* 65 digits */
		{ "/podpod" POD, "", POD },
		{ "/pod11111111-2222-3333-4444-55555555555", "", "" },
		{ "/pod11111111-2222-3333-4444-55555555555\x1b", "", "" },
	};
	char id[CONTAINER_ID], pod[POD_UID];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_string_equal(container_id(id, paths[i].path), paths[i].id);
		assert_string_equal(container_pod(pod, paths[i].path), paths[i].pod);
	}
}

/* Who made a cgroup's folder names it; who has one makes others in it. */
static void test_roots(void **state)
{
	char root[] = "/tmp/test_scan_held.XXXXXX", path[128];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/a", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/a/b", root);
	assert_int_equal(mkdir(path, 0755), 0);
	/* as others than root there is nothing that root made */
	assert_int_equal(container_is_roots(root, "/a/b"), !geteuid());
	assert_false(container_is_roots(root, "/a/c"));
	assert_false(container_is_roots(root, "/a/../a/b"));
	if (!geteuid()) {
		/* its own: somebody else may have that */
		assert_int_equal(chown(path, 1000, 1000), 0);
		assert_true(container_is_roots(root, "/a/b"));
		snprintf(path, sizeof(path), "%s/a", root);
		assert_int_equal(chmod(path, 0777), 0);
		assert_false(container_is_roots(root, "/a/b"));
		assert_int_equal(chmod(path, 0755), 0);
		assert_int_equal(chown(path, 1000, 0), 0);
		assert_false(container_is_roots(root, "/a/b"));
	}
	snprintf(path, sizeof(path), "%s/a/b", root);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/a", root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process),	  cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_wanted),	  cmocka_unit_test(test_poisoned),
		cmocka_unit_test(test_container), cmocka_unit_test(test_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

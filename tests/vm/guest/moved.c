// SPDX-License-Identifier: GPL-2.0-only
/*
 * moved.c - no false alarm: anonymous memory that a device has (PRIVATE), as folios of 2M. Moved, split
 * by mremap, copied by fork, split by fault, given back; the kernel's own lib/test_hmm.c and hmm-tests.c
 * do so at large.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"

#define HALF (SZ_2M / 2)

/* 2M of anonymous memory at a boundary, in one page; behind it as much room. */
static char *memory_huge(void)
{
	char *p = mmap(NULL, 3 * SZ_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	p += -(uintptr_t)p & (SZ_2M - 1);
	must(mmap(p, SZ_2M, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0) == p);
	must(!madvise(p, SZ_2M, MADV_HUGEPAGE));
	memset(p, 1, SZ_2M);
	return p;
}

static void child_uses(struct child *c, void *arg)
{
	char *p = arg;

	child_await(c);
	touch_read(p);
	touch_write(p + SZ_4K);
}

/*
 * Moves it, and splits its PMD (__split_huge_pmd_locked(), mm/huge_memory.c): by a fork's child
 * that unmaps a part of what it shares, and by mremap().
 */
static void move_and_split(int fd)
{
	struct inject arg = { .cmd = INJECT_MOVE_PRIVATE };
	char *p = memory_huge(), *to = p + SZ_2M;
	struct child c;

	arg.window = (uintptr_t)p;
	if (!inject_try(fd, &arg))
		skip("this kernel can't do it");
	if (arg.ret != SZ_2M / SZ_4K)
		fail("%lld pages were moved, 512 expected", (long long)arg.ret);
	child_start(&c, child_uses, p + HALF);
	must(mremap(p, HALF, HALF, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	child_go(&c);
	child_end(&c);
	/* PRIVATE memory comes back to be read */
	touch_write(to);
	touch_read(p + HALF);
	must(!munmap(to, HALF));
	must(!munmap(p + HALF, HALF));
}

static void expect_unbroken(struct daxtop *d)
{
	check_stop(d, 0);
	expect_clean(d);
	if (check_checked(d, "folio-overput") < 1 || check_checked(d, "private-init") < 1)
		fail("it was not looked at: %s", d->out_text);
}

static void test_private(struct place *p)
{
	struct daxtop *d;
	int fd = inject_open();

	(void)p;
	d = CHECK_START("--stall-time", "60");
	move_and_split(fd);
	inject_undo(fd);
	expect_unbroken(d);
}

const struct test moved_tests[] = {
	TEST("rules/private-split", ON_NONE, test_private),
	TESTS_END,
};

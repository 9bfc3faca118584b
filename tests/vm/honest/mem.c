// SPDX-License-Identifier: GPL-2.0-only
/* mem.c - mappings, and touching memory that others take away. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "honest.h"

/* volatile: set before what may fault, and not sooner or later. */
static __thread sigjmp_buf *volatile guard;

static void bus_handler(int nr)
{
	if (guard) {
		__atomic_fetch_add(&shared->buses[job.nr], 1, __ATOMIC_RELAXED);
		siglongjmp(*guard, 1);
	}
	/* Nobody expects it: comes again and ends us. */
	signal(nr, SIG_DFL);
}

void bus_handle(void)
{
	/* SA_NODEFER: the jump out need not restore a mask. */
	struct sigaction a = { .sa_handler = bus_handler, .sa_flags = SA_NODEFER };

	must(sigaction(SIGBUS, &a, NULL));
	must(sigaction(SIGSEGV, &a, NULL));
}

__attribute__((noinline)) bool touch_read(const char *p)
{
	sigjmp_buf env;

	if (sigsetjmp(env, 0)) {
		guard = NULL;
		return false;
	}
	guard = &env;
	(void)*(volatile const char *)p;
	guard = NULL;
	return true;
}

__attribute__((noinline)) bool touch_write(char *p)
{
	sigjmp_buf env;

	if (sigsetjmp(env, 0)) {
		guard = NULL;
		return false;
	}
	guard = &env;
	*(volatile char *)p += 1;
	guard = NULL;
	return true;
}

__attribute__((noinline)) bool bus_madvise(char *p, size_t len, int advice, long *ret)
{
	sigjmp_buf env;

	if (sigsetjmp(env, 0)) {
		guard = NULL;
		return false;
	}
	guard = &env;
	*ret = madvise(p, len, advice);
	guard = NULL;
	return true;
}

char *reserve(size_t len, size_t align)
{
	char *hole = mmap(NULL, len + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	char *at;

	must(hole == MAP_FAILED ? -1 : 0);
	at = (char *)(((uintptr_t)hole + align - 1) & ~(align - 1));
	if (at > hole)
		must(munmap(hole, (size_t)(at - hole)));
	if (at + len < hole + len + align)
		must(munmap(at + len, (size_t)(hole + align - at)));
	return at;
}

void span_pool(struct span *s, size_t pages)
{
	const struct place *p = job.place;
	size_t len = pages * SZ_4K, room;

	memset(s, 0, sizeof(*s));
	len = (len + p->align - 1) & ~(p->align - 1);
	if (p->fs) {
		s->fd = pool_open(p, rnd(POOL_FILES));
		room = POOL_SIZE;
	} else {
		s->fd = open(p->path, O_RDWR | O_CLOEXEC);
		must(s->fd);
		/* What is behind is for poison.c. */
		room = p->size - 8 * SZ_2M;
	}
	s->len = len;
	s->off = (off_t)(rnd((unsigned int)((room - len) / p->align + 1)) * p->align);
	/* Often where a 2M page can be. */
	if (len >= SZ_2M || one_in(3))
		s->off &= ~(off_t)(SZ_2M - 1);
}

void span_own(struct span *s, size_t len)
{
	if (!job.place->fs) {
		span_pool(s, len / SZ_4K);
		return;
	}
	memset(s, 0, sizeof(*s));
	file_name(s->path, sizeof(s->path), job.place, "own");
	s->fd = file_new(s->path, len);
	s->len = len;
	if (legacy) {
		s->anchor = mmap(NULL, 4 * len, PROT_NONE, MAP_SHARED, s->fd, 0);
		must((long)s->anchor);
		s->anchor_len = 4 * len;
	}
}

char *span_map(struct span *s, int prot, int flags)
{
	size_t align = s->len >= SZ_2M ? SZ_2M : job.place->align;
	char *at, *p;

	/* So that a 2M page can be mapped where the file has one. */
	if (align == SZ_4K && one_in(2))
		align = SZ_2M;
	at = reserve(s->len, align);
	p = mmap(at, s->len, prot, flags | MAP_FIXED, s->fd, s->off);
	if (p == MAP_FAILED) {
		int err = errno;

		must(munmap(at, s->len));
		errno = err;
		p = NULL;
	}
	return s->p = p;
}

void span_unmap(struct span *s)
{
	if (s->p)
		must(munmap(s->p, s->len));
	s->p = NULL;
}

void span_end(struct span *s)
{
	span_unmap(s);
	if (s->anchor)
		must(munmap(s->anchor, s->anchor_len));
	s->anchor = NULL;
	if (s->path[0])
		may(unlink(s->path), ENOENT);
	must(close(s->fd));
}

char *span_at(const struct span *s, size_t len)
{
	return s->p + rnd((unsigned int)((s->len - len) / SZ_4K + 1)) * SZ_4K;
}

void span_touch(const struct span *s, unsigned int times)
{
	while (times--) {
		char *p = span_at(s, SZ_4K) + rnd(SZ_4K);

		if (one_in(2))
			touch_write(p);
		else
			touch_read(p);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* remap.c - mappings that move, change and are advised about. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

/* A second address, to move to. */
static char *move(char *p, size_t old, size_t new, size_t align, int flags)
{
	char *to = reserve(new, align), *at;

	at = mremap(p, old, new, MREMAP_MAYMOVE | MREMAP_FIXED | flags, to);
	/* A device does not grow; DONTUNMAP is not for every mapping on every kernel. */
	if (may(at == MAP_FAILED ? -1 : 0, EINVAL, EFAULT) < 0) {
		munmap(to, new);
		return NULL;
	}
	return at;
}

static void run_mremap(void)
{
	while (job_on()) {
		size_t align = job.place->align, len;
		struct span s;
		char *p;

		if (align == SZ_4K && one_in(3))
			align = SZ_2M;
		len = (1 + rnd(2)) * (align == SZ_2M ? SZ_2M : 4 * SZ_4K);
		span_pool(&s, 2 * len / SZ_4K);
		/* Half of it is mapped, so that it can grow within the file. */
		s.len = len;
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		span_touch(&s, 8);
		p = move(s.p, len, len, align, 0);
		if (p)
			s.p = p;
		span_touch(&s, 8);
		p = move(s.p, len, 2 * len, align, 0);
		if (p) {
			s.p = p;
			s.len = 2 * len;
		}
		span_touch(&s, 8);
		p = mremap(s.p, s.len, len, 0);
		must(p == MAP_FAILED ? -1 : 0);
		s.len = len;
		p = move(s.p, len, len, align, MREMAP_DONTUNMAP);
		if (p) {
			/* Both ranges are mapped now: the old one, emptied, faults again. */
			span_touch(&s, 8);
			must(munmap(p, len));
		}
		span_touch(&s, 4);
		span_end(&s);
		job_did();
	}
}

static void run_mprotect(void)
{
	static const int prots[] = { PROT_READ, PROT_NONE, RW, PROT_READ | PROT_EXEC, PROT_WRITE, RW };
	struct span s;

	span_pool(&s, one_in(2) ? 512 : 16);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	while (job_on()) {
		char *p = span_at(&s, SZ_4K);

		/* A part of it: not on a device of 2M pages. */
		may(mprotect(p, SZ_4K, prots[rnd(6)]), EINVAL);
		span_touch(&s, 6);
		must(mprotect(s.p, s.len, prots[rnd(6)]));
		span_touch(&s, 6);
		must(mprotect(s.p, s.len, RW));
		span_touch(&s, 6);
		job_did();
	}
	span_end(&s);
}

static void advise_and_fork(struct span *s)
{
	pid_t pid;

	must(madvise(s->p, s->len, MADV_DONTFORK));
	pid = child_fork();
	if (!pid) {
		touch_read(s->p); /* SIGSEGV: it is not there */
		_exit(0);
	}
	child_wait(pid, false);
	/* VM_PFNMAP, VM_IO and the like keep it: not DAX on a kernel of today. */
	may(madvise(s->p, s->len, MADV_DOFORK), EINVAL);
}

static void pages_move(struct span *s)
{
	void *pages[4];
	int status[4], nodes[4] = {};
	size_t i;

	for (i = 0; i < 4; i++)
		pages[i] = span_at(s, SZ_4K);
	/* Where are they, and may they move? DAX pages never do. */
	may(syscall(SYS_move_pages, 0, 4UL, pages, NULL, status, 0), ENOSYS);
	may(syscall(SYS_move_pages, 0, 4UL, pages, nodes, status, 2), ENOSYS, ENOENT, EPERM);
}

static void run_madvise(void)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED,  MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		MADV_COLD,     MADV_PAGEOUT,   MADV_HUGEPAGE,	   MADV_NOHUGEPAGE,
		MADV_RANDOM,   MADV_NORMAL,    MADV_FREE,	   MADV_REMOVE,
		MADV_COLLAPSE, MADV_MERGEABLE, MADV_DONTDUMP,	   MADV_DODUMP,
	};
	struct span s;
	unsigned char *there;

	span_pool(&s, one_in(2) ? 512 : 16);
	there = (unsigned char *)reserve(SZ_4K, SZ_4K);
	must(mprotect(there, SZ_4K, RW));
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	while (job_on()) {
		size_t len = (1 + rnd((unsigned int)(s.len / SZ_4K))) * SZ_4K;
		char *p = span_at(&s, len);
		int advice = advices[rnd(sizeof(advices) / sizeof(*advices))];

		/* Many are not for DAX, or for parts of a huge page, or not behind the end. */
		may(madvise(p, len, advice), EINVAL, EFAULT, EBUSY, EAGAIN, EOPNOTSUPP, ENOMEM,
		    EBADF, ENOSPC, EACCES, ENODEV);
		span_touch(&s, 8);
		may(mincore(s.p, s.len, there), ENOMEM);
		pages_move(&s);
		if (one_in(10))
			advise_and_fork(&s);
		job_did();
	}
	span_end(&s);
	must(munmap(there, SZ_4K));
}

const struct kind remap_kinds[] = {
	KIND("mremap", AT_ALL, run_mremap),
	KIND("mprotect", AT_ALL, run_mprotect),
	KIND("madvise", AT_ALL, run_madvise),
	KINDS_END,
};

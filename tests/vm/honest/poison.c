// SPDX-License-Identifier: GPL-2.0-only
/* poison.c - memory failure, injected by madvise; few pages, of files that stay. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

/*
 * What is poisoned stays so until the device goes: it is a page that nobody else uses,
 * of a file that nobody removes, or from the end of a device (see span_pool()).
 */
static void span_poison(struct span *s)
{
	const struct place *p = job.place;
	char path[200];
	uint32_t nr;

	memset(s, 0, sizeof(*s));
	s->len = p->align;
	if (p->fs) {
		file_name(path, sizeof(path), p, "poison");
		s->fd = file_new(path, 4 * SZ_2M);
		if (one_in(2))
			s->len = SZ_2M;
	} else {
		nr = __atomic_fetch_add(&shared->serial, 1, __ATOMIC_RELAXED);
		s->fd = open(p->path, O_RDWR | O_CLOEXEC);
		must(s->fd);
		s->off = (off_t)(p->size - (1 + nr % 7) * SZ_2M);
	}
}

static void run_poison(void)
{
	struct span s;
	long ret = 0;
	pid_t pid;

	span_poison(&s);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	touch_write(s.p);
	/* The kernel does not move DAX pages. */
	may(madvise(s.p, SZ_4K, MADV_SOFT_OFFLINE), EIO, EINVAL, EBUSY, EOPNOTSUPP);
	touch_write(s.p);
	/* SIGBUS for who did it, and for the other who maps the page. */
	pid = child_fork();
	if (!pid) {
		touch_read(s.p);
		pause_us(20000);
		touch_read(s.p);
		_exit(0);
	}
	pause_us(5000);
	if (bus_madvise(s.p, SZ_4K, MADV_HWPOISON, &ret))
		may(ret, EINVAL, EBUSY, EIO, ENXIO, EOPNOTSUPP, EHWPOISON, EFAULT);
	/* SIGKILL or SIGBUS, as memory_failure() likes; or it was not there. */
	child_end_any(pid);
	touch_read(s.p);
	span_unmap(&s);
	close(s.fd);
	job_did();
}

const struct kind poison_kinds[] = {
	KIND_AS("poison", AT_ALL, run_poison, KIND_FEW),
	KINDS_END,
};

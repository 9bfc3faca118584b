// SPDX-License-Identifier: GPL-2.0-only
/* mark.c - the look at all address spaces that were there when the programs were attached */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/process.h"
#include "internal.h"
#include "programs.h"
#include "base/stop.h"

#define PROGRAM "dx_mark_mms"

/* An iterator runs by being read. Returns 0, or -errno; -EINTR: a signal. */
static int run_iterator(const struct bpf_program *prog)
{
	char unused[64];
	int fd = programs_iterate(prog, 0), rc = fd < 0 ? fd : 1;
	ssize_t n;

	while (rc > 0) {
		n = read(fd, unused, sizeof(unused));
		if (stop_wanted)
			rc = -EINTR;
		else if (!n)
			rc = 0;
		/* EAGAIN: a million tasks were looked at without output (kernel/bpf/bpf_iter.c); go on */
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			rc = -errno;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/*
 * The iterator goes through the pid namespace of who opens it (kernel/bpf/task_iter.c): elsewhere there are processes
 * that it does not meet, and a mark is never missing.
 */
static void mark_unmet(struct source *s)
{
	uint32_t *marks = s->skel->bss->mm_marks;
	size_t n = sizeof(s->skel->bss->mm_marks) / sizeof(*marks);

	for (size_t i = 0; i < n && !process_all_seen(); i++)
		__atomic_fetch_add(&marks[i], 1, __ATOMIC_RELAXED);
}

int source_mark(struct source *s)
{
	const struct bpf_program *prog = source_program(s, PROGRAM);
	int rc;

	for (size_t i = 0; prog && i < s->nr_probes; i++) {
		struct probe *p = &s->probes[i];

		if (p->state != PROBE_ATTACHED || !candidate_has(&p->candidates[p->chosen], PROGRAM))
			continue;
		rc = run_iterator(prog);
		if (rc == -EINTR)
			return rc;
		if (rc) {
			p->state = PROBE_MISSING;
			p->chosen = -1;
			snprintf(p->why, sizeof(p->why), "%s: %s", p->candidates[0].target,
				 programs_why(rc));
		} else {
			mark_unmet(s);
			s->skel->bss->marks_done = true;
		}
	}
	return 0;
}

uint32_t source_marks_skipped(const struct source *s, uint32_t *tgid, char comm[16])
{
	const struct dx_mark_skipped *m = &s->skel->bss->marks_skipped;

	*tgid = m->tgid;
	memcpy(comm, m->comm, sizeof(m->comm));
	return m->nr;
}

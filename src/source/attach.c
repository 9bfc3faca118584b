// SPDX-License-Identifier: GPL-2.0-only
/* attach.c - candidates in order, by trial */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "attach.h"

/* An iterator runs by being read; once is what is wanted of ours. */
static struct bpf_link *run_iterator(const struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	char unused[64];
	int fd, saved;
	ssize_t n;

	if (!link)
		return NULL;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		goto fail;
	/* EAGAIN: a million VMAs were looked at without output (kernel/bpf/bpf_iter.c); go on */
	do
		n = read(fd, unused, sizeof(unused));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	saved = errno;
	close(fd);
	errno = saved;
	if (!n)
		return link;
fail:
	saved = errno;
	bpf_link__destroy(link);
	errno = saved;
	return NULL;
}

static struct bpf_link *attach_program(struct bpf_object *obj, const char *name, const char **why)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);
	struct bpf_link *link;

	if (!prog) {
		*why = "no such program in daxtop";
		return NULL;
	}
	if (bpf_program__fd(prog) < 0) {
		*why = bpf_program__autoload(prog) ? "it was not loaded" :
						     "the kernel has no such function, or refused the program";
		return NULL;
	}
	if (!strcmp(probe_kind(bpf_program__section_name(prog)), "iterator"))
		link = run_iterator(prog);
	else
		link = bpf_program__attach(prog);
	if (!link)
		*why = strerror(errno);
	return link;
}

int attach_probe(struct attachments *a, struct bpf_object *obj, struct probe *p)
{
	for (int c = p->first; c < PROBE_CANDIDATES && p->candidates[c].target; c++) {
		const struct probe_candidate *cand = &p->candidates[c];
		size_t first = a->nr;
		const char *why = "";
		int i;

		for (i = 0; i < PROBE_PROGRAMS && cand->programs[i]; i++) {
			struct bpf_link *link = attach_program(obj, cand->programs[i], &why);

			if (!link)
				break;
			a->links[a->nr++] = link;
		}
		if (i == PROBE_PROGRAMS || !cand->programs[i]) {
			p->state = PROBE_ATTACHED;
			p->chosen = c;
			p->why[0] = 0;
			return 0;
		}
		while (a->nr > first)
			bpf_link__destroy(a->links[--a->nr]);
		snprintf(p->why, sizeof(p->why), "%s: %s", cand->target, why);
	}
	p->state = PROBE_MISSING;
	return -1;
}

void attachments_drop(struct attachments *a)
{
	while (a->nr)
		bpf_link__destroy(a->links[--a->nr]);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * live.c - the running kernel: open, decide, load, attach, poll, detach.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "base/clock.h"
#include "internal.h"
#include "btf_kernel.h"
#include "limit.h"
#include "on_demand.h"
#include "preflight.h"
#include "programs.h"
#include "base/progress.h"
#include "base/stop.h"

#define POLL_RECORDS 16384 /* then signals, keys and counters are looked at again */

/* ---- poll ---- */

/* Until all are attached, half of the story would be told: a fault without its entry, say. */
static bool too_early(const struct source *s, const struct dx_event *e)
{
	return e->time < s->ready && e->type != DX_FILE && e->type != DX_MODULE &&
	       (e->type < DX_PGMAP_ADD || e->type > DX_PGMAP_GONE);
}

/* The ring's own memory can't be written to. A file's record names no pgmap. */
static void tell(struct source *s, const struct dx_event *e, size_t len)
{
	struct dx_event known;

	if (len != sizeof(*e) || !e->pgmap) {
		s->o.event(s->o.arg, e, len);
		return;
	}
	known = *e;
	known.pgmap = pgmap_id(s->ids, e->pgmap);
	s->o.event(s->o.arg, &known, len);
}

static int handle(void *arg, void *data, size_t len)
{
	struct source *s = arg;
	const struct dx_event *e = data;

	/* the kernel may still be taking the programs apart */
	if (*s->consumed >= s->end)
		return -EAGAIN;
	if (len >= sizeof(e->type) && e->type == DX_STACK) {
		stackset_add(s->stacks, data, len);
		return ++s->handled < POLL_RECORDS ? 0 : -EAGAIN;
	}
	if (len >= sizeof(*e) && e->type == DX_MODULE)
		s->module_came = true;
	/* its address may be another one's soon */
	if (len >= sizeof(*e) && e->type == DX_PGMAP_GONE)
		bpf_map_delete_elem(bpf_map__fd(s->skel->maps.devdax_pgmaps), &e->pgmap);
	if (len < sizeof(*e) || !too_early(s, e))
		tell(s, e, len);
	return ++s->handled < POLL_RECORDS ? 0 : -EAGAIN;
}

static void forget_missed(void *arg, unsigned int type, uint64_t n)
{
	(void)arg;
	(void)type;
	(void)n;
}

/*
 * libbpf goes on for as long as records come, which may be for ever; a callback that
 * fails ends it, after its own record is taken.
 */
int source_poll(struct source *s)
{
	int rc;

	s->handled = 0;
	rc = ring_buffer__consume(s->ring);
	if (s->module_came) {
		s->module_came = false;
		source_modules(s);
	}
	if (*s->consumed >= s->end)
		return 0;
	return rc == -EAGAIN ? 1 : rc < 0 ? rc : 0;
}

bool source_drained(const struct source *s)
{
	return !s->ring || *s->consumed >= (s->end < *s->produced ? s->end : *s->produced);
}

int source_fd(const struct source *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

/*
 * The kernel's pgmaps are known, so whether struct pages are read rightly can be
 * seen: a page of theirs says that it is ZONE_DEVICE.
 */
static int check_pgmaps(struct source *s, char *err, size_t errlen)
{
	int n = source_pgmaps(s, NULL, NULL);

	if (n <= 0 || s->understood)
		return 0;
	snprintf(err, errlen,
		 "this kernel's struct pages are not where daxtop looks, or look otherwise: none of %d "
		 "pgmaps has a ZONE_DEVICE page",
		 n);
	return -1;
}

/* ---- open, close ---- */

/* The positions that the kernel and libbpf keep: kernel/bpf/ringbuf.c, ringbuf_map_mmap_kern(). */
static int ring_open(struct source *s)
{
	int fd = bpf_map__fd(s->skel->maps.events);
	size_t page = getpagesize();
	void *at = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	s->consumed = at;
	s->produced = at + page;
	s->ring = ring_buffer__new(fd, handle, s, NULL);
	return s->ring ? 0 : -1;
}

struct source *source_open(const struct source_options *o, char *err, size_t errlen)
{
	struct source *s = calloc(1, sizeof(*s));
	int cpus = libbpf_num_possible_cpus(), rc;

	if (!s || cpus <= 0) {
		snprintf(err, errlen, "no memory to start with");
		free(s);
		return NULL;
	}
	programs_init();
	s->o = *o;
	s->end = ULONG_MAX;
	s->released = -1;
	if (limits_raise(DESCRIPTORS, err, errlen))
		goto fail;
	s->nr_cpus = cpus;
	s->nr_probes = probe_table(s->probes, PROBE_MAX);
	s->lost_seen = calloc((size_t)DX_EVENT_TYPES * cpus, sizeof(*s->lost_seen));
	s->lost_now = calloc(cpus, sizeof(*s->lost_now));
	progress_step("reading the kernel's types", 0, 0);
	s->types = preflight_types(err, errlen);
	if (!s->types)
		goto fail;
	s->ids = pgmap_ids_new();
	if (!s->lost_seen || !s->lost_now || !s->ids || source_stacks_open(s)) {
		snprintf(err, errlen, "no memory to start with");
		goto fail;
	}
	s->regime = regime_of(s->types);
	probe_choose(s->probes, s->nr_probes, s->regime, s->o.judge, s->o.events);
	if (preflight_btf(s->types, err, errlen))
		goto fail;
	if (source_load(s, err, errlen) || pages_init(s->skel->progs.dx_init, &s->init, err, errlen))
		goto fail;
	if (ring_open(s)) {
		snprintf(err, errlen, "the ring buffer could not be mapped: %s",
			 limit_sentence(-errno));
		goto fail;
	}
	if (check_pgmaps(s, err, errlen))
		goto fail;
	rc = source_attach(s);
	if (rc == -EINTR) {
		snprintf(err, errlen, "a signal ended it before everything was attached");
		goto fail;
	}
	if (rc) {
		snprintf(err, errlen, "the BPF programs could not be attached: %s",
			 limit_sentence(rc));
		goto fail;
	}
	/* what is lost from here on may be from before s->ready: a loss too many is the safe side */
	source_lost(s, NULL, NULL);
	source_missed(s, forget_missed, NULL);
	s->ready = clock_now();
	return s;
fail:
	source_close(s);
	return NULL;
}

uint64_t source_since(const struct source *s)
{
	return s->ready;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	source_detach(s);
	source_scan_end(s);
	ring_buffer__free(s->ring);
	if (s->consumed)
		munmap((void *)s->consumed, 2 * getpagesize());
	while (s->nr_late)
		daxtop_bpf__destroy(s->late[--s->nr_late]);
	if (s->skel)
		on_demand_forget(s->skel->obj);
	daxtop_bpf__destroy(s->skel);
	if (s->released >= 0)
		close(s->released);
	free(s->lost_seen);
	free(s->lost_now);
	stackset_free(s->stacks);
	pgmap_ids_free(s->ids);
	free(s);
}

/* ---- what it is ---- */

const struct probe *source_probes(const struct source *s, size_t *n)
{
	*n = s->nr_probes;
	return s->probes;
}

bool source_index_stays(const struct source *s)
{
	return s->index_stays;
}

enum regime source_regime(const struct source *s)
{
	return s->regime;
}

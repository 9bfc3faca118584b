/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SOURCE_INTERNAL_H
#define DAXTOP_SOURCE_INTERNAL_H
/* internal.h - what the files of the live source share */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "attach.h"
#include "event.h"
#include "rule.h"
#include "scan.h"
#include "source.h"
#include "walk.h"
#include "daxtop.skel.h"
#include "devdax.skel.h"

struct baseline;

struct source {
	struct source_options o;
	struct btf *btf;
	enum regime regime;
	struct daxtop_bpf *skel;
	struct devdax_bpf *devdax; /* NULL until its module is there */
	struct ring_buffer *ring;
	struct attachments links;
	struct probe probes[PROBE_MAX];
	size_t nr_probes;
	uint64_t missed_seen[PROBE_MAX];
	uint64_t ready; /* ns, CLOCK_MONOTONIC: everything is attached from here on */
	struct dx_init_args init;
	unsigned int nr_cpus;
	uint64_t *lost_seen; /* [type][cpu] */
	uint64_t *lost_now; /* [cpu], scratch */
	bool module_came;
	unsigned int module_tries; /* to attach to one that came, and failed */
	bool understood; /* a page of a pgmap was seen to be ZONE_DEVICE */
	unsigned int handled; /* records, in this source_poll() */
	struct baseline *baseline; /* a scan under way, else NULL: baseline.c */
};

void source_scan_end(struct source *s);
/* libbpf's messages are kept, not printed. */
void source_quiet(void);
const char *source_message(void); /* the last one */
char *source_refused(void); /* name of the program that the verifier refused last; "" by the caller before */
/* Is struct page as bpf/ reads it? Returns 0, or -1 with a sentence. */
int source_page_known(const struct btf *btf, char *err, size_t errlen);
/* Runs dx_init(); it must have found the struct pages. Returns 0, or -1 with a sentence. */
int source_init(struct bpf_program *prog, struct dx_init_args *init, char *err, size_t errlen);
/* Runs a SEC("syscall") program once. Returns 0 or -errno; -ENOSYS: this kernel refused it at the load. */
int source_run(struct bpf_program *prog, void *args, size_t len);

#endif

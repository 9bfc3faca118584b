/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_SOURCE_INTERNAL_H
#define DAXTOP_SOURCE_INTERNAL_H
/* internal.h - what the files of the live source share */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "btf_names.h"
#include "event.h"
#include "hook.h"
#include "rule.h"
#include "scan.h"
#include "stackset.h"
#include "source.h"
#include "walk.h"
#include "daxtop.skel.h"

#define LATE_MAX 8

/*
 * What is open at most: each program of the table once as a program and once as a link, those that
 * are run by hand, the maps, again for each late object; types of modules; what the process had, and its output.
 */
#define DESCRIPTORS_LATE 32
#define DESCRIPTORS	 (2 * PROBE_MAX * PROBE_PROGRAMS + (LATE_MAX + 1) * DESCRIPTORS_LATE + 64)

struct baseline;
struct pgmap_ids;

/* The number of the pgmap at @address, the same as long as daxtop runs; 0: @address is 0, or memory is short. */
uint64_t pgmap_id(struct pgmap_ids *p, uint64_t address);
struct pgmap_ids *pgmap_ids_new(void);
void pgmap_ids_free(struct pgmap_ids *p);

/* The hooks of a group that are to be attached, by one link: hook.h. */
struct hook_group {
	size_t n;
	uint32_t target[DX_NR_HOOKS];
	uint64_t cookie[DX_NR_HOOKS]; /* enum dx_hook */
	uint64_t missed_seen;
};

struct source {
	struct source_options o;
	const struct btf_names *types; /* the kernel's */
	enum regime regime;
	uint32_t zone_shift;
	bool index_stays; /* BTF has no dax_folio_reset_order(): see bpf/rule.bpf.h */
	struct daxtop_bpf *skel;
	struct daxtop_bpf *late[LATE_MAX]; /* programs that were loaded afterwards */
	size_t nr_late;
	struct ring_buffer *ring;
	const volatile unsigned long *consumed, *produced; /* positions in the ring, bytes */
	unsigned long end; /* the position at which it was detached; ULONG_MAX: it wasn't */
	uint32_t hook_target[DX_NR_HOOKS]; /* type of its function, where it goes with its group; 0: it doesn't */
	struct hook_group group[DX_HOOK_GROUPS];
	int link[PROBE_MAX * PROBE_PROGRAMS];
	size_t nr_links;
	int released; /* what still holds the links, -1: nothing does */
	struct probe probes[PROBE_MAX];
	size_t nr_probes;
	uint64_t missed_seen[PROBE_MAX];
	uint64_t ready; /* ns, CLOCK_MONOTONIC: everything is attached from here on */
	struct dx_init_args init;
	unsigned int nr_cpus;
	uint64_t *lost_seen; /* [type][cpu] */
	uint64_t devdax_refused,
		devdax_lost; /* devices at once that bpf/ has no place for; those that source_lost() told */
	uint64_t *lost_now; /* [cpu], scratch */
	bool module_came;
	unsigned int module_tries; /* to attach to one that came, and failed */
	bool understood; /* a page of a pgmap was seen to be ZONE_DEVICE */
	unsigned int handled; /* records, in this source_poll() */
	struct stackset *stacks; /* that records have named: stack.c */
	struct pgmap_ids *ids;
	struct baseline *baseline; /* a scan under way, else NULL: baseline.c */
};

void source_scan_end(struct source *s);
/* Before programs are loaded. Returns 0 or -ENOMEM. */
int source_stacks_open(struct source *s);
/*
 * Hooks of which the programs are to be loaded go with their groups, if this kernel has links for
 * that (BTF tells). Between programs_choose() and load.
 */
void hooks_choose(struct source *s);
/* The group of a program that is attached with others, NULL: it is attached alone; *@hook: which it is. */
struct hook_group *hooks_of(struct source *s, const char *program, enum dx_hook *hook);
/* Attaches the groups. A hook that can't be is left out: its probe is missing then, and chosen stays. Returns 0, or -errno. */
int hooks_attach(struct source *s);
/* Says so in the probes that are attached alone because the verifier refused their group's program. */
void hooks_tell_refused(struct source *s);
/* Runs of the groups' programs that the kernel skipped, since the last call. */
uint64_t hooks_missed(struct source *s);
/* Loads all programs that are of use on this kernel. Returns 0, or -1 with a sentence. */
int source_load(struct source *s, char *err, size_t errlen);
/*
 * Loads programs that were not loaded with the others: of a module that came later, or of a second
 * choice where the first one could not be attached. Candidate @c of @p. Returns 0, or -errno with the
 * reason in @p's why.
 */
int source_load_late(struct source *s, struct probe *p, int c);
/* Its programs can be loaded: @p's module is there, and its types are. */
bool source_module_is_live(const struct probe *p);
/* The program @name, of the object that has it loaded; NULL: none has. */
struct bpf_program *source_program(const struct source *s, const char *name);
/* Marks what may have ZONE_DEVICE pages mapped already (bpf/mark.bpf.c). Returns 0, or -EINTR: a signal. */
int source_mark(struct source *s);
/* Attaches what was loaded; the probes tell what came of it. Returns 0, or -errno; -EINTR: a signal. */
int source_attach(struct source *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_SNAPSHOT_H
#define DAXTOP_ENGINE_SNAPSHOT_H
/*
 * snapshot.h - what the engine knew at one moment: what views read.
 *
 * A snapshot does not change, whatever the engine is fed, and is valid for as long as it is held, also when the
 * engine is no more; so are the strings that it hands out. There may be several. It shares memory with the engine: to
 * take one costs a few bytes for 256 folios, steps or holders, and the engine copies what it changes afterwards, once.
 * So it can keep as much as the engine had; engine_stats.bytes_all has that, too. If there is no memory
 * for such a copy the engine goes on in place, and the snapshot says so: snapshot_inconclusive().
 *
 * snapshot_take() is called where engine_feed() is. The others may be called by any thread that holds a reference, several
 * at once, while the engine is fed: they write nothing but the count of references, which is atomic.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"
#include "rule.h"
#include "stream.h"

struct engine;
struct snapshot;

/* What the engine knows now, one reference; NULL: no memory. */
const struct snapshot *snapshot_take(struct engine *e);
/* One reference more; the same snapshot. */
const struct snapshot *snapshot_get(const struct snapshot *s);
/* One less: the last one frees it. NULL is fine. */
void snapshot_put(const struct snapshot *s);

/* ---- folios ---- */

/* A step of a folio's history. Filled in by the iterator, valid for the call. */
struct engine_step {
	uint64_t time;
	uint8_t cause; /* enum dx_event_type, or ENGINE_CAUSE_* */
	bool observed; /* a hook saw it; false: derived from the next sample */
	bool after_loss; /* events were lost before it: the gap may hide more */
	uint8_t order;
	uint32_t flags; /* DX_F_* */
	uint32_t tgid, pid;
	char comm[DX_COMM_LEN + 1]; /* NUL-terminated, bytes still hostile */
	int32_t ref_before, ref_after;
	int32_t mapcount, pincount; /* after the step */
	int32_t stack; /* as in struct dx_event */
	int32_t ret;
};

/* causes that no hook reports; above every enum dx_event_type */
enum engine_cause {
	ENGINE_CAUSE_FAULT_REF = 128, /* the fault's own reference, taken */
	ENGINE_CAUSE_FAULT_PUT, /* ... and dropped */
	ENGINE_CAUSE_ZAP_PUT, /* the reference of a removed mapping, put by the mmu_gather */
	ENGINE_CAUSE_FORK, /* mapping and reference copied by fork */
	ENGINE_CAUSE_GET_PUT, /* a FOLL_GET reference was put */
	ENGINE_CAUSE_UNKNOWN, /* the count changed, no cause fits */
	ENGINE_CAUSE_SPLIT, /* a large folio became order-0 folios */
	ENGINE_CAUSE_RESET, /* GENERIC: refcount reset to 1 at free */
};

/* "insert", "fault-ref", ...; never NULL */
const char *engine_cause_name(unsigned int cause);

/* One folio, as a row. Strings belong to the snapshot. */
struct engine_folio {
	uint64_t pfn;
	uint8_t order;
	uint8_t pgmap_type;
	bool doubtful; /* loss since the last sample */
	bool predates; /* first seen with references that daxtop saw nobody take */
	bool mapped_entry; /* an entry of a file points at it */
	bool waited; /* a layout break waits for it now */
	int32_t refcount, mapcount, pincount;
	bool ref_inferred; /* mappings went, and their references must have been put since */
	uint64_t ino, index;
	uint32_t dev, gen; /* gen: of ino, i_generation */
	const char *path; /* NULL: not known; hostile bytes */
	uint32_t path_flags, path_tgid; /* DX_PATH_*; with DX_PATH_NAMESPACE whose */
	const char *device; /* "pmem0", "dax0.0", NULL: not known */
	uint64_t first_time, last_time; /* ns */
	uint8_t last_cause;
	uint32_t last_tgid;
	char last_comm[DX_COMM_LEN + 1];
	uint32_t nr_holders; /* pins and gets not yet released */
	uint64_t steps_dropped; /* history steps forgotten for the budget */
};

/* Parts of a folio that lie elsewhere and cost a look there: bits. */
#define ENGINE_FOLIO_FILE    (1u << 0) /* dev, ino, gen, index, path, path_flags, path_tgid, device */
#define ENGINE_FOLIO_TASK    (1u << 1) /* last_tgid, last_comm */
#define ENGINE_FOLIO_HOLDERS (1u << 2) /* nr_holders */
#define ENGINE_FOLIO_STEPS   (1u << 3) /* steps_dropped */
#define ENGINE_FOLIO_ALL     15u
/*
 * Calls @fn for each folio, in no order; of those @parts only what is wanted is filled in, the others are 0. Stops
 * when @fn returns non-zero and returns that.
 */
int snapshot_folios(const struct snapshot *s, unsigned int parts,
		    int (*fn)(const struct engine_folio *f, void *arg), void *arg);
/* Folio that covers @pfn. Returns 0 or -ENOENT. */
int snapshot_folio_get(const struct snapshot *s, uint64_t pfn, struct engine_folio *out);
/* Folio by file and page offset (last one seen there). @gen NULL: of any generation. Returns 0 or -ENOENT. */
int snapshot_folio_find(const struct snapshot *s, uint32_t dev, uint64_t ino, const uint32_t *gen,
			uint64_t index, struct engine_folio *out);
/* Steps, oldest first. Returns what @fn returned, or -ENOENT. */
int snapshot_history(const struct snapshot *s, uint64_t pfn,
		     int (*fn)(const struct engine_step *s, void *arg), void *arg);

/* ---- holders ---- */

struct engine_holder {
	uint64_t pfn;
	uint32_t tgid, pid;
	char comm[DX_COMM_LEN + 1];
	bool pin; /* false: FOLL_GET, whose puts no hook sees */
	bool longterm;
	uint32_t nr; /* pins or references still held */
	uint64_t since; /* ns */
	int32_t stack;
	bool gone; /* its process is no more (DX_TASK_GONE) */
	/* by what, as a look found it; kind "": no look has */
	char kind[16]; /* "pipe": as in struct dx_holder, as all these */
	bool candidate; /* the page was not found in it, but the process could hold it */
	int32_t fd;
	uint64_t id;
	char detail[96]; /* hostile bytes */
};
/*
 * Holders of one folio, or of all with @pfn UINT64_MAX: those that were seen to take it, oldest
 * first, then those that only a look found.
 */
int snapshot_holders(const struct snapshot *s, uint64_t pfn,
		     int (*fn)(const struct engine_holder *h, void *arg), void *arg);

/* References of a folio that nobody uses; @type: enum memory_type. */
int32_t snapshot_idle_count(const struct snapshot *s, unsigned int type);
bool snapshot_legacy(const struct snapshot *s); /* as in struct engine_options */

/* ---- waits ---- */

struct engine_wait {
	uint8_t kind; /* enum dx_wait_kind */
	char state; /* 'S', 'D'; 0: not known */
	uint32_t tgid, pid; /* 0: not known */
	char comm[DX_COMM_LEN + 1];
	uint64_t since; /* ns */
	bool predates; /* a look found it: no hook saw it begin */
	uint64_t pfn; /* 0: none; snapshot_folio_get() and snapshot_holders() know more */
	uint64_t pgmap; /* id; 0: not known */
	uint32_t finding; /* that it is by now, whose holders are known; 0: none */
	uint32_t dev, gen; /* file that is truncated or evicted; ino 0: none, or not known */
	uint64_t ino, index;
	uint8_t entry; /* DX_WAIT_ENTRY: enum wait_entry, when it was looked at */
	/* of the locks: as in struct dx_wait */
	bool writes, read_owned;
	uint32_t owner_tgid, owner_pid, mm_tgid;
	char owner_comm[DX_COMM_LEN + 1];
};
/* Tasks that wait for a folio, a pgmap, a locked entry or a lock now. Stops when @fn returns non-zero and returns that. */
int snapshot_waits(const struct snapshot *s, int (*fn)(const struct engine_wait *w, void *arg),
		   void *arg);

/* ---- rules: what was checked, what was found ---- */

/* Loss and a late start lower it, nothing raises it (rules.md, Confidence). */
enum engine_confidence {
	ENGINE_PROVEN, /* seen at the point itself, nothing lost */
	ENGINE_SUSPECTED, /* inferred from samples or age */
	ENGINE_INCONCLUSIVE, /* events were lost, or the state predates the trace */
};

/*
 * One finding: a broken rule at one place, or a leak or stall of one folio or
 * pgmap. Violations of the same rule, detail, stack and folio are counted in one. Strings
 * belong to the snapshot.
 */
struct engine_finding {
	uint32_t nr; /* 1, 2, ...: in order of appearance; stays the same */
	uint8_t rule; /* enum dx_rule */
	uint8_t detail; /* enum dx_detail; DX_D_NONE for the engine's own */
	uint8_t confidence; /* enum engine_confidence, as it is now */
	const char *why; /* reason of that confidence in a few words; NULL when proven */
	bool note; /* this kernel does it by design: no finding */
	bool before; /* a wait that began before the trace: whoever is watched did not begin it */
	bool over; /* what was suspected has ended honestly, or the stall is over */
	uint64_t first_time,
		last_time; /* ns; of the first and the last violation, since when it waits */
	uint64_t end_time; /* when over */
	uint64_t count; /* violations seen, >= 1 */
	struct engine_folio folio; /* pfn 0: none; counts as in the record of the first violation */
	uint32_t nr_folios; /* that it is about, the first of which is folio; >= 1 */
	int32_t wanted, got; /* see enum dx_detail; leaks: references explained, and all there are */
	uint32_t nr_refs; /* unpins, pages, references concerned; leaks: how many are leaked */
	bool leaked_pins; /* folio-leak: they are pins */
	uint8_t level; /* enum dx_level */
	uint64_t addr, index;
	uint64_t pgmap; /* id */
	uint32_t tgid, pid; /* who broke it; stalls: who waits; 0: not known */
	char comm[DX_COMM_LEN + 1];
	int32_t stack, ustack; /* as in struct dx_event. Leaks: of an unmatched get */
	uint8_t exec; /* with ustack: as in its record, the one of first_time */
	uint32_t nr_holders; /* known now, of folio; snapshot_finding_holders() lists those of all */
};
/* Oldest first; those that are over too. Stops when @fn returns non-zero and returns that. */
int snapshot_findings(const struct snapshot *s,
		      int (*fn)(const struct engine_finding *f, void *arg), void *arg);
/*
 * Holders of the folios of the finding @nr, as snapshot_holders() tells them; one that holds several alike
 * (process, stack, object) is told once, with what it holds of all of them, and pfn of one. Of a stall-memunmap:
 * who got references of the pgmap that are not put (candidate: that may not be put) yet.
 */
int snapshot_finding_holders(const struct snapshot *s, uint32_t nr,
			     int (*fn)(const struct engine_holder *h, void *arg), void *arg);

struct engine_rule {
	uint64_t checked; /* times */
	uint64_t broken; /* times; of the engine's own rules: findings */
	uint64_t samples; /* records of violations that came through; own rules: findings kept */
	bool note; /* not strict: what bpf/ counted is this kernel's own doing; findings say what is not */
};
void snapshot_rule_get(const struct snapshot *s, enum dx_rule rule, struct engine_rule *out);
/* ---- pgmaps ---- */

struct engine_pgmap {
	bool dying; /* killed, not yet gone */
	bool refs_known; /* refs, refs_base were read */
	int64_t refs, refs_base; /* outstanding; those that are always there; see DX_PGMAP_REFS */
	uint64_t refs_explained; /* more that are explained: PRIVATE/COHERENT folios, P2PDMA pages */
	uint64_t pgmap; /* id */
	uint64_t pfn, nr_pages; /* first range */
	uint8_t type;
	bool gone;
	char device[DX_DEVICE_LEN]; /* "": not known */
	uint64_t folios; /* tracked */
};
int snapshot_pgmaps(const struct snapshot *s, int (*fn)(const struct engine_pgmap *p, void *arg),
		    void *arg);

/* ---- files ---- */
struct engine_file {
	const char *path; /* hostile bytes; NULL: not known */
	uint32_t path_flags, path_tgid; /* as in struct engine_folio */
};
/* What the inode is called, as far as records have told. */
struct engine_file snapshot_file(const struct snapshot *s, uint32_t dev, uint64_t ino, uint32_t gen);

/* ---- counters ---- */

struct engine_stats {
	uint64_t now; /* time of the newest event applied */
	uint64_t events; /* applied */
	uint64_t by_type[DX_EVENT_TYPES];
	uint64_t lost; /* events that DX_REC_LOST told of */
	uint64_t lost_by_type[DX_EVENT_TYPES];
	uint64_t bad; /* malformed records */
	uint64_t late; /* came later than the window allows */
	uint64_t late_max_ns; /* by how much at most */
	uint64_t folios[3]; /* by order 0, 9, 18 (others by nearest below) */
	uint64_t mapped, pinned, waited; /* folios */
	uint64_t folios_refused; /* max_folios reached */
	uint64_t steps, steps_dropped; /* history kept / forgotten */
	size_t bytes_folios, bytes_history; /* memory in use */
	size_t bytes_all; /* with what snapshots have that it has no more */
	uint64_t chunks_copied, bytes_copied; /* because a snapshot has them, too */
	uint64_t pte_faults, pmd_faults, dev_faults; /* ended with a mapping (VM_FAULT_NOPAGE) */
	uint64_t fault_errors; /* failed: VM_FAULT_ERROR bits other than FALLBACK */
	uint64_t fault_fallbacks; /* VM_FAULT_FALLBACK: tried again with smaller pages */
	uint64_t holders_refused; /* pool or folio full, or memory short: held, by nobody known */
};
void snapshot_stats(const struct snapshot *s, struct engine_stats *out);
/* As engine_inconclusive(). */
bool snapshot_inconclusive(const struct snapshot *s, const char **why);

#endif

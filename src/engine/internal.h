/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_INTERNAL_H
#define DAXTOP_ENGINE_INTERNAL_H
/*
 * internal.h - what the files of engine/ share. Nothing outside engine/ and its
 * tests includes this.
 *
 * Ids: folios, tasks, files, holders and pgmaps are named by small integers,
 * which keeps a folio at 56 bytes. 0 means none.
 */
#include "engine.h"

/*
 * All memory of the engine comes through here (realloc() rules, size > 0), so
 * that tests can make it run out. Released with free().
 */
extern void *(*engine_realloc)(void *p, size_t size);

#define MAX_PFN_BITS   40 /* 52 physical address bits, 4K pages */
#define MAX_ORDER_BITS 5
#define INDEX_BITS     44 /* page offset in a file: up to 64 PiB */
#define TIME_BITS      56 /* ns since engine.base: two years */
#define TASK_BITS      20
#define FILE_BITS      22
#define PGMAP_BITS     10
#define ZAP_BITS       14

/*
 * One folio. With its share of the index (folio.c) at most 64 bytes: the fields
 * are packed for that.
 */
struct folio {
	uint64_t pfn : MAX_PFN_BITS;
	uint64_t order : MAX_ORDER_BITS;
	uint64_t cause : 5; /* enum dx_event_type of the last event */
	uint64_t zap_puts : ZAP_BITS; /* mappings gone, references not yet seen put */

	uint64_t first_time : TIME_BITS; /* of the oldest event */
	uint64_t entry : 1; /* an entry of the file points here */
	uint64_t stale : 1; /* file and index are those of an entry that is gone */
	uint64_t predates : 1;
	uint64_t waited : 1;
	uint64_t absorbed : 1; /* part of a larger folio now; not counted, not shown */
	uint64_t fresh : 1; /* counts are not known: the next sample sets them */
	uint64_t has_holder : 1;
	uint64_t has_get : 1; /* one of the holders is a FOLL_GET */

	uint64_t last_time : TIME_BITS; /* of the newest event */
	uint64_t fault_refs : 3; /* taken by faults, not seen dropped */
	uint64_t suspect : 1; /* in the list of leak.c */
	uint64_t exact : 1; /* seen idle, and nothing lost since */
	uint64_t lossy : 1; /* events were lost since it was seen idle */
	uint64_t untouched : 1; /* a scan found it so, and nothing happened to it since */

	uint64_t index : INDEX_BITS;
	uint64_t task : TASK_BITS; /* of the last event */

	uint64_t steps : 32; /* there ever were */
	uint64_t file : FILE_BITS;
	uint64_t pgmap : PGMAP_BITS;

	uint32_t slot; /* of the newest step, if it is still there */
	int32_t ref, map, pin;
};
_Static_assert(sizeof(struct folio) == 56, "struct folio");
_Static_assert(DX_EVENT_TYPES <= 32, "folio.cause, cause_pack()");

/* ---- folio.c: the table ---- */

#define FOLIO_CHUNK	 256
#define FOLIO_GROUP	 12
#define FOLIO_REGIONS	 4096
#define FOLIO_REGION_BIT 9

struct folio_group {
	uint8_t tag[FOLIO_GROUP]; /* 0: free slot */
	uint32_t full; /* a key of this group overflowed into the next */
	uint32_t id[FOLIO_GROUP];
};
_Static_assert(sizeof(struct folio_group) == 64, "a group is a cache line");

struct folio_table {
	struct folio **chunk;
	uint32_t nr_chunks, max_chunks;
	struct folio_group *group;
	void *group_mem; /* as allocated, @group is aligned in it */
	size_t group_bytes;
	uint64_t nr_groups;
	uint32_t nr; /* ids in use: 1 ... nr */
	uint32_t orders; /* bit n: a folio of order n was seen */
	/* How many folios a 2M region (modulo) has: spares 512 look-ups a merge. */
	uint32_t region[FOLIO_REGIONS];
};

int folio_table_init(struct folio_table *t);
void folio_table_destroy(struct folio_table *t);
size_t folio_table_bytes(const struct folio_table *t);
/* Id of the folio whose head is @pfn, also when it is absorbed; 0: none. */
uint32_t folio_find(const struct folio_table *t, uint64_t pfn);
/* Id of the folio that covers @pfn and is not absorbed; 0: none. */
uint32_t folio_find_covering(const struct folio_table *t, uint64_t pfn);
/* Adds a zeroed order-0 folio that isn't there; 0: no memory. */
uint32_t folio_add(struct folio_table *t, uint64_t pfn);
/* Calls @fn for each folio with a head in (pfn, pfn + 2^order), the first page excluded. */
void folio_each_tail(struct folio_table *t, uint64_t pfn, unsigned int order,
		     void (*fn)(uint32_t id, void *arg), void *arg);
/* For prefetching: the group of the index, and who is probably there (0: nobody). */
void folio_prefetch_group(const struct folio_table *t, uint64_t pfn);
uint32_t folio_guess(const struct folio_table *t, uint64_t pfn);

static inline struct folio *folio_ptr(const struct folio_table *t, uint32_t id)
{
	return &t->chunk[id / FOLIO_CHUNK][id % FOLIO_CHUNK];
}

/* cause.c: enum dx_event_type and enum engine_cause in six bits */
static inline unsigned int cause_pack(unsigned int cause)
{
	return cause >= ENGINE_CAUSE_FAULT_REF ? cause - ENGINE_CAUSE_FAULT_REF + 32 : cause;
}
static inline unsigned int cause_unpack(unsigned int packed)
{
	return packed >= 32 ? packed - 32 + ENGINE_CAUSE_FAULT_REF : packed;
}
/* ---- history.c: steps of all folios in one ring ---- */

struct step {
	uint64_t time;
	uint32_t folio, prev; /* slot of the folio's step before this */
	int32_t before, after, map, pin, stack, ret;
	uint32_t what; /* STEP_WHAT() */
	uint32_t flags; /* DX_F_*, STEP_AFTER_LOSS */
};
_Static_assert(sizeof(struct step) == 48, "struct step");

/* One word instead of bit fields: it is written for every step. */
#define STEP_WHAT(task, order, cause, observed)                                           \
	((uint32_t)(task) | (uint32_t)(order) << 20 | (uint32_t)cause_pack(cause) << 25 | \
	 (uint32_t)(observed) << 31)
#define STEP_TASK(what)	    ((what) & ((1u << TASK_BITS) - 1))
#define STEP_ORDER(what)    ((what) >> 20 & 31)
#define STEP_CAUSE(what)    cause_unpack((what) >> 25 & 63)
#define STEP_OBSERVED(what) ((what) >> 31)
#define STEP_AFTER_LOSS	    (1u << 31)
_Static_assert(TASK_BITS == 20 && MAX_ORDER_BITS == 5, "STEP_WHAT()");

#define NO_SLOT UINT32_MAX

struct history {
	struct step *step;
	uint32_t slots, used, next;
	uint64_t dropped;
};

int history_init(struct history *h, size_t bytes);
void history_destroy(struct history *h);
/*
 * A new step of the folio, only @folio and @prev filled in, in the place of the
 * oldest step of all if the ring is full. NULL when no history is kept.
 */
static inline struct step *history_add(struct history *h, uint32_t id, struct folio *f)
{
	uint32_t slot = h->next;
	struct step *s;

	if (!h->slots) {
		/* nothing is kept, but what is not shown is still counted */
		h->dropped++;
		f->steps++;
		return NULL;
	}
	if (slot < h->used)
		h->dropped++;
	else
		h->used = slot + 1;
	s = &h->step[slot];
	s->folio = id;
	s->prev = f->steps++ ? f->slot : NO_SLOT;
	f->slot = slot;
	h->next = slot + 1 == h->slots ? 0 : slot + 1;
	/* the ring is larger than a cache */
	__builtin_prefetch(s + 8, 1);
	return s;
}

/* Steps of the folio, newest first, into @slot if not NULL; returns how many. */
uint32_t history_slots(const struct history *h, uint32_t id, const struct folio *f, uint32_t *slot);

/* ---- task.c: (tgid, pid, comm), each stored once ---- */

struct task {
	uint32_t tgid, pid;
	char comm[DX_COMM_LEN];
	uint32_t next;
};

#define TASK_CACHE 256

struct task_table {
	struct task *task; /* [0]: nobody */
	uint32_t *bucket;
	uint32_t nr, max, limit, nr_buckets, free;
	struct {
		uint64_t raw[3]; /* tgid, pid and comm as they came */
		uint32_t id;
	} last[TASK_CACHE]; /* those of late */
};

int task_table_init(struct task_table *t);
void task_table_destroy(struct task_table *t);
/* 0 when memory or ids are short. Forgets tasks that no folio, step or holder names. */
uint32_t task_find(struct engine *e, const struct dx_event *ev);

/* ---- holder.c ---- */

#define HOLDER_MAX     (1u << 20)
#define HOLDERS_MERGED 256 /* of a folio: from here on one a process, */
#define HOLDERS_NAMED  1024 /* and from here on without a name */

struct holder {
	uint64_t since;
	uint32_t folio, task;
	int32_t stack;
	uint32_t nr; /* 0: a ghost, see holder_release() */
	uint32_t next;
	bool pin : 1, longterm : 1;
	bool remote : 1; /* taken on another process's memory */
	bool gone : 1; /* its process is no more */
	bool merged : 1; /* of several times, the first at @since; see holder_merge() */
};
_Static_assert(sizeof(struct holder) == 32, "struct holder");

struct holder_table {
	struct holder *node; /* [0] unused */
	uint32_t *bucket;
	uint32_t nr, top, max, nr_buckets, free;
};

void holder_table_destroy(struct holder_table *t);
size_t holder_table_bytes(const struct holder_table *t);
void holder_prefetch_bucket(const struct holder_table *t, uint32_t folio);
void holder_prefetch(const struct holder_table *t, uint32_t folio);
void holder_add(struct engine *e, uint32_t id, struct folio *f, struct holder h);
/*
 * Takes @nr pins (or references) from the folio's holders: those of @tgid first
 * (0: nobody's), then the oldest. Returns how many were found.
 */
uint64_t holder_release(struct engine *e, uint32_t id, struct folio *f, bool pin, uint64_t nr,
			uint32_t tgid);
/* Forgets all holders of the folio. */
void holder_clear(struct engine *e, uint32_t id, struct folio *f);
/* Forgets the ghosts if the counts say that nobody holds the folio. */
void holder_settle(struct engine *e, uint32_t id, struct folio *f);
/* What is known of those who hold a folio. */
struct holder_sum {
	uint32_t live; /* of processes that are there, ghosts included */
	uint32_t gone; /* of those that are no more */
	uint64_t pins, gets; /* they have */
	uint32_t oldest; /* node of the oldest that is gone and no ghost, 0: none */
	bool guessed, remote; /* whose reference it is that went or is left */
};
void holder_sum(const struct engine *e, uint32_t id, const struct folio *f, struct holder_sum *out);
/*
 * The process @tgid that took references before @before is no more. Calls @fn for each
 * of its folios that did not know.
 */
void holder_task_gone(struct engine *e, uint32_t tgid, uint64_t before,
		      void (*fn)(struct engine *e, uint32_t id));
/* References (or pins) that the folio's known holders have; *@holders: how many they are. */
uint64_t holder_count(const struct engine *e, uint32_t id, const struct folio *f, bool pin,
		      uint32_t *holders);

/* ---- pgmap.c ---- */

/* Entries below PGMAP_FIRST stand for "id not known, type as the number". */
#define PGMAP_FIRST 8
#define PGMAP_MAX   (1u << PGMAP_BITS)

/* refs.c: a run of looks at a pgmap that all had something to say */
struct refs_run {
	uint64_t since; /* 0: there is none */
	uint32_t nr;
	int64_t least;
	uint32_t finding; /* 0: none yet */
};

struct refs_site;

struct refs {
	int64_t explained; /* PRIVATE/COHERENT folios, P2PDMA pages: handed out less given back */
	int64_t baseline; /* what was unexplained when the trace began */
	int64_t value; /* at the last look: unexplained beyond the baseline */
	uint64_t asked, looked; /* times, 0: never */
	uint64_t active_since; /* of active[0] */
	uint32_t active[2]; /* references that came or went of late: now, and before */
	struct refs_run grown, old, under;
	struct refs_site *site; /* who got references, NULL: nobody yet */
	bool based; /* baseline is known */
	bool added; /* in this trace */
	bool clean; /* a look of this trace found nothing unexplained */
	bool had_more; /* the last look found more than the one before */
	bool lossy;
	/* memunmap_pages() */
	uint64_t kill_time, kill_seen; /* it began, was last known to be under way; 0: not seen */
	bool kill_predates;
	uint32_t kill_tgid, kill_pid;
	char kill_comm[DX_COMM_LEN];
	int32_t kill_stack;
	uint32_t kill_finding;
};

struct pgmap {
	struct engine_pgmap p;
	struct refs r;
	bool used;
};

struct pgmap_table {
	struct pgmap *map;
	uint32_t nr, max;
	uint32_t last; /* found last */
};

int pgmap_table_init(struct pgmap_table *t);
void pgmap_table_destroy(struct pgmap_table *t);
/* Index for an event's pgmap id and type; makes an entry when it's new. */
uint32_t pgmap_get(struct engine *e, uint64_t id, unsigned int type, uint64_t pfn);
unsigned int pgmap_type(const struct engine *e, const struct folio *f);
const char *pgmap_device(const struct engine *e, const struct folio *f);
void pgmap_move_folio(struct engine *e, struct folio *f, uint32_t to);
void pgmap_apply(struct engine *e, const struct dx_event *ev);
/* The source found a pgmap, or its name. Returns 0, -ENOMEM. */
int pgmap_found(struct engine *e, const struct dx_pgmap *found);
/* The newest entry of that id, 0: none. */
uint32_t pgmap_find(struct pgmap_table *t, uint64_t id);

/* ---- file.c ---- */

struct file {
	uint64_t ino, time;
	char *path;
	uint32_t dev;
	uint32_t refs; /* folios */
	uint32_t next;
	bool deleted, recent;
};

struct file_table {
	struct file *file; /* [0]: none */
	uint32_t *bucket;
	uint32_t nr, top, max, limit, nr_buckets, free;
	size_t path_bytes;
};

int file_table_init(struct file_table *t);
void file_table_destroy(struct file_table *t);
size_t file_table_bytes(const struct file_table *t);
/* Id, 0: none and (@add false or no memory). */
uint32_t file_find(struct engine *e, uint32_t dev, uint64_t ino, bool add);
/* @len: of the record in bytes. Returns 0, -EINVAL: malformed, -ENOMEM. */
int file_apply(struct engine *e, const struct dx_file_event *ev, size_t len);
/* Makes the folio's file (dev, ino). */
void file_set_folio(struct engine *e, struct folio *f, uint32_t dev, uint64_t ino);

/* ---- order.c: the window in which events are put in order ---- */

#define ORDER_MAX_RECORDS (1u << 18)
/* order_key.record: which part of the event, whether it is about a holder, its place */
#define ORDER_INSTALL 0x80000000u
#define ORDER_END     0x40000000u
#define ORDER_HOLDER  0x20000000u
#define ORDER_INDEX   0x1fffffffu

enum event_part {
	PART_ALL, /* the event as it is */
	PART_INSTALL, /* DX_FAULT: what happened at @time - since */
	PART_END, /* DX_FAULT: its end */
};

struct order_key {
	uint64_t time;
	uint64_t pfn; /* the event's: its record need not be in the cache yet */
	uint32_t record;
	uint32_t seq; /* order of arrival, wraps */
};

struct order {
	struct order_key *ring; /* sorted; power of two */
	uint32_t head, count, ring_size;
	struct order_key *heap; /* those that came too late to sort in cheaply */
	uint32_t heap_count, heap_size;
	struct dx_event *record; /* two cache lines each, aligned in @record_mem */
	void *record_mem;
	uint32_t *hint; /* by record: the id of its folio, perhaps */
	uint32_t *free;
	uint32_t nr_free, records;
	uint32_t seq;
};

void order_destroy(struct order *o);
size_t order_bytes(const struct order *o);
/* Copies *@ev in. -ENOMEM: no room, -ENOSPC: ORDER_MAX_RECORDS are in. */
int order_push(struct order *o, const struct dx_event *ev);
static inline uint32_t order_pending(const struct order *o)
{
	return o->count + o->heap_count;
}

static inline bool order_key_before(const struct order_key *a, const struct order_key *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	/* fewer than 2^31 are pending, so this holds across the wrap */
	return (int32_t)(a->seq - b->seq) < 0;
}

struct order_key order_heap_take(struct order *o);

/* Key of the oldest, NULL: nothing is pending. */
static inline const struct order_key *order_first(const struct order *o)
{
	const struct order_key *ring = o->count ? &o->ring[o->head] : NULL;

	if (__builtin_expect(o->heap_count, 0) && (!ring || order_key_before(&o->heap[0], ring)))
		return &o->heap[0];
	return ring;
}

/*
 * Takes out the oldest, @first. @hint: what was noted in order.hint. The event
 * is valid until the next push.
 */
static inline const struct dx_event *order_pop(struct order *o, const struct order_key *first,
					       enum event_part *part, uint32_t *hint)
{
	uint32_t record;

	if (__builtin_expect(first == o->heap, 0)) {
		record = order_heap_take(o).record;
	} else {
		record = first->record;
		o->head = (o->head + 1) & (o->ring_size - 1);
		o->count--;
	}
	*part = record & ORDER_INSTALL ? PART_INSTALL : record & ORDER_END ? PART_END : PART_ALL;
	record &= ORDER_INDEX;
	/* a fault's install is always older than its end, so that is out already */
	if (*part != PART_INSTALL)
		o->free[o->nr_free++] = record;
	*hint = o->hint[record];
	return &o->record[record];
}

/* Key of the event @n behind the oldest, which must be in the ring. */
static inline const struct order_key *order_peek(const struct order *o, uint32_t n)
{
	return &o->ring[(o->head + n) & (o->ring_size - 1)];
}

/* query.c: a folio as the views see it */
void folio_row(struct engine *e, uint32_t id, struct engine_folio *out);

/* ---- layout breaks that wait ---- */

struct break_wait {
	uint64_t ino;
	uint32_t dev, folio, pid;
	uint32_t tgid;
	uint64_t since, seen; /* it began; was last known to wait */
	uint64_t asked; /* whether the process is there, after a loss */
	char comm[DX_COMM_LEN];
	int32_t stack;
	uint32_t finding; /* 0: none yet */
	bool final;
};

/* ---- finding.c: what was found ---- */

#define FINDING_MAX	4096u
#define FINDING_BUCKETS 1024u

struct finding {
	struct engine_finding f; /* its strings are filled in when it is shown */
	uint32_t file; /* 0: none */
	char *path; /* of that file, when it was found or was first known; an inode's number is used again */
	uint32_t next; /* of the same bucket: violations only */
	char device[32];
};

struct finding_table {
	struct finding *node; /* [nr - 1] */
	uint32_t nr, max;
	uint32_t bucket[FINDING_BUCKETS];
};

void finding_table_destroy(struct finding_table *t);
/* A new finding about the folio @id (0: none), or 0: counted only, there is no room for it. */
uint32_t finding_add(struct engine *e, enum dx_rule rule, uint32_t id);
static inline struct engine_finding *finding_ptr(struct finding_table *t, uint32_t nr)
{
	return &t->node[nr - 1].f;
}
/* Fills in what it says of its folio. */
void finding_set_folio(struct engine *e, uint32_t nr, uint32_t id);
void finding_set_pgmap(struct engine *e, uint32_t nr, uint32_t pgmap);
void finding_over(struct engine *e, uint32_t nr, uint64_t time);
/* A violation that bpf/ saw. */
void violation_apply(struct engine *e, const struct dx_event *ev);

/* ---- rule.c ---- */

#define SETTLE_NS    2000000000ull /* what the kernel does "soon" is done */
#define RULE_TICK_NS 10000000ull

struct rule_count {
	uint64_t checked, samples;
	uint64_t refused; /* findings that had no room */
};

/* Totals of bpf/'s counters; never fewer than before. */
void rules_counted(struct engine *e, const struct dx_rule_counts *total);
/* Time has come to a point: looks at what is old enough. */
void rules_tick(struct engine *e);

/* ---- leak.c ---- */

#define SUSPECT_MAX	4096u
#define SUSPECT_BUCKETS 1024u

struct suspect {
	uint32_t folio; /* 0: free */
	uint32_t next;
	uint32_t finding; /* 0: none yet */
	uint32_t nr; /* looks since then, all of which found it leaked */
	uint64_t since, asked; /* 0: never */
	uint64_t entered;
	int64_t least; /* leaked */
	bool pins, only_zap;
};

struct suspect_table {
	struct suspect *node; /* [0] unused */
	uint32_t nr, top, max, free;
	uint32_t ask; /* where the next round of questions begins */
	uint32_t sweep; /* folio id */
	uint32_t bucket[SUSPECT_BUCKETS];
};

void suspect_table_destroy(struct suspect_table *t);
void leak_sweep(struct engine *e);
/* Nothing is known of the folio any more; @released: its references were put. */
void leak_forget(struct engine *e, uint32_t id, struct folio *f, bool released);
/* The event that is being applied left the folio as it is now. */
struct change;
void leak_event(struct change *c);
size_t leak_asks(struct engine *e, struct engine_ask *out, size_t max);
uint64_t leak_pending(const struct engine *e);
void leak_task_gone(struct engine *e, const struct dx_event *ev);

/* ---- sample.c: what the engine wants to know ---- */

#define WATCH_MAX   1024u
#define WATCH_PROBE 16u

/* A process that holds something. */
struct watch {
	uint32_t tgid; /* 0: free */
	uint32_t pass; /* of the sweep that saw it last */
	uint64_t since; /* of its oldest reference */
	uint64_t asked; /* 0: never */
};

struct watch_table {
	struct watch task[WATCH_MAX];
	uint32_t pass, sweep; /* a holder's node */
	uint32_t ask;
};

struct heal {
	uint64_t loss; /* the one that is being healed */
	uint64_t next; /* time of the next round */
	uint32_t folio;
	bool busy, found;
};

struct patrol {
	uint64_t begun, done; /* the round; the beginning of the last that ended */
	uint64_t since; /* somebody wants to end */
	uint32_t folio;
};

uint64_t patrol_pending(const struct engine *e);
void watch_sweep(struct engine *e);
uint64_t watch_pending(const struct engine *e);
void sample_apply(struct change *c);
/* Notes what it wants to know now: at most @max questions, ENGINE_ASKS_MAX. */
void asks_collect(struct engine *e, size_t max);
/* The pfn of a sample has no ZONE_DEVICE page any more. */
void sample_no_folio(struct engine *e, const struct dx_event *ev);

/* ---- refs.c ---- */

void refs_destroy(struct refs *r);
void refs_apply(struct engine *e, const struct dx_event *ev);
void refs_get(struct engine *e, const struct dx_event *ev);
/* DX_P2P_ALLOC, DX_P2P_FREE: a reference more or less is explained. */
void refs_p2p(struct engine *e, const struct dx_event *ev);
/* @nr references that are explained came (or went) with a folio. */
void refs_explain(struct engine *e, uint32_t pgmap, uint64_t time, int64_t nr);
void refs_kill(struct engine *e, uint32_t pgmap, const struct dx_event *ev);
void refs_gone(struct engine *e, uint32_t pgmap, const struct dx_event *ev);
void refs_added(struct engine *e, uint32_t pgmap, uint64_t time);
/* For engine_stacks(). */
void refs_stacks(const struct refs *r, void (*fn)(void *arg, int32_t stack), void *arg);
size_t refs_asks(struct engine *e, struct engine_ask *out, size_t max);
uint64_t refs_pending(const struct engine *e);

/* ---- stall.c ---- */

void stall_begin(struct engine *e, struct break_wait *w, const struct dx_event *ev);
void stall_end(struct engine *e, const struct break_wait *w);
void stall_tick(struct engine *e);
void stall_kill_end(struct engine *e, uint32_t pgmap, uint64_t time);
uint64_t stall_pending(const struct engine *e);
size_t stall_asks(struct engine *e, struct engine_ask *out, size_t max);

/* ---- all together ---- */

struct engine {
	struct engine_options opt;
	struct engine_stats st; /* what is counted on the way */
	struct order order;
	uint64_t newest, watermark; /* times: seen in the ring; applied up to */
	bool based; /* base is set */
	uint64_t base; /* what struct folio's times count from */
	struct folio_table folios;
	struct history history;
	struct task_table tasks;
	struct holder_table holders;
	struct pgmap_table pgmaps;
	struct file_table files;
	struct break_wait *wait;
	uint32_t nr_waits, max_waits;
	uint64_t loss_time; /* of the newest loss or doubt */
	bool lost; /* there was one */
	bool no_memory; /* since it was told */
	bool memory_refused; /* ever */
	uint64_t next_tick;
	struct finding_table findings;
	struct rule_count rule[DX_RULES];
	struct dx_rule_counts counted; /* by bpf/ */
	struct suspect_table suspects;
	struct watch_table watch;
	struct heal heal;
	struct patrol patrol;
	struct engine_ask ask[ENGINE_ASKS_MAX];
	size_t nr_asks;
	const char *refusal; /* why the last record that was refused was; NULL: none was */
};

static inline int32_t sat32(int64_t v)
{
	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
}

static inline uint64_t time_pack(const struct engine *e, uint64_t time)
{
	const uint64_t max = (1ull << TIME_BITS) - 1;

	return time < e->base ? 0 : time - e->base > max ? max : time - e->base;
}

/*
 * engine.c. Events are applied in order of time once window_ns newer ones have come, answers
 * (DX_REC_ASK) apart.
 */
void event_push(struct engine *e, const struct dx_event *ev);
/* Applies all events older than @now - window_ns; UINT64_MAX: everything. */
void time_advance(struct engine *e, uint64_t now);
/* What is known of every folio becomes doubtful until its next sample: something was lost, or may have been. */
void loss_doubt(struct engine *e, uint64_t now);

/* apply.c */
/* @hint: the folio's id, if it is known; 0 or wrong: it is looked up. */
void event_apply(struct engine *e, const struct dx_event *ev, enum event_part part, uint32_t hint);

/* A change to one folio under way: the folio, the event, and what is known of both. */
struct change {
	struct engine *e;
	struct folio *f;
	const struct dx_event *ev;
	uint64_t time;
	uint32_t id, task;
	unsigned int type; /* of the pgmap */
	bool after_loss;
	bool was_lost; /* after_loss when the change began */
	bool same; /* DX_SAMPLE: nothing new */
	bool first; /* no sample of this folio yet */
	bool mapped, pinned; /* before */
};

/* Counts of a folio; @pin counts for large folios only, see small_pins(). */
struct sample {
	int32_t ref, map, pin;
};

/* gap.c */
static inline bool folio_doubtful(const struct engine *e, const struct folio *f)
{
	return e->lost && f->last_time <= time_pack(e, e->loss_time);
}
/* refcount of a folio that nobody uses; @type: of its pgmap */
static inline int32_t idle_count(const struct engine *e, unsigned int type)
{
	return memory_idle_count(type, e->opt.legacy);
}
/* Does a mapping hold a reference? */
static inline bool mapping_holds(const struct engine *e, unsigned int type)
{
	return memory_mapping_holds(type, e->opt.legacy);
}
/* A change to c->e, f, ev, time, id begins; fills in the rest but the task. */
static inline void change_begin(struct change *c)
{
	c->type = c->e->pgmaps.map[c->f->pgmap].p.type;
	c->after_loss = folio_doubtful(c->e, c->f);
	c->was_lost = c->after_loss;
	if (__builtin_expect(c->after_loss, 0)) {
		c->f->exact = 0;
		c->f->lossy = 1;
	}
	c->mapped = c->f->map > 0;
	c->pinned = c->f->pin > 0;
	if (c->ev->type != DX_SAMPLE)
		c->f->untouched = 0;
}

/* ... and is done: totals and what the folio says of its last event. */
static inline void change_end(struct change *c, bool observed)
{
	uint64_t time = time_pack(c->e, c->time);
	struct folio *f = c->f;

	c->e->st.mapped += (f->map > 0) - c->mapped;
	c->e->st.pinned += (f->pin > 0) - c->pinned;
	if (time > f->last_time)
		f->last_time = time;
	if (observed) {
		f->cause = c->ev->type;
		f->task = c->task;
	}
}

/* Sets the folio to the counts after a step and notes the step. */
void step_add(struct change *c, unsigned int cause, bool observed, int32_t before,
	      struct sample after);
void gap_explain(struct change *c, struct sample to);
/* Brings the folio to the sample by inferred steps, each explained as far as counts allow. */
static inline void gap_close(struct change *c, struct sample to)
{
	const struct folio *f = c->f;

	if (c->first || f->fresh || to.ref != f->ref || to.map != f->map ||
	    (f->order && to.pin != f->pin))
		gap_explain(c, to);
}
/* The same when the last thing before the sample was a fault's own reference (+1). */
void gap_close_fault_ref(struct change *c, struct sample to);
/* ... or when the fault's own reference was dropped last (-1), if it was taken. */
void gap_close_fault_put(struct change *c, struct sample to);

/* split.c */
/* The folio that an event of @order at @pfn means; splits and merges what is known. */
uint32_t folio_for_event(struct engine *e, const struct dx_event *ev, uint64_t time, bool *added);
/* A large folio, idle or about to be set so, became order-0 pages; the caller notes the step. */
void folio_split(struct engine *e, struct folio *f);
void folio_count_order(struct engine *e, const struct folio *f, int n);
/* GUP_PIN_COUNTING_BIAS: what a small folio's refcount says of its pins */
static inline int32_t small_pins(int32_t ref)
{
	return ref > 0 ? ref / GUP_PIN_COUNTING_BIAS : 0;
}

/* Counts to @s outside a change, keeping the engine's totals. */
void folio_set_counts(struct engine *e, struct folio *f, struct sample s);

/* Events after which a folio may look leaked. */
#define LEAK_EVENTS                                                                                \
	(1u << DX_UNMAP | 1u << DX_UNPIN | 1u << DX_REMOVE | 1u << DX_FREE | 1u << DX_BREAK_BUSY | \
	 1u << DX_SAMPLE)

/* A cheap look: only what nothing explains, or is watched already, costs more. */
static inline void leak_look(struct change *c)
{
	const struct folio *f = c->f;
	struct engine *e = c->e;

	if (__builtin_expect(f->suspect, 0)) {
		leak_event(c);
		return;
	}
	if (!(LEAK_EVENTS >> c->ev->type & 1) || f->untouched)
		return;
	e->rule[DX_RULE_FOLIO_LEAK].checked++;
	if ((f->map > 0 && !f->waited) ||
	    f->ref <= idle_count(e, c->type) + (int32_t)(f->zap_puts + f->fault_refs))
		return;
	leak_event(c);
}

/* wait.c */
void wait_add(struct engine *e, uint32_t id, const struct dx_event *ev);
/* The break of this event's inode or thread is over. */
void wait_done(struct engine *e, const struct dx_event *ev);
/* The wait at @i is over; the last one takes its place. */
void wait_drop(struct engine *e, uint32_t i);
/* Nobody waits for the folio any more. */
void wait_clear(struct engine *e, uint32_t id);

/* Grows an array to at least @n elements, doubling. *@max: elements there are. */
int array_grow(void **p, uint32_t *max, uint32_t n, size_t size);

#endif

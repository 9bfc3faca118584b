/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_H
#define DAXTOP_ENGINE_H
/*
 * engine.h - rebuilds each folio's life from the stream of records.
 *
 * Pure: no I/O, no clock, no libbpf, no ncurses. Time comes from the records,
 * so the same records give the same answers, live or from a file. What it knows is
 * read from snapshots. Not thread safe: all calls are one thread's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/snapshot.h"

struct engine_options {
	size_t history_bytes; /* budget for all histories; 0: keep none */
	uint64_t window_ns; /* events may arrive this much out of order */
	uint32_t max_folios; /* then new folios are counted, not kept; 0: no limit */
	bool legacy; /* regime: idle FS DAX folio has refcount 1; DX_REC_HELLO says it, too */
	bool index_stays; /* this kernel counts shares from a stale index (share-mismatch); so does it this */
	bool strict; /* what this kernel does by itself (that, and install-without-ref when legacy) is a finding too */
	uint64_t leak_ns; /* unexplained references older than this are a leak; 0: 10 s */
	uint64_t stall_ns; /* a wait longer than this is a stall; 0: 10 s */
	bool patrol; /* ask about folios that look idle, too: a reference that nobody saw taken is found */
	bool no_rules; /* judge nothing (the bench compares) */
};

/* Returns NULL when memory is short. Options are copied. */
struct engine *engine_new(const struct engine_options *o);
void engine_free(struct engine *e);

/*
 * Takes one record (copied); the only way in. @payload: 8-byte aligned, @r->len - sizeof(*r) bytes
 * of it can be read; it need not lie behind @r. Any bytes are fine. Returns 0, also for a type that is
 * not known; -ENOMEM: it goes on with less; -EBADMSG: the record is refused and counted, nothing
 * else happened, engine_refusal() says why.
 */
int engine_feed(struct engine *e, const struct dx_record *r, const void *payload);
/* Why the last record that was refused was: words, no full stop. */
const char *engine_refusal(const struct engine *e);

/*
 * Calls @fn for each stack (>= 0) that a holder, a finding, a wait, a pgmap or an event that is not
 * applied yet refers to, some more than once. Steps of the history don't: of theirs only the number is told.
 */
void engine_stacks(const struct engine *e, void (*fn)(void *arg, int32_t stack), void *arg);

/*
 * Something looks wrong and is not old enough to be judged: a caller that wants
 * to end (DX_REC_ENDING) should wait, at most until the time returned (ns). 0: nothing is pending.
 */
uint64_t engine_pending(const struct engine *e);
/*
 * Events were lost, or memory refused: "nothing found" would claim too much. Not so runs
 * that were missed (DX_REC_MISSED): what they made doubtful is read again.
 */
bool engine_inconclusive(const struct engine *e, const char **why);

/* ---- what it wants to know: answered by events, so that a recording has the answers ---- */

enum engine_ask_what {
	ENGINE_ASK_FOLIO, /* counts of the folio at pfn: DX_SAMPLE */
	ENGINE_ASK_PGMAP, /* references of the pgmap: DX_PGMAP_REFS */
	ENGINE_ASK_TASK, /* is tgid, that was there at @since, gone? Then DX_TASK_GONE */
	ENGINE_ASK_LOOK, /* who holds what, who waits: DX_REC_LOOK; who maps the files of pages pfn to last */
};
struct engine_ask {
	uint8_t what; /* enum engine_ask_what */
	uint64_t pfn, last; /* last < pfn: of none */
	uint64_t pgmap;
	uint32_t tgid;
	uint64_t since; /* ns */
};
#define ENGINE_ASKS_MAX 512
/* A look takes time of a CPU for every task and open file: not more often. */
#define ENGINE_LOOK_NS 1000000000ull
/*
 * The most pressing questions as of the last DX_REC_ASK, which comes some times a second; *@n: how
 * many. Every pgmap is among them once a second at least, then folios whose state is doubtful after
 * loss, then those that look leaked, then their holders. They are the engine's, until the next DX_REC_ASK.
 */
const struct engine_ask *engine_asks(const struct engine *e, size_t *n);

/* As snapshot_file(); the string is valid until the next record. */
struct engine_file engine_file(struct engine *e, uint32_t dev, uint64_t ino, uint32_t gen);
/* Files that folios or findings are of, @max at most, from number *@from on, where it leaves off; 0: at the end. */
void engine_files(struct engine *e, uint32_t *from, uint32_t max,
		  void (*fn)(void *arg, uint32_t dev, uint64_t ino, uint32_t gen), void *arg);

/* Device of a pgmap, 0: of the page @pfn; NULL: not known. As valid as a path. */
const char *engine_device(const struct engine *e, uint64_t pgmap, uint64_t pfn);

void engine_stats_get(const struct engine *e, struct engine_stats *out);

#endif

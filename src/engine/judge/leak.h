/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_JUDGE_LEAK_H
#define DAXTOP_ENGINE_JUDGE_LEAK_H
/* leak.h - what the files of the leak judge share: who is suspected, and why */
#include "engine/apply/judge.h"
#include "engine/judge/finding.h"

#define SUSPECT_MAX	4096u /* folios that are watched at a time */
#define SUSPECT_BUCKETS 1024u
#define LASTS		256u

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
	struct {
		uint32_t finding; /* 0: none */
		uint64_t moment;
	} last[LASTS]; /* the last findings, by what is alike in folios of one thing */
};

/* A folio's references that nothing explains. */
struct leak {
	int64_t pins, rest; /* pins; references beside them that are not on their way to be put */
	int64_t leaked; /* of one kind; 0: explained, or to be expected */
	bool is_pins;
	bool candidates; /* processes that could hold it, as a look says */
	uint8_t confidence;
	const char *why;
	uint32_t holder; /* node, 0: not known */
};

/* NULL: the folio is none. */
struct suspect *suspect_find(struct suspect_table *t, uint32_t folio);
void leak_judge(const struct engine *e, uint32_t id, const struct folio *f, struct leak *out);
/* @s has been one for long enough: a finding, or one folio more of the last one's. */
void leak_found(struct engine *e, struct suspect_table *t, struct suspect *s, const struct leak *l,
		uint64_t time);
/* They are fewer, or gone: put honestly, however late. */
void leak_lessened(struct engine *e, struct suspect_table *t, struct suspect *s,
		   const struct leak *l, uint64_t time);
/* It was put: its finding is about the others, if there are any. */
void leak_over(struct engine *e, struct suspect_table *t, struct suspect *s, uint64_t time);

#endif

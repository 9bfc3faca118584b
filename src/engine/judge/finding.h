/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_JUDGE_FINDING_H
#define DAXTOP_ENGINE_JUDGE_FINDING_H
/* finding.h - what judges found. */
#include "engine/apply/state.h"

#define FINDING_MAX 4096u
/*
 * What one call does to many folios is one thing: the same rule, stack, pgmap, file and thread, and no more
 * than this between one folio and the next.
 */
#define FINDING_MOMENT_NS 10000000ull

struct finding {
	struct engine_finding f; /* its strings are filled in when it is shown */
	uint32_t file; /* 0: none */
	uint32_t folios; /* list of finding_table.folio, 1 and up; 0: none */
	char device[32];
};

/* One of the folios that a finding is about. */
#define FINDING_FOLIOS_MAX 65536u
struct finding_folio {
	uint64_t pfn; /* 0: none; it is a file's */
	uint32_t nr; /* of the finding */
	uint32_t next; /* of the finding */
	uint32_t same; /* of the same bucket: violations only */
};

/* Who got references of the pgmap that a finding is about. */
#define FINDING_GETS_MAX 4096u
struct finding_get {
	uint32_t nr; /* of the finding */
	bool sure; /* they are not put yet; else one of them is not */
	struct refs_site got;
};

struct finding_table {
	struct finding *node; /* [nr - 1] */
	uint32_t nr, max;
	struct finding_folio *folio; /* [n - 1] */
	uint32_t nr_folios, max_folios;
	struct finding_get *get;
	uint32_t nr_gets, max_gets;
};

void finding_table_destroy(struct finding_table *t);
/* A new finding about the folio @id (0: none), or 0: counted only, there is no room for it. */
uint32_t finding_add(struct engine *e, enum dx_rule rule, uint32_t id);
static inline struct engine_finding *finding_ptr(struct finding_table *t, uint32_t nr)
{
	return &t->node[nr - 1].f;
}
/* The finding is about the folio at @pfn, too. Returns its number, or 0: there is no room for it. */
uint32_t finding_add_folio(struct engine *e, uint32_t nr, uint64_t pfn);
/* ... no more. */
void finding_drop_folio(struct engine *e, uint32_t nr, uint64_t pfn);
/* One more who got references of its pgmap, if there is room. */
void finding_add_get(struct engine *e, uint32_t nr, const struct refs_site *got);
/* How many references they got. */
uint64_t finding_gets(const struct engine *e, uint32_t nr);
void finding_gets_sure(struct engine *e, uint32_t nr, bool sure);
/* Fills in what it says of its folio. */
void finding_set_folio(struct engine *e, uint32_t nr, uint32_t id);
void finding_set_pgmap(struct engine *e, uint32_t nr, uint32_t pgmap);
void finding_over(struct engine *e, uint32_t nr, uint64_t time);
/* Makes @file the finding's: 0 is none. */
void finding_set_file(struct engine *e, struct finding *d, uint32_t file);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * judges.c - the table of judges.
 *
 * The first are asked first what they want to know: a pgmap's references are a few looks; who held, as a
 * look says, and whether another one is wanted; who waits; then half of what is left each, so that those
 * that look leaked do not starve, for folios that a loss made doubtful and for holders; those that look
 * leaked; and the others, when there is room.
 */
#include "engine/apply/judge.h"

#define JUDGES    \
	X(refs)   \
	X(look)   \
	X(stall)  \
	X(heal)   \
	X(watch)  \
	X(leak)   \
	X(patrol) \
	X(violation)

#define X(name) extern const struct judge judge_##name;
JUDGES
#undef X

const struct judge *const judges[] = {
#define X(name) &judge_##name,
	JUDGES
#undef X
};
const size_t nr_judges = sizeof(judges) / sizeof(*judges);

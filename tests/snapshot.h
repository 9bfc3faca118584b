/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_SNAPSHOT_H
#define DAXTOP_TEST_SNAPSHOT_H
/*
 * snapshot.h - what the engine knows now, asked in one call: takes a snapshot for each. The last ones are held, for
 * the strings that they handed out.
 */
#include <errno.h>
#include "engine/engine.h"

/* NULL: no memory. */
static inline const struct snapshot *engine_now(struct engine *e)
{
	static const struct snapshot *last[8];
	static unsigned int n;
	const struct snapshot **s = &last[n++ % (sizeof(last) / sizeof(*last))];

	snapshot_put(*s);
	*s = snapshot_take(e);
	return *s;
}

/* @fn may ask as often as it likes: what it is told of is held until the end. */
#define ENGINE_ASKED(name, params, ...)                   \
	static inline int engine_##name params            \
	{                                                 \
		const struct snapshot *s = engine_now(e); \
		int rc;                                   \
                                                          \
		if (!s)                                   \
			return -ENOMEM;                   \
		snapshot_get(s);                          \
		rc = snapshot_##name(s, __VA_ARGS__);     \
		snapshot_put(s);                          \
		return rc;                                \
	}
#define ENGINE_EACH(name, what)                                                                    \
	ENGINE_ASKED(name, (struct engine * e, int (*fn)(const struct what *, void *), void *arg), \
		     fn, arg)

ENGINE_ASKED(folios, (struct engine * e, int (*fn)(const struct engine_folio *, void *), void *arg),
	     ENGINE_FOLIO_ALL, fn, arg)
ENGINE_EACH(waits, engine_wait)
ENGINE_EACH(findings, engine_finding)
ENGINE_EACH(pgmaps, engine_pgmap)
ENGINE_ASKED(folio_get, (struct engine * e, uint64_t pfn, struct engine_folio *out), pfn, out)
ENGINE_ASKED(folio_find,
	     (struct engine * e, uint32_t dev, uint64_t ino, const uint32_t *gen, uint64_t index,
	      struct engine_folio *out),
	     dev, ino, gen, index, out)
ENGINE_ASKED(history,
	     (struct engine * e, uint64_t pfn, int (*fn)(const struct engine_step *, void *),
	      void *arg),
	     pfn, fn, arg)
ENGINE_ASKED(holders,
	     (struct engine * e, uint64_t pfn, int (*fn)(const struct engine_holder *, void *),
	      void *arg),
	     pfn, fn, arg)

ENGINE_ASKED(finding_holders,
	     (struct engine * e, uint32_t nr, int (*fn)(const struct engine_holder *, void *),
	      void *arg),
	     nr, fn, arg)

static inline void engine_rule_get(struct engine *e, enum dx_rule rule, struct engine_rule *out)
{
	const struct snapshot *s = engine_now(e);

	if (s)
		snapshot_rule_get(s, rule, out);
}

#endif

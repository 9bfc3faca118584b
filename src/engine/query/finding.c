// SPDX-License-Identifier: GPL-2.0-only
/* finding.c - findings as the views see them */
#include "engine/apply/look.h"
#include "engine/query/snapshot.h"

int snapshot_findings(const struct snapshot *s,
		      int (*fn)(const struct engine_finding *f, void *arg), void *arg)
{
	const struct engine *e = &s->e;
	int ret = 0;

	for (uint32_t i = 0; i < e->findings->nr && !ret; i++) {
		const struct finding *d = &e->findings->node[i];
		struct engine_finding out = d->f;
		uint32_t id;

		id = out.folio.pfn ? folio_find_covering(&e->folios, out.folio.pfn) : 0;

		out.folio.path = d->path;
		out.folio.device = d->device[0] ? d->device : NULL;
		if (!out.folio.device && id)
			out.folio.device = pgmap_device(&e->pgmaps, folio_ptr(&e->folios, id));
		if (id) {
			holder_count(&e->holders, id, folio_ptr(&e->folios, id), true,
				     &out.nr_holders);
			out.nr_holders += look_count(e, id, folio_ptr(&e->folios, id));
		}
		out.folio.nr_holders = out.nr_holders;
		/* it waits until now */
		if (dx_rule_in(out.rule, dx_rules_of_waits) && !out.over)
			out.last_time = e->watermark;
		ret = fn(&out, arg);
	}
	return ret;
}

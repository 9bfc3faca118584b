// SPDX-License-Identifier: GPL-2.0-only
/* report.c - the snapshot behind a report */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "view/report.h"

struct collect {
	struct report *r;
	size_t room;
};

static int finding_take(const struct engine_finding *f, void *arg)
{
	struct collect *c = arg;
	struct report *r = c->r;

	if (!verdict_asks(&r->terms, f))
		return 0;
	if (r->nr_findings == c->room) {
		size_t room = c->room ? c->room * 2 : 16;
		struct held_finding *findings = reallocarray(r->findings, room, sizeof(*findings));

		if (!findings)
			return -ENOMEM;
		r->findings = findings;
		c->room = room;
	}
	r->findings[r->nr_findings++] = (struct held_finding){ .f = *f };
	return 0;
}

static int holder_take(const struct engine_holder *h, void *arg)
{
	struct held_finding *f = arg;
	struct engine_holder *holders = reallocarray(f->holders, f->nr_holders + 1, sizeof(*holders));

	if (!holders)
		return -ENOMEM;
	f->holders = holders;
	f->holders[f->nr_holders++] = *h;
	return 0;
}

int report_collect(struct report *r, const struct snapshot *snap)
{
	struct collect c = { .r = r };
	int err;

	r->snap = snapshot_get(snap);
	snapshot_verdict(snap, &r->terms, &r->verdict);
	err = snapshot_findings(snap, finding_take, &c);
	for (size_t i = 0; !err && i < r->nr_findings; i++) {
		struct held_finding *f = &r->findings[i];

		if (snapshot_finding_holders(snap, f->f.nr, holder_take, f) == -ENOMEM)
			err = -ENOMEM;
	}
	return err;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->nr_findings; i++)
		free(r->findings[i].holders);
	free(r->findings);
	snapshot_put(r->snap);
	r->snap = NULL;
	r->findings = NULL;
	r->nr_findings = 0;
}

char *report_command_format(char *out, size_t outlen, const struct report *r)
{
	char name[512], how[64], user[320], as[340] = "";

	escape_columns(name, sizeof(name), r->command, strlen(r->command), 80, ESCAPE_KEEP_END);
	if (r->user)
		snprintf(as, sizeof(as), ", run as %s,",
			 child_user_format(user, sizeof(user), r->user));
	if (r->cut)
		snprintf(out, outlen, "%s%s was not waited for to its end: %s", name, as, r->cut);
	else
		snprintf(out, outlen, "%s%s %s", name, as,
			 child_status_format(how, sizeof(how), r->status));
	return out;
}

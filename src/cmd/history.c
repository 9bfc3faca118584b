// SPDX-License-Identifier: GPL-2.0-only
/* history.c - daxtop history FOLIO...: a folio's reference count, step by step */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/apart.h"
#include "cmd/history.h"
#include "session.h"
#include "base/escape.h"
#include "view/history.h"

/* A FOLIO argument, resolved to what the engine knows a folio by. */
struct wanted {
	const struct folio_spec *spec;
	uint32_t dev; /* kernel's dev_t */
	uint64_t ino; /* 0: a device */
	uint32_t gen;
	bool gen_known;
};

static int resolve(struct session *s, struct wanted *w, const struct folio_spec *spec)
{
	char safe[256];
	struct dx_path p;
	int rc;

	w->spec = spec;
	if (spec->kind == FOLIO_PFN)
		return 0;
	rc = session_path(s, spec->path, &p);
	if (rc && s->o->from) {
		escape_text(safe, sizeof(safe), spec->path, strlen(spec->path));
		fprintf(stderr,
			"daxtop: %s is not among the files that were named when --from's file was written\n",
			safe);
		return -1;
	}
	if (rc) {
		escape_text(safe, sizeof(safe), spec->path, strlen(spec->path));
		fprintf(stderr,
			"daxtop: %s: %s; a FOLIO is a pfn, FILE:OFFSET or /dev/daxX.Y:OFFSET\n",
			safe, apart_sentence(rc));
		return -1;
	}
	if (spec->kind == FOLIO_DEVDAX) {
		if (p.kind != DX_PATH_CHARACTER) {
			escape_text(safe, sizeof(safe), spec->path, strlen(spec->path));
			fprintf(stderr, "daxtop: %s is no device-dax device\n", safe);
			return -1;
		}
		w->dev = p.dev;
		return 0;
	}
	if (p.kind != DX_PATH_REGULAR) {
		escape_text(safe, sizeof(safe), spec->path, strlen(spec->path));
		fprintf(stderr, "daxtop: %s is no regular file\n", safe);
		return -1;
	}
	w->dev = p.dev;
	w->ino = p.ino;
	w->gen = p.gen;
	w->gen_known = p.gen_known;
	return 0;
}

struct search {
	const struct wanted *w;
	uint64_t pfn; /* of the one that was found */
};

/* A device's inode number is the kernel's own affair; its folios are known by dev_t and offset. */
static int match(const struct engine_folio *f, void *arg)
{
	struct search *s = arg;
	uint64_t index = s->w->spec->offset >> PAGE_SHIFT;

	/* a block device may have the same number */
	if (f->pgmap_type != MEMORY_DEVICE_GENERIC || f->dev != s->w->dev || index < f->index ||
	    index - f->index >= 1ULL << f->order)
		return 0;
	s->pfn = f->pfn;
	return 1;
}

static const struct engine_folio *find(const struct snapshot *snap, const struct wanted *w,
				       struct engine_folio *out)
{
	struct search s = { .w = w };
	int rc;

	switch (w->spec->kind) {
	case FOLIO_PFN:
		rc = snapshot_folio_get(snap, w->spec->pfn, out);
		break;
	case FOLIO_FILE:
		rc = snapshot_folio_find(snap, w->dev, w->ino, w->gen_known ? &w->gen : NULL,
					 w->spec->offset >> PAGE_SHIFT, out);
		break;
	default:
		rc = snapshot_folios(snap, ENGINE_FOLIO_FILE, match, &s)
			     ? snapshot_folio_get(snap, s.pfn, out)
			     : -ENOENT;
	}
	return rc ? NULL : out;
}

struct history {
	const struct wanted *w;
	size_t n;
	uint64_t seen;
};

static bool is_about(const struct dx_event *ev, const struct wanted *w)
{
	uint64_t at = w->spec->kind == FOLIO_PFN ? w->spec->pfn : w->spec->offset >> PAGE_SHIFT;
	uint64_t first = w->spec->kind == FOLIO_PFN ? ev->pfn : ev->index;

	if (!ev->pfn || at < first || at - first >= 1ULL << ev->order)
		return false;
	if (w->spec->kind == FOLIO_PFN)
		return true;
	if (ev->dev != w->dev || (w->ino && ev->ino != w->ino))
		return false;
	return !w->ino || !w->gen_known || ev->gen == w->gen;
}

/* --count: so many records about the folios */
static void count(struct session *s, const struct dx_event *ev, size_t len)
{
	struct history *h = s->arg;

	(void)len;
	if (!s->o->count || h->seen >= s->o->count || ev->type == DX_FILE || ev->type == DX_SAMPLE)
		return;
	for (size_t i = 0; i < h->n; i++)
		if (is_about(ev, &h->w[i])) {
			if (++h->seen >= s->o->count)
				session_stop();
			return;
		}
}

static int run(const void *options)
{
	const struct history_options *o = options;
	struct wanted *w = calloc(o->nr_folios, sizeof(*w));
	struct history h = { .w = w, .n = o->nr_folios };
	struct session s = { .event = count, .arg = &h };
	const struct snapshot *snap;
	int status;

	if (!w) {
		fprintf(stderr, "daxtop: no memory\n");
		return 2;
	}
	status = session_begin(&s, &o->o);
	for (size_t i = 0; !status && i < o->nr_folios; i++)
		if (resolve(&s, &w[i], &o->folios[i])) {
			session_close(&s);
			status = 2;
		}
	if (!status)
		status = session_open(&s);
	if (status)
		goto out;
	session_ready(&s);
	while (!session_done(&s))
		session_poll(&s, -1, -1);
	session_resume(&s);
	session_heal(&s);
	session_drain(&s);
	snap = snapshot_take(s.engine);
	if (!snap)
		s.error = -ENOMEM;
	for (size_t i = 0; snap && i < o->nr_folios; i++) {
		struct engine_folio buf;
		const struct engine_folio *f = find(snap, &w[i], &buf);

		if (o->o.json && view_history_json(stdout, snap, w[i].spec->text, f))
			s.error = -ENOMEM;
		else if (!o->o.json)
			view_history_text(stdout, snap, w[i].spec->text, f, s.start);
	}
	snapshot_put(snap);
	status = session_output(&s);
	session_close(&s);
out:
	free(w);
	return status;
}

/* ---- the command line ---- */

static const char me[] = "daxtop history";

static const struct argp_option options[] = {
	{ OPTION_COUNT, "End after N events", 1 },
	{ OPTION_DURATION, "End after this time", 1 },
	{ OPTION_JSON, "One JSON object a line", 1 },
	OPTIONS_TRACING,
	OPTIONS_ENGINE,
	OPTIONS_STREAM,
	OPTIONS_END,
};

static int argument(void *options, char *arg)
{
	struct history_options *o = options;
	struct folio_spec *folios;
	char err[512];
	int ret;

	folios = reallocarray(o->folios, o->nr_folios + 1, sizeof(*folios));
	if (!folios) {
		complain(me, "memory is short");
		return ENOMEM;
	}
	o->folios = folios;
	ret = folio_spec_parse(&folios[o->nr_folios], arg, err, sizeof(err));
	if (ret) {
		complain(me, "%s", err);
		return -ret;
	}
	o->nr_folios++;
	return 0;
}

static int end(void *options)
{
	const struct history_options *o = options;

	if (o->nr_folios)
		return 0;
	complain(me, "name at least one FOLIO: a pfn, FILE:OFFSET or /dev/daxX.Y:OFFSET");
	return EINVAL;
}

static void options_free(void *options)
{
	struct history_options *o = options;

	for (size_t i = 0; i < o->nr_folios; i++)
		folio_spec_free(&o->folios[i]);
	free(o->folios);
}

const struct command command_history = {
	.name = "history",
	.args = "FOLIO...",
	.synopsis = "history FOLIO",
	.summary = "a folio's reference count, step by step",
	.doc = "Follows folios and prints, at the end (Ctrl-C, -n or -t), each one's reference "
	       "count step by step.\v"
	       "FOLIO is a page frame number (0xHEX or decimal), FILE:OFFSET or "
	       "/dev/daxX.Y:OFFSET; OFFSET is bytes, decimal or 0xHEX, with K, M or G if "
	       "wanted.",
	.options = options,
	.size = sizeof(struct history_options),
	.failure = 2,
	.argument = argument,
	.end = end,
	.free = options_free,
	.run = run,
};

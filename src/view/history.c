// SPDX-License-Identifier: GPL-2.0-only
/* history.c - a folio's life, step by step */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include "base/escape.h"
#include "view/file.h"
#include "view/held.h"
#include "view/history.h"
#include "view/json.h"
#include "view/json_add.h"
#include "view/names.h"

/* ---- text ---- */

#define LINE_FORMAT "%12s %c%-12s %-22s %-15s %5s %5s %4s %s"
const char view_history_title[] =
	"        TIME  EVENT        COMM[PID]              REFCOUNT          MAP   PIN SIZE FLAGS";

char *view_history_line(char *out, size_t outlen, const struct engine_step *s, uint64_t start)
{
	char when[40], who[DX_COMM_LEN * 4 + 40], ref[40], map[16], pin[16], size[8], rest[200];
	size_t columns, len;

	time_format(when, sizeof(when), s->time, start);
	columns = escape_text(who, sizeof(who), s->comm, DX_COMM_LEN);
	len = strlen(who);
	if (!s->comm[0] && !s->pid)
		columns = snprintf(who, sizeof(who), "-");
	else
		columns += snprintf(who + len, sizeof(who) - len, "[%u]", s->pid);
	/* printf() pads bytes, not columns */
	for (len = strlen(who); columns < 22 && len + 1 < sizeof(who); columns++)
		who[len++] = ' ';
	who[len] = '\0';
	snprintf(ref, sizeof(ref), "%d %s %d", s->ref_before, s->observed ? "->" : "~>",
		 s->ref_after);
	snprintf(map, sizeof(map), "%d", s->mapcount);
	snprintf(pin, sizeof(pin), "%d", s->pincount);
	size_format(size, sizeof(size), s->order);
	if (s->flags)
		flags_format(rest, sizeof(rest), s->flags, ",");
	else
		rest[0] = '\0';
	len = strlen(rest);
	if (s->observed) {
		char result[100];

		result_format(result, sizeof(result), s->cause, s->flags, s->ret);
		if (result[0])
			len += snprintf(rest + len, sizeof(rest) - len, "%s%s", len ? " " : "",
					result);
	}
	if (s->after_loss && len < sizeof(rest))
		snprintf(rest + len, sizeof(rest) - len, "%s(events were lost before this)",
			 len ? " " : "");
	snprintf(out, outlen, LINE_FORMAT, when, s->observed ? ' ' : '~',
		 engine_cause_name(s->cause), who, ref, map, pin, size, rest);
	/* an empty last field leaves blanks */
	for (len = strlen(out); len && out[len - 1] == ' ';)
		out[--len] = '\0';
	return out;
}

struct step_print {
	FILE *out;
	uint64_t start;
	bool inferred;
};

static int step_print(const struct engine_step *s, void *arg)
{
	struct step_print *p = arg;
	char line[512];

	fprintf(p->out, "%s\n", view_history_line(line, sizeof(line), s, p->start));
	p->inferred |= !s->observed;
	return 0;
}

static int holder_print(const struct engine_holder *h, void *arg)
{
	struct step_print *p = arg;
	char text[HELD_MAX], when[40];

	fprintf(p->out, "  %s\n",
		held_since_format(text, sizeof(text), h,
				  h->since ? time_format(when, sizeof(when), h->since, p->start)
					   : NULL));
	return 0;
}

void view_history_text(FILE *out, const struct snapshot *snap, const char *spec,
		       const struct engine_folio *f, uint64_t start)
{
	struct step_print p = { .out = out, .start = start };
	char name[VIEW_FILE_MAX], size[8];
	struct view_file file;

	escape_text(name, sizeof(name), spec, strlen(spec));
	if (!f) {
		fprintf(out, "%s: not seen\n", name);
		return;
	}
	fprintf(out, "%s: pfn 0x%" PRIx64 " %s", name, f->pfn,
		size_format(size, sizeof(size), f->order));
	if (f->device) {
		escape_text(name, sizeof(name), f->device, strlen(f->device));
		fprintf(out, " %s", name);
	}
	file = view_file_of(f);
	file_format(name, sizeof(name), &file, (size_t)-1);
	if (name[0])
		fprintf(out, " %s:0x%" PRIx64, name, f->index << PAGE_SHIFT);
	fprintf(out, "\n  refcount %s%d  mapcount %d  pins %d\n", f->ref_inferred ? "~" : "",
		f->refcount, f->mapcount, f->pincount);
	if (f->doubtful)
		fprintf(out, "  doubtful: events were lost since its last sample\n");
	if (f->predates)
		fprintf(out, "  first seen with references that nobody was seen to take\n");
	if (f->waited)
		fprintf(out, "  a truncate, hole punch or eviction waits for it now\n");
	snapshot_holders(snap, f->pfn, holder_print, &p);
	if (f->steps_dropped)
		fprintf(out, "  %" PRIu64 " older steps were forgotten (--history-budget)\n",
			f->steps_dropped);
	fprintf(out, "%s\n", view_history_title);
	snapshot_history(snap, f->pfn, step_print, &p);
	if (p.inferred)
		fprintf(out, "  ~: no probe saw this step, the next count tells it\n");
}

/* ---- JSON ---- */

struct step_json {
	struct json_object *list;
	bool failed;
};

static int step_json(const struct engine_step *s, void *arg)
{
	struct json_object *o = json_object_new_object();
	struct step_json *j = arg;

	json_add_uint(o, KEY_TIME, s->time, &j->failed);
	json_add_text(o, KEY_EVENT, engine_cause_name(s->cause), &j->failed);
	json_add_bool(o, KEY_OBSERVED, s->observed, &j->failed);
	json_add_bool(o, KEY_AFTER_LOSS, s->after_loss, &j->failed);
	json_add_flags(o, s->flags, &j->failed);
	json_add_uint(o, KEY_TGID, s->tgid, &j->failed);
	json_add_uint(o, KEY_PID, s->pid, &j->failed);
	json_add_string(o, KEY_COMM, s->comm, DX_COMM_LEN, &j->failed);
	json_add_int(o, KEY_REFCOUNT_BEFORE, s->ref_before, &j->failed);
	json_add_int(o, KEY_REFCOUNT_AFTER, s->ref_after, &j->failed);
	json_add_int(o, KEY_MAPCOUNT, s->mapcount, &j->failed);
	json_add_int(o, KEY_PINS, s->pincount, &j->failed);
	json_add_int(o, KEY_ORDER, s->order, &j->failed);
	json_add_int(o, KEY_RET, s->ret, &j->failed);
	if (s->stack >= 0)
		json_add_int(o, KEY_STACK_ID, s->stack, &j->failed);
	json_append(j->list, o, &j->failed);
	return j->failed ? -ENOMEM : 0;
}

static int holder_json(const struct engine_holder *h, void *arg)
{
	struct json_object *o = json_object_new_object();
	struct step_json *j = arg;

	json_add_uint(o, KEY_TGID, h->tgid, &j->failed);
	json_add_uint(o, KEY_PID, h->pid, &j->failed);
	json_add_string(o, KEY_COMM, h->comm, DX_COMM_LEN, &j->failed);
	json_add_bool(o, KEY_PIN, h->pin, &j->failed);
	json_add_bool(o, KEY_LONGTERM, h->longterm, &j->failed);
	json_add_uint(o, KEY_REFS, h->nr, &j->failed);
	json_add_known(o, KEY_SINCE, h->since, h->since, &j->failed);
	json_add_int(o, KEY_STACK_ID, h->stack, &j->failed);
	held_json(o, h, &j->failed);
	json_append(j->list, o, &j->failed);
	return j->failed ? -ENOMEM : 0;
}

int view_history_json(FILE *out, const struct snapshot *snap, const char *spec,
		      const struct engine_folio *f)
{
	struct step_json steps = { 0 }, holders = { 0 };
	struct view_file file;
	struct json_object *o;
	bool failed;

	o = json_start("history", &failed);
	json_add_string(o, KEY_FOLIO, spec, strlen(spec), &failed);
	if (!f) {
		json_add_text(o, KEY_ERROR, "not seen", &failed);
		return json_finish(out, o, failed);
	}
	json_add_uint(o, KEY_PFN, f->pfn, &failed);
	json_add_int(o, KEY_ORDER, f->order, &failed);
	json_add_string(o, KEY_DEVICE, f->device, f->device ? strlen(f->device) : 0, &failed);
	file = view_file_of(f);
	json_add_file(o, &file, &failed);
	json_add_uint(o, KEY_OFFSET, f->index << PAGE_SHIFT, &failed);
	json_add_int(o, KEY_REFCOUNT, f->refcount, &failed);
	json_add_bool(o, KEY_REFCOUNT_INFERRED, f->ref_inferred, &failed);
	json_add_int(o, KEY_MAPCOUNT, f->mapcount, &failed);
	json_add_int(o, KEY_PINS, f->pincount, &failed);
	json_add_bool(o, KEY_DOUBTFUL, f->doubtful, &failed);
	json_add_bool(o, KEY_PREDATES, f->predates, &failed);
	json_add_bool(o, KEY_WAITED, f->waited, &failed);
	json_add_uint(o, KEY_STEPS_DROPPED, f->steps_dropped, &failed);
	holders.list = json_object_new_array();
	snapshot_holders(snap, f->pfn, holder_json, &holders);
	json_add(o, KEY_HOLDERS, holders.list, &failed);
	steps.list = json_object_new_array();
	snapshot_history(snap, f->pfn, step_json, &steps);
	json_add(o, KEY_STEPS, steps.list, &failed);
	return json_finish(out, o, failed || steps.failed || holders.failed);
}

/* ---- the short form ---- */

/* A value takes two columns at least, so this many fill the widest column there is. */
#define COMPACT_MAX 64

struct compact {
	struct {
		int32_t value;
		bool inferred;
		bool gap; /* what was before it is not known */
	} value[COMPACT_MAX];
	uint64_t nr; /* values seen; the last COMPACT_MAX are kept */
	int32_t last;
};

static void compact_add(struct compact *c, int32_t value, bool inferred, bool gap)
{
	unsigned int i = c->nr++ % COMPACT_MAX;

	c->value[i].value = value;
	c->value[i].inferred = inferred;
	c->value[i].gap = gap;
	c->last = value;
}

static int compact_step(const struct engine_step *s, void *arg)
{
	struct compact *c = arg;
	bool changes = s->ref_after != s->ref_before;

	if (!c->nr) {
		compact_add(c, s->ref_before, !s->observed, s->after_loss);
	} else if (s->after_loss || s->ref_before != c->last) {
		/* an inferred step is the gap itself; the next sample lies behind the same one */
		if (!s->observed && changes) {
			compact_add(c, s->ref_after, true, true);
			return 0;
		}
		if (s->ref_before != c->last || !c->value[(c->nr - 1) % COMPACT_MAX].gap)
			compact_add(c, s->ref_before, !s->observed, true);
	}
	if (changes)
		compact_add(c, s->ref_after, !s->observed, false);
	return 0;
}

char *view_history_compact(char *out, size_t outlen, const struct snapshot *snap, uint64_t pfn,
			   size_t columns)
{
	struct compact c = { .nr = 0 };
	struct engine_folio f;
	uint64_t first, kept;
	char text[COMPACT_MAX * 16];
	size_t pos = sizeof(text) - 1;
	bool more;

	out[0] = '\0';
	if (columns >= outlen)
		columns = outlen - 1;
	if (snapshot_folio_get(snap, pfn, &f))
		return out;
	snapshot_history(snap, pfn, compact_step, &c);
	kept = c.nr < COMPACT_MAX ? c.nr : COMPACT_MAX;
	first = c.nr - kept;
	more = first || f.steps_dropped;
	text[pos] = '\0';
	/* From the newest back, until the next one and the ".." would not fit. */
	for (uint64_t n = c.nr; n > first; n--) {
		unsigned int i = (n - 1) % COMPACT_MAX;
		bool oldest = n - 1 == first;
		size_t used = sizeof(text) - 1 - pos;
		char one[24];
		size_t len;

		len = snprintf(one, sizeof(one), "%s%s%d%s", c.value[i].gap ? "?." : "",
			       c.value[i].inferred ? "~" : "", c.value[i].value, used ? "." : "");
		if (used + len + (oldest && !more ? 0 : 2) > columns) {
			more = true;
			break;
		}
		pos -= len;
		memcpy(text + pos, one, len);
	}
	snprintf(out, outlen, "%s%s", more ? ".." : "", text + pos);
	return out;
}

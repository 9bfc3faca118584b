// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_records.c - any stream of records, in any order, and all views of what comes of it: nothing
 * hidden goes out, JSON is JSON.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/engine.h"
#include "../records.h"
#include "few.h"
#include "fuzz.h"
#include "kernel/stackset.h"
#include "frame.h"
#include "view/finding.h"
#include "view/held.h"
#include "view/history.h"
#include "view/json.h"
#include "view/model.h"
#include "view/report.h"
#include "view/text.h"

/* An input; more are slow and find nothing new. */
#define RECORDS_MAX 400
#define MANY_MAX    40000
#define STACKS	    16 /* numbers of those that are sent; half as many are kept */

/* What the views need and the engine does not keep. */
struct world {
	struct engine *e;
	const struct snapshot *snap; /* all is asked of this one: a new one for each question takes its time */
	struct stackset *stacks;
	unsigned long read, written; /* of the ring */
	bool kept[STACKS];
	struct few few;
	unsigned int found, histories; /* how many were asked for */
	FILE *text, *json;
	char *text_buf, *json_buf;
	size_t text_len, json_len;
};

/* ---- stacks, as the source keeps them ---- */

static void sent_clear(void *arg, int32_t number)
{
	(void)arg;
	promise(number >= 0);
}

static void stack_sent(struct world *w)
{
	struct dx_stack_event e = { .type = DX_STACK };
	unsigned int how = bytes_number(&w->few.b, 1), number = how % STACKS;
	size_t len = sizeof(e);
	int rc;

	e.hash = (uint64_t)number << 33 | 1;
	e.nr = bytes_number(&w->few.b, 1) % (DX_STACK_FRAMES + 2);
	for (size_t i = 0; i < DX_STACK_FRAMES; i++)
		e.ip[i] = how & 0x40 ? bytes_number(&w->few.b, 8)
				     : 0xffffffff81000000 + number * 64 + i;
	/* cut short */
	if (how & 0x80)
		len -= 1 + bytes_number(&w->few.b, 1);
	rc = stackset_add(w->stacks, &e, len);
	promise(!rc || rc == -EINVAL || rc == -EEXIST || rc == -ENOSPC);
	promise(stackset_nr(w->stacks) <= STACKS / 2);
}

static bool stack_kept(const struct world *w, int32_t number)
{
	uint64_t addr;

	return stackset_get(w->stacks, number, &addr, 1) > 0;
}

static void stack_hold(void *arg, int32_t number)
{
	struct world *w = arg;

	if (number < STACKS)
		w->kept[number] = stack_kept(w, number);
	stackset_hold(w->stacks, number);
}

static void stack_stays(void *arg, int32_t number)
{
	struct world *w = arg;

	promise(number >= STACKS || !w->kept[number] || stack_kept(w, number));
}

/* What the engine refers to is still there afterwards. */
static void stacks_swept(struct world *w)
{
	w->read = w->written;
	w->written += bytes_number(&w->few.b, 1);
	engine_stacks(w->e, stack_hold, w);
	stackset_sweep(w->stacks, w->few.now, w->read, &w->written);
	engine_stacks(w->e, stack_stays, w);
}

static void told(struct world *w, const struct dx_event *ev)
{
	static const struct stack_frame kernel[] = {
		{ .addr = 0xffffffff81000000 },
		{ .offset = 4, .name = "f\033\302\233", .in = "mod" },
	};
	static const struct stack_frame user[] = {
		{ .addr = 0x401000, .offset = 8, .name = "f\033\302\233", .in = "lib\342\200\256" },
		{ .addr = 0x402000, .in = "\377", .why = "no longer mapped" },
	};
	struct view_stack stack = {
		.kernel = kernel, .user = user, .nr_user = 2, .user_unkept = ev->nr & 2
	};
	struct view_names names = { .start = 1,
				    .device = "pmem0",
				    .stack = ev->nr & 1 ? &stack : NULL };
	struct engine_file file;

	stack.kernel_unkept = !stack_kept(w, ev->stack);
	stack.nr_kernel = stack.kernel_unkept ? 0 : 2;
	file = engine_file(w->e, ev->dev, ev->ino, ev->gen);
	names.path = file.path;
	names.path_flags = file.path_flags;
	names.path_tgid = file.path_tgid;
	view_text_event(w->text, ev, names.path ? &names : NULL);
	promise(!view_json_event(w->json, ev, &names));
}

static void record(struct world *w)
{
	struct dx_file_event f;
	size_t len = few_event(&w->few, &f);
	int rc;

	/* before anything refers to it, as session_live.c does */
	promise(stackset_use(w->stacks, f.e.stack) == stack_kept(w, f.e.stack));
	if (dx_event_has_ustack(&f.e))
		stackset_use(w->stacks, f.e.ustack);
	rc = put_event(w->e, &f.e, len);
	promise(!rc || rc == -EBADMSG);
	if (f.e.type < DX_EVENT_TYPES && f.e.type)
		told(w, &f.e);
}

static void made(void *arg, unsigned int type, const void *payload, size_t len)
{
	struct world *w = arg;
	int rc = put(w->e, type, payload, len);

	promise(!rc || rc == -EBADMSG);
	promise(engine_refusal(w->e)[0]);
	if (type == DX_REC_ENDING)
		engine_pending(w->e);
}

static void asked(struct world *w)
{
	struct engine_ask ask[8];
	size_t n = put_ask(w->e, ask, 8);

	promise(n <= 8);
	for (size_t i = 0; i < n; i++) {
		struct dx_event ev = { .type = DX_TASK_GONE,
				       .time = w->few.now,
				       .tgid = ask[i].tgid,
				       .stack = -1,
				       .ustack = -1 };

		if (ask[i].what == ENGINE_ASK_TASK)
			promise(!put_event(w->e, &ev, sizeof(ev)));
	}
}

static void step(struct world *w)
{
	unsigned int op = bytes_number(&w->few.b, 1);

	if (few_step(&w->few, op))
		return;
	switch (op) {
	case 0xfc:
		asked(w);
		break;
	case 0xf8:
		stack_sent(w);
		break;
	case 0xf7:
		stacks_swept(w);
		break;
	default:
		record(w);
	}
}

/* ---- what it answers ---- */

static int folio_looked_up(const struct engine_folio *f, void *arg)
{
	struct world *w = arg;
	struct engine_folio got;

	promise(!snapshot_folio_get(w->snap, f->pfn, &got) && got.pfn == f->pfn);
	/* this one looks at all folios */
	if (++w->found < 50)
		snapshot_folio_find(w->snap, f->dev, f->ino, &f->gen, f->index, &got);
	return 0;
}

static int holder_counted(const struct engine_holder *h, void *arg)
{
	*(uint64_t *)arg += h->nr;
	return 0;
}

static int pgmap_counted(const struct engine_pgmap *p, void *arg)
{
	struct world *w = arg;
	const char *device = engine_device(w->e, p->pgmap, 0);

	promise(!device || device[0]);
	engine_device(w->e, 0, p->pfn);
	return 0;
}

static void file_asked(void *arg, uint32_t dev, uint64_t ino, uint32_t gen)
{
	struct world *w = arg;
	const struct engine_file shown = snapshot_file(w->snap, dev, ino, gen);
	const struct engine_file f = engine_file(w->e, dev, ino, gen);

	promise(f.path == shown.path && f.path_flags == shown.path_flags &&
		f.path_tgid == shown.path_tgid);
}

static int wait_counted(const struct engine_wait *t, void *arg)
{
	promise(t->kind && t->kind < DX_WAIT_KINDS);
	*(uint64_t *)arg += t->predates;
	return 0;
}

static void queried(struct world *w)
{
	struct engine_stats stats;
	uint32_t from = 0;
	uint64_t n = 0;

	engine_stats_get(w->e, &stats);
	snapshot_folios(w->snap, ENGINE_FOLIO_ALL, folio_looked_up, w);
	snapshot_holders(w->snap, UINT64_MAX, holder_counted, &n);
	snapshot_holders(w->snap, FEW_FIRST_PFN, holder_counted, &n);
	snapshot_pgmaps(w->snap, pgmap_counted, w);
	engine_files(w->e, &from, 100, file_asked, w);
	snapshot_waits(w->snap, wait_counted, &n);
	promise(!view_held_text(w->text, w->snap, NULL, w->few.now));
	promise(!view_waits_text(w->text, w->snap, NULL, w->few.now));
	promise(!view_before_json(w->json, w->snap, NULL, w->few.now));
}

/* ---- the views ---- */

static int history_shown(const struct engine_folio *f, void *arg)
{
	struct world *w = arg;
	char compact[40];

	view_history_text(w->text, w->snap, "/f\302\233:0", f, 1);
	promise(!view_history_json(w->json, w->snap, "/f\302\233:0", f));
	promise_harmless(view_history_compact(compact, sizeof(compact), w->snap, f->pfn, 30), false);
	return ++w->histories == 50;
}

static void reported(struct world *w, unsigned int how)
{
	static const uint64_t by_cpu[] = { 0, 3 };
	struct view_summary counts = { .received = { 0, how },
				       .lost = { 0, how / 2 },
				       .lost_by_cpu = by_cpu,
				       .nr_cpus = 2,
				       .missed_runs = how & 1 };
	struct report r = {
		.kernel = "7.3.4",
		.regime = how & 1 ? REGIME_LEGACY : REGIME_CURRENT,
		.terms = {
			.rules = ((1u << DX_RULES) - 1) & ~1u,
			.rules_named = how & 2,
			.only_proven = how & 4,
			.unchecked = { [DX_RULE_STALL_EVICT] = how & 1 ? "no rule of a legacy kernel" : NULL },
			.blind = how & 32,
			.command = how & 8,
			.command_exit = child_exit_status(how),
			.error_exitcode = 1 + (how & 127),
		},
		.start = 1,
		.now = w->few.now,
		.counts = &counts,
		.command = how & 8 ? "x\033[31m" : NULL,
		.status = how,
		.left = { { .pid = 7, .comm = "x\033\302\233", .state = "RSDT?"[how & 3] } },
		.nr_left = how >> 4 & 1,
	};

	/* no stacks: their names would be this machine's */
	promise(!report_collect(&r, w->snap));
	view_report_text(w->text, &r);
	view_report_ktap(w->text, &r);
	promise(!view_report_json(w->json, &r));
	view_text_header(w->text);
	view_text_summary(w->text, &counts);
	promise(!view_json_summary(w->json, &counts));
	promise(r.verdict.exit >= 0 && r.verdict.exit <= 255);
	report_free(&r);
}

static void screen_drawn(struct world *w, unsigned int how)
{
	static const char keys[] = "\tj\nfsFdpG?qk";
	struct screen_options o = { .delay_ms = 1000, .sort = how % SCREEN_SORTS };
	struct screen_info info = { .version = "1",
				    .kernel = "7.3.4",
				    .regime = "current",
				    .time = "12:31:07",
				    .now = w->few.now,
				    .start = 1 };
	struct view_top_state state = {};
	struct model *m = model_new(&o);
	char row[4096];

	promise(m);
	promise(!view_top_text(w->text, w->snap, &info, &o, &state, 20));
	for (size_t i = 0; i < 3; i++) {
		int rows = 3 + how % 30, cols = 10 + how % 130;

		promise(!model_draw(m, w->snap, &info, rows, cols));
		for (int n = 0; n < rows; n++) {
			canvas_row_text(&m->canvas, n, row, sizeof(row));
			promise_harmless(row, false);
		}
		how = how * 7 + 3;
		model_key(m, how & 1 ? (unsigned int)keys[how / 2 % (sizeof(keys) - 1)]
				     : MODEL_KEY_UP + how / 2 % 9);
	}
	model_free(m);
}

static void world_open(struct world *w)
{
	unsigned int how = bytes_number(&w->few.b, 1);
	struct engine_options o = {
		.history_bytes = how & 1 ? 4096 : 1 << 20,
		.window_ns = how & 2 ? 50000000 : 0,
		.max_folios = how & 4 ? 8 : 0,
		.legacy = how & 8,
		.index_stays = how & 16,
		.strict = how & 32,
		.patrol = how & 64,
		.leak_ns = 1000000000,
		.stall_ns = 1000000000,
	};

	w->few.now = 1000000000;
	w->e = engine_new(&o);
	w->stacks = stackset_new(STACKS / 2, (struct stackset_sent){ .clear = sent_clear });
	w->text = open_memstream(&w->text_buf, &w->text_len);
	w->json = open_memstream(&w->json_buf, &w->json_len);
	promise(w->e && w->stacks && w->text && w->json);
}

static void world_close(struct world *w)
{
	engine_free(w->e);
	stackset_free(w->stacks);
	fclose(w->text);
	fclose(w->json);
	promise(strlen(w->text_buf) == w->text_len && strlen(w->json_buf) == w->json_len);
	promise_harmless(w->text_buf, true);
	promise_harmless(w->json_buf, true);
	promise_json(w->json_buf);
	free(w->text_buf);
	free(w->json_buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .few = { .b = { data, size }, .put = made, .many_max = MANY_MAX } };
	unsigned int how, shown;

	w.few.arg = &w;
	world_open(&w);
	how = bytes_number(&w.few.b, 1);
	/* the views take most of the time, so not always all */
	shown = bytes_number(&w.few.b, 1);
	for (unsigned int i = 0; i < RECORDS_MAX && w.few.b.left; i++)
		step(&w);
	asked(&w);
	put_time(w.e, UINT64_MAX);
	w.snap = snapshot_take(w.e);
	promise(w.snap);
	queried(&w);
	if (shown & 1)
		snapshot_folios(w.snap, ENGINE_FOLIO_ALL, history_shown, &w);
	if (shown & 2)
		reported(&w, how);
	if ((shown & 12) == 12)
		screen_drawn(&w, how);
	snapshot_put(w.snap);
	world_close(&w);
	return 0;
}

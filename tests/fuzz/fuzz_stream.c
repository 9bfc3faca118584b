// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_stream.c - a file that --from reads: any bytes are a stream with an answer or are refused with a
 * sentence, and what is told of stacks is safe to print.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "engine/engine.h"
#include "engine/verdict.h"
#include "few.h"
#include "fuzz.h"
#include "model/stacks.h"
#include "tee.h"

#define RECORDS_MAX 200
#define STREAM_MAX  (1 << 18)

/* How the file is damaged besides, or what it is made of; and options of the engine. */
enum {
	RAW_HEADER = 1,
	RAW_LENGTHS = 2,
	CUT = 4,
	FEW = 8,
	PATROL = 16,
	STRICT = 32,
	NO_WINDOW = 64
};

struct world {
	struct engine *e;
	const struct snapshot *snap; /* all is asked of this one */
	struct stacks *stacks; /* NULL: none was told */
	struct dx_stack_names *last; /* that was told, @len bytes; NULL: none */
	size_t len;
};

/* The input with a header, and with lengths that are those of records: else hardly one would be read. */
static size_t stream_make(uint8_t *out, const uint8_t *data, size_t size, unsigned int how)
{
	struct dx_stream_header h = { .abi = DX_STREAM_ABI, .byte_order = DX_STREAM_BYTE_ORDER };
	size_t at = 0;

	memcpy(h.magic, DX_STREAM_MAGIC, sizeof(h.magic));
	if (!(how & RAW_HEADER)) {
		memcpy(out, &h, sizeof(h));
		at = sizeof(h);
	}
	while (size >= sizeof(struct dx_record)) {
		struct dx_record r;
		size_t len;

		memcpy(&r, data, sizeof(r));
		len = r.len < sizeof(r) ? sizeof(r) : r.len;
		if (!(how & RAW_LENGTHS)) {
			r.type %= DX_RECORD_TYPES + 1;
			len = (len > size ? size : len) & ~7ul;
			r.len = len;
		}
		memcpy(out + at, &r, sizeof(r));
		if (len > size)
			len = size;
		memcpy(out + at + sizeof(r), data + sizeof(r), len - sizeof(r));
		at += len;
		data += len;
		size -= len;
	}
	return how & CUT && at ? at - 1 : at;
}

/* ---- the same of records with few values: any bytes are hardly ever about the same things ---- */

struct made {
	uint8_t *out;
	size_t at;
};

static void made(void *arg, unsigned int type, const void *payload, size_t len)
{
	struct made *m = arg;
	const struct dx_record r = { .len = sizeof(r) + ((len + 7) & ~7ul), .type = type };

	if (len > DX_RECORD_MAX - sizeof(r) || m->at + r.len > STREAM_MAX)
		return;
	memcpy(m->out + m->at, &r, sizeof(r));
	memset(m->out + m->at + sizeof(r), 0, r.len - sizeof(r));
	memcpy(m->out + m->at + sizeof(r), payload, len);
	m->at += r.len;
}

static size_t stream_few(uint8_t *out, struct bytes b)
{
	struct dx_stream_header h = { .abi = DX_STREAM_ABI, .byte_order = DX_STREAM_BYTE_ORDER };
	struct made m = { .out = out, .at = sizeof(h) };
	struct few few = { .b = b, .now = 1000000000, .put = made, .arg = &m };
	const struct dx_ask ask = { .max = 8 };
	struct dx_hello hello = { .flags = bytes_number(&few.b, 1) & 3 };
	struct dx_file_event f;
	size_t len;

	memcpy(h.magic, DX_STREAM_MAGIC, sizeof(h.magic));
	memcpy(out, &h, sizeof(h));
	made(&m, DX_REC_HELLO, &hello, sizeof(hello));
	for (int i = 0; i < RECORDS_MAX && few.b.left; i++) {
		unsigned int op = bytes_number(&few.b, 1);

		if (few_step(&few, op))
			continue;
		if (op == 0xfc) {
			made(&m, DX_REC_ASK, &ask, sizeof(ask));
			continue;
		}
		len = few_event(&few, &f);
		made(&m, f.e.type == DX_FILE ? DX_REC_FILE : DX_REC_EVENT, &f, len);
	}
	return m.at;
}

/* ---- what is read of it ---- */

static void stack_told(struct world *w, const void *payload, size_t len)
{
	int rc;

	/* large, and most inputs have none */
	if (!w->stacks)
		w->stacks = stacks_new();
	promise(w->stacks);
	rc = stacks_put(w->stacks, payload, len);
	promise(!rc || rc == -EBADMSG);
	if (rc)
		return;
	free(w->last);
	w->last = malloc(len);
	promise(w->last);
	memcpy(w->last, payload, len);
	w->len = len;
}

static bool gone(void *arg, int32_t number)
{
	(void)arg;
	return number & 1;
}

/* What was told last is there; and nothing of it acts on a terminal. */
static void stacks_asked(struct world *w)
{
	const struct dx_stack_names *n = w->last;
	const struct stack_who who = { .tgid = n ? n->tgid : 0, .exec = n ? n->exec : 0 };
	char text[512];
	struct stack s;

	if (!n)
		return;
	s = n->tgid ? stacks_user(w->stacks, n->number, &who) : stacks_kernel(w->stacks, n->number);
	promise(s.nr == n->nr && !s.unkept);
	for (size_t i = 0; i < s.nr; i++)
		promise_harmless(stack_frame_format(text, sizeof(text), &s.frames[i], n->tgid),
				 false);
	stacks_forget(w->stacks, gone, NULL);
	promise(stacks_find(w->stacks, n->number, &who, &s) == !(n->number & 1));
}

static void records(struct world *w, struct replay *p)
{
	const void *payload;
	struct dx_record r;
	char err[512] = "";
	size_t nr;
	int rc = 1;

	for (int i = 0; i < RECORDS_MAX && rc == 1; i++) {
		rc = replay_next(p, &r, &payload, err, sizeof(err));
		if (rc == 1) {
			rc = engine_feed(w->e, &r, payload) == -EBADMSG ? 2 : 1;
			if (r.type == DX_REC_STACK && !dx_record_wrong(&r))
				stack_told(w, payload, r.len - sizeof(r));
			engine_asks(w->e, &nr);
			promise(rc == 1 || engine_refusal(w->e)[0]);
			/* one that is refused ends a session, not this */
			rc = 1;
		}
	}
	promise(rc >= 0 || err[0]);
	promise_harmless(err, false);
}

static int folio_asked(const struct engine_folio *f, void *arg)
{
	struct world *w = arg;
	struct engine_folio got;

	promise(!snapshot_folio_get(w->snap, f->pfn, &got) && got.pfn == f->pfn);
	return 0;
}

static int holder_asked(const struct engine_holder *h, void *arg)
{
	(void)arg;
	promise(memchr(h->kind, 0, sizeof(h->kind)) && memchr(h->detail, 0, sizeof(h->detail)));
	return 0;
}

static int wait_asked(const struct engine_wait *t, void *arg)
{
	(void)arg;
	promise(t->kind && t->kind < DX_WAIT_KINDS);
	return 0;
}

static int pgmap_asked(const struct engine_pgmap *p, void *arg)
{
	struct world *w = arg;

	promise(memchr(p->device, 0, sizeof(p->device)));
	engine_device(w->e, p->pgmap, 0);
	engine_device(w->e, 0, p->pfn);
	return 0;
}

static void file_asked(void *arg, uint32_t dev, uint64_t ino, uint32_t gen)
{
	struct world *w = arg;

	promise(engine_file(w->e, dev, ino, gen).path == snapshot_file(w->snap, dev, ino, gen).path);
}

/* Whatever was fed, there is an answer. */
static void engine_asked(struct world *w)
{
	const struct verdict_terms t = { .rules = ~1u & ((1u << DX_RULES) - 1), .error_exitcode = 1 };
	struct engine_stats stats;
	struct verdict v;
	uint32_t from = 0;

	engine_stats_get(w->e, &stats);
	engine_pending(w->e);
	w->snap = snapshot_take(w->e);
	promise(w->snap);
	snapshot_folios(w->snap, ENGINE_FOLIO_ALL, folio_asked, w);
	snapshot_holders(w->snap, UINT64_MAX, holder_asked, w);
	snapshot_waits(w->snap, wait_asked, w);
	snapshot_pgmaps(w->snap, pgmap_asked, w);
	engine_files(w->e, &from, 100, file_asked, w);
	snapshot_verdict(w->snap, &t, &v);
	promise(v.exit == 0 || v.exit == 1 || v.exit == VERDICT_NOT_ALL_SEEN);
	snapshot_put(w->snap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	unsigned int how = bytes_number(&b, 1);
	struct engine_options o = {
		.history_bytes = 1 << 16,
		.window_ns = how & NO_WINDOW ? 0 : 50000000,
		.max_folios = 64,
		.leak_ns = 1000000000,
		.stall_ns = 1000000000,
		.patrol = how & PATROL,
		.strict = how & STRICT,
	};
	struct world w = { .e = engine_new(&o) };
	static uint8_t few[STREAM_MAX]; /* not made anew: that takes longer than all the rest */
	uint8_t *own = how & FEW ? NULL : malloc(sizeof(struct dx_stream_header) + b.left + 8);
	uint8_t *stream = own ? own : few;
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct replay *p;
	char path[40], err[512] = "";
	size_t len;

	promise(w.e && (how & FEW || own) && fd >= 0);
	len = how & FEW ? stream_few(stream, b) : stream_make(stream, b.p, b.left, how);
	promise(write(fd, stream, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = replay_open(path, err, sizeof(err));
	promise(p || err[0]);
	promise_harmless(err, false);
	if (p)
		records(&w, p);
	stacks_asked(&w);
	engine_asked(&w);
	replay_close(p);
	close(fd);
	free(own);
	free(w.last);
	stacks_free(w.stacks);
	engine_free(w.e);
	return 0;
}

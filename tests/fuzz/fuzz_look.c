// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_look.c - whatever a look has found, and a second one, in all views of it: nothing hidden
 * goes out, JSON is JSON. What the kernel's objects are made of is believed; names and counts are not.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "view/scan.h"

#define STEPS_MAX 200
#define FIRST_PFN 0x100000ull
#define NR_PAGES  0x100000ull /* of a pgmap */
#define DEV	  (259u << 20 | 1)

struct look {
	struct bytes b;
	struct scan *s;
	uint64_t next[4]; /* pfn behind the last folio of each pgmap: a walk goes upwards */
	int nr_pgmaps;
};

static void name(struct look *l, char *out, size_t len)
{
	char *text = bytes_string(&l->b, len - 1);

	strcpy(out, text);
	free(text);
}

static void pgmap(struct look *l)
{
	unsigned int how = bytes_number(&l->b, 1), n = l->nr_pgmaps;
	struct scan_pgmap p = {
		.pgmap = 0xffff888000001000ull + n,
		.type = 1 + how % 6,
		.dying = how & 8,
		.refs_known = how & 16,
		.devdax = how & 32,
		.vanished = how & 64,
		.partly = how & 128,
		.openers = bytes_number(&l->b, 1),
		.refs = (int16_t)bytes_number(&l->b, 2),
		.refs_base = NR_PAGES,
		.nr_range = 1,
		.no_memmap = how & 1,
	};

	if (n == sizeof(l->next) / sizeof(l->next[0]))
		return;
	l->next[n] = FIRST_PFN + n * NR_PAGES;
	p.refs += NR_PAGES;
	p.bad_bytes = p.openers & 1 ? p.openers << 9 : 0;
	p.range[0] = (struct dx_range){ l->next[n], NR_PAGES };
	name(l, p.device, sizeof(p.device));
	name(l, p.driver, sizeof(p.driver));
	name(l, p.owner, sizeof(p.owner));
	name(l, p.ops, sizeof(p.ops));
	promise(scan_add_pgmap(l->s, &p) == (int)n);
	l->nr_pgmaps++;
}

static void folio(struct look *l)
{
	unsigned int how = bytes_number(&l->b, 1), n = how & 3;
	struct dx_walk_args piece = { .found = 1, .steps = 1, .in_use = 1 };
	struct dx_folio f = { .order = how & 4 ? 9 : 0, .dev = DEV, .gen = 1 };
	uint64_t size = 1ull << f.order;

	if ((int)n >= l->nr_pgmaps)
		return;
	f.pfn = (l->next[n] + bytes_number(&l->b, 1) + size - 1) & ~(size - 1);
	if (f.pfn + size > FIRST_PFN + (n + 1) * NR_PAGES)
		return;
	l->next[n] = f.pfn + size;
	f.mapping = how >> 3 & 3;
	f.ino = f.mapping && how & 32 ? 40 + f.mapping : 0;
	f.flags = how >> 6 | (how & 24 ? 0 : DX_FOLIO_POISONED);
	f.index = bytes_number(&l->b, 1);
	f.refcount = (int16_t)bytes_number(&l->b, 2);
	f.mapcount = (int8_t)bytes_number(&l->b, 1);
	f.pincount = f.refcount > 0 ? f.refcount / 1024 : 0;
	if (f.order)
		f.pincount = (int8_t)bytes_number(&l->b, 1);
	f.share = f.mapping ? 0 : bytes_number(&l->b, 1);
	f.time = 1000000000 + f.index;
	piece.idle = scan_pgmap(l->s, n)->type == 4;
	piece.mapped = f.mapcount > 0;
	piece.pinned = f.pincount > 0;
	promise(!scan_walked(l->s, n, &piece, &f));
}

static void file(struct look *l)
{
	unsigned int how = bytes_number(&l->b, 1), mapping = 1 + how % 3;
	char *path = bytes_string(&l->b, 4095);
	int id = scan_file_id(l->s, mapping, DEV, 40 + mapping, 1);

	promise(id > 0);
	promise(!scan_file_path(l->s, id, path, how & 31, how >> 5));
	scan_file(l->s, id)->gone = how & 16;
	free(path);
}

/* One of the files, or none. */
static int some_file(struct look *l)
{
	size_t nr = scan_nr_files(l->s);

	return bytes_number(&l->b, 1) % (nr + 1);
}

static int some_pgmap(struct look *l)
{
	return (int)(bytes_number(&l->b, 1) % (l->nr_pgmaps + 1)) - 1;
}

static uint64_t some_pfn(struct look *l)
{
	unsigned int n = bytes_number(&l->b, 1) & 3;

	return FIRST_PFN + n * NR_PAGES + bytes_number(&l->b, 2);
}

static void holder(struct look *l)
{
	unsigned int how = bytes_number(&l->b, 1);
	struct scan_holder h = {
		.kind = how % SCAN_HOLDS,
		.certain = how & 16,
		.pin = how & 32,
		.pfn = some_pfn(l),
		.nr = bytes_number(&l->b, 1),
		.refs = bytes_number(&l->b, 1),
		.file = some_file(l),
		.pgmap = some_pgmap(l),
		.object = bytes_number(&l->b, 1),
		.tgid = 100 + (how & 3),
		.pid = 100 + (how & 3),
		.fd = (int8_t)bytes_number(&l->b, 1),
		.id = bytes_number(&l->b, 1),
		.addr = how & 64 ? bytes_number(&l->b, 8) : 0,
		.since = how & 128 ? bytes_number(&l->b, 8) : 0,
	};

	if (!h.certain && how & 4)
		h.pfn = h.nr = 0;
	h.first = bytes_number(&l->b, 1);
	h.last = h.first + bytes_number(&l->b, 1);
	name(l, h.comm, sizeof(h.comm));
	name(l, h.detail, sizeof(h.detail));
	h.cgroup = how & 8 ? bytes_string(&l->b, 300) : NULL;
	promise(!scan_add_holder(l->s, &h));
	free(h.cgroup);
}

static void wait(struct look *l)
{
	unsigned int how = bytes_number(&l->b, 1);
	struct scan_wait w = {
		.kind = how % SCAN_WAITS,
		.state = "SDRT"[how >> 2 & 3],
		.tgid = 100 + (how & 3),
		.pid = 200 + how,
		.since = how & 16 ? 900000000 : 0,
		.pfn = how & 32 ? some_pfn(l) : 0,
		.refcount = (int16_t)bytes_number(&l->b, 2),
		.file = some_file(l),
		.index = bytes_number(&l->b, 1),
		.pgmap = some_pgmap(l),
		.nr_stack = bytes_number(&l->b, 1) % (SCAN_STACK + 1),
		.lock = 1 + (how & 3),
		.read_owned = how & 128,
		.owner_pid = how & 64 ? 200 + (how ^ 7) : 0,
		.mm_tgid = 100 + (how >> 2 & 3),
	};

	for (unsigned int i = 0; i < w.nr_stack; i++)
		w.stack[i] = i;
	name(l, w.comm, sizeof(w.comm));
	memcpy(w.owner_comm, w.comm, sizeof(w.owner_comm));
	w.cgroup = how & 64 ? bytes_string(&l->b, 300) : NULL;
	promise(!scan_add_wait(l->s, &w));
	free(w.cgroup);
}

static void mount(struct look *l)
{
	struct scan_mount m = { .dev = DEV };

	m.point = bytes_string(&l->b, 300);
	m.root = bytes_string(&l->b, 300);
	name(l, m.fstype, sizeof(m.fstype));
	name(l, m.device, sizeof(m.device));
	promise(!scan_add_mount(l->s, &m));
	free(m.point);
	free(m.root);
}

/* Which shared folios are the file's that is asked for. */
static int picked(void *arg, uint64_t pfn, uint64_t *index)
{
	(void)arg;
	*index = pfn & 15;
	return pfn % 3;
}

static void look(struct look *l, const struct scan_filter *filter, bool legacy)
{
	static void (*const pieces[])(struct look *) = { pgmap, folio, file, holder, wait, mount };

	l->nr_pgmaps = 0;
	l->s = scan_new(filter, legacy);
	promise(l->s);
	pgmap(l);
	for (unsigned int i = 0; i < STEPS_MAX && l->b.left; i++) {
		unsigned int op = bytes_number(&l->b, 1);

		if (op == 0xff) /* the next look */
			break;
		if (op == 0xfe)
			scan_set_unsure(l->s);
		else if (op == 0xfd)
			promise(!scan_add_gap(l->s, "sockets: %d", l->nr_pgmaps));
		else
			pieces[op % (sizeof(pieces) / sizeof(pieces[0]))](l);
	}
	promise(!scan_pick_shared(l->s, picked, NULL));
	promise(!scan_finish(l->s));
}

static void symbol(void *arg, uint64_t addr, char *out, size_t len)
{
	(void)arg;
	snprintf(out, len, "f%llu+0x1/0x2", (unsigned long long)addr);
}

static struct scan_view view_of(const struct look *l, const struct scan_filter *filter,
				unsigned int how)
{
	return (struct scan_view){
		.s = l->s,
		.filter = filter,
		.pid = how & 1 ? 101 : 0,
		.kernel = "7.3.4",
		.regime = how & 2 ? REGIME_LEGACY : REGIME_CURRENT,
		.now = 2000000000,
		.holders = how & 4,
		.interrupted = how & 8,
		.unsure = how & 16,
		.verbose = how & 32,
		.symbol = how & 64 ? symbol : NULL,
	};
}

static void shown(const struct scan_view *v, const struct scan_view *later, int pgmap)
{
	char *text_buf, *json_buf, says[512];
	size_t text_len, json_len;
	FILE *text = open_memstream(&text_buf, &text_len),
	     *json = open_memstream(&json_buf, &json_len);

	promise(text && json);
	view_scan_text(text, v);
	promise(!view_scan_json(json, v));
	view_holders_text(text, v, "f\033\302\233", pgmap);
	promise(!view_holders_json(json, v, pgmap));
	view_scan_somebody(v);
	view_scan_changes_text(text, v, later, 1);
	promise(!view_scan_changes_json(json, v, later));
	if (pgmap >= 0) {
		struct scan_verdict verdict;

		scan_verdict(v->s, pgmap, &verdict);
		scan_verdict_format(says, sizeof(says), scan_pgmap(v->s, pgmap)->device, &verdict);
		promise_harmless(says, false);
		promise(scan_verdict_name(verdict.what));
	}
	fclose(text);
	fclose(json);
	promise(strlen(text_buf) == text_len && strlen(json_buf) == json_len);
	promise_harmless(text_buf, true);
	promise_harmless(json_buf, true);
	promise_json(json_buf);
	free(text_buf);
	free(json_buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct look before = { .b = { data, size } }, after = {};
	unsigned int how = bytes_number(&before.b, 1), want = bytes_number(&before.b, 1);
	struct scan_filter filter = { .pinned = want & 1, .min_refs = want & 2 ? 1 : 0 };
	struct scan_view first, second;
	uint64_t from, to;

	if (want & 4) {
		filter.pfn_first = FIRST_PFN + 2;
		filter.pfn_last = FIRST_PFN + NR_PAGES;
	}
	if (want & 32)
		filter.device = "pmem0";
	if (want & 64)
		filter.dev = DEV;
	if (want & 128) {
		filter.dev = DEV;
		filter.gen = filter.mapping = 1;
		filter.ino = 41;
	}
	look(&before, &filter, how & 2);
	after.b = before.b;
	look(&after, &filter, how & 2);
	if (want & 8 && scan_unexplained(before.s, &from, &to)) {
		promise(from <= to);
		promise(!scan_confirm(before.s, after.s));
	}
	first = view_of(&before, &filter, how);
	second = view_of(&after, &filter, how);
	shown(&first, &second, want & 16 ? 0 : -1);
	scan_free(before.s);
	scan_free(after.s);
	return 0;
}

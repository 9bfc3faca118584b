// SPDX-License-Identifier: GPL-2.0-only
/* few.c - records made of an input's bytes, with few values each: they are about the same things */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "few.h"

#define NR_PAGES 0x1000ull

static uint64_t pgmap_id(unsigned int n)
{
	return 0xffff888000000000ull + (n & 3) * 0x1000;
}

/* Few values each, so that records are about the same things. */
static void event_fill(struct few *w, struct dx_event *ev)
{
	struct bytes *b = &w->b;
	unsigned int kind;

	ev->type = bytes_number(b, 1) % (DX_EVENT_TYPES + 1);
	ev->flags = bytes_number(b, 2);
	ev->nr = bytes_number(b, 1);
	/* mostly on; may go back */
	w->now += (int64_t)(int16_t)bytes_number(b, 2) * 10000000 + 160000000;
	ev->time = w->now;
	kind = bytes_number(b, 1);
	ev->tgid = 100 + (kind & 3);
	ev->pid = ev->tgid + (kind >> 2 & 1);
	ev->cpu = kind >> 3 & 1;
	ev->pgmap_type = kind >> 4 & 7;
	ev->level = kind >> 7;
	kind = bytes_number(b, 1);
	ev->pgmap = pgmap_id(kind);
	ev->order = (kind >> 2 & 3) == 1 ? 9 : (kind >> 2 & 3) == 2 ? bytes_number(b, 1) % 32 : 0;
	ev->dev = kind >> 4 & 1 ? 259 << 20 | 1 : 8 << 20 | 1;
	ev->ino = kind >> 5 & 1;
	ev->gen = kind >> 6 & 1;
	ev->index = bytes_number(b, 1);
	ev->pfn = FEW_FIRST_PFN + (kind & 3) * NR_PAGES +
		  bytes_number(b, 1) * (ev->order == 9 ? 512 : 1);
	ev->refcount = (int16_t)bytes_number(b, 2);
	ev->mapcount = (int8_t)bytes_number(b, 1);
	ev->pincount = ev->refcount >> 10;
	ev->arg = bytes_number(b, 1);
	ev->ref_first = (int8_t)bytes_number(b, 1);
	ev->addr = bytes_number(b, 1) << 12;
	ev->ret = (int8_t)bytes_number(b, 1);
	ev->stack = (int8_t)bytes_number(b, 1);
	ev->ustack = ev->stack / 2;
	ev->since = ev->index * 1000;
	if (kind & 0x80) {
		/* whatever bytes: names, and all the rest at its extremes */
		for (size_t i = 0; i < sizeof(ev->comm); i++)
			ev->comm[i] = bytes_number(b, 1);
		ev->refcount = bytes_number(b, 4);
		ev->ino = bytes_number(b, 8);
		ev->index = bytes_number(b, 8);
		ev->addr = bytes_number(b, 8);
	} else {
		strcpy(ev->comm, "db\033\302\233");
	}
}

/* Many of what the engine has tables of: they grow; once, beyond where it sweeps them. */
static void many(struct few *w, unsigned int n, unsigned int how)
{
	static const struct {
		uint8_t type;
		unsigned int fill; /* more than the first limit */
		unsigned int share; /* of w->many_max, a record */
	} kinds[] = {
		{ DX_FILE, 70000, 0 },	{ DX_GET, 20000, 1 },	    { DX_PIN, 20000, 1 },
		{ DX_FAULT, 20000, 1 }, { DX_TASK_GONE, 200, 100 }, { DX_SAMPLE, 20000, 1 },
	};
	struct dx_file_event f = { .path = "/f", .path_len = 2 };
	unsigned int kind = how % 6, nr = n * 8;

	if (n == 255 && !w->filled)
		nr = kinds[kind].fill;
	w->filled = w->filled || n == 255;
	if (!w->many_max || w->many + nr * kinds[kind].share > w->many_max)
		return;
	w->many += nr * kinds[kind].share;
	f.e = (struct dx_event){ .type = kinds[kind].type,
				 .nr = 1,
				 .pgmap = pgmap_id(0),
				 .pgmap_type = 3,
				 .refcount = 2,
				 .stack = -1,
				 .ustack = -1,
				 .dev = 8 << 20 | 1,
				 .comm = "many" };
	for (unsigned int i = 0; i < nr; i++) {
		f.e.time = w->now + (how & 8 ? nr - i : i);
		f.e.tgid = f.e.pid = 1000 + (how & 16 ? i : 0);
		f.e.pfn = FEW_FIRST_PFN + (how & 32 ? i : 0);
		f.e.ino = how & 64 ? i : 1;
		f.e.index = i;
		w->put(w->arg, f.e.type == DX_FILE ? DX_REC_FILE : DX_REC_EVENT, &f,
		       f.e.type == DX_FILE ? sizeof(f) : sizeof(f.e));
	}
	w->now += nr;
}

static void pgmap_set(struct few *w, unsigned int n)
{
	struct dx_pgmap p = {
		.pgmap = pgmap_id(n),
		.pfn = FEW_FIRST_PFN + (n & 3) * NR_PAGES,
		.nr_pages = NR_PAGES,
		.type = 1 + (n >> 2) % 6,
	};
	char *name = bytes_string(&w->b, sizeof(p.device) - 1);

	strcpy(p.device, name);
	free(name);
	w->put(w->arg, DX_REC_PGMAP, &p, sizeof(p));
}

/* A look, of the pages that records are about; now and then one that does not end. */
static void looked(struct few *w)
{
	unsigned int how = bytes_number(&w->b, 1);
	struct dx_look l = { .begin = w->now,
			     .end = w->now,
			     .first = how & 1,
			     .last = how & 2 ? UINT64_MAX : 0,
			     .flags = how >> 2 & 1 };

	w->put(w->arg, DX_REC_LOOK, &l, sizeof(l));
	for (unsigned int i = 0; i < (how >> 3 & 7); i++) {
		unsigned int kind = bytes_number(&w->b, 1);
		struct dx_holder h = { .pfn = FEW_FIRST_PFN + bytes_number(&w->b, 1),
				       .nr = kind & 3 ? kind & 3 : 600,
				       .last = UINT64_MAX,
				       .refs = bytes_number(&w->b, 1),
				       .flags = kind >> 2 & 3,
				       .tgid = 100 + (kind >> 4 & 3),
				       .object = kind >> 6,
				       .fd = (int8_t)kind,
				       .id = kind,
				       .kind = "pipe",
				       .comm = "db\033\302\233",
				       .detail = "a\033\302\233" };

		h.pid = h.tgid;
		if (kind >> 6 == 3)
			h.nr = 0;
		if (kind == 0xff)
			strcpy(h.kind, "\033none");
		w->put(w->arg, DX_REC_HOLDER, &h, sizeof(h));
	}
	for (unsigned int i = 0; i < how >> 6; i++) {
		struct dx_wait t = { .time = w->now,
				     .since = w->now - bytes_number(&w->b, 2),
				     .pfn = FEW_FIRST_PFN + bytes_number(&w->b, 1),
				     .pgmap = pgmap_id(i),
				     .ino = 1,
				     .dev = 8 << 20 | 1,
				     .refcount = 1,
				     .kind = 1 + bytes_number(&w->b, 1) % DX_WAIT_KINDS,
				     .tgid = 100 + i,
				     .pid = 100 + i,
				     .state = "SD\033"[i % 3],
				     .entry = i % 4,
				     .read_owned = i & 1,
				     .owner_tgid = 101 + i,
				     .owner_pid = 101 + i,
				     .owner_comm = "\033has\302\233",
				     .comm = "rm\033\302\233" };

		w->put(w->arg, DX_REC_WAIT, &t, sizeof(t));
	}
	if (how != 0xff)
		w->put(w->arg, DX_REC_LOOKED, &l, sizeof(l));
}

/* Of any type, with any bytes, of any length: what a file or a socket may hold. */
static void any_record(struct few *w)
{
	uint64_t payload[sizeof(struct dx_rule_counts) / 8 + 1] = {};
	unsigned int type = bytes_number(&w->b, 1) % (DX_RECORD_TYPES + 1);
	size_t len = bytes_number(&w->b, 2) % sizeof(payload), filled = bytes_number(&w->b, 1);

	for (size_t i = 0; i < filled && i < len; i++)
		((unsigned char *)payload)[i] = bytes_number(&w->b, 1);
	w->put(w->arg, type, payload, len);
}

size_t few_event(struct few *w, struct dx_file_event *f)
{
	size_t len = sizeof(f->e);

	memset(f, 0, sizeof(*f));
	event_fill(w, &f->e);
	if (f->e.type == DX_FILE) {
		char *path = bytes_string(&w->b, DX_PATH_LEN);

		/* behind the name the ring has what was there before */
		memset(f->path, 'x', sizeof(f->path));
		f->path_len = strlen(path);
		memcpy(f->path, path, f->path_len);
		free(path);
		f->path_flags = f->e.nr & 3;
		/* a length that the record has not */
		if (f->e.nr & 4)
			f->path_len = f->e.nr << 16 | 0xffff;
		len = sizeof(*f);
	}
	/* cut short */
	if (f->e.nr == 255)
		len -= f->e.pid;
	return len;
}

static void lost(struct few *w, unsigned int n)
{
	const struct dx_lost l = { .time = w->now, .nr = n, .cpu = n & 1, .type = n % DX_EVENT_TYPES };

	w->put(w->arg, DX_REC_LOST, &l, sizeof(l));
}

bool few_step(struct few *w, unsigned int op)
{
	const struct dx_missed missed = { .time = w->now, .nr = 1, .type = DX_FAULT };
	const struct dx_time time = { w->now }, none = { 0 };
	unsigned int n;

	switch (op) {
	case 0xff:
		w->put(w->arg, DX_REC_TIME, &time, sizeof(time));
		return true;
	case 0xfe:
		lost(w, bytes_number(&w->b, 1));
		return true;
	case 0xfd:
		w->put(w->arg, DX_REC_MISSED, &missed, sizeof(missed));
		return true;
	case 0xfb:
		pgmap_set(w, bytes_number(&w->b, 1));
		return true;
	case 0xfa:
		w->put(w->arg, DX_REC_ENDING, &none, sizeof(none));
		return true;
	case 0xf9:
		n = bytes_number(&w->b, 1);
		many(w, n, bytes_number(&w->b, 1));
		return true;
	case 0xf6:
		any_record(w);
		return true;
	case 0xf5:
		looked(w);
		return true;
	}
	return false;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay.c - what daxtop printed live and what it prints from the file that it wrote meanwhile are equal
 * to the byte; and nothing in that file tells where the kernel's memory lies.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "replay.h"
#include "stream.h"

const char **replay_args(const char *const args[], char *path, size_t len, bool from)
{
	const char **argv;
	size_t n;

	for (n = 0; args[n]; n++)
		;
	argv = calloc(n + 3, sizeof(*argv));
	must(argv);
	if (!from)
		snprintf(path, len, "/tmp/stream.%d", getpid());
	memcpy(argv, args, n * sizeof(*argv));
	argv[n] = from ? "--from" : "--tee";
	argv[n + 1] = path;
	return argv;
}

/* With five levels of page tables the upper half begins there. The last page's worth are errors and small negative numbers. */
static bool is_kernel_address(uint64_t v)
{
	return v >= 0xff00000000000000 && v < 0xfffffffffffff000;
}

static void expect_no_address(const char *what, uint64_t v)
{
	if (is_kernel_address(v))
		fail("a kernel address stands in the stream: %s is %#lx", what, (unsigned long)v);
}

static void look_at_event(const struct dx_event *e)
{
	expect_no_address("pfn", e->pfn);
	expect_no_address("pgmap", e->pgmap);
	expect_no_address("ino", e->ino);
	expect_no_address("index", e->index);
	expect_no_address("addr", e->addr);
}

static void look_at_stack(const struct dx_stack_names *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		expect_no_address("a frame", s->frame[i].addr);
		expect_no_address("an offset", s->frame[i].offset);
		if (!s->tgid && s->frame[i].addr)
			fail("a frame of the kernel has an address");
	}
}

static void look_at_numbers(const char *what, const uint64_t *v, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(*v); i++)
		expect_no_address(what, v[i]);
}

/* Each record, and that it ends as it must. */
static void look_at_stream(const char *path)
{
	static uint64_t payload[DX_RECORD_MAX / 8];
	FILE *f = fopen(path, "re");
	struct dx_stream_header h;
	struct dx_record r = { 0 };
	size_t events = 0;

	must(f);
	must(fread(&h, sizeof(h), 1, f) == 1 && !memcmp(h.magic, DX_STREAM_MAGIC, sizeof(h.magic)));
	while (fread(&r, sizeof(r), 1, f) == 1) {
		size_t len = r.len - sizeof(r);

		must(r.len >= sizeof(r) && r.len <= DX_RECORD_MAX);
		must(!len || fread(payload, len, 1, f) == 1);
		switch (r.type) {
		case DX_REC_EVENT:
		case DX_REC_FILE:
			look_at_event((const struct dx_event *)payload);
			events++;
			break;
		case DX_REC_PGMAP:
			expect_no_address("a pgmap", payload[0]);
			break;
		case DX_REC_HOLDER:
			/* page offsets may go to the end of all */
			((struct dx_holder *)payload)->last = 0;
			look_at_numbers("a holder", payload, offsetof(struct dx_holder, dev));
			break;
		case DX_REC_WAIT:
			look_at_numbers("a wait", payload, offsetof(struct dx_wait, refcount));
			break;
		case DX_REC_STACK:
			look_at_stack((const struct dx_stack_names *)payload);
			break;
		}
	}
	fclose(f);
	if (r.type != DX_REC_END)
		fail("the stream ends with a record of type %d", r.type);
	note("%zu events in the stream", events);
}

static size_t first_difference(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	return i;
}

void replay_same(struct daxtop *d, const char *const args[], char *path)
{
	int out = daxtop_stdout, err = daxtop_stderr;
	const char **argv = replay_args(args, path, 0, true);
	struct daxtop *again;
	size_t at;

	look_at_stream(path);
	daxtop_stdout = daxtop_stderr = -1;
	again = daxtop_spawn(argv);
	daxtop_wait(again);
	daxtop_stdout = out;
	daxtop_stderr = err;
	unlink(path);
	if (again->status != d->status)
		fail("from its file it ended with %#x, live with %#x: %s", again->status, d->status,
		     again->err_text);
	at = first_difference(d->out_text, again->out_text);
	if (d->out_len != again->out_len || d->out_text[at])
		fail("from its file it prints something else, from byte %zu on:\n%.300s\nlive:\n%.300s",
		     at, again->out_text + (at > 100 ? at - 100 : 0),
		     d->out_text + (at > 100 ? at - 100 : 0));
	free(argv);
}

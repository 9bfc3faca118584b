// SPDX-License-Identifier: GPL-2.0-only
/* view_feed.c - what the tests of the views share */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../records.h"
#include "view_feed.h"

struct engine *feed_engine(void)
{
	struct engine_options o = { .history_bytes = 1 << 20 };
	struct dx_pgmap p = {
		.pgmap = FEED_PGMAP, .pfn = FEED_PFN, .nr_pages = 1 << 18, .type = 3, .device = "pmem0"
	};
	struct engine *e = engine_new(&o);

	assert_non_null(e);
	assert_int_equal(put_pgmap(e, &p), 0);
	return e;
}

struct dx_event feed_event(unsigned int type, uint64_t time, uint64_t index)
{
	struct dx_event e = {
		.type = type,
		.cpu = 1,
		.time = time,
		.tgid = 812,
		.pid = 813,
		.comm = "db",
		.pfn = FEED_PFN + index,
		.pgmap = FEED_PGMAP,
		.nr = 1,
		.ino = FEED_INO,
		.index = index,
		.dev = FEED_DEV,
		.pgmap_type = 3,
		.stack = -1,
	};

	return e;
}

void feed_push(struct engine *e, const struct dx_event *ev)
{
	assert_int_equal(put_event(e, ev, sizeof(*ev)), 0);
	put_time(e, UINT64_MAX);
}

void feed_path(struct engine *e, const char *path, size_t len, unsigned int flags)
{
	struct dx_file_event f;

	memset(&f, 0, sizeof(f));
	f.e = feed_event(DX_FILE, 1, 0);
	f.e.pfn = 0;
	f.e.pgmap = 0;
	f.path_len = len;
	f.path_flags = flags;
	memcpy(f.path, path, len);
	assert_int_equal(put_event(e, &f.e, sizeof(f)), 0);
	put_time(e, UINT64_MAX);
}

void feed_fault(struct engine *e, uint64_t time, uint64_t index)
{
	struct dx_event ev = feed_event(DX_FAULT, time, index);

	ev.flags = DX_F_INSERT | DX_F_INSTALL | DX_F_WRITE;
	ev.ref_first = 0;
	ev.ref_install = 1;
	ev.map_install = 0;
	ev.since = 500;
	ev.refcount = 1;
	ev.mapcount = 1;
	ev.ret = 0x100; /* VM_FAULT_NOPAGE */
	feed_push(e, &ev);
}

void feed_pin(struct engine *e, uint64_t time, uint64_t index, unsigned int flags)
{
	struct dx_event ev = feed_event(DX_PIN, time, index);

	ev.flags = flags;
	ev.refcount = 1025;
	ev.mapcount = 1;
	ev.pincount = 1;
	ev.stack = 7;
	ev.ret = 1;
	feed_push(e, &ev);
}

void feed_unpin(struct engine *e, uint64_t time, uint64_t index)
{
	struct dx_event ev = feed_event(DX_UNPIN, time, index);

	ev.refcount = 1025;
	ev.mapcount = 1;
	ev.pincount = 1;
	feed_push(e, &ev);
}

FILE *capture_start(struct capture *c)
{
	c->text = NULL;
	c->f = open_memstream(&c->text, &c->len);
	assert_non_null(c->f);
	return c->f;
}

const char *capture_text(struct capture *c)
{
	fflush(c->f);
	return c->text;
}

void capture_end(struct capture *c)
{
	fclose(c->f);
	free(c->text);
}

char *capture_fd(int fd, void (*fn)(void *arg), void *arg)
{
	FILE *tmp = tmpfile(), *stream = fd == STDOUT_FILENO ? stdout : stderr;
	int saved = dup(fd);
	char *text;
	long len;

	assert_non_null(tmp);
	assert_true(saved >= 0);
	fflush(stream);
	assert_int_equal(dup2(fileno(tmp), fd), fd);
	fn(arg);
	fflush(stream);
	assert_int_equal(dup2(saved, fd), fd);
	close(saved);
	fseek(tmp, 0, SEEK_END);
	len = ftell(tmp);
	rewind(tmp);
	text = calloc(1, len + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, len, tmp), len);
	fclose(tmp);
	return text;
}

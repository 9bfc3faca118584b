// SPDX-License-Identifier: GPL-2.0-only
/* replay.c - the stream from a file, which may hold anything */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tee.h"
#include "base/escape.h"

#define SHOWN_MAX 400

struct replay {
	FILE *file;
	uint64_t nr;
	char shown[SHOWN_MAX]; /* the file's name, safe to print */
	uint64_t payload[DX_RECORD_MAX / 8];
};

uint64_t replay_nr(const struct replay *p)
{
	return p->nr;
}

void replay_close(struct replay *p)
{
	if (p && p->file)
		fclose(p->file);
	free(p);
}

/* NULL: it is a stream that this daxtop can read. */
static const char *header_wrong(struct replay *p)
{
	struct dx_stream_header h;
	static char why[160];

	if (fread(&h, sizeof(h), 1, p->file) != 1)
		return ferror(p->file) ? strerror(errno)
				       : "it is shorter than any stream of daxtop's";
	if (memcmp(h.magic, DX_STREAM_MAGIC, sizeof(h.magic)))
		return "it is no stream of daxtop's, or a transfer as text has damaged it";
	if (h.byte_order != DX_STREAM_BYTE_ORDER)
		return "it was written on a machine of the other byte order";
	if (h.abi == DX_STREAM_ABI)
		return NULL;
	snprintf(why, sizeof(why),
		 "its format has the version %u, and this daxtop reads %u: read it with the daxtop that "
		 "wrote it",
		 h.abi, DX_STREAM_ABI);
	return why;
}

struct replay *replay_open(const char *path, char *err, size_t errlen)
{
	struct replay *p = calloc(1, sizeof(*p));
	const char *why;

	if (!p) {
		snprintf(err, errlen, "memory is short");
		return NULL;
	}
	escape_columns(p->shown, sizeof(p->shown), path, strlen(path), 120, ESCAPE_KEEP_END);
	p->file = fopen(path, "re");
	why = p->file ? header_wrong(p) : strerror(errno);
	if (!why)
		return p;
	snprintf(err, errlen, "can't read '%s': %s", p->shown, why);
	replay_close(p);
	return NULL;
}

static int wrong(const struct replay *p, int rc, const char *why, char *err, size_t errlen)
{
	snprintf(err, errlen, "'%s', record %" PRIu64 ": %s", p->shown, p->nr + 1, why);
	return rc;
}

int replay_next(struct replay *p, struct dx_record *r, const void **payload, char *err, size_t errlen)
{
	size_t got = fread(r, 1, sizeof(*r), p->file), len;

	if (!got && feof(p->file))
		return 0;
	if (got != sizeof(*r))
		return wrong(p, -EBADMSG,
			     ferror(p->file) ? strerror(errno) : "the file is cut off here", err,
			     errlen);
	if (r->len < sizeof(*r) || r->len > DX_RECORD_MAX || r->len % 8)
		return wrong(p, -EBADMSG,
			     "its length is none that a record can have: the file is damaged", err,
			     errlen);
	len = r->len - sizeof(*r);
	if (len && fread(p->payload, len, 1, p->file) != 1)
		return wrong(p, -EBADMSG,
			     ferror(p->file) ? strerror(errno) : "the file is cut off here", err,
			     errlen);
	*payload = p->payload;
	p->nr++;
	return 1;
}

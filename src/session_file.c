// SPDX-License-Identifier: GPL-2.0-only
/* session_file.c - a file as a session's source: nothing is loaded, and time is the file's */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "session.h"
#include "base/stop.h"
#include "tee.h"
#include "base/escape.h"

#define BATCH 16384 /* records; then signals and keys are looked at again */

/* One record to all. Returns 1, 0: there are no more (it was said why, if that is not the end). */
static int one(struct session *s, enum dx_record_type *type)
{
	struct dx_record r;
	const void *payload;
	char err[768];
	int rc = replay_next(s->replay, &r, &payload, err, sizeof(err));

	if (rc == 1 && session_feed(s, &r, payload) == -EBADMSG) {
		snprintf(err, sizeof(err), "record %llu of --from's file is damaged: %s",
			 (unsigned long long)replay_nr(s->replay),
			 s->refusal ? s->refusal : engine_refusal(s->engine));
		rc = -EBADMSG;
	}
	if (rc == 1) {
		*type = r.type;
		return 1;
	}
	if (!rc && !s->ended)
		snprintf(err, sizeof(err),
			 "--from's file ends before the watching did: what is shown is not all");
	if (!s->ended) {
		fprintf(stderr, "daxtop: %s\n", err);
		s->incomplete = true;
	}
	s->ended = true;
	return 0;
}

/* Up to a record of type @until: what is behind it comes later. */
static bool all_until(struct session *s, enum dx_record_type until)
{
	enum dx_record_type type;

	while (one(s, &type))
		if (type == until)
			return true;
	return false;
}

static int file_begin(struct session *s, char *err, size_t errlen)
{
	s->replay = replay_open(s->o->from, err, errlen);
	if (!s->replay)
		return -1;
	s->probe = calloc(PROBE_MAX, sizeof(*s->probe));
	if (!s->probe) {
		snprintf(err, errlen, "memory is short");
		return -1;
	}
	s->nr_probes = probe_table(s->probe, PROBE_MAX);
	if (all_until(s, DX_REC_HELLO))
		return 0;
	snprintf(err, errlen,
		 "--from's file has no beginning: it does not say of which kernel it is");
	return -1;
}

static int file_open(struct session *s, char *err, size_t errlen)
{
	(void)err;
	(void)errlen;
	all_until(s, DX_REC_READY);
	return 0;
}

/* stdout is what must be the same; this says what is different. */
static void file_ready(struct session *s)
{
	char host[160], kernel[160];

	escape_text(host, sizeof(host), s->hello.host, strlen(s->hello.host));
	escape_text(kernel, sizeof(kernel), s->hello.kernel, strlen(s->hello.kernel));
	fprintf(stderr, "daxtop: from a file: host %s, kernel %s, regime %s\n", host, kernel,
		regime_name(session_regime(s)));
}

static bool file_done(const struct session *s)
{
	return s->ended;
}

static int file_poll(struct session *s, int timeout_ms, int fd)
{
	enum dx_record_type type = DX_REC_NONE;

	(void)timeout_ms;
	(void)fd;
	for (int n = 0; n < BATCH && type != DX_REC_TIME && type != DX_REC_PICTURE &&
			type != DX_REC_END && !stop_wanted;
	     n++)
		if (!one(s, &type))
			break;
	return 0;
}

static void file_heal(struct session *s)
{
	(void)s; /* what was read again stands in the file */
}

static void file_drain(struct session *s)
{
	enum dx_record_type type;

	while (!s->ended && one(s, &type))
		;
}

static void file_close(struct session *s)
{
	free(s->probe);
	s->probe = NULL;
}

static bool file_find_names(struct session *s)
{
	(void)s;
	return false;
}

static const struct probe *file_probes(const struct session *s, size_t *n)
{
	*n = s->nr_probes;
	return s->probe;
}

const struct session_source session_file = {
	.begin = file_begin,
	.open = file_open,
	.ready = file_ready,
	.done = file_done,
	.poll = file_poll,
	.heal = file_heal,
	.drain = file_drain,
	.close = file_close,
	.find_names = file_find_names,
	.probes = file_probes,
};

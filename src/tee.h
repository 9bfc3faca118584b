/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEE_H
#define DAXTOP_TEE_H
/* tee.h - the stream to a file, and from one */
#include <stddef.h>
#include "stream.h"

struct tee;

/*
 * A new file @path, for its owner only. NULL on failure, with a sentence in @err: also where there is
 * something of that name.
 */
struct tee *tee_open(const char *path, char *err, size_t errlen);
/*
 * Writes one record, buffered. Returns 0; or a negative errno with a sentence in @err, once: nothing more
 * is written then.
 */
int tee_write(struct tee *t, const struct dx_record *r, const void *payload, char *err,
	      size_t errlen);
/* Writes what is buffered and frees @t; NULL is fine. Returns 0, or a negative errno with a sentence in @err. */
int tee_close(struct tee *t, char *err, size_t errlen);

struct replay;

/* Reads the file's header. NULL on failure, with a sentence in @err. */
struct replay *replay_open(const char *path, char *err, size_t errlen);
/*
 * The next record; *@payload is 8-byte aligned and valid until the next call. Returns 1; 0: the file ends;
 * or a negative errno with a sentence in @err: it is cut off, damaged, or can't be read.
 */
int replay_next(struct replay *p, struct dx_record *r, const void **payload, char *err,
		size_t errlen);
/* So many records were read. */
uint64_t replay_nr(const struct replay *p);
void replay_close(struct replay *p);

#endif

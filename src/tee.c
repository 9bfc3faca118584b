// SPDX-License-Identifier: GPL-2.0-only
/* tee.c - the stream to a file */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/output.h"
#include "tee.h"

#define BUFFER (1 << 20)

struct tee {
	FILE *file; /* NULL: a write failed, which was said */
};

static int failed(struct tee *t, char *err, size_t errlen)
{
	int rc = errno ? -errno : -EIO;

	snprintf(err, errlen, "the stream could not be written to --tee's file, which ends here: %s",
		 strerror(-rc));
	fclose(t->file);
	t->file = NULL;
	return rc;
}

struct tee *tee_open(const char *path, char *err, size_t errlen)
{
	struct dx_stream_header h = {
		.abi = DX_STREAM_ABI,
		.byte_order = DX_STREAM_BYTE_ORDER,
	};
	struct tee *t = calloc(1, sizeof(*t));
	int fd = t ? output_create(path, err, errlen) : -ENOMEM;

	if (fd < 0) {
		if (!t)
			snprintf(err, errlen, "memory is short");
		free(t);
		return NULL;
	}
	t->file = fdopen(fd, "w");
	if (!t->file) {
		snprintf(err, errlen, "memory is short");
		close(fd);
		free(t);
		return NULL;
	}
	memcpy(h.magic, DX_STREAM_MAGIC, sizeof(h.magic));
	setvbuf(t->file, NULL, _IOFBF, BUFFER);
	if (fwrite(&h, sizeof(h), 1, t->file) == 1)
		return t;
	failed(t, err, errlen);
	free(t);
	return NULL;
}

int tee_write(struct tee *t, const struct dx_record *r, const void *payload, char *err, size_t errlen)
{
	static const char zero[8];
	size_t len = r->len - sizeof(*r), pad = -len & 7;
	struct dx_record head = *r;

	if (!t->file)
		return 0;
	head.len += pad;
	errno = 0;
	if (fwrite(&head, sizeof(head), 1, t->file) == 1 &&
	    (!len || fwrite(payload, len, 1, t->file) == 1) &&
	    (!pad || fwrite(zero, pad, 1, t->file) == 1))
		return 0;
	return failed(t, err, errlen);
}

int tee_close(struct tee *t, char *err, size_t errlen)
{
	int rc = 0;

	if (!t)
		return 0;
	errno = 0;
	if (t->file && fclose(t->file)) {
		rc = errno ? -errno : -EIO;
		snprintf(err, errlen,
			 "the end of the stream could not be written to --tee's file: %s",
			 strerror(-rc));
	}
	free(t);
	return rc;
}

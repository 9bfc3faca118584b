/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_VIEW_WORDS_H
#define DAXTOP_VIEW_WORDS_H
/* words.h - a line that is put together piece by piece, safe to print; what doesn't fit is left out */
#include <stddef.h>
#include <stdint.h>

struct words {
	char *out; /* the caller's; a string at any time, if it was one before */
	size_t outlen, len;
};

__attribute__((format(printf, 2, 3))) void say(struct words *w, const char *fmt, ...);
/* Bytes of a stranger's, escaped; up to a NUL. */
void say_hostile(struct words *w, const char *s, size_t len);
/* "COMM[PID]"; @comm: DX_COMM_LEN hostile bytes. */
void say_who(struct words *w, const char *comm, uint32_t pid);

#endif

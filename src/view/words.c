// SPDX-License-Identifier: GPL-2.0-only
/* words.c - a line that is put together piece by piece, safe to print */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "event.h"
#include "view/words.h"

void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->out + w->len, w->outlen - w->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->len += (size_t)n < w->outlen - w->len ? (size_t)n : w->outlen - w->len - 1;
}

void say_hostile(struct words *w, const char *s, size_t len)
{
	if (w->len + 1 < w->outlen)
		escape_text(w->out + w->len, w->outlen - w->len, s, len);
	w->len += strlen(w->out + w->len);
}

void say_who(struct words *w, const char *comm, uint32_t pid)
{
	if (!pid && !comm[0]) {
		say(w, "the kernel");
		return;
	}
	say_hostile(w, comm, DX_COMM_LEN);
	say(w, "[%u]", pid);
}

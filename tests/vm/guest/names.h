/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_NAMES_H
#define GUEST_NAMES_H
/* names.h - names made of bytes that terminals and JSON must not get. */
#include "place.h"

/*
 * A title sequence, a newline, invalid UTF-8, UTF-8 that is cut, CSI as one character (U+009B),
 * right-to-left override (U+202E): as long as a process's name may be. A file's name has DEL and the
 * line separator (U+2028) behind it.
 */
#define EVIL	  "\033]0;x\007\n\377\302z\302\233\342\200\256"
#define EVIL_FILE EVIL "\177\342\200\250"
/* What a reader of the JSON gets: U+FFFD for what is no UTF-8. */
#define EVIL_JSON      "\033]0;x\007\n\357\277\275\357\277\275z\302\233\342\200\256"
#define EVIL_FILE_JSON EVIL_JSON "\177\342\200\250"

/* An area of a file with such a name; this process gets one, too. */
void evil_open(struct area *a, struct place *p);
/* expect_harmless(), and nothing but valid UTF-8. */
void expect_plain(const char *text);

#endif

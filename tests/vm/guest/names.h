/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_NAMES_H
#define GUEST_NAMES_H
/* names.h - names made of bytes that terminals and JSON must not get. */
#include "place.h"

/* A title sequence, a newline, invalid UTF-8, UTF-8 that is cut. */
#define EVIL	  "\033]0;x\007\n\377\302z"
#define EVIL_JSON "\033]0;x\007\n\357\277\275\357\277\275z" /* as JSON has it: \ufffd */

/* An area of a file with such a name; this process gets one, too. */
void evil_open(struct area *a, struct place *p);
/* No raw control byte but the line's end, and nothing but valid UTF-8. */
void expect_plain(const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_REFUSAL_H
#define DAXTOP_REFUSAL_H
/*
 * refusal.h - programs that the verifier refused, and its own words about each: not to be taken
 * for those whose function this kernel does not have.
 */
#include <stdarg.h>
#include <stddef.h>

/* A message of libbpf's; if it is the verifier's log of a program, its sentence is kept. */
void refusal_keep(const char *fmt, va_list ap);
/* The same of a log that is no message of libbpf's. Changes @log. */
void refusal_add(const char *program, char *log);
/* What the verifier said of the program; NULL: it did not refuse it. */
const char *refusal_of(const char *program);
/* What a log says in the end, without the listing of instructions. Changes @log. */
void verifier_sentence(char *out, size_t outlen, char *log);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FUZZ_H
#define DAXTOP_FUZZ_H
/*
 * fuzz.h - what the fuzzers share. Each is a program of libFuzzer's: LLVMFuzzerTestOneInput() runs
 * one parser over one input, and abort()s when the parser breaks a promise.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as values, until it is used up; then they are 0. */
struct bytes {
	const uint8_t *p;
	size_t left;
};
uint64_t bytes_number(struct bytes *b, size_t n); /* of @n <= 8 bytes */
/* At most @max bytes, their length first in a byte or, if @max > 255, in two. NULL-terminated, to be freed. */
char *bytes_string(struct bytes *b, size_t max);

/* abort() unless @ok, and says what it was. */
#define promise(ok)                                              \
	do {                                                     \
		if (!(ok))                                       \
			promise_broken(__FILE__, __LINE__, #ok); \
	} while (0)
void promise_broken(const char *file, int line, const char *what) __attribute__((noreturn));

/* Nothing in @text acts on a terminal, and all of it is UTF-8; newlines are allowed with @lines. */
void promise_harmless(const char *text, bool lines);

/* Each line of @text is a JSON object. Takes @text apart. */
void promise_json(char *text);

/* The input as a file; never NULL. */
FILE *fuzz_file(const uint8_t *data, size_t size);

#endif

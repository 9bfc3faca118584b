// SPDX-License-Identifier: GPL-2.0-only
/* refusal.c - the verifier's log in a sentence, kept by program */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "refusal.h"

#define REFUSALS 16 /* two objects, programs_load() of each */

static struct refusal {
	char program[64];
	char says[192];
} refusals[REFUSALS];
static size_t nr_refusals;

/* An instruction ("12: (79) r1 = ..."), its source ("; ...") or the registers: no sentence. */
static bool is_listing(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return !*line || *line == ';' || (digits && line[digits] == ':') ||
	       !strncmp(line, "from ", 5) ||
	       (*line == 'R' && line[1 + strspn(line + 1, "0123456789")] == '=');
}

void verifier_sentence(char *out, size_t outlen, char *log)
{
	char *line, *save, *last = NULL, *before = NULL;

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "processed ", 10) || !strncmp(line, "-- END ", 7))
			break;
		/* from 7.3 on a report follows: the cause once more, with sources and advice */
		if (!strncmp(line, "Verification failed: ", 21)) {
			last = last ? last : line;
			break;
		}
		/* the cause may stand in the line before the last: what it was, then what that makes of it */
		before = last;
		last = is_listing(line) ? NULL : line;
	}
	if (last && before)
		snprintf(out, outlen, "%s; %s", before, last);
	else
		snprintf(out, outlen, "%s", last ? last : "");
}

void refusal_add(const char *program, char *log)
{
	struct refusal *r = &refusals[nr_refusals];

	if (nr_refusals == REFUSALS)
		return;
	snprintf(r->program, sizeof(r->program), "%s", program);
	verifier_sentence(r->says, sizeof(r->says), log);
	nr_refusals++;
}

void refusal_keep(const char *fmt, va_list ap)
{
	static const char begin[] = "-- BEGIN PROG LOAD LOG --\n";
	char *text = NULL, *log, program[64];
	va_list copy;

	/* its text has the program's name, the log and nothing else (libbpf.c, bpf_object_load_prog()) */
	va_copy(copy, ap);
	if (vasprintf(&text, fmt, copy) < 0)
		text = NULL;
	va_end(copy);
	log = text ? strstr(text, begin) : NULL;
	if (log && sscanf(text, "libbpf: prog '%63[^']'", program) == 1)
		refusal_add(program, log + sizeof(begin) - 1);
	free(text);
}

const char *refusal_of(const char *program)
{
	/* the last: an earlier load may have refused it for another reason */
	for (size_t i = nr_refusals; i-- > 0;)
		if (!strcmp(refusals[i].program, program))
			return refusals[i].says;
	return NULL;
}

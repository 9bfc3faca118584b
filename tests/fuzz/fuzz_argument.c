// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_argument.c - FOLIO, WHAT, numbers and option words: what is wrong is said in a harmless sentence */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include "folio_spec.h"
#include "fuzz.h"
#include "options_check.h"
#include "target.h"

static const struct argp_option options[] = {
	{ "json", 256, NULL, 0, "", 0 },
	{ "count", 'n', "N", 0, "", 0 },
	{ "comm", 'c', "NAME", 0, "", 0 },
	{ "verbose", 'v', NULL, 0, "", 0 },
	{ NULL, 0, NULL, 0, "Memory:", 0 },
	{ "ring-size", 257, "SIZE", 0, "", 0 },
	{ 0 },
};

static void words(const char *text)
{
	char *copy = strdup(text), *rest = copy, *argv[9] = { (char *)"daxtop" }, err[512] = "";
	int argc = 1;

	promise(copy);
	while (argc < 8 && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	if (options_check(options, argc, argv, err, sizeof(err)))
		promise(*err);
	promise_harmless(err, false);
	promise(options_own(options, argc, argv) >= 1);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), err[768] = "";
	uint64_t first, last;
	struct folio_spec f;
	struct target t;

	promise(text);
	if (folio_spec_parse(&f, text, err, sizeof(err))) {
		promise(*err);
	} else {
		promise(f.kind == FOLIO_PFN || (f.path && *f.path));
		folio_spec_free(&f);
	}
	promise_harmless(err, false);
	*err = '\0';
	if (target_parse(&t, text, err, sizeof(err)))
		promise(*err);
	promise_harmless(err, false);
	if (!pfn_range_parse(text, &first, &last))
		promise(first <= last);
	size_parse(text, &first);
	words(text);
	free(text);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_value.c - the words behind options: a value within its limits, or one harmless line */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "event.h"
#include "fuzz.h"
#include "options_value.h"
#include "rule/rule.h"

#define COMMAND "daxtop trace"
#define LEAST	10
#define MOST	1000000

/* What the parsers say goes to stderr, which is libFuzzer's, too. */
static struct {
	FILE *real, *file;
	char *text;
	size_t len;
} said;

static void said_begin(void)
{
	said.real = stderr;
	said.file = open_memstream(&said.text, &said.len);
	promise(said.file);
	stderr = said.file;
}

/* @err: what the parser returned. */
static void said_end(int err)
{
	stderr = said.real;
	promise(!fclose(said.file));
	promise(!err || err == EINVAL);
	promise(!err == !said.len && strlen(said.text) == said.len);
	promise_harmless(said.text, true);
	if (err) {
		promise(!strncmp(said.text, COMMAND ": ", strlen(COMMAND ": ")));
		promise(strchr(said.text, '\n') == said.text + said.len - 1);
	}
	free(said.text);
}

/* Runs one of them; true: *VALUE is set. */
#define VALUE_OF(call)          \
	({                      \
		int err_;       \
		said_begin();   \
		err_ = (call);  \
		said_end(err_); \
		!err_;          \
	})

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	uint64_t n = 0, last = 0;
	uint32_t bits = 0;
	enum screen_sort sort;
	const char *string;
	size_t bytes = 0;

	promise(text);
	if (VALUE_OF(value_number(COMMAND, "--count", text, LEAST, MOST, &n)))
		promise(n >= LEAST && n <= MOST);
	if (VALUE_OF(value_size(COMMAND, "--history-budget", text, &bytes)))
		promise(bytes <= SIZE_MAX / 2);
	if (VALUE_OF(value_ring_size(COMMAND, text, &bytes)))
		promise(bytes >= (size_t)sysconf(_SC_PAGESIZE) && !(bytes & (bytes - 1)));
	if (VALUE_OF(value_seconds(COMMAND, "--leak-time", text, LEAST, &n)))
		promise(n >= LEAST && n <= 1000000001ULL * 1000000000);
	if (VALUE_OF(value_range(COMMAND, "--range", text, &n, &last)))
		promise(n <= last);
	if (VALUE_OF(value_events(COMMAND, text, &bits)))
		promise(bits && !(bits & 1u << DX_NONE) && bits < 1u << DX_EVENT_TYPES);
	bits = 0;
	if (VALUE_OF(value_rules(COMMAND, text, &bits)))
		promise(bits && !(bits & 1u << DX_RULE_NONE) && bits < 1u << DX_RULES);
	if (VALUE_OF(value_sort(COMMAND, text, &sort)))
		promise(sort < SCREEN_SORTS && !strcmp(screen_sort_name(sort), text));
	if (VALUE_OF(value_string(COMMAND, "--comm", text, &string)))
		promise(string == text && *text);
	free(text);
	return 0;
}
